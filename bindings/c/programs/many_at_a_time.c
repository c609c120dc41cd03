// One thread, three requests on their way.
#include <poll.h>
#include <rq.h>
#include <stdio.h>

int main(void) {
  rq_error *e = NULL;
  rq_session *s = rq_session_new(&e);
  rq_request *q = rq_request_new("GET", "https://example.org/json", &e);
  rq_pending *sent[3];
  for (int i = 0; i < 3; i++) sent[i] = rq_perform_begin(s, q, NULL, &e);

  for (int left = 3; left > 0 && !e;) {
    struct pollfd waits[3];
    for (int i = 0; i < 3; i++)
      waits[i] = (struct pollfd){rq_pending_fd(sent[i]), POLLIN, 0};
    poll(waits, 3, 100);
    for (int i = 0; i < 3; i++) {
      if (!sent[i] || (waits[i].fd >= 0 && !waits[i].revents && rq_pending_wait_ms(sent[i])))
        continue;
      rq_response *r = rq_pending_finish(sent[i], &e);
      printf("%d: %d\n", i, rq_response_status(r));
      rq_response_free(r);
      rq_pending_free(sent[i]);
      sent[i] = NULL;
      left--;
    }
  }
  for (int i = 0; i < 3; i++) rq_pending_free(sent[i]);
  rq_request_free(q);
  rq_session_free(s);
  rq_error_free(e);
  return 0;
}
