/* Redirects: where they lead and what goes along, the history and what was sent for it, those that
 * are not followed, the limit, and that no secret leaves its origin (behaviours R1 to R20). */
#include "peer.h"
#include "take.h"

#define SECRET "s3cret"
#define TO(status, location) \
  SAYS("HTTP/1.1 " status " Elsewhere\r\nContent-Length: 5\r\nLocation: " location "\r\n\r\nmoved")
#define DONE_HERE SAYS("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere")

static rq_session *session;

static const char *body_of(rq_response *response, rq_error **error) {
  size_t len = 0;
  return rq_body_bytes(response, &len, error);
}

static void the_history_has_each_hop(void) {
  rq_error *e = NULL;
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/redirect/2?q"), &e);
  CHECK_INT(rq_response_status(response), 200);
  CHECK_STR(rq_response_url(response), t_url("RQ_TEST_HTTP", "/echo?q"));
  CHECK_INT(rq_response_history_count(response), 3);
  static const char *const urls[] = {"/redirect/2?q", "/redirect/1?q", "/redirect/0?q"};
  for (size_t i = 0; i < 3; i++) {
    rq_response *hop = rq_response_history_at(response, i);
    CHECK_INT(rq_response_status(hop), 302);
    CHECK_STR(rq_response_url(hop), t_url("RQ_TEST_HTTP", urls[i]));
    CHECK_STR(rq_prepared_url(rq_response_request(hop)), rq_response_url(hop));
    CHECK_STR(body_of(hop, &e), "elsewhere\n");
    CHECK(rq_response_is_redirect(hop) && !rq_response_is_permanent_redirect(hop));
    CHECK(rq_response_ok(hop));
    CHECK_INT(rq_response_history_count(hop), 0);
    CHECK(hop == rq_response_history_at(response, i));
  }
  CHECK(rq_response_history_at(response, 3) == NULL);
  CHECK(rq_response_history_at(response, SIZE_MAX) == NULL);
  CHECK(!rq_response_is_redirect(response) && rq_response_ok(response));
  CHECK(t_has(body_of(response, &e), "GET /echo?q HTTP/1.1\r\n"));
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
}

static void each_hop_has_its_own_cookies_and_the_session_all(void) {
  rq_error *e = NULL;
  const char *name = NULL, *value = NULL;
  rq_cookies_clear(rq_session_cookies(session), NULL, NULL, NULL);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/redirect/1?v"), &e);
  CHECK(t_has(body_of(response, &e), "\r\nCookie: hop1=v; hop0=v\r\n"));
  for (size_t i = 0; i < 2; i++) {
    rq_cookies *cookies = rq_response_cookies(rq_response_history_at(response, i));
    rq_cookie_list *list = rq_cookies_list(cookies, &e);
    CHECK(rq_cookie_list_at(list, 0, &name, &value, NULL, NULL));
    CHECK_STR(name, i == 0 ? "hop1" : "hop0");
    CHECK_STR(value, "v");
    CHECK(!rq_cookie_list_at(list, 1, NULL, NULL, NULL, NULL));
    rq_cookie_list_free(list);
  }
  rq_cookies *none = rq_response_cookies(response);
  CHECK(none != NULL && none == rq_response_cookies(response));
  rq_cookie_list *list = rq_cookies_list(none, &e);
  CHECK(list != NULL && !rq_cookie_list_at(list, 0, NULL, NULL, NULL, NULL));
  CHECK_CODE(e, RQ_OK);
  rq_cookie_list_free(list);
  rq_response_free(response);
  rq_cookies_clear(rq_session_cookies(session), NULL, NULL, NULL);
}

/* Sends a request with a body through a redirect of this status: what arrives in the end. */
static void check_method(const char *method, peer_reply redirect, const char *want, bool keeps) {
  const peer_reply script[] = {redirect, DONE_HERE};
  peer there;
  rq_error *e = NULL;
  PEER_SCRIPT(&there, script);
  rq_request *request = rq_request_new(method, peer_at(&there, "/from"), &e);
  rq_request_body(request, "payload", 7, &e);
  rq_opts_header(rq_request_opts(request), "Content-Type", "text/x-own", &e);
  free(take(session, request, &e));
  CHECK_CODE(e, RQ_OK);
  const char *second = peer_received(&there, 1);
  CHECK(second && strncmp(second, want, strlen(want)) == 0);
  CHECK(t_has(second, "\r\n\r\npayload") == keeps);
  CHECK(t_has(second, "Content-Type") == keeps && t_has(second, "Content-Length") == keeps);
  peer_stop(&there);
}

static void the_status_says_what_becomes_of_method_and_body(void) {
  check_method("POST", (peer_reply)TO("301", "/to"), "GET /to ", false);
  check_method("POST", (peer_reply)TO("302", "/to"), "GET /to ", false);
  check_method("PUT", (peer_reply)TO("303", "/to"), "GET /to ", false);
  check_method("POST", (peer_reply)TO("307", "/to"), "POST /to ", true);
  check_method("PATCH", (peer_reply)TO("308", "/to"), "PATCH /to ", true);
}

static int64_t read_once(void *context, void *buf, size_t cap, rq_error **error) {
  (void)cap, (void)error;
  if ((*(int *)context)++ > 0) return 0;
  memcpy(buf, "once", 4);
  return 4;
}

static void a_body_that_cannot_be_sent_again_is_an_error(void) {
  static const peer_reply script[] = {TO("307", "/to"), DONE_HERE};
  peer there;
  int reads = 0;
  rq_error *e = NULL;
  PEER_SCRIPT(&there, script);
  rq_request *request = rq_request_new("POST", peer_at(&there, "/from"), &e);
  rq_request_body_callback(request, read_once, NULL, &reads, NULL, 4, &e);
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK_STR(rq_error_exception(e), "UnrewindableBodyError");
  CHECK_CODE(e, RQ_ERR_BODY);
  CHECK_INT(peer_requests(&there), 1);
  rq_request_free(request);
  peer_stop(&there);
}

static void one_that_is_not_followed_tells_where_it_leads(void) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("POST", t_url("RQ_TEST_HTTP", "/redirect/0?q"), &e);
  rq_request_body(request, "payload", 7, &e);
  rq_opts_follow_redirects(rq_request_opts(request), false, &e);
  rq_response *response = rq_perform(session, request, NULL, &e);
  CHECK_INT(rq_response_status(response), 302);
  CHECK(rq_response_is_redirect(response));
  CHECK_INT(rq_response_history_count(response), 0);
  rq_prepared *next = rq_response_next(response, &e);
  CHECK_STR(rq_prepared_method(next), "GET");
  CHECK_STR(rq_prepared_url(next), t_url("RQ_TEST_HTTP", "/echo?q"));
  CHECK_INT(rq_prepared_body_length(next), 0);
  rq_response_free(response);
  rq_request_free(request);
  response = rq_send(session, next, NULL, &e); /* it outlives what it came from */
  CHECK_INT(rq_response_status(response), 200);
  CHECK(rq_response_next(response, &e) == NULL);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_prepared_free(next);
}

static void a_location_that_cannot_be_is_told_by_next(void) {
  static const peer_reply script[] = {TO("301", "http://[::1/"), TO("301", "http://[::1/")};
  peer there;
  rq_error *e = NULL;
  PEER_SCRIPT(&there, script);
  rq_request *request = rq_request_new("GET", peer_at(&there, "/"), &e);
  rq_opts_follow_redirects(rq_request_opts(request), false, &e);
  rq_response *response = rq_perform(session, request, NULL, &e);
  CHECK(rq_response_is_permanent_redirect(response));
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_response_next(response, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_INVALID_URL);
  rq_response_free(response);
  rq_request_free(request);
  CHECK(rq_get(session, peer_at(&there, "/"), &e) == NULL);
  CHECK_CODE(e, RQ_ERR_INVALID_URL);
  peer_stop(&there);
}

static void the_limit_counts_redirects(void) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/redirect/2"), &e);
  rq_opts_redirects_max(rq_request_opts(request), 3, &e);
  free(take(session, request, &e));
  CHECK_CODE(e, RQ_OK);
  for (uint32_t max = 0; max < 3; max += 2) {
    request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/redirect/2"), &e);
    rq_opts_redirects_max(rq_request_opts(request), max, &e);
    CHECK(rq_perform(session, request, NULL, &e) == NULL);
    CHECK_STR(rq_error_exception(e), "TooManyRedirects");
    CHECK_INT(rq_error_status(e), 302);
    CHECK(t_has(rq_error_message(e), max == 0 ? "0 redirects" : "2 redirects"));
    CHECK_CODE(e, RQ_ERR_TOO_MANY_REDIRECTS);
    rq_request_free(request);
  }
  CHECK(rq_get(session, t_url("RQ_TEST_HTTP", "/redirect/30"), &e) == NULL); /* 31, by default */
  CHECK_CODE(e, RQ_ERR_TOO_MANY_REDIRECTS);
}

static rq_request *with_secrets(const peer *there, rq_error **error) {
  rq_request *request = rq_request_new("GET", peer_at(there, "/from"), error);
  rq_opts *opts = rq_request_opts(request);
  rq_opts_auth_basic(opts, "ann", SECRET, error);
  rq_opts_header(opts, "X-Api-Key", SECRET, error);
  rq_opts_header(opts, "X-Plain", "1", error);
  rq_opts_sensitive_header(opts, "x-api-key", error);
  rq_opts_cookie(opts, "id", SECRET, error);
  return request;
}

/* From one origin to another and back: what was stripped stays stripped. */
static void secrets_stay_with_their_origin(void) {
  char to_other[256], back[256];
  peer home, other;
  rq_error *e = NULL;
  peer_reply script[] = {{to_other, 0}, DONE_HERE};
  peer_reply other_script[] = {{back, 0}};
  PEER_SCRIPT(&home, script);
  PEER_SCRIPT(&other, other_script);
  const char *format = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n";
  script[0].len = (size_t)snprintf(to_other, sizeof to_other, format, peer_at(&other, "/there"));
  other_script[0].len = (size_t)snprintf(back, sizeof back, format, peer_at(&home, "/back"));
  char *text = take(session, with_secrets(&home, &e), &e);
  CHECK_STR(text, "here");
  CHECK_CODE(e, RQ_OK);
  CHECK(t_has(peer_received(&home, 0), "\r\nX-Api-Key: " SECRET "\r\n"));
  CHECK(t_has(peer_received(&home, 0), "\r\nAuthorization: Basic "));
  CHECK(t_has(peer_received(&home, 0), "id=" SECRET));
  const char *const later[] = {peer_received(&other, 0), peer_received(&home, 1)};
  for (int i = 0; i < 2; i++) {
    CHECK(t_has(later[i], "\r\nX-Plain: 1\r\n"));
    CHECK(!t_has(later[i], SECRET) && !t_has(later[i], "uthorization"));
    CHECK(!t_has(later[i], "-Api-Key") && !t_has(later[i], "id="));
  }
  free(text);
  peer_stop(&home);
  peer_stop(&other);
}

static void within_an_origin_credentials_go_along(void) {
  static const peer_reply script[] = {TO("302", "/to#part"), DONE_HERE};
  peer there;
  rq_error *e = NULL;
  PEER_SCRIPT(&there, script);
  rq_request *request = with_secrets(&there, &e);
  rq_response *response = rq_perform(session, request, NULL, &e);
  CHECK_STR(rq_response_url(response), peer_at(&there, "/to#part"));
  CHECK(t_has(peer_received(&there, 1), "GET /to HTTP/1.1\r\n"));
  CHECK(t_has(peer_received(&there, 1), "\r\nX-Api-Key: " SECRET "\r\n"));
  CHECK(t_has(peer_received(&there, 1), "\r\nAuthorization: Basic "));
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_request_free(request);
  peer_stop(&there);
}

/* An error behind a redirect names the hop, and nothing of a hop is left behind. */
static void a_hop_that_fails_fails_the_call(void) {
  char away[256];
  const peer_reply script[] = {{away, (size_t)snprintf(
      away, sizeof away, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %s/gone\r\n\r\n",
      t_env("RQ_TEST_REFUSED"))}};
  peer there;
  rq_error *e = NULL;
  PEER_SCRIPT(&there, script);
  CHECK(rq_get(session, peer_at(&there, "/"), &e) == NULL);
  CHECK(t_has(rq_error_url(e), "/gone"));
  CHECK_CODE(e, RQ_ERR_CONNECT);
  peer_stop(&there);
}

int main(void) {
  session = rq_session_new(NULL);
  RUN(the_history_has_each_hop);
  RUN(each_hop_has_its_own_cookies_and_the_session_all);
  RUN(the_status_says_what_becomes_of_method_and_body);
  RUN(a_body_that_cannot_be_sent_again_is_an_error);
  RUN(one_that_is_not_followed_tells_where_it_leads);
  RUN(a_location_that_cannot_be_is_told_by_next);
  RUN(the_limit_counts_redirects);
  RUN(secrets_stay_with_their_origin);
  RUN(within_an_origin_credentials_go_along);
  RUN(a_hop_that_fails_fails_the_call);
  rq_session_free(session);
  DONE();
}
