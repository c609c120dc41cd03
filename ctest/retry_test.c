/* What is sent again: by the policy of retries, after 417, and with an answer to a challenge; and
 * what never is (behaviours A8, B18, Y2 to Y6; faults 46, 47). */
#include "peer.h"
#include "source.h"
#include "take.h"

#define SECRET "s3cret"
#define BUSY SAYS("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy")
#define BUSY_FOR(seconds) \
  SAYS("HTTP/1.1 503 Busy\r\nRetry-After: " seconds "\r\nContent-Length: 4\r\n\r\nbusy")
#define GONE SAYS("")
#define DONE_HERE SAYS("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")

static rq_session *session;

/* Sends and frees a request with these retries: its status, -1 for an error, which is taken. */
static int perform(rq_request *request, uint32_t retries, rq_code want) {
  rq_error *e = NULL;
  rq_opts_retries(rq_request_opts(request), retries, &e);
  CHECK_CODE(e, RQ_OK);
  rq_response *response = rq_perform(session, request, NULL, &e);
  int status = response ? rq_response_status(response) : -1;
  CHECK_CODE(e, want);
  rq_response_free(response);
  rq_request_free(request);
  return status;
}

static void check_tries(const char *method, const peer_reply *script, int replies, int32_t status,
                        int tries) {
  peer there;
  rq_error *e = NULL;
  peer_script(&there, script, replies);
  rq_request *request = rq_request_new(method, there.url, &e);
  rq_opts_retry_status(rq_request_opts(request), 503, &e);
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(perform(request, 2, status == -1 ? RQ_ERR_CLOSED : RQ_OK), status);
  CHECK_INT(peer_requests(&there), tries);
  peer_stop(&there);
}

static void statuses_and_dead_connections_are_tried_again(void) {
  static const peer_reply helps[] = {BUSY, GONE, DONE_HERE};
  static const peer_reply never[] = {BUSY, BUSY, BUSY, DONE_HERE};
  static const peer_reply dead[] = {GONE, GONE, GONE, DONE_HERE};
  check_tries("GET", helps, 3, 200, 3);
  check_tries("GET", never, 4, 503, 3); /* the last answer */
  check_tries("GET", dead, 4, -1, 3);   /* the last error */
}

static void a_method_that_may_not_be_repeated_is_not(void) {
  static const peer_reply busy[] = {BUSY, DONE_HERE};
  static const peer_reply dead[] = {GONE, DONE_HERE};
  check_tries("POST", busy, 2, 503, 1);
  check_tries("POST", dead, 2, -1, 1);
}

static void a_method_may_be_allowed(void) {
  static const peer_reply script[] = {BUSY, GONE, DONE_HERE, BUSY, BUSY};
  peer there;
  rq_error *e = NULL;
  PEER_SCRIPT(&there, script);
  rq_request *request = rq_request_new("POST", there.url, &e);
  rq_request_body(request, "again", 5, &e);
  rq_opts_retry_method(rq_request_opts(request), "POST", &e);
  rq_opts_retry_status(rq_request_opts(request), 503, &e);
  CHECK_INT(perform(request, 2, RQ_OK), 200);
  for (int i = 0; i < 3; i++) CHECK(t_has(peer_received(&there, i), "\r\n\r\nagain"));
  request = rq_request_new("MKCOL", there.url, &e);
  rq_opts_retry_method(rq_request_opts(request), "*", &e);
  rq_opts_retry_status(rq_request_opts(request), 503, &e);
  CHECK_INT(perform(request, 1, RQ_OK), 503);
  CHECK_INT(peer_requests(&there), 5);
  CHECK_CODE(e, RQ_OK);
  peer_stop(&there);
}

static void what_cannot_be_rewound_is_not_tried_again(void) {
  static const peer_reply script[] = {BUSY, DONE_HERE};
  peer there;
  source from = {.len = 5};
  rq_error *e = NULL;
  PEER_SCRIPT(&there, script);
  rq_request *request = rq_request_new("PUT", there.url, &e);
  rq_request_body_callback(request, source_read, NULL, &from, source_free, 5, &e);
  rq_opts_retry_status(rq_request_opts(request), 503, &e);
  CHECK_INT(perform(request, 3, RQ_OK), 503);
  CHECK_INT(peer_requests(&there), 1);
  CHECK_INT(from.freed, 1);
  peer_stop(&there);
}

static void a_connect_that_fails_is_tried_again_for_any_method(void) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("POST", t_env("RQ_TEST_REFUSED"), &e);
  CHECK_INT(perform(request, 2, RQ_ERR_CONNECT), -1);
}

/* Retry-After holds without any status having been named; a longer one than allowed is returned. */
static void retry_after_is_heeded_within_bounds(void) {
  static const peer_reply script[] = {BUSY_FOR("0"), DONE_HERE, BUSY_FOR("3600"), BUSY_FOR("1"),
                                      BUSY_FOR("0")};
  peer there;
  rq_error *e = NULL;
  PEER_SCRIPT(&there, script);
  CHECK_INT(perform(rq_request_new("GET", there.url, &e), 1, RQ_OK), 200);
  CHECK_INT(perform(rq_request_new("GET", there.url, &e), 1, RQ_OK), 503);
  rq_request *request = rq_request_new("GET", there.url, &e);
  rq_opts_retry_after_max_ms(rq_request_opts(request), 500, &e);
  CHECK_INT(perform(request, 1, RQ_OK), 503);
  request = rq_request_new("GET", there.url, &e);
  rq_opts_retry_after_max_ms(rq_request_opts(request), 0, &e); /* ignored */
  CHECK_INT(perform(request, 1, RQ_OK), 503);
  CHECK_INT(peer_requests(&there), 5);
  CHECK_CODE(e, RQ_OK);
  peer_stop(&there);
}

static void pauses_end_with_the_deadline(void) {
  static const peer_reply script[] = {BUSY, BUSY, BUSY, DONE_HERE};
  peer there;
  rq_error *e = NULL;
  PEER_SCRIPT(&there, script);
  rq_request *request = rq_request_new("GET", there.url, &e);
  rq_opts *opts = rq_request_opts(request);
  rq_opts_retry_status(opts, 503, &e);
  rq_opts_retry_backoff_ms(opts, 600000, 600000, &e);
  rq_opts_deadline_ms(opts, 300, &e);
  CHECK_INT(perform(request, 3, RQ_ERR_TOTAL_TIMEOUT), -1);
  CHECK_INT(peer_requests(&there), 2); /* the first repetition has no pause */
  peer_stop(&there);
}

#define GO_ON SAYS("HTTP/1.1 100 Continue\r\n\r\n")
#define REFUSED_EXPECTATION \
  SAYS("HTTP/1.1 417 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
#define TOO_LARGE SAYS("HTTP/1.1 413 Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

static int perform_asking(const peer *there, source *from) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("PUT", there->url, &e);
  rq_request_body_callback(request, source_read, source_rewind, from, source_free, 5, &e);
  rq_opts_expect_continue(rq_request_opts(request), true, &e);
  CHECK_CODE(e, RQ_OK);
  return perform(request, 0, RQ_OK);
}

static void a_body_waits_for_leave(void) {
  static const peer_reply script[] = {GO_ON, DONE_HERE};
  peer there;
  source from = {.len = 5};
  PEER_SCRIPT(&there, script);
  CHECK_INT(perform_asking(&there, &from), 200);
  CHECK(t_has(peer_received(&there, 0), "\r\nExpect: 100-continue\r\n"));
  CHECK_INT(strlen(strstr(peer_received(&there, 0), "\r\n\r\n")), 4); /* no body yet */
  CHECK_INT(peer_requests(&there), 2);
  CHECK(from.reads > 0 && from.freed == 1);
  peer_stop(&there);
}

static void without_leave_no_body_is_sent(void) {
  static const peer_reply script[] = {TOO_LARGE};
  peer there;
  source from = {.len = 5};
  PEER_SCRIPT(&there, script);
  CHECK_INT(perform_asking(&there, &from), 413);
  CHECK_INT(from.reads, 0);
  CHECK_INT(peer_requests(&there), 1);
  peer_stop(&there);
}

static void fault_47_a_refused_expectation_is_not_repeated(void) {
  static const peer_reply script[] = {REFUSED_EXPECTATION, DONE_HERE};
  peer there;
  source from = {.len = 5};
  PEER_SCRIPT(&there, script);
  CHECK_INT(perform_asking(&there, &from), 200);
  CHECK(!t_has(peer_received(&there, 1), "Expect"));
  CHECK_INT(peer_requests(&there), 2);
  peer_stop(&there);
}

#define CHALLENGE(scheme) \
  SAYS("HTTP/1.1 401 Who\r\nContent-Length: 3\r\nWWW-Authenticate: " scheme "\r\n\r\nwho")
#define DIGEST "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256"

static rq_request *as_ann(const peer *there, rq_error **error) {
  rq_request *request = rq_request_new("GET", peer_at(there, "/p?q"), error);
  rq_opts_auth_digest(rq_request_opts(request), "ann", SECRET, error);
  return request;
}

static void a_challenge_is_answered_and_its_answer_used_again(void) {
  static const peer_reply script[] = {CHALLENGE(DIGEST), DONE_HERE, DONE_HERE};
  peer there;
  size_t len = 0;
  rq_error *e = NULL;
  PEER_SCRIPT(&there, script);
  rq_request *request = as_ann(&there, &e);
  rq_response *response = rq_perform(session, request, NULL, &e);
  CHECK_INT(rq_response_status(response), 200);
  CHECK_INT(rq_response_history_count(response), 1);
  rq_response *asked = rq_response_history_at(response, 0);
  CHECK_INT(rq_response_status(asked), 401);
  CHECK_STR(rq_body_bytes(asked, &len, &e), "who");
  CHECK(rq_prepared_header(rq_response_request(asked), "Authorization") == NULL);
  const char *answer = rq_prepared_header(rq_response_request(response), "Authorization");
  CHECK(t_has(answer, "Digest username=\"ann\", realm=\"r\", nonce=\"n\", uri=\"/p?q\""));
  CHECK(t_has(answer, "nc=00000001") && t_has(answer, "algorithm=\"SHA-256\""));
  CHECK(t_has(peer_received(&there, 1), answer ? answer : "?") && !t_has(answer, SECRET));
  rq_response_free(response);
  response = rq_perform(session, request, NULL, &e); /* unasked */
  CHECK_INT(rq_response_history_count(response), 0);
  CHECK(t_has(peer_received(&there, 2), "nc=00000002"));
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_request_free(request);
  peer_stop(&there);
}

static void wrong_credentials_are_refused_once(void) {
  static const peer_reply script[] = {CHALLENGE(DIGEST), CHALLENGE(DIGEST), DONE_HERE};
  peer there;
  rq_error *e = NULL;
  PEER_SCRIPT(&there, script);
  rq_request *request = as_ann(&there, &e);
  rq_response *response = rq_perform(session, request, NULL, &e);
  CHECK_INT(rq_response_status(response), 401);
  CHECK_INT(peer_requests(&there), 2);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_request_free(request);
  peer_stop(&there);
}

static void a_challenge_of_another_kind_is_the_answer(void) {
  static const peer_reply script[] = {CHALLENGE("Basic realm=\"r\""), DONE_HERE};
  peer there;
  rq_error *e = NULL;
  PEER_SCRIPT(&there, script);
  CHECK_INT(perform(as_ann(&there, &e), 0, RQ_OK), 401);
  CHECK_INT(peer_requests(&there), 1);
  peer_stop(&there);
}

/* The proxy gets the request and its credentials; those of digest only once it has asked. */
static void a_proxy_is_answered_too(void) {
  static const peer_reply script[] = {
      SAYS("HTTP/1.1 407 Who\r\nContent-Length: 0\r\nProxy-Authenticate: " DIGEST "\r\n\r\n"),
      DONE_HERE};
  peer proxy;
  char url[128];
  rq_error *e = NULL;
  PEER_SCRIPT(&proxy, script);
  snprintf(url, sizeof url, "http://ann:" SECRET "@%.40s", strrchr(proxy.url, '/') + 1);
  rq_request *request = rq_request_new("GET", "http://site.test/p?q", &e);
  rq_opts_proxy(rq_request_opts(request), "http", url, &e);
  rq_opts_proxy_digest(rq_request_opts(request), true, &e);
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(perform(request, 0, RQ_OK), 200);
  CHECK(t_has(peer_received(&proxy, 0), "GET http://site.test/p?q HTTP/1.1\r\n"));
  CHECK(!t_has(peer_received(&proxy, 0), "Proxy-Authorization"));
  CHECK(t_has(peer_received(&proxy, 1), "\r\nProxy-Authorization: Digest username=\"ann\""));
  CHECK_INT(peer_requests(&proxy), 2);
  peer_stop(&proxy);
}

int main(void) {
  session = rq_session_new(NULL);
  RUN(statuses_and_dead_connections_are_tried_again);
  RUN(a_method_that_may_not_be_repeated_is_not);
  RUN(a_method_may_be_allowed);
  RUN(what_cannot_be_rewound_is_not_tried_again);
  RUN(a_connect_that_fails_is_tried_again_for_any_method);
  RUN(retry_after_is_heeded_within_bounds);
  RUN(pauses_end_with_the_deadline);
  RUN(a_body_waits_for_leave);
  RUN(without_leave_no_body_is_sent);
  RUN(fault_47_a_refused_expectation_is_not_repeated);
  RUN(a_challenge_is_answered_and_its_answer_used_again);
  RUN(wrong_credentials_are_refused_once);
  RUN(a_challenge_of_another_kind_is_the_answer);
  RUN(a_proxy_is_answered_too);
  rq_session_free(session);
  DONE();
}
