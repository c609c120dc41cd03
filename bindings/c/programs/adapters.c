// Answers requests to mock:// from memory, and counts them.
#include <rq.h>
#include <stdio.h>

static void answer(void *context, const rq_prepared *request, rq_reply *reply,
                   rq_error **error) {
  char text[64];
  int len = snprintf(text, sizeof text, "call %d: %s", ++*(int *)context,
                     rq_prepared_method(request));
  rq_reply_status(reply, 202, error);
  rq_reply_header(reply, "Content-Type", "text/plain", error);
  rq_reply_body(reply, text, (size_t)len, error);
}

int main(void) {
  int calls = 0;
  rq_error *e = NULL;
  rq_session *s = rq_session_new(&e);
  rq_session_mount(s, "mock://", answer, &calls, NULL, &e);

  rq_response *r = rq_post_json(s, "mock://jobs/", "[]", &e);
  const char *text = rq_body_text(r, NULL, &e);
  printf("%d %s\n", (int)rq_response_status(r), text ? text : rq_error_message(e));

  int failed = e != NULL;
  rq_response_free(r);
  rq_session_free(s);
  rq_error_free(e);
  return failed;
}
