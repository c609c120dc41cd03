// Tries for half a second in all, and says how far it came.
#include <rq.h>
#include <stdio.h>

int main(void) {
  rq_error *e = NULL;
  rq_session *s = rq_session_new(&e);
  rq_opts *opts = rq_session_opts(s);
  rq_opts_timeout_ms(opts, 3000, 30000, &e);
  rq_opts_deadline_ms(opts, 500, &e);
  rq_opts_retries(opts, 3, &e);
  rq_opts_retry_backoff_ms(opts, 100, 1000, &e);

  rq_response *r = rq_get(s, "https://example.org/stall-head", &e);
  if (rq_error_code(e) == RQ_ERR_TOTAL_TIMEOUT) {
    printf("gave up in step \"%s\"\n", rq_error_phase(e));
  } else {
    printf("%d %s\n", (int)rq_response_status(r), rq_error_message(e));
  }
  rq_response_free(r);
  rq_session_free(s);
  rq_error_free(e);
  return 0;
}
