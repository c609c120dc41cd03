/* rq_sugar.h: handles freed by their scope, kept beyond it, dropped before its end.
 * That each is freed exactly once is seen by valgrind and AddressSanitizer, which run this too. */
#include "t.h"

#include <rq_sugar.h>

/* Returns the response; session and error of this scope are gone by then. */
static rq_response *get_json(void) {
  rq_auto(error) e = NULL;
  rq_auto(session) session = rq_session_new(&e);
  rq_auto(request) request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/json"), &e);
  rq_auto(prepared) prepared = rq_prepare(session, request, &e);
  rq_auto(cancel) cancel = rq_cancel_new(&e);
  rq_auto(response) response = rq_send(session, prepared, cancel, &e);
  CHECK_INT(rq_error_code(e), RQ_OK);
  return rq_keep(response, response);
}

static void a_kept_handle_outlives_its_scope(void) {
  size_t len = 0;
  rq_auto(error) e = NULL;
  rq_auto(response) response = get_json();
  CHECK_INT(rq_response_status(response), 200);
  CHECK(rq_body_bytes(response, &len, &e) != NULL);
  CHECK(e == NULL);
}

static void a_set_error_is_freed(void) {
  rq_auto(error) e = NULL;
  rq_auto(session) session = rq_session_new(&e);
  rq_auto(response) response = rq_get(session, "nonsense", &e);
  CHECK(response == NULL);
  CHECK_INT(rq_error_code(e), RQ_ERR_MISSING_SCHEMA);
}

static void dropping_frees_early(void) {
  rq_auto(error) e = NULL;
  rq_auto(session) session = rq_session_new(&e);
  rq_auto(response) response = NULL;
  for (int turn = 0; turn < 3; turn++) {
    rq_drop(response, response);
    CHECK(response == NULL);
    response = rq_get(session, t_url("RQ_TEST_HTTP", "/json"), &e);
  }
  rq_drop(session, session);
  CHECK(session == NULL && response != NULL && e == NULL);
}

/* Whichever way the loop is left, each list is freed. */
static void a_list_of_cookies_frees_itself(void) {
  rq_auto(error) e = NULL;
  rq_auto(session) session = rq_session_new(&e);
  rq_cookies *cookies = rq_session_cookies(session);
  for (int turn = 0; turn < 3; turn++) {
    rq_cookies_set(cookies, "a", "1", NULL, NULL, false, &e);
    rq_auto(cookie_list) list = rq_cookies_list(cookies, &e);
    CHECK(rq_cookie_list_at(list, 0, NULL, NULL, NULL, NULL));
    rq_drop(cookie_list, list);
    CHECK(list == NULL);
    list = rq_cookies_list(cookies, &e);
    if (turn == 1) break;
  }
  CHECK(e == NULL);
}

/* Settings that are made for one sending, kept over a scope; what a request lends stays its own. */
static rq_opts *hurried(rq_error **error) {
  rq_auto(opts) opts = rq_opts_new(error);
  rq_opts_deadline_ms(opts, 60000, error);
  return rq_keep(opts, opts);
}

static void settings_of_their_own_free_themselves(void) {
  rq_auto(error) e = NULL;
  rq_auto(session) session = rq_session_new(&e);
  rq_auto(request) request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/json"), &e);
  rq_opts *lent = rq_request_opts(request);
  rq_opts_header(lent, "X-A", "1", &e);
  rq_auto(prepared) prepared = rq_prepare(session, request, &e);
  rq_auto(opts) opts = hurried(&e);
  rq_auto(response) response = rq_send_with(session, prepared, opts, NULL, &e);
  CHECK_INT(rq_response_status(response), 200);
  rq_drop(opts, opts);
  CHECK(opts == NULL && rq_request_opts(request) == lent && e == NULL);
}

int main(void) {
  RUN(a_kept_handle_outlives_its_scope);
  RUN(a_set_error_is_freed);
  RUN(dropping_frees_early);
  RUN(a_list_of_cookies_frees_itself);
  RUN(settings_of_their_own_free_themselves);
  DONE();
}
