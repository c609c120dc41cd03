// Saves one body to a file and reads another line by line.
#include <rq.h>
#include <stdio.h>

int main(void) {
  rq_error *e = NULL;
  rq_session *s = rq_session_new(&e);
  rq_opts_decoded_max(rq_session_opts(s), 1 << 30, &e);
  int64_t bytes = rq_download(s, "https://example.org/bytes/100000", "page.bin", &e);
  printf("%lld bytes saved\n", (long long)bytes);

  rq_response *r = rq_get(s, "https://example.org/echo", &e);
  const char *line;
  size_t len;
  while ((line = rq_body_text_line(r, &len, &e)) != NULL)
    printf("%3zu %s\n", len, line);

  if (e) fprintf(stderr, "%s\n", rq_error_message(e));
  int failed = e != NULL;
  rq_response_free(r);
  rq_session_free(s);
  rq_error_free(e);
  return failed;
}
