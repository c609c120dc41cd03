// Sends a body that is made while it is sent, and whose length nobody knows.
#include <rq.h>
#include <stdio.h>
#include <stdlib.h>

static int64_t count_down(void *left, void *buf, size_t cap, rq_error **error) {
  int *n = left;
  if (*n < 0) {
    rq_error_set(error, RQ_ERR_CALLBACK, "there is nothing to count");
    return -1;
  }
  return *n == 0 ? 0 : snprintf(buf, cap, "%d\n", (*n)--);
}

int main(void) {
  rq_error *e = NULL;
  rq_session *s = rq_session_new(&e);
  rq_request *q = rq_request_new("POST", "https://example.org/upload", &e);
  int *left = malloc(sizeof *left);
  if (left) *left = 1000;
  rq_request_body_callback(q, count_down, NULL, left, free, -1, &e);

  rq_response *r = rq_perform(s, q, NULL, &e);
  const char *text = rq_body_text(r, NULL, &e);
  puts(text ? text : rq_error_message(e));

  int failed = e != NULL;
  rq_response_free(r);
  rq_request_free(q);
  rq_session_free(s);
  rq_error_free(e);
  return failed;
}
