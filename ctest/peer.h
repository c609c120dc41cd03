/* peer.h: an HTTP server in this process, for replies that testd does not give. A function of the
 * test's answers each request; or a script does, the n-th request getting its n-th reply, and what
 * was received is kept. It understands of HTTP no more than where a request ends. */
#ifndef PEER_H
#define PEER_H

#include "t.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PEER_CONNECTIONS_MAX = 128, PEER_REQUESTS_MAX = 64, PEER_REQUEST_MAX = 1 << 16 };

typedef struct {
  const void *bytes;
  size_t len; /* 0: the connection is closed in place of a reply */
} peer_reply;

#define SAYS(text) {(text), sizeof(text) - 1}
#define OK_WITH(fields, body) SAYS("HTTP/1.1 200 OK\r\nConnection: close\r\n" fields "\r\n" body)

typedef struct peer peer;

/* The reply to `request`, a text; `scratch` has room to word it in, PEER_REQUEST_MAX bytes. */
typedef peer_reply (*peer_answer_fn)(peer *this, const char *request, char *scratch);

typedef struct {
  peer *of;
  int fd;
  pthread_t thread;
} peer_connection;

struct peer {
  char url[64]; /* "http://127.0.0.1:PORT" */
  peer_answer_fn answer;
  int listener;
  pthread_t accepting;
  pthread_mutex_t lock;
  int connections; /* how many have come */
  peer_connection all[PEER_CONNECTIONS_MAX];
  const peer_reply *script;
  int replies, requests;
  char *received[PEER_REQUESTS_MAX];
};

static inline bool peer_is_whole(const char *request, size_t len) {
  const char *head_end = strstr(request, "\r\n\r\n");
  if (!head_end) return false;
  if (strstr(request, "\r\nTransfer-Encoding: chunked\r\n")) {
    return strstr(head_end, "\r\n0\r\n\r\n") != NULL;
  }
  const char *length = strstr(request, "\r\nContent-Length: ");
  return !length || len - (size_t)(head_end + 4 - request) >= strtoul(length + 18, NULL, 10);
}

static inline bool peer_send(int fd, peer_reply reply) {
  const char *at = reply.bytes;
  for (size_t left = reply.len; left > 0;) {
    ssize_t sent = send(fd, at, left, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    at += sent;
    left -= (size_t)sent;
  }
  return reply.len > 0;
}

/* Answers what has come; false if the connection is over. */
static inline bool peer_respond(peer_connection *this, const char *request, char *scratch) {
  peer_reply reply = this->of->answer(this->of, request, scratch);
  return peer_send(this->fd, reply) && !memmem(reply.bytes, reply.len, "Connection: close", 17);
}

/* One request and its reply; false if the connection is over. A request that waits for leave to
 * send its body is answered twice if it gets leave, else once. */
static inline bool peer_exchange(peer_connection *this, char *request, char *scratch) {
  size_t len = 0;
  bool asked = false;
  while (!peer_is_whole(request, len)) {
    request[len] = '\0';
    if (!asked && strstr(request, "\r\n\r\n") && strstr(request, "\r\nExpect: 100-continue\r\n")) {
      asked = true;
      if (!peer_respond(this, request, scratch) || memcmp(scratch, "go on", 6) != 0) return false;
    }
    ssize_t got = recv(this->fd, request + len, PEER_REQUEST_MAX - 1 - len, 0);
    if (got <= 0) return false;
    len += (size_t)got;
    request[len] = '\0';
  }
  return peer_respond(this, request, scratch);
}

static inline void *peer_serve(void *data) {
  peer_connection *this = data;
  char *request = malloc(PEER_REQUEST_MAX), *scratch = malloc(PEER_REQUEST_MAX);
  do request[0] = scratch[0] = '\0';
  while (peer_exchange(this, request, scratch));
  shutdown(this->fd, SHUT_RDWR);
  free(request);
  free(scratch);
  return NULL;
}

static inline void *peer_accept(void *data) {
  peer *this = data;
  int fd;
  while ((fd = accept(this->listener, NULL, NULL)) >= 0) {
    pthread_mutex_lock(&this->lock);
    peer_connection *next = &this->all[this->connections % PEER_CONNECTIONS_MAX];
    bool full = this->connections++ >= PEER_CONNECTIONS_MAX;
    if (!full) {
      *next = (peer_connection){.of = this, .fd = fd};
      pthread_create(&next->thread, NULL, peer_serve, next);
    }
    pthread_mutex_unlock(&this->lock);
    if (full) close(fd);
  }
  return NULL;
}

static inline void peer_listen(peer *this, peer_answer_fn answer, const struct sockaddr *address,
                               socklen_t len) {
  memset(this, 0, sizeof *this);
  pthread_mutex_init(&this->lock, NULL);
  this->answer = answer;
  this->listener = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK_INT(bind(this->listener, address, len), 0);
  CHECK_INT(listen(this->listener, 128), 0);
  CHECK_INT(pthread_create(&this->accepting, NULL, peer_accept, this), 0);
}

static inline void peer_start(peer *this, peer_answer_fn answer) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t len = sizeof address;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  peer_listen(this, answer, (const struct sockaddr *)&address, len);
  CHECK_INT(getsockname(this->listener, (struct sockaddr *)&address, &len), 0);
  snprintf(this->url, sizeof this->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
}

/* At a unix domain socket, which the test removes; `url` stays empty. */
static inline void peer_start_at(peer *this, peer_answer_fn answer, const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  CHECK(strlen(path) < sizeof address.sun_path);
  memcpy(address.sun_path, path, strlen(path));
  peer_listen(this, answer, (const struct sockaddr *)&address, sizeof address);
}

static inline void peer_stop(peer *this) {
  shutdown(this->listener, SHUT_RDWR);
  pthread_join(this->accepting, NULL);
  close(this->listener);
  for (int i = 0; i < this->connections && i < PEER_CONNECTIONS_MAX; i++) {
    shutdown(this->all[i].fd, SHUT_RDWR);
    pthread_join(this->all[i].thread, NULL);
    close(this->all[i].fd);
  }
  for (int i = 0; i < PEER_REQUESTS_MAX; i++) free(this->received[i]);
  pthread_mutex_destroy(&this->lock);
}

/* The next reply of the script; beyond its end the connection is closed. */
static inline peer_reply peer_next(peer *this, const char *request, char *scratch) {
  pthread_mutex_lock(&this->lock);
  int number = this->requests++;
  if (number < PEER_REQUESTS_MAX) this->received[number] = strdup(request);
  peer_reply reply = number < this->replies ? this->script[number] : (peer_reply){"", 0};
  pthread_mutex_unlock(&this->lock);
  if (reply.len > 12 && memcmp(reply.bytes, "HTTP/1.1 100", 12) == 0) memcpy(scratch, "go on", 6);
  return reply;
}

static inline void peer_script(peer *this, const peer_reply *script, int replies) {
  peer_start(this, peer_next);
  pthread_mutex_lock(&this->lock);
  this->script = script;
  this->replies = replies;
  pthread_mutex_unlock(&this->lock);
}

#define PEER_SCRIPT(this, script) peer_script((this), (script), sizeof(script) / sizeof(script)[0])

static inline int peer_requests(peer *this) {
  pthread_mutex_lock(&this->lock);
  int requests = this->requests;
  pthread_mutex_unlock(&this->lock);
  return requests;
}

/* The n-th request that came, from 0, as text; NULL if there was none. */
static inline const char *peer_received(peer *this, int n) {
  return n < peer_requests(this) && n < PEER_REQUESTS_MAX ? this->received[n] : NULL;
}

/* A URL on this server; good for the thread's next seven calls. */
static inline const char *peer_at(const peer *this, const char *path) {
  static _Thread_local char urls[8][512];
  static _Thread_local unsigned next;
  char *url = urls[next++ % 8];
  snprintf(url, sizeof urls[0], "%s%s", this->url, path);
  return url;
}

#endif
