/* TLS: where trust comes from, what is refused and in which words, and that trust is not shared. */
#include "t.h"

static rq_session *trusting_session(rq_error **error) {
  rq_session *session = rq_session_new(error);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), error);
  return session;
}

/* Reads the CA file into memory of its own; the caller frees it. */
static char *ca_pem(size_t *len) {
  char *pem = malloc(65536);
  FILE *file = fopen(t_env("RQ_TEST_CA_FILE"), "rb");
  *len = file ? fread(pem, 1, 65536, file) : 0;
  CHECK(*len > 0);
  if (file) fclose(file);
  return pem;
}

static void check_trusted(rq_session *session, rq_error **error) {
  CHECK(t_get(session, t_url("RQ_TEST_HTTPS", "/json"), error) > 0);
  CHECK_CODE(*error, RQ_OK);
  rq_session_free(session);
}

/* The message must hold the host and one of the words (separated by '|') that tell the reason. */
static void check_refused(const rq_session *session, const char *base, const char *words) {
  char choices[128];
  bool told = false;
  rq_error *e = NULL;
  CHECK(rq_get(session, t_url(base, "/json"), &e) == NULL);
  snprintf(choices, sizeof choices, "%s", words);
  for (char *word = strtok(choices, "|"); word; word = strtok(NULL, "|")) {
    told = told || t_has(rq_error_message(e), word);
  }
  if (!told) printf("no \"%s\" in \"%s\"\n", words, rq_error_message(e));
  CHECK(told);
  CHECK(t_has(rq_error_message(e), "localhost"));
  CHECK_STR(rq_error_phase(e), "tls");
  CHECK_STR(rq_error_exception(e), "SSLError");
  CHECK_CODE(e, RQ_ERR_TLS);
}

static void ca_from_a_file(void) {
  rq_error *e = NULL;
  check_trusted(trusting_session(&e), &e);
}

static void ca_from_a_directory(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_DIR"), &e);
  check_trusted(session, &e);
}

static void ca_from_memory(void) {
  size_t len = 0;
  char *pem = ca_pem(&len);
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_ca_pem(rq_session_opts(session), pem, len, &e);
  memset(pem, 'x', len); /* it was read: the caller's memory is its own again */
  free(pem);
  check_trusted(session, &e);
}

static void ca_of_one_request(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTPS", "/json"), &e);
  rq_opts_ca_file(rq_request_opts(request), t_env("RQ_TEST_CA_FILE"), &e);
  rq_response *response = rq_perform(session, request, NULL, &e);
  CHECK_INT(rq_response_status(response), 200);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  check_refused(session, "RQ_TEST_HTTPS", "issuer|trusted"); /* the next one has no such CA */
  rq_request_free(request);
  rq_session_free(session);
}

static void verify_off_accepts_anything(void) {
  static const char *const bases[] = {"RQ_TEST_HTTPS", "RQ_TEST_HTTPS_UNTRUSTED",
                                      "RQ_TEST_HTTPS_WRONG_HOST", "RQ_TEST_HTTPS_EXPIRED"};
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_verify(rq_session_opts(session), false, &e);
  for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
    CHECK(t_get(session, t_url(bases[i], "/json"), &e) > 0);
  }
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

/* A connection opened without verification must never serve a request that asks for it. */
static void unverified_connections_are_not_shared(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = trusting_session(&e);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTPS_UNTRUSTED", "/json"), &e);
  rq_opts_verify(rq_request_opts(request), false, &e);
  rq_response *response = rq_perform(session, request, NULL, &e);
  CHECK(rq_body_bytes(response, &len, &e) != NULL);
  CHECK_CODE(e, RQ_OK);
  check_refused(session, "RQ_TEST_HTTPS_UNTRUSTED", "issuer|trusted");
  rq_response_free(response);
  rq_request_free(request);
  rq_session_free(session);
}

static void bad_certificates_are_refused_with_the_reason(void) {
  rq_error *e = NULL;
  rq_session *session = trusting_session(&e);
  check_refused(session, "RQ_TEST_HTTPS_UNTRUSTED", "issuer|trusted");
  check_refused(session, "RQ_TEST_HTTPS_WRONG_HOST", "other.example|not valid for");
  check_refused(session, "RQ_TEST_HTTPS_EXPIRED", "expired");
  CHECK(t_get(session, t_url("RQ_TEST_HTTPS", "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

static void a_plain_server_on_a_tls_port_is_named(void) {
  rq_error *e = NULL;
  rq_session *session = trusting_session(&e);
  check_refused(session, "RQ_TEST_PLAIN_AS_TLS", "not TLS|not speak TLS|http://|plain");
  rq_session_free(session);
}

static void the_systems_roots_do_not_trust_the_test_ca(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  check_refused(session, "RQ_TEST_HTTPS", "issuer|trusted");
  rq_session_free(session);
}

/* The bytes of a body are the same over TLS as on the plain port. */
static void bytes_over_tls(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_session *session = trusting_session(&e);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTPS", "/bytes/4194304"), &e);
  const unsigned char *bytes = rq_body_bytes(response, &len, &e);
  CHECK_INT(len, 4194304);
  size_t wrong = 0;
  for (size_t i = 0; bytes && i < len; i++) wrong += bytes[i] != i % 251;
  CHECK_INT(wrong, 0);
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_session_free(session);
}

int main(void) {
  RUN(ca_from_a_file);
  RUN(ca_from_a_directory);
  RUN(ca_from_memory);
  RUN(ca_of_one_request);
  RUN(verify_off_accepts_anything);
  RUN(unverified_connections_are_not_shared);
  RUN(bad_certificates_are_refused_with_the_reason);
  RUN(a_plain_server_on_a_tls_port_is_named);
  RUN(the_systems_roots_do_not_trust_the_test_ca);
  RUN(bytes_over_tls);
  DONE();
}
