/* The job that sends a request and reads the head of its response. A body known to be small is
   read in the same hop and kept by librq, so that a small GET costs one; a failure of that body is
   for who reads it, not for who sends. */
#include "addon.h"

#include <stdlib.h>

enum { SMALL_BODY_MAX = 64 * 1024 };

typedef struct {
  job job; /* first, so that a job * is a send_job * */
  response *response;
  session *session;
  request *request;   /* either this */
  prepared *prepared; /* or this */
  rq_opts *opts;      /* for this sending; NULL: none */
} send_job;

/* Nobody knows how large it is when decoded. */
static bool is_small(const rq_response *got) {
  int64_t len = rq_body_length(got);
  return len == 0 ||
         (len > 0 && len <= SMALL_BODY_MAX && rq_response_header(got, "Content-Encoding") == NULL);
}

/* Worker thread. */
static void send_run(job *work) {
  send_job *send = (send_job *)work;
  rq_error **error = &work->error;
  const rq_session *via = session_inner(send->session);
  rq_response *got;
  if (send->prepared != NULL) {
    got = rq_send_with(via, prepared_inner(send->prepared), send->opts, work->cancel, error);
  } else {
    openings_run(send->request, error);
    got = rq_perform(via, send->request->inner, work->cancel, error);
  }
  send->response->inner = got;
  if (got == NULL) return;
  if (!is_small(got)) return;
  rq_error *failure = NULL;
  rq_body_bytes(got, NULL, &failure);
  rq_error_free(failure);
  send->response->whole = true;
}

/* JS thread: the head; with a body that was read already, the trailers. */
static napi_value send_settle(napi_env env, job *work) {
  response *got = ((send_job *)work)->response;
  got->request = rq_response_request(got->inner);
  napi_value head = response_head(env, got);
  if (got->whole) set(env, head, "trailers", response_fields(env, got->inner, true));
  int64_t kept = got->whole ? rq_body_length(got->inner) : 0;
  response_account(env, got, 1 + (kept > 0 ? (size_t)kept : 0));
  return head;
}

static void send_stop(job *work) {
  response_stop(((send_job *)work)->response);
}

static void send_drop(job *work) {
  send_job *send = (send_job *)work;
  dialog_free(work->dialog);
  if (send->response != NULL) {
    send->response->sending = NULL;
    response_leave(send->response);
  }
  if (send->session != NULL) session_leave(send->session);
  if (send->prepared != NULL) prepared_leave(send->prepared);
  request_free(send->request);
  rq_opts_free(send->opts);
  rq_error_free(work->error);
  free(send);
}

static send_job *send_new(napi_env env, const arguments *given, napi_value ask) {
  send_job *send = calloc(1, sizeof *send);
  if (send == NULL) {
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  send->job = (job){.run = send_run, .settle = send_settle, .drop = send_drop};
  send->job.hear = dialog_hear;
  send->job.stop = send_stop;
  send->response = response_enter(env, given->at[0]);
  if (send->response != NULL) send->session = session_enter(env, given->at[1]);
  if (send->session != NULL) send->job.dialog = dialog_new(env, ask);
  if (send->session != NULL && !is_thrown(env)) {
    send->job.cancel = response_token(send->response);
    send->response->sending = &send->job;
    if (send->job.dialog != NULL) send->job.dialog->sending = send->response;
    return send;
  }
  send_drop(&send->job);
  return NULL;
}

static napi_value send_submit(napi_env env, send_job *send) {
  if (send->request != NULL || send->prepared != NULL) return pool_submit(env, &send->job);
  send_drop(&send->job);
  return NULL;
}

/* responseRequest(response, session, method, url, calls, ask) */
napi_value response_request(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  send_job *send = send_new(env, &given, given.at[5]);
  if (send == NULL) return NULL;
  send->request = request_of(env, given.at + 2);
  return send_submit(env, send);
}

/* What the calls say for this sending; false: an exception is pending. */
static bool send_configure(napi_env env, send_job *send, napi_value calls) {
  rq_error *error = NULL;
  if (is_nullish(env, calls)) return true;
  send->opts = rq_opts_new(&error);
  calls_make(env, calls, option_make, send->opts, &error);
  if (is_thrown(env))
    rq_error_free(error);
  else
    error_thrown(env, error);
  return !is_thrown(env);
}

/* responseSend(response, session, prepared, ask, calls) */
napi_value response_send(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  send_job *send = send_new(env, &given, given.at[3]);
  if (send == NULL) return NULL;
  if (send_configure(env, send, given.at[4])) send->prepared = prepared_enter(env, given.at[2]);
  return send_submit(env, send);
}
