/* GET a page: its status, a header, its text. A status such as 404 is an error only once
 * rq_response_raise asks. After an error the calls do nothing, so one look at the end is enough. */
#include <rq.h>
#include <stdio.h>

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  char url[1024];
  snprintf(url, sizeof url, "%s/json", argv[1]);

  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_response *response = rq_get(session, url, &e);
  rq_response_raise(response, &e);
  const char *text = rq_body_text(response, NULL, &e);
  if (!e) {
    printf("%d %s\n", rq_response_status(response), rq_response_reason(response));
    const char *type = rq_response_header(response, "content-type");
    printf("Content-Type: %s\n", type ? type : "unknown");
    printf("%s\n", text);
  }

  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  int failed = e != NULL;
  rq_response_free(response);
  rq_session_free(session);
  rq_error_free(e);
  return failed;
}
