/* Forms and JSON: how they are written, which content wins, and JSON that is none (behaviours B3 to
 * B5). Parts are in multipart_test. */
#include "take.h"

static rq_session *session;

static rq_request *post(void) {
  return rq_request_new("POST", t_url("RQ_TEST_HTTP", "/echo"), NULL);
}

/* Sends and frees the request: its Content-Type and its body, as the server received them. */
static void check_sent(rq_request *request, const char *content_type, const char *body) {
  rq_error *e = NULL;
  char want[256];
  char *echo = take(session, request, &e);
  const char *end = t_has(echo, "\r\n\r\n") ? strstr(echo, "\r\n\r\n") : NULL;
  snprintf(want, sizeof want, "\r\nContent-Type: %s\r\n", content_type ? content_type : "");
  CHECK(t_has(echo, content_type ? want : "POST"));
  CHECK(content_type || !t_has(echo, "Content-Type"));
  snprintf(want, sizeof want, "\r\nContent-Length: %zu\r\n", strlen(body));
  CHECK(t_has(echo, want));
  CHECK_STR(end ? end + 4 : NULL, body);
  CHECK_CODE(e, RQ_OK);
  free(echo);
}

static void fields_are_form_encoded_in_order(void) {
  rq_request *request = post();
  rq_request_field(request, "b", "1 2", NULL);
  rq_request_field(request, "a", "\xc3\xbc&=+\r\n", NULL);
  rq_request_field(request, "left out", NULL, NULL);
  rq_request_field(request, "b", "", NULL);
  check_sent(request, "application/x-www-form-urlencoded", "b=1+2&a=%C3%BC%26%3D%2B%0D%0A&b=");
}

static void a_content_type_of_ones_own_stays(void) {
  rq_request *request = post();
  rq_opts_header(rq_request_opts(request), "Content-Type", "text/x-form", NULL);
  rq_request_field(request, "a", "1", NULL);
  check_sent(request, "text/x-form", "a=1");
  request = post();
  rq_opts_header(rq_request_opts(request), "Content-Type", "application/ld+json", NULL);
  rq_request_json(request, "{}", 2, NULL);
  check_sent(request, "application/ld+json", "{}");
}

static void json_is_sent_as_it_is_written(void) {
  static const char *const texts[] = {
      "{\"a\": [1, -2.5e+3, true, null], \"\\u00fc\": \"\xc3\xbc\"}",
      " [ ] ", "0", "\"\\ud83d\\ude00\"", "[[[[]]]]", "\"\"", "{\"a\":1,\"a\":2}",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    rq_request *request = post();
    rq_request_json(request, "\"the one before\"", 16, NULL);
    rq_request_json(request, texts[i], strlen(texts[i]), NULL);
    check_sent(request, "application/json", texts[i]);
  }
}

static void a_body_wins_over_fields_and_fields_over_json(void) {
  rq_request *request = post();
  rq_request_json(request, "{}", 2, NULL);
  rq_request_field(request, "a", "1", NULL);
  check_sent(request, "application/x-www-form-urlencoded", "a=1");
  request = post();
  rq_request_body(request, "bytes", 5, NULL);
  rq_request_json(request, "{}", 2, NULL);
  rq_request_field(request, "a", "1", NULL);
  check_sent(request, NULL, "bytes");
  request = post();
  rq_request_field(request, "a", "1", NULL);
  rq_request_body(request, "bytes", 5, NULL);
  rq_request_body(request, NULL, 0, NULL); /* no body after all */
  check_sent(request, "application/x-www-form-urlencoded", "a=1");
}

static void parts_take_the_fields_and_leave_out_json(void) {
  rq_error *e = NULL;
  rq_request *request = post();
  rq_request_json(request, "{\"json\": 1}", 11, &e);
  rq_request_field(request, "field", "1", &e);
  rq_part_bytes(rq_request_part(request, "part", &e), "2", 1, &e);
  char *echo = take(session, request, &e);
  CHECK(t_has(echo, "\r\nContent-Type: multipart/form-data; boundary="));
  CHECK(t_has(echo, "name=\"field\"\r\n\r\n1\r\n") && t_has(echo, "name=\"part\"\r\n\r\n2\r\n"));
  CHECK(!t_has(echo, "json"));
  CHECK_CODE(e, RQ_OK);
  free(echo);
}

static void a_content_follows_any_method(void) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/echo"), &e);
  rq_request_field(request, "a", "1", &e);
  char *echo = take(session, request, &e);
  CHECK(t_has(echo, "GET /echo HTTP/1.1\r\n") && t_has(echo, "\r\nContent-Length: 3\r\n"));
  CHECK(t_has(echo, "\r\n\r\na=1"));
  CHECK_CODE(e, RQ_OK);
  free(echo);
}

/* The request keeps the JSON that it had. */
static void check_refused(const void *json, size_t len) {
  rq_error *e = NULL;
  rq_request *request = post();
  rq_request_json(request, "\"old\"", 5, &e);
  rq_request_json(request, json, len, &e);
  CHECK_STR(rq_error_exception(e), "InvalidJSONError");
  CHECK_STR(rq_error_phase(e), "prepare");
  CHECK(!t_has(rq_error_message(e), "s3cret"));
  if (!e) printf("taken for JSON: %.40s\n", (const char *)json);
  CHECK_CODE(e, RQ_ERR_INVALID_JSON);
  check_sent(request, "application/json", "\"old\"");
}

static void json_that_is_none_is_refused(void) {
  static const char *const texts[] = {
      "",          " ",           "NaN",         "[Infinity]",   "-Infinity",  "{\"s3cret\": NaN}",
      "{\"a\":",   "[1, 2",       "\"s3cret",    "[1,]",         "{\"a\":1,}", "{a: \"s3cret\"}",
      "'s3cret'",  "[1] [2]",     "01",          "1.",           ".5",         "+1",
      "0x10",      "tru",         "\"\\x\"",     "\"\\u12\"",    "{\"a\" 1}",  "[1 2]",
      "\"a\tb\"",  "\"a\nb\"",    "{1: 2}",      "\"caf\xe9\"",  "\xff",       "\"\xc3\"",
      "\"\xed\xa0\x80\"",         "\xef\xbb\xbf{}",              "// s3cret\n1",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    check_refused(texts[i], strlen(texts[i]));
  }
  check_refused("\"a\0b\"", 5);
  check_refused("1\0", 2);
}

/* Nesting costs memory, not the stack: neither depth may end the process. */
static void json_may_be_nested_but_not_without_end(void) {
  enum { DEEP = 100, BOTTOMLESS = 1000000 };
  rq_error *e = NULL;
  char *text = malloc(BOTTOMLESS);
  memset(text, '[', BOTTOMLESS);
  check_refused(text, BOTTOMLESS);
  memset(text + DEEP, ']', DEEP);
  rq_request *request = post();
  rq_request_json(request, text, 2 * DEEP, &e);
  CHECK_CODE(e, RQ_OK);
  rq_request_free(request);
  free(text);
}

int main(void) {
  session = rq_session_new(NULL);
  RUN(fields_are_form_encoded_in_order);
  RUN(a_content_type_of_ones_own_stays);
  RUN(json_is_sent_as_it_is_written);
  RUN(a_body_wins_over_fields_and_fields_over_json);
  RUN(parts_take_the_fields_and_leave_out_json);
  RUN(a_content_follows_any_method);
  RUN(json_that_is_none_is_refused);
  RUN(json_may_be_nested_but_not_without_end);
  rq_session_free(session);
  DONE();
}
