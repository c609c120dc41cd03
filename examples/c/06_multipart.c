/* POST a form with files, one from the disk and one from memory: multipart/form-data. */
#include <rq.h>
#include <stdio.h>

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  char url[1024];
  snprintf(url, sizeof url, "%s/echo", argv[1]);

  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_request *request = rq_request_new("POST", url, &e);
  rq_request_field(request, "title", "Week 12", &e);
  rq_part *file = rq_request_part(request, "note", &e);
  rq_part_file(file, "note.txt", &e);
  rq_part_type(file, "text/plain", &e);
  rq_part *data = rq_request_part(request, "data", &e);
  rq_part_bytes(data, "1,2,3\n", 6, &e);
  rq_part_filename(data, "data.csv", &e);
  rq_part_type(data, "text/csv", &e);

  rq_response *response = rq_perform(session, request, NULL, &e);
  rq_response_raise(response, &e);
  const char *text = rq_body_text(response, NULL, &e);
  if (text) printf("%s", text);

  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  int failed = e != NULL;
  rq_response_free(response);
  rq_request_free(request);
  rq_session_free(session);
  rq_error_free(e);
  return failed;
}
