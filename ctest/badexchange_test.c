/* Bad input to what an exchange does: NULL, ill-encoded text, numbers that cannot be, an error that
 * is set already. Each has its code and a message that names the thing; it changes nothing. */
#include "files.h"
#include "take.h"

#define LATIN "caf\xe9"

static rq_session *session;
static rq_opts *opts;

/* Runs `call`, which sets `e`: its code, and what its message names. */
#define REFUSES(code, named, call)                                          \
  do {                                                                      \
    rq_error *e = NULL;                                                     \
    call;                                                                   \
    if (!t_has(rq_error_message(e), named)) printf("%s: %s\n", #call, rq_error_message(e)); \
    CHECK(t_has(rq_error_message(e), named));                               \
    CHECK_CODE(e, code);                                                    \
  } while (0)

static void on_request(void *context, rq_prepared *prepared, rq_error **error) {
  (void)prepared, (void)error;
  ++*(int *)context;
}

static rq_response *on_response(void *context, rq_response *response, rq_error **error) {
  (void)error;
  ++*(int *)context;
  return response;
}

static void on_trace(void *context, rq_step step, uint64_t elapsed_us, const char *about) {
  (void)step, (void)elapsed_us, (void)about;
  ++*(int *)context;
}

static void on_download(void *context, uint64_t received, int64_t total, rq_error **error) {
  (void)received, (void)total, (void)error;
  ++*(int *)context;
}

/* All that change settings, on `of`. */
static void set_all(rq_opts *of, int *calls, rq_error **e) {
  rq_opts_follow_redirects(of, false, e);
  rq_opts_redirects_max(of, 0, e);
  rq_opts_sensitive_header(of, "X-Key", e);
  rq_opts_retries(of, 3, e);
  rq_opts_retry_status(of, 200, e);
  rq_opts_retry_method(of, "*", e);
  rq_opts_retry_backoff_ms(of, 1, 1, e);
  rq_opts_retry_after_max_ms(of, 1, e);
  rq_opts_decode(of, false, e);
  rq_opts_body_max(of, 1, e);
  rq_opts_decoded_max(of, 1, e);
  rq_opts_expect_continue(of, true, e);
  rq_opts_proxy_digest(of, true, e);
  rq_opts_on_request(of, on_request, calls, NULL, e);
  rq_opts_on_response(of, on_response, calls, NULL, e);
  rq_opts_on_trace(of, on_trace, calls, NULL, e);
  rq_opts_on_download(of, on_download, calls, NULL, e);
  rq_opts_clear_hooks(of, e);
}

static void null_opts_are_misuse(void) {
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_follow_redirects(NULL, true, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_redirects_max(NULL, 1, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_sensitive_header(NULL, "X", &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_retries(NULL, 1, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_retry_status(NULL, 503, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_retry_method(NULL, "GET", &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_retry_backoff_ms(NULL, 1, 1, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_retry_after_max_ms(NULL, 1, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_decode(NULL, true, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_body_max(NULL, 1, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_decoded_max(NULL, 1, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_expect_continue(NULL, true, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_proxy_digest(NULL, true, &e));
  REFUSES(RQ_ERR_MISUSE, "opts is NULL", rq_opts_clear_hooks(NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "callback is NULL", rq_opts_on_request(opts, NULL, NULL, NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "callback is NULL", rq_opts_on_response(opts, NULL, NULL, NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "callback is NULL", rq_opts_on_trace(opts, NULL, NULL, NULL, &e));
  REFUSES(RQ_ERR_MISUSE, "callback is NULL", rq_opts_on_download(opts, NULL, NULL, NULL, &e));
}

static void text_and_numbers_that_cannot_be(void) {
  static const int32_t statuses[] = {-1, 0, 99, 199, 1000, 65736, INT32_MIN, INT32_MAX};
  REFUSES(RQ_ERR_MISUSE, "name is NULL", rq_opts_sensitive_header(opts, NULL, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "name is not UTF-8", rq_opts_sensitive_header(opts, LATIN, &e));
  REFUSES(RQ_ERR_INVALID_HEADER, "name", rq_opts_sensitive_header(opts, "", &e));
  REFUSES(RQ_ERR_INVALID_HEADER, "X Y", rq_opts_sensitive_header(opts, "X Y", &e));
  REFUSES(RQ_ERR_MISUSE, "method is NULL", rq_opts_retry_method(opts, NULL, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "method is not UTF-8", rq_opts_retry_method(opts, LATIN, &e));
  REFUSES(RQ_ERR_INVALID_METHOD, "method", rq_opts_retry_method(opts, "", &e));
  REFUSES(RQ_ERR_INVALID_METHOD, "method", rq_opts_retry_method(opts, "GET\r\n", &e));
  for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
    char number[16];
    snprintf(number, sizeof number, "%d", (int)statuses[i]);
    REFUSES(RQ_ERR_INVALID_ARGUMENT, number, rq_opts_retry_status(opts, statuses[i], &e));
  }
}

static void null_responses_are_misuse_or_nothing(void) {
  char buf[8];
  size_t len = 7;
  const char *text = "untouched";
  REFUSES(RQ_ERR_MISUSE, "response is NULL", CHECK(!rq_response_next(NULL, &e)));
  REFUSES(RQ_ERR_MISUSE, "response is NULL", rq_response_set_encoding(NULL, "utf-8", &e));
  REFUSES(RQ_ERR_MISUSE, "response is NULL", CHECK(!rq_response_apparent_encoding(NULL, &e)));
  REFUSES(RQ_ERR_MISUSE, "response is NULL", CHECK(rq_body_read_raw(NULL, buf, 8, &e) == -1));
  REFUSES(RQ_ERR_MISUSE, "response is NULL", CHECK(rq_body_read_full(NULL, buf, 8, &e) == -1));
  REFUSES(RQ_ERR_MISUSE, "response is NULL", CHECK(rq_body_read_now(NULL, buf, 8, &e) == -1));
  REFUSES(RQ_ERR_MISUSE, "response is NULL", CHECK(rq_body_read_text(NULL, buf, 8, &e) == -1));
  REFUSES(RQ_ERR_MISUSE, "response is NULL", CHECK(!rq_body_line(NULL, &len, &e) && len == 0));
  REFUSES(RQ_ERR_MISUSE, "response is NULL", CHECK(!rq_body_text_line(NULL, NULL, &e)));
  REFUSES(RQ_ERR_MISUSE, "response is NULL", rq_body_line_delimiter(NULL, ",", 1, &e));
  REFUSES(RQ_ERR_MISUSE, "response is NULL", CHECK(!rq_body_text(NULL, NULL, &e)));
  REFUSES(RQ_ERR_MISUSE, "response is NULL", CHECK(!rq_body_json(NULL, &len, &e)));
  REFUSES(RQ_ERR_MISUSE, "response is NULL", CHECK(rq_body_save(NULL, "x", &e) == -1));
  CHECK(!rq_response_ok(NULL) && !rq_response_is_redirect(NULL));
  CHECK(!rq_response_is_permanent_redirect(NULL));
  CHECK(rq_response_history_count(NULL) == 0 && rq_response_history_at(NULL, 0) == NULL);
  CHECK(rq_response_request(NULL) == NULL && rq_response_cookies(NULL) == NULL);
  CHECK(rq_response_encoding(NULL) == NULL && rq_response_link(NULL, "next") == NULL);
  CHECK(!rq_response_link_at(NULL, 0, &text, &text));
  CHECK(!rq_response_link_param_at(NULL, 0, 0, &text, &text));
  CHECK_STR(text, "untouched");
}

static void what_a_response_is_asked_wrongly(void) {
  char buf[8];
  size_t len = 0;
  rq_error *sent = NULL;
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/json"), &sent);
  CHECK_CODE(sent, RQ_OK);
  CHECK(rq_response_link(response, NULL) == NULL && rq_response_link(response, LATIN) == NULL);
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "label is not UTF-8",
          rq_response_set_encoding(response, LATIN, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "encoding", rq_response_set_encoding(response, "", &e));
  REFUSES(RQ_ERR_MISUSE, "buf is NULL", rq_body_read_raw(response, NULL, 8, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "buf", rq_body_read_raw(response, buf, 0, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "buf", rq_body_read_raw(response, buf, SIZE_MAX, &e));
  REFUSES(RQ_ERR_MISUSE, "buf is NULL", rq_body_read_full(response, NULL, 8, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "buf", rq_body_read_full(response, buf, 0, &e));
  REFUSES(RQ_ERR_MISUSE, "buf is NULL", rq_body_read_now(response, NULL, 8, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "buf", rq_body_read_now(response, buf, 0, &e));
  REFUSES(RQ_ERR_MISUSE, "buf is NULL", rq_body_read_text(response, NULL, 8, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "buf", rq_body_read_text(response, buf, 3, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "buf", rq_body_read_text(response, buf, SIZE_MAX, &e));
  REFUSES(RQ_ERR_MISUSE, "delimiter is NULL", rq_body_line_delimiter(response, NULL, 1, &e));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "delimiter",
          rq_body_line_delimiter(response, ",", SIZE_MAX, &e));
  REFUSES(RQ_ERR_MISUSE, "path is NULL", CHECK(rq_body_save(response, NULL, &e) == -1));
  REFUSES(RQ_ERR_INVALID_ARGUMENT, "path is not UTF-8", rq_body_save(response, LATIN, &e));
  CHECK(t_has(rq_body_text(response, &len, &sent), "librq")); /* and all of it is still there */
  CHECK_CODE(sent, RQ_OK);
  rq_response_free(response);
}

static void a_set_error_is_sticky(void) {
  char buf[8], path[] = FILES_NAME;
  size_t len = 7;
  int calls = 0;
  rq_error *e = NULL;
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/redirect/0"), &e);
  CHECK_CODE(e, RQ_OK);
  rq_error_set(&e, RQ_ERR_CALLBACK, "set before");
  set_all(opts, &calls, &e);
  CHECK(rq_response_next(response, &e) == NULL);
  rq_response_set_encoding(response, "latin1", &e);
  CHECK(rq_response_apparent_encoding(response, &e) == NULL);
  CHECK_INT(rq_body_read_raw(response, buf, sizeof buf, &e), -1);
  CHECK_INT(rq_body_read_text(response, buf, sizeof buf, &e), -1);
  CHECK(rq_body_line(response, &len, &e) == NULL && len == 0);
  CHECK(rq_body_text_line(response, NULL, &e) == NULL && rq_body_text(response, NULL, &e) == NULL);
  CHECK(rq_body_json(response, NULL, &e) == NULL);
  CHECK_INT(rq_body_save(response, path, &e), -1);
  rq_body_line_delimiter(response, "e", 1, &e);
  CHECK_STR(rq_error_message(e), "set before");
  CHECK_CODE(e, RQ_ERR_CALLBACK);
  CHECK(unlink(path) != 0);
  CHECK_STR(rq_body_line(response, &len, &e), "GET /echo HTTP/1.1"); /* no delimiter was set */
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
}

/* Errors may go untold: NULL in place of &e. */
static void nobody_has_to_ask_why(void) {
  int calls = 0;
  char buf[8];
  set_all(NULL, &calls, NULL);
  rq_opts_sensitive_header(opts, "", NULL);
  rq_opts_retry_status(opts, -1, NULL);
  CHECK(rq_response_next(NULL, NULL) == NULL);
  CHECK_INT(rq_body_read_raw(NULL, buf, sizeof buf, NULL), -1);
  CHECK_INT(rq_body_save(NULL, NULL, NULL), -1);
  CHECK_INT(calls, 0);
}

/* A request made now is sent as ever, with redirects, nothing tried again, and no hook told. */
static void nothing_was_changed_by_it(void) {
  rq_error *e = NULL;
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/redirect/0"), &e);
  size_t len = 0;
  CHECK_INT(rq_response_history_count(response), 1);
  CHECK(rq_body_bytes(response, &len, &e) && len > 1);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
}

int main(void) {
  session = rq_session_new(NULL);
  opts = rq_session_opts(session);
  RUN(null_opts_are_misuse);
  RUN(text_and_numbers_that_cannot_be);
  RUN(null_responses_are_misuse_or_nothing);
  RUN(what_a_response_is_asked_wrongly);
  RUN(a_set_error_is_sticky);
  RUN(nobody_has_to_ask_why);
  RUN(nothing_was_changed_by_it);
  rq_session_free(session);
  DONE();
}
