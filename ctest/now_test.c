/* Reads that wait for nothing: RQ_NOT_YET where others wait, else what any read gives. */
#include "t.h"

enum { BYTES = 1 << 20, TIMEOUT_MS = 300 };

static rq_session *session_new(uint32_t read_ms) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), &e);
  rq_opts_timeout_ms(rq_session_opts(session), 20000, read_ms, &e);
  CHECK_CODE(e, RQ_OK);
  return session;
}

/* What there is, or comes soon. */
static int64_t poll_body(rq_response *response, void *buf, size_t cap, rq_error **error) {
  int64_t got;
  while ((got = rq_body_read_now(response, buf, cap, error)) == RQ_NOT_YET) t_sleep_ms(1);
  return got;
}

/* The body in reads that do not wait, and some that do, is the one that is read whole. */
static void check_body(const char *base, const char *path) {
  static const size_t pieces[] = {70000, 1, 4096};
  static unsigned char piece[70000];
  rq_error *e = NULL;
  rq_session *session = session_new(20000);
  rq_response *whole = rq_get(session, t_url(base, path), &e);
  rq_response *response = rq_get(session, t_url(base, path), &e);
  size_t len = 0, at = 0;
  const unsigned char *bytes = rq_body_bytes(whole, &len, &e);
  CHECK(bytes != NULL && len > 1000);
  int64_t got = 1;
  for (size_t i = 0; got > 0; i++) {
    size_t most = pieces[i % 3];
    got = i % 5 == 0 ? rq_body_read(response, piece, most, &e)
                     : poll_body(response, piece, most, &e);
    if (got <= 0) break;
    CHECK(at + (size_t)got <= len && memcmp(piece, bytes + at, (size_t)got) == 0);
    at += (size_t)got;
  }
  CHECK_INT(got, 0);
  CHECK_INT(at, len);
  CHECK_INT(rq_body_read_now(response, piece, 1, &e), 0); /* the end stays the end */
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_response_free(whole);
  rq_session_free(session);
}

static void bodies_come_whole(void) {
  static const char *const bases[] = {"RQ_TEST_HTTP", "RQ_TEST_HTTPS"};
  static const char *const paths[] = {"/bytes/1048577", "/chunked/1048577", "/close/1048577",
                                      "/bomb/1048577", "/drip/1001/0"};
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
    for (size_t base = 0; base < 2; base++) check_body(bases[base], paths[i]);
}

static void check_nothing_yet(const char *base) {
  char bytes[100];
  size_t have = 0;
  int64_t got = 0;
  rq_error *e = NULL;
  rq_session *session = session_new(TIMEOUT_MS);
  rq_response *response = rq_get(session, t_url(base, "/stall-body"), &e);
  CHECK_CODE(e, RQ_OK);
  while (have < 10 && (got = poll_body(response, bytes, sizeof bytes, &e)) > 0) have += (size_t)got;
  CHECK_INT(have, 10);
  t_sleep_ms(TIMEOUT_MS + 50);
  for (int i = 0; i < 100; i++)
    CHECK_INT(rq_body_read_now(response, bytes, sizeof bytes, &e), RQ_NOT_YET);
  CHECK_CODE(e, RQ_OK); /* however long ago the last byte came */
  double start = t_now_ms();
  CHECK_INT(rq_body_read(response, bytes, sizeof bytes, &e), -1);
  CHECK(t_now_ms() - start >= TIMEOUT_MS - 10);
  CHECK_CODE(e, RQ_ERR_READ_TIMEOUT);
  CHECK_INT(rq_body_read_now(response, bytes, sizeof bytes, &e), -1); /* and it stays */
  CHECK_CODE(e, RQ_ERR_READ_TIMEOUT);
  rq_response_free(response);
  rq_session_free(session);
}

static void nothing_yet_is_no_error(void) {
  check_nothing_yet("RQ_TEST_HTTP");
  check_nothing_yet("RQ_TEST_HTTPS");
}

static void a_body_cut_off_is_an_error_that_stays(void) {
  static unsigned char piece[BYTES];
  rq_error *e = NULL;
  rq_session *session = session_new(20000);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/truncated"), &e);
  int64_t got, total = 0, length = rq_body_length(response);
  while ((got = poll_body(response, piece, sizeof piece, &e)) > 0) total += got;
  CHECK_INT(got, -1);
  CHECK(total > 0 && total < length);
  CHECK_CODE(e, RQ_ERR_INCOMPLETE);
  CHECK_INT(rq_body_read_now(response, piece, sizeof piece, &e), -1);
  CHECK_CODE(e, RQ_ERR_INCOMPLETE);
  rq_response_free(response);
  rq_session_free(session);
}

static void a_cancel_is_seen_without_a_wait(void) {
  char bytes[100];
  rq_error *e = NULL;
  rq_session *session = session_new(20000);
  rq_cancel *cancel = rq_cancel_new(&e);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/stall-body"), &e);
  rq_response *response = rq_perform(session, request, cancel, &e);
  CHECK(poll_body(response, bytes, sizeof bytes, &e) > 0);
  rq_cancel_trigger(cancel);
  int64_t got = RQ_NOT_YET;
  while (got > 0 || got == RQ_NOT_YET) got = poll_body(response, bytes, sizeof bytes, &e);
  CHECK_CODE(e, RQ_ERR_CANCELLED);
  rq_response_free(response);
  rq_request_free(request);
  rq_cancel_free(cancel);
  rq_session_free(session);
}

static void what_is_kept_is_read_again(void) {
  char bytes[100];
  rq_error *e = NULL;
  rq_session *session = session_new(20000);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/bytes/60"), &e);
  CHECK(rq_body_bytes(response, NULL, &e) != NULL);
  CHECK_INT(rq_body_read_now(response, bytes, 50, &e), 50);
  CHECK_INT(rq_body_read_now(response, bytes, 50, &e), 10);
  CHECK_INT(rq_body_read_now(response, bytes, 50, &e), 0);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

int main(void) {
  RUN(bodies_come_whole);
  RUN(nothing_yet_is_no_error);
  RUN(a_body_cut_off_is_an_error_that_stays);
  RUN(a_cancel_is_seen_without_a_wait);
  RUN(what_is_kept_is_read_again);
  DONE();
}
