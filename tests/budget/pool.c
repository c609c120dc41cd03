/*
 * Opens N connections at once through one session of the C API, has all of them idle in its pool,
 * and shows what they hold or what they cost the next request.
 *
 *   pool idle URL N [CA_FILE]       N to one host: bytes of the heap in use, as counting.c sees
 *                                   them, and KiB resident
 *   pool same URL N COUNT           N to one host, then COUNT GETs
 *   pool hosts URL N COUNT          one each to N hosts, which are names of one address, then COUNT
 *                                   GETs, each to another host than the one before
 *
 *   pool two URL N COUNT            the same with two hosts, which have N/2 each
 *
 * URL is http://ADDRESS:PORT/PATH for the last two.
 */
#include <malloc.h>
#include <rq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resident.h"

/* A prime, so that every host has its turn. */
enum { STRIDE = 7 };

extern long counted_live(void) __attribute__((weak));

typedef struct {
  rq_session *session;
  /* To each host, or all to the one. */
  rq_request **requests;
  long count;
} pool;

static void read_and_free(rq_response *response, rq_error **e) {
  static char body[64 * 1024];
  rq_response_raise(response, e);
  while (rq_body_read(response, body, sizeof body, e) > 0) continue;
  rq_response_free(response);
}

/* One request each, to the host of `url`, or to so many names of it in turn. */
static void word(pool *pool, const char *url, long names, rq_error **e) {
  char host[32], address[256] = "", named[512];
  unsigned port = 0;
  int path = 0;
  if (names > 0) sscanf(url, "http://%255[^:/]:%u%n", address, &port, &path);
  pool->requests = calloc((size_t)pool->count, sizeof *pool->requests);
  for (long at = 0; at < pool->count; at++) {
    snprintf(host, sizeof host, "h%06ld.test", names > 0 ? at % names : 0);
    snprintf(named, sizeof named, "http://%s:%u%s", host, port, url + path);
    if (at < names) rq_opts_resolve(rq_session_opts(pool->session), host, port, address, e);
    pool->requests[at] = rq_request_new("GET", names > 0 ? named : url, e);
  }
}

/* No response is read before all connections are open: each needs one of its own. */
static void open_all(const pool *pool, rq_error **e) {
  rq_response **responses = calloc((size_t)pool->count, sizeof *responses);
  for (long at = 0; at < pool->count; at++)
    responses[at] = rq_perform(pool->session, pool->requests[at], NULL, e);
  for (long at = 0; at < pool->count; at++) {
    if (rq_response_reused(responses[at])) rq_error_set(e, RQ_ERR_MISUSE, "a connection too few");
    read_and_free(responses[at], e);
  }
  free(responses);
}

/* Each of them on one of those connections. */
static void get_many(const pool *pool, long count, rq_error **e) {
  for (long done = 0; done < count && *e == NULL; done++) {
    const rq_request *request = pool->requests[done * STRIDE % pool->count];
    rq_response *response = rq_perform(pool->session, request, NULL, e);
    if (response && !rq_response_reused(response))
      rq_error_set(e, RQ_ERR_MISUSE, "a connection was not kept");
    read_and_free(response, e);
  }
}

static void forget(pool *pool) {
  for (long at = 0; at < pool->count; at++) rq_request_free(pool->requests[at]);
  free(pool->requests);
  pool->requests = NULL;
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const char *what = argv[1], *url = argv[2];
  int idle = strcmp(what, "idle") == 0;
  rq_error *e = NULL;
  pool pool = {rq_session_new(&e), NULL, atol(argv[3])};
  rq_opts *opts = rq_session_opts(pool.session);
  rq_opts_pool(opts, (uint32_t)pool.count, (uint32_t)pool.count, 0, &e);
  if (idle && argc > 4) rq_opts_ca_file(opts, argv[4], &e);
  long names = strcmp(what, "hosts") == 0 ? pool.count : strcmp(what, "two") == 0 ? 2 : 0;
  word(&pool, url, names, &e);
  open_all(&pool, &e);
  /* A request that is sent again keeps what it has learnt: each is, before COUNT begins. */
  if (!idle) get_many(&pool, pool.count, &e);
  if (!idle) get_many(&pool, argc > 4 ? atol(argv[4]) : 0, &e);
  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  forget(&pool);
  malloc_trim(0);
  if (idle && counted_live && e == NULL) printf("%ld %ld\n", counted_live(), resident_kib());
  rq_session_free(pool.session);
  int failed = e != NULL;
  rq_error_free(e);
  return failed;
}
