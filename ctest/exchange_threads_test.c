/* 32 threads share one session for 100,000 requests with redirects and cookies: nothing is lost,
 * leaked or mixed up. Each response's body, URL, history and cookies name its thread and number. */
#include "peer.h"

#include <dirent.h>

enum { THREADS = 32, REQUESTS = 100000, REDIRECTS_MAX = 2 };

static long answered; /* requests that the server has seen */

/* /THREAD/NUMBER/LEFT: a redirect to LEFT - 1, or at 0 the answer, which tells the thread's own
 * cookie; each sets that cookie anew. */
static peer_reply answer(peer *this, const char *request, char *scratch) {
  int thread = 0, number = 0, left = 0, len = 0;
  char cookie[32], body[96];
  (void)this;
  __atomic_fetch_add(&answered, 1, __ATOMIC_RELAXED);
  if (sscanf(request, "GET /%d/%d/%d ", &thread, &number, &left) != 3) return (peer_reply){"", 0};
  int prefix = snprintf(cookie, sizeof cookie, " t%d=", thread);
  const char *header = strstr(request, "\r\nCookie:");
  const char *own = header ? strstr(header, cookie) : NULL;
  int own_len = own ? (int)strcspn(own + prefix, ";\r") : 0;
  int body_len = snprintf(body, sizeof body, "thread %d number %d cookie %.*s", thread, number,
                          own_len, own ? own + prefix : "");
  if (left > 0) {
    len = snprintf(scratch, 256, "HTTP/1.1 302 Found\r\nLocation: /%d/%d/%d\r\n", thread, number,
                   left - 1);
  } else {
    len = snprintf(scratch, 256, "HTTP/1.1 200 OK\r\n");
  }
  len += snprintf(scratch + len, 512, "Set-Cookie: t%d=%d.%d; Path=/\r\n", thread, number, left);
  len += snprintf(scratch + len, 512, "Content-Length: %d\r\n\r\n%s", body_len, body);
  return (peer_reply){scratch, (size_t)len};
}

typedef struct {
  rq_session *session;
  const peer *server;
  int number, requests; /* how many of them this thread makes */
  char last[32];        /* the cookie that the server set last */
} worker;

/* What the server said to this hop, and its URL, cookie and request. */
static void check_hop(worker *this, rq_response *hop, int number, int left, rq_error **error) {
  char path[48], want[96];
  size_t len = 0;
  const char *name = NULL, *value = NULL;
  snprintf(path, sizeof path, "/%d/%d/%d", this->number, number, left);
  CHECK_STR(rq_response_url(hop), peer_at(this->server, path));
  CHECK_STR(rq_prepared_url(rq_response_request(hop)), peer_at(this->server, path));
  snprintf(want, sizeof want, "thread %d number %d cookie %s", this->number, number, this->last);
  CHECK_STR(rq_body_bytes(hop, &len, error), want);
  rq_cookie_list *list = rq_cookies_list(rq_response_cookies(hop), error);
  snprintf(want, sizeof want, "t%d", this->number);
  snprintf(this->last, sizeof this->last, "%d.%d", number, left);
  CHECK(rq_cookie_list_at(list, 0, &name, &value, NULL, NULL));
  CHECK_STR(name, want);
  CHECK_STR(value, this->last);
  rq_cookie_list_free(list);
}

static void *work(void *data) {
  worker *this = data;
  rq_error *e = NULL;
  for (int number = 0, made = 0; made < this->requests && !e; number++) {
    char path[48];
    int redirects = number % (REDIRECTS_MAX + 1);
    if (redirects >= this->requests - made) redirects = this->requests - made - 1;
    snprintf(path, sizeof path, "/%d/%d/%d", this->number, number, redirects);
    rq_response *response = rq_get(this->session, peer_at(this->server, path), &e);
    CHECK_INT(rq_response_history_count(response), redirects);
    for (int hop = 0; hop < redirects; hop++) {
      rq_response *lent = rq_response_history_at(response, (size_t)hop);
      check_hop(this, lent, number, redirects - hop, &e);
    }
    check_hop(this, response, number, 0, &e);
    rq_response_free(response);
    made += redirects + 1;
  }
  CHECK_CODE(e, RQ_OK);
  return NULL;
}

/* Files and sockets that this process has open. */
static int descriptors(void) {
  int open = 0;
  DIR *all = opendir("/proc/self/fd");
  while (all && readdir(all)) open++;
  if (all) closedir(all);
  return open;
}

static size_t cookies_of(const rq_session *session) {
  size_t count = 0;
  rq_cookie_list *list = rq_cookies_list(rq_session_cookies(session), NULL);
  while (rq_cookie_list_at(list, count, NULL, NULL, NULL, NULL)) count++;
  rq_cookie_list_free(list);
  return count;
}

static void nothing_is_lost_leaked_or_mixed_up(void) {
  static worker workers[THREADS];
  static peer server;
  pthread_t threads[THREADS];
  int each = REQUESTS / THREADS / t_slowness();
  rq_error *e = NULL;
  int before = descriptors();
  peer_start(&server, answer);
  rq_session *session = rq_session_new(&e);
  rq_opts_pool(rq_session_opts(session), THREADS, THREADS, 0, &e);
  CHECK_CODE(e, RQ_OK);
  for (int i = 0; i < THREADS; i++) {
    workers[i] = (worker){session, &server, i, each, ""};
    CHECK_INT(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  CHECK_INT(answered, (long)each * THREADS); /* none was sent twice either */
  CHECK(server.connections >= 1 && server.connections <= THREADS);
  CHECK_INT(cookies_of(session), THREADS);
  CHECK(descriptors() <= before + 1 + 2 * THREADS); /* a listener, and both ends of each */
  rq_session_free(session);
  peer_stop(&server);
  CHECK_INT(descriptors(), before);
}

int main(void) {
  RUN(nothing_is_lost_leaked_or_mixed_up);
  DONE();
}
