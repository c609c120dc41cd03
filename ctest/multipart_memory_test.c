/* Large files in a multipart body are read while they are sent: the process does not grow by them,
 * and no byte is lost. */
#include "files.h"
#include "take.h"

enum { PARTS = 5, MB = 1000000, GROWTH_MAX_KIB = 8 * 1024 };

/* ASan answers for malloc: there, and under valgrind, memory says nothing about librq. */
#ifdef __SANITIZE_ADDRESS__
static const bool memory_is_measured = false;
#else
static const bool memory_is_measured = true;
#endif

/* The peak of the resident memory. */
static long peak_kib(void) {
  char line[256];
  long kib = -1;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && kib < 0 && fgets(line, sizeof line, status)) sscanf(line, "VmHWM: %ld", &kib);
  if (status) fclose(status);
  CHECK(kib > 0);
  return kib;
}

static rq_request *upload(const char *base, const char *path, rq_error **error) {
  rq_request *request = rq_request_new("POST", t_url(base, "/upload"), error);
  for (int i = 0; i < PARTS; i++) {
    rq_part *part = rq_request_part(request, "file", error);
    rq_part_file(part, path, error);
    rq_part_filename(part, "zeros.bin", error);
    rq_part_type(part, "application/octet-stream", error);
  }
  return request;
}

/* Of the server's answer, how many bytes it got. */
static long long bytes_received(const rq_session *session, rq_request *request) {
  long long bytes = -1;
  rq_error *e = NULL;
  char *answer = take(session, request, &e);
  CHECK(answer && sscanf(answer, "{\"bytes\": %lld,", &bytes) == 1);
  CHECK_CODE(e, RQ_OK);
  free(answer);
  return bytes;
}

static void check_streamed(const char *base) {
  char large[] = FILES_NAME, empty[] = FILES_NAME;
  off_t len = 100 * MB / t_slowness();
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), &e);
  files_sparse(large, len);
  files_sparse(empty, 0);
  long long around = bytes_received(session, upload(base, empty, &e));
  long before = peak_kib();
  CHECK_INT(bytes_received(session, upload(base, large, &e)), around + PARTS * (long long)len);
  long growth = peak_kib() - before;
  if (memory_is_measured && t_slowness() == 1) {
    printf("%d files of %lld bytes: the peak grew by %ld KiB\n", PARTS, (long long)len, growth);
    CHECK(growth < GROWTH_MAX_KIB);
  }
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
  CHECK_INT(unlink(large) + unlink(empty), 0);
}

static void large_files_cost_no_memory(void) { check_streamed("RQ_TEST_HTTP"); }

static void large_files_cost_no_memory_under_tls(void) { check_streamed("RQ_TEST_HTTPS"); }

int main(void) {
  RUN(large_files_cost_no_memory);
  RUN(large_files_cost_no_memory_under_tls);
  DONE();
}
