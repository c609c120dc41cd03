// Signs the body that will be sent, shows the request and sends it.
#include <rq.h>
#include <stdio.h>

int main(void) {
  rq_error *e = NULL;
  rq_session *s = rq_session_new(&e);
  rq_request *q = rq_request_new("PUT", "https://example.org/echo", &e);
  rq_request_json(q, "{\"a\": 1}", 8, &e);

  rq_prepared *p = rq_prepare(s, q, &e);
  size_t len = 0;
  const unsigned char *body = rq_prepared_body(p, &len);
  unsigned sum = 0;
  for (size_t i = 0; i < len; i++) sum += body[i];
  char signature[16];
  snprintf(signature, sizeof signature, "%04x", sum);
  rq_prepared_set_header(p, "X-Signature", signature, &e);

  const char *curl = rq_prepared_curl(p, false, &e);
  if (curl) puts(curl);
  rq_response *r = rq_send(s, p, NULL, &e);
  const char *text = rq_body_text(r, NULL, &e);
  puts(text ? text : rq_error_message(e));

  int failed = e != NULL;
  rq_response_free(r);
  rq_prepared_free(p);
  rq_request_free(q);
  rq_session_free(s);
  rq_error_free(e);
  return failed;
}
