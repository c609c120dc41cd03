/* The whole body of a prepared request, read by an adapter that answers in place of a server: from
 * memory, from a callback, once and not again, and what its source says wrong. */
#include "take.h"

#include <errno.h>

typedef struct {
  const char *rest;
  bool torn;
} tape;

static int64_t play(void *context, void *buf, size_t cap, rq_error **error) {
  tape *this = context;
  size_t len = strlen(this->rest);
  if (len == 0 && this->torn) {
    rq_error_set(error, RQ_ERR_CALLBACK, "the tape has torn");
    return -1;
  }
  if (len > cap) len = cap;
  memcpy(buf, this->rest, len);
  this->rest += len;
  return (int64_t)len;
}

/* Answers with the body; asked twice, it is the same. */
static void mirror(void *context, const rq_prepared *request, rq_reply *reply, rq_error **error) {
  size_t len = 0, again = 0;
  (void)context;
  CHECK(rq_prepared_body_length(request) == 0 || rq_prepared_body(request, &len) == NULL);
  const void *content = rq_prepared_content(request, &len, error);
  if (*error) {
    CHECK(content == NULL && len == 0);
    return;
  }
  CHECK(rq_prepared_content(request, &again, error) == content && again == len);
  CHECK(rq_prepared_body(request, &again) == (len > 0 ? content : NULL) && again == len);
  rq_reply_body(reply, content, len, error);
}

static rq_request *with_tape(const rq_session *session, tape *this, int64_t length) {
  rq_error *e = NULL;
  (void)session;
  rq_request *request = rq_request_new("POST", "mock://x", &e);
  rq_request_body_callback(request, play, NULL, this, NULL, length, &e);
  CHECK_CODE(e, RQ_OK);
  return request;
}

static rq_session *mirrored(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_session_mount(session, "mock://", mirror, NULL, NULL, &e);
  CHECK_CODE(e, RQ_OK);
  return session;
}

static void a_streamed_body_is_read(void) {
  rq_error *e = NULL;
  rq_session *session = mirrored();
  for (int64_t length = -1; length < 20; length += 12) { /* -1 and 11 */
    tape this = {"hello there", false};
    char *text = take(session, with_tape(session, &this, length), &e);
    CHECK_STR(text, "hello there");
    CHECK_CODE(e, RQ_OK);
    free(text);
  }
  char *none = take(session, rq_request_new("GET", "mock://x", &e), &e);
  CHECK_STR(none, "");
  CHECK_CODE(e, RQ_OK);
  free(none);
  rq_session_free(session);
}

static void what_its_source_says_is_the_error(void) {
  rq_error *e = NULL;
  rq_session *session = mirrored();
  tape torn = {"hel", true}, brief = {"hel", false};
  free(take(session, with_tape(session, &torn, -1), &e));
  CHECK(t_has(rq_error_message(e), "the tape has torn"));
  CHECK_CODE(e, RQ_ERR_CALLBACK);
  free(take(session, with_tape(session, &brief, 11), &e));
  CHECK_CODE(e, RQ_ERR_BODY_LENGTH);
  rq_session_free(session);
}

static void a_body_that_was_sent_cannot_be_read(void) {
  rq_error *e = NULL;
  size_t len = 7;
  rq_session *session = mirrored();
  tape this = {"once", false};
  rq_request *request = with_tape(session, &this, 4);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  rq_response *response = rq_send(session, prepared, NULL, &e);
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_prepared_content(prepared, &len, &e) == NULL && len == 0);
  CHECK_CODE(e, RQ_ERR_BODY);
  CHECK(rq_prepared_content(NULL, &len, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  errno = 7;
  rq_prepared_set_body(prepared, "new", 3, &e);
  const void *content = rq_prepared_content(prepared, &len, &e);
  CHECK(content && len == 3 && memcmp(content, "new", 3) == 0);
  CHECK_INT(errno, 7);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_prepared_free(prepared);
  rq_request_free(request);
  rq_session_free(session);
}

int main(void) {
  RUN(a_streamed_body_is_read);
  RUN(what_its_source_says_is_the_error);
  RUN(a_body_that_was_sent_cannot_be_read);
  DONE();
}
