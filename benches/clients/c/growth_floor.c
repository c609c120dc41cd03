/*
 * Bare sockets beside growth.c: round robin over many connections, or the first of many. What grows
 * here is the kernel's, and the memory's.
 *
 *   growth_floor hosts|idle HOW_MANY REQUESTS PORT
 */
#include "bench.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>

static const char request[] = "GET /100 HTTP/1.1\r\nHost: h.test\r\nAccept: */*\r\n\r\n";
enum { BODY_BYTES = 100 };

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int dial(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(fd, (struct sockaddr *)&to, sizeof to)) die("connect");
  return fd;
}

/* The bytes of the body of one answer. */
static unsigned long long get(int fd) {
  char buffer[4096];
  size_t got = 0, head = 0;
  if (write(fd, request, sizeof request - 1) != (ssize_t)sizeof request - 1) die("write");
  do {
    ssize_t count = read(fd, buffer + got, sizeof buffer - 1 - got);
    if (count <= 0) die("read");
    got += (size_t)count;
    buffer[got] = 0;
    char *end = head ? NULL : strstr(buffer, "\r\n\r\n");
    if (end) head = (size_t)(end + 4 - buffer);
  } while (!head || got < head + BODY_BYTES);
  return got - head;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  long many = atol(argv[2]), requests = atol(argv[3]), used = is(argv[1], "hosts") ? many : 1;
  int *fds = calloc((size_t)many, sizeof *fds);
  unsigned long long bytes = 0;
  for (long i = 0; i < many; i++) {
    fds[i] = dial(atoi(argv[4]));
    get(fds[i]);
  }
  instant began = now();
  for (long i = 0; i < requests; i++) bytes += get(fds[i % used]);
  report(began, requests, bytes, 0);
  free(fds);
  return 0;
}
