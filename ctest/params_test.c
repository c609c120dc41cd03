/* Query parameters: their encoding, how request and session merge, raw query text, and URLs that
 * stay as they are written (behaviours S2 to S6, U15 to U18). */
#include "take.h"

#define SITE "http://site.test/"

/* Prepares and frees the request, and compares its URL. */
static void check_url(const rq_session *session, rq_request *request, const char *want) {
  rq_error *e = NULL;
  rq_prepared *prepared = rq_prepare(session, request, &e);
  CHECK_STR(rq_prepared_url(prepared), want);
  CHECK_CODE(e, RQ_OK);
  rq_prepared_free(prepared);
  rq_request_free(request);
}

static rq_request *get(const char *url) { return rq_request_new("GET", url, NULL); }

static void check_encoded(const char *name, const char *value, const char *want) {
  rq_request *request = get(SITE);
  rq_opts_param(rq_request_opts(request), name, value, NULL);
  check_url(NULL, request, want);
}

static void pairs_are_form_encoded(void) {
  check_encoded("a", "b", SITE "?a=b");
  check_encoded("a", "", SITE "?a=");
  check_encoded("a b", "c d", SITE "?a+b=c+d");
  check_encoded("a&b", "c=d", SITE "?a%26b=c%3Dd");
  check_encoded("q", "50% + #1?", SITE "?q=50%25+%2B+%231%3F");
  check_encoded("\xc3\xbc", "\xe2\x82\xac", SITE "?%C3%BC=%E2%82%AC");
  check_encoded("line", "one\r\ntwo", SITE "?line=one%0D%0Atwo");
}

static void a_parameter_is_replaced_in_its_place(void) {
  rq_request *request = get(SITE);
  rq_opts *opts = rq_request_opts(request);
  rq_opts_param(opts, "a", "1", NULL);
  rq_opts_param_add(opts, "b", "2", NULL);
  rq_opts_param_add(opts, "a", "3", NULL);
  rq_opts_param_add(opts, "c", "4", NULL);
  rq_prepared *prepared = rq_prepare(NULL, request, NULL);
  CHECK_STR(rq_prepared_url(prepared), SITE "?a=1&b=2&a=3&c=4");
  rq_prepared_free(prepared);
  rq_opts_param(opts, "a", "5", NULL);
  rq_opts_param(opts, "b", NULL, NULL);
  check_url(NULL, request, SITE "?a=5&c=4");
}

static void they_follow_the_urls_own_query_and_precede_its_fragment(void) {
  rq_request *request = get(SITE "p?own=1#part");
  rq_opts_param(rq_request_opts(request), "a", "1", NULL);
  check_url(NULL, request, SITE "p?own=1&a=1#part");
  request = get(SITE "p?a=0");
  rq_opts_param(rq_request_opts(request), "a", "1", NULL);
  check_url(NULL, request, SITE "p?a=0&a=1"); /* the URL's are not replaced */
}

static void the_request_wins_in_the_sessions_place(void) {
  rq_session *session = rq_session_new(NULL);
  rq_opts *defaults = rq_session_opts(session);
  rq_opts_param(defaults, "a", "1", NULL);
  rq_opts_param(defaults, "b", "2", NULL);
  rq_opts_param(defaults, "c", "3", NULL);
  rq_request *request = get(SITE);
  rq_opts_param(rq_request_opts(request), "d", "own", NULL);
  rq_opts_param(rq_request_opts(request), "b", "own", NULL);
  rq_opts_param(rq_request_opts(request), "c", NULL, NULL);
  check_url(session, request, SITE "?a=1&b=own&d=own");
  check_url(session, get(SITE), SITE "?a=1&b=2&c=3"); /* nothing of it was kept */
  check_url(NULL, get(SITE), SITE);
  rq_session_free(session);
}

static void raw_text_replaces_all(void) {
  rq_session *session = rq_session_new(NULL);
  rq_opts *defaults = rq_session_opts(session);
  rq_opts_param(defaults, "a", "1", NULL);
  rq_request *request = get(SITE "?own=1#part");
  rq_opts_param(rq_request_opts(request), "b", "2", NULL);
  rq_opts_params_raw(rq_request_opts(request), "x=(1),*&flag", NULL);
  check_url(session, request, SITE "?own=1&x=(1),*&flag#part");
  request = get(SITE);
  rq_opts_params_raw(rq_request_opts(request), "x", NULL);
  rq_opts_params_raw(rq_request_opts(request), NULL, NULL);
  check_url(session, request, SITE "?a=1"); /* unset again: the session's hold */
  rq_opts_params_raw(defaults, "s=1", NULL);
  check_url(session, get(SITE), SITE "?s=1");
  rq_opts_params_raw(defaults, NULL, NULL);
  check_url(session, get(SITE), SITE);
  rq_session_free(session);
}

/* Whatever the text, the server must see one request line, and the header it was given. */
static void check_one_line(const char *raw) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_request *request = get(t_url("RQ_TEST_HTTP", "/echo"));
  rq_opts_params_raw(rq_request_opts(request), raw, &e);
  char *echo = take(session, request, &e);
  CHECK(t_has(echo, " HTTP/1.1\r\nHost: 127.0.0.1:"));
  CHECK(!t_has(echo, "\nX-Injected:"));
  CHECK(echo && !memchr(echo, '#', strcspn(echo, "\r")));
  CHECK_CODE(e, RQ_OK);
  free(echo);
  rq_session_free(session);
}

static void raw_text_cannot_end_the_request_line(void) {
  check_one_line("a HTTP/1.1\r\nX-Injected: 1\r\n\r\n");
  check_one_line("a\nX-Injected: 1");
  check_one_line("a b\tc#d");
  check_one_line("\xc3\xa9\x7f\x01");
}

static void check_as_is(const char *url, bool as_is, const char *want) {
  rq_request *request = get(url);
  rq_opts_path_as_is(rq_request_opts(request), as_is, NULL);
  check_url(NULL, request, want);
}

static void paths_are_normalised_unless_as_they_are(void) {
  check_as_is(SITE "a/../b/./%7Ec", false, SITE "b/~c");
  check_as_is(SITE "a/../b/./%7Ec", true, SITE "a/../b/./%7Ec");
  check_as_is(SITE "%2e%2E/x?q=%61", true, SITE "%2e%2E/x?q=%61");
  check_as_is(SITE "a b", true, SITE "a%20b"); /* what cannot be sent is escaped all the same */
  check_as_is(SITE "\xc3\xa9", true, SITE "%C3%A9");
}

static void a_request_may_undo_what_its_session_says_of_paths(void) {
  rq_session *session = rq_session_new(NULL);
  rq_opts_path_as_is(rq_session_opts(session), true, NULL);
  check_url(session, get(SITE "a/../b"), SITE "a/../b");
  rq_request *request = get(SITE "a/../b");
  rq_opts_path_as_is(rq_request_opts(request), false, NULL);
  check_url(session, request, SITE "b");
  rq_session_free(session);
}

static void a_path_is_sent_as_it_is(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_request *request = get(t_url("RQ_TEST_HTTP", "/echo?/../%7e"));
  rq_opts_path_as_is(rq_request_opts(request), true, &e);
  rq_opts_param(rq_request_opts(request), "a", "1", &e);
  char *echo = take(session, request, &e);
  CHECK(t_has(echo, "GET /echo?/../%7e&a=1 HTTP/1.1\r\n"));
  CHECK_CODE(e, RQ_OK);
  free(echo);
  rq_session_free(session);
}

int main(void) {
  RUN(pairs_are_form_encoded);
  RUN(a_parameter_is_replaced_in_its_place);
  RUN(they_follow_the_urls_own_query_and_precede_its_fragment);
  RUN(the_request_wins_in_the_sessions_place);
  RUN(raw_text_replaces_all);
  RUN(raw_text_cannot_end_the_request_line);
  RUN(paths_are_normalised_unless_as_they_are);
  RUN(a_request_may_undo_what_its_session_says_of_paths);
  RUN(a_path_is_sent_as_it_is);
  DONE();
}
