/* Faults that every language has to bear, by the numbers of the fault matrix, plain and under TLS:
 * refused, bad certificates, cancelled while sending, stalled before the head, truncated. A proxy
 * that wants credentials is in ways_test. */
#include "t.h"

#include <errno.h>
#include <pthread.h>

enum { STALL_MS = 300 };

static rq_session *session;

static void check_usable(const char *base) {
  rq_error *e = NULL;
  CHECK(t_get(session, t_url(base, "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
}

/* A body without end, to a server that reads nothing of it. */
typedef struct {
  rq_cancel *cancel;
  uint64_t given;
  double triggered_ms;
} endless;

static int64_t read_endless(void *context, void *buf, size_t cap, rq_error **error) {
  endless *this = context;
  (void)error;
  memset(buf, 'x', cap);
  __atomic_fetch_add(&this->given, cap, __ATOMIC_RELAXED);
  return (int64_t)cap;
}

/* Triggers once no more of the body is asked for: the sender waits for its peer then. */
static void *trigger_when_stuck(void *data) {
  endless *this = data;
  uint64_t before, now = 0;
  do {
    before = now;
    t_sleep_ms(50);
    now = __atomic_load_n(&this->given, __ATOMIC_RELAXED);
  } while (now == 0 || now != before);
  this->triggered_ms = t_now_ms();
  rq_cancel_trigger(this->cancel);
  return NULL;
}

static void check_cancelled(const char *base) {
  pthread_t thread;
  rq_error *e = NULL;
  endless body = {.cancel = rq_cancel_new(&e)};
  rq_request *request = rq_request_new("PUT", t_url(base, "/no-read"), &e);
  rq_request_body_callback(request, read_endless, NULL, &body, NULL, -1, &e);
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(pthread_create(&thread, NULL, trigger_when_stuck, &body), 0);
  CHECK(rq_perform(session, request, body.cancel, &e) == NULL);
  double back_ms = t_now_ms();
  pthread_join(thread, NULL);
  CHECK(body.triggered_ms > 0 && back_ms - body.triggered_ms < 1000 * t_slowness());
  CHECK_STR(rq_error_phase(e), "send");
  CHECK_CODE(e, RQ_ERR_CANCELLED);
  rq_request_free(request);
  rq_cancel_free(body.cancel);
  check_usable(base);
}

static void fault_51_cancelled_while_sending(void) {
  check_cancelled("RQ_TEST_HTTP");
  check_cancelled("RQ_TEST_HTTPS");
}

static void check_stalled(const char *base) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("GET", t_url(base, "/stall-head"), &e);
  rq_opts_timeout_ms(rq_request_opts(request), 20000, STALL_MS, &e);
  CHECK_CODE(e, RQ_OK);
  double start = t_now_ms();
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  double took = t_now_ms() - start;
  CHECK(took >= STALL_MS && took < STALL_MS + 2000 * t_slowness());
  CHECK_STR(rq_error_phase(e), "head");
  CHECK_STR(rq_error_exception(e), "ReadTimeout");
  CHECK_CODE(e, RQ_ERR_READ_TIMEOUT);
  rq_request_free(request);
  check_usable(base);
}

static void fault_55_stalled_before_the_head(void) {
  check_stalled("RQ_TEST_HTTP");
  check_stalled("RQ_TEST_HTTPS");
}

/* What came is delivered, and then the error, again and again: never an end. */
static void check_truncated(const char *base) {
  char buf[100];
  int64_t got, all = 0;
  rq_error *e = NULL;
  rq_response *response = rq_get(session, t_url(base, "/truncated"), &e);
  int64_t declared = rq_body_length(response);
  while ((got = rq_body_read(response, buf, sizeof buf, &e)) > 0) all += got;
  CHECK_INT(got, -1);
  CHECK(all > 0 && all < declared);
  char numbers[64];
  snprintf(numbers, sizeof numbers, "%lld of %lld bytes", (long long)all, (long long)declared);
  CHECK(t_has(rq_error_message(e), numbers));
  CHECK_STR(rq_error_phase(e), "body");
  CHECK_STR(rq_error_exception(e), "ChunkedEncodingError");
  CHECK_CODE(e, RQ_ERR_INCOMPLETE);
  CHECK_INT(rq_body_read(response, buf, sizeof buf, &e), -1);
  CHECK_CODE(e, RQ_ERR_INCOMPLETE);
  rq_response_free(response);
  check_usable(base);
}

static void fault_67_truncated(void) {
  check_truncated("RQ_TEST_HTTP");
  check_truncated("RQ_TEST_HTTPS");
}

/* Read in every other way: none takes what came for the whole. */
static void fault_67_truncated_however_it_is_read(void) {
  char text[64];
  size_t len = 0;
  for (int way = 0; way < 6; way++) {
    rq_error *e = NULL;
    rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/truncated"), &e);
    CHECK_CODE(e, RQ_OK);
    if (way == 0) CHECK(rq_body_bytes(response, &len, &e) == NULL);
    if (way == 1) CHECK(rq_body_text(response, &len, &e) == NULL);
    if (way == 2) CHECK(rq_body_json(response, &len, &e) == NULL);
    while (way == 3 && rq_body_line(response, &len, &e)) continue;
    while (way == 4 && rq_body_text_line(response, &len, &e)) continue;
    while (way == 5 && rq_body_read_text(response, text, sizeof text, &e) > 0) continue;
    CHECK_CODE(e, RQ_ERR_INCOMPLETE);
    rq_response_free(response);
  }
}

/* A GET that must fail so, and leave the session usable. */
static void check_failed(const char *url, int32_t code, const char *phase, const char *reason) {
  rq_error *e = NULL;
  CHECK(rq_get(session, url, &e) == NULL);
  CHECK_STR(rq_error_phase(e), phase);
  CHECK_STR(rq_error_reason(e), reason);
  if (code == RQ_ERR_CONNECT) CHECK_INT(rq_error_errno(e), ECONNREFUSED);
  CHECK_CODE(e, code);
  check_usable("RQ_TEST_HTTPS");
}

static void fault_07_refused(void) {
  const char *plain = t_url("RQ_TEST_REFUSED", "/");
  char tls[128];
  snprintf(tls, sizeof tls, "https%s", plain + strlen("http"));
  check_failed(plain, RQ_ERR_CONNECT, "connect", "");
  check_failed(tls, RQ_ERR_CONNECT, "connect", "");
}

static void fault_19_bad_certificates(void) {
  check_failed(t_url("RQ_TEST_HTTPS_UNTRUSTED", "/"), RQ_ERR_TLS, "tls", "unknown_issuer");
  check_failed(t_url("RQ_TEST_HTTPS_WRONG_HOST", "/"), RQ_ERR_TLS, "tls", "wrong_host");
  check_failed(t_url("RQ_TEST_HTTPS_EXPIRED", "/"), RQ_ERR_TLS, "tls", "expired");
}

int main(void) {
  session = rq_session_new(NULL);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), NULL);
  RUN(fault_07_refused);
  RUN(fault_19_bad_certificates);
  RUN(fault_51_cancelled_while_sending);
  RUN(fault_55_stalled_before_the_head);
  RUN(fault_67_truncated);
  RUN(fault_67_truncated_however_it_is_read);
  rq_session_free(session);
  DONE();
}
