/*
 * librq through its C API: one session for all threads, bodies read through 64 KiB. Leaves every
 * setting at its default but the roots, the size of the pool and the codings.
 */
#include "bench.h"
#include <pthread.h>
#include <rq.h>

enum { POOL_MAX = 20000 };

static rq_session *session;

static void check(rq_error *e) {
  if (!e) return;
  fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  exit(1);
}

static unsigned long long drained(rq_response *response, char *buffer, rq_error **e) {
  unsigned long long total = 0;
  int64_t count;
  while ((count = rq_body_read(response, buffer, BLOCK_BYTES, e)) > 0)
    total += (unsigned long long)count;
  return total;
}

typedef struct {
  const char *url;
  long count;
  int coded, anew;
  unsigned long long bytes;
  pthread_t thread;
} job;

static void *gets_of(void *given) {
  job *j = given;
  rq_error *e = NULL;
  char *buffer = malloc(BLOCK_BYTES);
  rq_request *request = rq_request_new("GET", j->url, &e);
  if (j->coded) rq_opts_header(rq_request_opts(request), "Accept-Encoding", "gzip", &e);
  for (long i = 0; i < j->count; i++) {
    if (j->anew) rq_session_close_idle(session);
    rq_response *response = rq_perform(session, request, NULL, &e);
    j->bytes += drained(response, buffer, &e);
    check(e);
    if (rq_response_status(response) != 200) exit(1);
    rq_response_free(response);
  }
  rq_request_free(request);
  free(buffer);
  return NULL;
}

static unsigned long long get(const arguments *a, int coded, int anew) {
  job jobs[THREADS_MAX];
  unsigned long long total = 0;
  for (int i = 0; i < a->threads; i++)
    jobs[i] = (job){a->url, a->count / a->threads, coded, anew, 0, 0};
  if (a->threads == 1) gets_of(&jobs[0]);
  for (int i = 0; i < a->threads && a->threads > 1; i++)
    if (pthread_create(&jobs[i].thread, NULL, gets_of, &jobs[i])) exit(1);
  for (int i = 0; i < a->threads; i++) {
    if (a->threads > 1) pthread_join(jobs[i].thread, NULL);
    total += jobs[i].bytes;
  }
  return total;
}

static unsigned long long hold_idle(const arguments *a, double *idle_kib) {
  rq_error *e = NULL;
  unsigned long long total = 0;
  char *buffer = malloc(BLOCK_BYTES);
  rq_response **all = calloc((size_t)a->count, sizeof *all);
  memset(buffer, 1, BLOCK_BYTES);
  memset(all, 1, (size_t)a->count * sizeof *all);
  long before = resident_kib();
  for (long i = 0; i < a->count; i++) all[i] = rq_get(session, a->url, &e);
  for (long i = 0; i < a->count; i++) {
    total += drained(all[i], buffer, &e);
    check(e);
    rq_response_free(all[i]);
  }
  *idle_kib = (double)(resident_kib() - before) / (double)a->count;
  free(all);
  free(buffer);
  return total;
}

/* The sink's answer is the number of bytes that it has read. */
static unsigned long long told(rq_request *request, rq_error **e) {
  rq_response *response = rq_perform(session, request, NULL, e);
  const char *text = rq_body_text(response, NULL, e);
  check(*e);
  unsigned long long total = strtoull(text, NULL, 10);
  rq_response_free(response);
  rq_request_free(request);
  return total;
}

static unsigned long long put(const arguments *a) {
  rq_error *e = NULL;
  unsigned long long total = 0;
  for (long i = 0; i < a->count; i++) {
    rq_request *request = rq_request_new("PUT", a->url, &e);
    rq_request_body_file(request, a->files[0], &e);
    total += told(request, &e);
  }
  return total;
}

/* Blocks of 64 KiB, each of one letter, until `left` bytes have been given. */
static int64_t generate(void *left, void *buf, size_t cap, rq_error **error) {
  (void)error;
  uint64_t *bytes = left;
  size_t count = *bytes % BLOCK_BYTES ? (size_t)(*bytes % BLOCK_BYTES) : BLOCK_BYTES;
  if (*bytes == 0) return 0;
  if (count > cap) count = cap;
  memset(buf, (int)('a' + *bytes / BLOCK_BYTES % 26), count);
  *bytes -= count;
  return (int64_t)count;
}

static unsigned long long put_chunked(const arguments *a) {
  rq_error *e = NULL;
  uint64_t left = (uint64_t)a->count * BLOCK_BYTES;
  rq_request *request = rq_request_new("PUT", a->url, &e);
  rq_request_body_callback(request, generate, NULL, &left, NULL, -1, &e);
  return told(request, &e);
}

static unsigned long long post_multipart(const arguments *a) {
  rq_error *e = NULL;
  rq_request *request = rq_request_new("POST", a->url, &e);
  char name[16];
  for (int i = 0; a->files[i]; i++) {
    snprintf(name, sizeof name, "f%d", i);
    rq_part_file(rq_request_part(request, name, &e), a->files[i], &e);
  }
  return told(request, &e);
}

int main(int argc, char **argv) {
  arguments a = read_arguments(argc, argv);
  rq_error *e = NULL;
  unsigned long long bytes = 0;
  double idle_kib = 0;
  session = rq_session_new(&e);
  if (a.ca) rq_opts_ca_file(rq_session_opts(session), a.ca, &e);
  rq_opts_pool(rq_session_opts(session), POOL_MAX, POOL_MAX, 0, &e);
  /* No coding, as the others: nginx would look for a coded file at each request. */
  if (!is(a.mode, "gzip")) rq_opts_header(rq_session_opts(session), "Accept-Encoding", NULL, &e);
  check(e);
  if (a.warm) {
    job once = {a.warm, 1, 0, 0, 0, 0};
    gets_of(&once);
  }
  instant began = now();
  if (is(a.mode, "get")) bytes = get(&a, 0, 0);
  else if (is(a.mode, "gzip")) bytes = get(&a, 1, 0);
  else if (is(a.mode, "new")) bytes = get(&a, 0, 1);
  else if (is(a.mode, "idle")) bytes = hold_idle(&a, &idle_kib);
  else if (is(a.mode, "put")) bytes = put(&a);
  else if (is(a.mode, "chunked")) bytes = put_chunked(&a);
  else if (is(a.mode, "mime")) bytes = post_multipart(&a);
  else return 2;
  report(began, a.count, bytes, idle_kib);
  rq_session_free(session);
  return 0;
}
