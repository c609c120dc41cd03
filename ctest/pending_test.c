/* Requests that one call begins and another finishes, and poll in between. */
#include <poll.h>
#include "t.h"

enum { MANY = 50, TIMEOUT_MS = 300 };

static rq_session *session_new(uint32_t read_ms) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), &e);
  rq_opts_timeout_ms(rq_session_opts(session), 20000, read_ms, &e);
  rq_opts_pool(rq_session_opts(session), MANY, MANY, 0, &e);
  CHECK_CODE(e, RQ_OK);
  return session;
}

static void wait_for(const rq_pending *pending) {
  struct pollfd wait = {rq_pending_fd(pending), POLLIN, 0};
  CHECK_INT(poll(&wait, 1, (int)rq_pending_wait_ms(pending)), 1);
}

static void finish_with_body(rq_pending *pending, const char *expected) {
  rq_error *e = NULL;
  rq_response *response = rq_pending_finish(pending, &e);
  const char *text = rq_body_text(response, NULL, &e);
  CHECK_CODE(e, RQ_OK);
  CHECK(text && strstr(text, expected));
  CHECK_INT(rq_pending_fd(pending), -1);
  CHECK_INT(rq_pending_wait_ms(pending), -1);
  CHECK(rq_pending_finish(pending, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_response_free(response);
  rq_pending_free(pending);
}

/* Fifty wait in one thread, over connections that are kept the second time. */
static void one_thread_has_many(void) {
  static const char *const bases[] = {"RQ_TEST_HTTP", "RQ_TEST_HTTPS"};
  for (size_t base = 0; base < 2; base++) {
    rq_error *e = NULL;
    rq_session *session = session_new(20000);
    for (int round = 0; round < 2; round++) {
      rq_pending *pending[MANY];
      for (int i = 0; i < MANY; i++) {
        rq_request *request = rq_request_new("GET", t_url(bases[base], "/json"), &e);
        pending[i] = rq_perform_begin(session, request, NULL, &e);
        rq_request_free(request);
        CHECK_CODE(e, RQ_OK);
        CHECK(rq_pending_fd(pending[i]) >= 0);
        CHECK(rq_pending_wait_ms(pending[i]) > 10000 && rq_pending_wait_ms(pending[i]) <= 20000);
      }
      for (int i = MANY - 1; i >= 0; i--) {
        wait_for(pending[i]);
        finish_with_body(pending[i], "librq");
      }
    }
    rq_session_free(session);
  }
}

static void a_prepared_one_has_settings_of_its_own(void) {
  rq_error *e = NULL;
  rq_session *session = session_new(20000);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/stall-head"), &e);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  rq_opts *opts = rq_opts_new(&e);
  rq_opts_timeout_ms(opts, 20000, TIMEOUT_MS, &e);
  rq_pending *pending = rq_send_begin(session, prepared, opts, NULL, &e);
  CHECK_CODE(e, RQ_OK);
  struct pollfd wait = {rq_pending_fd(pending), POLLIN, 0};
  CHECK_INT(poll(&wait, 1, (int)rq_pending_wait_ms(pending)), 0);
  double start = t_now_ms();
  CHECK(rq_pending_finish(pending, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_READ_TIMEOUT);
  CHECK(t_now_ms() - start < TIMEOUT_MS);
  rq_pending_free(pending);
  rq_opts_free(opts);
  rq_prepared_free(prepared);
  rq_request_free(request);
  rq_session_free(session);
}

static void a_cancel_wakes_poll(void) {
  rq_error *e = NULL;
  rq_session *session = session_new(20000);
  rq_cancel *cancel = rq_cancel_new(&e);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTPS", "/stall-head"), &e);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  rq_pending *pending = rq_send_begin(session, prepared, NULL, cancel, &e);
  CHECK_CODE(e, RQ_OK);
  rq_cancel_trigger(cancel);
  wait_for(pending);
  CHECK(rq_pending_finish(pending, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_CANCELLED);
  rq_pending_free(pending);
  rq_prepared_free(prepared);
  rq_request_free(request);
  rq_cancel_free(cancel);
  rq_session_free(session);
}

/* What it came from may be freed before it, and it itself before it is finished. */
static void it_outlives_its_session(void) {
  rq_error *e = NULL;
  rq_session *session = session_new(20000);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/json"), &e);
  rq_pending *given_up = rq_perform_begin(session, request, NULL, &e);
  rq_pending *pending = rq_perform_begin(session, request, NULL, &e);
  CHECK_CODE(e, RQ_OK);
  rq_request_free(request);
  rq_session_free(session);
  rq_pending_free(given_up);
  finish_with_body(pending, "librq");
}

static void what_is_wrong_is_told(void) {
  rq_error *e = NULL;
  rq_session *session = session_new(20000);
  rq_request *request = rq_request_new("GET", t_env("RQ_TEST_REFUSED"), &e);
  rq_pending *pending = rq_perform_begin(session, request, NULL, &e);
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(rq_pending_fd(pending), -1);
  CHECK(rq_pending_finish(pending, &e) == NULL);
  CHECK(rq_perform_begin(session, request, NULL, &e) == NULL); /* an error is set */
  CHECK_CODE(e, RQ_ERR_CONNECT);
  CHECK(rq_perform_begin(NULL, request, NULL, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK(rq_send_begin(session, NULL, NULL, NULL, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK(rq_pending_finish(NULL, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK_INT(rq_pending_fd(NULL), -1);
  CHECK_INT(rq_pending_wait_ms(NULL), -1);
  rq_pending_free(NULL);
  rq_pending_free(pending);
  rq_request_free(request);
  rq_session_free(session);
}

int main(void) {
  RUN(one_thread_has_many);
  RUN(a_prepared_one_has_settings_of_its_own);
  RUN(a_cancel_wakes_poll);
  RUN(it_outlives_its_session);
  RUN(what_is_wrong_is_told);
  DONE();
}
