/* Failures on their way to JavaScript: an rq_error made on a worker thread travels in its job and
   becomes a plain object here, on the JS thread. lib/errors.cjs makes a RequestError of it, there
   where the stack of the caller is known. */
#include "addon.h"

static void set_number(napi_env env, napi_value object, const char *name, int32_t number) {
  napi_value value = NULL;
  if (number != 0 && napi_create_int32(env, number, &value) == napi_ok)
    set(env, object, name, value);
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
  return object;
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
