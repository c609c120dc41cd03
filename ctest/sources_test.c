/* Bodies that are read while they are sent: callbacks and files, their lengths, rewinding,
 * progress, and that a context is freed exactly once, whatever happens. */
#include "t.h"

#include <unistd.h>

static rq_session *session;

/* Gives its text in pieces of at most `piece` bytes; fails at `fail_at`, if that is not 0. */
typedef struct {
  const char *text;
  size_t at, piece, fail_at;
  int rewound, freed;
} source;

static int64_t read_source(void *context, void *buf, size_t cap, rq_error **error) {
  source *from = context;
  size_t left = strlen(from->text) - from->at;
  size_t count = from->piece && from->piece < left ? from->piece : left;
  if (from->fail_at && from->at >= from->fail_at) {
    if (from->piece != 99) rq_error_set(error, RQ_ERR_CALLBACK, "the tape has torn");
    return -1;
  }
  if (count > cap) count = cap;
  memcpy(buf, from->text + from->at, count);
  from->at += count;
  return (int64_t)count;
}

static bool rewind_source(void *context, rq_error **error) {
  source *from = context;
  (void)error;
  from->rewound++;
  from->at = 0;
  return true;
}

static void free_source(void *context) { ((source *)context)->freed++; }

static rq_request *upload(const char *path, source *from, rq_rewind_fn rewind, int64_t length,
                          rq_error **e) {
  rq_request *request = rq_request_new("POST", t_url("RQ_TEST_HTTP", path), e);
  rq_request_body_callback(request, read_source, rewind, from, free_source, length, e);
  return request;
}

/* Sends it to /echo, which answers with the request as it came. */
static void check_echo(source *from, int64_t length, const char *framing, const char *body) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_request *request = upload("/echo", from, rewind_source, length, &e);
  rq_response *response = rq_perform(session, request, NULL, &e);
  const char *echo = rq_body_bytes(response, &len, &e);
  CHECK(t_has(echo, framing));
  CHECK(t_has(echo, body));
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(from->freed, 0);
  rq_response_free(response);
  rq_request_free(request);
  CHECK_INT(from->freed, 1);
}

static void a_known_length_is_declared_and_an_unknown_one_chunked(void) {
  source known = {.text = "hello", .piece = 2};
  check_echo(&known, 5, "\r\nContent-Length: 5\r\n", "\r\n\r\nhello");
  source unknown = {.text = "hello", .piece = 3};
  check_echo(&unknown, -1, "\r\nTransfer-Encoding: chunked\r\n",
             "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
}

static void check_fails(source *from, int64_t length, rq_code code, const char *message) {
  rq_error *e = NULL;
  rq_request *request = upload("/echo", from, NULL, length, &e);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK(t_has(rq_error_message(e), message));
  CHECK_CODE(e, code);
  rq_request_free(request);
  CHECK_INT(from->freed, 1);
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
}

static void a_source_that_breaks_its_word_is_an_error(void) {
  source more = {.text = "hello"}, less = {.text = "hello"}, torn = {.text = "hello", .piece = 2};
  source mute = {.text = "hello", .piece = 99, .fail_at = 5};
  check_fails(&more, 4, RQ_ERR_BODY_LENGTH, "more than");
  check_fails(&less, 6, RQ_ERR_BODY_LENGTH, "before its declared length");
  torn.fail_at = 2;
  check_fails(&torn, -1, RQ_ERR_CALLBACK, "the tape has torn");
  check_fails(&mute, -1, RQ_ERR_CALLBACK, "without saying why");
}

static void a_body_is_rewound_or_not_sent_twice(void) {
  source from = {.text = "hello"}, once = {.text = "hello"};
  rq_error *e = NULL;
  rq_request *request = upload("/echo", &from, rewind_source, 5, &e);
  for (int i = 0; i < 3; i++) rq_response_free(rq_perform(session, request, NULL, &e));
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(from.rewound, 2);
  rq_request_free(request);
  request = upload("/echo", &once, NULL, 5, &e);
  rq_response_free(rq_perform(session, request, NULL, &e));
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK_STR(rq_error_exception(e), "UnrewindableBodyError");
  CHECK_CODE(e, RQ_ERR_BODY);
  rq_request_free(request);
}

static void a_context_is_freed_also_where_it_was_not_taken(void) {
  source from = {.text = ""};
  rq_error *e = NULL;
  rq_request *request = rq_request_new("POST", "http://example.org/", &e);
  rq_request_body_callback(request, NULL, NULL, &from, free_source, -1, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_request_body_callback(NULL, read_source, NULL, &from, free_source, -1, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  rq_request_body_callback(request, read_source, NULL, &from, free_source, -2, &e);
  CHECK_CODE(e, RQ_ERR_INVALID_ARGUMENT);
  rq_error_set(&e, RQ_ERR_CALLBACK, "set before");
  rq_request_body_callback(request, read_source, NULL, &from, free_source, -1, &e);
  rq_opts_auth_callback(rq_request_opts(request), NULL, &from, free_source, &e);
  rq_request_progress(request, NULL, &from, free_source, &e);
  CHECK_CODE(e, RQ_ERR_CALLBACK);
  CHECK_INT(from.freed, 6);
  rq_part_callback(NULL, read_source, NULL, &from, free_source, -1, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK_INT(from.freed, 7);
  rq_request_free(request);
}

static void no_auth(void *context, rq_prepared *prepared, rq_error **error) {
  (void)context, (void)prepared, (void)error;
}

/* Frees a context of a session's settings by changing these settings. */
static void free_by_setting(void *context) {
  rq_opts_header(rq_session_opts(session), "X-Freed", "1", NULL);
  ((source *)context)->freed++;
}

static void no_lock_is_held_while_a_context_is_freed(void) {
  source from = {.text = ""};
  rq_error *e = NULL;
  rq_opts *opts = rq_session_opts(session);
  rq_opts_auth_callback(opts, no_auth, &from, free_by_setting, &e);
  rq_opts_auth_callback(opts, no_auth, &from, free_by_setting, &e);
  CHECK_INT(from.freed, 1);
  rq_opts_auth_none(opts, &e);
  CHECK_INT(from.freed, 2);
  CHECK_CODE(e, RQ_OK);
  rq_opts_auth_callback(opts, NULL, &from, free_by_setting, &e);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK_INT(from.freed, 3);
}

typedef struct {
  uint64_t last;
  int64_t total;
  uint64_t stop_at;
} progress;

static void told(void *context, uint64_t sent, int64_t total, rq_error **error) {
  progress *seen = context;
  CHECK(sent > seen->last);
  seen->last = sent;
  seen->total = total;
  if (seen->stop_at && sent >= seen->stop_at) rq_error_set(error, RQ_ERR_CALLBACK, "enough");
}

static void progress_is_told_and_may_end_the_request(void) {
  static char body[600000];
  progress all = {0}, some = {.stop_at = 300000};
  rq_error *e = NULL;
  rq_request *request = rq_request_new("POST", t_url("RQ_TEST_HTTP", "/upload"), &e);
  rq_request_body(request, body, sizeof body, &e);
  rq_request_progress(request, told, &all, NULL, &e);
  rq_response_free(rq_perform(session, request, NULL, &e));
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(all.last, sizeof body);
  CHECK_INT(all.total, sizeof body);
  rq_request_progress(request, told, &some, NULL, &e);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK_STR(rq_error_message(e), "enough");
  CHECK_CODE(e, RQ_ERR_CALLBACK);
  rq_request_free(request);
}

/* An open temporary file without a name. */
static FILE *file_of(const char *text) {
  FILE *file = tmpfile();
  CHECK(file != NULL && fputs(text, file) >= 0 && fflush(file) == 0);
  return file;
}

static void a_file_goes_from_its_position_which_stays(void) {
  size_t len = 0;
  rq_error *e = NULL;
  FILE *file = file_of("0123456789");
  int fd = fileno(file);
  CHECK_INT(lseek(fd, 4, SEEK_SET), 4);
  rq_request *request = rq_request_new("PUT", t_url("RQ_TEST_HTTP", "/echo"), &e);
  rq_request_body_fd(request, fd, &e);
  for (int i = 0; i < 2; i++) {
    rq_response *response = rq_perform(session, request, NULL, &e);
    const char *echo = rq_body_bytes(response, &len, &e);
    CHECK(t_has(echo, "\r\nContent-Length: 6\r\n") && t_has(echo, "\r\n\r\n456789"));
    rq_response_free(response);
  }
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(lseek(fd, 0, SEEK_CUR), 4);
  rq_request_free(request);
  fclose(file);
}

static void a_pipe_is_sent_in_chunks(void) {
  int ends[2];
  size_t len = 0;
  rq_error *e = NULL;
  CHECK(pipe(ends) == 0 && write(ends[1], "from a pipe", 11) == 11 && close(ends[1]) == 0);
  rq_request *request = rq_request_new("PUT", t_url("RQ_TEST_HTTP", "/echo"), &e);
  rq_request_body_fd(request, ends[0], &e);
  close(ends[0]);
  rq_response *response = rq_perform(session, request, NULL, &e);
  CHECK(t_has(rq_body_bytes(response, &len, &e), "b\r\nfrom a pipe\r\n0\r\n\r\n"));
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_request_free(request);
}

static void shrink(void *context, uint64_t sent, int64_t total, rq_error **error) {
  (void)sent, (void)total, (void)error;
  CHECK(ftruncate(*(int *)context, 100000) == 0);
}

static void a_file_that_shrinks_is_an_error(void) {
  rq_error *e = NULL;
  FILE *file = file_of("x");
  int fd = fileno(file);
  CHECK(ftruncate(fd, 1000000) == 0 && lseek(fd, 0, SEEK_SET) == 0);
  rq_request *request = rq_request_new("PUT", t_url("RQ_TEST_HTTP", "/upload"), &e);
  rq_request_body_fd(request, fd, &e);
  rq_request_progress(request, shrink, &fd, NULL, &e);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK(t_has(rq_error_message(e), "shorter"));
  CHECK_CODE(e, RQ_ERR_BODY_LENGTH);
  rq_request_free(request);
  fclose(file);
}

static void parts_may_be_callbacks(void) {
  size_t len = 0;
  source from = {.text = "streamed", .piece = 3};
  rq_error *e = NULL;
  rq_request *request = rq_request_new("POST", t_url("RQ_TEST_HTTP", "/echo"), &e);
  rq_request_field(request, "k", "v", &e);
  rq_part *part = rq_request_part(request, "s\"", &e);
  rq_part_callback(part, read_source, rewind_source, &from, free_source, 8, &e);
  rq_part_filename(part, "a\r\nb", &e);
  rq_part_type(part, "text/plain", &e);
  rq_part_header(part, "X-Part", "1", &e);
  rq_part_bytes(rq_request_part(request, "last", &e), "bytes", 5, &e);
  rq_response *response = rq_perform(session, request, NULL, &e);
  const char *echo = rq_body_bytes(response, &len, &e);
  CHECK(t_has(echo, "Content-Type: multipart/form-data; boundary="));
  CHECK(t_has(echo, "name=\"k\"\r\n\r\nv\r\n--"));
  CHECK(t_has(echo, "name=\"s%22\"; filename=\"a%0D%0Ab\"\r\nContent-Type: text/plain\r\n"
                    "X-Part: 1\r\n\r\nstreamed\r\n--"));
  CHECK(t_has(echo, "name=\"last\"\r\n\r\nbytes\r\n--"));
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_request_free(request);
  CHECK_INT(from.freed, 1);
}

int main(void) {
  session = rq_session_new(NULL);
  RUN(a_known_length_is_declared_and_an_unknown_one_chunked);
  RUN(a_source_that_breaks_its_word_is_an_error);
  RUN(a_body_is_rewound_or_not_sent_twice);
  RUN(a_context_is_freed_also_where_it_was_not_taken);
  RUN(no_lock_is_held_while_a_context_is_freed);
  RUN(progress_is_told_and_may_end_the_request);
  RUN(a_file_goes_from_its_position_which_stays);
  RUN(a_pipe_is_sent_in_chunks);
  RUN(a_file_that_shrinks_is_an_error);
  RUN(parts_may_be_callbacks);
  rq_session_free(session);
  DONE();
}
