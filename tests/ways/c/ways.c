/*
 * Every way out of this machine, in C: directly and through each kind of proxy, over http and over
 * https, a small and a large download, a large upload in chunks, and connections that are kept. The
 * peers are real; rig starts them and tells where they are:
 *
 *   rig ways
 *
 * A line for each check that failed, then "N passed, N failed"; exit code 1 if any did. ways.go and
 * ways.mjs check the same. What is refused, and why, is checked in Rust (tests/ways/main.rs).
 */
#include <rq.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PERIOD = 251, PIECE = 256 * 1024 };

typedef struct {
  const char *name;
  const char *proxy; /* the variable that has its URL; NULL: no proxy */
  bool forwards;     /* it takes http:// requests itself, so that the server is not our peer */
  bool ends;         /* it ends the connection with each answer that it forwards */
} way;

static const way ways[] = {
    {"no proxy", NULL, false, false},
    {"squid", "RQ_WAY_PROXY_SQUID", true, false},
    {"tinyproxy", "RQ_WAY_PROXY_TINYPROXY", true, true},
    {"squid behind TLS", "RQ_WAY_PROXY_STUNNEL", true, false},
    {"dante, socks4", "RQ_WAY_PROXY_SOCKS4_DANTE", false, false},
    {"Twisted, socks4a", "RQ_WAY_PROXY_SOCKS4A_TWISTED", false, false},
    {"dante, socks5", "RQ_WAY_PROXY_SOCKS5_DANTE", false, false},
    {"dante, socks5h", "RQ_WAY_PROXY_SOCKS5H_DANTE", false, false},
    {"dante, socks5h, password", "RQ_WAY_PROXY_SOCKS5H_DANTE_USER", false, false},
    {"microsocks, socks5", "RQ_WAY_PROXY_SOCKS5_MICROSOCKS", false, false},
    {"microsocks, socks5, password", "RQ_WAY_PROXY_SOCKS5_MICROSOCKS_USER", false, false},
    {"microsocks, socks5h, password", "RQ_WAY_PROXY_SOCKS5H_MICROSOCKS_USER", false, false},
};

static int passed, failed;
/* Whole periods and one more, so that a piece can start anywhere in one. */
static unsigned char pattern[PIECE + PERIOD];
static unsigned char piece[PIECE];

/* What is checked now: the way, its session, the origin. */
typedef struct {
  const char *scheme;
  const way *way;
  const char *origin;
  rq_session *session;
} trial;

static const char *env(const char *name) {
  const char *value = getenv(name);
  if (value) return value;
  fprintf(stderr, "%s is not set: run this program under rig\n", name);
  exit(2);
}

/* Counts a check. Takes the error, if there is one: it is why the check failed. */
__attribute__((format(printf, 5, 6)))
static void check(const trial *t, const char *what, bool ok, rq_error *e, const char *format, ...) {
  if (ok && !e) {
    passed++;
    return;
  }
  failed++;
  printf("FAILED %s, %s: %s: ", t->scheme, t->way->name, what);
  if (e) {
    printf("%s: %s", rq_code_name(rq_error_code(e)), rq_error_message(e));
  } else {
    va_list values;
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
  }
  printf("\n");
  rq_error_free(e);
}

static const char *url(const trial *t, const char *path) {
  static char text[512];
  snprintf(text, sizeof text, "%s%s", t->origin, path);
  return text;
}

/* GETs the small file: which of the server's connections it came over, 0 if it did not. */
static long get_small(const trial *t, bool *reused, rq_error **e) {
  size_t length = 0;
  rq_response *response = rq_get(t->session, url(t, "/small"), e);
  const char *body = rq_body_bytes(response, &length, e);
  const char *number = rq_response_header(response, "X-Connection");
  bool whole = rq_response_status(response) == 200 && body && strcmp(body, "small") == 0;
  long connection = whole && number ? atol(number) : 0;
  *reused = rq_response_reused(response);
  rq_response_free(response);
  return connection;
}

static void small_and_kept(const trial *t) {
  bool reused_first, reused_second;
  rq_error *e = NULL;
  long first = get_small(t, &reused_first, &e);
  check(t, "small", first && !reused_first, e, "connection %ld, reused: %d", first, reused_first);
  e = NULL;
  long second = get_small(t, &reused_second, &e);
  bool forwarded = t->way->forwards && strcmp(t->scheme, "http") == 0;
  bool ends = t->way->ends && forwarded;
  bool ok = reused_second == !ends && second && (forwarded || first == second);
  check(t, "kept", ok, e, "connection %ld, then %ld, reused: %d", first, second, reused_second);
}

static void large(const trial *t) {
  rq_error *e = NULL;
  long long total = 0, want = atoll(env("RQ_WAY_LARGE_BYTES")), wrong = -1;
  rq_response *response = rq_get(t->session, url(t, "/large"), &e);
  int status = rq_response_status(response);
  int64_t count;
  while ((count = rq_body_read(response, piece, sizeof piece, &e)) > 0) {
    if (wrong < 0 && memcmp(piece, pattern + total % PERIOD, (size_t)count) != 0) wrong = total;
    total += count;
  }
  rq_response_free(response);
  check(t, "large", status == 200 && total == want && wrong < 0, e,
        "%d, %lld bytes of %lld, wrong after %lld", status, total, want, wrong);
}

typedef struct {
  long long at, end;
} source;

static int64_t give(void *context, void *buf, size_t cap, rq_error **error) {
  (void)error;
  source *from = context;
  size_t count = cap < PIECE ? cap : PIECE;
  if (from->end - from->at < (long long)count) count = (size_t)(from->end - from->at);
  memcpy(buf, pattern + from->at % PERIOD, count);
  from->at += (long long)count;
  return (int64_t)count;
}

static void upload(const trial *t) {
  rq_error *e = NULL;
  char want[256];
  source from = {0, atoll(env("RQ_WAY_LARGE_BYTES"))};
  snprintf(want, sizeof want, "{\"bytes\": %lld, \"sha256\": \"%s\"}", from.end,
           env("RQ_WAY_LARGE_SHA256"));
  rq_request *request = rq_request_new("POST", url(t, "/upload"), &e);
  rq_request_body_callback(request, give, NULL, &from, NULL, -1, &e);
  rq_response *response = rq_perform(t->session, request, NULL, &e);
  size_t length = 0;
  const char *said = rq_body_bytes(response, &length, &e);
  check(t, "upload", said && strcmp(said, want) == 0, e, "%d: %s", rq_response_status(response),
        said ? said : "nothing");
  rq_response_free(response);
  rq_request_free(request);
}

/* A session that goes this way, and sees nothing of the environment. */
static rq_session *session_for(const way *way, rq_error **e) {
  rq_session *session = rq_session_new(e);
  rq_opts *opts = rq_session_opts(session);
  rq_opts_trust_env(opts, false, e);
  rq_opts_ca_file(opts, env("RQ_WAY_CA_FILE"), e);
  if (way->proxy) rq_opts_proxy(opts, "all", env(way->proxy), e);
  return session;
}

static void go(const way *way, const char *scheme, const char *origin) {
  rq_error *e = NULL;
  trial t = {scheme, way, env(origin), NULL};
  if (way->proxy && *env(way->proxy) == '\0') {
    printf("note: %s, %s: did not run, this proxy needs root\n", scheme, way->name);
    return;
  }
  t.session = session_for(way, &e);
  if (e) check(&t, "session", false, e, "none");
  small_and_kept(&t);
  large(&t);
  upload(&t);
  rq_session_free(t.session);
}

/* The server that asks who comes, this way: it is told, and without a certificate it is not. */
static void known(const way *way) {
  rq_error *e = NULL;
  trial t = {"https", way, env("RQ_WAY_MTLS"), NULL};
  size_t length = 0;
  if (way->proxy && *env(way->proxy) == '\0') return;
  t.session = session_for(way, &e);
  rq_opts *opts = rq_session_opts(t.session);
  rq_opts_cert(opts, env("RQ_WAY_CLIENT_CERT"), env("RQ_WAY_CLIENT_KEY"), NULL, &e);
  rq_response *response = rq_get(t.session, url(&t, "/whoami"), &e);
  const char *said = rq_body_text(response, &length, &e);
  check(&t, "client certificate", said && strstr(said, "CN=rig client"), e, "%d: %s",
        rq_response_status(response), said ? said : "nothing");
  rq_response_free(response);
  e = NULL;
  rq_opts_cert(opts, NULL, NULL, NULL, &e);
  response = rq_get(t.session, url(&t, "/whoami"), &e);
  int status = rq_response_status(response);
  check(&t, "no client certificate", status == 400, e, "%d", status);
  rq_response_free(response);
  rq_session_free(t.session);
}

int main(void) {
  for (size_t at = 0; at < sizeof pattern; at++) pattern[at] = (unsigned char)(at % PERIOD);
  for (size_t at = 0; at < sizeof ways / sizeof *ways; at++) {
    go(&ways[at], "http", "RQ_WAY_HTTP");
    go(&ways[at], "https", "RQ_WAY_HTTPS");
    known(&ways[at]);
  }
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
