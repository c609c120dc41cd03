/* The ways to a server: unix domain sockets, the address to connect from, proxies that refuse a
 * tunnel, proxies over TLS with settings of their own (behaviours P4 to P7). SOCKS is
 * socks_test's. */
#include "peer.h"
#include "take.h"

#include <errno.h>

static void check_body(const rq_session *session, rq_request *request, const char *part) {
  rq_error *e = NULL;
  char *text = take(session, request, &e);
  if (!t_has(text, part)) printf("no \"%s\" in \"%s\"\n", part, text ? text : "(null)");
  CHECK(t_has(text, part));
  CHECK_CODE(e, RQ_OK);
  free(text);
}

/* ---- unix domain sockets ---- */

/* Answers with the request itself. */
static peer_reply mirror(peer *this, const char *request, char *scratch) {
  (void)this;
  int len = snprintf(scratch, PEER_REQUEST_MAX, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                     strlen(request), request);
  return (peer_reply){scratch, (size_t)len};
}

/* A folder with a socket in it, whose name has letters of both cases. */
typedef struct {
  char folder[32], path[64], url[128];
  peer at;
} unix_peer;

static void start(unix_peer *this) {
  snprintf(this->folder, sizeof this->folder, "/tmp/rq-ctest-XXXXXX");
  CHECK(mkdtemp(this->folder) != NULL);
  snprintf(this->path, sizeof this->path, "%s/An.Sock", this->folder);
  snprintf(this->url, sizeof this->url, "http+unix://%%2Ftmp%%2F%s%%2FAn.Sock", this->folder + 5);
  peer_start_at(&this->at, mirror, this->path);
}

static void stop(unix_peer *this) {
  peer_stop(&this->at);
  CHECK_INT(unlink(this->path), 0);
  CHECK_INT(rmdir(this->folder), 0);
}

static const char *at(const unix_peer *this, const char *path) {
  static char url[256];
  snprintf(url, sizeof url, "%s%s", this->url, path);
  return url;
}

static void a_url_may_name_a_socket(void) {
  unix_peer server;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_proxy(rq_session_opts(session), "all", t_env("RQ_TEST_REFUSED"), &e); /* not used */
  start(&server);
  check_body(session, rq_request_new("GET", at(&server, "/a/b?c=d"), &e), "GET /a/b?c=d HTTP/1.1");
  rq_request *request = rq_request_new("POST", at(&server, "/"), &e);
  rq_request_body(request, "hello", 5, &e);
  check_body(session, request, "\r\n\r\nhello");
  CHECK_INT(server.at.connections, 1); /* kept */
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
  stop(&server);
}

static void a_setting_may_name_a_socket_for_any_url(void) {
  unix_peer server;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  start(&server);
  rq_opts_unix_socket(rq_session_opts(session), server.path, &e);
  check_body(session, rq_request_new("GET", "http://no.such.host.invalid/x", &e),
             "\r\nHost: no.such.host.invalid\r\n");
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/json"), &e);
  rq_opts_unix_socket(rq_request_opts(request), NULL, &e); /* over TCP all the same */
  check_body(session, request, "librq");
  rq_opts_unix_socket(rq_session_opts(session), NULL, &e);
  request = rq_request_new("GET", "http://other.invalid/x", &e);
  rq_opts_unix_socket(rq_request_opts(request), server.path, &e);
  check_body(session, request, "\r\nHost: other.invalid\r\n");
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
  stop(&server);
}

static void a_socket_that_nobody_listens_on(void) {
  rq_error *e = NULL;
  char url[512] = "http+unix://%2Ftmp%2F";
  rq_session *session = rq_session_new(&e);
  rq_opts_unix_socket(rq_session_opts(session), "/no/such/place.sock", &e);
  CHECK(rq_get(session, "http://localhost/", &e) == NULL);
  CHECK_INT(rq_error_errno(e), ENOENT);
  CHECK(t_has(rq_error_message(e), "/no/such/place.sock"));
  CHECK_CODE(e, RQ_ERR_CONNECT);
  memset(url + strlen(url), 'p', 300);
  strcat(url, "/");
  rq_opts_unix_socket(rq_session_opts(session), NULL, &e);
  CHECK(rq_get(session, url, &e) == NULL);
  CHECK(t_has(rq_error_message(e), "unix domain socket"));
  CHECK(rq_error_code(e) >= 100 && rq_error_code(e) < 200); /* nothing was tried */
  rq_error_free(e);
  rq_session_free(session);
}

/* ---- the address to connect from ---- */

static void the_address_to_connect_from(void) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts *opts = rq_session_opts(session);
  rq_opts_source_address(opts, "127.0.0.1", &e);
  CHECK(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e) > 0);
  CHECK_CODE(e, RQ_OK);
  rq_opts_source_address(opts, "192.0.2.1", &e); /* nobody's */
  CHECK_INT(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e), 0);
  CHECK_INT(rq_error_errno(e), EADDRNOTAVAIL);
  CHECK_CODE(e, RQ_ERR_CONNECT);
  rq_opts_source_address(opts, "::1", &e); /* of another family than the server's */
  CHECK_INT(t_get(session, t_url("RQ_TEST_HTTP", "/json"), &e), 0);
  CHECK_CODE(e, RQ_ERR_CONNECT);
  rq_request *request = rq_request_new("GET", t_url("RQ_TEST_HTTP", "/json"), &e);
  rq_opts_source_address(rq_request_opts(request), NULL, &e); /* any, whatever the session has */
  check_body(session, request, "librq");
  rq_session_free(session);
}

/* ---- proxies that refuse ---- */

/* A session whose https requests go through this proxy. */
static rq_session *behind(const char *proxy) {
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts_ca_file(rq_session_opts(session), t_env("RQ_TEST_CA_FILE"), &e);
  rq_opts_proxy(rq_session_opts(session), "all", proxy, &e);
  CHECK_CODE(e, RQ_OK);
  return session;
}

static void fault_26_what_a_proxy_answers_can_be_read(void) {
  static const peer_reply replies[] = {
      SAYS("HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=\"p\"\r\nX-Many: 1\r\n"
           "x-many: 2\r\nContent-Length: 9\r\n\r\nask \0nely")};
  peer proxy;
  size_t len = 0;
  const char *name = NULL, *value = NULL;
  rq_error *e = NULL;
  PEER_SCRIPT(&proxy, replies);
  rq_session *session = behind(proxy.url);
  CHECK(rq_get(session, "https://site.test/secret?path", &e) == NULL);
  CHECK_INT(rq_error_status(e), 407);
  CHECK_STR(rq_error_reason(e), "authentication");
  CHECK_STR(rq_error_exception(e), "ProxyError");
  CHECK_STR(rq_error_answer_header(e, "proxy-AUTHENTICATE"), "Basic realm=\"p\"");
  CHECK_STR(rq_error_answer_header(e, "X-Many"), "1, 2");
  CHECK_STR(rq_error_answer_header(e, "X-None"), NULL);
  CHECK(rq_error_answer_header_at(e, 2, &name, &value));
  CHECK_STR(name, "x-many");
  CHECK_STR(value, "2");
  CHECK(!rq_error_answer_header_at(e, 4, &name, &value));
  const void *body = rq_error_answer_body(e, &len);
  CHECK(len == 9 && body && memcmp(body, "ask \0nely", 9) == 0);
  CHECK(rq_error_answer_body(e, NULL) == body);
  rq_session_free(session); /* the error needs no session */
  CHECK_STR(rq_error_answer_header(e, "X-Many"), "1, 2");
  CHECK_CODE(e, RQ_ERR_PROXY);
  CHECK(t_has(peer_received(&proxy, 0), "CONNECT site.test:443 HTTP/1.1\r\n"));
  CHECK(!t_has(peer_received(&proxy, 0), "secret"));
  peer_stop(&proxy);
}

/* 100,000 bytes of body, of which an error keeps the beginning. */
static peer_reply verbose(peer *this, const char *request, char *scratch) {
  enum { LEN = 60000 };
  (void)this, (void)request;
  int head = sprintf(scratch, "HTTP/1.1 502 No\r\nContent-Length: 100000\r\n"
                              "Connection: close\r\n\r\n");
  memset(scratch + head, 'x', LEN);
  return (peer_reply){scratch, (size_t)(head + LEN)}; /* the rest never comes */
}

static void a_refusal_may_be_cut_short(void) {
  peer proxy;
  size_t len = 0;
  rq_error *e = NULL;
  peer_start(&proxy, verbose);
  rq_session *session = behind(proxy.url);
  CHECK(rq_get(session, "https://site.test/", &e) == NULL);
  CHECK_INT(rq_error_status(e), 502);
  CHECK_STR(rq_error_reason(e), "refused");
  CHECK(rq_error_answer_body(e, &len) != NULL);
  CHECK_INT(len, 60000);
  CHECK_CODE(e, RQ_ERR_PROXY);
  CHECK(rq_get(session, "https://site.test/", &e) == NULL); /* the session stays usable */
  CHECK_CODE(e, RQ_ERR_PROXY);
  rq_session_free(session);
  peer_stop(&proxy);
}

/* ---- proxies over TLS: testd's ports, which open no tunnel but say so over TLS ---- */

/* The proxy was reached and trusted, and refused. */
static void check_reached(const rq_session *session) {
  size_t len = 0;
  rq_error *e = NULL;
  CHECK(rq_get(session, "https://site.test/", &e) == NULL);
  CHECK(rq_error_status(e) >= 400);
  CHECK_STR(rq_error_reason(e), "refused");
  CHECK(rq_error_answer_body(e, &len) != NULL && len > 0);
  CHECK_CODE(e, RQ_ERR_PROXY);
}

static void check_untrusted(const rq_session *session, const char *reason) {
  rq_error *e = NULL;
  CHECK(rq_get(session, "https://site.test/", &e) == NULL);
  CHECK_STR(rq_error_reason(e), reason);
  CHECK_CODE(e, RQ_ERR_TLS);
}

static void a_proxy_over_tls_is_trusted_as_the_server_is(void) {
  rq_error *e = NULL;
  rq_session *session = behind(t_env("RQ_TEST_HTTPS"));
  check_reached(session);
  rq_opts_proxy(rq_session_opts(session), "all", t_env("RQ_TEST_HTTPS_UNTRUSTED"), &e);
  check_untrusted(session, "unknown_issuer");
  CHECK(rq_get(session, "https://site.test/", &e) == NULL);
  CHECK_STR(rq_error_exception(e), "ProxyError");
  CHECK_CODE(e, RQ_ERR_TLS);
  rq_opts_verify(rq_session_opts(session), false, &e);
  check_reached(session);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

static void its_trust_can_be_set_apart(void) {
  char pem[8192];
  FILE *file = fopen(t_env("RQ_TEST_CA_FILE"), "rb");
  size_t len = fread(pem, 1, sizeof pem, file);
  rq_error *e = NULL;
  fclose(file);
  rq_session *session = behind(t_env("RQ_TEST_HTTPS_UNTRUSTED"));
  rq_opts *opts = rq_session_opts(session);
  rq_opts_proxy_verify(opts, false, &e);
  check_reached(session);
  rq_opts_proxy_verify(opts, true, &e);
  check_untrusted(session, "unknown_issuer");
  rq_session_free(session);
  session = behind(t_env("RQ_TEST_HTTPS"));
  opts = rq_session_opts(session);
  rq_opts_verify(opts, false, &e);
  rq_opts_proxy_ca_file(opts, t_env("RQ_TEST_CA_FILE"), &e);
  check_reached(session);
  rq_opts_proxy(opts, "all", t_env("RQ_TEST_HTTPS_EXPIRED"), &e);
  check_untrusted(session, "expired"); /* the server's verification is off, the proxy's is not */
  rq_opts_proxy(opts, "all", t_env("RQ_TEST_HTTPS"), &e);
  rq_opts_proxy_ca_pem(opts, pem, len, &e);
  check_reached(session);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
}

/* What a file holds, as text; to be freed. */
static char *text_of(const char *path) {
  char *text = calloc(1, 8192);
  FILE *file = fopen(path, "rb");
  CHECK(file && fread(text, 1, 8191, file) > 0);
  if (file) fclose(file);
  return text;
}

static void it_sees_a_certificate_of_its_own_alone(void) {
  const char *cert = t_env("RQ_TEST_CLIENT_CERT"), *key = t_env("RQ_TEST_CLIENT_KEY");
  char *cert_pem = text_of(cert), *key_pem = text_of(key);
  rq_error *e = NULL;
  rq_session *session = behind(t_env("RQ_TEST_MTLS"));
  rq_opts *opts = rq_session_opts(session);
  rq_opts_cert(opts, cert, key, NULL, &e); /* for servers */
  check_untrusted(session, "alert");
  rq_opts_proxy_cert(opts, cert, key, NULL, &e);
  check_reached(session);
  rq_opts_proxy_cert(opts, NULL, NULL, NULL, &e);
  check_untrusted(session, "alert");
  rq_opts_proxy_cert_pem(opts, cert_pem, strlen(cert_pem), key_pem, strlen(key_pem), NULL, &e);
  check_reached(session);
  CHECK_CODE(e, RQ_OK);
  rq_session_free(session);
  free(cert_pem);
  free(key_pem);
}

int main(void) {
  RUN(a_url_may_name_a_socket);
  RUN(a_setting_may_name_a_socket_for_any_url);
  RUN(a_socket_that_nobody_listens_on);
  RUN(the_address_to_connect_from);
  RUN(fault_26_what_a_proxy_answers_can_be_read);
  RUN(a_refusal_may_be_cut_short);
  RUN(a_proxy_over_tls_is_trusted_as_the_server_is);
  RUN(its_trust_can_be_set_apart);
  RUN(it_sees_a_certificate_of_its_own_alone);
  DONE();
}
