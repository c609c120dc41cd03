/*
 * Downloads a body N times through the C API, read through 64 KiB as fast as it comes, for run.sh
 * to count the system calls. What strace watches is slower than its peer: its reads are full.
 *
 *   rush URL N
 */
#include <rq.h>
#include <stdio.h>
#include <stdlib.h>

static char buffer[64 * 1024];

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  int64_t count, total = 0;
  for (long left = atol(argv[2]); left > 0 && e == NULL; left--) {
    rq_response *response = rq_get(session, argv[1], &e);
    while ((count = rq_body_read(response, buffer, sizeof buffer, &e)) > 0) total += count;
    rq_response_free(response);
  }
  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  int failed = e != NULL || total == 0;
  rq_session_free(session);
  rq_error_free(e);
  return failed;
}
