/* Read a feed line by line, each when it has come, however the network cut it. */
#include <rq.h>
#include <stdio.h>

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  char url[1024];
  snprintf(url, sizeof url, "%s/lines/3/50", argv[1]);

  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response = rq_get(session, url, &e);
  rq_response_raise(response, &e);
  const char *line;
  while ((line = rq_body_text_line(response, NULL, &e)) != NULL) printf("%s\n", line);

  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  int failed = e != NULL;
  rq_response_free(response);
  rq_session_free(session);
  rq_error_free(e);
  return failed;
}
