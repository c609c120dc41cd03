/* Responses: status, reason, headers as received, times, raise, replies that have no body. */
#include "t.h"

static rq_response *perform(const rq_session *session, const char *method, const char *path,
                            rq_error **error) {
  rq_request *request = rq_request_new(method, t_url("RQ_TEST_HTTP", path), error);
  rq_response *response = rq_perform(session, request, NULL, error);
  rq_request_free(request);
  return response;
}

static void status_and_reason(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response = perform(session, "GET", "/status/418?reason=short%20and%20stout", &e);
  CHECK_INT(rq_response_status(response), 418);
  CHECK_STR(rq_response_reason(response), "short and stout");
  CHECK_INT(rq_response_http_version(response), 11);
  CHECK_STR(rq_response_url(response),
            t_url("RQ_TEST_HTTP", "/status/418?reason=short%20and%20stout"));
  CHECK_STR(rq_body_bytes(response, &len, &e), "status 418\n");
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

static void headers_in_any_case_joined(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response = perform(session, "GET", "/headers", &e);
  CHECK_STR(rq_response_header(response, "X-ODD-case"), "a, b");
  CHECK_STR(rq_response_header(response, "set-cookie"), "a=1; Path=/, b=2");
  CHECK_STR(rq_response_header(response, "X-Empty"), "");
  CHECK_STR(rq_response_header(response, "X-Absent"), NULL);
  CHECK_STR(rq_response_header(response, "server"), "testd");
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

/* Bytes above 127 come as they were sent: no encoding is guessed. */
static void headers_as_received(void) {
  static const char *const want[][2] = {
      {"X-Odd-CASE", "a"}, {"x-odd-case", "b"},     {"Set-Cookie", "a=1; Path=/"},
      {"Set-Cookie", "b=2"}, {"X-Latin", "caf\xe9"}, {"X-Empty", ""},
  };
  const char *name = NULL;
  const char *value = NULL;
  size_t index = 0;
  size_t count = sizeof want / sizeof want[0];
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response = perform(session, "GET", "/headers", &e);
  while (rq_response_header_at(response, index, &name, &value) && strcmp(name, want[0][0]) != 0) {
    index++;
  }
  for (size_t i = 0; i < count; i++) {
    CHECK(rq_response_header_at(response, index + i, &name, &value));
    CHECK_STR(name, want[i][0]);
    CHECK_STR(value, want[i][1]);
  }
  name = value = "untouched";
  CHECK(!rq_response_header_at(response, 1000, &name, &value));
  CHECK_STR(name, "untouched");
  CHECK_STR(value, "untouched");
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

static void elapsed_is_from_send_to_head(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  double start = t_now_ms();
  rq_response *response = perform(session, "GET", "/delay/200", &e);
  double whole = t_now_ms() - start;
  double elapsed = rq_response_elapsed_ms(response);
  CHECK(elapsed >= 200);
  CHECK(elapsed <= whole);
  rq_response_free(response);

  response = perform(session, "GET", "/drip/4/100", &e); /* the body's time does not count */
  size_t len = 0;
  CHECK(rq_body_bytes(response, &len, &e) != NULL);
  CHECK(rq_response_elapsed_ms(response) < 300 * t_slowness());
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

static void raise_is_for_4xx_and_5xx(void) {
  static const struct {
    const char *path;
    int status;
    const char *kind;
  } cases[] = {
      {"/status/200", 200, NULL},           {"/status/302", 302, NULL},
      {"/status/399", 399, NULL},           {"/status/400", 400, " Client Error: "},
      {"/status/404", 404, " Client Error: "}, {"/status/499", 499, " Client Error: "},
      {"/status/500", 500, " Server Error: "}, {"/status/599", 599, " Server Error: "},
  };
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    rq_response *response = perform(session, "GET", cases[i].path, &e);
    CHECK_INT(rq_response_status(response), cases[i].status);
    CHECK_CODE(e, RQ_OK);
    rq_response_raise(response, &e);
    if (cases[i].kind) {
      CHECK(t_has(rq_error_message(e), cases[i].kind));
      CHECK(t_has(rq_error_message(e), t_url("RQ_TEST_HTTP", cases[i].path)));
      CHECK_INT(rq_error_status(e), cases[i].status);
      CHECK_STR(rq_error_exception(e), "HTTPError");
    }
    CHECK_CODE(e, cases[i].kind ? RQ_ERR_STATUS : RQ_OK);
    rq_response_free(response);
  }
  rq_session_free(session);
}

static void raise_says_what_requests_says(void) {
  char want[256];
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response = perform(session, "GET", "/status/404?reason=Not%20Found", &e);
  snprintf(want, sizeof want, "404 Client Error: Not Found for url: %s",
           t_url("RQ_TEST_HTTP", "/status/404?reason=Not%20Found"));
  rq_response_raise(response, &e);
  CHECK_STR(rq_error_message(e), want);
  CHECK_CODE(e, RQ_ERR_STATUS);
  CHECK_STR(rq_body_bytes(response, &len, &e), "status 404\n"); /* the response stays usable */
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

static void http_1_0_is_told(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response = perform(
      session, "GET", "/raw?q=HTTP%2F1.0%20200%20OK%0D%0AX-A%3A%201%0D%0A%0D%0Aold", &e);
  CHECK_INT(rq_response_http_version(response), 10);
  CHECK_STR(rq_body_bytes(response, &len, &e), "old");
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

static void a_missing_reason_is_empty(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response =
      perform(session, "GET", "/raw?q=HTTP%2F1.1%20200%0D%0AContent-Length%3A%200%0D%0A%0D%0A", &e);
  CHECK_INT(rq_response_status(response), 200);
  CHECK_STR(rq_response_reason(response), "");
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

/* No body whatever the head says, nothing waited for, and the connection is kept. */
static void replies_without_a_body(void) {
  static const char *const cases[][2] = {
      {"HEAD", "/json"}, {"HEAD", "/bytes/1000000"}, {"GET", "/status/204"}, {"GET", "/status/304"},
  };
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  int connection = t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    size_t len = 7;
    rq_response *response = perform(session, cases[i][0], cases[i][1], &e);
    CHECK_INT(t_connection(response), connection);
    CHECK_STR(rq_body_bytes(response, &len, &e), "");
    CHECK_INT(len, 0);
    rq_response_free(response);
  }
  CHECK_INT(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e), connection);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

static void interim_replies_are_passed_over(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response = perform(session, "GET", "/interim", &e);
  CHECK_INT(rq_response_status(response), 200);
  CHECK_STR(rq_response_header(response, "Link"), NULL);
  CHECK_STR(rq_body_bytes(response, &len, &e), "done");
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  CHECK(perform(session, "GET", "/interim/100", &e) == NULL);
  CHECK_CODE(e, RQ_ERR_LIMIT);
  rq_session_free(session);
}

static void hostile_heads_are_refused(void) {
  static const struct {
    const char *path;
    rq_code code;
  } cases[] = {
      {"/huge-head/1000000", RQ_ERR_LIMIT},
      {"/many-fields/1000", RQ_ERR_LIMIT},
      {"/raw?q=SSH-2.0-nothing%0D%0A", RQ_ERR_PROTOCOL},
      {"/raw?q=HTTP%2F1.1%20abc%20Odd%0D%0A%0D%0A", RQ_ERR_PROTOCOL},
      {"/raw?q=HTTP%2F1.1%20200%20OK%0D%0AContent-Length%3A%201%0D%0AContent-Length%3A%202"
       "%0D%0A%0D%0Aab",
       RQ_ERR_PROTOCOL},
      {"/raw?q=HTTP%2F1.1%20200%20OK%0D%0AContent-Length%3A%20-1%0D%0A%0D%0A", RQ_ERR_PROTOCOL},
      {"/rst-head", RQ_ERR_CLOSED},
  };
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    CHECK(perform(session, "GET", cases[i].path, &e) == NULL);
    CHECK_CODE(e, cases[i].code);
  }
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

int main(void) {
  RUN(status_and_reason);
  RUN(headers_in_any_case_joined);
  RUN(headers_as_received);
  RUN(elapsed_is_from_send_to_head);
  RUN(raise_is_for_4xx_and_5xx);
  RUN(raise_says_what_requests_says);
  RUN(http_1_0_is_told);
  RUN(a_missing_reason_is_empty);
  RUN(replies_without_a_body);
  RUN(interim_replies_are_passed_over);
  RUN(hostile_heads_are_refused);
  DONE();
}
