/* Requests: the description that a request is made of, and prepared requests as handles. A prepared
   request can be read at any time, but not edited while it is being sent on a worker thread. */
#include "addon.h"

#include <stdlib.h>

struct prepared {
  rq_prepared *inner;
  unsigned sends; /* jobs in flight */
  bool collected; /* no JS value refers to this any more */
};

static const napi_type_tag prepared_tag = {0x1d7ea35b90c84f6a, 0xb864f2097c1e5d33};

/* From method, url, calls and body; calls and body may be undefined. NULL: an exception is
   pending. */
rq_request *request_of(napi_env env, const napi_value *arguments4, char **ca_file) {
  rq_error *error = NULL;
  char *method = text_of(env, arguments4[0]);
  char *url = method == NULL ? NULL : text_of(env, arguments4[1]);
  bool thrown = url == NULL;
  rq_request *request = thrown ? NULL : rq_request_new(method, url, &error);
  if (request != NULL && !is_nullish(env, arguments4[2]))
    options_apply(env, arguments4[2], rq_request_opts(request), ca_file, &error);
  const void *data = NULL;
  size_t len = 0;
  if (request != NULL && !is_nullish(env, arguments4[3]) &&
      bytes_of(env, arguments4[3], &data, &len))
    rq_request_body(request, data, len, &error);
  free(method);
  free(url);
  napi_is_exception_pending(env, &thrown);
  if (thrown)
    rq_error_free(error);
  else
    thrown = error_thrown(env, error);
  if (!thrown) return request;
  rq_request_free(request);
  return NULL;
}

static prepared *prepared_of(napi_env env, napi_value handle) {
  return handle_of(env, handle, &prepared_tag, "a prepared request was expected");
}

prepared *prepared_enter(napi_env env, napi_value handle) {
  prepared *wanted = prepared_of(env, handle);
  if (wanted != NULL) wanted->sends++;
  return wanted;
}

void prepared_leave(prepared *entered) {
  if (--entered->sends > 0 || !entered->collected) return;
  rq_prepared_free(entered->inner);
  free(entered);
}

rq_prepared *prepared_inner(const prepared *entered) {
  return entered->inner;
}

static void prepared_collect(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  prepared *dropped = data;
  dropped->collected = true;
  dropped->sends++;
  prepared_leave(dropped);
}

/* preparedNew(session, method, url, calls, body) */
napi_value prepared_new(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  session *entered = session_enter(env, given.at[0]);
  rq_request *request = entered == NULL ? NULL : request_of(env, given.at + 1, NULL);
  rq_error *error = NULL;
  rq_prepared *inner =
      request == NULL ? NULL : rq_prepare(session_inner(entered), request, &error);
  if (entered != NULL) session_leave(entered);
  rq_request_free(request);
  if (error_thrown(env, error) || inner == NULL) return NULL;
  prepared *made = malloc(sizeof *made);
  if (made == NULL) {
    rq_prepared_free(inner);
    return NULL;
  }
  *made = (prepared){.inner = inner};
  return handle_new(env, made, prepared_collect, &prepared_tag);
}

/* ---- reading ---- */

/* preparedMethod(prepared) */
napi_value prepared_method(napi_env env, napi_callback_info info) {
  prepared *read = prepared_of(env, arguments_of(env, info).at[0]);
  return read == NULL ? NULL : utf8(env, rq_prepared_method(read->inner));
}

/* preparedUrl(prepared) */
napi_value prepared_url(napi_env env, napi_callback_info info) {
  prepared *read = prepared_of(env, arguments_of(env, info).at[0]);
  return read == NULL ? NULL : utf8(env, rq_prepared_url(read->inner));
}

/* preparedHeaders(prepared): name, value, name, value, … */
napi_value prepared_headers(napi_env env, napi_callback_info info) {
  prepared *read = prepared_of(env, arguments_of(env, info).at[0]);
  napi_value fields = NULL;
  if (read == NULL || napi_create_array(env, &fields) != napi_ok) return NULL;
  const char *name = NULL, *value = NULL;
  for (uint32_t i = 0; rq_prepared_header_at(read->inner, i, &name, &value); i++) {
    napi_set_element(env, fields, 2 * i, utf8(env, name));
    napi_set_element(env, fields, 2 * i + 1, utf8(env, value));
  }
  return fields;
}

/* preparedHeader(prepared, name): undefined if there is none */
napi_value prepared_header(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  prepared *read = prepared_of(env, given.at[0]);
  char *name = read == NULL ? NULL : text_of(env, given.at[1]);
  if (name == NULL) return NULL;
  napi_value value = utf8(env, rq_prepared_header(read->inner, name));
  free(name);
  return value;
}

/* preparedBody(prepared): a copy; undefined if there is none */
napi_value prepared_body(napi_env env, napi_callback_info info) {
  prepared *read = prepared_of(env, arguments_of(env, info).at[0]);
  size_t len = 0;
  const void *data = read == NULL ? NULL : rq_prepared_body(read->inner, &len);
  napi_value copy = NULL;
  if (data != NULL) napi_create_buffer_copy(env, len, data, NULL, &copy);
  return copy;
}

/* ---- editing ---- */

static prepared *editable(napi_env env, napi_value handle) {
  prepared *wanted = prepared_of(env, handle);
  if (wanted == NULL || wanted->sends == 0) return wanted;
  misuse_throw(env, "the prepared request is being sent");
  return NULL;
}

typedef void text_setter(rq_prepared *, const char *text, rq_error **);

static napi_value set_text(napi_env env, napi_callback_info info, text_setter *setter) {
  arguments given = arguments_of(env, info);
  prepared *edited = editable(env, given.at[0]);
  char *text = edited == NULL ? NULL : text_of(env, given.at[1]);
  rq_error *error = NULL;
  if (text != NULL) setter(edited->inner, text, &error);
  free(text);
  error_thrown(env, error);
  return NULL;
}

/* preparedSetMethod(prepared, method) */
napi_value prepared_set_method(napi_env env, napi_callback_info info) {
  return set_text(env, info, rq_prepared_set_method);
}

/* preparedSetUrl(prepared, url) */
napi_value prepared_set_url(napi_env env, napi_callback_info info) {
  return set_text(env, info, rq_prepared_set_url);
}

/* preparedSetHeader(prepared, name, value): null removes */
napi_value prepared_set_header(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  prepared *edited = editable(env, given.at[0]);
  bool removal = is_nullish(env, given.at[2]);
  char *name = edited == NULL ? NULL : text_of(env, given.at[1]);
  char *value = name == NULL || removal ? NULL : text_of(env, given.at[2]);
  rq_error *error = NULL;
  if (name != NULL && (removal || value != NULL))
    rq_prepared_set_header(edited->inner, name, value, &error);
  free(name);
  free(value);
  error_thrown(env, error);
  return NULL;
}

/* preparedSetBody(prepared, bytes): null removes */
napi_value prepared_set_body(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  prepared *edited = editable(env, given.at[0]);
  bool removal = is_nullish(env, given.at[1]);
  const void *data = NULL;
  size_t len = 0;
  rq_error *error = NULL;
  if (edited != NULL && (removal || bytes_of(env, given.at[1], &data, &len)))
    rq_prepared_set_body(edited->inner, data, len, &error);
  error_thrown(env, error);
  return NULL;
}
