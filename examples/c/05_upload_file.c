/* PUT a file: it is streamed from the disk, with its length, and never held in memory. */
#include <rq.h>
#include <stdio.h>

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  char url[1024];
  snprintf(url, sizeof url, "%s/upload", argv[1]);

  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_request *request = rq_request_new("PUT", url, &e);
  rq_request_body_file(request, "report.txt", &e);
  rq_opts_header(rq_request_opts(request), "Content-Type", "text/plain", &e);

  rq_response *response = rq_perform(session, request, NULL, &e);
  rq_response_raise(response, &e);
  const char *text = rq_body_text(response, NULL, &e);
  if (text) printf("%s\n", text);

  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  int failed = e != NULL;
  rq_response_free(response);
  rq_request_free(request);
  rq_session_free(session);
  rq_error_free(e);
  return failed;
}
