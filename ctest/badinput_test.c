/* Bad input: each kind has its code and a message that names the thing, nothing is sent, the
 * handle stays usable, and no message ever holds a credential. */
#include "t.h"

static rq_session *session;  /* of every test here: it must outlive all abuse */
static rq_session *observer; /* asks the server, over one connection of its own */

/* Connections that the server has ever had. */
static long connections_total(void) {
  size_t len = 0;
  rq_error *e = NULL;
  rq_response *response = rq_get(observer, t_url("RQ_TEST_HTTP", "/connections"), &e);
  const char *json = rq_body_bytes(response, &len, &e);
  const char *total = t_has(json, "\"total\": ") ? strstr(json, "\"total\": ") : NULL;
  CHECK(total != NULL);
  CHECK_CODE(e, RQ_OK);
  long connections = total ? strtol(total + strlen("\"total\": "), NULL, 10) : -1;
  rq_response_free(response);
  return connections;
}

/* Takes the error: its code, and a message that names `named`. */
static void check_refused(rq_error **error, rq_code code, const char *named) {
  if (!t_has(rq_error_message(*error), named)) {
    printf("no \"%s\" in \"%s\"\n", named, rq_error_message(*error));
  }
  CHECK(t_has(rq_error_message(*error), named));
  CHECK_CODE(*error, code);
}

static void check_still_usable(void) {
  rq_error *e = NULL;
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
}

static void null_handles_are_misuse(void) {
  char byte;
  size_t len = 7;
  rq_error *e = NULL;
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/json"), &e);
  CHECK_CODE(e, RQ_OK);
  CHECK(rq_prepare(session, NULL, &e) == NULL);
  check_refused(&e, RQ_ERR_MISUSE, "request is NULL");
  CHECK(rq_send(session, NULL, NULL, &e) == NULL);
  check_refused(&e, RQ_ERR_MISUSE, "prepared is NULL");
  CHECK(rq_send(NULL, NULL, NULL, &e) == NULL);
  CHECK_CODE(e, RQ_ERR_MISUSE);
  CHECK(rq_perform(NULL, request, NULL, &e) == NULL);
  check_refused(&e, RQ_ERR_MISUSE, "session is NULL");
  CHECK(rq_get(NULL, "http://localhost/", &e) == NULL);
  check_refused(&e, RQ_ERR_MISUSE, "session is NULL");
  CHECK_INT(rq_body_read(NULL, &byte, 1, &e), -1);
  check_refused(&e, RQ_ERR_MISUSE, "response is NULL");
  CHECK(rq_body_bytes(NULL, &len, &e) == NULL);
  check_refused(&e, RQ_ERR_MISUSE, "response is NULL");
  CHECK_INT(len, 0);
  rq_response_raise(NULL, &e);
  check_refused(&e, RQ_ERR_MISUSE, "response is NULL");
  rq_request_body(NULL, "x", 1, &e);
  check_refused(&e, RQ_ERR_MISUSE, "request is NULL");
  rq_prepared_set_header(NULL, "A", "b", &e);
  check_refused(&e, RQ_ERR_MISUSE, "prepared is NULL");
  rq_opts_header(NULL, "A", "b", &e);
  check_refused(&e, RQ_ERR_MISUSE, "opts is NULL");
  rq_request_free(request);
}

static void null_handles_read_as_nothing(void) {
  const char *name = "untouched";
  const char *value = "untouched";
  size_t len = 7;
  CHECK(rq_session_opts(NULL) == NULL);
  CHECK(rq_request_opts(NULL) == NULL);
  rq_session_close_idle(NULL);
  rq_cancel_trigger(NULL);
  CHECK(!rq_cancel_triggered(NULL));
  CHECK_STR(rq_prepared_method(NULL), NULL);
  CHECK_STR(rq_prepared_url(NULL), NULL);
  CHECK_STR(rq_prepared_header(NULL, "A"), NULL);
  CHECK(!rq_prepared_header_at(NULL, 0, &name, &value));
  CHECK(rq_prepared_body(NULL, &len) == NULL);
  CHECK_INT(rq_response_status(NULL), 0);
  CHECK_STR(rq_response_header(NULL, "A"), NULL);
  CHECK(!rq_response_header_at(NULL, 0, &name, &value));
  CHECK(!rq_response_trailer_at(NULL, 0, &name, &value));
  CHECK(!rq_response_reused(NULL));
  CHECK_STR(rq_response_url(NULL), NULL);
  CHECK_STR(rq_response_reason(NULL), NULL);
  rq_body_close(NULL);
  CHECK_STR(name, "untouched");
  CHECK_STR(value, "untouched");
}

static void null_and_ill_encoded_strings(void) {
  static const char latin[] = "http://127.0.0.1/caf\xe9";
  rq_error *e = NULL;
  rq_opts *opts = rq_session_opts(session);
  CHECK(rq_get(session, NULL, &e) == NULL);
  check_refused(&e, RQ_ERR_MISUSE, "url is NULL");
  CHECK(rq_get(session, latin, &e) == NULL);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "UTF-8");
  CHECK(rq_request_new(NULL, "http://localhost/", &e) == NULL);
  check_refused(&e, RQ_ERR_MISUSE, "method is NULL");
  CHECK(rq_request_new("GET", NULL, &e) == NULL);
  check_refused(&e, RQ_ERR_MISUSE, "url is NULL");
  CHECK(rq_request_new("GET", latin, &e) == NULL);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "UTF-8");
  rq_opts_header(opts, NULL, "value", &e);
  check_refused(&e, RQ_ERR_MISUSE, "name is NULL");
  rq_opts_header_add(opts, "X-Name", NULL, &e);
  check_refused(&e, RQ_ERR_MISUSE, "value is NULL");
  rq_opts_ca_file(opts, NULL, &e);
  check_refused(&e, RQ_ERR_MISUSE, "path is NULL");
  rq_opts_resolve(opts, NULL, 80, "127.0.0.1", &e);
  check_refused(&e, RQ_ERR_MISUSE, "host is NULL");
  rq_opts_resolve(opts, "localhost", 80, NULL, &e);
  check_refused(&e, RQ_ERR_MISUSE, "address is NULL");
}

/* The error may come when the request is made or when it is sent: the caller looks once. */
static void check_url(const char *url, rq_code code, const char *named) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("GET", url, &e);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  check_refused(&e, code, named);
  rq_request_free(request);
  CHECK(rq_get(session, url, &e) == NULL);
  check_refused(&e, code, named);
}

static void bad_urls(void) {
  check_url("", RQ_ERR_MISSING_SCHEMA, "URL");
  check_url("localhost/path", RQ_ERR_MISSING_SCHEMA, "localhost/path");
  check_url("//localhost/", RQ_ERR_MISSING_SCHEMA, "//localhost/");
  check_url("ftp://localhost/", RQ_ERR_INVALID_SCHEMA, "ftp://localhost/");
  check_url("http://", RQ_ERR_INVALID_URL, "host");
  check_url("http:///path", RQ_ERR_INVALID_URL, "host");
  check_url("http://local host/", RQ_ERR_INVALID_URL, "local host");
  check_url("http://local\r\nhost/", RQ_ERR_INVALID_URL, "host");
  check_url("http://127.0.0.1:0/", RQ_ERR_INVALID_URL, "port");
  check_url("http://127.0.0.1:70000/", RQ_ERR_INVALID_URL, "port");
  check_url("http://127.0.0.1:http/", RQ_ERR_INVALID_URL, "port");
  check_url("http://[::1/", RQ_ERR_INVALID_URL, "[::1");
  check_url("http://*.test/", RQ_ERR_INVALID_URL, "*.test");
}

static void bad_methods(void) {
  static const char *const methods[] = {"",     " ",       "GET ", " GET",
                                        "G ET", "GET\r\n", "GET/", "G\x7f"};
  rq_error *e = NULL;
  for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
    rq_request *request = rq_request_new(methods[i], t_url("RQ_TEST_HTTP", "/json"), &e);
    CHECK(rq_perform(session, request, NULL, &e) == NULL);
    check_refused(&e, RQ_ERR_INVALID_METHOD, "method");
    rq_request_free(request);
  }
}

static void check_header(const char *name, const char *value, const char *named) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/json"), &e);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  CHECK_CODE(e, RQ_OK);
  rq_opts_header(rq_request_opts(request), name, value, &e);
  CHECK(rq_perform(session, request, NULL, &e) == NULL);
  check_refused(&e, RQ_ERR_INVALID_HEADER, named);
  rq_opts_header_add(rq_request_opts(request), name, value, &e);
  check_refused(&e, RQ_ERR_INVALID_HEADER, named);
  rq_opts_header(rq_session_opts(session), name, value, &e);
  check_refused(&e, RQ_ERR_INVALID_HEADER, named);
  rq_prepared_set_header(prepared, name, value, &e);
  check_refused(&e, RQ_ERR_INVALID_HEADER, named);
  rq_prepared_free(prepared);
  rq_request_free(request);
}

static void bad_headers(void) {
  check_header("", "value", "name");
  check_header("X-A\r\nX-B", "value", "X-A");
  check_header("X-A\n", "value", "X-A");
  check_header(" X-A", "value", "X-A");
  check_header("X A", "value", "X A");
  check_header("X-A ", "value", "X-A");
  check_header("X-A:", "value", "X-A");
  check_header("X-A", "one\r\nX-B: two", "X-A");
  check_header("X-A", "one\rtwo", "X-A");
  check_header("X-A", "one\ntwo", "X-A");
  check_header("X-A", "one\r\n two", "X-A");
  check_header("X-A", " leading", "X-A");
  check_header("X-A", "\tleading", "X-A");
}

/* A length that no object can have: refused before a byte is touched. */
static void impossible_lengths(void) {
  static const size_t lengths[] = {(size_t)PTRDIFF_MAX + 1, SIZE_MAX / 4 * 3, SIZE_MAX};
  char small[16] = "small";
  rq_error *e = NULL;
  rq_request *request = rq_request_new("POST", t_url("RQ_TEST_HTTP", "/echo"), &e);
  rq_prepared *prepared = rq_prepare(session, request, &e);
  rq_response *response = rq_get(session, t_url("RQ_TEST_HTTP", "/json"), &e);
  CHECK_CODE(e, RQ_OK);
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    rq_request_body(request, small, lengths[i], &e);
    check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "bytes long");
    rq_prepared_set_body(prepared, small, lengths[i], &e);
    check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "bytes long");
    rq_opts_ca_pem(rq_session_opts(session), small, lengths[i], &e);
    check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "bytes long");
    CHECK_INT(rq_body_read(response, small, lengths[i], &e), -1);
    check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "bytes long");
  }
  rq_request_body(request, NULL, 5, &e);
  check_refused(&e, RQ_ERR_MISUSE, "is NULL");
  rq_prepared_set_body(prepared, NULL, 5, &e);
  check_refused(&e, RQ_ERR_MISUSE, "is NULL");
  CHECK_INT(rq_body_read(response, NULL, 5, &e), -1);
  check_refused(&e, RQ_ERR_MISUSE, "is NULL");
  CHECK(rq_body_read(response, small, sizeof small, &e) > 0); /* none of it harmed the body */
  CHECK_CODE(e, RQ_OK);
  rq_response_free(response);
  rq_prepared_free(prepared);
  rq_request_free(request);
}

static void bad_certificates(void) {
  static const char garbage[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  char empty[] = "empty-ca-XXXXXX.pem";
  rq_error *e = NULL;
  rq_opts *opts = rq_session_opts(session);
  int file = mkstemps(empty, 4);
  CHECK(file >= 0);
  rq_opts_ca_file(opts, "/no/such/ca.pem", &e);
  check_refused(&e, RQ_ERR_FILE, "/no/such/ca.pem");
  rq_opts_ca_file(opts, "", &e);
  CHECK_CODE(e, RQ_ERR_FILE);
  rq_opts_ca_file(opts, empty, &e);
  check_refused(&e, RQ_ERR_FILE, empty);
  rq_opts_ca_pem(opts, garbage, sizeof garbage - 1, &e);
  check_refused(&e, RQ_ERR_FILE, "PEM");
  rq_opts_ca_pem(opts, "not PEM", 7, &e);
  check_refused(&e, RQ_ERR_FILE, "PEM");
  rq_opts_ca_pem(opts, NULL, 0, &e);
  CHECK(e != NULL);
  rq_error_free(e);
  CHECK_INT(remove(empty), 0);
}

static void bad_settings(void) {
  static const char *const addresses[] = {
      "",            "localhost", "1.2.3",   "127.0.0.1:0",      "127.0.0.1:70000",
      "127.0.0.1:x", "[::1",      "::1]:80", "http://127.0.0.1",
  };
  rq_error *e = NULL;
  rq_opts *opts = rq_session_opts(session);
  rq_opts_resolve(opts, "a.test", 0, "127.0.0.1", &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "port");
  rq_opts_resolve(opts, "a.test", 70000, "127.0.0.1", &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "70000");
  rq_opts_resolve(opts, "", 80, "127.0.0.1", &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "host");
  for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
    rq_opts_resolve(opts, "a.test", 80, addresses[i], &e);
    check_refused(&e, RQ_ERR_INVALID_ARGUMENT, addresses[i]);
  }
}

static void settings_of_a_session_on_a_request(void) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/json"), &e);
  rq_opts *opts = rq_request_opts(request);
  rq_opts_pool(opts, 1, 1, 1, &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "session");
  rq_opts_idle_age_ms(opts, 1, &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "session");
  rq_opts_resolve(opts, "a.test", 80, "127.0.0.1", &e);
  check_refused(&e, RQ_ERR_INVALID_ARGUMENT, "session");
  rq_request_free(request);
}

/* Puts "user:secret@" into the address `base` and GETs `path` there; it must fail in silence. */
static void check_secret_kept(const char *base, const char *path) {
  char url[512];
  size_t len = 0;
  rq_error *e = NULL;
  const char *host = strstr(base, "://");
  snprintf(url, sizeof url, "%.*s://user:secret@%s%s", (int)(host - base), base, host + 3, path);
  rq_request *request = rq_request_new("GET", url, &e);
  rq_opts_timeout_ms(rq_request_opts(request), 200, 200, &e);
  rq_response *response = rq_perform(session, request, NULL, &e);
  rq_response_raise(response, &e);
  rq_body_bytes(response, &len, &e);
  CHECK(e != NULL);
  CHECK(rq_error_message(e)[0] != '\0');
  CHECK(!t_has(rq_error_message(e), "secret"));
  CHECK(!t_has(rq_error_url(e), "secret"));
  rq_error_free(e);
  rq_response_free(response);
  rq_request_free(request);
}

static void no_failure_tells_a_secret(void) {
  check_secret_kept("http://", "");
  check_secret_kept("http://local host", "/");
  check_secret_kept("http://127.0.0.1:70000", "/");
  check_secret_kept("ftp://127.0.0.1", "/");
  check_secret_kept("http://missing.invalid", "/");
  check_secret_kept(t_env("RQ_TEST_REFUSED"), "/");
  check_secret_kept(t_env("RQ_TEST_BLACKHOLE"), "/");
  check_secret_kept(t_env("RQ_TEST_HTTPS"), "/json"); /* not trusted */
  check_secret_kept(t_env("RQ_TEST_PLAIN_AS_TLS"), "/");
  check_secret_kept(t_env("RQ_TEST_HTTP"), "/status/404");
  check_secret_kept(t_env("RQ_TEST_HTTP"), "/stall-head");
  check_secret_kept(t_env("RQ_TEST_HTTP"), "/stall-body");
  check_secret_kept(t_env("RQ_TEST_HTTP"), "/truncated");
  check_secret_kept(t_env("RQ_TEST_HTTP"), "/rst-head");
  check_secret_kept(t_env("RQ_TEST_HTTP"), "/huge-head/1000000");
  check_secret_kept(t_env("RQ_TEST_HTTP"), "/raw?q=garbage");
}

/* Runs a test whose input must never reach the server, and looks whether it did. */
static void check_nothing_sent(void (*test)(void)) {
  check_still_usable();
  long before = connections_total();
  test();
  check_still_usable(); /* over the kept connection: it opens none */
  CHECK_INT(connections_total(), before);
}

static void nothing_is_sent(void) {
  check_nothing_sent(null_handles_are_misuse);
  check_nothing_sent(null_and_ill_encoded_strings);
  check_nothing_sent(bad_urls);
  check_nothing_sent(bad_methods);
  check_nothing_sent(bad_headers);
  check_nothing_sent(bad_certificates);
  check_nothing_sent(bad_settings);
  check_nothing_sent(settings_of_a_session_on_a_request);
}

int main(void) {
  session = rq_session_new(NULL);
  observer = rq_session_new(NULL);
  RUN(null_handles_read_as_nothing);
  RUN(nothing_is_sent);
  RUN(impossible_lengths);
  RUN(no_failure_tells_a_secret);
  RUN(check_still_usable);
  rq_session_free(observer);
  rq_session_free(session);
  DONE();
}
