/* Failures on their way to JavaScript: an rq_error made on a worker thread travels in its job and
   becomes a plain object here, on the JS thread. lib/errors.cjs makes a RequestError of it, there
   where the stack of the caller is known. */
#include "addon.h"

#include <string.h>

enum { CODES_MAX = 999 /* there are gaps between the numbers */ };

static void set_number(napi_env env, napi_value object, const char *name, int32_t number) {
  napi_value value = NULL;
  if (number != 0 && napi_create_int32(env, number, &value) == napi_ok)
    set(env, object, name, value);
}

/* What a proxy answered: { headers: name, value, …, body }. */
static void set_answer(napi_env env, napi_value object, const rq_error *error) {
  size_t len = 0;
  const void *data = rq_error_answer_body(error, &len);
  const char *name = NULL, *value = NULL;
  napi_value answer = NULL, fields = NULL, body = NULL;
  if (data == NULL || napi_create_object(env, &answer) != napi_ok) return;
  if (napi_create_array(env, &fields) != napi_ok) return;
  for (uint32_t i = 0; rq_error_answer_header_at(error, i, &name, &value); i++) {
    napi_set_element(env, fields, 2 * i, latin1(env, name));
    napi_set_element(env, fields, 2 * i + 1, latin1(env, value));
  }
  napi_create_buffer_copy(env, len, data, NULL, &body);
  set(env, answer, "headers", fields);
  set(env, answer, "body", body);
  set(env, object, "answer", answer);
}

napi_value error_object(napi_env env, const rq_error *error) {
  napi_value object = NULL;
  if (napi_create_object(env, &object) != napi_ok) return NULL;
  set(env, object, "name", utf8(env, rq_code_name(rq_error_code(error))));
  set(env, object, "message", utf8(env, rq_error_message(error)));
  set(env, object, "phase", utf8(env, rq_error_phase(error)));
  set(env, object, "exception", utf8(env, rq_error_exception(error)));
  set(env, object, "url", utf8(env, rq_error_url(error)));
  set_number(env, object, "errno", rq_error_errno(error));
  set_number(env, object, "status", rq_error_status(error));
  const char *reason = rq_error_reason(error);
  if (*reason != '\0') set(env, object, "reason", utf8(env, reason));
  set_answer(env, object, error);
  return object;
}

napi_value error_codes(napi_env env) {
  napi_value names = NULL;
  uint32_t count = 0;
  if (napi_create_array(env, &names) != napi_ok) return NULL;
  for (int32_t code = 1; code <= CODES_MAX; code++) {
    const char *name = rq_code_name(code);
    if (strcmp(name, "RQ_ERR_UNKNOWN") != 0)
      napi_set_element(env, names, count++, utf8(env, name));
  }
  return names;
}

napi_value error_reasons(napi_env env) {
  napi_value words = NULL;
  if (napi_create_array(env, &words) != napi_ok) return NULL;
  for (uint32_t i = 0; rq_reason_at(i) != NULL; i++)
    napi_set_element(env, words, i, utf8(env, rq_reason_at(i)));
  return words;
}

bool error_thrown(napi_env env, rq_error *error) {
  if (error == NULL) return false;
  napi_throw(env, error_object(env, error));
  rq_error_free(error);
  return true;
}

void misuse_throw(napi_env env, const char *message) {
  rq_error *error = NULL;
  rq_error_set(&error, RQ_ERR_MISUSE, message);
  error_thrown(env, error);
}
