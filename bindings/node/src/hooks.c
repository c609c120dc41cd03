/* Hooks: functions of JavaScript on the way of a request. librq calls on the worker thread that
   sends or reads; a hook that sees a request or a response is asked, so that it may take its time,
   and one that is told of steps or of bytes is told (dialog.c). Which functions these are is
   lib/dialog.cjs's to know: the context of each is its level, the session's or the request's. */
#include "addon.h"

/* ---- worker thread: what librq calls ---- */

static uint32_t level_of(void *context) {
  return (uint32_t)(uintptr_t)context;
}

static dialog *hooked(rq_error **error) {
  dialog *with = dialog_running();
  if (with == NULL) rq_error_set(error, RQ_ERR_CALLBACK, "a hook can be called by send() only");
  return with;
}

static void on_request(void *level, rq_prepared *prepared, rq_error **error) {
  dialog *with = hooked(error);
  if (with == NULL) return;
  with->what = ASKS_REQUEST;
  with->number = level_of(level);
  with->prepared = prepared;
  dialog_ask(with, error);
}

static rq_response *on_response(void *level, rq_response *response, rq_error **error) {
  dialog *with = hooked(error);
  if (with == NULL) return NULL;
  with->what = ASKS_RESPONSE;
  with->number = level_of(level);
  with->response = response;
  with->other = NULL;
  return dialog_ask(with, error) < 0 ? NULL : with->other;
}

static void on_trace(void *level, rq_step step, uint64_t elapsed_us, const char *detail) {
  dialog_tell(NEWS_TRACE, level_of(level), step, (double)elapsed_us, detail);
}

static void on_download(void *level, uint64_t received, int64_t total, rq_error **error) {
  (void)error;
  dialog_tell(NEWS_DOWNLOAD, level_of(level), (double)received, (double)total, NULL);
}

/* ---- JS thread ---- */

/* ["hooks", level, request, response, trace, download]: which of them there are. */
void hooks_make(napi_env env, napi_value call, rq_opts *opts, rq_error **error) {
  void *level = (void *)(uintptr_t)number_argument(env, call, 1);
  bool request = flag_argument(env, call, 2), response = flag_argument(env, call, 3);
  bool trace = flag_argument(env, call, 4), download = flag_argument(env, call, 5);
  if (is_thrown(env)) return;
  if (request) rq_opts_on_request(opts, on_request, level, NULL, error);
  if (response) rq_opts_on_response(opts, on_response, level, NULL, error);
  if (trace) rq_opts_on_trace(opts, on_trace, level, NULL, error);
  if (download) rq_opts_on_download(opts, on_download, level, NULL, error);
}

/* hookAnswer(response, done, other): whether the hooks of that level did not fail, and a response
   to put in place of the one that they were lent. True; undefined if nobody waits any more. */
napi_value hook_answer(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  bool done = false;
  napi_get_value_bool(env, given.at[1], &done);
  job *work = dialog_asks(env, given.at[0]);
  if (work == NULL) return NULL;
  dialog *with = work->dialog;
  if (done && with->what == ASKS_RESPONSE && !is_nullish(env, given.at[2])) {
    with->other = response_give(env, given.at[2], with->sending);
    if (is_thrown(env)) return NULL;
  }
  with->got = done ? 0 : -1;
  dialog_retract(with);
  pool_answer(env, work);
  return boolean(env, true);
}
