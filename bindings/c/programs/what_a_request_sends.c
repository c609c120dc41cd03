// Sends a form with a file, a parameter and credentials.
#include <rq.h>
#include <stdio.h>

int main(void) {
  rq_error *e = NULL;
  rq_session *s = rq_session_new(&e);
  rq_opts_header(rq_session_opts(s), "Accept", "text/plain", &e);

  rq_request *q = rq_request_new("POST", "https://example.org/echo", &e);
  rq_opts_param(rq_request_opts(q), "page", "2", &e);
  rq_opts_auth_basic(rq_request_opts(q), "ann", "secret", &e);
  rq_request_field(q, "title", "Report", &e);
  rq_part *table = rq_request_part(q, "table", &e);
  rq_part_bytes(table, "a,b\n1,2\n", 8, &e);
  rq_part_filename(table, "report.csv", &e);
  rq_part_type(table, "text/csv", &e);

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
