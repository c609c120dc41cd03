/* Uploads: every byte arrives, an early answer is delivered, a killed upload is an error. */
#include "t.h"

enum { BODY_LEN = 64 << 20 };

/* A POST of 64 MiB, byte i = i % 251, to `path`; the caller frees it. */
static rq_prepared *prepare_upload(const char *base, const char *path, rq_error **error) {
  unsigned char *body = malloc(BODY_LEN);
  for (size_t i = 0; i < BODY_LEN; i++) body[i] = (unsigned char)(i % 251);
  rq_request *request = rq_request_new("POST", t_url(base, path), error);
  rq_request_body(request, body, BODY_LEN, error);
  rq_prepared *prepared = rq_prepare(NULL, request, error);
  rq_request_free(request);
  free(body);
  return prepared;
}

static rq_session *trusting_session(rq_error **error) {
  rq_session *session = rq_session_new(error);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), error);
  return session;
}

static void check_every_byte_arrives(const char *base) {
  char want[160];
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = trusting_session(&e);
  rq_response *digest = rq_get(session, t_url(base, "/sha256/67108864"), &e);
  const char *hex = rq_body_bytes(digest, &len, &e);
  snprintf(want, sizeof want, "{\"bytes\": %d, \"sha256\": \"%.64s\"}", BODY_LEN, hex ? hex : "");
  rq_prepared *prepared = prepare_upload(base, "/upload", &e);
  CHECK_STR(rq_prepared_header(prepared, "Content-Length"), "67108864");
  rq_response *response = rq_send(session, prepared, NULL, &e);
  CHECK_INT(rq_response_status(response), 200);
  CHECK_STR(rq_body_bytes(response, &len, &e), want);
  CHECK(t_get(session, t_url(base, "/json"), &e) == t_connection(response));
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_prepared_free(prepared);
  rq_response_free(digest);
  rq_session_free(session);
}

static void every_byte_arrives(void) {
  check_every_byte_arrives("RQ_TEST_HTTP");
  check_every_byte_arrives("RQ_TEST_HTTPS");
}

/* The server answers after the head and reads no body: its answer is the result, at once. */
static void check_early_answer(const char *base, const char *path) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = trusting_session(&e);
  rq_prepared *prepared = prepare_upload(base, path, &e);
  double start = t_now_ms();
  rq_response *response = rq_send(session, prepared, NULL, &e);
  CHECK(t_now_ms() - start < 1500 * t_slowness());
  CHECK_INT(rq_response_status(response), 413);
  CHECK_STR(rq_body_bytes(response, &len, &e), "too big");
  CHECK(t_get(session, t_url(base, "/json"), &e) != t_connection(response));
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_prepared_free(prepared);
  rq_session_free(session);
}

static void an_early_answer_is_delivered(void) {
  check_early_answer("RQ_TEST_HTTP", "/early413");
  check_early_answer("RQ_TEST_HTTPS", "/early413");
}

static void an_early_answer_with_close_is_delivered(void) {
  check_early_answer("RQ_TEST_HTTP", "/early-close");
  check_early_answer("RQ_TEST_HTTPS", "/early-close");
}

static void check_killed(const char *base) {
  rq_error *e = NULL;
  rq_session *session = trusting_session(&e);
  rq_prepared *prepared = prepare_upload(base, "/kill-upload", &e);
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_send(session, prepared, NULL, &e) == NULL);
  rq_code code = rq_error_code(e);
  CHECK_CODE(e, code == RQ_ERR_CLOSED ? RQ_ERR_CLOSED : RQ_ERR_SEND);
  CHECK(t_get(session, t_url(base, "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
  rq_prepared_free(prepared);
  rq_session_free(session);
}

static void a_killed_upload_is_an_error(void) {
  check_killed("RQ_TEST_HTTP");
  check_killed("RQ_TEST_HTTPS");
}

int main(void) {
  RUN(every_byte_arrives);
  RUN(an_early_answer_is_delivered);
  RUN(an_early_answer_with_close_is_delivered);
  RUN(a_killed_upload_is_an_error);
  DONE();
}
