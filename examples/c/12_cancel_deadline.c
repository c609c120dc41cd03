/* A deadline for a whole call, and a cancel from another thread: both end a request wherever it
 * is, and the session serves the next one. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <rq.h>
#include <stdio.h>
#include <time.h>

static void *cancel_soon(void *cancel) {
  nanosleep(&(struct timespec){.tv_nsec = 100 * 1000 * 1000}, NULL);
  rq_cancel_trigger(cancel);
  return NULL;
}

/* Frees an error with this code and says so; any other one stays. */
static void expect(rq_code code, const char *text, rq_error **e) {
  if (rq_error_code(*e) != code) return;
  puts(text);
  rq_error_free(*e);
  *e = NULL;
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  char url[1024];
  snprintf(url, sizeof url, "%s/delay/60000", argv[1]);

  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_request *request = rq_request_new("GET", url, &e);
  rq_opts_deadline_ms(rq_request_opts(request), 100, &e);
  rq_response_free(rq_perform(session, request, NULL, &e));
  expect(RQ_ERR_TOTAL_TIMEOUT, "the deadline passed", &e);

  rq_opts_deadline_ms(rq_request_opts(request), 0, &e);
  rq_cancel *cancel = rq_cancel_new(&e);
  pthread_t thread;
  if (!e && pthread_create(&thread, NULL, cancel_soon, cancel) == 0) {
    rq_response_free(rq_perform(session, request, cancel, &e));
    pthread_join(thread, NULL);
  }
  expect(RQ_ERR_CANCELLED, "cancelled", &e);

  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  int failed = e != NULL;
  rq_cancel_free(cancel);
  rq_request_free(request);
  rq_session_free(session);
  rq_error_free(e);
  return failed;
}
