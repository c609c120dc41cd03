// Fetches a page and prints it as it comes.
#include <rq.h>
#include <stdio.h>

int main(void) {
  rq_error *e = NULL;
  rq_session *s = rq_session_new(&e);
  rq_opts_header(rq_session_opts(s), "X-Trace", "1", &e);
  rq_opts_timeout_ms(rq_session_opts(s), 3050, 27000, &e);

  rq_response *r = rq_get(s, "https://example.org/json", &e);
  char buf[65536];
  int64_t n;
  while ((n = rq_body_read(r, buf, sizeof buf, &e)) > 0)
    fwrite(buf, 1, (size_t)n, stdout);

  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  int failed = e != NULL;
  rq_response_free(r);
  rq_session_free(s);
  rq_error_free(e);
  return failed;
}
