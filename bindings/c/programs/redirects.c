// Follows redirects and shows the way; then takes one step by hand.
#include <rq.h>
#include <stdio.h>

int main(void) {
  rq_error *e = NULL;
  rq_session *s = rq_session_new(&e);
  rq_opts_redirects_max(rq_session_opts(s), 5, &e);
  rq_response *r = rq_get(s, "https://example.org/redirect/2", &e);
  for (size_t i = 0; i < rq_response_history_count(r); i++) {
    const rq_response *hop = rq_response_history_at(r, i);
    printf("%d %s\n", (int)rq_response_status(hop), rq_response_url(hop));
  }
  if (r) printf("%d %s\n", (int)rq_response_status(r), rq_response_url(r));
  rq_response_free(r);

  rq_opts_follow_redirects(rq_session_opts(s), false, &e);
  r = rq_get(s, "https://example.org/redirect/2", &e);
  rq_prepared *next = rq_response_next(r, &e);
  if (next) printf("leads to %s\n", rq_prepared_url(next));

  if (e) fprintf(stderr, "%s\n", rq_error_message(e));
  int failed = e != NULL;
  rq_prepared_free(next);
  rq_response_free(r);
  rq_session_free(s);
  rq_error_free(e);
  return failed;
}
