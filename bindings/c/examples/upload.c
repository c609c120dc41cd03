/* upload.c: sends files as one multipart form, read while they are sent, and tells how far it is.
 *
 *   cc upload.c $(pkg-config --cflags --libs rq) -o upload
 *   ./upload https://example.org/upload report.pdf photos.zip
 *
 * Files of any size cost a few hundred KiB of memory. For POSIX systems: isatty, SIGINT. The exit
 * status is 1 for a failure, a status such as 413 included, and for Ctrl-C. */
#include <rq.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void interrupt(int number) {
  (void)number;
  interrupted = 1;
}

/* Called while the body is sent, on this thread. Setting the error ends the request. */
static void show_progress(void *context, uint64_t sent, int64_t total, rq_error **error) {
  int *shown = context; /* the last percentage */
  int percent = total > 0 ? (int)(sent * 100 / (uint64_t)total) : 100;
  if (interrupted) rq_error_set(error, RQ_ERR_CALLBACK, "interrupted");
  if (!isatty(STDERR_FILENO) || percent == *shown) return;
  *shown = percent;
  fprintf(stderr, "\r%3d %% of %" PRId64 " bytes%s", percent, total, percent == 100 ? "\n" : "");
}

/* Each file becomes a part named "file", under its own name; it is opened here and read later. */
static rq_request *new_upload(const char *url, char **paths, rq_error **error) {
  rq_request *request = rq_request_new("POST", url, error);
  rq_request_field(request, "comment", "sent by librq", error);
  for (; *paths; paths++) {
    rq_part *part = rq_request_part(request, "file", error);
    rq_part_file(part, *paths, error);
    rq_part_type(part, "application/octet-stream", error);
  }
  return request;
}

int main(int argc, char **argv) {
  rq_error *e = NULL;
  size_t len = 0;
  int shown = -1;
  if (argc < 3) {
    fprintf(stderr, "usage: upload URL FILE...\n");
    return 2;
  }
  signal(SIGINT, interrupt);
  rq_session *session = rq_session_new(&e);
  rq_request *request = new_upload(argv[1], argv + 2, &e);
  rq_request_progress(request, show_progress, &shown, NULL, &e);
  rq_response *response = rq_perform(session, request, NULL, &e);
  rq_response_raise(response, &e);
  const void *answer = rq_body_bytes(response, &len, &e);

  if (answer) printf("%.*s\n", (int)len, (const char *)answer);
  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  int status = e ? 1 : 0;

  rq_response_free(response);
  rq_request_free(request);
  rq_session_free(session);
  rq_error_free(e);
  return status;
}
