/* Bad input to what words a request: NULL, text that is no UTF-8, line ends, lengths that cannot
 * be. Each has its code, no message holds the secret, nothing is sent, every handle stays usable;
 * and with an error set already, no call does anything. badinput_test has the rest of the API. */
#include "source.h"
#include "t.h"

#define SECRET "s3cret"
#define LINES SECRET "\r\nX-Injected: 1"
#define LATIN "caf\xe9-" SECRET /* no UTF-8 */
#define SITE "http://site.test/"

static rq_session *session, *observer; /* the observer has one connection of its own */
static rq_cookies *cookies;
static rq_request *request; /* a POST with the body "old" */
static rq_prepared *prepared;
static rq_opts *opts, *defaults; /* the request's and the session's */

/* Makes the call, which has to fail with this code, in a message with `named` and no secret. */
#define REFUSES(code, named, call)                      \
  do {                                                  \
    rq_error *e = NULL;                                 \
    call;                                               \
    check_refused(__FILE__, __LINE__, &e, code, named); \
  } while (0)

static void check_refused(const char *file, int line, rq_error **error, rq_code code,
                          const char *named) {
  const char *message = rq_error_message(*error);
  t_check(file, line, strstr(message, named) != NULL, "no \"%s\" in \"%s\"", named, message);
  t_check(file, line, strstr(message, SECRET) == NULL, "the secret is in \"%s\"", message);
  t_check_code(file, line, error, code);
}

static void auth(void *context, rq_prepared *lent, rq_error **error) {
  (void)context, (void)lent, (void)error;
}

static void told(void *context, uint64_t sent, int64_t total, rq_error **error) {
  (void)context, (void)sent, (void)total, (void)error;
}

static void null_opts_are_misuse(void) {
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_param(NULL, "a", "b", &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_param_add(NULL, "a", "b", &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_params_raw(NULL, "a", &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_path_as_is(NULL, true, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_auth_basic(NULL, "a", SECRET, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_auth_latin1(NULL, true, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_auth_bearer(NULL, SECRET, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_auth_digest(NULL, "a", SECRET, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_auth_callback(NULL, auth, NULL, NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_auth_none(NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_cookie(NULL, "a", SECRET, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_jar(NULL, true, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_proxy(NULL, "all", "http://p", &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_no_proxy(NULL, "*", &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_trust_env(NULL, true, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_env(NULL, "NETRC", "", &e));
  rq_opts_free(NULL);
}

static void null_handles_are_misuse(void) {
  REFUSES(RQ_ERR_MISUSE, "request is NULL", rq_request_json(NULL, "1", 1, &e));
  REFUSES(RQ_ERR_MISUSE, "request is NULL", rq_request_field(NULL, "a", "b", &e));
  REFUSES(RQ_ERR_MISUSE, "request is NULL", rq_request_body_file(NULL, "/dev/null", &e));
  REFUSES(RQ_ERR_MISUSE, "request is NULL", rq_request_body_fd(NULL, 0, &e));
  REFUSES(RQ_ERR_MISUSE, "request is NULL",
          rq_request_body_callback(NULL, source_read, NULL, NULL, NULL, -1, &e));
  REFUSES(RQ_ERR_MISUSE, "request is NULL", rq_request_progress(NULL, told, NULL, NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "request is NULL", CHECK(rq_request_part(NULL, "a", &e) == NULL));
  REFUSES(RQ_ERR_MISUSE, "part is NULL", rq_part_filename(NULL, "a", &e));
  REFUSES(RQ_ERR_MISUSE, "part is NULL", rq_part_type(NULL, "text/plain", &e));
  REFUSES(RQ_ERR_MISUSE, "part is NULL", rq_part_header(NULL, "A", "b", &e));
  REFUSES(RQ_ERR_MISUSE, "part is NULL", rq_part_bytes(NULL, "a", 1, &e));
  REFUSES(RQ_ERR_MISUSE, "part is NULL", rq_part_file(NULL, "/dev/null", &e));
  REFUSES(RQ_ERR_MISUSE, "part is NULL",
          rq_part_callback(NULL, source_read, NULL, NULL, NULL, -1, &e));
  REFUSES(RQ_ERR_MISUSE, "prepared is NULL", rq_prepared_add_header(NULL, "A", "b", &e));
  REFUSES(RQ_ERR_MISUSE, "prepared is NULL", CHECK(!rq_prepared_curl(NULL, true, &e)));
  REFUSES(RQ_ERR_MISUSE, "prepared is NULL", CHECK(!rq_prepared_proxy(NULL, session, &e)));
  REFUSES(RQ_ERR_MISUSE, "session is NULL", CHECK(!rq_prepared_proxy(prepared, NULL, &e)));
  REFUSES(RQ_ERR_MISUSE, "session is NULL", CHECK(!rq_send_with(NULL, prepared, opts, NULL, &e)));
  REFUSES(RQ_ERR_MISUSE, "prepared is NULL", CHECK(!rq_send_with(session, NULL, opts, NULL, &e)));
  CHECK_INT(rq_prepared_body_length(NULL), 0);
}

static void null_cookies_are_misuse_or_nothing(void) {
  const char *name = "untouched";
  REFUSES(RQ_ERR_MISUSE, "cookies is NULL",
          rq_cookies_set(NULL, "a", SECRET, NULL, NULL, false, &e));
  REFUSES(RQ_ERR_MISUSE, "cookies is NULL", rq_cookies_receive(NULL, SITE, "a=" SECRET, &e));
  REFUSES(RQ_ERR_MISUSE, "cookies is NULL", rq_cookies_load(NULL, "/dev/null", &e));
  REFUSES(RQ_ERR_MISUSE, "cookies is NULL", rq_cookies_save(NULL, "/dev/null", &e));
  REFUSES(RQ_ERR_MISUSE, "cookies is NULL", CHECK(rq_cookies_list(NULL, &e) == NULL));
  CHECK(rq_session_cookies(NULL) == NULL);
  rq_cookies_clear(NULL, NULL, NULL, NULL);
  rq_cookies_clock(NULL, 0);
  CHECK(!rq_cookie_list_at(NULL, 0, &name, NULL, NULL, NULL));
  CHECK_STR(name, "untouched");
  CHECK(!rq_cookie_list_secure(NULL, 0));
  CHECK_INT(rq_cookie_list_expires(NULL, 0), -1);
  rq_cookie_list_free(NULL);
}

static void null_text_is_misuse_where_it_means_nothing(void) {
  rq_part *part = rq_request_part(request, "p", NULL);
  REFUSES(RQ_ERR_MISUSE, "name is NULL", rq_opts_param(opts, NULL, SECRET, &e));
  REFUSES(RQ_ERR_MISUSE, "name is NULL", rq_opts_param_add(opts, NULL, SECRET, &e));
  REFUSES(RQ_ERR_MISUSE, "value is NULL", rq_opts_param_add(opts, "a", NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "user is NULL", rq_opts_auth_basic(opts, NULL, SECRET, &e));
  REFUSES(RQ_ERR_MISUSE, "password is NULL", rq_opts_auth_basic(opts, "a", NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "token is NULL", rq_opts_auth_bearer(opts, NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "user is NULL", rq_opts_auth_digest(opts, NULL, SECRET, &e));
  REFUSES(RQ_ERR_MISUSE, "password is NULL", rq_opts_auth_digest(opts, "a", NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "callback is NULL", rq_opts_auth_callback(opts, NULL, NULL, NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "name is NULL", rq_opts_cookie(opts, NULL, SECRET, &e));
  REFUSES(RQ_ERR_MISUSE, "key is NULL", rq_opts_proxy(opts, NULL, "http://p", &e));
  REFUSES(RQ_ERR_MISUSE, "name is NULL", rq_opts_env(defaults, NULL, SECRET, &e));
  REFUSES(RQ_ERR_MISUSE, "json is NULL", rq_request_json(request, NULL, 5, &e));
  REFUSES(RQ_ERR_MISUSE, "name is NULL", rq_request_field(request, NULL, SECRET, &e));
  REFUSES(RQ_ERR_MISUSE, "path is NULL", rq_request_body_file(request, NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "name is NULL", CHECK(rq_request_part(request, NULL, &e) == NULL));
  REFUSES(RQ_ERR_MISUSE, "content_type is NULL", rq_part_type(part, NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "name is NULL", rq_part_header(part, NULL, SECRET, &e));
  REFUSES(RQ_ERR_MISUSE, "value is NULL", rq_part_header(part, "A", NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "data is NULL", rq_part_bytes(part, NULL, 5, &e));
  REFUSES(RQ_ERR_MISUSE, "path is NULL", rq_part_file(part, NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "read is NULL", rq_part_callback(part, NULL, NULL, NULL, NULL, 1, &e));
  REFUSES(RQ_ERR_MISUSE, "name is NULL", rq_prepared_add_header(prepared, NULL, SECRET, &e));
  REFUSES(RQ_ERR_MISUSE, "value is NULL", rq_prepared_add_header(prepared, "A", NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "name is NULL",
          rq_cookies_set(cookies, NULL, SECRET, NULL, NULL, false, &e));
  REFUSES(RQ_ERR_MISUSE, "url is NULL", rq_cookies_receive(cookies, NULL, "a=" SECRET, &e));
  REFUSES(RQ_ERR_MISUSE, "set_cookie is NULL", rq_cookies_receive(cookies, SITE, NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "path is NULL", rq_cookies_load(cookies, NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "path is NULL", rq_cookies_save(cookies, NULL, &e));
}

static void ill_encoded_text_in_settings(void) {
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "name is not UTF-8", rq_opts_param(opts, LATIN, "x", &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "value is not UTF-8", rq_opts_param(opts, "x", LATIN, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "name is not UTF-8: byte 8 is wrong",
          rq_opts_param(opts, "12345678\xe9", "x", &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "name is not UTF-8", rq_opts_param_add(opts, LATIN, "x", &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "value is not UTF-8", rq_opts_param_add(opts, "x", LATIN, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "not UTF-8", rq_opts_params_raw(opts, LATIN, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "user is not UTF-8", rq_opts_auth_basic(opts, LATIN, "x", &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "password is not", rq_opts_auth_basic(opts, "x", LATIN, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "token is not UTF-8", rq_opts_auth_bearer(opts, LATIN, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "user is not UTF-8", rq_opts_auth_digest(opts, LATIN, "x", &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "password is not", rq_opts_auth_digest(opts, "x", LATIN, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "name is not UTF-8", rq_opts_cookie(opts, LATIN, "x", &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "value is not UTF-8", rq_opts_cookie(opts, "x", LATIN, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "key is not UTF-8", rq_opts_proxy(opts, LATIN, "x", &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "url is not UTF-8", rq_opts_proxy(opts, "all", LATIN, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "list is not UTF-8", rq_opts_no_proxy(opts, LATIN, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "name is not UTF-8", rq_opts_env(defaults, LATIN, "x", &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "value is not UTF-8", rq_opts_env(defaults, "x", LATIN, &e));
}

static void ill_encoded_text_elsewhere(void) {
  rq_part *part = rq_request_part(request, "p", NULL);
  REFUSES(RQ_ERR_INVALID_JSON, "UTF-8", rq_request_json(request, LATIN, strlen(LATIN), &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "name is not UTF-8", rq_request_field(request, LATIN, "x", &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "value is not UTF-8", rq_request_field(request, "x", LATIN, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "path is not UTF-8", rq_request_body_file(request, LATIN, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "name is not", CHECK(!rq_request_part(request, LATIN, &e)));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "filename is not UTF-8", rq_part_filename(part, LATIN, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "content_type is not UTF-8", rq_part_type(part, LATIN, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "name is not UTF-8", rq_part_header(part, LATIN, "x", &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "path is not UTF-8", rq_part_file(part, LATIN, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "name is", rq_prepared_add_header(prepared, LATIN, "x", &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "name is not UTF-8",
          rq_cookies_set(cookies, LATIN, "x", NULL, NULL, false, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "value is not UTF-8",
          rq_cookies_set(cookies, "x", LATIN, NULL, NULL, false, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "domain is not UTF-8",
          rq_cookies_set(cookies, "x", "x", LATIN, NULL, false, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "path is not UTF-8",
          rq_cookies_set(cookies, "x", "x", NULL, LATIN, false, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "url is not UTF-8", rq_cookies_receive(cookies, LATIN, "a", &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "path is not UTF-8", rq_cookies_load(cookies, LATIN, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "path is not UTF-8", rq_cookies_save(cookies, LATIN, &e));
}

static void line_ends_where_a_header_is_made(void) {
  rq_part *part = rq_request_part(request, "p", NULL);
  REFUSES(RQ_ERR_INVALID_HEADER, "Authorization", rq_opts_auth_bearer(opts, LINES, &e));
  REFUSES(RQ_ERR_INVALID_HEADER, "Authorization", rq_opts_auth_bearer(opts, SECRET "\n", &e));
  REFUSES(RQ_ERR_INVALID_HEADER, "Content-Type", rq_part_type(part, LINES, &e));
  REFUSES(RQ_ERR_INVALID_HEADER, "X-A", rq_part_header(part, "X-A", LINES, &e));
  REFUSES(RQ_ERR_INVALID_HEADER, "X-A", rq_part_header(part, "X-A\r\nX-B", SECRET, &e));
  REFUSES(RQ_ERR_INVALID_HEADER, "name", rq_part_header(part, "", SECRET, &e));
  REFUSES(RQ_ERR_INVALID_HEADER, "Disposition",
          rq_part_header(part, "content-disposition", SECRET, &e));
  REFUSES(RQ_ERR_INVALID_HEADER, "X-A", rq_prepared_add_header(prepared, "X-A", LINES, &e));
  REFUSES(RQ_ERR_INVALID_HEADER, "X-A", rq_prepared_add_header(prepared, "X-A\n", SECRET, &e));
  REFUSES(RQ_ERR_INVALID_HEADER, "X-A", rq_prepared_add_header(prepared, "X-A", " " SECRET, &e));
}

static void what_no_cookie_can_hold(void) {
  static const char *const values[] = {LINES, SECRET ";", SECRET "; b=2", SECRET "\x7f",
                                       SECRET "\n"};
  static const char *const names[] = {"", "a=b", "a;b", "a\r\nX-B: 1", "a\n"};
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    REFUSES(RQ_ERR_INVALID_COOKIE, "cookie", rq_opts_cookie(opts, "a", values[i], &e));
    REFUSES(RQ_ERR_INVALID_COOKIE, "cookie",
            rq_cookies_set(cookies, "a", values[i], NULL, NULL, false, &e));
    REFUSES(RQ_ERR_INVALID_COOKIE, "cookie", rq_opts_cookie(opts, names[i], SECRET, &e));
    REFUSES(RQ_ERR_INVALID_COOKIE, "cookie",
            rq_cookies_set(cookies, names[i], SECRET, NULL, NULL, false, &e));
  }
  REFUSES(RQ_ERR_INVALID_COOKIE, "domain",
          rq_cookies_set(cookies, "a", SECRET, "site.test\r\n", NULL, false, &e));
  REFUSES(RQ_ERR_INVALID_COOKIE, "domain",
          rq_cookies_set(cookies, "a", SECRET, "a b", NULL, false, &e));
  REFUSES(RQ_ERR_INVALID_COOKIE, "path",
          rq_cookies_set(cookies, "a", SECRET, NULL, "/\r\nx", false, &e));
  REFUSES(RQ_ERR_INVALID_COOKIE, "path",
          rq_cookies_set(cookies, "a", SECRET, NULL, "x", false, &e));
  REFUSES(RQ_ERR_MISSING_SCHEMA, "URL", rq_cookies_receive(cookies, "no url", "a=" SECRET, &e));
  REFUSES(RQ_ERR_INVALID_URL, "host",
          rq_cookies_receive(cookies, "http://u:" SECRET "@", "a=" SECRET, &e));
  rq_cookies_clear(cookies, LATIN, NULL, NULL); /* none is meant, none is cleared */
}

static void numbers_that_cannot_be(void) {
  static const size_t lengths[] = {(size_t)PTRDIFF_MAX + 1, SIZE_MAX};
  source from = {.len = 0};
  rq_part *part = rq_request_part(request, "p", NULL);
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    REFUSES(RQ_ERR_INVALID_ARGUMENT, "long", rq_request_json(request, "1", lengths[i], &e));
    REFUSES(RQ_ERR_INVALID_ARGUMENT, "long", rq_part_bytes(part, "1", lengths[i], &e));
  }
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "-2",
          rq_request_body_callback(request, source_read, NULL, &from, source_free, -2, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "length",
          rq_part_callback(part, source_read, NULL, &from, source_free, INT64_MIN, &e));
  CHECK_INT(from.freed, 2);
  REFUSES(RQ_ERR_FILE, "-1", rq_request_body_fd(request, -1, &e));
  REFUSES(RQ_ERR_FILE, "file", rq_request_body_fd(request, INT32_MAX, &e));
}

static void settings_on_the_wrong_level(void) {
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "session", rq_opts_trust_env(opts, false, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "session", rq_opts_env(opts, "NETRC", SECRET, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "cookie", rq_opts_cookie(defaults, "a", SECRET, &e));
}

static void call_all(rq_error **e) {
  rq_part *part = rq_request_part(request, "sticky", e);
  CHECK(part == NULL);
  rq_opts_param(defaults, "sticky", "1", e);
  rq_opts_param_add(defaults, "sticky", "1", e);
  rq_opts_params_raw(defaults, "sticky", e);
  rq_opts_auth_basic(defaults, "sticky", "1", e);
  rq_opts_auth_bearer(defaults, "sticky", e);
  rq_opts_proxy(defaults, "all", "http://sticky", e);
  rq_opts_env(defaults, "all_proxy", "http://sticky", e);
  rq_cookies_set(cookies, "sticky", "1", NULL, NULL, false, e);
  rq_cookies_receive(cookies, t_env("RQ_TEST_HTTP"), "sticky=1", e);
  rq_cookies_save(cookies, "sticky-cookies", e);
  rq_request_json(request, "\"sticky\"", 8, e);
  rq_request_field(request, "sticky", "1", e);
  rq_request_body_file(request, "/dev/null", e);
  rq_request_body_fd(request, 0, e);
  rq_prepared_add_header(prepared, "X-Sticky", "1", e);
  CHECK(rq_cookies_list(cookies, e) == NULL && rq_opts_new(e) == NULL);
  CHECK(rq_prepared_curl(prepared, true, e) == NULL);
  CHECK(rq_prepared_proxy(prepared, session, e) == NULL);
  CHECK(rq_send_with(session, prepared, NULL, NULL, e) == NULL);
}

/* With an error set, calls do nothing but take and free the contexts that they are given. */
static void a_set_error_is_sticky(void) {
  source from = {.len = 0};
  rq_error *e = NULL;
  rq_error_set(&e, RQ_ERR_CALLBACK, "set before");
  call_all(&e);
  rq_opts_auth_callback(opts, auth, &from, source_free, &e);
  rq_request_body_callback(request, source_read, NULL, &from, source_free, 0, &e);
  rq_request_progress(request, told, &from, source_free, &e);
  rq_part_callback(NULL, source_read, NULL, &from, source_free, 0, &e);
  CHECK_STR(rq_error_message(e), "set before");
  CHECK_CODE(e, RQ_ERR_CALLBACK);
  CHECK_INT(from.freed, 4);
  CHECK(remove("sticky-cookies") != 0);
}

/* Errors may go untold: NULL in place of &e. */
static void nobody_has_to_ask_why(void) {
  rq_opts_param(NULL, LATIN, NULL, NULL);
  rq_opts_auth_bearer(opts, LINES, NULL);
  rq_request_json(request, "NaN", 3, NULL);
  rq_request_body_file(request, "/no/such/file", NULL);
  rq_cookies_set(cookies, "", NULL, NULL, NULL, false, NULL);
  CHECK(rq_request_part(request, LATIN, NULL) == NULL);
  CHECK(rq_cookies_list(NULL, NULL) == NULL);
}

static long connections_total(void) {
  size_t len = 0;
  long total = -1;
  rq_error *e = NULL;
  rq_response *response = rq_get(observer, t_url("RQ_TEST_HTTP", "/connections"), &e);
  const char *json = rq_body_bytes(response, &len, &e);
  CHECK(json && sscanf(json, "{\"open\": %*d, \"total\": %ld}", &total) == 1);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  return total;
}

/* The request as it was: its body, and nothing of what was refused. */
static void check_as_before(bool has_parts) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_response *response = rq_send(session, prepared, NULL, &e);
  const char *echo = rq_body_bytes(response, &len, &e);
  CHECK(t_has(echo, "POST /echo HTTP/1.1\r\n") && t_has(echo, "\r\n\r\nold"));
  CHECK(!t_has(echo, "Authorization") && !t_has(echo, "Cookie") && !t_has(echo, "X-"));
  rq_response_free(response);
  if (has_parts) rq_request_body(request, NULL, 0, &e); /* else they do not go together */
  response = rq_perform(session, request, NULL, &e);
  echo = rq_body_bytes(response, &len, &e);
  CHECK(t_has(echo, "POST /echo HTTP/1.1\r\n") && t_has(echo, has_parts ? "name=\"p\"" : "old"));
  CHECK(!t_has(echo, "Authorization") && !t_has(echo, "Cookie") && !t_has(echo, "X-"));
  CHECK(!t_has(echo, "sticky") && !t_has(echo, SECRET));
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
}

/* Runs a test on a request of its own, which must be sent as it was afterwards, and not before:
 * over the connection that was there before, no other having been made. */
static void run(const char *name, void (*test)(void), bool adds_parts) {
  rq_error *e = NULL;
  request = rq_request_new("POST", t_url("RQ_TEST_HTTP", "/echo"), &e);
  opts = rq_request_opts(request);
  rq_request_body(request, "old", 3, &e);
  prepared = rq_prepare(session, request, &e);
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
  long before = connections_total();
  t_run(name, test);
  check_as_before(adds_parts);
  CHECK_INT(connections_total(), before);
  rq_prepared_free(prepared);
  rq_request_free(request);
}

int main(void) {
  session = rq_session_new(NULL);
  observer = rq_session_new(NULL);
  cookies = rq_session_cookies(session);
  defaults = rq_session_opts(session);
  run("null_opts_are_misuse", null_opts_are_misuse, false);
  run("null_handles_are_misuse", null_handles_are_misuse, false);
  run("null_cookies_are_misuse_or_nothing", null_cookies_are_misuse_or_nothing, false);
  run("null_text_is_misuse_where_it_means_nothing", null_text_is_misuse_where_it_means_nothing,
      true);
  run("ill_encoded_text_in_settings", ill_encoded_text_in_settings, false);
  run("ill_encoded_text_elsewhere", ill_encoded_text_elsewhere, true);
  run("line_ends_where_a_header_is_made", line_ends_where_a_header_is_made, true);
  run("what_no_cookie_can_hold", what_no_cookie_can_hold, false);
  run("numbers_that_cannot_be", numbers_that_cannot_be, true);
  run("settings_on_the_wrong_level", settings_on_the_wrong_level, false);
  run("a_set_error_is_sticky", a_set_error_is_sticky, false);
  run("nobody_has_to_ask_why", nobody_has_to_ask_why, false);
  rq_session_free(observer);
  rq_session_free(session);
  DONE();
}
