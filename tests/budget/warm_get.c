/*
 * Sends N warm GETs through the C API, for run.sh to count what they cost.
 *
 *   warm_get URL N [CA_FILE]     N requests on one kept connection, each body read and freed
 *   warm_get --flat URL N [CA_FILE]   1,000 requests, then N: descriptors and memory must not grow
 */
#include <dirent.h>
#include <rq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const rq_error *e) {
  fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  return 1;
}

static void get(const rq_session *session, const rq_request *request, rq_error **e) {
  static char body[64 * 1024];
  rq_response *response = rq_perform(session, request, NULL, e);
  while (rq_body_read(response, body, sizeof body, e) > 0) {
  }
  rq_response_free(response);
}

static long open_files(void) {
  long count = 0;
  DIR *folder = opendir("/proc/self/fd");
  while (folder && readdir(folder)) count++;
  if (folder) closedir(folder);
  return count;
}

static long resident_kib(void) {
  char line[256];
  long kib = -1;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status))
    if (sscanf(line, "VmRSS: %ld", &kib) == 1) break;
  if (status) fclose(status);
  return kib;
}

int main(int argc, char **argv) {
  int flat = argc > 1 && strcmp(argv[1], "--flat") == 0;
  argv += flat;
  argc -= flat;
  if (argc < 3) return 2;
  long count = atol(argv[2]);
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  if (argc > 3) rq_opts_ca_file(rq_session_opts(session), argv[3], &e);
  rq_request *request = rq_request_new("GET", argv[1], &e);

  for (long i = 0; flat && !e && i < 1000; i++) get(session, request, &e);
  long files = open_files(), kib = resident_kib();
  for (long i = 0; !e && i < count; i++) get(session, request, &e);
  if (flat)
    printf("%ld %ld\n", open_files() - files, resident_kib() - kib);

  rq_request_free(request);
  rq_session_free(session);
  int failed = e ? fail(e) : 0;
  rq_error_free(e);
  return failed;
}
