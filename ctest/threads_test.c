/* Many threads on one session: every answer goes to the thread that asked; options; hand-over. */
#include "t.h"

#include <pthread.h>

enum { THREADS = 16, TURNS = 500, CONNECTIONS_MAX = 1 << 16 };

typedef struct {
  rq_session *session;
  const char *base;
  int number;
  int turns;
} worker;

static unsigned char seen[CONNECTIONS_MAX]; /* by connection number */

static void note_connection(const rq_response *response) {
  int connection = t_connection(response);
  CHECK(connection > 0 && connection < CONNECTIONS_MAX);
  __atomic_store_n(&seen[connection % CONNECTIONS_MAX], 1, __ATOMIC_RELAXED);
}

/* The echo must hold this thread's own header and end with its own body. */
static void post_and_compare(const worker *this, int turn, rq_error **error) {
  char token[64];
  char header[96];
  size_t len = 0;
  int token_len = snprintf(token, sizeof token, "thread %d turn %d", this->number, turn);
  snprintf(header, sizeof header, "\r\nX-Token: %s\r\n", token);
  rq_request *request = rq_request_new("POST", t_url(this->base, "/echo"), error);
  rq_opts_header(rq_request_opts(request), "X-Token", token, error);
  rq_request_body(request, token, (size_t)token_len, error);
  rq_response *response = rq_perform(this->session, request, NULL, error);
  const char *echo = rq_body_bytes(response, &len, error);
  CHECK(t_has(echo, header));
  CHECK(echo && len > (size_t)token_len);
  if (echo && len > (size_t)token_len) CHECK_STR(echo + len - token_len, token);
  note_connection(response);
  rq_response_free(response);
  rq_request_free(request);
}

static void get_and_compare(const worker *this, int turn, rq_error **error) {
  char path[32];
  size_t len = 0;
  size_t want = (size_t)(this->number * 1000 + turn + 1);
  snprintf(path, sizeof path, "/bytes/%zu", want);
  rq_response *response = rq_get(this->session, t_url(this->base, path), error);
  const unsigned char *bytes = rq_body_bytes(response, &len, error);
  CHECK_INT(len, want);
  CHECK(bytes && bytes[want - 1] == (want - 1) % 251);
  note_connection(response);
  rq_response_free(response);
}

static void *work(void *data) {
  const worker *this = data;
  rq_error *e = NULL;
  for (int turn = 0; turn < this->turns && !e; turn++) {
    if (turn % 2) {
      post_and_compare(this, turn, &e);
    } else {
      get_and_compare(this, turn, &e);
    }
  }
  CHECK_CODE(e, RQ_OK);
  return NULL;
}

static void check_many_threads(const char *base, int turns) {
  worker workers[THREADS];
  pthread_t threads[THREADS];
  int connections = 0;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), &e);
  rq_opts_pool(rq_session_opts(session), THREADS, THREADS, 0, &e);
  CHECK_CODE(e, RQ_OK);
  memset(seen, 0, sizeof seen);
  for (int i = 0; i < THREADS; i++) {
    workers[i] = (worker){session, base, i, turns / t_slowness()};
    CHECK_INT(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < CONNECTIONS_MAX; i++) connections += seen[i];
  CHECK(connections >= 1 && connections <= THREADS);
  rq_session_free(session);
}

static void nothing_is_mixed_up(void) { check_many_threads("RQ_TEST_HTTP", TURNS); }

static void nothing_is_mixed_up_over_tls(void) { check_many_threads("RQ_TEST_HTTPS", TURNS / 5); }

static void *change_options(void *data) {
  rq_opts *opts = rq_session_opts(data);
  rq_error *e = NULL;
  for (int turn = 0; turn < TURNS; turn++) {
    rq_opts_header(opts, "X-Changing", turn % 2 ? "odd" : NULL, &e);
    rq_opts_timeout_ms(opts, 10000, 60000, &e);
  }
  CHECK_CODE(e, RQ_OK);
  return NULL;
}

/* A session's options may be changed while requests run: each takes them as they are. */
static void options_change_while_requests_run(void) {
  pthread_t changer;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  worker here = {session, "RQ_TEST_HTTP", 1, TURNS / 5};
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(pthread_create(&changer, NULL, change_options, session), 0);
  work(&here);
  pthread_join(changer, NULL);
  rq_session_free(session);
}

static rq_response *handed_over;

static void *read_and_free(void *data) {
  size_t len = 0;
  rq_error *e = NULL;
  CHECK(rq_body_bytes(handed_over, &len, &e) != NULL);
  CHECK_INT(len, 1048576);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(handed_over);
  return data;
}

static void a_response_may_move_to_another_thread(void) {
  pthread_t reader;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  handed_over = rq_get(session, t_url("RQ_TEST_HTTP", "/bytes/1048576"), &e);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
  CHECK_INT(pthread_create(&reader, NULL, read_and_free, NULL), 0);
  pthread_join(reader, NULL);
}

int main(void) {
  RUN(nothing_is_mixed_up);
  RUN(nothing_is_mixed_up_over_tls);
  RUN(options_change_while_requests_run);
  RUN(a_response_may_move_to_another_thread);
  DONE();
}
