/* SOCKS 5 against a tiny server in this process, which serves the request itself: what it is asked,
 * credentials, each refusal with its word (behaviours X1 to X5; RFC 1928, RFC 1929). */
#include "take.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NO_CREDENTIALS = 0, NAME_AND_PASSWORD = 2, NOTHING_FITS = 255 };

typedef struct {
  unsigned char method; /* what it chooses */
  unsigned char refuses, reply;
  int listener;
  pthread_t thread;
  char url[64];       /* "127.0.0.1:PORT" */
  char asked[300];    /* "name:host:port" or "address:host:port" */
  char said[600];     /* "user:password" */
  char request[4096]; /* the head of the HTTP request */
} socks;

static bool get(int fd, void *bytes, size_t len) {
  return recv(fd, bytes, len, MSG_WAITALL) == (ssize_t)len;
}

/* A byte that is a length, and as many bytes as text. */
static bool get_text(int fd, char *text) {
  unsigned char len;
  if (!get(fd, &len, 1) || (len && !get(fd, text, len))) return false;
  text[len] = '\0';
  return true;
}

static bool greet(socks *this, int fd) {
  char methods[256], user[256], password[256];
  unsigned char byte;
  if (!get(fd, &byte, 1) || byte != 5 || !get_text(fd, methods)) return false;
  send(fd, (unsigned char[]){5, this->method}, 2, MSG_NOSIGNAL);
  if (this->method != NAME_AND_PASSWORD) return this->method == NO_CREDENTIALS;
  if (!get(fd, &byte, 1) || byte != 1 || !get_text(fd, user) || !get_text(fd, password)) {
    return false;
  }
  snprintf(this->said, sizeof this->said, "%s:%s", user, password);
  send(fd, (unsigned char[]){1, this->refuses}, 2, MSG_NOSIGNAL);
  return this->refuses == 0;
}

static bool take_request(socks *this, int fd) {
  unsigned char head[4], address[4], port[2];
  char host[256];
  if (!get(fd, head, 4) || head[0] != 5 || head[1] != 1) return false;
  if (head[3] == 3 ? !get_text(fd, host) : !get(fd, address, 4)) return false;
  if (head[3] == 1) inet_ntop(AF_INET, address, host, sizeof host);
  if (!get(fd, port, 2)) return false;
  snprintf(this->asked, sizeof this->asked, "%s:%s:%d", head[3] == 3 ? "name" : "address", host,
           port[0] << 8 | port[1]);
  send(fd, (unsigned char[]){5, this->reply, 0, 1, 0, 0, 0, 0, 0, 0}, 10, MSG_NOSIGNAL);
  return this->reply == 0;
}

static void serve(socks *this, int fd) {
  static const char answer[] =
      "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nbehind";
  size_t len = 0;
  if (!greet(this, fd) || !take_request(this, fd)) return;
  while (!strstr(this->request, "\r\n\r\n") && len < sizeof this->request - 1) {
    ssize_t got = recv(fd, this->request + len, sizeof this->request - 1 - len, 0);
    if (got <= 0) return;
    len += (size_t)got;
    this->request[len] = '\0';
  }
  send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
}

static void *run(void *data) {
  socks *this = data;
  int fd;
  while ((fd = accept(this->listener, NULL, NULL)) >= 0) {
    serve(this, fd);
    close(fd);
  }
  return NULL;
}

static void start(socks *this) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t len = sizeof address;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  this->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK_INT(bind(this->listener, (struct sockaddr *)&address, sizeof address), 0);
  CHECK_INT(listen(this->listener, 16), 0);
  CHECK_INT(getsockname(this->listener, (struct sockaddr *)&address, &len), 0);
  snprintf(this->url, sizeof this->url, "127.0.0.1:%d", ntohs(address.sin_port));
  CHECK_INT(pthread_create(&this->thread, NULL, run, this), 0);
}

static void stop(socks *this) {
  shutdown(this->listener, SHUT_RDWR);
  pthread_join(this->thread, NULL);
  close(this->listener);
}

/* GETs `url` through the proxy: "scheme://[user:password@]" before its address. */
static char *through(const socks *this, const char *scheme, const char *url, rq_error **error) {
  char proxy[128];
  rq_session *session = rq_session_new(error);
  snprintf(proxy, sizeof proxy, "%s%s", scheme, this->url);
  rq_opts_proxy(rq_session_opts(session), "all", proxy, error);
  char *text = take(session, rq_request_new("GET", url, error), error);
  rq_session_free(session);
  return text;
}

static void the_proxy_looks_names_up(void) {
  socks proxy = {.method = NO_CREDENTIALS};
  rq_error *e = NULL;
  start(&proxy);
  char *text = through(&proxy, "socks5h://", "http://no.such.host.invalid:8080/x", &e);
  CHECK_CODE(e, RQ_OK);
  stop(&proxy);
  CHECK_STR(text, "behind");
  CHECK_STR(proxy.asked, "name:no.such.host.invalid:8080");
  CHECK(t_has(proxy.request, "GET /x HTTP/1.1\r\n")); /* as to the server itself */
  free(text);
}

static void or_librq_does(void) {
  socks proxy = {.method = NO_CREDENTIALS};
  rq_error *e = NULL;
  start(&proxy);
  char *text = through(&proxy, "socks5://", "http://127.0.0.1:8081/", &e);
  CHECK_CODE(e, RQ_OK);
  CHECK_STR(text, "behind");
  free(text);
  CHECK(through(&proxy, "socks5://", "http://no.such.host.invalid/", &e) == NULL);
  CHECK_CODE(e, RQ_ERR_DNS);
  stop(&proxy);
  CHECK_STR(proxy.asked, "address:127.0.0.1:8081");
}

static void credentials_are_told(void) {
  socks proxy = {.method = NAME_AND_PASSWORD};
  rq_error *e = NULL;
  start(&proxy);
  char *text = through(&proxy, "socks5h://ann:open%20sesame@", "http://site.test/", &e);
  CHECK_CODE(e, RQ_OK);
  stop(&proxy);
  CHECK_STR(text, "behind");
  CHECK_STR(proxy.said, "ann:open sesame");
  CHECK(!t_has(proxy.request, "roxy-Auth"));
  free(text);
}

/* The request fails with RQ_ERR_SOCKS and this reason, and shows no credentials. */
static void check_refused(socks *proxy, const char *scheme, const char *reason) {
  rq_error *e = NULL;
  start(proxy);
  CHECK(through(proxy, scheme, "http://site.test/", &e) == NULL);
  stop(proxy);
  CHECK_STR(rq_error_reason(e), reason);
  CHECK_STR(rq_error_exception(e), "ConnectionError");
  CHECK(!t_has(rq_error_message(e), "sesame"));
  CHECK(rq_error_answer_body(e, NULL) == NULL); /* that is for HTTP */
  CHECK_CODE(e, RQ_ERR_SOCKS);
  CHECK_STR(proxy->request, "");
}

static void refused_credentials(void) {
  socks proxy = {.method = NAME_AND_PASSWORD, .refuses = 1};
  check_refused(&proxy, "socks5h://ann:sesame@", "authentication");
  socks strict = {.method = NOTHING_FITS};
  check_refused(&strict, "socks5h://", "authentication");
}

static void each_refusal_has_its_word(void) {
  static const char *const words[] = {"general_failure",     "refused",
                                      "network_unreachable", "host_unreachable",
                                      "connection_refused",  "ttl_expired",
                                      "command_not_supported", "address_not_supported"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    socks proxy = {.method = NO_CREDENTIALS, .reply = (unsigned char)(i + 1)};
    check_refused(&proxy, "socks5h://", words[i]);
  }
}

static void a_proxy_that_cannot_be_reached(void) {
  socks nobody = {0};
  rq_error *e = NULL;
  snprintf(nobody.url, sizeof nobody.url, "%s", t_env("RQ_TEST_REFUSED") + strlen("http://"));
  CHECK(through(&nobody, "socks5h://", "http://site.test/", &e) == NULL);
  CHECK_STR(rq_error_reason(e), "unreachable");
  CHECK(rq_error_errno(e) != 0);
  CHECK_CODE(e, RQ_ERR_SOCKS);
}

int main(void) {
  RUN(the_proxy_looks_names_up);
  RUN(or_librq_does);
  RUN(credentials_are_told);
  RUN(refused_credentials);
  RUN(each_refusal_has_its_word);
  RUN(a_proxy_that_cannot_be_reached);
  DONE();
}
