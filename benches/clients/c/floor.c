/*
 * The floor: raw sockets, and bare OpenSSL for https. One write a request, reads until the known
 * length of the answer is complete; no pool, no parser, a connection for each thread. It leaves out
 * what a client has to do; what it costs is what the kernel and the cryptography cost.
 */
#include "bench.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <zlib.h>

typedef struct {
  int fd;
  SSL *ssl;
} connection;

typedef unsigned long long bytes_t;

static SSL_CTX *context;
static SSL_SESSION *ticket;
static int port;
static char host[256], path[1024], request[2048];

static void die(const char *what) {
  perror(what);
  exit(1);
}

/* Tickets come on every thread; only the one thread that resumes looks at them. */
static int keep_ticket(SSL *ssl, SSL_SESSION *session) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  (void)ssl;
  pthread_mutex_lock(&lock);
  if (ticket) SSL_SESSION_free(ticket);
  ticket = session;
  pthread_mutex_unlock(&lock);
  return 1;
}

static void parse(const char *url, const char *ca) {
  int tls = !strncmp(url, "https", 5);
  strcpy(path, "/");
  if (sscanf(url + (tls ? 8 : 7), "%255[^:]:%d%1023s", host, &port, path) < 2) die(url);
  if (!tls || context) return;
  context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
  if (SSL_CTX_load_verify_locations(context, ca, NULL) != 1) die("BENCH_CA");
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, keep_ticket);
}

static connection dial(int resume) {
  connection c = {socket(AF_INET, SOCK_STREAM, 0), NULL};
  int one = 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(c.fd, (struct sockaddr *)&to, sizeof to)) die("connect");
  if (!context) return c;
  c.ssl = SSL_new(context);
  SSL_set_fd(c.ssl, c.fd);
  SSL_set_tlsext_host_name(c.ssl, host);
  SSL_set1_host(c.ssl, host);
  if (resume && ticket) SSL_set_session(c.ssl, ticket);
  if (SSL_connect(c.ssl) != 1) die("handshake");
  return c;
}

/* Marked as shut down, or OpenSSL would call the ticket unusable. */
static void hang_up(connection c) {
  if (c.ssl) {
    SSL_set_shutdown(c.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(c.ssl);
  }
  close(c.fd);
}

static ssize_t receive(connection c, void *into, size_t room) {
  return c.ssl ? SSL_read(c.ssl, into, (int)room) : read(c.fd, into, room);
}

static void deliver(connection c, const void *from, size_t count) {
  const char *at = from;
  while (count) {
    ssize_t sent = c.ssl ? SSL_write(c.ssl, at, (int)count) : write(c.fd, at, count);
    if (sent <= 0) die("write");
    at += sent;
    count -= (size_t)sent;
  }
}

/* Decodes a piece of a gzip body: how many bytes came out. */
static bytes_t inflated(z_stream *z, char *from, size_t count) {
  static __thread unsigned char out[BLOCK_BYTES];
  bytes_t decoded = 0;
  int result = Z_OK;
  z->next_in = (void *)from;
  z->avail_in = (uInt)count;
  while (z->avail_in && result != Z_STREAM_END) {
    z->next_out = out;
    z->avail_out = sizeof out;
    result = inflate(z, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) die("inflate");
    decoded += sizeof out - z->avail_out;
  }
  return decoded;
}

/* What is known of the answers of one URL: filled in by the first, which has it in its head. */
typedef struct {
  bytes_t head, whole;
} shape;

/* Reads one answer; `buffer` has room for a byte beyond a block. Returns the bytes of its body. */
static bytes_t answer(connection c, char *buffer, shape *known, z_stream *z) {
  bytes_t got = 0, decoded = 0;
  do {
    ssize_t count = receive(c, buffer, BLOCK_BYTES);
    if (count <= 0) die("read");
    if (!known->whole) {
      buffer[count] = 0;
      char *end = strstr(buffer, "\r\n\r\n"), *length = strcasestr(buffer, "\r\ncontent-length:");
      if (!end || !length) die("head");
      known->head = (bytes_t)(end + 4 - buffer);
      known->whole = known->head + strtoull(length + 17, NULL, 10);
    }
    size_t skip = got ? 0 : (size_t)known->head;
    if (z) decoded += inflated(z, buffer + skip, (size_t)count - skip);
    got += (bytes_t)count;
  } while (got < known->whole);
  return z ? decoded : known->whole - known->head;
}

/* The sink's answer is the number of bytes that it has read. */
static bytes_t told(connection c, char *buffer) {
  shape once = {0};
  answer(c, buffer, &once, NULL);
  return strtoull(strstr(buffer, "\r\n\r\n") + 4, NULL, 10);
}

static size_t head(const char *method, const char *more) {
  return (size_t)snprintf(request, sizeof request,
                          "%s %s HTTP/1.1\r\nHost: %s:%d\r\nAccept: */*\r\nUser-Agent: bench\r\n%s"
                          "\r\n",
                          method, path, host, port, more);
}

static size_t head_of_length(const char *method, const char *more, bytes_t length) {
  char fields[256];
  snprintf(fields, sizeof fields, "%sContent-Length: %llu\r\n", more, length);
  return head(method, fields);
}

static void deliver_file(connection c, const char *name, char *buffer) {
  int fd = open(name, O_RDONLY);
  ssize_t count;
  if (fd < 0) die(name);
  while ((count = read(fd, buffer, BLOCK_BYTES)) > 0) deliver(c, buffer, (size_t)count);
  close(fd);
}

static bytes_t size_of(const char *name) {
  struct stat status;
  if (stat(name, &status)) die(name);
  return (bytes_t)status.st_size;
}

typedef struct {
  long count;
  size_t length;
  int coded;
  bytes_t bytes;
  pthread_t thread;
} job;

static void *gets_of(void *given) {
  job *j = given;
  shape known = {0};
  char *buffer = malloc(BLOCK_BYTES + 1);
  connection c = dial(0);
  for (long i = 0; i < j->count; i++) {
    z_stream z = {0};
    if (j->coded) inflateInit2(&z, 31);
    deliver(c, request, j->length);
    j->bytes += answer(c, buffer, &known, j->coded ? &z : NULL);
    if (j->coded) inflateEnd(&z);
  }
  hang_up(c);
  free(buffer);
  return NULL;
}

static bytes_t get(const arguments *a, int coded) {
  job jobs[THREADS_MAX];
  bytes_t total = 0;
  size_t length = head("GET", coded ? "Accept-Encoding: gzip\r\n" : "");
  for (int i = 0; i < a->threads; i++) jobs[i] = (job){a->count / a->threads, length, coded, 0, 0};
  if (a->threads == 1) gets_of(&jobs[0]);
  for (int i = 0; i < a->threads && a->threads > 1; i++)
    if (pthread_create(&jobs[i].thread, NULL, gets_of, &jobs[i])) die("pthread_create");
  for (int i = 0; i < a->threads; i++) {
    if (a->threads > 1) pthread_join(jobs[i].thread, NULL);
    total += jobs[i].bytes;
  }
  return total;
}

static bytes_t get_on_new_connections(const arguments *a, char *buffer) {
  shape known = {0};
  bytes_t total = 0;
  size_t length = head("GET", "Connection: close\r\n");
  for (long i = 0; i < a->count; i++) {
    connection c = dial(1);
    deliver(c, request, length);
    total += answer(c, buffer, &known, NULL);
    hang_up(c);
  }
  return total;
}

static bytes_t hold_idle(const arguments *a, char *buffer, double *idle_kib) {
  shape known = {0};
  bytes_t total = 0;
  connection *all = calloc((size_t)a->count, sizeof *all);
  size_t length = head("GET", "");
  long before = resident_kib();
  for (long i = 0; i < a->count; i++) {
    all[i] = dial(0);
    deliver(all[i], request, length);
    total += answer(all[i], buffer, &known, NULL);
  }
  *idle_kib = (double)(resident_kib() - before) / (double)a->count;
  free(all);
  return total;
}

static bytes_t put(const arguments *a, char *buffer) {
  bytes_t total = 0;
  connection c = dial(0);
  for (long i = 0; i < a->count; i++) {
    deliver(c, request, head_of_length("PUT", "", size_of(a->files[0])));
    deliver_file(c, a->files[0], buffer);
    total += told(c, buffer);
  }
  hang_up(c);
  return total;
}

/* On plain connections the framing and the block go out in one writev, unless it is cut short. */
static void deliver_chunk(connection c, char *framed) {
  struct iovec pieces[] = {{framed, 7}, {framed + 7, BLOCK_BYTES}, {framed + 7 + BLOCK_BYTES, 2}};
  size_t whole = 7 + BLOCK_BYTES + 2, sent = 0;
  if (!c.ssl) {
    ssize_t count = writev(c.fd, pieces, 3);
    if (count < 0) die("writev");
    sent = (size_t)count;
  }
  deliver(c, framed + sent, whole - sent);
}

static bytes_t put_chunked(const arguments *a, char *buffer) {
  connection c = dial(0);
  char *framed = malloc(7 + BLOCK_BYTES + 2);
  deliver(c, request, head("PUT", "Transfer-Encoding: chunked\r\n"));
  memcpy(framed, "10000\r\n", 7);
  memcpy(framed + 7 + BLOCK_BYTES, "\r\n", 2);
  for (long i = 0; i < a->count; i++) {
    memset(framed + 7, (int)('a' + i % 26), BLOCK_BYTES);
    deliver_chunk(c, framed);
  }
  deliver(c, "0\r\n\r\n", 5);
  free(framed);
  bytes_t total = told(c, buffer);
  hang_up(c);
  return total;
}

static int part_head(char *into, size_t room, int index) {
  return snprintf(into, room,
                  "--benchbenchbench\r\nContent-Disposition: form-data; name=\"f%d\"; "
                  "filename=\"f%d.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n",
                  index, index);
}

static bytes_t post_multipart(const arguments *a, char *buffer) {
  static const char last[] = "--benchbenchbench--\r\n";
  char part[512];
  bytes_t length = sizeof last - 1;
  for (int i = 0; a->files[i]; i++)
    length += (bytes_t)part_head(part, sizeof part, i) + size_of(a->files[i]) + 2;
  connection c = dial(0);
  const char *type = "Content-Type: multipart/form-data; boundary=benchbenchbench\r\n";
  deliver(c, request, head_of_length("POST", type, length));
  for (int i = 0; a->files[i]; i++) {
    deliver(c, part, (size_t)part_head(part, sizeof part, i));
    deliver_file(c, a->files[i], buffer);
    deliver(c, "\r\n", 2);
  }
  deliver(c, last, sizeof last - 1);
  bytes_t total = told(c, buffer);
  hang_up(c);
  return total;
}

int main(int argc, char **argv) {
  arguments a = read_arguments(argc, argv);
  char *buffer = malloc(BLOCK_BYTES + 1);
  double idle_kib = 0;
  bytes_t bytes = 0;
  if (a.warm) {
    shape once = {0};
    parse(a.warm, a.ca);
    connection c = dial(0);
    deliver(c, request, head("GET", ""));
    answer(c, buffer, &once, NULL);
    hang_up(c);
  }
  parse(a.url, a.ca);
  instant began = now();
  if (is(a.mode, "get") || is(a.mode, "gzip")) bytes = get(&a, is(a.mode, "gzip"));
  else if (is(a.mode, "new")) bytes = get_on_new_connections(&a, buffer);
  else if (is(a.mode, "idle")) bytes = hold_idle(&a, buffer, &idle_kib);
  else if (is(a.mode, "put")) bytes = put(&a, buffer);
  else if (is(a.mode, "chunked")) bytes = put_chunked(&a, buffer);
  else if (is(a.mode, "mime")) bytes = post_multipart(&a, buffer);
  else return 2;
  report(began, a.count, bytes, idle_kib);
  free(buffer);
  return 0;
}
