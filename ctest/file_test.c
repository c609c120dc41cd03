/* Bodies from files: from a path or a descriptor, from its position to its end, pipes in chunks;
 * files that are missing, unreadable, or change while they are sent (behaviours B6, B22). */
#include "files.h"
#include "take.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

#include "../bindings/c/examples/sha256.h"

enum { LARGE_LEN = 1000000 };

static rq_session *session;

static rq_request *put(const char *path) {
  return rq_request_new("PUT", t_url("RQ_TEST_HTTP", path), NULL);
}

/* What /upload answers for what the descriptor holds from `start` on; reads it by itself. */
static void digest_of(int fd, off_t start, char answer[160]) {
  char piece[4096], hex[65];
  ssize_t got;
  off_t at = start;
  sha256 sum;
  sha256_start(&sum);
  while ((got = pread(fd, piece, sizeof piece, at)) > 0) {
    sha256_add(&sum, piece, (size_t)got);
    at += got;
  }
  sha256_end(&sum, hex);
  snprintf(answer, 160, "{\"bytes\": %lld, \"sha256\": \"%s\"}", (long long)(at - start), hex);
}

static void check_path_arrives(const char *base, size_t len) {
  char path[] = FILES_NAME, want[160];
  rq_error *e = NULL;
  files_pattern(path, len);
  int fd = open(path, O_RDONLY);
  digest_of(fd, 0, want);
  rq_request *request = rq_request_new("PUT", t_url(base, "/upload"), &e);
  rq_request_body_file(request, path, &e);
  CHECK_INT(unlink(path), 0); /* it was opened then, and is not looked for again */
  char *got = take(session, request, &e);
  CHECK_STR(got, want);
  CHECK_CODE(e, RQ_OK);
  free(got);
  close(fd);
}

static void every_byte_of_a_file_arrives(void) {
  static const size_t lengths[] = {1, 65536, 65537, LARGE_LEN};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    check_path_arrives("RQ_TEST_HTTP", lengths[i]);
    check_path_arrives("RQ_TEST_HTTPS", lengths[i]);
  }
}

static void a_file_has_a_length_and_no_type(void) {
  char path[] = FILES_NAME;
  rq_error *e = NULL;
  files_text(path, "from a file");
  rq_request *request = put("/echo");
  rq_request_body_file(request, path, &e);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  CHECK_INT(rq_prepared_body_length(prepared), 11);
  CHECK(rq_prepared_body(prepared, NULL) == NULL);
  rq_prepared_free(prepared);
  char *echo = take(session, request, &e);
  CHECK(t_has(echo, "\r\nContent-Length: 11\r\n") && t_has(echo, "\r\n\r\nfrom a file"));
  CHECK(!t_has(echo, "Content-Type") && !t_has(echo, "Transfer-Encoding"));
  CHECK_CODE(e, RQ_OK);
  free(echo);
  CHECK_INT(unlink(path), 0);
}

static void an_empty_file_is_an_empty_body(void) {
  char path[] = FILES_NAME;
  rq_error *e = NULL;
  files_text(path, "");
  rq_request *request = put("/echo");
  rq_request_body_file(request, path, &e);
  char *echo = take(session, request, &e);
  CHECK(t_has(echo, "\r\nContent-Length: 0\r\n") && !t_has(echo, "Transfer-Encoding"));
  CHECK_CODE(e, RQ_OK);
  free(echo);
  CHECK_INT(unlink(path), 0);
}

static void a_descriptor_goes_from_its_position_which_stays(void) {
  char path[] = FILES_NAME, want[160];
  rq_error *e = NULL;
  files_pattern(path, LARGE_LEN);
  int fd = open(path, O_RDONLY);
  CHECK_INT(lseek(fd, 123456, SEEK_SET), 123456);
  digest_of(fd, 123456, want);
  rq_request *request = put("/upload");
  rq_request_body_fd(request, fd, &e);
  for (int turn = 0; turn < 2; turn++) {
    size_t len = 0;
    rq_response *response = rq_perform(session, request, NULL, &e);
    CHECK_STR(rq_body_bytes(response, &len, &e), want);
    CHECK_INT(lseek(fd, 0, SEEK_CUR), 123456);
    rq_response_free(response);
  }
  CHECK_INT(lseek(fd, 0, SEEK_SET), 0); /* moved, then closed: the request does not care */
  close(fd);
  char *got = take(session, request, &e);
  CHECK_STR(got, want);
  CHECK_CODE(e, RQ_OK);
  free(got);
  CHECK_INT(unlink(path), 0);
}

static void a_descriptor_at_its_end_is_an_empty_body(void) {
  rq_error *e = NULL;
  FILE *file = tmpfile();
  CHECK(file && fputs("read already", file) >= 0 && fflush(file) == 0);
  CHECK_INT(lseek(fileno(file), 1000, SEEK_SET), 1000); /* or even beyond it */
  rq_request *request = put("/echo");
  rq_request_body_fd(request, fileno(file), &e);
  char *echo = take(session, request, &e);
  CHECK(t_has(echo, "\r\nContent-Length: 0\r\n"));
  CHECK_CODE(e, RQ_OK);
  free(echo);
  fclose(file);
}

static void a_pipe_is_sent_in_chunks_and_once(void) {
  int ends[2];
  size_t len = 0;
  rq_error *e = NULL;
  CHECK(pipe(ends) == 0 && write(ends[1], "from a pipe", 11) == 11 && close(ends[1]) == 0);
  rq_request *request = put("/echo");
  rq_request_body_fd(request, ends[0], &e);
  close(ends[0]);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  CHECK_INT(rq_prepared_body_length(prepared), -1);
  rq_response *response = rq_send(session, prepared, NULL, &e);
  const char *echo = rq_body_bytes(response, &len, &e);
  CHECK(t_has(echo, "\r\nTransfer-Encoding: chunked\r\n") && !t_has(echo, "Content-Length"));
  CHECK(t_has(echo, "\r\n\r\nb\r\nfrom a pipe\r\n0\r\n\r\n"));
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_send(session, prepared, NULL, &e) == NULL);
  CHECK_STR(rq_error_exception(e), "UnrewindableBodyError");
  CHECK_CODE(e, RQ_ERR_BODY);
  rq_response_free(response);
  rq_prepared_free(prepared);
  rq_request_free(request);
}

/* Takes the error; the request still has the body it had. */
static void check_refused(rq_request *request, rq_error **error, const char *named, int number) {
  CHECK(t_has(rq_error_message(*error), named));
  CHECK_STR(rq_error_exception(*error), "OSError");
  CHECK_INT(rq_error_errno(*error), number);
  CHECK_STR(rq_error_phase(*error), "prepare");
  CHECK_CODE(*error, RQ_ERR_FILE);
  rq_prepared *prepared = rq_prepare(session, request, error);
  CHECK_INT(rq_prepared_body_length(prepared), 3);
  CHECK_CODE(*error, RQ_OK);
  rq_prepared_free(prepared);
}

static void what_cannot_be_opened_is_told_at_once(void) {
  char path[] = FILES_NAME, below[64];
  rq_error *e = NULL;
  files_text(path, "a file, no folder");
  snprintf(below, sizeof below, "%s/below", path);
  rq_request *request = put("/echo");
  rq_request_body(request, "old", 3, &e);
  rq_request_body_file(request, "/no/such/file", &e);
  check_refused(request, &e, "/no/such/file", ENOENT);
  rq_request_body_file(request, "", &e);
  check_refused(request, &e, "", ENOENT);
  rq_request_body_file(request, below, &e);
  check_refused(request, &e, below, ENOTDIR);
  rq_request_body_file(request, "/", &e);
  check_refused(request, &e, "directory", 0);
  rq_request_body_fd(request, -1, &e);
  check_refused(request, &e, "-1", 0);
  int closed = dup(0);
  close(closed);
  rq_request_body_fd(request, closed, &e);
  check_refused(request, &e, "file", EBADF);
  rq_request_free(request);
  CHECK_INT(unlink(path), 0);
}

/* It is open, but reading from it fails: the head is out by then. */
static void check_unreadable(int fd) {
  rq_error *e = NULL;
  rq_request *request = put("/upload");
  rq_request_body_fd(request, fd, &e);
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK(rq_error_errno(e) == EBADF || rq_error_errno(e) == EISDIR);
  CHECK_STR(rq_error_phase(e), "send");
  CHECK_CODE(e, RQ_ERR_FILE);
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
  rq_request_free(request);
  close(fd);
}

static void what_cannot_be_read_is_told_while_it_is_sent(void) {
  char path[] = FILES_NAME;
  files_text(path, "for writing alone");
  check_unreadable(open(path, O_WRONLY));
  check_unreadable(open("/", O_RDONLY | O_DIRECTORY));
  CHECK_INT(unlink(path), 0);
}

/* Changes the length of a file as soon as some of it has been sent. */
typedef struct {
  const char *path;
  off_t len;
} cut;

static void change_length(void *context, uint64_t sent, int64_t total, rq_error **error) {
  const cut *this = context;
  (void)sent, (void)error;
  CHECK_INT(total, LARGE_LEN);
  CHECK_INT(truncate(this->path, this->len), 0);
}

static rq_request *put_changing(cut *to, rq_error **error) {
  rq_request *request = put("/upload");
  rq_request_body_file(request, to->path, error);
  rq_request_progress(request, change_length, to, NULL, error);
  return request;
}

static void a_file_that_shrinks_is_an_error(void) {
  char path[] = FILES_NAME;
  rq_error *e = NULL;
  files_pattern(path, LARGE_LEN);
  int before = t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e);
  rq_request *request = put_changing(&(cut){path, LARGE_LEN / 2}, &e);
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK(t_has(rq_error_message(e), "shorter"));
  CHECK_CODE(e, RQ_ERR_BODY_LENGTH);
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) != before);
  CHECK_CODE(e, RQ_OK);
  rq_request_free(request);
  CHECK_INT(unlink(path), 0);
}

static void a_file_that_has_shrunk_before_it_is_sent_is_an_error(void) {
  char path[] = FILES_NAME;
  rq_error *e = NULL;
  files_pattern(path, LARGE_LEN);
  rq_request *request = put("/upload");
  rq_request_body_file(request, path, &e);
  CHECK_INT(truncate(path, 0), 0);
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_BODY_LENGTH);
  rq_request_free(request);
  CHECK_INT(unlink(path), 0);
}

static void of_a_file_that_grows_the_declared_length_is_sent(void) {
  char path[] = FILES_NAME, want[160];
  rq_error *e = NULL;
  files_pattern(path, LARGE_LEN);
  int fd = open(path, O_RDONLY);
  digest_of(fd, 0, want);
  char *got = take(session, put_changing(&(cut){path, 2 * LARGE_LEN}, &e), &e);
  CHECK_STR(got, want);
  CHECK_CODE(e, RQ_OK);
  free(got);
  close(fd);
  CHECK_INT(unlink(path), 0);
}

enum { THREADS = 4, TURNS = 5 };

typedef struct {
  const rq_prepared *prepared;
  const char *want;
} sender;

static void *send_often(void *data) {
  const sender *this = data;
  rq_error *e = NULL;
  for (int turn = 0; turn < TURNS; turn++) {
    size_t len = 0;
    rq_response *response = rq_send(session, this->prepared, NULL, &e);
    CHECK_STR(rq_body_bytes(response, &len, &e), this->want);
    rq_response_free(response);
  }
  CHECK_CODE(e, RQ_OK);
  return NULL;
}

/* Each reads at its own place: one open file serves them all at once. */
static void many_threads_send_one_file(void) {
  char path[] = FILES_NAME, want[160];
  pthread_t threads[THREADS];
  rq_error *e = NULL;
  files_pattern(path, LARGE_LEN);
  int fd = open(path, O_RDONLY);
  digest_of(fd, 0, want);
  rq_request *request = put("/upload");
  rq_request_body_fd(request, fd, &e);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  CHECK_CODE(e, RQ_OK);
  sender each = {prepared, want};
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, send_often, &each);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  rq_prepared_free(prepared);
  rq_request_free(request);
  close(fd);
  CHECK_INT(unlink(path), 0);
}

int main(void) {
  session = rq_session_new(NULL);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), NULL);
  RUN(every_byte_of_a_file_arrives);
  RUN(a_file_has_a_length_and_no_type);
  RUN(an_empty_file_is_an_empty_body);
  RUN(a_descriptor_goes_from_its_position_which_stays);
  RUN(a_descriptor_at_its_end_is_an_empty_body);
  RUN(a_pipe_is_sent_in_chunks_and_once);
  RUN(what_cannot_be_opened_is_told_at_once);
  RUN(what_cannot_be_read_is_told_while_it_is_sent);
  RUN(a_file_that_shrinks_is_an_error);
  RUN(a_file_that_has_shrunk_before_it_is_sent_is_an_error);
  RUN(of_a_file_that_grows_the_declared_length_is_sent);
  RUN(many_threads_send_one_file);
  rq_session_free(session);
  DONE();
}
