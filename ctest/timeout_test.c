/* Timeouts: each ends its own phase, between T and T + 1 s, under its own code and name. */
#include "t.h"

#define TIMEOUT_MS 300u

/* Checks that the call which began at `start` ended in time, with this code; takes the error. */
static void check_timed_out(double start, rq_error **error, rq_code code, const char *exception) {
  double took = t_now_ms() - start;
  if (took < TIMEOUT_MS || took > TIMEOUT_MS + 1000) printf("it took %.0f ms\n", took);
  CHECK(took >= TIMEOUT_MS);
  CHECK(took <= TIMEOUT_MS + 1000 * t_slowness());
  CHECK_STR(rq_error_exception(*error), exception);
  CHECK_CODE(*error, code);
}

static void check_get(rq_session *session, const char *url, rq_code code, const char *exception) {
  rq_error *e = NULL;
  double start = t_now_ms();
  CHECK(rq_get(session, url, &e) == NULL);
  check_timed_out(start, &e, code, exception);
}

static rq_session *session_with(uint32_t connect_ms, uint32_t read_ms, uint32_t total_ms) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts *opts = rq_session_opts(session);
  rq_opts_ca_file(opts, t_env("RQ_TEST_CA_FILE"), &e);
  rq_opts_timeout_ms(opts, connect_ms, read_ms, &e);
  rq_opts_deadline_ms(opts, total_ms, &e);
  CHECK_CODE(e, RQ_OK);
  return session;
}

/* An https:// address on the port that accepts and then says nothing. */
static const char *silent_tls(void) {
  static char url[128];
  snprintf(url, sizeof url, "https://%s/", t_env("RQ_TEST_SILENT"));
  return url;
}

static void connect_timeout(void) {
  rq_session *session = session_with(TIMEOUT_MS, 20000, 0);
  check_get(session, t_env("RQ_TEST_BLACKHOLE"), RQ_ERR_CONNECT_TIMEOUT, "ConnectTimeout");
  rq_session_free(session);
}

static void the_tls_handshake_counts_as_connect(void) {
  rq_session *session = session_with(TIMEOUT_MS, 20000, 0);
  check_get(session, silent_tls(), RQ_ERR_CONNECT_TIMEOUT, "ConnectTimeout");
  rq_session_free(session);
}

static void read_timeout_before_the_head(void) {
  rq_session *session = session_with(20000, TIMEOUT_MS, 0);
  check_get(session, t_url("RQ_TEST_HTTP", "/stall-head"), RQ_ERR_READ_TIMEOUT, "ReadTimeout");
  check_get(session, t_url("RQ_TEST_HTTPS", "/stall-head"), RQ_ERR_READ_TIMEOUT, "ReadTimeout");
  rq_session_free(session);
}

static void read_timeout_in_the_body(void) {
  char bytes[100];
  size_t have = 0;
  int64_t got;
  rq_error *e = NULL;
  rq_session *session = session_with(20000, TIMEOUT_MS, 0);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/stall-body"), &e);
  CHECK_CODE(e, RQ_OK);
  double start = t_now_ms();
  while ((got = rq_body_read(response, bytes, sizeof bytes, &e)) > 0) have += (size_t)got;
  CHECK_INT(have, 10);
  check_timed_out(start, &e, RQ_ERR_READ_TIMEOUT, "ReadTimeout");
  CHECK_INT(rq_body_read(response, bytes, sizeof bytes, &e), -1); /* and it stays */
  CHECK_CODE(e, RQ_ERR_READ_TIMEOUT);
  rq_response_free(response);
  rq_session_free(session);
}

/* The read timeout is for each wait, not for the whole: a slow body that moves is no failure. */
static void a_moving_body_does_not_time_out(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = session_with(20000, TIMEOUT_MS * (uint32_t)t_slowness(), 0);
  double start = t_now_ms();
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/drip/10/100"), &e);
  CHECK(rq_body_bytes(response, &len, &e) != NULL);
  CHECK_INT(len, 10);
  CHECK(t_now_ms() - start > 2 * TIMEOUT_MS);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

static void the_deadline_ends_a_moving_body(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = session_with(20000, 20000, TIMEOUT_MS);
  double start = t_now_ms();
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/drip/100/50"), &e);
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_body_bytes(response, &len, &e) == NULL);
  check_timed_out(start, &e, RQ_ERR_TOTAL_TIMEOUT, "Timeout");
  rq_response_free(response);
  rq_session_free(session);
}

static void the_deadline_covers_every_phase(void) {
  rq_session *session = session_with(20000, 20000, TIMEOUT_MS);
  check_get(session, t_env("RQ_TEST_BLACKHOLE"), RQ_ERR_TOTAL_TIMEOUT, "Timeout");
  check_get(session, silent_tls(), RQ_ERR_TOTAL_TIMEOUT, "Timeout");
  check_get(session, t_url("RQ_TEST_HTTP", "/stall-head"), RQ_ERR_TOTAL_TIMEOUT, "Timeout");
  rq_session_free(session);
}

/* A peer that stops reading must not hold an upload for ever. */
static void a_blocked_upload_times_out(void) {
  size_t len = 64u << 20;
  void *body = calloc(1, len);
  rq_error *e = NULL;
  rq_session *session = session_with(20000, TIMEOUT_MS, 0);
  rq_request *request = rq_request_new("POST", t_url("RQ_TEST_HTTP", "/no-read"), &e);
  rq_request_body(request, body, len, &e);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  free(body);
  CHECK_CODE(e, RQ_OK);
  double start = t_now_ms();
  CHECK(rq_send(session, prepared, NULL, &e) == NULL);
  check_timed_out(start, &e, RQ_ERR_WRITE_TIMEOUT, "ConnectionError");
  rq_prepared_free(prepared);
  rq_request_free(request);
  rq_session_free(session);
}

static void the_requests_timeout_wins(void) {
  rq_error *e = NULL;
  rq_session *session = session_with(20000, 20000, 0);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/stall-head"), &e);
  rq_opts_timeout_ms(rq_request_opts(request), 20000, TIMEOUT_MS, &e);
  CHECK_CODE(e, RQ_OK);
  double start = t_now_ms();
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  check_timed_out(start, &e, RQ_ERR_READ_TIMEOUT, "ReadTimeout");
  rq_request_free(request);
  rq_session_free(session);
}

/* One request's short read timeout must not stay on the connection for the next request. */
static void a_timeout_does_not_stay_on_the_connection(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = session_with(20000, 20000, 0);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/json"), &e);
  rq_opts_timeout_ms(rq_request_opts(request), 20000, TIMEOUT_MS * (uint32_t)t_slowness(), &e);
  rq_response *quick = rq_perform(session, request, NULL, &e);
  CHECK(rq_body_bytes(quick, &len, &e) != NULL);
  char path[32];
  snprintf(path, sizeof path, "/delay/%u", 2 * TIMEOUT_MS * (unsigned)t_slowness());
  rq_response *slow = rq_get(session, t_url("RQ_TEST_HTTP", path), &e);
  CHECK(rq_response_reused(slow));
  CHECK_STR(rq_body_bytes(slow, &len, &e), "slept");
  CHECK_CODE(e, RQ_OK);
  rq_response_free(slow);
  rq_response_free(quick);
  rq_request_free(request);
  rq_session_free(session);
}

int main(void) {
  RUN(connect_timeout);
  RUN(the_tls_handshake_counts_as_connect);
  RUN(read_timeout_before_the_head);
  RUN(read_timeout_in_the_body);
  RUN(a_moving_body_does_not_time_out);
  RUN(the_deadline_ends_a_moving_body);
  RUN(the_deadline_covers_every_phase);
  RUN(a_blocked_upload_times_out);
  RUN(the_requests_timeout_wins);
  RUN(a_timeout_does_not_stay_on_the_connection);
  DONE();
}
