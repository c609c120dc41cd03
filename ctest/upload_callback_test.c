/* Bodies from callbacks: every byte arrives, in the framing that the length asks for; sent again
 * only if rewound; a callback that fails or breaks its word ends the request, not the session. */
#include "source.h"
#include "take.h"

#include <pthread.h>

enum { LARGE_LEN = 300000 };

static rq_session *session;

static rq_request *upload(const char *method, const char *url, source *from, rq_rewind_fn rewind,
                          int64_t length) {
  rq_request *request = rq_request_new(method, url, NULL);
  rq_request_body_callback(request, source_read, rewind, from, source_free, length, NULL);
  return request;
}

/* The number of the connection that the session now has to spare, or makes. */
static int connection_now(void) {
  rq_error *e = NULL;
  int connection = t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e);
  CHECK(connection > 0);
  CHECK_CODE(e, RQ_OK);
  return connection;
}

/* What /upload answers for the first `len` bytes of the pattern; to be freed. */
static char *upload_answer(const char *base, size_t len) {
  char path[64], answer[160];
  rq_error *e = NULL;
  snprintf(path, sizeof path, "/sha256/%zu", len);
  char *hex = take(session, rq_request_new("GET", t_url(base, path), &e), &e);
  CHECK_CODE(e, RQ_OK);
  snprintf(answer, sizeof answer, "{\"bytes\": %zu, \"sha256\": \"%s\"}", len, hex ? hex : "");
  free(hex);
  return strdup(answer);
}

static void check_arrives(const char *base, source from, int64_t length) {
  rq_error *e = NULL;
  char *want = upload_answer(base, from.len);
  char *got = take(session, upload("POST", t_url(base, "/upload"), &from, NULL, length), &e);
  CHECK_STR(got, want);
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(from.freed, 1);
  free(got);
  free(want);
}

static void every_byte_arrives(void) {
  static const char *const bases[] = {"RQ_TEST_HTTP", "RQ_TEST_HTTPS"};
  for (size_t i = 0; i < 2; i++) {
    check_arrives(bases[i], (source){.len = LARGE_LEN}, LARGE_LEN);
    check_arrives(bases[i], (source){.len = LARGE_LEN, .piece = 7777}, LARGE_LEN);
    check_arrives(bases[i], (source){.len = LARGE_LEN}, -1);
    check_arrives(bases[i], (source){.len = LARGE_LEN, .piece = 7777}, -1);
    check_arrives(bases[i], (source){.len = 500, .piece = 1}, 500);
    check_arrives(bases[i], (source){.len = 500, .piece = 1}, -1);
    check_arrives(bases[i], (source){0}, 0);
    check_arrives(bases[i], (source){0}, -1);
  }
}

static void check_framing(int64_t length, const char *framing, const char *other, size_t end_len) {
  size_t len = 0;
  rq_error *e = NULL;
  source from = {.len = 5, .piece = 3};
  rq_request *request = upload("POST", t_url("RQ_TEST_HTTP", "/echo"), &from, NULL, length);
  rq_response *response = rq_perform(session, request, NULL, &e);
  const char *echo = rq_body_bytes(response, &len, &e);
  const char *end = t_has(echo, "\r\n\r\n") ? strstr(echo, "\r\n\r\n") + 4 : echo;
  const char *want = length < 0 ? "3\r\n\0\1\2\r\n2\r\n\3\4\r\n0\r\n\r\n" : "\0\1\2\3\4";
  CHECK(t_has(echo, framing) && !t_has(echo, other));
  CHECK(end && (size_t)(echo + len - end) == end_len && memcmp(end, want, end_len) == 0);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_request_free(request);
}

static void the_length_decides_the_framing(void) {
  check_framing(5, "\r\nContent-Length: 5\r\n", "Transfer-Encoding", 5);
  check_framing(-1, "\r\nTransfer-Encoding: chunked\r\n", "Content-Length", 20);
}

static void what_is_streamed_is_not_in_memory(void) {
  size_t len = 7;
  rq_error *e = NULL;
  source known = {.len = 5}, unknown = {.len = 5};
  rq_request *request = upload("POST", "http://site.test/", &known, NULL, 5);
  rq_prepared *prepared = rq_prepare(NULL, request, &e);
  CHECK_INT(rq_prepared_body_length(prepared), 5);
  CHECK(rq_prepared_body(prepared, &len) == NULL && len == 0);
  CHECK_INT(known.reads, 0);
  rq_prepared_free(prepared);
  rq_request_body_callback(request, source_read, NULL, &unknown, source_free, -1, &e);
  CHECK_INT(known.freed, 1); /* replaced */
  prepared = rq_prepare(NULL, request, &e);
  CHECK_INT(rq_prepared_body_length(prepared), -1);
  rq_request_free(request);
  CHECK_INT(unknown.freed, 0); /* the prepared request has it still */
  rq_prepared_set_body(prepared, "memory", 6, &e);
  CHECK_INT(unknown.freed, 1);
  CHECK_STR(rq_prepared_header(prepared, "Content-Length"), "6");
  CHECK_STR(rq_prepared_header(prepared, "Transfer-Encoding"), NULL);
  CHECK_CODE(e, RQ_OK);
  rq_prepared_free(prepared);
}

/* The server takes the whole request on the kept connection and closes without an answer. */
static void let_the_next_request_die(void) {
  rq_error *e = NULL;
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/die-on-second"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
}

static void check_resent(int64_t length) {
  rq_error *e = NULL;
  source from = {.len = LARGE_LEN, .piece = 7777};
  char *want = upload_answer("RQ_TEST_HTTP", LARGE_LEN);
  let_the_next_request_die();
  rq_request *request =
      upload("PUT", t_url("RQ_TEST_HTTP", "/upload"), &from, source_rewind, length);
  char *got = take(session, request, &e);
  CHECK_STR(got, want);
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(from.rewinds, 1);
  free(got);
  free(want);
}

static void a_put_on_a_dead_connection_is_rewound(void) {
  check_resent(LARGE_LEN);
  check_resent(-1);
}

/* That the connection died is the news, and the source is left where it was. */
static void check_not_resent(const char *method, rq_rewind_fn rewind) {
  rq_error *e = NULL;
  source from = {.len = 5};
  let_the_next_request_die();
  rq_request *request = upload(method, t_url("RQ_TEST_HTTP", "/upload"), &from, rewind, 5);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_CLOSED);
  CHECK_INT(from.rewinds, 0);
  rq_request_free(request);
  connection_now();
}

static void what_may_not_be_sent_twice_is_not(void) {
  check_not_resent("POST", source_rewind);
  check_not_resent("PUT", NULL);
}

static void a_second_sending_rewinds(void) {
  rq_error *e = NULL;
  source from = {.len = LARGE_LEN};
  char *want = upload_answer("RQ_TEST_HTTP", LARGE_LEN);
  rq_request *request =
      upload("POST", t_url("RQ_TEST_HTTP", "/upload"), &from, source_rewind, LARGE_LEN);
  for (int turn = 0; turn < 3; turn++) {
    size_t len = 0;
    CHECK_INT(from.rewinds, turn > 0 ? turn - 1 : 0);
    rq_response *response = rq_perform(session, request, NULL, &e);
    CHECK_STR(rq_body_bytes(response, &len, &e), want);
    rq_response_free(response);
  }
  CHECK_INT(from.rewinds, 2);
  CHECK_CODE(e, RQ_OK);
  rq_request_free(request);
  CHECK_INT(from.freed, 1);
  free(want);
}

/* Sends twice; the second time must fail with nothing sent: the connection stays as good. */
static void check_only_once(source from, rq_rewind_fn rewind, rq_code code, const char *named) {
  rq_error *e = NULL;
  rq_request *request = upload("PUT", t_url("RQ_TEST_HTTP", "/upload"), &from, rewind, 5);
  rq_response_free(rq_perform(session, request, NULL, &e));
  CHECK_CODE(e, RQ_OK);
  int reads = from.reads;
  int before = connection_now();
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK(t_has(rq_error_message(e), named));
  if (code == RQ_ERR_BODY) CHECK_STR(rq_error_exception(e), "UnrewindableBodyError");
  CHECK_CODE(e, code);
  CHECK_INT(from.reads, reads);
  CHECK(rewind != NULL || connection_now() == before);
  rq_request_free(request);
  CHECK_INT(from.freed, 1);
}

static void what_cannot_be_rewound_is_sent_once(void) {
  check_only_once((source){.len = 5}, NULL, RQ_ERR_BODY, "cannot be sent again");
  check_only_once((source){.len = 5, .stays = true}, source_rewind, RQ_ERR_BODY, "rewind");
  check_only_once((source){.len = 5, .stays_and_says = true}, source_rewind, RQ_ERR_CALLBACK,
                  "the tape is stuck");
}

/* A request that fails midway: its error, a connection that is not used again, a session that is.
 * The context is freed with the request. */
static void check_fails(source from, int64_t length, rq_code code, const char *named) {
  rq_error *e = NULL;
  int before = connection_now();
  rq_request *request =
      upload("POST", t_url("RQ_TEST_HTTP", "/upload"), &from, source_rewind, length);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK(t_has(rq_error_message(e), named));
  CHECK(t_has(rq_error_url(e), "/upload"));
  CHECK_CODE(e, code);
  CHECK(connection_now() != before);
  CHECK_INT(from.rewinds, 0);
  CHECK_INT(from.freed, 0);
  rq_request_free(request);
  CHECK_INT(from.freed, 1);
}

static void check_fault(source_fault fault, int32_t says, rq_code code, const char *named) {
  source from = {.len = LARGE_LEN, .fault = fault, .code = says};
  for (int turn = 0; turn < 2; turn++) {
    check_fails(from, LARGE_LEN, code, named);
    check_fails(from, -1, code, named);
    from.fails_at = LARGE_LEN / 2; /* with the head and much else gone */
  }
}

static void a_callback_that_fails_ends_the_request(void) {
  check_fault(SOURCE_SAYS_WHY, RQ_ERR_CALLBACK, RQ_ERR_CALLBACK, "the tape has torn");
  check_fault(SOURCE_SAYS_WHY, RQ_ERR_FILE, RQ_ERR_FILE, "the tape has torn");
  check_fault(SOURCE_SAYS_WHY, 12345, RQ_ERR_CALLBACK, "the tape has torn");
  check_fault(SOURCE_SAYS_BOTH, RQ_ERR_CALLBACK, RQ_ERR_CALLBACK, "the tape has torn");
  check_fault(SOURCE_IS_SILENT, 0, RQ_ERR_CALLBACK, "without saying why");
  check_fault(SOURCE_IS_NEGATIVE, 0, RQ_ERR_CALLBACK, "callback");
  check_fault(SOURCE_BOASTS, 0, RQ_ERR_CALLBACK, "callback");
}

/* What a callback passes on from a request of its own looks like the death of this connection. */
static void check_never_resent(int32_t code) {
  rq_error *e = NULL;
  source from = {.len = 5, .fault = SOURCE_SAYS_WHY, .code = code};
  connection_now();
  rq_request *request =
      upload("PUT", t_url("RQ_TEST_HTTP", "/upload"), &from, source_rewind, 5);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  CHECK_STR(rq_error_message(e), "the tape has torn");
  CHECK_CODE(e, (rq_code)code);
  CHECK_INT(from.reads, 1);
  CHECK_INT(from.rewinds, 0);
  rq_request_free(request);
}

static void a_callbacks_failure_is_never_taken_for_a_dead_connection(void) {
  check_never_resent(RQ_ERR_CLOSED);
  check_never_resent(RQ_ERR_SEND);
}

static void a_length_is_kept_to(void) {
  source large = {.len = LARGE_LEN};
  check_fails((source){.len = 5}, 6, RQ_ERR_BODY_LENGTH, "declared");
  check_fails((source){.len = 5}, 4, RQ_ERR_BODY_LENGTH, "declared");
  check_fails((source){.len = 5}, 0, RQ_ERR_BODY_LENGTH, "declared");
  check_fails((source){.len = 5, .piece = 1}, 4, RQ_ERR_BODY_LENGTH, "declared");
  check_fails((source){.len = 0}, 1, RQ_ERR_BODY_LENGTH, "declared");
  check_fails(large, LARGE_LEN - 1, RQ_ERR_BODY_LENGTH, "declared");
  check_fails(large, LARGE_LEN + 1, RQ_ERR_BODY_LENGTH, "declared");
  check_fails(large, INT64_MAX, RQ_ERR_BODY_LENGTH, "declared");
}

/* A source that uses librq while it is read, on the thread that sends. */
typedef struct {
  source from; /* the first: a busy is rewound as a source */
  pthread_t thread;
  rq_prepared *prepared; /* the request that it is the body of */
} busy;

static int64_t read_busily(void *context, void *buf, size_t cap, rq_error **error) {
  busy *this = context;
  CHECK(pthread_equal(pthread_self(), this->thread));
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), error) > 0);
  CHECK(rq_send(session, this->prepared, NULL, error) == NULL); /* it serves one at a time */
  CHECK(t_has(rq_error_message(*error), "another request"));
  CHECK_CODE(*error, RQ_ERR_MISUSE);
  return source_read(&this->from, buf, cap, error);
}

static void a_callback_may_call_librq(void) {
  rq_error *e = NULL;
  busy this = {.from = {.len = 5}, .thread = pthread_self()};
  rq_request *request = rq_request_new("POST", t_url("RQ_TEST_HTTP", "/upload"), &e);
  rq_request_body_callback(request, read_busily, source_rewind, &this, NULL, 5, &e);
  this.prepared = rq_prepare(session, request, &e);
  rq_response *response = rq_send(session, this.prepared, NULL, &e);
  CHECK_INT(rq_response_status(response), 200);
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(this.from.rewinds, 0);
  rq_response_free(response);
  rq_prepared_free(this.prepared);
  rq_request_free(request);
}

int main(void) {
  session = rq_session_new(NULL);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), NULL);
  RUN(every_byte_arrives);
  RUN(the_length_decides_the_framing);
  RUN(what_is_streamed_is_not_in_memory);
  RUN(a_put_on_a_dead_connection_is_rewound);
  RUN(what_may_not_be_sent_twice_is_not);
  RUN(a_second_sending_rewinds);
  RUN(what_cannot_be_rewound_is_sent_once);
  RUN(a_callback_that_fails_ends_the_request);
  RUN(a_callbacks_failure_is_never_taken_for_a_dead_connection);
  RUN(a_length_is_kept_to);
  RUN(a_callback_may_call_librq);
  rq_session_free(session);
  DONE();
}
