/* Prepared requests: the default headers, how session and request merge, the length of the body,
 * edits, and that what is sent is what was prepared, byte for byte (the server's /echo). */
#include "t.h"

static rq_prepared *prepare(const rq_session *session, const char *method, rq_error **error) {
  rq_request *request = rq_request_new(method, t_url("RQ_TEST_HTTP", "/echo"), error);
  rq_prepared *prepared = rq_prepare(session, request, error);
  rq_request_free(request);
  return prepared;
}

static void check_header_at(const rq_prepared *prepared, size_t index, const char *want_name,
                            const char *want_value) {
  const char *name = NULL;
  const char *value = NULL;
  CHECK(rq_prepared_header_at(prepared, index, &name, &value));
  CHECK_STR(name, want_name);
  if (want_value) CHECK_STR(value, want_value);
}

/* The request as it must look on the wire, written by hand from what the handle tells. */
static void write_wire(const rq_prepared *prepared, const char *target, char *wire, size_t cap) {
  const char *name = NULL;
  const char *value = NULL;
  size_t body_len = 0;
  const char *body = rq_prepared_body(prepared, &body_len);
  int at = snprintf(wire, cap, "%s %s HTTP/1.1\r\nHost: %s\r\n", rq_prepared_method(prepared),
                    target, t_env("RQ_TEST_HTTP") + strlen("http://"));
  for (size_t i = 0; rq_prepared_header_at(prepared, i, &name, &value); i++) {
    at += snprintf(wire + at, cap - (size_t)at, "%s: %s\r\n", name, value);
  }
  snprintf(wire + at, cap - (size_t)at, "\r\n%.*s", (int)body_len, body ? body : "");
}

/* Sends it and takes it; `target` is what the request line must name. */
static void check_sent_as_prepared(rq_prepared *prepared, const char *target, rq_error **error) {
  char wire[4096];
  size_t len = 0;
  rq_session *session = rq_session_new(error);
  rq_response *response = rq_send(session, prepared, NULL, error);
  write_wire(prepared, target, wire, sizeof wire);
  CHECK_STR(rq_body_bytes(response, &len, error), wire);
  rq_response_free(response);
  rq_session_free(session);
  rq_prepared_free(prepared);
}

static void default_headers_come_in_order(void) {
  const char *name = NULL;
  const char *value = NULL;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_prepared *prepared = prepare(session, "GET", &e);
  check_header_at(prepared, 0, "User-Agent", NULL);
  check_header_at(prepared, 1, "Accept-Encoding", NULL);
  check_header_at(prepared, 2, "Accept", "*/*");
  check_header_at(prepared, 3, "Connection", "keep-alive");
  CHECK(!rq_prepared_header_at(prepared, 4, &name, &value));
  CHECK(t_has(rq_prepared_header(prepared, "user-agent"), rq_version()));
  CHECK_STR(rq_prepared_method(prepared), "GET");
  CHECK_STR(rq_prepared_url(prepared), t_url("RQ_TEST_HTTP", "/echo"));
  check_sent_as_prepared(prepared, "/echo", &e);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

static void without_a_session_there_are_no_defaults(void) {
  const char *name = NULL;
  const char *value = NULL;
  rq_error *e = NULL;
  rq_prepared *prepared = prepare(NULL, "GET", &e);
  CHECK(!rq_prepared_header_at(prepared, 0, &name, &value));
  check_sent_as_prepared(prepared, "/echo", &e);
  CHECK_CODE(e, RQ_OK);
}

static void null_removes_a_header(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_header(rq_session_opts(session), "accept-encoding", NULL, &e);
  rq_opts_header(rq_session_opts(session), "X-Session", "1", &e);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/echo"), &e);
  rq_opts_header(rq_request_opts(request), "USER-AGENT", NULL, &e);
  rq_opts_header(rq_request_opts(request), "x-session", NULL, &e);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  check_header_at(prepared, 0, "Accept", "*/*");
  check_header_at(prepared, 1, "Connection", "keep-alive");
  CHECK_STR(rq_prepared_header(prepared, "User-Agent"), NULL);
  check_sent_as_prepared(prepared, "/echo", &e);

  prepared = prepare(session, "GET", &e); /* the request's removal is not kept by the session */
  check_header_at(prepared, 0, "User-Agent", NULL);
  check_header_at(prepared, 3, "X-Session", "1");
  rq_prepared_free(prepared);
  CHECK_CODE(e, RQ_OK);
  rq_request_free(request);
  rq_session_free(session);
}

/* The session gives a header its place, the request its spelling and its value. */
static void the_request_wins_in_the_sessions_place(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_header(rq_session_opts(session), "X-First", "session", &e);
  rq_opts_header(rq_session_opts(session), "X-Second", "session", &e);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/echo"), &e);
  rq_opts_header(rq_request_opts(request), "X-Own", "request", &e);
  rq_opts_header(rq_request_opts(request), "x-FIRST", "request", &e);
  rq_opts_header(rq_request_opts(request), "accept", "text/plain", &e);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  check_header_at(prepared, 2, "accept", "text/plain");
  check_header_at(prepared, 4, "x-FIRST", "request");
  check_header_at(prepared, 5, "X-Second", "session");
  check_header_at(prepared, 6, "X-Own", "request");
  CHECK_STR(rq_prepared_header(prepared, "X-First"), "request");
  check_sent_as_prepared(prepared, "/echo", &e);
  CHECK_CODE(e, RQ_OK);
  rq_request_free(request);
  rq_session_free(session);
}

static void header_add_repeats_a_field(void) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/echo"), &e);
  rq_opts *opts = rq_request_opts(request);
  rq_opts_header_add(opts, "X-Tag", "one", &e);
  rq_opts_header(opts, "X-Other", "", &e);
  rq_opts_header_add(opts, "x-tag", "two", &e);
  rq_prepared *prepared = rq_prepare(NULL, request, &e);
  CHECK_STR(rq_prepared_header(prepared, "X-TAG"), "one, two");
  CHECK_STR(rq_prepared_header(prepared, "X-Other"), "");
  CHECK_STR(rq_prepared_header(prepared, "X-Absent"), NULL);
  check_sent_as_prepared(prepared, "/echo", &e);

  rq_opts_header(opts, "X-Tag", "alone", &e); /* setting replaces all of them */
  prepared = rq_prepare(NULL, request, &e);
  CHECK_STR(rq_prepared_header(prepared, "X-Tag"), "alone");
  rq_prepared_free(prepared);
  CHECK_CODE(e, RQ_OK);
  rq_request_free(request);
}

static void check_length(const char *method, const char *body, const char *want) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new(method, t_url("RQ_TEST_HTTP", "/echo"), &e);
  if (body) rq_request_body(request, body, strlen(body), &e);
  rq_prepared *prepared = rq_prepare(NULL, request, &e);
  CHECK_STR(rq_prepared_header(prepared, "Content-Length"), want);
  check_sent_as_prepared(prepared, "/echo", &e);
  CHECK_CODE(e, RQ_OK);
  rq_request_free(request);
}

static void the_length_follows_method_and_body(void) {
  check_length("GET", NULL, NULL);
  check_length("GET", "with a body", "11");
  check_length("POST", NULL, "0");
  check_length("POST", "", "0");
  check_length("POST", "hello", "5");
  check_length("PUT", NULL, "0");
  check_length("DELETE", NULL, "0");
  check_length("MKCOL", "x", "1");
}

static void a_wrong_length_is_put_right(void) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("POST", t_url("RQ_TEST_HTTP", "/echo"), &e);
  rq_opts_header(rq_request_opts(request), "Content-Length", "3", &e);
  rq_request_body(request, "hello", 5, &e);
  rq_prepared *prepared = rq_prepare(NULL, request, &e);
  CHECK_STR(rq_prepared_header(prepared, "Content-Length"), "5");
  check_sent_as_prepared(prepared, "/echo", &e);
  CHECK_CODE(e, RQ_OK);
  rq_request_free(request);
}

static void everything_can_be_edited(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_prepared *prepared = prepare(session, "POST", &e);
  rq_prepared_set_method(prepared, "PUT", &e);
  rq_prepared_set_url(prepared, t_url("RQ_TEST_HTTP", "/echo?edited=yes"), &e);
  rq_prepared_set_header(prepared, "ACCEPT", "text/plain", &e);
  rq_prepared_set_header(prepared, "User-Agent", NULL, &e);
  rq_prepared_set_header(prepared, "X-New", "1", &e);
  rq_prepared_set_body(prepared, "edited body", 11, &e);
  CHECK_STR(rq_prepared_method(prepared), "PUT");
  CHECK_STR(rq_prepared_url(prepared), t_url("RQ_TEST_HTTP", "/echo?edited=yes"));
  CHECK_STR(rq_prepared_header(prepared, "content-length"), "11");
  CHECK(memcmp(rq_prepared_body(prepared, &len), "edited body", 11) == 0);
  CHECK_INT(len, 11);
  check_header_at(prepared, 0, "Accept-Encoding", NULL);
  check_header_at(prepared, 1, "ACCEPT", "text/plain");
  check_sent_as_prepared(prepared, "/echo?edited=yes", &e);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

static void the_length_follows_an_edited_body(void) {
  size_t len = 7;
  rq_error *e = NULL;
  rq_prepared *prepared = prepare(NULL, "POST", &e);
  CHECK(rq_prepared_body(prepared, &len) == NULL);
  CHECK_INT(len, 0);
  rq_prepared_set_body(prepared, "four", 4, &e);
  CHECK_STR(rq_prepared_header(prepared, "Content-Length"), "4");
  rq_prepared_set_body(prepared, "longer", 6, &e);
  CHECK_STR(rq_prepared_header(prepared, "Content-Length"), "6");
  rq_prepared_set_body(prepared, NULL, 0, &e);
  CHECK_STR(rq_prepared_header(prepared, "Content-Length"), "0");
  CHECK(rq_prepared_body(prepared, &len) == NULL);
  check_sent_as_prepared(prepared, "/echo", &e);
  CHECK_CODE(e, RQ_OK);
}

/* A failed edit names what is wrong and leaves the request as it was. */
static void a_bad_edit_changes_nothing(void) {
  rq_error *e = NULL;
  rq_prepared *prepared = prepare(NULL, "GET", &e);
  CHECK_CODE(e, RQ_OK);
  rq_prepared_set_header(prepared, "X-Bad", "a\r\nX-Injected: b", &e);
  CHECK_CODE(e, RQ_ERR_INVALID_HEADER);
  rq_prepared_set_method(prepared, "GET /other", &e);
  CHECK_CODE(e, RQ_ERR_INVALID_METHOD);
  rq_prepared_set_url(prepared, "http://", &e);
  CHECK_CODE(e, RQ_ERR_INVALID_URL);
  CHECK_STR(rq_prepared_header(prepared, "X-Bad"), NULL);
  CHECK_STR(rq_prepared_method(prepared), "GET");
  check_sent_as_prepared(prepared, "/echo", &e);
  CHECK_CODE(e, RQ_OK);
}

static void a_prepared_request_can_be_sent_again(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_prepared *prepared = prepare(session, "GET", &e);
  for (int turn = 0; turn < 3; turn++) {
    size_t len = 0;
    rq_response *response = rq_send(session, prepared, NULL, &e);
    CHECK(rq_body_bytes(response, &len, &e) != NULL);
    CHECK_INT(rq_response_reused(response), turn > 0);
    rq_response_free(response);
  }
  CHECK_CODE(e, RQ_OK);
  rq_prepared_free(prepared);
  rq_session_free(session);
}

int main(void) {
  RUN(default_headers_come_in_order);
  RUN(without_a_session_there_are_no_defaults);
  RUN(null_removes_a_header);
  RUN(the_request_wins_in_the_sessions_place);
  RUN(header_add_repeats_a_field);
  RUN(the_length_follows_method_and_body);
  RUN(a_wrong_length_is_put_right);
  RUN(everything_can_be_edited);
  RUN(the_length_follows_an_edited_body);
  RUN(a_bad_edit_changes_nothing);
  RUN(a_prepared_request_can_be_sent_again);
  DONE();
}
