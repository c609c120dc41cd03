/* Adapters: functions of JavaScript that answer requests in the place of servers. librq calls on
   the worker thread that sends; the function is asked (dialog.c), and may take its time. Which
   function that is, is lib/mounts.cjs's to know: the context of each is a number, so that librq
   holds nothing of JavaScript and has nothing to free. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

/* ---- worker thread: what librq calls ---- */

static void on_send(void *context, const rq_prepared *request, rq_reply *reply, rq_error **error) {
  dialog *with = dialog_running();
  if (with == NULL) {
    rq_error_set(error, RQ_ERR_CALLBACK,
                 "the adapter was mounted when the request was on its way; mount it before");
    return;
  }
  /* Here, where a stream of JavaScript can still be asked: the function then finds the body. */
  size_t len = 0;
  if (rq_prepared_content(request, &len, error) == NULL) return;
  with->what = ASKS_ADAPTER;
  with->number = (uint32_t)(uintptr_t)context;
  with->prepared = (rq_prepared *)request; /* lent as one that can be read only */
  with->reply = reply;
  dialog_ask(with, error);
}

/* ---- JS thread ---- */

/* sessionMount(session, prefix, number): of the function; null for connections of its own. */
napi_value session_mount(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  uint32_t number = 0;
  bool own = is_nullish(env, given.at[2]);
  if (!own && napi_get_value_uint32(env, given.at[2], &number) != napi_ok) {
    napi_throw_type_error(env, NULL, "a number was expected");
    return NULL;
  }
  session *entered = session_enter(env, given.at[0]);
  char *prefix = entered == NULL ? NULL : text_of(env, given.at[1]);
  rq_error *error = NULL;
  void *context = (void *)(uintptr_t)number;
  if (prefix != NULL)
    rq_session_mount(session_inner(entered), prefix, own ? NULL : on_send, context, NULL, &error);
  free(prefix);
  if (entered != NULL) session_leave(entered);
  error_thrown(env, error);
  return NULL;
}

/* sessionUnmount(session, prefix): whether something was mounted there */
napi_value session_unmount(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  session *entered = session_enter(env, given.at[0]);
  char *prefix = entered == NULL ? NULL : text_of(env, given.at[1]);
  rq_error *error = NULL;
  bool found = false;
  if (prefix != NULL) found = rq_session_unmount(session_inner(entered), prefix, &error);
  free(prefix);
  if (entered != NULL) session_leave(entered);
  return error_thrown(env, error) || prefix == NULL ? NULL : boolean(env, found);
}

/* A field's value: each character is a byte, as they are in what response_fields gives. */
static char *value_of(napi_env env, napi_value value) {
  size_t len = 0;
  if (napi_get_value_string_latin1(env, value, NULL, 0, &len) != napi_ok) {
    napi_throw_type_error(env, NULL, "a string was expected");
    return NULL;
  }
  char *text = malloc(len + 1);
  if (text == NULL) {
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  napi_get_value_string_latin1(env, value, text, len + 1, &len);
  if (strlen(text) == len) return text;
  napi_throw_type_error(env, NULL, "a header with a NUL character was given");
  free(text);
  return NULL;
}

/* The texts name, value, name, value, … */
static void set_fields(napi_env env, napi_value fields, rq_reply *reply, rq_error **error) {
  uint32_t count = 0;
  napi_get_array_length(env, fields, &count);
  for (uint32_t i = 0; i + 1 < count && *error == NULL && !is_thrown(env); i += 2) {
    char *name = text_of(env, argument(env, fields, i));
    char *value = name == NULL ? NULL : value_of(env, argument(env, fields, i + 1));
    if (value != NULL) rq_reply_header(reply, name, value, error);
    free(name);
    free(value);
  }
}

/* [status, reason or undefined, fields, body or undefined]; false: an exception is pending. */
static bool fill(napi_env env, napi_value given, rq_reply *reply) {
  rq_error *error = NULL;
  const void *data = NULL;
  size_t len = 0;
  uint32_t status = number_argument(env, given, 0);
  char *reason = text_argument(env, given, 1);
  napi_value body = argument(env, given, 3);
  if (!is_thrown(env)) rq_reply_status(reply, (int)status, &error);
  if (reason != NULL) rq_reply_reason(reply, reason, &error);
  free(reason);
  if (!is_thrown(env)) set_fields(env, argument(env, given, 2), reply, &error);
  if (!is_thrown(env) && !is_nullish(env, body) && bytes_of(env, body, &data, &len))
    rq_reply_body(reply, data, len, &error);
  if (is_thrown(env)) {
    rq_error_free(error);
    return false;
  }
  return !error_thrown(env, error);
}

/* adapterAnswer(response, reply): what the function gave; a failure goes to hookAnswer. True;
   undefined if nobody waits any more. */
napi_value adapter_answer(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  job *work = dialog_asks(env, given.at[0]);
  if (work == NULL || work->dialog->what != ASKS_ADAPTER) return NULL;
  if (!fill(env, given.at[1], work->dialog->reply)) return NULL;
  work->dialog->got = 0;
  dialog_retract(work->dialog);
  pool_answer(env, work);
  return boolean(env, true);
}
