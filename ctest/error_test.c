/* Errors: the sticky rule, NULL where an error may go, what an error tells, errno left alone. */
#include "t.h"

#include <errno.h>

static void a_set_error_stops_every_later_call(void) {
  size_t len = 7;
  rq_error *first = NULL;
  rq_error *none = NULL;
  rq_session *session = rq_session_new(&none);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/json"), &none);
  rq_prepared *prepared = rq_prepare(session, request, &none);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/json"), &none);
  CHECK_CODE(none, RQ_OK);

  rq_error_set(&first, RQ_ERR_CALLBACK, "set by the test");
  rq_error *kept = first;
  char byte = 'x';
  CHECK(rq_session_new(&first) == NULL);
  CHECK(rq_cancel_new(&first) == NULL);
  CHECK(rq_request_new("GET", "http://localhost/", &first) == NULL);
  CHECK(rq_prepare(session, request, &first) == NULL);
  CHECK(rq_send(session, prepared, NULL, &first) == NULL);
  CHECK(rq_perform(session, request, NULL, &first) == NULL);
  CHECK(rq_get(session, t_url("RQ_TEST_HTTP", "/json"), &first) == NULL);
  CHECK(rq_body_bytes(response, &len, &first) == NULL);
  CHECK_INT(rq_body_read(response, &byte, 1, &first), -1);
  CHECK(byte == 'x');
  rq_prepared_set_method(prepared, "POST", &first);
  rq_opts_header(rq_request_opts(request), "X-Late", "1", &first);
  CHECK(first == kept);
  CHECK_CODE(first, RQ_ERR_CALLBACK);

  CHECK_STR(rq_prepared_method(prepared), "GET"); /* and nothing of it was done */
  rq_prepared *again = rq_prepare(session, request, &none);
  CHECK_STR(rq_prepared_header(again, "X-Late"), NULL);
  CHECK(rq_body_bytes(response, &len, &none) != NULL && len > 0);
  CHECK_CODE(none, RQ_OK);
  rq_prepared_free(again);
  rq_response_free(response);
  rq_prepared_free(prepared);
  rq_request_free(request);
  rq_session_free(session);
}

static void one_check_at_the_end_is_enough(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_request *request = rq_request_new("GET", "no schema here", &e);
  rq_opts_header(rq_request_opts(request), "X-A", "1", &e);
  rq_request_body(request, "x", 1, &e);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  rq_response *response = rq_send(session, prepared, NULL, &e);
  CHECK_INT(rq_response_status(response), 0);
  CHECK_CODE(e, RQ_ERR_MISSING_SCHEMA);
  rq_response_free(response);
  rq_prepared_free(prepared);
  rq_request_free(request);
  rq_session_free(session);
}

static void a_null_error_is_allowed(void) {
  size_t len = 0;
  char byte;
  rq_session *session = rq_session_new(NULL);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/truncated"), NULL);
  CHECK(rq_get(session, t_env("RQ_TEST_REFUSED"), NULL) == NULL);
  CHECK(rq_get(session, NULL, NULL) == NULL);
  CHECK(rq_body_bytes(response, &len, NULL) == NULL);
  while (rq_body_read(response, &byte, 1, NULL) > 0) { /* what came before the error */
  }
  CHECK_INT(rq_body_read(response, &byte, 1, NULL), -1);
  rq_opts_header(rq_session_opts(session), "bad name", "1", NULL);
  rq_error_set(NULL, RQ_ERR_CALLBACK, "nowhere to go");
  rq_response_free(response);
  rq_session_free(session);
}

static void set_makes_an_error_once(void) {
  rq_error *e = NULL;
  rq_error_set(&e, RQ_ERR_CALLBACK, "first");
  rq_error_set(&e, RQ_ERR_LIMIT, "second");
  CHECK_INT(rq_error_code(e), RQ_ERR_CALLBACK);
  CHECK_STR(rq_error_message(e), "first");
  CHECK_STR(rq_error_url(e), NULL);
  CHECK_INT(rq_error_errno(e), 0);
  CHECK_INT(rq_error_status(e), 0);
  rq_error_free(e);
}

static void null_reads_as_no_error(void) {
  CHECK_INT(rq_error_code(NULL), RQ_OK);
  CHECK_STR(rq_error_message(NULL), "");
  CHECK_STR(rq_error_phase(NULL), "");
  CHECK_STR(rq_error_url(NULL), NULL);
  CHECK_INT(rq_error_errno(NULL), 0);
  CHECK_INT(rq_error_status(NULL), 0);
}

static void freeing_null_does_nothing(void) {
  rq_error_free(NULL);
  rq_cancel_free(NULL);
  rq_session_free(NULL);
  rq_request_free(NULL);
  rq_prepared_free(NULL);
  rq_response_free(NULL);
  CHECK_INT(rq_error_code(NULL), RQ_OK);
}

static void an_error_tells_where_and_why(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  const char *url = t_url("RQ_TEST_REFUSED", "/path");
  CHECK(rq_get(session, url, &e) == NULL);
  CHECK_INT(rq_error_errno(e), ECONNREFUSED);
  CHECK_STR(rq_error_phase(e), "connect");
  CHECK_STR(rq_error_exception(e), "ConnectionError");
  CHECK_STR(rq_error_url(e), url);
  CHECK(t_has(rq_error_message(e), "127.0.0.1"));
  CHECK_CODE(e, RQ_ERR_CONNECT);
  rq_session_free(session);
}

static void errno_is_left_alone(void) {
  rq_error *e = NULL;
  errno = EXDEV;
  rq_session *session = rq_session_new(&e);
  CHECK_INT(errno, EXDEV);
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0);
  CHECK_INT(errno, EXDEV);
  CHECK(rq_get(session, t_env("RQ_TEST_REFUSED"), &e) == NULL);
  CHECK_INT(errno, EXDEV);
  rq_error_free(e);
  rq_session_free(session);
  CHECK_INT(errno, EXDEV);
}

int main(void) {
  RUN(a_set_error_stops_every_later_call);
  RUN(one_check_at_the_end_is_enough);
  RUN(a_null_error_is_allowed);
  RUN(set_makes_an_error_once);
  RUN(null_reads_as_no_error);
  RUN(freeing_null_does_nothing);
  RUN(an_error_tells_where_and_why);
  RUN(errno_is_left_alone);
  DONE();
}
