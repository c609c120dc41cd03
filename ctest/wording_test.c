/* What a request says beside its body: credentials, cookies, parameters, the choice of proxy, the
 * curl line; and what of it is refused, without a credential in any message. */
#include "t.h"

#include <unistd.h>

#define SECRET "s3cret-of-ann"
#define URL "http://example.org/page"

static rq_session *session;

static rq_prepared *prepare(rq_request *request, rq_error **e) {
  rq_prepared *prepared = rq_prepare(session, request, e);
  rq_request_free(request);
  return prepared;
}

/* Takes the error: its code and exception; no message holds the secret. */
static void check_refused(rq_error **error, rq_code code, const char *exception) {
  CHECK(!t_has(rq_error_message(*error), SECRET));
  CHECK_STR(rq_error_exception(*error), exception);
  CHECK_STR(rq_error_phase(*error), "prepare");
  CHECK_CODE(*error, code);
}

static void credentials_of_every_kind(void) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("GET", "http://ann:pw@example.org/", &e);
  rq_opts *opts = rq_request_opts(request);
  rq_prepared *found = rq_prepare(session, request, &e);
  CHECK_STR(rq_prepared_header(found, "Authorization"), "Basic YW5uOnB3");
  rq_opts_auth_basic(opts, "us\xc3\xa9r", "p", &e);
  rq_prepared *utf8 = rq_prepare(session, request, &e);
  CHECK_STR(rq_prepared_header(utf8, "Authorization"), "Basic dXPDqXI6cA==");
  rq_opts_auth_latin1(opts, true, &e);
  rq_prepared *latin1 = rq_prepare(session, request, &e);
  CHECK_STR(rq_prepared_header(latin1, "Authorization"), "Basic dXPpcjpw");
  rq_opts_auth_bearer(opts, "t0ken", &e);
  rq_prepared *bearer = rq_prepare(session, request, &e);
  CHECK_STR(rq_prepared_header(bearer, "Authorization"), "Bearer t0ken");
  rq_opts_auth_none(opts, &e);
  rq_prepared *none = prepare(request, &e);
  CHECK_STR(rq_prepared_header(none, "Authorization"), NULL);
  CHECK_CODE(e, RQ_OK);
  rq_prepared *all[] = {found, utf8, latin1, bearer, none};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) rq_prepared_free(all[i]);
}

static void sign(void *context, rq_prepared *prepared, rq_error **error) {
  if (strcmp(rq_prepared_method(prepared), "DELETE") == 0) {
    rq_error_set(error, RQ_ERR_CALLBACK, "no key for that");
    return;
  }
  rq_prepared_set_url(prepared, "http://example.org/signed", error);
  rq_prepared_set_header(prepared, "X-Signature", context, error);
  rq_prepared_set_body(prepared, "signed", 6, error);
}

static void authentication_of_ones_own(void) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("POST", URL, &e);
  rq_opts_auth_callback(rq_request_opts(request), sign, "abc", NULL, &e);
  rq_prepared *prepared = prepare(request, &e);
  CHECK_STR(rq_prepared_url(prepared), "http://example.org/signed");
  CHECK_STR(rq_prepared_header(prepared, "X-Signature"), "abc");
  CHECK_STR(rq_prepared_header(prepared, "Content-Length"), "6");
  rq_prepared_free(prepared);
  request = rq_request_new("DELETE", URL, &e);
  rq_opts_auth_callback(rq_request_opts(request), sign, "abc", NULL, &e);
  CHECK(prepare(request, &e) == NULL);
  CHECK_STR(rq_error_message(e), "no key for that");
  CHECK_CODE(e, RQ_ERR_CALLBACK);
}

static void a_netrc_file_is_found_through_the_environment(void) {
  char path[] = "rq-netrc-XXXXXX";
  const char text[] = "machine example.org login n password n\n";
  rq_error *e = NULL;
  int fd = mkstemp(path);
  CHECK(fd >= 0 && write(fd, text, sizeof text - 1) == (long)sizeof text - 1 && close(fd) == 0);
  rq_opts_env(rq_session_opts(session), "NETRC", path, &e);
  rq_prepared *prepared = prepare(rq_request_new("GET", URL, &e), &e);
  CHECK_STR(rq_prepared_header(prepared, "Authorization"), "Basic bjpu");
  rq_prepared_free(prepared);
  rq_request *request = rq_request_new("GET", URL, &e);
  rq_opts_header(rq_request_opts(request), "Authorization", "Mine", &e);
  prepared = prepare(request, &e);
  CHECK_STR(rq_prepared_header(prepared, "Authorization"), "Mine");
  rq_prepared_free(prepared);
  rq_opts_env(rq_session_opts(session), "NETRC", "/dev/null", &e);
  CHECK_CODE(e, RQ_OK);
  unlink(path);
}

static void parameters_merge_and_cookies_are_bound(void) {
  rq_error *e = NULL;
  rq_opts *defaults = rq_session_opts(session);
  rq_cookies *cookies = rq_session_cookies(session);
  rq_opts_param(defaults, "a", "1", &e);
  rq_opts_param(defaults, "b", "2", &e);
  rq_cookies_set(cookies, "id", "7", "example.org", NULL, false, &e);
  rq_cookies_receive(cookies, "https://example.org/", "s=1; Secure; Max-Age=60", &e);
  rq_request *request = rq_request_new("GET", URL "?q=1#f", &e);
  rq_opts_param(rq_request_opts(request), "a", NULL, &e);
  rq_opts_param_add(rq_request_opts(request), "c", "x y", &e);
  rq_opts_cookie(rq_request_opts(request), "own", "3", &e);
  rq_prepared *prepared = prepare(request, &e);
  CHECK_STR(rq_prepared_url(prepared), URL "?q=1&b=2&c=x+y#f");
  CHECK_STR(rq_prepared_header(prepared, "Cookie"), "id=7; own=3");
  rq_prepared_free(prepared);
  prepared = prepare(rq_request_new("GET", "https://other.test/", &e), &e);
  CHECK_STR(rq_prepared_header(prepared, "Cookie"), NULL);
  rq_prepared_free(prepared);
  rq_opts_params_raw(defaults, NULL, &e);
  CHECK_CODE(e, RQ_OK);
}

static void cookies_are_listed_saved_and_cleared(void) {
  char path[] = "rq-cookies-XXXXXX";
  const char *name = NULL, *value = NULL, *domain = NULL, *at = NULL;
  rq_error *e = NULL;
  int fd = mkstemp(path);
  CHECK(fd >= 0 && close(fd) == 0);
  rq_cookies *cookies = rq_session_cookies(session);
  rq_cookies_save(cookies, path, &e);
  rq_cookies_clear(cookies, NULL, NULL, NULL);
  rq_cookie_list *none = rq_cookies_list(cookies, &e);
  CHECK(!rq_cookie_list_at(none, 0, NULL, NULL, NULL, NULL));
  rq_cookies_load(cookies, path, &e);
  rq_cookie_list *all = rq_cookies_list(cookies, &e);
  CHECK(rq_cookie_list_at(all, 0, &name, &value, &domain, &at));
  CHECK_STR(name, "id");
  CHECK_STR(value, "7");
  CHECK_STR(domain, "example.org");
  CHECK_STR(at, "/");
  CHECK(!rq_cookie_list_secure(all, 0) && rq_cookie_list_secure(all, 1));
  CHECK_INT(rq_cookie_list_expires(all, 0), -1);
  int64_t expires = rq_cookie_list_expires(all, 1);
  CHECK(expires > 0 && !rq_cookie_list_at(all, 2, NULL, NULL, NULL, NULL));
  rq_cookies_clock(cookies, expires + 1);
  rq_cookie_list *later = rq_cookies_list(cookies, &e);
  CHECK(!rq_cookie_list_at(later, 1, NULL, NULL, NULL, NULL));
  rq_cookies_clock(cookies, -1);
  rq_cookies_clear(cookies, NULL, NULL, NULL);
  CHECK_CODE(e, RQ_OK);
  rq_cookies_load(cookies, "/nonexistent/cookies", &e);
  CHECK_CODE(e, RQ_ERR_FILE);
  rq_cookies_save(cookies, "/nonexistent/cookies", &e);
  CHECK_CODE(e, RQ_ERR_FILE);
  rq_cookie_list_free(none);
  rq_cookie_list_free(all);
  rq_cookie_list_free(later);
  unlink(path);
}

static void a_proxy_is_chosen_and_never_passed_by(void) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/json"), &e);
  rq_opts_proxy(rq_request_opts(request), "http", "socks5://ann:" SECRET "@p.invalid:1", &e);
  rq_prepared *prepared = prepare(request, &e);
  CHECK_STR(rq_prepared_proxy(prepared, session, &e), "socks5://ann:" SECRET "@p.invalid:1");
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_send(session, prepared, NULL, &e) == NULL);
  CHECK(!t_has(rq_error_message(e), SECRET));
  CHECK_STR(rq_error_reason(e), "unreachable");
  CHECK_CODE(e, RQ_ERR_SOCKS);
  rq_prepared_free(prepared);
  rq_opts *opts = rq_session_opts(session);
  rq_opts_env(opts, "https_proxy", "socks5h://q:2", &e);
  rq_opts_env(opts, "NO_PROXY", "inside.test", &e);
  prepared = prepare(rq_request_new("GET", "https://example.org/", &e), &e);
  CHECK_STR(rq_prepared_proxy(prepared, session, &e), "socks5h://q:2");
  rq_prepared_free(prepared);
  prepared = prepare(rq_request_new("GET", "https://x.inside.test/", &e), &e);
  CHECK_STR(rq_prepared_proxy(prepared, session, &e), NULL);
  rq_opts_no_proxy(opts, "other.test", &e);
  CHECK_STR(rq_prepared_proxy(prepared, session, &e), "socks5h://q:2");
  rq_opts_trust_env(opts, false, &e);
  CHECK_STR(rq_prepared_proxy(prepared, session, &e), NULL);
  rq_opts_trust_env(opts, true, &e);
  rq_opts_env(opts, "https_proxy", NULL, &e);
  CHECK_CODE(e, RQ_OK);
  rq_prepared_free(prepared);
}

static void a_sending_may_have_settings_of_its_own(void) {
  rq_error *e = NULL;
  rq_opts *opts = rq_opts_new(&e);
  rq_opts_deadline_ms(opts, 100, &e);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/delay/400"), &e);
  rq_prepared *prepared = prepare(request, &e);
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_send_with(session, prepared, opts, NULL, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_TOTAL_TIMEOUT);
  rq_response *response = rq_send_with(session, prepared, NULL, NULL, &e);
  CHECK_INT(rq_response_status(response), 200);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_prepared_free(prepared);
  rq_opts_free(opts);
  rq_opts_free(NULL);
  CHECK(rq_send_with(session, NULL, NULL, NULL, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_MISUSE);
}

static void a_curl_line_masks_secrets_unless_asked(void) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("POST", "http://ann:" SECRET "@example.org/a'b", &e);
  rq_opts_header_add(rq_request_opts(request), "Cookie", SECRET, &e);
  rq_request_json(request, "{\"it's\": 1}", 11, &e);
  rq_prepared *prepared = prepare(request, &e);
  rq_prepared_add_header(prepared, "X-Two", "1", &e);
  rq_prepared_add_header(prepared, "X-Two", "2", &e);
  const char *line = rq_prepared_curl(prepared, false, &e);
  CHECK(!t_has(line, SECRET) && t_has(line, "X-Two: 1") && t_has(line, "X-Two: 2"));
  CHECK(t_has(line, "--data-raw '{\"it'\\''s\": 1}'"));
  CHECK(t_has(rq_prepared_curl(prepared, true, &e), SECRET));
  CHECK_STR(rq_prepared_header(prepared, "Content-Type"), "application/json");
  CHECK_INT(rq_prepared_body_length(prepared), 11);
  CHECK_CODE(e, RQ_OK);
  rq_prepared_free(prepared);
}

static void what_cannot_be_sent_is_refused_and_the_request_stays(void) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("POST", URL, &e);
  rq_opts *opts = rq_request_opts(request);
  rq_request_body(request, "old", 3, &e);
  rq_opts_auth_bearer(opts, SECRET "\r\nX: 1", &e);
  check_refused(&e, RQ_ERR_INVALID_HEADER, "InvalidHeader");
  rq_opts_cookie(opts, "a", SECRET ";b", &e);
  check_refused(&e, RQ_ERR_INVALID_COOKIE, "ValueError");
  rq_opts_proxy(opts, "http", "http://ann:" SECRET "@", &e);
  check_refused(&e, RQ_ERR_INVALID_PROXY, "InvalidProxyURL");
  rq_opts_proxy(opts, "http", "ftp://ann:" SECRET "@p", &e);
  check_refused(&e, RQ_ERR_INVALID_URL, "InvalidURL");
  rq_request_json(request, "[NaN]", 5, &e);
  check_refused(&e, RQ_ERR_INVALID_JSON, "InvalidJSONError");
  rq_request_json(request, "\"\xff\"", 3, &e);
  check_refused(&e, RQ_ERR_INVALID_JSON, "InvalidJSONError");
  rq_request_body_file(request, "/nonexistent/file", &e);
  check_refused(&e, RQ_ERR_FILE, "OSError");
  rq_request_body_file(request, ".", &e);
  check_refused(&e, RQ_ERR_FILE, "OSError");
  rq_opts_env(opts, "NETRC", "x", &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "ValueError");
  rq_opts_cookie(rq_session_opts(session), "a", SECRET, &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "ValueError");
  rq_prepared *prepared = rq_prepare(session, request, &e);
  CHECK_INT(rq_prepared_body_length(prepared), 3);
  CHECK_CODE(e, RQ_OK);
  rq_prepared_free(prepared);
  rq_part *part = rq_request_part(request, "p", &e);
  rq_part_header(part, "X", SECRET "\n", &e);
  check_refused(&e, RQ_ERR_INVALID_HEADER, "InvalidHeader");
  rq_part_file(part, "/nonexistent/file", &e);
  check_refused(&e, RQ_ERR_FILE, "OSError");
  CHECK(prepare(request, &e) == NULL);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "ValueError");
}

static void null_and_text_that_is_none_are_refused(void) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("POST", URL, &e);
  rq_opts *opts = rq_request_opts(request);
  rq_opts_param(opts, NULL, "x", &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_opts_param(opts, "\xff", "x", &e);
  CHECK_CODE(e, RQ_ERR_INVALID_ARGUMENT);
  rq_opts_auth_basic(NULL, "u", "p", &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_request_field(request, "\xff", "x", &e);
  CHECK_CODE(e, RQ_ERR_INVALID_ARGUMENT);
  rq_part_bytes(NULL, "x", 1, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_part_header(rq_request_part(request, "p", &e), "X", NULL, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_cookies_receive(rq_session_cookies(session), URL, NULL, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_request_body_fd(request, -1, &e);
  CHECK_CODE(e, RQ_ERR_FILE);
  rq_cookies_set(NULL, "a", "b", NULL, NULL, false, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK(rq_prepared_curl(NULL, false, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK(rq_prepared_proxy(NULL, session, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK(rq_session_cookies(NULL) == NULL && rq_cookies_list(NULL, NULL) == NULL);
  CHECK_INT(rq_prepared_body_length(NULL), 0);
  rq_cookie_list_free(NULL);
  rq_request_free(request);
}

int main(void) {
  session = rq_session_new(NULL);
  rq_opts_env(rq_session_opts(session), "NETRC", "/dev/null", NULL);
  RUN(credentials_of_every_kind);
  RUN(authentication_of_ones_own);
  RUN(a_netrc_file_is_found_through_the_environment);
  RUN(parameters_merge_and_cookies_are_bound);
  RUN(cookies_are_listed_saved_and_cleared);
  RUN(a_proxy_is_chosen_and_never_passed_by);
  RUN(a_sending_may_have_settings_of_its_own);
  RUN(a_curl_line_masks_secrets_unless_asked);
  RUN(what_cannot_be_sent_is_refused_and_the_request_stays);
  RUN(null_and_text_that_is_none_are_refused);
  rq_session_free(session);
  DONE();
}
