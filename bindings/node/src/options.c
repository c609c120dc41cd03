/* The options of sessions and requests. lib/request.cjs hands over a list of calls, each an array
   of the setter's name in rq.h (without rq_opts_) and its arguments; they are made here in that
   order. What the values mean, and whether they are right, is for librq to say. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

enum { SETTER_NAME_MAX = 16 };

static napi_value element(napi_env env, napi_value array, uint32_t index) {
  napi_value value = NULL;
  napi_get_element(env, array, index, &value);
  return value;
}

static uint32_t number_at(napi_env env, napi_value call, uint32_t index) {
  uint32_t number = 0;
  if (napi_get_value_uint32(env, element(env, call, index), &number) != napi_ok)
    napi_throw_type_error(env, NULL, "a number was expected");
  return number;
}

typedef void header_setter(rq_opts *, const char *name, const char *value, rq_error **);

static void header_with(napi_env env, napi_value call, header_setter *setter, rq_opts *opts,
                        rq_error **error) {
  napi_value given = element(env, call, 2);
  bool removal = is_nullish(env, given);
  char *name = text_of(env, element(env, call, 1));
  char *value = removal || name == NULL ? NULL : text_of(env, given);
  if (name != NULL && (removal || value != NULL)) setter(opts, name, value, error);
  free(name);
  free(value);
}

static void header(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  header_with(env, call, rq_opts_header, opts, error);
}

static void header_add(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  header_with(env, call, rq_opts_header_add, opts, error);
}

static void timeout_ms(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  rq_opts_timeout_ms(opts, number_at(env, call, 1), number_at(env, call, 2), error);
}

static void deadline_ms(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  rq_opts_deadline_ms(opts, number_at(env, call, 1), error);
}

static void verify(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  bool on = true;
  napi_get_value_bool(env, element(env, call, 1), &on);
  rq_opts_verify(opts, on, error);
}

static void ca_file(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  char *path = text_of(env, element(env, call, 1));
  if (path != NULL) rq_opts_ca_file(opts, path, error);
  free(path);
}

static void ca_pem(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  const void *pem = NULL;
  size_t len = 0;
  if (bytes_of(env, element(env, call, 1), &pem, &len)) rq_opts_ca_pem(opts, pem, len, error);
}

static void resolve(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  char *host = text_of(env, element(env, call, 1));
  char *address = host == NULL ? NULL : text_of(env, element(env, call, 3));
  if (address != NULL) rq_opts_resolve(opts, host, number_at(env, call, 2), address, error);
  free(host);
  free(address);
}

static void pool_sizes(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  uint32_t idle = number_at(env, call, 1), idle_per_host = number_at(env, call, 2);
  rq_opts_pool(opts, idle, idle_per_host, number_at(env, call, 3), error);
}

static void idle_age_ms(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  rq_opts_idle_age_ms(opts, number_at(env, call, 1), error);
}

static const struct {
  const char *name;
  void (*make)(napi_env env, napi_value call, rq_opts *opts, rq_error **error);
} setters[] = {
    {"header", header},     {"header_add", header_add}, {"timeout_ms", timeout_ms},
    {"verify", verify},     {"deadline_ms", deadline_ms}, {"ca_file", ca_file},
    {"ca_pem", ca_pem},     {"resolve", resolve},       {"pool", pool_sizes},
    {"idle_age_ms", idle_age_ms},
};

static void make_call(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  char name[SETTER_NAME_MAX] = "";
  napi_get_value_string_utf8(env, element(env, call, 0), name, sizeof name, NULL);
  for (size_t i = 0; i < sizeof setters / sizeof *setters; i++) {
    if (strcmp(setters[i].name, name) != 0) continue;
    setters[i].make(env, call, opts, error);
    return;
  }
  napi_throw_type_error(env, NULL, "librq has no such option");
}

static bool is_ca_file(napi_env env, napi_value call) {
  char name[SETTER_NAME_MAX] = "";
  napi_get_value_string_utf8(env, element(env, call, 0), name, sizeof name, NULL);
  return strcmp(name, "ca_file") == 0;
}

/* With ca_file given, the path goes there (malloc'd) and its file is read later, on a worker. */
void options_apply(napi_env env, napi_value calls, rq_opts *opts, char **ca_file,
                   rq_error **error) {
  uint32_t count = 0;
  bool thrown = false;
  if (napi_get_array_length(env, calls, &count) != napi_ok)
    napi_throw_type_error(env, NULL, "a list of options was expected");
  for (uint32_t i = 0; i < count && !thrown; i++) {
    napi_value call = element(env, calls, i);
    if (ca_file != NULL && *ca_file == NULL && is_ca_file(env, call))
      *ca_file = text_of(env, element(env, call, 1));
    else
      make_call(env, call, opts, error);
    napi_is_exception_pending(env, &thrown);
  }
}
