/*
 * Uploads a file as five parts of one multipart body, and prints by how many KiB the peak of the
 * resident memory grew.
 *
 *   multipart URL FILE
 */
#include <rq.h>
#include <stdio.h>

enum { PARTS = 5 };

static long peak_kib(void) {
  char line[256];
  long kib = -1;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status))
    if (sscanf(line, "VmHWM: %ld", &kib) == 1) break;
  if (status) fclose(status);
  return kib;
}

static rq_request *upload(const char *url, const char *path, rq_error **e) {
  static const char *const names[PARTS] = {"a", "b", "c", "d", "e"};
  rq_request *request = rq_request_new("POST", url, e);
  for (int i = 0; i < PARTS; i++) rq_part_file(rq_request_part(request, names[i], e), path, e);
  return request;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  /* The first request brings in what every request needs. */
  rq_response_free(rq_get(session, argv[1], &e));
  long before = peak_kib();
  rq_request *request = upload(argv[1], argv[2], &e);
  rq_response *response = rq_perform(session, request, NULL, &e);
  rq_response_raise(response, &e);
  if (e) fprintf(stderr, "%s\n", rq_error_message(e));
  printf("%ld\n", peak_kib() - before);
  int failed = e != NULL || before < 0;
  rq_response_free(response);
  rq_request_free(request);
  rq_session_free(session);
  rq_error_free(e);
  return failed;
}
