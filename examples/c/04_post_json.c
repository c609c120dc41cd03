/* POST JSON and read a JSON answer. librq checks the text that is sent, and hands out the answer as
 * UTF-8, whatever it came in; making and parsing it is left to a JSON library of your choice. */
#include <rq.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  char url[1024];
  snprintf(url, sizeof url, "%s/upload", argv[1]);
  const char *item = "{\"name\":\"tea\",\"price\":3}";

  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_request *request = rq_request_new("POST", url, &e);
  rq_request_json(request, item, strlen(item), &e);

  rq_response *response = rq_perform(session, request, NULL, &e);
  rq_response_raise(response, &e);
  const char *json = rq_body_json(response, NULL, &e);
  if (json) printf("%s\n", json);

  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  int failed = e != NULL;
  rq_response_free(response);
  rq_request_free(request);
  rq_session_free(session);
  rq_error_free(e);
  return failed;
}
