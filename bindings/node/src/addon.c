/* The module: what it exports, what it keeps for each env, and how values pass in and out.
   Nothing is global: each env (the main thread's and each worker thread's) has a pool of its own as
   its instance data, closed by the env's cleanup hook before V8 goes. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

/* memoryTold(): of how much memory V8 was told in all, by whomever; for tests, for nothing in
   JavaScript shows it. */
static napi_value memory_told(napi_env env, napi_callback_info info) {
  int64_t total = 0;
  (void)info;
  napi_adjust_external_memory(env, 0, &total);
  return number(env, (double)total);
}

static const struct {
  const char *name;
  napi_callback function;
} exported[] = {
    {"sessionNew", session_new},
    {"sessionCloseIdle", session_close_idle},
    {"sessionClose", session_close},
    {"sessionMount", session_mount},
    {"sessionUnmount", session_unmount},
    {"cookiesSet", cookies_set},
    {"cookiesReceive", cookies_receive},
    {"cookiesClear", cookies_clear},
    {"cookiesClock", cookies_clock},
    {"cookiesList", cookies_list},
    {"cookiesLoad", cookies_load},
    {"cookiesSave", cookies_save},
    {"preparedGone", prepared_gone},
    {"preparedNew", prepared_new},
    {"preparedMethod", prepared_method},
    {"preparedUrl", prepared_url},
    {"preparedHeaders", prepared_headers},
    {"preparedHeader", prepared_header},
    {"preparedBody", prepared_body},
    {"preparedBodyLength", prepared_body_length},
    {"preparedCurl", prepared_curl},
    {"preparedProxy", prepared_proxy},
    {"preparedSetMethod", prepared_set_method},
    {"preparedSetUrl", prepared_set_url},
    {"preparedSetHeader", prepared_set_header},
    {"preparedAddHeader", prepared_add_header},
    {"preparedSetBody", prepared_set_body},
    {"responseNew", response_new},
    {"responseRequest", response_request},
    {"responseSend", response_send},
    {"responseSent", response_sent},
    {"responseCertificates", response_certificates},
    {"responseCancel", response_cancel},
    {"responseClose", response_close},
    {"responseRead", response_read},
    {"responseReadInto", response_read_into},
    {"responseReadRaw", response_read_raw},
    {"responseBytes", response_bytes},
    {"responseSave", response_save},
    {"responseText", response_text},
    {"responseJson", response_json},
    {"responseReadText", response_read_text},
    {"responseApparentEncoding", response_apparent_encoding},
    {"responseSetEncoding", response_set_encoding},
    {"responseLines", response_lines},
    {"responseDelimiter", response_delimiter},
    {"uploadAnswer", upload_answer},
    {"hookAnswer", hook_answer},
    {"adapterAnswer", adapter_answer},
    {"memoryTold", memory_told},
};

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  pool *workers = pool_new(env);
  if (workers == NULL) return NULL;
  napi_set_instance_data(env, workers, pool_free, NULL);
  napi_add_env_cleanup_hook(env, pool_close, workers);
  for (size_t i = 0; i < sizeof exported / sizeof *exported; i++) {
    napi_value function = NULL;
    napi_create_function(env, exported[i].name, NAPI_AUTO_LENGTH, exported[i].function, NULL,
                         &function);
    set(env, exports, exported[i].name, function);
  }
  set(env, exports, "version", utf8(env, rq_version()));
  set(env, exports, "codes", error_codes(env));
  set(env, exports, "reasons", error_reasons(env));
  return exports;
}

arguments arguments_of(napi_env env, napi_callback_info info) {
  arguments given = {{NULL}};
  size_t count = ARGUMENTS_MAX;
  napi_get_cb_info(env, info, &count, given.at, NULL, NULL);
  return given;
}

char *text_of(napi_env env, napi_value value) {
  size_t len = 0;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &len) != napi_ok) {
    napi_throw_type_error(env, NULL, "a string was expected");
    return NULL;
  }
  char *text = malloc(len + 1);
  if (text == NULL) {
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  napi_get_value_string_utf8(env, value, text, len + 1, &len);
  if (strlen(text) == len) return text;
  napi_throw_type_error(env, NULL, "a string with a NUL character was given");
  free(text);
  return NULL;
}

char *text_or_null(napi_env env, napi_value value) {
  return is_nullish(env, value) ? NULL : text_of(env, value);
}

bool bytes_of(napi_env env, napi_value value, const void **data, size_t *len) {
  napi_typedarray_type type;
  void *start = NULL;
  bool is_typed_array = false;
  napi_is_typedarray(env, value, &is_typed_array);
  if (!is_typed_array ||
      napi_get_typedarray_info(env, value, &type, len, &start, NULL, NULL) != napi_ok ||
      type != napi_uint8_array) {
    napi_throw_type_error(env, NULL, "a Uint8Array was expected");
    return false;
  }
  *data = *len > 0 ? start : ""; /* librq takes NULL for "no body at all" */
  return true;
}

napi_value latin1(napi_env env, const char *text) {
  napi_value value = NULL;
  napi_create_string_latin1(env, text, NAPI_AUTO_LENGTH, &value);
  return value;
}

napi_value utf8(napi_env env, const char *text) {
  napi_value value = NULL;
  if (text == NULL) return undefined(env);
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
  return value;
}

napi_value boolean(napi_env env, bool value) {
  napi_value made = NULL;
  napi_get_boolean(env, value, &made);
  return made;
}

napi_value number(napi_env env, double value) {
  napi_value made = NULL;
  napi_create_double(env, value, &made);
  return made;
}

napi_value undefined(napi_env env) {
  napi_value value = NULL;
  napi_get_undefined(env, &value);
  return value;
}

void set(napi_env env, napi_value object, const char *name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

bool is_nullish(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type == napi_undefined || type == napi_null;
}

bool is_thrown(napi_env env) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  return pending;
}

/* Every handle carries the tag of its kind, so that no foreign object is ever taken for one. */
napi_value handle_new(napi_env env, void *data, napi_finalize collect, const napi_type_tag *tag) {
  napi_value handle = NULL;
  if (napi_create_external(env, data, collect, NULL, &handle) != napi_ok) {
    collect(env, data, NULL);
    return NULL;
  }
  napi_type_tag_object(env, handle, tag);
  return handle;
}

void *handle_of(napi_env env, napi_value value, const napi_type_tag *tag, const char *noun) {
  napi_valuetype type = napi_undefined;
  bool tagged = false;
  void *data = NULL;
  napi_typeof(env, value, &type);
  /* Asked of anything else, napi_check_object_type_tag would leave an exception of its own. */
  if (type == napi_external) napi_check_object_type_tag(env, value, tag, &tagged);
  if (tagged) napi_get_value_external(env, value, &data);
  if (data == NULL) napi_throw_type_error(env, NULL, noun);
  return data;
}
