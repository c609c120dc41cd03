/* The files that a request names: bodies, parts, CA bundles, client certificates. They are named on
   the JS thread and opened in the job of the request, for that may block. */
#include "addon.h"

#include <stdlib.h>

struct opening {
  opening_kind kind;
  rq_part *part; /* OPENS_PART: whose content it is */
  char *path;
  char *key, *password; /* of a certificate, or NULL */
  struct opening *next;
};

static void opening_free(struct opening *file) {
  free(file->path);
  free(file->key);
  free(file->password);
  free(file);
}

/* [name, path], of a certificate [name, path, key, password]. Always true: the setter was known. */
bool opening_add(napi_env env, request *to, opening_kind kind, napi_value call) {
  struct opening *added = calloc(1, sizeof *added);
  if (added == NULL) {
    napi_throw_error(env, NULL, "out of memory");
    return true;
  }
  added->kind = kind;
  added->part = to->part;
  added->path = text_argument(env, call, 1);
  added->key = text_argument(env, call, 2);
  added->password = text_argument(env, call, 3);
  if (added->path == NULL || is_thrown(env)) {
    if (!is_thrown(env)) napi_throw_type_error(env, NULL, "a path was expected");
    opening_free(added);
    return true;
  }
  struct opening **end = &to->files;
  while (*end != NULL) end = &(*end)->next;
  *end = added;
  return true;
}

static void open_one(const struct opening *file, rq_request *of, rq_error **error) {
  rq_opts *opts = rq_request_opts(of);
  switch (file->kind) {
    case OPENS_BODY:
      rq_request_body_file(of, file->path, error);
      break;
    case OPENS_PART:
      rq_part_file(file->part, file->path, error);
      break;
    case OPENS_CA:
      rq_opts_ca_file(opts, file->path, error);
      break;
    case OPENS_PROXY_CA:
      rq_opts_proxy_ca_file(opts, file->path, error);
      break;
    case OPENS_CERT:
      rq_opts_cert(opts, file->path, file->key, file->password, error);
      break;
    case OPENS_PROXY_CERT:
      rq_opts_proxy_cert(opts, file->path, file->key, file->password, error);
      break;
  }
}

void openings_run(request *of, rq_error **error) {
  for (const struct opening *file = of->files; file != NULL; file = file->next)
    open_one(file, of->inner, error);
}

void openings_free(struct opening *files) {
  while (files != NULL) {
    struct opening *next = files->next;
    opening_free(files);
    files = next;
  }
}
