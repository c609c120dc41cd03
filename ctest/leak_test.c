/* Ten thousand requests of every kind: descriptors and memory stay flat after a warm-up. */
#include "t.h"

#include <dirent.h>
#include <malloc.h>
#include <unistd.h>

enum { REQUESTS = 10000, WARM_UP = 1000, KINDS = 8, KIB = 1024 };

/* ASan keeps freed memory in quarantine and answers for malloc: only its own leak check counts. */
#ifdef __SANITIZE_ADDRESS__
static const bool memory_is_measured = false;
#else
static const bool memory_is_measured = true;
#endif

typedef struct {
  int descriptors;
  size_t heap;
  size_t resident;
} usage;

static usage measure(void) {
  usage now = {0, mallinfo2().uordblks, 0};
  unsigned long pages = 0;
  DIR *directory = opendir("/proc/self/fd");
  while (directory && readdir(directory)) now.descriptors++;
  if (directory) closedir(directory);
  FILE *statm = fopen("/proc/self/statm", "r");
  CHECK(statm && fscanf(statm, "%*u %lu", &pages) == 1);
  if (statm) fclose(statm);
  now.resident = pages * (size_t)sysconf(_SC_PAGESIZE);
  return now;
}

static void post(const rq_session *session, rq_error **error) {
  static const char body[2000];
  size_t len = 0;
  rq_request *request = rq_request_new("POST", t_url("RQ_TEST_HTTP", "/upload"), error);
  rq_opts_header(rq_request_opts(request), "X-Kind", "post", error);
  rq_request_body(request, body, sizeof body, error);
  rq_prepared *prepared = rq_prepare(session, request, error);
  rq_prepared_set_header(prepared, "X-Edited", "yes", error);
  rq_response *response = rq_send(session, prepared, NULL, error);
  CHECK(rq_body_bytes(response, &len, error) != NULL);
  rq_response_free(response);
  rq_prepared_free(prepared);
  rq_request_free(request);
}

static void read_in_part(const rq_session *session, rq_error **error) {
  char piece[1000];
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/bytes/300000"), error);
  CHECK(rq_body_read(response, piece, sizeof piece, error) > 0);
  rq_response_free(response);
}

static void cancelled(const rq_session *session, rq_error **error) {
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/json"), error);
  rq_cancel *cancel = rq_cancel_new(error);
  rq_cancel_trigger(cancel);
  CHECK(rq_perform(session, request, cancel, error) == NULL);
  CHECK_CODE(*error, RQ_ERR_CANCELLED);
  rq_cancel_free(cancel);
  rq_request_free(request);
}

static void truncated(const rq_session *session, rq_error **error) {
  size_t len = 0;
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/truncated"), error);
  CHECK(rq_body_bytes(response, &len, error) == NULL);
  CHECK_CODE(*error, RQ_ERR_INCOMPLETE);
  rq_response_free(response);
}

static void request_of_kind(const rq_session *session, int kind) {
  rq_error *e = NULL;
  switch (kind) {
    case 0: CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0); break;
    case 1: CHECK(t_get(session, t_url("RQ_TEST_HTTPS", "/chunked/30000"), &e) > 0); break;
    case 2: post(session, &e); break;
    case 3: rq_response_free(rq_get(session, t_url("RQ_TEST_HTTP", "/bytes/100"), &e)); break;
    case 4: read_in_part(session, &e); break;
    case 5: cancelled(session, &e); break;
    case 6: truncated(session, &e); break;
    default:
      CHECK(rq_get(session, t_env("RQ_TEST_REFUSED"), &e) == NULL);
      CHECK_CODE(e, RQ_ERR_CONNECT);
  }
  CHECK_CODE(e, RQ_OK);
}

static void everything_stays_flat(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), &e);
  CHECK_CODE(e, RQ_OK);
  for (int i = 0; i < WARM_UP / t_slowness(); i++) request_of_kind(session, i % KINDS);
  usage before = measure();
  for (int i = 0; i < REQUESTS / t_slowness(); i++) request_of_kind(session, i % KINDS);
  usage after = measure();
  printf("descriptors %d to %d, heap %zu to %zu KiB, resident %zu to %zu KiB\n",
         before.descriptors, after.descriptors, before.heap / KIB, after.heap / KIB,
         before.resident / KIB, after.resident / KIB);
  CHECK(after.descriptors <= before.descriptors + 1); /* idle connections come and go */
  if (memory_is_measured && t_slowness() == 1) {
    CHECK(after.heap <= before.heap + 128 * KIB);
    CHECK(after.resident <= before.resident + 2048 * KIB);
  }
  rq_session_free(session);
}

/* Making and freeing handles alone. */
static void handles_leave_nothing(void) {
  usage before = measure();
  for (int i = 0; i < REQUESTS / t_slowness(); i++) {
    rq_error *e = NULL;
    rq_session *session = rq_session_new(&e);
    rq_request *request = rq_request_new("POST", "http://localhost/", &e);
    rq_request_body(request, "body", 4, &e);
    rq_prepared *prepared = rq_prepare(session, request, &e);
    rq_cancel *cancel = rq_cancel_new(&e);
    rq_prepared_set_url(prepared, "nonsense", &e);
    CHECK(e != NULL);
    rq_error_free(e);
    rq_cancel_free(cancel);
    rq_session_free(session);
    rq_prepared_free(prepared);
    rq_request_free(request);
  }
  usage after = measure();
  CHECK_INT(after.descriptors, before.descriptors);
  if (memory_is_measured && t_slowness() == 1) CHECK(after.heap <= before.heap + 16 * KIB);
}

/* A freed session takes its idle connections with it, and a response that outlives it its own. */
static void check_freed_with_session(uint32_t open_per_host_max) {
  usage before = measure();
  for (int turn = 0; turn < 100; turn++) {
    size_t len = 0;
    rq_error *e = NULL;
    rq_session *session = rq_session_new(&e);
    rq_opts_pool(rq_session_opts(session), 10, 10, open_per_host_max, &e);
    CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0);
    rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/bytes/300000"), &e);
    rq_session_free(session);
    CHECK(rq_body_bytes(response, &len, &e) != NULL);
    CHECK_CODE(e, RQ_OK);
    rq_response_free(response);
  }
  CHECK_INT(measure().descriptors, before.descriptors);
}

static void freed_sessions_leave_no_connection(void) { check_freed_with_session(0); }

static void freed_limited_sessions_leave_no_connection(void) { check_freed_with_session(2); }

int main(void) {
  RUN(everything_stays_flat);
  RUN(handles_leave_nothing);
  RUN(freed_sessions_leave_no_connection);
  RUN(freed_limited_sessions_leave_no_connection);
  DONE();
}
