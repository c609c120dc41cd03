/* The options of sessions and requests: a table of rq.h's setters by what they take. What the
   values mean, and whether they are right, is for librq to say. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *name;
  enum { NOTHING, TEXT, TEXTS, FLAG, NUMBER, NUMBERS, OTHER } takes;
  union {
    void (*nothing)(rq_opts *, rq_error **);
    void (*text)(rq_opts *, const char *, rq_error **);
    void (*texts)(rq_opts *, const char *, const char *, rq_error **);
    void (*flag)(rq_opts *, bool, rq_error **);
    void (*number)(rq_opts *, uint32_t, rq_error **);
    void (*numbers)(rq_opts *, uint32_t, uint32_t, rq_error **);
    void (*other)(napi_env env, napi_value call, rq_opts *opts, rq_error **error);
  } make;
} setter;

static void ca_pem(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  const void *pem = NULL;
  size_t len = 0;
  if (bytes_of(env, argument(env, call, 1), &pem, &len)) rq_opts_ca_pem(opts, pem, len, error);
}

static void proxy_ca_pem(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  const void *pem = NULL;
  size_t len = 0;
  if (bytes_of(env, argument(env, call, 1), &pem, &len))
    rq_opts_proxy_ca_pem(opts, pem, len, error);
}

/* ---- client certificates ---- */

typedef void cert_setter(rq_opts *, const char *cert, const char *key, const char *password,
                         rq_error **);

/* [name, path, path of the key, password], each or NULL. */
static void cert_files(napi_env env, napi_value call, rq_opts *opts, cert_setter *setter,
                       rq_error **error) {
  char *path = text_argument(env, call, 1), *key = text_argument(env, call, 2);
  char *password = text_argument(env, call, 3);
  if (!is_thrown(env)) setter(opts, path, key, password, error);
  free(path);
  free(key);
  free(password);
}

static void cert(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  cert_files(env, call, opts, rq_opts_cert, error);
}

static void proxy_cert(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  cert_files(env, call, opts, rq_opts_proxy_cert, error);
}

typedef void pem_setter(rq_opts *, const void *cert, size_t cert_len, const void *key,
                        size_t key_len, const char *password, rq_error **);

/* [name, PEM, PEM of the key or NULL, password or NULL] */
static void cert_bytes(napi_env env, napi_value call, rq_opts *opts, pem_setter *setter,
                       rq_error **error) {
  const void *pem = NULL, *key = NULL;
  size_t len = 0, key_len = 0;
  napi_value apart = argument(env, call, 2);
  if (!bytes_of(env, argument(env, call, 1), &pem, &len)) return;
  if (!is_nullish(env, apart) && !bytes_of(env, apart, &key, &key_len)) return;
  char *password = text_argument(env, call, 3);
  if (!is_thrown(env)) setter(opts, pem, len, key, key_len, password, error);
  free(password);
}

static void cert_pem(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  cert_bytes(env, call, opts, rq_opts_cert_pem, error);
}

static void proxy_cert_pem(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  cert_bytes(env, call, opts, rq_opts_proxy_cert_pem, error);
}

/* ---- other setters that the kinds above do not cover ---- */

static void tls_min(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  uint32_t version = number_argument(env, call, 1);
  if (!is_thrown(env)) rq_opts_tls_min(opts, (int)version, error);
}

static void resolve(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  char *host = text_argument(env, call, 1), *address = text_argument(env, call, 3);
  uint32_t port = number_argument(env, call, 2);
  if (!is_thrown(env)) rq_opts_resolve(opts, host, port, address, error);
  free(host);
  free(address);
}

static void pool_sizes(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  uint32_t idle = number_argument(env, call, 1), idle_per_host = number_argument(env, call, 2);
  uint32_t open_per_host = number_argument(env, call, 3);
  if (!is_thrown(env)) rq_opts_pool(opts, idle, idle_per_host, open_per_host, error);
}

/* Which function that is, is known to prepared_new: the request's own, else the session's. */
static void auth_callback(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  (void)env, (void)call;
  rq_opts_auth_callback(opts, prepared_auth, NULL, NULL, error);
}

static void retry_status(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  uint32_t status = number_argument(env, call, 1);
  if (!is_thrown(env)) rq_opts_retry_status(opts, (int32_t)status, error);
}

static void body_max(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  int64_t bytes = length_argument(env, call, 1);
  if (!is_thrown(env)) rq_opts_body_max(opts, (uint64_t)bytes, error);
}

static void decoded_max(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  int64_t bytes = length_argument(env, call, 1);
  if (!is_thrown(env)) rq_opts_decoded_max(opts, (uint64_t)bytes, error);
}

#define SETTER(kind, field, option) {#option, kind, {.field = rq_opts_##option}}

static const setter setters[] = {
    SETTER(TEXTS, texts, header),        SETTER(TEXTS, texts, header_add),
    SETTER(TEXTS, texts, param),         SETTER(TEXTS, texts, param_add),
    SETTER(TEXT, text, params_raw),      SETTER(FLAG, flag, path_as_is),
    SETTER(FLAG, flag, jar),
    SETTER(TEXTS, texts, auth_basic),    SETTER(FLAG, flag, auth_latin1),
    SETTER(TEXT, text, auth_bearer),     SETTER(TEXTS, texts, auth_digest),
    SETTER(NOTHING, nothing, auth_none), {"auth_callback", OTHER, {.other = auth_callback}},
    SETTER(TEXTS, texts, cookie),        SETTER(TEXTS, texts, proxy),
    SETTER(TEXT, text, no_proxy),        SETTER(FLAG, flag, trust_env),
    SETTER(TEXTS, texts, env),           SETTER(NUMBERS, numbers, timeout_ms),
    SETTER(NUMBER, number, deadline_ms), SETTER(FLAG, flag, verify),
    SETTER(TEXT, text, ca_file),         {"ca_pem", OTHER, {.other = ca_pem}},
    {"resolve", OTHER, {.other = resolve}}, {"pool", OTHER, {.other = pool_sizes}},
    SETTER(NUMBER, number, idle_age_ms), SETTER(FLAG, flag, follow_redirects),
    SETTER(NUMBER, number, redirects_max), SETTER(TEXT, text, sensitive_header),
    SETTER(NUMBER, number, retries),     {"retry_status", OTHER, {.other = retry_status}},
    SETTER(TEXT, text, retry_method),    SETTER(NUMBERS, numbers, retry_backoff_ms),
    SETTER(NUMBER, number, retry_after_max_ms), SETTER(FLAG, flag, decode),
    {"body_max", OTHER, {.other = body_max}}, {"decoded_max", OTHER, {.other = decoded_max}},
    SETTER(FLAG, flag, expect_continue), SETTER(FLAG, flag, proxy_digest),
    {"cert", OTHER, {.other = cert}},    {"cert_pem", OTHER, {.other = cert_pem}},
    SETTER(TEXT, text, server_name),     {"tls_min", OTHER, {.other = tls_min}},
    SETTER(TEXT, text, pin),             SETTER(FLAG, flag, proxy_verify),
    SETTER(TEXT, text, proxy_ca_file),   {"proxy_ca_pem", OTHER, {.other = proxy_ca_pem}},
    {"proxy_cert", OTHER, {.other = proxy_cert}},
    {"proxy_cert_pem", OTHER, {.other = proxy_cert_pem}},
    SETTER(TEXT, text, source_address),  SETTER(TEXT, text, unix_socket),
    {"hooks", OTHER, {.other = hooks_make}},
};

static void make_texts(napi_env env, const setter *found, napi_value call, rq_opts *opts,
                       rq_error **error) {
  char *first = text_argument(env, call, 1);
  char *second = found->takes == TEXTS ? text_argument(env, call, 2) : NULL;
  bool thrown = is_thrown(env);
  if (!thrown && found->takes == TEXT) found->make.text(opts, first, error);
  if (!thrown && found->takes == TEXTS) found->make.texts(opts, first, second, error);
  free(first);
  free(second);
}

static void make_numbers(napi_env env, const setter *found, napi_value call, rq_opts *opts,
                         rq_error **error) {
  uint32_t first = number_argument(env, call, 1);
  uint32_t second = found->takes == NUMBERS ? number_argument(env, call, 2) : 0;
  bool thrown = is_thrown(env);
  if (!thrown && found->takes == NUMBER) found->make.number(opts, first, error);
  if (!thrown && found->takes == NUMBERS) found->make.numbers(opts, first, second, error);
}

static void make(napi_env env, const setter *found, napi_value call, rq_opts *opts,
                 rq_error **error) {
  bool flag;
  switch (found->takes) {
    case NOTHING:
      found->make.nothing(opts, error);
      break;
    case TEXT:
    case TEXTS:
      make_texts(env, found, call, opts, error);
      break;
    case FLAG:
      flag = flag_argument(env, call, 1);
      if (!is_thrown(env)) found->make.flag(opts, flag, error);
      break;
    case NUMBER:
    case NUMBERS:
      make_numbers(env, found, call, opts, error);
      break;
    case OTHER:
      found->make.other(env, call, opts, error);
      break;
  }
}

bool option_make(napi_env env, const char *name, napi_value call, void *opts, rq_error **error) {
  for (size_t i = 0; i < sizeof setters / sizeof *setters; i++) {
    if (strcmp(setters[i].name, name) != 0) continue;
    make(env, &setters[i], call, opts, error);
    return true;
  }
  return false;
}
