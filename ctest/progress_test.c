/* Progress of an upload, which is told while it is sent and may end it; and cancelling one whose
 * body comes from a callback. */
#include "source.h"
#include "take.h"

#include <pthread.h>

enum { LEN = 1000000 };

static rq_session *session;

typedef struct {
  uint64_t last;
  int64_t total;
  int calls, freed;
  uint64_t ends_at; /* says `code` from there on, if not 0 */
  int32_t code;
} progress;

static void told(void *context, uint64_t sent, int64_t total, rq_error **error) {
  progress *this = context;
  CHECK(sent > this->last);
  CHECK(this->calls == 0 || total == this->total);
  this->calls++;
  this->last = sent;
  this->total = total;
  if (this->ends_at && sent >= this->ends_at) rq_error_set(error, this->code, "that is enough");
}

static void free_progress(void *context) { ((progress *)context)->freed++; }

static rq_request *upload(source *from, progress *seen, int64_t length) {
  rq_request *request = rq_request_new("PUT", t_url("RQ_TEST_HTTP", "/upload"), NULL);
  rq_request_body_callback(request, source_read, source_rewind, from, source_free, length, NULL);
  rq_request_progress(request, told, seen, free_progress, NULL);
  return request;
}

static void check_told(int64_t length) {
  rq_error *e = NULL;
  source from = {.len = LEN};
  progress seen = {0};
  char *answer = take(session, upload(&from, &seen, length), &e);
  CHECK(t_has(answer, "\"bytes\": 1000000"));
  CHECK_CODE(e, RQ_OK);
  CHECK(seen.calls > 3);
  CHECK_INT(seen.last, LEN); /* content alone counts, not its framing */
  CHECK_INT(seen.total, length);
  CHECK_INT(seen.freed, 1);
  free(answer);
}

static void it_grows_to_the_whole(void) {
  check_told(LEN);
  check_told(-1);
}

static void a_body_in_memory_is_told_too(void) {
  rq_error *e = NULL;
  progress seen = {0};
  char *body = calloc(1, LEN);
  rq_request *request = rq_request_new("POST", t_url("RQ_TEST_HTTP", "/upload"), &e);
  rq_request_body(request, body, LEN, &e);
  rq_request_progress(request, told, &seen, NULL, &e);
  free(take(session, request, &e));
  CHECK_CODE(e, RQ_OK);
  CHECK(seen.calls > 1 && seen.last == LEN && seen.total == LEN);
  free(body);
}

static void without_a_body_nothing_is_told(void) {
  rq_error *e = NULL;
  progress seen = {0};
  rq_request *request = rq_request_new("POST", t_url("RQ_TEST_HTTP", "/upload"), &e);
  rq_request_progress(request, told, &seen, free_progress, &e);
  free(take(session, request, &e));
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(seen.calls, 0);
  CHECK_INT(seen.freed, 1);
}

/* The request ends at once, with the callback's error, and is not sent anew. */
static void check_ended(int64_t length, int32_t code) {
  rq_error *e = NULL;
  source from = {.len = LEN};
  progress seen = {.ends_at = LEN / 2, .code = code};
  int before = t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e);
  rq_request *request = upload(&from, &seen, length);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK_STR(rq_error_message(e), "that is enough");
  CHECK_CODE(e, (rq_code)code);
  CHECK(seen.last >= LEN / 2 && seen.last < LEN);
  CHECK_INT(from.rewinds, 0);
  int after = t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e);
  CHECK(before > 0 && after > 0 && before != after);
  CHECK_CODE(e, RQ_OK);
  rq_request_free(request);
  CHECK_INT(seen.freed + from.freed, 2);
}

static void it_may_end_the_request(void) {
  check_ended(LEN, RQ_ERR_CALLBACK);
  check_ended(-1, RQ_ERR_CALLBACK);
  check_ended(LEN, RQ_ERR_CANCELLED);
}

/* What a callback passes on from a request of its own looks like the death of this connection. */
static void its_error_is_never_taken_for_a_dead_connection(void) {
  check_ended(LEN, RQ_ERR_CLOSED);
  check_ended(-1, RQ_ERR_SEND);
}

static void a_context_is_freed_once_also_where_it_was_not_taken(void) {
  progress this = {0}, other = {0};
  rq_error *e = NULL;
  rq_request *request = rq_request_new("POST", t_url("RQ_TEST_HTTP", "/upload"), &e);
  rq_request_progress(request, NULL, &this, free_progress, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_request_progress(NULL, told, &this, free_progress, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_error_set(&e, RQ_ERR_CALLBACK, "set before");
  rq_request_progress(request, told, &this, free_progress, &e);
  CHECK_CODE(e, RQ_ERR_CALLBACK);
  CHECK_INT(this.freed, 3);
  rq_request_progress(request, told, &this, free_progress, &e);
  rq_request_progress(request, told, &other, free_progress, &e);
  CHECK_INT(this.freed, 4);
  rq_request_free(request);
  CHECK_INT(this.freed, 4);
  CHECK_INT(other.freed, 1);
}

/* Gives bytes without end; triggers the token after some of them. */
typedef struct {
  rq_cancel *cancel;
  int reads, triggers_at;
} endless;

static int64_t read_endless(void *context, void *buf, size_t cap, rq_error **error) {
  endless *this = context;
  (void)error;
  memset(buf, 'x', cap);
  if (__atomic_add_fetch(&this->reads, 1, __ATOMIC_RELAXED) == this->triggers_at) {
    rq_cancel_trigger(this->cancel);
  }
  return (int64_t)cap;
}

static void check_cancelled(endless *this, const char *path) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("POST", t_url("RQ_TEST_HTTP", path), &e);
  rq_request_body_callback(request, read_endless, NULL, this, NULL, -1, &e);
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_perform(session, request, this->cancel, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_CANCELLED);
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
  rq_request_free(request);
}

/* The server takes all of it: nothing but the token ends this request. */
static void a_body_without_end_is_cancelled_by_its_own_callback(void) {
  endless this = {.cancel = rq_cancel_new(NULL), .triggers_at = 5};
  check_cancelled(&this, "/upload");
  CHECK(this.reads < 100);
  rq_cancel_free(this.cancel);
}

/* Triggers once the sender, whose server reads nothing, has not asked for more in a while. */
static void *trigger_when_it_is_stuck(void *data) {
  endless *this = data;
  int before, now = 0;
  do {
    before = now;
    t_sleep_ms(50);
    now = __atomic_load_n(&this->reads, __ATOMIC_RELAXED);
  } while (now == 0 || now != before);
  rq_cancel_trigger(this->cancel);
  return NULL;
}

static void a_body_that_nobody_takes_is_cancelled_by_another_thread(void) {
  pthread_t thread;
  endless this = {.cancel = rq_cancel_new(NULL)};
  CHECK_INT(pthread_create(&thread, NULL, trigger_when_it_is_stuck, &this), 0);
  check_cancelled(&this, "/no-read");
  pthread_join(thread, NULL);
  rq_cancel_free(this.cancel);
}

int main(void) {
  session = rq_session_new(NULL);
  RUN(it_grows_to_the_whole);
  RUN(a_body_in_memory_is_told_too);
  RUN(without_a_body_nothing_is_told);
  RUN(it_may_end_the_request);
  RUN(its_error_is_never_taken_for_a_dead_connection);
  RUN(a_context_is_freed_once_also_where_it_was_not_taken);
  RUN(a_body_without_end_is_cancelled_by_its_own_callback);
  RUN(a_body_that_nobody_takes_is_cancelled_by_another_thread);
  rq_session_free(session);
  DONE();
}
