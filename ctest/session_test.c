/* Sessions: one kept connection, what ends it, frees in any order, options at both levels. */
#include "t.h"

static void three_gets_share_one_connection(const char *base) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), &e);
  int connection = 0;
  for (int turn = 1; turn <= 3; turn++) {
    size_t len = 0;
    rq_response *response = rq_get(session, t_url(base, "/json"), &e);
    CHECK_INT(rq_response_status(response), 200);
    CHECK(t_has(rq_body_bytes(response, &len, &e), "\"hello\": \"librq\""));
    CHECK_INT(rq_response_reused(response), turn > 1);
    const char *request_number = rq_response_header(response, "X-Request");
    CHECK_INT(request_number ? atoi(request_number) : 0, turn);
    if (turn == 1) connection = t_connection(response);
    CHECK_INT(t_connection(response), connection);
    rq_response_free(response);
  }
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

static void three_gets_share_one_plain_connection(void) {
  three_gets_share_one_connection("RQ_TEST_HTTP");
}

static void three_gets_share_one_tls_connection(void) {
  three_gets_share_one_connection("RQ_TEST_HTTPS");
}

static void close_idle_lets_the_connection_go(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  int first = t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e);
  rq_session_close_idle(session);
  int second = t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e);
  CHECK(first > 0 && second > 0 && first != second);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

static void close_idle_spares_a_connection_in_use(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/bytes/1048576"), &e);
  rq_session_close_idle(session);
  CHECK(rq_body_bytes(response, &len, &e) != NULL);
  CHECK_INT(len, 1048576);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

static void sessions_share_no_connection(void) {
  rq_error *e = NULL;
  rq_session *one = rq_session_new(&e);
  rq_session *two = rq_session_new(&e);
  int first = t_get(one, t_url("RQ_TEST_HTTP", "/json"), &e);
  CHECK(t_get(two, t_url("RQ_TEST_HTTP", "/json"), &e) != first);
  CHECK_INT(t_get(one, t_url("RQ_TEST_HTTP", "/json"), &e), first);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(two);
  rq_session_free(one);
}

static void a_response_outlives_its_session(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/bytes/1048576"), &e);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  rq_response *response = rq_send(session, prepared, NULL, &e);
  rq_session_free(session);
  CHECK_STR(rq_prepared_method(prepared), "GET");
  rq_prepared_free(prepared);
  rq_request_free(request);
  const unsigned char *bytes = rq_body_bytes(response, &len, &e);
  CHECK_INT(len, 1048576);
  CHECK(bytes && bytes[1048575] == 1048575 % 251);
  CHECK_STR(rq_response_header(response, "Server"), "testd");
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
}

static void a_request_serves_two_sessions(void) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/json"), &e);
  for (int turn = 0; turn < 2; turn++) {
    rq_session *session = rq_session_new(&e);
    rq_response *response = rq_perform(session, request, NULL, &e);
    CHECK_INT(rq_response_status(response), 200);
    CHECK(!rq_response_reused(response));
    rq_session_free(session);
    rq_response_free(response);
  }
  CHECK_CODE(e, RQ_OK);
  rq_request_free(request);
}

/* A name that no resolver knows is sent to the server by the session's own table. */
static void resolve_overrides_the_resolver(void) {
  char address[64] = "";
  char url[128];
  rq_error *e = NULL;
  size_t len = 0;
  snprintf(address, sizeof address, "%s", t_env("RQ_TEST_HTTP") + strlen("http://"));
  rq_session *session = rq_session_new(&e);
  rq_opts *opts = rq_session_opts(session);
  rq_opts_resolve(opts, "with-port.test", 80, address, &e);
  rq_response *response = rq_get(session, "http://with-port.test/echo", &e);
  CHECK(t_has(rq_body_bytes(response, &len, &e), "\r\nHost: with-port.test\r\n"));
  rq_response_free(response);

  char *port = strchr(address, ':');
  CHECK(port != NULL);
  if (port) *port++ = '\0';
  rq_opts_resolve(opts, "without-port.test", port ? (uint32_t)atoi(port) : 0, address, &e);
  snprintf(url, sizeof url, "http://without-port.test:%s/json", port ? port : "");
  CHECK(t_get(session, url, &e) > 0);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

static void requests_over_ipv6(void) {
  rq_error *e = NULL;
  if (t_env("RQ_TEST_HTTP6")[0] == '\0') return; /* this machine has no IPv6 */
  rq_session *session = rq_session_new(&e);
  CHECK(t_get(session, t_url("RQ_TEST_HTTP6", "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

int main(void) {
  RUN(three_gets_share_one_plain_connection);
  RUN(three_gets_share_one_tls_connection);
  RUN(close_idle_lets_the_connection_go);
  RUN(close_idle_spares_a_connection_in_use);
  RUN(sessions_share_no_connection);
  RUN(a_response_outlives_its_session);
  RUN(a_request_serves_two_sessions);
  RUN(resolve_overrides_the_resolver);
  RUN(requests_over_ipv6);
  DONE();
}
