// Ends the reading of a body that never comes, from another thread.
#include <pthread.h>
#include <rq.h>
#include <stdio.h>

static void *give_up(void *cancel) {
  rq_cancel_trigger(cancel);
  return NULL;
}

int main(void) {
  rq_error *e = NULL;
  rq_session *s = rq_session_new(&e);
  rq_cancel *cancel = rq_cancel_new(&e);
  rq_request *q = rq_request_new("GET", "https://example.org/stall-body", &e);
  rq_response *r = rq_perform(s, q, cancel, &e);

  pthread_t other;
  pthread_create(&other, NULL, give_up, cancel);
  rq_body_bytes(r, NULL, &e);
  pthread_join(other, NULL);
  printf("%s\n", rq_code_name(rq_error_code(e)));

  rq_response_free(r);
  rq_request_free(q);
  rq_cancel_free(cancel);
  rq_session_free(s);
  rq_error_free(e);
  return 0;
}
