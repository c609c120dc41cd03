/*
 * Sends N warm requests through the C API, for run.sh to count what they cost. Counts nothing but
 * what must not grow.
 *
 *   warm get URL N [CA_FILE]        N GETs on one kept connection, each body read and freed
 *   warm post URL N [CA_FILE]       N POSTs of 1 KiB, the same
 *   warm whole URL N [CA_FILE]      N GETs, each answer waited for as gate.h says
 *   warm flat URL N [CA_FILE]       1,000 GETs, then N: by how many the open descriptors and by how
 *                                   many KiB the resident memory grew
 */
#include <dirent.h>
#include <rq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate.h"
#include "resident.h"

enum { FLAT_WARM_UP = 1000, POST_BYTES = 1024 };

typedef struct {
  long files;
  long kib;
} holdings;

typedef struct {
  const rq_session *session;
  const rq_request *request;
  /* Of each body. */
  long length;
} load;

/* Sends the request; the length of its body, or -1. */
static long exchange(const load *load, rq_error **e) {
  static char body[64 * 1024];
  long length = 0;
  int64_t count;
  rq_response *response = rq_perform(load->session, load->request, NULL, e);
  while ((count = rq_body_read(response, body, sizeof body, e)) > 0) length += (long)count;
  rq_response_free(response);
  return count < 0 ? -1 : length;
}

/* True if that many more bodies come, each as long as the first one. */
static int exchange_many(const load *load, long count, rq_error **e) {
  while (count > 0 && exchange(load, e) == load->length) count--;
  return count == 0;
}

/* The first request must succeed; its connection and its length serve all others. */
static int first_exchange(load *load, rq_error **e) {
  rq_response *response = rq_perform(load->session, load->request, NULL, e);
  rq_response_raise(response, e);
  rq_response_free(response);
  load->length = exchange(load, e);
  return load->length > 0;
}

static long open_files(void) {
  long count = 0;
  DIR *folder = opendir("/proc/self/fd");
  while (folder && readdir(folder)) count++;
  if (folder) closedir(folder);
  return count;
}

/* Looks twice: the first look itself brings pages in. */
static holdings held(void) {
  holdings now = {open_files(), resident_kib()};
  now.files = open_files();
  now.kib = resident_kib();
  return now;
}

static int flat(const load *load, long count, rq_error **e) {
  int done = exchange_many(load, FLAT_WARM_UP, e);
  holdings before = held();
  done = done && exchange_many(load, count, e);
  holdings after = held();
  printf("%ld %ld\n", after.files - before.files, after.kib - before.kib);
  return done;
}

static bool exchange_one(void *context, rq_error **e) { return exchange_many(context, 1, e); }

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const char *what = argv[1], *method = strcmp(what, "post") == 0 ? "POST" : "GET";
  static char body[POST_BYTES];
  long count = atol(argv[3]);
  gate gate = {-1, 0, false};
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  rq_opts *opts = rq_session_opts(session);
  if (argc > 4) rq_opts_ca_file(opts, argv[4], &e);
  if (strcmp(what, "whole") == 0) rq_opts_on_trace(opts, gate_wait, &gate, NULL, &e);
  rq_request *request = rq_request_new(method, argv[2], &e);
  memset(body, 'x', sizeof body);
  if (strcmp(what, "post") == 0) rq_request_body(request, body, sizeof body, &e);

  load load = {session, request, 0};
  int done = first_exchange(&load, &e);
  if (strcmp(what, "whole") == 0)
    done = done && gate_begin(&gate, session, argv[2], exchange_one, &load, &e);
  if (strcmp(what, "flat") == 0)
    done = done && flat(&load, count, &e);
  else
    done = done && exchange_many(&load, count, &e);

  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  if (!e && !done) fprintf(stderr, "an answer has another length than the first one\n");
  rq_request_free(request);
  rq_session_free(session);
  rq_error_free(e);
  return !done || gate.hung;
}
