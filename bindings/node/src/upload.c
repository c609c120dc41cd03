/* Bodies that JavaScript gives piece by piece, and the progress of sending. librq asks on the
   worker thread that sends; the question goes to a JavaScript function, ask(what, …), and the
   worker waits until uploadAnswer brings the piece, which is copied straight into librq's buffer
   while it waits. Progress is told, not asked: only the latest counts, and nobody waits.

   The context of a callback is the number of its source; everything else is with the job that runs
   on the thread. So a prepared request keeps nothing of JavaScript, and librq frees nothing. */
#include "addon.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct upload {
  napi_env env;
  napi_ref ask;
  /* The question: the worker's until it asks, the JS thread's until it answers. */
  uint32_t source;
  bool rewind;
  void *buf;
  size_t cap;
  int64_t got; /* the answer: bytes, 0 at the end, -1 for a failure */
  /* The progress. */
  atomic_bool untold;
  atomic_uint_least64_t sent;
  atomic_int_least64_t total;
};

upload *upload_new(napi_env env, napi_value ask) {
  if (is_nullish(env, ask)) return NULL;
  upload *made = calloc(1, sizeof *made);
  if (made == NULL || napi_create_reference(env, ask, 1, &made->ask) != napi_ok) {
    napi_throw_error(env, NULL, "out of memory");
    free(made);
    return NULL;
  }
  made->env = env;
  return made;
}

void upload_free(upload *done) {
  if (done == NULL) return;
  napi_delete_reference(done->env, done->ask);
  free(done);
}

/* ---- worker thread: what librq calls ---- */

static int64_t asked(upload question, rq_error **error) {
  job *work = pool_running();
  upload *to = work == NULL ? NULL : work->upload;
  if (to == NULL) {
    rq_error_set(error, RQ_ERR_CALLBACK, "a body from JavaScript can be read by send() only");
    return -1;
  }
  to->source = question.source;
  to->rewind = question.rewind;
  to->buf = question.buf;
  to->cap = question.cap;
  if (!pool_ask()) {
    rq_error_set(error, RQ_ERR_CANCELLED, "the request was cancelled while it waited for its body");
    return -1;
  }
  if (to->got < 0) rq_error_set(error, RQ_ERR_CALLBACK, "the source of the body failed");
  return to->got;
}

int64_t upload_read(void *source, void *buf, size_t cap, rq_error **error) {
  upload question = {.source = (uint32_t)(uintptr_t)source, .buf = buf, .cap = cap};
  return asked(question, error);
}

bool upload_rewind(void *source, rq_error **error) {
  upload question = {.source = (uint32_t)(uintptr_t)source, .rewind = true};
  return asked(question, error) >= 0;
}

void upload_progress(void *unused, uint64_t sent, int64_t total, rq_error **error) {
  (void)unused, (void)error;
  job *work = pool_running();
  if (work == NULL || work->upload == NULL) return;
  atomic_store(&work->upload->sent, sent);
  atomic_store(&work->upload->total, total);
  atomic_store(&work->upload->untold, true);
  pool_tell();
}

/* ---- JS thread ---- */

/* ask() catches what its parts throw; anything else, such as the end of the env, ends here. */
static void call(upload *to, const char *what, napi_value first, napi_value second) {
  napi_value function = NULL, reason = NULL, given[] = {utf8(to->env, what), first, second};
  napi_get_reference_value(to->env, to->ask, &function);
  napi_call_function(to->env, undefined(to->env), function, 3, given, NULL);
  if (is_thrown(to->env)) napi_get_and_clear_last_exception(to->env, &reason);
}

void upload_flush(napi_env env, upload *done) {
  if (done == NULL || !atomic_exchange(&done->untold, false)) return;
  call(done, "progress", number(env, (double)atomic_load(&done->sent)),
       number(env, (double)atomic_load(&done->total)));
}

void upload_hear(napi_env env, job *work, bool asked) {
  upload *to = work->upload;
  upload_flush(env, to);
  /* onProgress may have cancelled the request, and with it the question. */
  if (asked && pool_asks(env, work))
    call(to, to->rewind ? "rewind" : "read", number(env, to->source), undefined(env));
}

/* False: an exception is pending. */
static bool answer(napi_env env, napi_value piece, upload *to) {
  napi_valuetype type = napi_undefined;
  const void *data = NULL;
  size_t len = 0;
  napi_typeof(env, piece, &type);
  if (type != napi_undefined && type != napi_null && !bytes_of(env, piece, &data, &len))
    return false;
  if (len > to->cap) len = to->cap;
  if (len > 0) memcpy(to->buf, data, len);
  to->got = type == napi_undefined ? -1 : (int64_t)len;
  return true;
}

/* uploadAnswer(response, piece): bytes, null for the end or for a rewind that was done, undefined
   for a failure. How many bytes were taken; undefined if nobody waits any more. */
napi_value upload_answer(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  const response *to = response_of(env, given.at[0]);
  job *work = to == NULL ? NULL : to->sending;
  if (work == NULL || work->upload == NULL || !pool_asks(env, work)) return NULL;
  if (!answer(env, given.at[1], work->upload)) return NULL;
  double taken = (double)work->upload->got;
  pool_answer(env, work);
  return number(env, taken);
}
