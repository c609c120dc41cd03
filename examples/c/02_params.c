/* Query parameters and a header of one request: they are escaped, and a name may be repeated. */
#include <rq.h>
#include <stdio.h>

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  char url[1024];
  snprintf(url, sizeof url, "%s/echo", argv[1]);

  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_request *request = rq_request_new("GET", url, &e);
  rq_opts *opts = rq_request_opts(request);
  rq_opts_param(opts, "q", "tea & cake", &e);
  rq_opts_param_add(opts, "lang", "en", &e);
  rq_opts_param_add(opts, "lang", "de", &e);
  rq_opts_header(opts, "Accept", "text/plain", &e);

  rq_response *response = rq_perform(session, request, NULL, &e);
  rq_response_raise(response, &e);
  const char *text = rq_body_text(response, NULL, &e);
  if (!e) printf("%s\n%s", rq_response_url(response), text);

  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  int failed = e != NULL;
  rq_response_free(response);
  rq_request_free(request);
  rq_session_free(session);
  rq_error_free(e);
  return failed;
}
