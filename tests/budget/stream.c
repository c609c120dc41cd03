/*
 * Moves large bodies through a session, and prints for each by how many KiB the peak of the
 * resident memory grew: a download, an upload from a callback, and a body that decodes to a
 * thousand times what is sent.
 *
 *   stream BASE_URL BYTES
 */
#include <inttypes.h>
#include <rq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char buffer[256 * 1024];

/* The peak since the last call; starts a new one. */
static long peak_kib(void) {
  char line[256];
  long kib = -1;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status))
    if (sscanf(line, "VmHWM: %ld", &kib) == 1) break;
  if (status) fclose(status);
  FILE *clear = fopen("/proc/self/clear_refs", "w");
  if (clear) {
    fputs("5", clear);
    fclose(clear);
  }
  return kib;
}

static int64_t give(void *left, void *buf, size_t cap, rq_error **error) {
  (void)error;
  uint64_t *bytes = left;
  size_t count = *bytes < cap ? (size_t)*bytes : cap;
  memset(buf, 'x', count);
  *bytes -= count;
  return (int64_t)count;
}

static uint64_t drained(rq_response *response, rq_error **e) {
  uint64_t total = 0;
  int64_t count;
  while ((count = rq_body_read(response, buffer, sizeof buffer, e)) > 0) total += (uint64_t)count;
  return total;
}

static uint64_t download(rq_session *session, const char *base, const char *path, uint64_t bytes,
                         rq_error **e) {
  char url[512];
  snprintf(url, sizeof url, "%s/%s/%" PRIu64, base, path, bytes);
  rq_response *response = rq_get(session, url, e);
  uint64_t total = drained(response, e);
  rq_response_free(response);
  return total;
}

static uint64_t upload(rq_session *session, const char *base, uint64_t bytes, rq_error **e) {
  char url[512];
  snprintf(url, sizeof url, "%s/sink", base);
  uint64_t left = bytes;
  rq_request *request = rq_request_new("POST", url, e);
  rq_request_body_callback(request, give, NULL, &left, NULL, (int64_t)bytes, e);
  rq_response *response = rq_perform(session, request, NULL, e);
  size_t length = 0;
  const char *said = rq_body_bytes(response, &length, e);
  uint64_t total = 0;
  if (said) sscanf(said, "{\"bytes\": %" SCNu64, &total);
  rq_response_free(response);
  rq_request_free(request);
  return total;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const char *base = argv[1];
  uint64_t bytes = strtoull(argv[2], NULL, 10), moved[3];
  long grown[3];
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  memset(buffer, 1, sizeof buffer);
  /* Small ones first: they bring in what every request needs, and are the idle program. */
  download(session, base, "bytes", 100, &e);
  upload(session, base, 100, &e);
  download(session, base, "bomb", 100, &e);
  peak_kib();
  long idle = peak_kib();
  moved[0] = download(session, base, "bytes", bytes, &e);
  grown[0] = peak_kib() - idle;
  moved[1] = upload(session, base, bytes, &e);
  grown[1] = peak_kib() - idle;
  moved[2] = download(session, base, "bomb", bytes, &e);
  grown[2] = peak_kib() - idle;
  int failed = e != NULL || idle < 0;
  for (int i = 0; i < 3; i++) failed |= moved[i] != bytes;
  if (e) fprintf(stderr, "%s\n", rq_error_message(e));
  printf("download %ld\nupload %ld\nbomb %ld\n", grown[0], grown[1], grown[2]);
  rq_session_free(session);
  rq_error_free(e);
  return failed;
}
