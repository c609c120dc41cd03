/* Cancelling: a token triggered by another thread ends every kind of wait at once. */
#include "t.h"

#include <pthread.h>

/* Long enough for the other thread to be blocked in the call, short of every timeout. */
#define TRIGGER_AFTER_MS 100

typedef struct {
  rq_cancel *cancel;
  bool free_it;        /* the triggering thread frees the token while the call still runs */
  double triggered_ms; /* when */
  pthread_t thread;
} trigger;

static void *trigger_later(void *data) {
  trigger *this = data;
  t_sleep_ms(TRIGGER_AFTER_MS);
  this->triggered_ms = t_now_ms();
  rq_cancel_trigger(this->cancel);
  if (this->free_it) rq_cancel_free(this->cancel);
  return NULL;
}

static void count_down(trigger *this) {
  CHECK_INT(pthread_create(&this->thread, NULL, trigger_later, this), 0);
}

static void start_trigger(trigger *this, bool free_it, rq_error **error) {
  this->cancel = rq_cancel_new(error);
  this->free_it = free_it;
  count_down(this);
}

/* To be called when the cancelled call is back: takes its error and ends the trigger. */
static void check_cancelled(trigger *this, rq_error **error) {
  double back_ms = t_now_ms();
  pthread_join(this->thread, NULL);
  double late_ms = back_ms - this->triggered_ms;
  if (late_ms < 0 || late_ms > 100) printf("back %.1f ms after the trigger\n", late_ms);
  CHECK(late_ms >= 0); /* else it was not the trigger that ended the call */
  CHECK(late_ms < 1000 * t_slowness());
  CHECK_CODE(*error, RQ_ERR_CANCELLED);
  if (this->free_it) return;
  CHECK(rq_cancel_triggered(this->cancel));
  rq_cancel_free(this->cancel);
}

static void check_usable(rq_session *session) {
  rq_error *e = NULL;
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
}

static void check_get_cancelled(const char *url, bool free_it) {
  trigger other;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), &e);
  rq_request *request = rq_request_new("GET", url, &e);
  start_trigger(&other, free_it, &e);
  CHECK(rq_perform(session, request, other.cancel, &e) == NULL);
  check_cancelled(&other, &e);
  check_usable(session);
  rq_request_free(request);
  rq_session_free(session);
}

static void while_connecting(void) { check_get_cancelled(t_env("RQ_TEST_BLACKHOLE"), false); }

static void while_shaking_hands(void) {
  char url[128];
  snprintf(url, sizeof url, "https://%s/", t_env("RQ_TEST_SILENT"));
  check_get_cancelled(url, false);
}

static void while_waiting_for_the_head(void) {
  check_get_cancelled(t_url("RQ_TEST_HTTP", "/stall-head"), false);
  check_get_cancelled(t_url("RQ_TEST_HTTPS", "/stall-head"), false);
}

static void with_the_token_freed_during_the_call(void) {
  check_get_cancelled(t_env("RQ_TEST_BLACKHOLE"), true);
  check_get_cancelled(t_url("RQ_TEST_HTTP", "/stall-head"), true);
}

static void check_body_cancelled(const char *base) {
  char bytes[100];
  rq_error *e = NULL;
  trigger other = {.cancel = rq_cancel_new(&e)};
  rq_session *session = rq_session_new(&e);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), &e);
  rq_request *request = rq_request_new("GET", t_url(base, "/stall-body"), &e);
  rq_response *response = rq_perform(session, request, other.cancel, &e);
  CHECK_CODE(e, RQ_OK);
  count_down(&other); /* with the head already here: it is the body that waits */
  while (rq_body_read(response, bytes, sizeof bytes, &e) > 0) {
  }
  check_cancelled(&other, &e);
  CHECK_INT(rq_body_read(response, bytes, sizeof bytes, &e), -1); /* and it stays */
  CHECK_CODE(e, RQ_ERR_CANCELLED);
  check_usable(session);
  rq_response_free(response);
  rq_request_free(request);
  rq_session_free(session);
}

static void while_waiting_for_the_body(void) {
  check_body_cancelled("RQ_TEST_HTTP");
  check_body_cancelled("RQ_TEST_HTTPS");
}

static void check_upload_cancelled(const char *base) {
  size_t len = 64u << 20;
  void *body = calloc(1, len);
  trigger other;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), &e);
  rq_request *request = rq_request_new("POST", t_url(base, "/no-read"), &e);
  rq_request_body(request, body, len, &e);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  free(body);
  start_trigger(&other, false, &e);
  CHECK(rq_send(session, prepared, other.cancel, &e) == NULL);
  check_cancelled(&other, &e);
  check_usable(session);
  rq_prepared_free(prepared);
  rq_request_free(request);
  rq_session_free(session);
}

static void while_an_upload_is_blocked(void) {
  check_upload_cancelled("RQ_TEST_HTTP");
  check_upload_cancelled("RQ_TEST_HTTPS");
}

static void while_waiting_for_a_free_connection(void) {
  trigger other;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_pool(rq_session_opts(session), 10, 10, 1, &e);
  rq_response *holder = rq_get(session, t_url("RQ_TEST_HTTP", "/bytes/1073741824"), &e);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/json"), &e);
  start_trigger(&other, false, &e);
  CHECK(rq_perform(session, request, other.cancel, &e) == NULL);
  check_cancelled(&other, &e);
  rq_response_free(holder);
  check_usable(session);
  rq_request_free(request);
  rq_session_free(session);
}

static void a_triggered_token_fails_at_once(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_request *request = rq_request_new("GET", t_env("RQ_TEST_BLACKHOLE"), &e);
  rq_cancel *cancel = rq_cancel_new(&e);
  CHECK(!rq_cancel_triggered(cancel));
  rq_cancel_trigger(cancel);
  rq_cancel_trigger(cancel); /* sticky: twice is once */
  CHECK(rq_cancel_triggered(cancel));
  for (int turn = 0; turn < 2; turn++) {
    double start = t_now_ms();
    CHECK(rq_perform(session, request, cancel, &e) == NULL);
    CHECK(t_now_ms() - start < 50 * t_slowness());
    CHECK_CODE(e, RQ_ERR_CANCELLED);
  }
  rq_cancel_free(cancel);
  check_usable(session);
  rq_request_free(request);
  rq_session_free(session);
}

static void an_untriggered_token_changes_nothing(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/drip/5/20"), &e);
  rq_cancel *cancel = rq_cancel_new(&e);
  rq_response *response = rq_perform(session, request, cancel, &e);
  rq_cancel_free(cancel); /* the response keeps what it needs of it */
  CHECK(rq_body_bytes(response, &len, &e) != NULL);
  CHECK_INT(len, 5);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_request_free(request);
  rq_session_free(session);
}

/* A connection back in the pool has nothing more to do with the token it was used under. */
static void a_late_trigger_spares_the_next_request(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/json"), &e);
  rq_cancel *cancel = rq_cancel_new(&e);
  rq_response *first = rq_perform(session, request, cancel, &e);
  CHECK(rq_body_bytes(first, &len, &e) != NULL);
  rq_response *second = rq_get(session, t_url("RQ_TEST_HTTP", "/bytes/1048576"), &e);
  CHECK_INT(t_connection(second), t_connection(first));
  rq_cancel_trigger(cancel);
  CHECK(rq_body_bytes(second, &len, &e) != NULL);
  CHECK_INT(len, 1048576);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(second);
  rq_response_free(first);
  rq_cancel_free(cancel);
  rq_request_free(request);
  rq_session_free(session);
}

static void *trigger_now(void *cancel) {
  rq_cancel_trigger(cancel);
  return NULL;
}

/* The trigger meets a connection at every moment of its making, and nothing of that kills us. */
static void while_connections_come_and_go(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/json"), &e);
  for (int turn = 0; turn < 2000 / t_slowness(); turn++) {
    pthread_t thread;
    rq_cancel *cancel = rq_cancel_new(&e);
    CHECK_CODE(e, RQ_OK);
    rq_session_close_idle(session);
    CHECK_INT(pthread_create(&thread, NULL, trigger_now, cancel), 0);
    for (int spin = 0; spin < turn % 50 * 100; spin++) rq_cancel_triggered(cancel);
    rq_response *response = rq_perform(session, request, cancel, &e);
    CHECK(e == NULL || rq_error_code(e) == RQ_ERR_CANCELLED);
    pthread_join(thread, NULL);
    rq_response_free(response);
    rq_error_free(e);
    e = NULL;
    rq_cancel_free(cancel);
  }
  check_usable(session);
  rq_request_free(request);
  rq_session_free(session);
}

typedef struct {
  rq_session *session;
  rq_cancel *cancel;
  rq_code code;
} waiter;

static void *wait_for_the_head(void *data) {
  waiter *this = data;
  rq_error *e = NULL;
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/stall-head"), &e);
  CHECK(rq_perform(this->session, request, this->cancel, &e) == NULL);
  this->code = rq_error_code(e);
  rq_error_free(e);
  rq_request_free(request);
  return NULL;
}

static void one_token_ends_many_requests(void) {
  enum { WAITERS = 8 };
  waiter waiters[WAITERS];
  pthread_t threads[WAITERS];
  trigger other;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  start_trigger(&other, false, &e);
  CHECK_CODE(e, RQ_OK);
  for (int i = 0; i < WAITERS; i++) {
    waiters[i] = (waiter){session, other.cancel, RQ_OK};
    CHECK_INT(pthread_create(&threads[i], NULL, wait_for_the_head, &waiters[i]), 0);
  }
  for (int i = 0; i < WAITERS; i++) {
    pthread_join(threads[i], NULL);
    CHECK_INT(waiters[i].code, RQ_ERR_CANCELLED);
  }
  rq_error_set(&e, RQ_ERR_CANCELLED, "as each of the threads was told");
  check_cancelled(&other, &e);
  check_usable(session);
  rq_session_free(session);
}

int main(void) {
  RUN(while_connecting);
  RUN(while_shaking_hands);
  RUN(while_waiting_for_the_head);
  RUN(with_the_token_freed_during_the_call);
  RUN(while_waiting_for_the_body);
  RUN(while_an_upload_is_blocked);
  RUN(while_waiting_for_a_free_connection);
  RUN(a_triggered_token_fails_at_once);
  RUN(an_untriggered_token_changes_nothing);
  RUN(a_late_trigger_spares_the_next_request);
  RUN(while_connections_come_and_go);
  RUN(one_token_ends_many_requests);
  DONE();
}
