// Hands a response out of a function; everything else frees itself.
#include <rq_sugar.h>
#include <stdio.h>

static rq_response *find(const char *url, rq_error **error) {
  rq_auto(session) s = rq_session_new(error);
  rq_auto(response) r = rq_get(s, url, error);
  rq_response_raise(r, error);
  return rq_keep(response, r);
}

int main(void) {
  rq_auto(error) e = NULL;
  rq_auto(response) r = find("https://example.org/json", &e);
  size_t len = 0;
  const char *json = rq_body_json(r, &len, &e);
  if (json) printf("%zu bytes, lent by the response: %s\n", len, json);
  if (e) fprintf(stderr, "%s\n", rq_error_message(e));
  return e != NULL;
}
