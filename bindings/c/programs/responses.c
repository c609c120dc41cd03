// Posts JSON and tells everything that the head of the response says.
#include <rq.h>
#include <stdio.h>

int main(void) {
  rq_error *e = NULL;
  rq_session *s = rq_session_new(&e);
  rq_response *r = rq_post_json(s, "https://example.org/upload", "{\"a\": 1}", &e);

  if (r) {
    const char *name, *value, *type = rq_response_header(r, "content-type");
    printf("HTTP/%.1f ", rq_response_http_version(r) / 10.0);
    printf("%d %s from %s\n", (int)rq_response_status(r), rq_response_reason(r),
           rq_response_url(r));
    printf("%s, after %.0f ms\n", type ? type : "no type", rq_response_elapsed_ms(r));
    for (size_t i = 0; rq_response_header_at(r, i, &name, &value); i++)
      printf("%s: %s\n", name, value);
    for (size_t i = 0; rq_prepared_header_at(rq_response_request(r), i, &name, &value); i++)
      printf("was sent: %s: %s\n", name, value);
  }
  if (e) fprintf(stderr, "%s\n", rq_error_message(e));
  int failed = e != NULL;
  rq_response_free(r);
  rq_session_free(s);
  rq_error_free(e);
  return failed;
}
