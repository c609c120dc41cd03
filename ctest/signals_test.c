/* Fault 13: a storm of signals that interrupt system calls has no visible effect: bodies arrive
 * whole in both directions, and timeouts end when they should. */
#include "t.h"

#include <signal.h>
#include <sys/time.h>

enum { EVERY_US = 500, SIZE = 4 * 1024 * 1024, CONNECT_MS = 400, READ_MS = 400 };

static rq_session *session;
static volatile sig_atomic_t signals;

static void count(int number) {
  (void)number;
  signals = signals + 1;
}

/* Without SA_RESTART: every call that can be interrupted is. Where each signal costs more than a
 * bare run has between two, fewer come: else nothing would ever go on. */
static void begin_storm(void) {
  struct sigaction action;
  long every_us = t_slowness() > 1 ? 20000 : EVERY_US;
  struct itimerval every = {{0, every_us}, {0, every_us}};
  memset(&action, 0, sizeof action);
  action.sa_handler = count;
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &every, NULL);
}

static void end_storm(void) {
  struct itimerval never;
  memset(&never, 0, sizeof never);
  setitimer(ITIMER_REAL, &never, NULL);
}

static void check_download(const char *url) {
  rq_error *e = NULL;
  size_t len = 0;
  rq_response *response = rq_get(session, url, &e);
  CHECK(rq_body_bytes(response, &len, &e) != NULL);
  CHECK_INT(len, SIZE);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
}

static void check_upload(const char *url) {
  static char body[SIZE];
  rq_error *e = NULL;
  size_t len = 0;
  rq_request *request = rq_request_new("PUT", url, &e);
  rq_request_body(request, body, sizeof body, &e);
  rq_response *response = rq_perform(session, request, NULL, &e);
  CHECK_INT(rq_response_status(response), 200);
  const char *text = rq_body_text(response, &len, &e);
  CHECK(t_has(text, "4194304"));
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_request_free(request);
}

/* Many waits, each of them interrupted. */
static void check_drip(const char *url) {
  rq_error *e = NULL;
  size_t len = 0;
  rq_response *response = rq_get(session, url, &e);
  CHECK(rq_body_bytes(response, &len, &e) != NULL);
  CHECK_INT(len, 300);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
}

static void fault_13_bodies_arrive_whole(void) {
  char path[64];
  snprintf(path, sizeof path, "/bytes/%d", SIZE);
  const char *bases[] = {"RQ_TEST_HTTP", "RQ_TEST_HTTPS"};
  for (int i = 0; i < 2; i++) {
    int before = signals;
    check_download(t_url(bases[i], path));
    check_upload(t_url(bases[i], "/upload"));
    check_drip(t_url(bases[i], "/drip/300/2"));
    CHECK(signals > before);
    rq_session_close_idle(session);
  }
}

/* The URL must end with this code, not before the limit and not long after it. */
static void check_timeout(const char *url, int32_t code, double limit_ms) {
  rq_error *e = NULL;
  double start_ms = t_now_ms();
  CHECK(rq_get(session, url, &e) == NULL);
  double took_ms = t_now_ms() - start_ms;
  CHECK(took_ms > limit_ms - 20 && took_ms < 2 * limit_ms + 1000 * t_slowness());
  CHECK_CODE(e, code);
}

static void fault_13_timeouts_are_honoured(void) {
  rq_error *e = NULL;
  rq_opts_timeout_ms(rq_session_opts(session), CONNECT_MS, READ_MS, &e);
  check_timeout(t_url("RQ_TEST_BLACKHOLE", "/"), RQ_ERR_CONNECT_TIMEOUT, CONNECT_MS);
  check_timeout(t_url("RQ_TEST_HTTP", "/stall-head"), RQ_ERR_READ_TIMEOUT, READ_MS);
  check_timeout(t_url("RQ_TEST_HTTPS", "/stall-head"), RQ_ERR_READ_TIMEOUT, READ_MS);
  CHECK_CODE(e, RQ_OK);
}

int main(void) {
  rq_error *e = NULL;
  session = rq_session_new(&e);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), &e);
  CHECK_CODE(e, RQ_OK);
  begin_storm();
  RUN(fault_13_bodies_arrive_whole);
  RUN(fault_13_timeouts_are_honoured);
  end_storm();
  CHECK(signals > 0);
  rq_session_free(session);
  DONE();
}
