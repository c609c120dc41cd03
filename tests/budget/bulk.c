/*
 * Moves a large body N times through the C API, for run.sh to count how often its bytes are copied.
 *
 *   bulk download URL N [CA_FILE]         reads N bodies in pieces of 256 KiB, each answer waited
 *                                         for as gate.h says
 *   bulk memory URL N [CA_FILE]           sends one body of UPLOAD_BYTES from memory, N times
 *   bulk FILE URL N [CA_FILE]             sends that file (its name has a slash) as a body, N times
 */
#include <rq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate.h"

enum { PIECE_BYTES = 256 * 1024, UPLOAD_BYTES = 16 * 1024 * 1024 };

static char piece[PIECE_BYTES];

typedef struct {
  const rq_session *session;
  const rq_request *request;
  /* Of the first body that was read. */
  int64_t bytes;
} transfer;

/* True if the server says that it has received a whole body. */
static bool was_received(rq_response *response, rq_error **e) {
  size_t length = 0;
  long bytes = 0;
  const char *said = rq_body_bytes(response, &length, e);
  return said && sscanf(said, "{\"bytes\": %ld", &bytes) == 1 && bytes == UPLOAD_BYTES;
}

/* Reads a body, each as long as the first one. */
static bool download_one(void *context, rq_error **e) {
  transfer *transfer = context;
  rq_response *response = rq_perform(transfer->session, transfer->request, NULL, e);
  int64_t count, total = 0;
  while ((count = rq_body_read(response, piece, sizeof piece, e)) > 0) total += count;
  rq_response_free(response);
  if (transfer->bytes == 0) transfer->bytes = total;
  return count == 0 && total > 0 && total == transfer->bytes;
}

static bool upload_one(void *context, rq_error **e) {
  transfer *transfer = context;
  rq_response *response = rq_perform(transfer->session, transfer->request, NULL, e);
  bool done = was_received(response, e);
  rq_response_free(response);
  return done;
}

static void from_memory(rq_request *request, rq_error **e) {
  char *body = malloc(UPLOAD_BYTES);
  if (body == NULL) return;
  memset(body, 'x', UPLOAD_BYTES);
  rq_request_body(request, body, UPLOAD_BYTES, e);
  free(body);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const char *what = argv[1], *url = argv[2];
  bool download = strcmp(what, "download") == 0;
  gate gate = {-1, 0, false};
  rq_error *e = NULL;
  rq_session *session = rq_session_new(&e);
  if (argc > 4) rq_opts_ca_file(rq_session_opts(session), argv[4], &e);
  if (download) rq_opts_on_trace(rq_session_opts(session), gate_wait, &gate, NULL, &e);
  rq_request *request = rq_request_new(download ? "GET" : "POST", url, &e);
  if (strcmp(what, "memory") == 0)
    from_memory(request, &e);
  else if (!download)
    rq_request_body_file(request, what, &e);

  transfer transfer = {session, request, 0};
  bool (*move)(void *, rq_error **) = download ? download_one : upload_one;
  bool done = move(&transfer, &e);
  if (download) done = done && gate_begin(&gate, session, url, move, &transfer, &e);
  for (long left = atol(argv[3]); left > 0 && done; left--) done = move(&transfer, &e);
  if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
  rq_request_free(request);
  rq_session_free(session);
  rq_error_free(e);
  return !done || gate.hung;
}
