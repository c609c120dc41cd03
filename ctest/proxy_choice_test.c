/* Which proxy a request would go through: the settings of request and session, the environment as
 * the session sees it, NO_PROXY; and that a request whose proxy cannot be used is never sent past
 * it (behaviours P1 to P12). */
#include "t.h"

#define SECRET "s3cret"

static rq_session *observer; /* asks the server, over one connection of its own */

/* A session that sees no proxy variable but those that a test sets. */
static rq_session *bare_session(void) {
  static const char *const names[] = {"http_proxy",  "HTTP_PROXY",  "https_proxy", "HTTPS_PROXY",
                                      "all_proxy",   "ALL_PROXY",   "no_proxy",    "NO_PROXY",
                                      "REQUEST_METHOD"};
  rq_session *session = rq_session_new(NULL);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    rq_opts_env(rq_session_opts(session), names[i], NULL, NULL);
  }
  return session;
}

static void env(rq_session *session, const char *name, const char *value) {
  rq_error *e = NULL;
  rq_opts_env(rq_session_opts(session), name, value, &e);
  CHECK_CODE(e, RQ_OK);
}

static void proxy(rq_opts *opts, const char *key, const char *url) {
  rq_error *e = NULL;
  rq_opts_proxy(opts, key, url, &e);
  CHECK_CODE(e, RQ_OK);
}

/* Prepares and frees the request: its proxy on this session, NULL for none. */
static void check_request(const rq_session *session, rq_request *request, const char *want) {
  rq_error *e = NULL;
  rq_prepared *prepared = rq_prepare(session, request, &e);
  CHECK_STR(rq_prepared_proxy(prepared, session, &e), want);
  CHECK_CODE(e, RQ_OK);
  rq_prepared_free(prepared);
  rq_request_free(request);
}

static void check_proxy(const rq_session *session, const char *url, const char *want) {
  check_request(session, rq_request_new("GET", url, NULL), want);
}

static void without_settings_there_is_none(void) {
  rq_session *session = bare_session();
  check_proxy(session, "http://site.test/", NULL);
  check_proxy(session, "https://site.test/", NULL);
  rq_session_free(session);
}

static void the_nearest_key_wins(void) {
  rq_session *session = bare_session();
  rq_opts *opts = rq_session_opts(session);
  proxy(opts, "all", "http://all:1");
  check_proxy(session, "http://site.test/", "http://all:1");
  proxy(opts, "all://site.test", "http://all-site:2");
  check_proxy(session, "http://site.test:8080/", "http://all-site:2");
  check_proxy(session, "http://other.test/", "http://all:1");
  proxy(opts, "http", "http://http:3");
  check_proxy(session, "http://site.test/", "http://http:3");
  check_proxy(session, "https://site.test/", "http://all-site:2");
  proxy(opts, "http://site.test", "http://http-site:4");
  check_proxy(session, "http://site.test/", "http://http-site:4");
  check_proxy(session, "http://other.test/", "http://http:3");
  rq_session_free(session);
}

static void nothing_is_a_direct_connection(void) {
  rq_session *session = bare_session();
  rq_opts *opts = rq_session_opts(session);
  proxy(opts, "all", "http://all:1");
  proxy(opts, "http", NULL);
  proxy(opts, "all://site.test", "");
  check_proxy(session, "http://other.test/", NULL);
  check_proxy(session, "https://site.test/", NULL);
  check_proxy(session, "https://other.test/", "http://all:1");
  rq_session_free(session);
}

static void the_request_wins_and_nothing_of_it_is_kept(void) {
  rq_session *session = bare_session();
  proxy(rq_session_opts(session), "http", "http://session:1");
  rq_request *request = rq_request_new("GET", "http://site.test/", NULL);
  proxy(rq_request_opts(request), "http", "http://request:2");
  check_request(session, request, "http://request:2");
  request = rq_request_new("GET", "http://site.test/", NULL);
  proxy(rq_request_opts(request), "http", "");
  check_request(session, request, NULL);
  check_proxy(session, "http://site.test/", "http://session:1");
  rq_session_free(session);
}

static void every_kind_of_proxy_has_a_url(void) {
  static const char *const urls[] = {"http://p:1",   "https://p:2",   "socks4://p:3",
                                     "socks4a://p:4", "socks5://p:5", "socks5h://p:6",
                                     "http://[::1]:7", "http://ann:" SECRET "@p:8"};
  rq_session *session = bare_session();
  for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
    proxy(rq_session_opts(session), "http", urls[i]);
    check_proxy(session, "http://site.test/", urls[i]);
  }
  proxy(rq_session_opts(session), "http", "P.Test:9");
  check_proxy(session, "http://site.test/", "http://p.test:9");
  rq_session_free(session);
}

static void the_environment_is_asked_by_scheme(void) {
  rq_session *session = bare_session();
  env(session, "ALL_PROXY", "http://all:1");
  check_proxy(session, "http://site.test/", "http://all:1");
  env(session, "HTTP_PROXY", "http://capitals:2");
  check_proxy(session, "http://site.test/", "http://capitals:2");
  check_proxy(session, "https://site.test/", "http://all:1");
  env(session, "http_proxy", "http://small:3"); /* lower case wins */
  check_proxy(session, "http://site.test/", "http://small:3");
  env(session, "https_proxy", "socks5h://small:4");
  check_proxy(session, "https://site.test/", "socks5h://small:4");
  proxy(rq_session_opts(session), "https", "http://own:5"); /* what is set wins over it */
  check_proxy(session, "https://site.test/", "http://own:5");
  rq_session_free(session);
}

/* There HTTP_PROXY is a header that the client of the CGI program sent (CVE-2016-1000110). */
static void a_cgi_program_is_not_led_astray(void) {
  rq_session *session = bare_session();
  env(session, "REQUEST_METHOD", "GET");
  env(session, "HTTP_PROXY", "http://evil:1");
  check_proxy(session, "http://site.test/", NULL);
  env(session, "http_proxy", "http://good:2");
  check_proxy(session, "http://site.test/", "http://good:2");
  rq_session_free(session);
}

static void the_processs_own_variables_count_until_hidden(void) {
  rq_session *session = rq_session_new(NULL);
  CHECK_INT(setenv("http_proxy", "http://process:1", 1), 0); /* no other thread runs */
  check_proxy(session, "http://site.test/", "http://process:1");
  env(session, "http_proxy", NULL);
  check_proxy(session, "http://site.test/", NULL);
  env(session, "http_proxy", "http://instead:2");
  check_proxy(session, "http://site.test/", "http://instead:2");
  CHECK_INT(unsetenv("http_proxy"), 0);
  rq_session_free(session);
}

static void an_environment_that_is_not_trusted_says_nothing(void) {
  rq_session *session = bare_session();
  rq_error *e = NULL;
  env(session, "all_proxy", "http://all:1");
  rq_opts_trust_env(rq_session_opts(session), false, &e);
  check_proxy(session, "http://site.test/", NULL);
  proxy(rq_session_opts(session), "http", "http://own:2");
  check_proxy(session, "http://site.test/", "http://own:2");
  rq_opts_trust_env(rq_session_opts(session), true, &e);
  check_proxy(session, "https://site.test/", "http://all:1");
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

static void check_list(const char *list, const char *url, bool direct) {
  rq_error *e = NULL;
  rq_session *session = bare_session();
  env(session, "all_proxy", "http://all:1");
  env(session, "NO_PROXY", list);
  check_proxy(session, url, direct ? NULL : "http://all:1");
  env(session, "NO_PROXY", "else.where"); /* the list of one's own stands in its place */
  rq_opts_no_proxy(rq_session_opts(session), list, &e);
  check_proxy(session, url, direct ? NULL : "http://all:1");
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

static void some_hosts_are_reached_directly(void) {
  check_list("other.test, site.test", "http://site.test/", true);
  check_list("site.test", "http://sub.site.test/", true);
  check_list(".site.test", "http://sub.site.test/", true);
  check_list("*.site.test", "http://sub.site.test/", true);
  check_list("site.test", "http://mysite.test/", false);
  check_list("site.test:8080", "http://site.test:8080/", true);
  check_list("site.test:8080", "http://site.test/", false);
  check_list("10.0.0.0/8", "http://10.1.2.3/", true);
  check_list("10.0.0.0/8", "http://11.1.2.3/", false);
  check_list("fd00::/8", "http://[fd12::1]/", true);
  check_list("*", "https://any.test/", true);
  check_list("", "http://site.test/", false);
}

/* The list is for the environment's proxies: one that was set on purpose is used. */
static void a_list_spares_no_proxy_that_was_set(void) {
  rq_error *e = NULL;
  rq_session *session = bare_session();
  proxy(rq_session_opts(session), "http", "http://own:1");
  env(session, "NO_PROXY", "*");
  rq_opts_no_proxy(rq_session_opts(session), "*", &e);
  check_proxy(session, "http://site.test/", "http://own:1");
  rq_opts_no_proxy(rq_session_opts(session), NULL, &e);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

static void a_request_may_have_a_list_of_its_own(void) {
  rq_error *e = NULL;
  rq_session *session = bare_session();
  env(session, "all_proxy", "http://all:1");
  env(session, "no_proxy", "*");
  rq_request *request = rq_request_new("GET", "http://site.test/", &e);
  rq_opts_no_proxy(rq_request_opts(request), "other.test", &e);
  check_request(session, request, "http://all:1");
  check_proxy(session, "http://site.test/", NULL);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

/* Takes the error, which must not tell the password. */
static void check_refused(rq_error **error, rq_code code, const char *exception) {
  CHECK(!t_has(rq_error_message(*error), SECRET) && !t_has(rq_error_url(*error), SECRET));
  CHECK_STR(rq_error_exception(*error), exception);
  CHECK_CODE(*error, code);
}

static void check_environment_refused(const char *value, rq_code code, const char *exception) {
  rq_error *e = NULL;
  rq_session *session = bare_session();
  env(session, "http_proxy", value);
  rq_request *request = rq_request_new("GET", "http://site.test/", &e);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_prepared_proxy(prepared, session, &e) == NULL);
  CHECK(t_has(rq_error_message(e), "http_proxy")); /* the variable is named */
  check_refused(&e, code, exception);
  CHECK(rq_send(session, prepared, NULL, &e) == NULL);
  check_refused(&e, code, exception);
  rq_prepared_free(prepared);
  rq_request_free(request);
  rq_session_free(session);
}

static void what_cannot_be_a_proxy_is_refused(void) {
  static const char *const hostless[] = {"http://ann:" SECRET "@", "http://", "ann:" SECRET "@p:1",
                                         "http://p:port", "http://p:70000", "http://a b"};
  rq_error *e = NULL;
  rq_session *session = bare_session();
  proxy(rq_session_opts(session), "http", "http://old:1");
  for (size_t i = 0; i < sizeof hostless / sizeof hostless[0]; i++) {
    rq_opts_proxy(rq_session_opts(session), "http", hostless[i], &e);
    check_refused(&e, RQ_ERR_INVALID_PROXY, "InvalidProxyURL");
    check_environment_refused(hostless[i], RQ_ERR_INVALID_PROXY, "InvalidProxyURL");
  }
  rq_opts_proxy(rq_session_opts(session), "http", "ftp://ann:" SECRET "@p:1", &e);
  check_refused(&e, RQ_ERR_INVALID_URL, "InvalidURL");
  check_environment_refused("ftp://ann:" SECRET "@p:1", RQ_ERR_INVALID_URL, "InvalidURL");
  check_proxy(session, "http://site.test/", "http://old:1"); /* it stays */
  rq_session_free(session);
}

/* Connections that the server has ever had. */
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

/* Takes the error: the session works, and the server has not heard of the request. */
static void check_not_sent(const char *url, const char *named, rq_code code,
                           const char *exception) {
  rq_error *e = NULL;
  rq_session *session = bare_session();
  long before = connections_total();
  proxy(rq_session_opts(session), "http", url);
  CHECK(rq_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) == NULL);
  CHECK(t_has(rq_error_message(e), named)); /* which proxy it was, without the credentials */
  check_refused(&e, code, exception);
  CHECK_INT(connections_total(), before);
  proxy(rq_session_opts(session), "http", "");
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

/* None of these can be reached. */
static void nothing_is_sent_past_a_proxy(void) {
  char url[128];
  const char *nobody = t_env("RQ_TEST_REFUSED") + strlen("http://");
  snprintf(url, sizeof url, "http://ann:" SECRET "@%s", nobody);
  check_not_sent(url, nobody, RQ_ERR_PROXY, "ProxyError");
  snprintf(url, sizeof url, "https://ann:" SECRET "@%s", nobody);
  check_not_sent(url, nobody, RQ_ERR_PROXY, "ProxyError");
  snprintf(url, sizeof url, "socks5://ann:" SECRET "@%s", nobody);
  check_not_sent(url, nobody, RQ_ERR_SOCKS, "ConnectionError");
}

static void one_sending_may_go_directly(void) {
  rq_error *e = NULL;
  rq_session *session = bare_session();
  proxy(rq_session_opts(session), "http", "http://p:1");
  rq_opts *direct = rq_opts_new(&e);
  proxy(direct, "http", "");
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/json"), &e);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  rq_response *response = rq_send_with(session, prepared, direct, NULL, &e);
  CHECK_INT(rq_response_status(response), 200);
  CHECK_STR(rq_prepared_proxy(prepared, session, &e), "http://p:1"); /* it was for that once */
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_prepared_free(prepared);
  rq_request_free(request);
  rq_opts_free(direct);
  rq_session_free(session);
}

int main(void) {
  observer = bare_session();
  RUN(without_settings_there_is_none);
  RUN(the_nearest_key_wins);
  RUN(nothing_is_a_direct_connection);
  RUN(the_request_wins_and_nothing_of_it_is_kept);
  RUN(every_kind_of_proxy_has_a_url);
  RUN(the_environment_is_asked_by_scheme);
  RUN(a_cgi_program_is_not_led_astray);
  RUN(the_processs_own_variables_count_until_hidden);
  RUN(an_environment_that_is_not_trusted_says_nothing);
  RUN(some_hosts_are_reached_directly);
  RUN(a_list_spares_no_proxy_that_was_set);
  RUN(a_request_may_have_a_list_of_its_own);
  RUN(what_cannot_be_a_proxy_is_refused);
  RUN(nothing_is_sent_past_a_proxy);
  RUN(one_sending_may_go_directly);
  rq_session_free(observer);
  DONE();
}
