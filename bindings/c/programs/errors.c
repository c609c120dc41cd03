// Tells apart what can go wrong, with one look at the end.
#include <rq.h>
#include <stdio.h>

int main(void) {
  rq_error *e = NULL;
  rq_session *s = rq_session_new(&e);
  rq_response *r = rq_get(s, "https://example.org/status/404", &e);
  rq_response_raise(r, &e);

  switch (rq_error_code(e)) {
    case RQ_OK:
      puts("there it is");
      break;
    case RQ_ERR_STATUS:
      printf("the server says %d\n", (int)rq_error_status(e));
      break;
    case RQ_ERR_TLS:
      printf("not to be trusted: %s\n", rq_error_reason(e));
      break;
    default:
      printf("%s in step \"%s\": %s\n", rq_code_name(rq_error_code(e)), rq_error_phase(e),
             rq_error_message(e));
  }
  rq_response_free(r);
  rq_session_free(s);
  rq_error_free(e);
  return 0;
}
