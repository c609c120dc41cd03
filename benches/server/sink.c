/*
 * Reads every upload to its end, then answers with the number of body bytes that it has read: 20
 * characters. nginx's own `return 200` answers before the body has arrived and throws it away in
 * 4 KiB reads, which would measure the server. A thread a connection, blocking reads.
 *
 *   sink PORT [CERTIFICATE KEY]
 *
 * GET of anything answers 100 bytes. Leaves out whatever the clients here do not send.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_BYTES = 256 * 1024, LINE_BYTES = 8192, BACKLOG = 1024 };

static SSL_CTX *context;

typedef struct {
  int fd;
  SSL *ssl;
  char *buffer;
  size_t at, end;
} connection;

typedef struct {
  unsigned long long length;
  int chunked, get, expects;
} request;

static int refill(connection *c) {
  c->at = 0;
  ssize_t count = c->ssl ? SSL_read(c->ssl, c->buffer, BUFFER_BYTES)
                         : read(c->fd, c->buffer, BUFFER_BYTES);
  c->end = count > 0 ? (size_t)count : 0;
  return count > 0;
}

static int say(connection *c, const char *text, size_t length) {
  ssize_t count = c->ssl ? SSL_write(c->ssl, text, (int)length) : write(c->fd, text, length);
  return count == (ssize_t)length;
}

/* A line without its end: its length, or -1 at the end of the connection. */
static int line_of(connection *c, char *line) {
  int length = 0;
  for (;;) {
    if (c->at == c->end && !refill(c)) return -1;
    char next = c->buffer[c->at++];
    if (next == '\n') {
      line[length] = 0;
      return length;
    }
    if (next != '\r' && length + 1 < LINE_BYTES) line[length++] = next;
  }
}

static int skip(connection *c, unsigned long long count) {
  while (count) {
    if (c->at == c->end && !refill(c)) return 0;
    size_t part = c->end - c->at;
    if (part > count) part = (size_t)count;
    c->at += part;
    count -= part;
  }
  return 1;
}

static int head_of(connection *c, request *r) {
  char line[LINE_BYTES];
  int length = line_of(c, line);
  *r = (request){.get = !strncmp(line, "GET ", 4)};
  if (length <= 0) return 0;
  while ((length = line_of(c, line)) > 0) {
    if (!strncasecmp(line, "content-length:", 15)) r->length = strtoull(line + 15, NULL, 10);
    if (!strncasecmp(line, "transfer-encoding:", 18)) r->chunked = !!strcasestr(line, "chunked");
    if (!strncasecmp(line, "expect:", 7)) r->expects = 1;
  }
  return length == 0;
}

static int chunks_of(connection *c, unsigned long long *got) {
  char line[LINE_BYTES];
  int length;
  for (;;) {
    if (line_of(c, line) < 0) return 0;
    unsigned long long count = strtoull(line, NULL, 16);
    if (!count) break;
    if (!skip(c, count) || line_of(c, line) != 0) return 0;
    *got += count;
  }
  while ((length = line_of(c, line)) > 0) continue;
  return length == 0;
}

static int exchange(connection *c) {
  request r;
  char answer[512];
  unsigned long long got = 0;
  if (!head_of(c, &r)) return 0;
  if (r.expects && !say(c, "HTTP/1.1 100 Continue\r\n\r\n", 25)) return 0;
  if (r.chunked ? !chunks_of(c, &got) : !skip(c, r.length)) return 0;
  if (!r.chunked) got = r.length;
  int room = r.get ? 100 : 20;
  int length = snprintf(answer, sizeof answer,
                        "HTTP/1.1 200 OK\r\nServer: sink\r\nContent-Type: text/plain\r\n"
                        "Content-Length: %d\r\n\r\n%-*llu",
                        room, room, got);
  return say(c, answer, (size_t)length);
}

static void *serve(void *given) {
  connection c = {.fd = (int)(long)given, .buffer = malloc(BUFFER_BYTES)};
  int one = 1;
  setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (context) {
    c.ssl = SSL_new(context);
    SSL_set_fd(c.ssl, c.fd);
  }
  if (!c.ssl || SSL_accept(c.ssl) > 0)
    while (exchange(&c)) continue;
  SSL_free(c.ssl);
  close(c.fd);
  free(c.buffer);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 2 && argc != 4) return 2;
  signal(SIGPIPE, SIG_IGN);
  if (argc == 4) {
    context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, BUFFER_BYTES);
    if (SSL_CTX_use_certificate_chain_file(context, argv[2]) != 1) return 1;
    if (SSL_CTX_use_PrivateKey_file(context, argv[3], SSL_FILETYPE_PEM) != 1) return 1;
  }
  int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, BACKLOG)) {
    perror("sink");
    return 1;
  }
  for (;;) {
    pthread_t thread;
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) continue;
    if (pthread_create(&thread, NULL, serve, (void *)(long)fd)) close(fd);
    else pthread_detach(thread);
  }
}
