/* Digest authentication: the first request is challenged and answered within one call; those after
 * it carry the answer from the start. The password is never sent. */
#include <rq.h>
#include <stdio.h>

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  char url[1024];
  snprintf(url, sizeof url, "%s/digest/ann/secret", argv[1]);

  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_auth_digest(rq_session_opts(session), "ann", "secret", &e);
  for (int i = 0; i < 2 && !e; i++) {
    rq_response *response = rq_get(session, url, &e);
    rq_response_raise(response, &e);
    const char *text = rq_body_text(response, NULL, &e);
    size_t challenges = rq_response_history_count(response);
    if (!e) printf("%d, challenges: %zu, %s\n", rq_response_status(response), challenges, text);
    rq_response_free(response);
  }

  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  int failed = e != NULL;
  rq_session_free(session);
  rq_error_free(e);
  return failed;
}
