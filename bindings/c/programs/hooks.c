// Signs each request, tells each response and each step.
#include <rq.h>
#include <stdio.h>

static void sign(void *key, rq_prepared *prepared, rq_error **error) {
  rq_prepared_set_header(prepared, "X-Key", key, error);
}

static rq_response *look(void *context, rq_response *response, rq_error **error) {
  (void)context, (void)error;
  printf("%d %s\n", (int)rq_response_status(response), rq_response_url(response));
  return NULL;
}

static void step(void *context, rq_step step, uint64_t elapsed_us, const char *about) {
  (void)context;
  printf("%llu us: step %d, %s\n", (unsigned long long)elapsed_us, step, about);
}

int main(void) {
  rq_error *e = NULL;
  rq_session *s = rq_session_new(&e);
  static char key[] = "k1";
  rq_opts_on_request(rq_session_opts(s), sign, key, NULL, &e);
  rq_opts_on_response(rq_session_opts(s), look, NULL, NULL, &e);
  rq_opts_on_trace(rq_session_opts(s), step, NULL, NULL, &e);

  rq_response *r = rq_get(s, "https://example.org/redirect/0", &e);
  const char *text = rq_body_text(r, NULL, &e);
  puts(text ? text : rq_error_message(e));

  int failed = e != NULL;
  rq_response_free(r);
  rq_session_free(s);
  rq_error_free(e);
  return failed;
}
