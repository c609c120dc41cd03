/* Lists of calls. lib/options.cjs and lib/body.cjs hand over an array of calls, each an array of a
   setter's name in rq.h (without its prefix) and its arguments; they are made here in that order.
   Which setters there are is for options.c and request_body.c to say. */
#include "addon.h"

enum { SETTER_NAME_MAX = 20 };

napi_value argument(napi_env env, napi_value call, uint32_t index) {
  napi_value value = NULL;
  napi_get_element(env, call, index, &value);
  return value;
}

char *text_argument(napi_env env, napi_value call, uint32_t index) {
  return text_or_null(env, argument(env, call, index));
}

uint32_t number_argument(napi_env env, napi_value call, uint32_t index) {
  uint32_t given = 0;
  if (napi_get_value_uint32(env, argument(env, call, index), &given) != napi_ok)
    napi_throw_type_error(env, NULL, "a number was expected");
  return given;
}

int64_t length_argument(napi_env env, napi_value call, uint32_t index) {
  int64_t given = 0;
  if (napi_get_value_int64(env, argument(env, call, index), &given) != napi_ok)
    napi_throw_type_error(env, NULL, "a length was expected");
  return given;
}

bool flag_argument(napi_env env, napi_value call, uint32_t index) {
  bool given = false;
  if (napi_get_value_bool(env, argument(env, call, index), &given) != napi_ok)
    napi_throw_type_error(env, NULL, "true or false was expected");
  return given;
}

void calls_make(napi_env env, napi_value calls, call_maker *make, void *target, rq_error **error) {
  uint32_t count = 0;
  if (napi_get_array_length(env, calls, &count) != napi_ok)
    napi_throw_type_error(env, NULL, "a list of calls was expected");
  for (uint32_t i = 0; i < count && !is_thrown(env); i++) {
    char name[SETTER_NAME_MAX] = "";
    napi_value call = argument(env, calls, i);
    napi_get_value_string_utf8(env, argument(env, call, 0), name, sizeof name, NULL);
    if (!make(env, name, call, target, error) && !is_thrown(env))
      napi_throw_type_error(env, NULL, "librq has no such setter");
  }
}
