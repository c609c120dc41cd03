/*
 * Words, prepares and frees N requests through the C API, for run.sh to count what one costs.
 *
 *   prepare get N      a plain GET
 *   prepare post N     a POST with 10 headers, 10 parameters and a body
 */
#include <rq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTINGS = 10 };

static rq_request *get(rq_error **e) {
  return rq_request_new("GET", "http://example.org/path?query=1", e);
}

static rq_request *post(rq_error **e) {
  static const char *const names[SETTINGS] = {"X-A", "X-B", "X-C", "X-D", "X-E",
                                              "X-F", "X-G", "X-H", "X-I", "X-J"};
  rq_request *request = rq_request_new("POST", "http://example.org/path", e);
  rq_opts *opts = rq_request_opts(request);
  for (int i = 0; i < SETTINGS; i++) rq_opts_header(opts, names[i], "some value", e);
  for (int i = 0; i < SETTINGS; i++) rq_opts_param(opts, names[i], "some value", e);
  rq_request_body(request, "hello", 5, e);
  return request;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  rq_request *(*word)(rq_error **) = strcmp(argv[1], "post") == 0 ? post : get;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  for (long left = strtol(argv[2], NULL, 10); left > 0 && e == NULL; left--) {
    rq_request *request = word(&e);
    rq_prepared *prepared = rq_prepare(session, request, &e);
    rq_prepared_free(prepared);
    rq_request_free(request);
  }
  if (e) fprintf(stderr, "%s\n", rq_error_message(e));
  rq_session_free(session);
  int failed = e != NULL;
  rq_error_free(e);
  return failed;
}
