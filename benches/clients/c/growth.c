/*
 * What a warm GET costs when the pool is full: round robin over many hosts, each with a kept
 * connection, or one host that has many idle connections. Prints the line of results of bench.h for
 * the requests in `measured` alone.
 *
 *   growth hosts|idle HOW_MANY REQUESTS PORT
 */
#include "bench.h"
#include <rq.h>

static void check(rq_error *e) {
  if (!e) return;
  fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  exit(1);
}

static unsigned long long drained(rq_response *response, rq_error **e) {
  static char buffer[BLOCK_BYTES];
  unsigned long long total = 0;
  int64_t count;
  while ((count = rq_body_read(response, buffer, sizeof buffer, e)) > 0)
    total += (unsigned long long)count;
  rq_response_free(response);
  check(*e);
  return total;
}

static void url_of(char *into, size_t room, long host, const char *port) {
  snprintf(into, room, "http://h%ld.test:%s/100", host, port);
}

/* By name, so that callgrind can be told to count here only. */
__attribute__((noinline)) static unsigned long long measured(rq_session *session, char **urls,
                                                             long hosts, long requests) {
  rq_error *e = NULL;
  unsigned long long total = 0;
  for (long i = 0; i < requests; i++) total += drained(rq_get(session, urls[i % hosts], &e), &e);
  return total;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int of_hosts = is(argv[1], "hosts");
  long many = atol(argv[2]), requests = atol(argv[3]), hosts = of_hosts ? many : 1;
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts *options = rq_session_opts(session);
  rq_opts_pool(options, (uint32_t)many + 1, (uint32_t)many + 1, 0, &e);
  rq_opts_header(options, "Accept-Encoding", NULL, &e);
  char **urls = calloc((size_t)hosts, sizeof *urls);
  for (long i = 0; i < hosts; i++) {
    char host[64];
    snprintf(host, sizeof host, "h%ld.test", i);
    rq_opts_resolve(options, host, (uint32_t)atol(argv[4]), "127.0.0.1", &e);
    urls[i] = malloc(64);
    url_of(urls[i], 64, i, argv[4]);
  }
  check(e);
  rq_response **held = calloc((size_t)many, sizeof *held);
  for (long i = 0; i < many; i++) {
    held[i] = rq_get(session, urls[i % hosts], &e);
    if (of_hosts) drained(held[i], &e);
  }
  for (long i = 0; i < many && !of_hosts; i++) drained(held[i], &e);
  free(held);
  instant began = now();
  unsigned long long bytes = measured(session, urls, hosts, requests);
  report(began, requests, bytes, 0);
  rq_session_free(session);
  return 0;
}
