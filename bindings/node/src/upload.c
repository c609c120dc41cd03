/* Bodies that JavaScript gives piece by piece, and the progress of sending. librq asks on the
   worker thread that sends; the piece that uploadAnswer brings is copied straight into librq's
   buffer while that thread waits. */
#include "addon.h"

#include <string.h>

/* ---- worker thread: what librq calls ---- */

/* NULL: the error is set. */
static dialog *sending(rq_error **error) {
  dialog *with = dialog_running();
  if (with == NULL)
    rq_error_set(error, RQ_ERR_CALLBACK, "a body from JavaScript can be read by send() only");
  return with;
}

int64_t upload_read(void *source, void *buf, size_t cap, rq_error **error) {
  dialog *with = sending(error);
  if (with == NULL) return -1;
  with->what = ASKS_READ;
  with->number = (uint32_t)(uintptr_t)source;
  with->buf = buf;
  with->cap = cap;
  return dialog_ask(with, error);
}

bool upload_rewind(void *source, rq_error **error) {
  dialog *with = sending(error);
  if (with == NULL) return false;
  with->what = ASKS_REWIND;
  with->number = (uint32_t)(uintptr_t)source;
  return dialog_ask(with, error) >= 0;
}

void upload_progress(void *unused, uint64_t sent, int64_t total, rq_error **error) {
  (void)unused, (void)error;
  dialog_tell(NEWS_PROGRESS, 0, (double)sent, (double)total, NULL);
}

/* ---- JS thread ---- */

/* False: an exception is pending. */
static bool answer(napi_env env, napi_value piece, dialog *with) {
  napi_valuetype type = napi_undefined;
  const void *data = NULL;
  size_t len = 0;
  napi_typeof(env, piece, &type);
  if (type != napi_undefined && type != napi_null && !bytes_of(env, piece, &data, &len))
    return false;
  size_t cap = with->what == ASKS_READ ? with->cap : 0;
  if (len > cap) len = cap;
  if (len > 0) memcpy(with->buf, data, len);
  with->got = type == napi_undefined ? -1 : (int64_t)len;
  return true;
}

/* uploadAnswer(response, piece): bytes, null for the end or for a rewind that was done, undefined
   for a failure. How many bytes were taken; undefined if nobody waits any more. */
napi_value upload_answer(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  job *work = dialog_asks(env, given.at[0]);
  if (work == NULL || !answer(env, given.at[1], work->dialog)) return NULL;
  double taken = (double)work->dialog->got;
  pool_answer(env, work);
  return number(env, taken);
}
