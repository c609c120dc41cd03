/* TLS beyond trust: client certificates, pinned keys, another server name, the oldest version, CA
 * bundles of the environment, and the certificates that a server has shown (behaviours T5 to T10;
 * flaws 34, 83, 84). Bad settings are badtls_test's. */
#include "pem.h"
#include "t.h"

/* As the request's settings: what a test sets lives for one request, on a session that trusts the
 * test's CA. */
typedef struct {
  rq_session *session;
  rq_request *request;
  rq_opts *opts;
  rq_error *e;
} asking;

static asking ask(const char *base) {
  asking this = {0};
  this.session = rq_session_new(&this.e);
  rq_opts_ca_file(rq_session_opts(this.session), t_env("RQ_TEST_CA_FILE"), &this.e);
  this.request = rq_request_new("GET", t_url(base, "/json"), &this.e);
  this.opts = rq_request_opts(this.request);
  return this;
}

static int status_of(asking *this) {
  rq_response *response = rq_perform(this->session, this->request, NULL, &this->e);
  int status = rq_response_status(response);
  rq_response_free(response);
  return status;
}

static void end(asking *this) {
  CHECK_CODE(this->e, RQ_OK);
  rq_request_free(this->request);
  rq_session_free(this->session);
}

static void check_served(asking *this) {
  CHECK_INT(status_of(this), 200);
  CHECK_CODE(this->e, RQ_OK);
}

static void check_refused(asking *this, const char *reason) {
  CHECK_INT(status_of(this), 0);
  CHECK_STR(rq_error_reason(this->e), reason);
  CHECK_STR(rq_error_exception(this->e), "SSLError");
  CHECK_CODE(this->e, RQ_ERR_TLS);
}

/* ---- client certificates ---- */

static void a_server_that_wants_a_certificate_gets_it(void) {
  const char *cert = t_env("RQ_TEST_CLIENT_CERT"), *key = t_env("RQ_TEST_CLIENT_KEY");
  asking this = ask("RQ_TEST_MTLS");
  check_refused(&this, "alert");
  rq_opts_cert(this.opts, cert, key, NULL, &this.e);
  check_served(&this);
  check_served(&this); /* over the kept connection */
  end(&this);
}

static void a_key_may_be_locked_or_in_the_same_file(void) {
  char *both = NULL;
  const char *cert = t_env("RQ_TEST_CLIENT_CERT"), *locked = t_env("RQ_TEST_CLIENT_KEY_LOCKED");
  asking this = ask("RQ_TEST_MTLS");
  rq_opts_cert(this.opts, cert, locked, t_env("RQ_TEST_CLIENT_PASSWORD"), &this.e);
  check_served(&this);
  end(&this);
  char path[] = FILES_NAME;
  CHECK(asprintf(&both, "%s%s", pem_text("RQ_TEST_CLIENT_CERT"),
                 pem_text("RQ_TEST_CLIENT_KEY")) > 0);
  files_text(path, both);
  this = ask("RQ_TEST_MTLS");
  rq_opts_cert(rq_session_opts(this.session), path, NULL, NULL, &this.e);
  unlink(path); /* it was read */
  check_served(&this);
  end(&this);
  free(both);
}

static void certificates_come_from_memory_too(void) {
  char *both = NULL;
  char *cert = strdup(pem_text("RQ_TEST_CLIENT_CERT"));
  char *key = strdup(pem_text("RQ_TEST_CLIENT_KEY_LOCKED"));
  asking this = ask("RQ_TEST_MTLS");
  rq_opts_cert_pem(this.opts, cert, strlen(cert), key, strlen(key),
                   t_env("RQ_TEST_CLIENT_PASSWORD"), &this.e);
  memset(cert, 'x', strlen(cert)); /* copied */
  memset(key, 'x', strlen(key));
  check_served(&this);
  end(&this);
  int len = asprintf(&both, "%s%s", pem_text("RQ_TEST_CLIENT_CERT"),
                     pem_text("RQ_TEST_CLIENT_KEY"));
  this = ask("RQ_TEST_MTLS");
  rq_opts_cert_pem(this.opts, both, (size_t)len, NULL, 0, NULL, &this.e);
  check_served(&this);
  end(&this);
  free(both);
  free(cert);
  free(key);
}

/* A connection that was opened with one identity serves no request without it (flaw 34). */
static void an_identity_is_not_shared(void) {
  const char *cert = t_env("RQ_TEST_CLIENT_CERT"), *key = t_env("RQ_TEST_CLIENT_KEY");
  asking this = ask("RQ_TEST_MTLS");
  rq_opts_cert(rq_session_opts(this.session), cert, key, NULL, &this.e);
  check_served(&this);
  rq_opts_cert(this.opts, NULL, NULL, NULL, &this.e); /* none, whatever the session has */
  check_refused(&this, "alert");
  CHECK(t_get(this.session, t_url("RQ_TEST_MTLS", "/json"), &this.e) > 0);
  end(&this);
}

/* ---- pins, names, versions ---- */

static void a_pinned_key_is_demanded(void) {
  static const char wrong[] = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  const char *right = t_env("RQ_TEST_SERVER_PIN");
  char quoted[128];
  asking this = ask("RQ_TEST_HTTPS");
  snprintf(quoted, sizeof quoted, "pin-sha256=\"%s\"", right + strlen("sha256//"));
  rq_opts_pin(rq_session_opts(this.session), wrong, &this.e);
  check_refused(&this, "pin_mismatch");
  rq_opts_verify(this.opts, false, &this.e); /* pins count all the same */
  check_refused(&this, "pin_mismatch");
  rq_opts_verify(this.opts, true, &this.e);
  rq_opts_pin(this.opts, quoted, &this.e); /* a request's replace the session's */
  check_served(&this);
  rq_opts_pin(rq_session_opts(this.session), right, &this.e); /* one of several is enough */
  CHECK(t_get(this.session, t_url("RQ_TEST_HTTPS", "/json"), &this.e) > 0);
  end(&this);
}

static void another_name_is_asked_for_and_verified(void) {
  asking this = ask("RQ_TEST_HTTPS_WRONG_HOST");
  check_refused(&this, "wrong_host");
  rq_opts_server_name(this.opts, "Other.Example", &this.e);
  check_served(&this);
  end(&this);
  this = ask("RQ_TEST_HTTPS");
  rq_opts_server_name(this.opts, "other.example", &this.e);
  check_refused(&this, "wrong_host");
  rq_opts_server_name(this.opts, "127.0.0.1", &this.e); /* the certificate has it too */
  check_served(&this);
  end(&this);
}

static void the_oldest_version_can_be_set(void) {
  asking this = ask("RQ_TEST_HTTPS_TLS12");
  check_served(&this);
  rq_opts_tls_min(rq_session_opts(this.session), RQ_TLS_1_3, &this.e);
  check_refused(&this, "no_common_version");
  CHECK(t_get(this.session, t_url("RQ_TEST_HTTPS", "/json"), &this.e) > 0);
  rq_opts_tls_min(this.opts, RQ_TLS_1_2, &this.e);
  check_served(&this);
  end(&this);
}

/* ---- CA bundles of the environment ---- */

static const char *const bundles[] = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE",
                                      "SSL_CERT_DIR"};

/* A session that sees no such variable but those that a test sets. */
static rq_session *bare_session(rq_error **error) {
  rq_session *session = rq_session_new(error);
  for (size_t i = 0; i < 4; i++) rq_opts_env(rq_session_opts(session), bundles[i], NULL, error);
  return session;
}

static void the_environment_may_name_the_ca(void) {
  rq_error *e = NULL;
  for (size_t i = 0; i < sizeof bundles / sizeof bundles[0]; i++) {
    rq_session *session = bare_session(&e);
    rq_opts *opts = rq_session_opts(session);
    const char *value = i == 3 ? "RQ_TEST_CA_DIR" : "RQ_TEST_CA_FILE";
    CHECK_INT(t_get(session, t_url("RQ_TEST_HTTPS", "/json"), &e), 0);
    CHECK_STR(rq_error_reason(e), "unknown_issuer");
    CHECK_CODE(e, RQ_ERR_TLS);
    rq_opts_env(opts, bundles[i], t_env(value), &e);
    CHECK(t_get(session, t_url("RQ_TEST_HTTPS", "/json"), &e) > 0);
    CHECK_CODE(e, RQ_OK);
    rq_session_free(session);
  }
}

static void what_is_set_comes_before_the_environment(void) {
  rq_error *e = NULL;
  rq_session *session = bare_session(&e);
  rq_opts *opts = rq_session_opts(session);
  rq_opts_env(opts, "REQUESTS_CA_BUNDLE", "/no/such/bundle.pem", &e);
  CHECK_INT(t_get(session, t_url("RQ_TEST_HTTPS", "/json"), &e), 0);
  CHECK(t_has(rq_error_message(e), "/no/such/bundle.pem"));
  CHECK(t_has(rq_error_message(e), "REQUESTS_CA_BUNDLE"));
  CHECK_CODE(e, RQ_ERR_FILE);
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0); /* no TLS, no bundle */
  rq_opts_ca_file(opts, t_env("RQ_TEST_CA_FILE"), &e);
  CHECK(t_get(session, t_url("RQ_TEST_HTTPS", "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

static void a_session_may_do_without_the_environment(void) {
  rq_error *e = NULL;
  rq_session *session = bare_session(&e);
  rq_opts_env(rq_session_opts(session), "SSL_CERT_FILE", t_env("RQ_TEST_CA_FILE"), &e);
  rq_opts_trust_env(rq_session_opts(session), false, &e);
  CHECK_INT(t_get(session, t_url("RQ_TEST_HTTPS", "/json"), &e), 0);
  CHECK_STR(rq_error_reason(e), "unknown_issuer");
  CHECK_CODE(e, RQ_ERR_TLS);
  rq_opts_trust_env(rq_session_opts(session), true, &e);
  CHECK(t_get(session, t_url("RQ_TEST_HTTPS", "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

/* ---- what the server showed ---- */

static void certificates_can_be_read(void) {
  size_t len = 0, want_len = 0;
  asking this = ask("RQ_TEST_HTTPS");
  rq_response *response = rq_perform(this.session, this.request, NULL, &this.e);
  const rq_certificate *certificate = rq_response_certificate(response, 0);
  unsigned char *want = pem_der("RQ_TEST_SERVER_CERT", &want_len);
  const void *der = rq_certificate_der(certificate, &len);
  CHECK(der && len == want_len && memcmp(der, want, len) == 0);
  CHECK_STR(rq_certificate_subject(certificate), "CN=testd");
  CHECK_STR(rq_certificate_issuer(certificate), "CN=testd CA");
  CHECK_INT(rq_certificate_not_before(certificate), 1420070400);
  CHECK_INT(rq_certificate_not_after(certificate), 2366841600);
  CHECK(rq_response_certificate(response, 0) == certificate); /* made once */
  CHECK(rq_response_certificate(response, 1) == NULL);
  CHECK(rq_response_certificate(response, SIZE_MAX) == NULL);
  free(want);
  rq_response_free(response);
  end(&this);
}

static void an_unverified_certificate_can_be_read_too(void) {
  asking this = ask("RQ_TEST_HTTPS_EXPIRED");
  rq_opts_verify(this.opts, false, &this.e);
  rq_response *response = rq_perform(this.session, this.request, NULL, &this.e);
  const rq_certificate *certificate = rq_response_certificate(response, 0);
  CHECK_INT(rq_certificate_not_after(certificate), 1577836800);
  rq_response_free(response);
  end(&this);
}

static void without_tls_there_is_none(void) {
  size_t len = 7;
  asking this = ask("RQ_TEST_HTTP");
  rq_response *response = rq_perform(this.session, this.request, NULL, &this.e);
  CHECK(rq_response_certificate(response, 0) == NULL);
  CHECK(rq_response_certificate(NULL, 0) == NULL);
  CHECK(rq_certificate_der(NULL, &len) == NULL);
  CHECK_INT(len, 0);
  CHECK(rq_certificate_der(NULL, NULL) == NULL);
  CHECK_STR(rq_certificate_subject(NULL), NULL);
  CHECK_STR(rq_certificate_issuer(NULL), NULL);
  CHECK_INT(rq_certificate_not_before(NULL), 0);
  CHECK_INT(rq_certificate_not_after(NULL), 0);
  rq_response_free(response);
  end(&this);
}

static void the_reason_of_a_refusal_is_a_word(void) {
  static const struct {
    const char *base, *reason;
  } cases[] = {{"RQ_TEST_HTTPS_UNTRUSTED", "unknown_issuer"},
               {"RQ_TEST_HTTPS_WRONG_HOST", "wrong_host"},
               {"RQ_TEST_HTTPS_EXPIRED", "expired"},
               {"RQ_TEST_PLAIN_AS_TLS", "not_tls"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    asking this = ask(cases[i].base);
    check_refused(&this, cases[i].reason);
    end(&this);
  }
}

int main(void) {
  RUN(a_server_that_wants_a_certificate_gets_it);
  RUN(a_key_may_be_locked_or_in_the_same_file);
  RUN(certificates_come_from_memory_too);
  RUN(an_identity_is_not_shared);
  RUN(a_pinned_key_is_demanded);
  RUN(another_name_is_asked_for_and_verified);
  RUN(the_oldest_version_can_be_set);
  RUN(the_environment_may_name_the_ca);
  RUN(what_is_set_comes_before_the_environment);
  RUN(a_session_may_do_without_the_environment);
  RUN(certificates_can_be_read);
  RUN(an_unverified_certificate_can_be_read_too);
  RUN(without_tls_there_is_none);
  RUN(the_reason_of_a_refusal_is_a_word);
  DONE();
}
