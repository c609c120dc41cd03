/* demo.c: what librq does, in one program to read from top to bottom: a kept connection, a prepared
 * request edited and sent, a large body streamed to a file and checked, failures that say why.
 *
 * It talks to the test server only and takes the addresses from the environment:
 *
 *   testd ./demo
 *
 * The last line sums up; the exit status is 1 if anything was not as expected. */
#include <rq.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sha256.h"

static const int64_t DOWNLOAD_LEN = 256 << 20; /* 256 MiB */
static const double MIB = 1 << 20;

static bool all_as_expected = true;

static void expect(bool as_expected, const char *what) {
  if (as_expected) return;
  printf("  not as expected: %s\n", what);
  all_as_expected = false;
}

/* Prints an error that should not be, and takes it. Returns true if there was none. */
static bool went_well(rq_error **error) {
  if (*error) printf("  %s: %s\n", rq_code_name(rq_error_code(*error)), rq_error_message(*error));
  bool well = *error == NULL;
  expect(well, "an error");
  rq_error_free(*error);
  *error = NULL;
  return well;
}

static const char *url_of(const char *variable, const char *path) {
  static char url[512];
  const char *base = getenv(variable);
  if (!base) {
    fprintf(stderr, "%s is not set: run the demo under testd\n", variable);
    exit(1);
  }
  snprintf(url, sizeof url, "%s%s", base, path);
  return url;
}

static double now_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A session keeps connections and defaults: here trust in one CA, a header and two timeouts. */
static rq_session *new_session(rq_error **error) {
  rq_session *session = rq_session_new(error);
  rq_opts *opts = rq_session_opts(session);
  rq_opts_ca_file(opts, url_of("RQ_TEST_CA_FILE", ""), error);
  rq_opts_header(opts, "X-Demo", "librq", error);
  rq_opts_timeout_ms(opts, 5000, 30000, error); /* connect, and each wait for bytes */
  return session;
}

/* Three requests, one TLS handshake: the server numbers its connections and their requests. */
static int three_requests_on_one_connection(const rq_session *session) {
  rq_error *e = NULL;
  int first = 0, connection = 0;
  printf("Three requests\n");
  for (int turn = 1; turn <= 3; turn++) {
    size_t len = 0;
    rq_response *response = rq_get(session, url_of("RQ_TEST_HTTPS", "/json"), &e);
    rq_response_raise(response, &e);
    const char *json = rq_body_bytes(response, &len, &e); /* the last byte is followed by a NUL */
    if (json) {
      printf("  %s (%s, %.1f ms)\n", json,
             rq_response_reused(response) ? "kept connection" : "new connection",
             rq_response_elapsed_ms(response));
      const char *number = rq_response_header(response, "x-connection"); /* in any case */
      connection = number ? atoi(number) : 0;
      if (turn == 1) first = connection;
      expect(connection == first, "the same connection every time");
    }
    rq_response_free(response);
  }
  return went_well(&e) ? first : 0;
}

/* A request is prepared to the last header before it is sent, and may be changed until then. */
static void edited_post(const rq_session *session) {
  rq_error *e = NULL;
  size_t len = 0;
  printf("A prepared POST, edited\n");
  rq_request *request = rq_request_new("POST", url_of("RQ_TEST_HTTPS", "/echo"), &e);
  rq_request_body(request, "hello", 5, &e);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  rq_prepared_set_header(prepared, "X-Demo", "edited", &e);
  rq_response *response = rq_send(session, prepared, NULL, &e);

  const char *echo = rq_body_bytes(response, &len, &e); /* the request as the server saw it */
  const char *line = echo ? strstr(echo, "X-Demo: ") : NULL;
  if (line) printf("  the server received \"%.*s\"\n", (int)strcspn(line, "\r\n"), line);
  expect(line && strncmp(line, "X-Demo: edited\r\n", 16) == 0, "the edited header");
  went_well(&e);

  rq_response_free(response);
  rq_prepared_free(prepared);
  rq_request_free(request);
}

/* To stderr, so that it stays visible when the output goes elsewhere: on a terminal a bar, redrawn
   ten times a second at most; else a line at every quarter. */
static void show_progress(int64_t done, double since_s) {
  static double drawn_s;
  static int64_t quarters;
  double now = now_s();
  double rate = (double)done / MIB / (now - since_s > 0 ? now - since_s : 1e-9);
  int percent = (int)(done * 100 / DOWNLOAD_LEN);
  if (isatty(STDERR_FILENO)) {
    if (now - drawn_s < 0.1 && done < DOWNLOAD_LEN) return;
    drawn_s = now;
    fprintf(stderr, "\r  [%-40.*s] %3d %%  %.0f MiB/s  %.1f s left ", percent * 40 / 100,
           "########################################", percent, rate,
           (double)(DOWNLOAD_LEN - done) / MIB / rate);
    if (done == DOWNLOAD_LEN) fprintf(stderr, "\n");
  } else if (done * 4 / DOWNLOAD_LEN > quarters) {
    quarters = done * 4 / DOWNLOAD_LEN;
    fprintf(stderr, "  %3d %%  %.0f MiB/s\n", percent, rate);
  }
}

/* The body goes to the file as it comes, through 256 KiB of memory whatever its length. */
static double stream_to_file(const rq_session *session, FILE *file) {
  static char piece[256 * 1024];
  rq_error *e = NULL;
  int64_t got, done = 0;
  double start = now_s();
  printf("256 MiB into a file\n");
  rq_response *response = rq_get(session, url_of("RQ_TEST_HTTPS", "/bytes/268435456"), &e);
  rq_response_raise(response, &e);
  expect(rq_body_length(response) == DOWNLOAD_LEN, "the length, known from the head");
  while ((got = rq_body_read(response, piece, sizeof piece, &e)) > 0) {
    if (fwrite(piece, 1, (size_t)got, file) != (size_t)got) break;
    show_progress(done += got, start);
  }
  double rate = (double)done / MIB / (now_s() - start);
  expect(fflush(file) == 0 && done == DOWNLOAD_LEN, "256 MiB in the file");
  went_well(&e);
  rq_response_free(response);
  return rate;
}

/* Reads the file back and compares with the digest that the server names. */
static void compare_digest(const rq_session *session, FILE *file) {
  static char piece[256 * 1024];
  rq_error *e = NULL;
  size_t got, len = 0;
  char hex[65];
  sha256 sum;
  sha256_start(&sum);
  rewind(file);
  while ((got = fread(piece, 1, sizeof piece, file)) > 0) sha256_add(&sum, piece, got);
  sha256_end(&sum, hex);
  rq_response *response = rq_get(session, url_of("RQ_TEST_HTTPS", "/sha256/268435456"), &e);
  const char *want = rq_body_bytes(response, &len, &e);
  printf("  SHA-256 %s\n", hex);
  expect(want && strncmp(want, hex, 64) == 0, "the server's SHA-256");
  went_well(&e);
  rq_response_free(response);
}

static double download(const rq_session *session) {
  FILE *file = tmpfile(); /* in the temporary folder, and gone when it is closed */
  expect(file != NULL, "a temporary file");
  if (!file) return 0;
  double rate = stream_to_file(session, file);
  compare_digest(session, file);
  fclose(file);
  return rate;
}

/* Every failure has a code to act on and a message that says what, where and why. */
static void expect_failure(const rq_session *session, const char *url, rq_code code) {
  rq_error *e = NULL;
  size_t len = 0;
  rq_response *response = rq_get(session, url, &e);
  rq_body_bytes(response, &len, &e);
  printf("  %s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  expect(rq_error_code(e) == code, rq_code_name(code));
  rq_error_free(e);
  rq_response_free(response);
}

int main(void) {
  rq_error *e = NULL;
  setvbuf(stdout, NULL, _IOLBF, 0); /* in order with the progress on stderr */
  rq_session *session = new_session(&e);
  if (!went_well(&e)) return 1;
  int connection = three_requests_on_one_connection(session);
  expect(connection > 0, "three answers");
  edited_post(session);
  double rate = download(session);
  printf("Three failures\n");
  expect_failure(session, "http://missing.invalid/", RQ_ERR_DNS);
  expect_failure(session, url_of("RQ_TEST_HTTPS_UNTRUSTED", "/json"), RQ_ERR_TLS);
  expect_failure(session, url_of("RQ_TEST_HTTP", "/truncated"), RQ_ERR_INCOMPLETE);
  rq_session_free(session);

  if (!all_as_expected) {
    printf("C: something was not as expected, see above\n");
    return 1;
  }
  printf("C: 3 requests on 1 connection, POST edited, 256 MiB at %.0f MiB/s, SHA-256 equal, "
         "3 errors as expected\n", rate);
  return 0;
}
