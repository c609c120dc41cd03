/*
 * Sends N warm GETs through the C API, for run.sh to count what they cost. Counts nothing but what
 * must not grow.
 *
 *   warm_get URL N [CA_FILE]          N requests on one kept connection, each body read and freed
 *   warm_get --flat URL N [CA_FILE]   1,000 requests, then N: by how many the open descriptors and
 *                                     by how many KiB the resident memory grew
 */
#include <dirent.h>
#include <rq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_UP = 1000 };

typedef struct {
  long files;
  long kib;
} holdings;

/* Sends the request; the length of its body, or -1. */
static long get(const rq_session *session, const rq_request *request, rq_error **e) {
  static char body[64 * 1024];
  long length = 0;
  int64_t count;
  rq_response *response = rq_perform(session, request, NULL, e);
  while ((count = rq_body_read(response, body, sizeof body, e)) > 0) length += (long)count;
  rq_response_free(response);
  return count < 0 ? -1 : length;
}

/* True if that many more bodies come, each as long as the first one. */
static int get_many(const rq_session *session, const rq_request *request, long count, long length,
                    rq_error **e) {
  while (count > 0 && get(session, request, e) == length) count--;
  return count == 0;
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

/* Looks twice: the first look itself brings pages in. */
static holdings held(void) {
  holdings now = {open_files(), resident_kib()};
  now.files = open_files();
  now.kib = resident_kib();
  return now;
}

/* The first request must succeed; its connection and its length serve all others. */
static long first_get(const rq_session *session, const rq_request *request, rq_error **e) {
  rq_response *response = rq_perform(session, request, NULL, e);
  rq_response_raise(response, e);
  rq_response_free(response);
  return get(session, request, e);
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

  long length = first_get(session, request, &e);
  int done = !flat || get_many(session, request, WARM_UP, length, &e);
  holdings before = held();
  done = done && get_many(session, request, count, length, &e);
  holdings after = held();
  if (flat) printf("%ld %ld\n", after.files - before.files, after.kib - before.kib);

  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  if (!e && !done) fprintf(stderr, "a body has another length than the first one\n");
  rq_request_free(request);
  rq_session_free(session);
  rq_error_free(e);
  return !done || length <= 0;
}
