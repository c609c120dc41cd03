/* A program of somebody else, who has only the installed library: one request, one look at it. */
#include <rq.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  char url[256];
  size_t len = 0;
  rq_error *e = NULL;
  const char *base = getenv("RQ_TEST_HTTP");
  snprintf(url, sizeof url, "%s/json", base ? base : "");
  rq_session *session = rq_session_new(&e);
  rq_response *response = rq_get(session, url, &e);
  const char *json = rq_body_bytes(response, &len, &e);
  int good = json && strstr(json, "librq") && strcmp(rq_version(), RQ_VERSION) == 0;
  printf("%s %s\n", rq_version(), good ? json : rq_error_message(e));
  rq_response_free(response);
  rq_session_free(session);
  rq_error_free(e);
  return !good;
}
