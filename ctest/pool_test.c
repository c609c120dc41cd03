/* The pool: dead kept connections, the one safe resend, idle age, and the limit of open ones. */
#include "t.h"

#include <pthread.h>

static rq_response *perform(const rq_session *session, const char *method, const char *path,
                            rq_error **error) {
  rq_request *request = rq_request_new(method, t_url("RQ_TEST_HTTP", path), error);
  rq_response *response = rq_perform(session, request, NULL, error);
  rq_request_free(request);
  return response;
}

/* The kept connection takes the second request and dies without an answer: GET goes out again. */
static void a_get_is_resent_once_unseen(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  int first = t_get(session, t_url("RQ_TEST_HTTP", "/die-on-second"), &e);
  rq_response *response = perform(session, "GET", "/json", &e);
  CHECK_INT(rq_response_status(response), 200);
  CHECK(t_connection(response) > 0 && t_connection(response) != first);
  CHECK(!rq_response_reused(response));
  CHECK(rq_body_bytes(response, &len, &e) != NULL);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

/* Nobody can know whether the server acted on a POST: it is never sent twice. */
static void a_post_is_not_resent(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/die-on-second"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
  CHECK(perform(session, "POST", "/echo", &e) == NULL);
  CHECK_CODE(e, RQ_ERR_CLOSED);
  rq_response *response = perform(session, "POST", "/echo", &e);
  CHECK_INT(rq_response_status(response), 200);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

static void a_fresh_connection_that_dies_is_an_error(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  CHECK(perform(session, "GET", "/rst-head", &e) == NULL);
  CHECK_CODE(e, RQ_ERR_CLOSED);
  rq_session_free(session);
}

/* After `path` the kept connection is useless; whatever the method, the next request works.
 * The wait is for what the server does after its answer: nothing tells a client that it has. */
static void check_replaced(const char *path, const char *method) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  int first = t_get(session, t_url("RQ_TEST_HTTP", path), &e);
  t_sleep_ms(100);
  rq_response *response = perform(session, method, "/echo", &e);
  CHECK_INT(rq_response_status(response), 200);
  CHECK(t_has(rq_body_bytes(response, &len, &e), " /echo HTTP/1.1\r\n"));
  CHECK(first > 0 && t_connection(response) != first);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

static void a_closed_connection_is_replaced(void) {
  check_replaced("/then-close", "GET");
  check_replaced("/then-close", "POST");
}

static void a_reset_connection_is_replaced(void) {
  check_replaced("/then-rst", "GET");
  check_replaced("/then-rst", "POST");
}

/* An answer nobody asked for must never be taken for the next request's. */
static void a_connection_with_garbage_is_replaced(void) {
  check_replaced("/then-garbage", "GET");
  check_replaced("/then-garbage", "POST");
}

static void connection_close_is_honoured(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_header(rq_session_opts(session), "Connection", "close", &e);
  rq_response *first = perform(session, "GET", "/json", &e);
  CHECK(rq_body_bytes(first, &len, &e) != NULL);
  rq_response *second = perform(session, "GET", "/json", &e);
  CHECK(!rq_response_reused(second));
  CHECK(t_connection(first) != t_connection(second));
  CHECK_CODE(e, RQ_OK);
  rq_response_free(second);
  rq_response_free(first);
  rq_session_free(session);
}

/* Two requests with `pause_ms` between them: do they share a connection? */
static bool shared_after(uint32_t idle_age_ms, long pause_ms) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_idle_age_ms(rq_session_opts(session), idle_age_ms, &e);
  int first = t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e);
  t_sleep_ms(pause_ms);
  int second = t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e);
  CHECK(first > 0 && second > 0);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
  return first == second;
}

static void old_idle_connections_are_not_used(void) {
  CHECK(!shared_after(50, 100));
  CHECK(shared_after(60000, 100));
  CHECK(shared_after(0, 100)); /* no limit */
}

static void without_room_for_idle_ones_nothing_is_kept(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_pool(rq_session_opts(session), 0, 0, 0, &e);
  int first = t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e);
  CHECK(first != t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e));
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

enum { WORKERS = 8, TURNS = 50, OPEN_MAX = 2, CONNECTIONS_MAX = 1 << 16 };

static unsigned char seen[CONNECTIONS_MAX]; /* by connection number */

static void *work(void *data) {
  const rq_session *session = data;
  rq_error *e = NULL;
  for (int turn = 0; turn < TURNS; turn++) {
    int connection = t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e);
    CHECK(connection > 0 && connection < CONNECTIONS_MAX);
    __atomic_store_n(&seen[connection % CONNECTIONS_MAX], 1, __ATOMIC_RELAXED);
  }
  CHECK_CODE(e, RQ_OK);
  return NULL;
}

static void more_threads_than_connections_take_turns(void) {
  pthread_t threads[WORKERS];
  int connections = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_pool(rq_session_opts(session), 10, 10, OPEN_MAX, &e);
  CHECK_CODE(e, RQ_OK);
  memset(seen, 0, sizeof seen);
  for (int i = 0; i < WORKERS; i++) {
    CHECK_INT(pthread_create(&threads[i], NULL, work, session), 0);
  }
  for (int i = 0; i < WORKERS; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < CONNECTIONS_MAX; i++) connections += seen[i];
  CHECK(connections >= 1 && connections <= OPEN_MAX);
  rq_session_free(session);
}

/* All allowed connections are held by unread responses: the next request waits, then fails. */
static void waiting_for_a_connection_times_out(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_pool(rq_session_opts(session), 10, 10, 1, &e);
  rq_opts_timeout_ms(rq_session_opts(session), 300, 20000, &e);
  rq_response *holder = perform(session, "GET", "/bytes/1073741824", &e);
  CHECK_INT(rq_response_status(holder), 200);
  CHECK_CODE(e, RQ_OK);
  double start = t_now_ms();
  CHECK(perform(session, "GET", "/json", &e) == NULL);
  double took = t_now_ms() - start;
  CHECK(took >= 300 && took < 300 + 1000 * t_slowness());
  CHECK_STR(rq_error_phase(e), "pool");
  CHECK_CODE(e, RQ_ERR_POOL_TIMEOUT);
  rq_response_free(holder); /* and gives its place to the next */
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

/* A failed request must give its place back too, or the limit would shut the host off. */
static void failed_requests_give_their_place_back(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_pool(rq_session_opts(session), 10, 10, 1, &e);
  rq_opts_timeout_ms(rq_session_opts(session), 2000, 20000, &e);
  for (int turn = 0; turn < 5; turn++) {
    size_t len = 0;
    CHECK(perform(session, "GET", "/rst-head", &e) == NULL);
    CHECK_CODE(e, RQ_ERR_CLOSED);
    rq_response *cut = perform(session, "GET", "/truncated", &e);
    CHECK(rq_body_bytes(cut, &len, &e) == NULL);
    CHECK_CODE(e, RQ_ERR_INCOMPLETE);
    CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0); /* `cut` is not freed yet */
    CHECK_CODE(e, RQ_OK);
    rq_response_free(cut);
  }
  rq_session_free(session);
}

int main(void) {
  RUN(a_get_is_resent_once_unseen);
  RUN(a_post_is_not_resent);
  RUN(a_fresh_connection_that_dies_is_an_error);
  RUN(a_closed_connection_is_replaced);
  RUN(a_reset_connection_is_replaced);
  RUN(a_connection_with_garbage_is_replaced);
  RUN(connection_close_is_honoured);
  RUN(old_idle_connections_are_not_used);
  RUN(without_room_for_idle_ones_nothing_is_kept);
  RUN(more_threads_than_connections_take_turns);
  RUN(waiting_for_a_connection_times_out);
  RUN(failed_requests_give_their_place_back);
  DONE();
}
