/* The bodies of requests: bytes, JSON, form fields, files, parts, and pieces that JavaScript gives
   (upload.c). Which of them wins where several are given is for librq to say. Files are named here
   and opened later (openings.c). */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

typedef void setter(napi_env env, napi_value call, request *to, rq_error **error);

static void body(napi_env env, napi_value call, request *to, rq_error **error) {
  const void *data = NULL;
  size_t len = 0;
  if (bytes_of(env, argument(env, call, 1), &data, &len))
    rq_request_body(to->inner, data, len, error);
}

static void body_file(napi_env env, napi_value call, request *to, rq_error **error) {
  (void)error;
  opening_add(env, to, OPENS_BODY, call);
}

static void body_fd(napi_env env, napi_value call, request *to, rq_error **error) {
  uint32_t fd = number_argument(env, call, 1);
  if (!is_thrown(env)) rq_request_body_fd(to->inner, (int)fd, error);
}

/* The number of the source in lib/upload.cjs, as a context: nothing of it is to be freed. */
static void *source_argument(napi_env env, napi_value call) {
  return (void *)(uintptr_t)number_argument(env, call, 1);
}

static void body_callback(napi_env env, napi_value call, request *to, rq_error **error) {
  void *source = source_argument(env, call);
  int64_t length = length_argument(env, call, 2);
  rq_rewind_fn rewind = flag_argument(env, call, 3) ? upload_rewind : NULL;
  if (!is_thrown(env))
    rq_request_body_callback(to->inner, upload_read, rewind, source, NULL, length, error);
}

static void progress(napi_env env, napi_value call, request *to, rq_error **error) {
  (void)env, (void)call;
  rq_request_progress(to->inner, upload_progress, NULL, NULL, error);
}

static void json(napi_env env, napi_value call, request *to, rq_error **error) {
  const void *text = NULL;
  size_t len = 0;
  if (bytes_of(env, argument(env, call, 1), &text, &len))
    rq_request_json(to->inner, text, len, error);
}

static void field(napi_env env, napi_value call, request *to, rq_error **error) {
  char *name = text_argument(env, call, 1), *value = text_argument(env, call, 2);
  if (!is_thrown(env)) rq_request_field(to->inner, name, value, error);
  free(name);
  free(value);
}

static void part(napi_env env, napi_value call, request *to, rq_error **error) {
  char *name = text_argument(env, call, 1);
  if (!is_thrown(env)) to->part = rq_request_part(to->inner, name, error);
  free(name);
}

static void part_filename(napi_env env, napi_value call, request *to, rq_error **error) {
  char *filename = text_argument(env, call, 1);
  if (!is_thrown(env)) rq_part_filename(to->part, filename, error);
  free(filename);
}

static void part_type(napi_env env, napi_value call, request *to, rq_error **error) {
  char *type = text_argument(env, call, 1);
  if (!is_thrown(env)) rq_part_type(to->part, type, error);
  free(type);
}

static void part_header(napi_env env, napi_value call, request *to, rq_error **error) {
  char *name = text_argument(env, call, 1), *value = text_argument(env, call, 2);
  if (!is_thrown(env)) rq_part_header(to->part, name, value, error);
  free(name);
  free(value);
}

static void part_bytes(napi_env env, napi_value call, request *to, rq_error **error) {
  const void *data = NULL;
  size_t len = 0;
  if (bytes_of(env, argument(env, call, 1), &data, &len))
    rq_part_bytes(to->part, data, len, error);
}

static void part_file(napi_env env, napi_value call, request *to, rq_error **error) {
  if (*error == NULL) opening_add(env, to, OPENS_PART, call);
}

static void part_callback(napi_env env, napi_value call, request *to, rq_error **error) {
  void *source = source_argument(env, call);
  int64_t length = length_argument(env, call, 2);
  rq_rewind_fn rewind = flag_argument(env, call, 3) ? upload_rewind : NULL;
  if (!is_thrown(env))
    rq_part_callback(to->part, upload_read, rewind, source, NULL, length, error);
}

static const struct {
  const char *name;
  setter *make;
} setters[] = {
    {"body", body},
    {"body_file", body_file},
    {"body_fd", body_fd},
    {"body_callback", body_callback},
    {"progress", progress},
    {"json", json},
    {"field", field},
    {"part", part},
    {"part_filename", part_filename},
    {"part_type", part_type},
    {"part_header", part_header},
    {"part_bytes", part_bytes},
    {"part_file", part_file},
    {"part_callback", part_callback},
};

bool body_make(napi_env env, const char *name, napi_value call, void *target, rq_error **error) {
  for (size_t i = 0; i < sizeof setters / sizeof *setters; i++) {
    if (strcmp(setters[i].name, name) != 0) continue;
    setters[i].make(env, call, target, error);
    return true;
  }
  return false;
}
