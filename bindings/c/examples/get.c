/* get.c: the smallest complete program: GET a URL and print the body.
 *
 *   cc get.c $(pkg-config --cflags --libs rq) -o get && ./get https://example.org/
 *
 * Every fallible call takes `&e` last. Once it is set, later calls do nothing, and every handle may
 * be NULL: so one look at the end is enough. */
#include <rq.h>
#include <stdio.h>

int main(int argc, char **argv) {
  rq_error *e = NULL;
  size_t len = 0;
  rq_session *session = rq_session_new(&e);
  rq_response *response = rq_get(session, argc > 1 ? argv[1] : "https://example.org/", &e);
  rq_response_raise(response, &e); /* 404 and the like are errors too */
  const void *body = rq_body_bytes(response, &len, &e);

  if (body) fwrite(body, 1, len, stdout);
  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  int status = e ? 1 : 0;

  rq_response_free(response);
  rq_session_free(session);
  rq_error_free(e);
  return status;
}
