/* Requests as they are described: method, URL, and the calls that set options and body. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

/* Not read here, on the JS thread, as the other files are not opened here. */
static const struct {
  const char *name;
  opening_kind kind;
} opened[] = {
    {"ca_file", OPENS_CA},
    {"proxy_ca_file", OPENS_PROXY_CA},
    {"cert", OPENS_CERT},
    {"proxy_cert", OPENS_PROXY_CERT},
};

static bool make(napi_env env, const char *name, napi_value call, void *target, rq_error **error) {
  request *to = target;
  rq_opts *opts = rq_request_opts(to->inner);
  for (size_t i = 0; i < sizeof opened / sizeof *opened; i++)
    if (strcmp(opened[i].name, name) == 0 && !is_nullish(env, argument(env, call, 1)))
      return opening_add(env, to, opened[i].kind, call);
  return body_make(env, name, call, to, error) || option_make(env, name, call, opts, error);
}

/* From method, url and calls. NULL: an exception is pending. */
request *request_of(napi_env env, const napi_value *arguments3) {
  rq_error *error = NULL;
  request *made = calloc(1, sizeof *made);
  char *method = text_of(env, arguments3[0]);
  char *url = method == NULL ? NULL : text_of(env, arguments3[1]);
  if (made != NULL && url != NULL) made->inner = rq_request_new(method, url, &error);
  if (made != NULL && made->inner != NULL) calls_make(env, arguments3[2], make, made, &error);
  free(method);
  free(url);
  bool thrown = is_thrown(env);
  if (thrown)
    rq_error_free(error);
  else
    thrown = error_thrown(env, error);
  if (!thrown && made != NULL) return made;
  if (!thrown) napi_throw_error(env, NULL, "out of memory");
  request_free(made);
  return NULL;
}

void request_free(request *described) {
  if (described == NULL) return;
  openings_free(described->files);
  rq_request_free(described->inner);
  free(described);
}
