/* Bad settings of TLS, of proxies over TLS, of sockets: each has its code and a message that names
 * the thing and never a password, nothing is sent, and the handle stays usable. */
#include "pem.h"
#include "t.h"

static rq_session *session; /* of every test here: it must outlive all abuse */
static rq_opts *opts;

static const char latin[] = "caf\xe9";

/* Takes the error: its code, and a message that names `named` and no password. */
static void check_refused(rq_error **error, rq_code code, const char *named) {
  if (!t_has(rq_error_message(*error), named)) {
    printf("no \"%s\" in \"%s\"\n", named, rq_error_message(*error));
  }
  CHECK(t_has(rq_error_message(*error), named));
  CHECK(!t_has(rq_error_message(*error), "sesame"));
  CHECK_CODE(*error, code);
}

/* The session's settings are what they were: its requests show no certificate, pin nothing. */
static void check_unchanged(void) {
  rq_error *e = NULL;
  CHECK(t_get(session, t_url("RQ_TEST_HTTPS", "/json"), &e) > 0);
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
  CHECK_INT(t_get(session, t_url("RQ_TEST_MTLS", "/json"), &e), 0);
  CHECK_CODE(e, RQ_ERR_TLS);
}

typedef void (*files_fn)(rq_opts *, const char *, const char *, const char *, rq_error **);
typedef void (*pem_fn)(rq_opts *, const void *, size_t, const void *, size_t, const char *,
                       rq_error **);

static void bad_files(files_fn set) {
  char empty[] = FILES_NAME;
  const char *cert = t_env("RQ_TEST_CLIENT_CERT"), *key = t_env("RQ_TEST_CLIENT_KEY");
  const char *locked = t_env("RQ_TEST_CLIENT_KEY_LOCKED");
  rq_error *e = NULL;
  files_text(empty, "nothing of the kind\n");
  set(opts, "/no/such/cert.pem", key, NULL, &e);
  CHECK(rq_error_errno(e) != 0);
  check_refused(&e, RQ_ERR_FILE, "/no/such/cert.pem");
  set(opts, cert, "/no/such/key.pem", NULL, &e);
  CHECK(rq_error_errno(e) != 0);
  check_refused(&e, RQ_ERR_FILE, "/no/such/key.pem");
  set(opts, empty, key, NULL, &e);
  check_refused(&e, RQ_ERR_FILE, "no certificate");
  set(opts, cert, empty, NULL, &e);
  check_refused(&e, RQ_ERR_FILE, "no private key");
  set(opts, cert, NULL, NULL, &e); /* the file has no key */
  check_refused(&e, RQ_ERR_FILE, "no private key");
  set(opts, t_env("RQ_TEST_SERVER_CERT"), key, NULL, &e);
  check_refused(&e, RQ_ERR_FILE, "does not belong to the certificate");
  set(opts, cert, locked, NULL, &e);
  check_refused(&e, RQ_ERR_FILE, "is encrypted; give its password");
  set(opts, cert, locked, "not sesame", &e);
  check_refused(&e, RQ_ERR_FILE, "does not open with this password");
  set(opts, cert, locked, latin, &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "password is not UTF-8");
  set(opts, latin, key, NULL, &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "cert_path is not UTF-8");
  set(opts, cert, latin, NULL, &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "key_path is not UTF-8");
  set(opts, NULL, key, NULL, &e);
  check_refused(&e, RQ_ERR_MISUSE, "cert_path is NULL");
  set(NULL, cert, key, NULL, &e);
  check_refused(&e, RQ_ERR_MISUSE, "opts is NULL");
  unlink(empty);
}

static void bad_pem(pem_fn set) {
  const char *cert = pem_text("RQ_TEST_CLIENT_CERT"), *key = pem_text("RQ_TEST_CLIENT_KEY");
  const char *locked = pem_text("RQ_TEST_CLIENT_KEY_LOCKED");
  size_t cert_len = strlen(cert), key_len = strlen(key), locked_len = strlen(locked);
  rq_error *e = NULL;
  set(opts, NULL, 0, key, key_len, NULL, &e);
  check_refused(&e, RQ_ERR_FILE, "no certificate");
  set(opts, NULL, cert_len, key, key_len, NULL, &e);
  check_refused(&e, RQ_ERR_MISUSE, "cert is NULL");
  set(opts, cert, cert_len, NULL, key_len, NULL, &e);
  check_refused(&e, RQ_ERR_MISUSE, "key is NULL");
  set(opts, cert, SIZE_MAX, key, key_len, NULL, &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "cert cannot be");
  set(opts, cert, cert_len / 2, key, key_len, NULL, &e);
  check_refused(&e, RQ_ERR_FILE, "no certificate");
  set(opts, cert, cert_len, key, key_len / 2, NULL, &e);
  check_refused(&e, RQ_ERR_FILE, "the given client key");
  set(opts, cert, cert_len, "", 0, NULL, &e);
  check_refused(&e, RQ_ERR_FILE, "no private key");
  set(opts, cert, cert_len, NULL, 0, NULL, &e);
  check_refused(&e, RQ_ERR_FILE, "no private key");
  set(opts, cert, cert_len, locked, locked_len, "not sesame", &e);
  check_refused(&e, RQ_ERR_FILE, "does not open with this password");
  set(NULL, cert, cert_len, key, key_len, NULL, &e);
  check_refused(&e, RQ_ERR_MISUSE, "opts is NULL");
}

static void client_certificates(void) {
  bad_files(rq_opts_cert);
  bad_pem(rq_opts_cert_pem);
  check_unchanged();
}

static void client_certificates_for_a_proxy(void) {
  bad_files(rq_opts_proxy_cert);
  bad_pem(rq_opts_proxy_cert_pem);
  check_unchanged();
}

static void ca_bundles_for_a_proxy(void) {
  rq_error *e = NULL;
  rq_opts_proxy_ca_file(opts, "/no/such/ca.pem", &e);
  check_refused(&e, RQ_ERR_FILE, "/no/such/ca.pem");
  rq_opts_proxy_ca_file(opts, t_env("RQ_TEST_CLIENT_KEY"), &e);
  check_refused(&e, RQ_ERR_FILE, "no certificate");
  rq_opts_proxy_ca_file(opts, NULL, &e);
  check_refused(&e, RQ_ERR_MISUSE, "path is NULL");
  rq_opts_proxy_ca_file(NULL, t_env("RQ_TEST_CA_FILE"), &e);
  check_refused(&e, RQ_ERR_MISUSE, "opts is NULL");
  rq_opts_proxy_ca_pem(opts, "none", 4, &e);
  check_refused(&e, RQ_ERR_FILE, "no certificate");
  rq_opts_proxy_ca_pem(opts, NULL, 4, &e);
  check_refused(&e, RQ_ERR_MISUSE, "pem is NULL");
  rq_opts_proxy_ca_pem(NULL, "none", 4, &e);
  check_refused(&e, RQ_ERR_MISUSE, "opts is NULL");
  rq_opts_proxy_verify(NULL, true, &e);
  check_refused(&e, RQ_ERR_MISUSE, "opts is NULL");
  check_unchanged();
}

static void pins(void) {
  static const char *const bad[] = {"", "sha256//", "sha1//AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                                    "sha256//AAAA", "sha256//!", "pin-sha256=\"AAAA\"",
                                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
  rq_error *e = NULL;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    rq_opts_pin(opts, bad[i], &e);
    check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "is not a pin");
  }
  rq_opts_pin(opts, NULL, &e);
  check_refused(&e, RQ_ERR_MISUSE, "pin is NULL");
  rq_opts_pin(opts, latin, &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "pin is not UTF-8");
  rq_opts_pin(NULL, t_env("RQ_TEST_SERVER_PIN"), &e);
  check_refused(&e, RQ_ERR_MISUSE, "opts is NULL");
  check_unchanged();
}

static void names_and_versions(void) {
  static const int32_t versions[] = {-1, 0, 1, 10, 11, 14, 771, INT32_MAX};
  rq_error *e = NULL;
  for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
    rq_opts_tls_min(opts, versions[i], &e);
    check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "no version of TLS");
  }
  rq_opts_tls_min(NULL, RQ_TLS_1_3, &e);
  check_refused(&e, RQ_ERR_MISUSE, "opts is NULL");
  rq_opts_server_name(opts, "", &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "neither a host name nor an address");
  rq_opts_server_name(opts, "two words", &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "two words");
  rq_opts_server_name(opts, NULL, &e);
  check_refused(&e, RQ_ERR_MISUSE, "name is NULL");
  rq_opts_server_name(opts, latin, &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "name is not UTF-8");
  rq_opts_server_name(NULL, "localhost", &e);
  check_refused(&e, RQ_ERR_MISUSE, "opts is NULL");
  check_unchanged();
}

static void addresses_and_socket_paths(void) {
  char path[109];
  rq_error *e = NULL;
  memset(path, 'p', sizeof path - 1);
  path[sizeof path - 1] = '\0';
  rq_opts_unix_socket(opts, path, &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "longer than the system allows");
  rq_opts_unix_socket(opts, "", &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "is empty");
  rq_opts_unix_socket(opts, latin, &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "path is not UTF-8");
  rq_opts_unix_socket(NULL, "x.sock", &e);
  check_refused(&e, RQ_ERR_MISUSE, "opts is NULL");
  rq_opts_source_address(opts, "localhost", &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "localhost");
  rq_opts_source_address(opts, "127.0.0.1:80", &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "127.0.0.1:80");
  rq_opts_source_address(opts, latin, &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "address is not UTF-8");
  rq_opts_source_address(NULL, "127.0.0.1", &e);
  check_refused(&e, RQ_ERR_MISUSE, "opts is NULL");
  check_unchanged();
}

static void a_set_error_stops_every_setting(void) {
  rq_error *e = NULL;
  rq_error_set(&e, RQ_ERR_CALLBACK, "set before");
  rq_opts_cert(opts, t_env("RQ_TEST_CLIENT_CERT"), t_env("RQ_TEST_CLIENT_KEY"), NULL, &e);
  rq_opts_pin(opts, "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", &e);
  rq_opts_server_name(opts, "other.example", &e);
  rq_opts_unix_socket(opts, "/no/such.sock", &e);
  rq_opts_source_address(opts, "192.0.2.1", &e);
  check_refused(&e, RQ_ERR_CALLBACK, "set before");
  check_unchanged();
}

static void reading_nothing_of_an_error(void) {
  size_t len = 7;
  const char *name = "untouched", *value = "untouched";
  rq_error *e = NULL;
  CHECK_STR(rq_error_reason(NULL), "");
  CHECK_STR(rq_error_answer_header(NULL, "A"), NULL);
  CHECK(!rq_error_answer_header_at(NULL, 0, &name, &value));
  CHECK(rq_error_answer_body(NULL, &len) == NULL);
  CHECK_INT(len, 0);
  rq_opts_pin(opts, "", &e); /* an error without a reason and an answer */
  CHECK_STR(rq_error_reason(e), "");
  CHECK_STR(rq_error_answer_header(e, "A"), NULL);
  CHECK_STR(rq_error_answer_header(e, NULL), NULL);
  CHECK(!rq_error_answer_header_at(e, 0, &name, &value));
  CHECK(rq_error_answer_body(e, NULL) == NULL);
  CHECK_STR(name, "untouched");
  CHECK_STR(value, "untouched");
  CHECK_CODE(e, RQ_ERR_INVALID_ARGUMENT);
}

/* Every word once, and none that is empty. */
static void all_reasons_are_listed(void) {
  size_t count = 0;
  bool expired = false;
  for (const char *word; (word = rq_reason_at(count)) != NULL; count++) {
    CHECK(word[0] != '\0');
    expired = expired || strcmp(word, "expired") == 0;
    for (size_t i = 0; i < count; i++) CHECK(strcmp(word, rq_reason_at(i)) != 0);
  }
  CHECK(count > 20 && expired);
  CHECK(rq_reason_at(SIZE_MAX) == NULL);
}

int main(void) {
  session = rq_session_new(NULL);
  opts = rq_session_opts(session);
  rq_opts_ca_file(opts, t_env("RQ_TEST_CA_FILE"), NULL);
  RUN(client_certificates);
  RUN(client_certificates_for_a_proxy);
  RUN(ca_bundles_for_a_proxy);
  RUN(pins);
  RUN(names_and_versions);
  RUN(addresses_and_socket_paths);
  RUN(a_set_error_stops_every_setting);
  RUN(reading_nothing_of_an_error);
  RUN(all_reasons_are_listed);
  rq_session_free(session);
  DONE();
}
