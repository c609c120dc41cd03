/* Bodies: the job that reads one piece for a stream, and the job that reads all that is left. Either
   gives the response up at the end, with the trailers taken. Bytes are copied once, on the JS thread:
   buffers outside V8's own memory are refused by some of the programs Node is built into. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_MAX = 256 * 1024, RESERVED_MAX = 16 * 1024 * 1024 };

/* ---- all that is left ---- */

static bool grow(content *into, size_t cap) {
  unsigned char *data = realloc(into->data, cap);
  if (data == NULL) {
    rq_error_set(&into->failure, RQ_ERR_LIMIT, "there is no memory for the body");
    return false;
  }
  into->data = data;
  into->cap = cap;
  return true;
}

/* Worker thread. One byte more than the length lets the end be seen without growing. A failure leaves
   the bytes before it. */
void content_read(content *into, rq_response *from) {
  int64_t declared = rq_body_length(from), got = 1;
  size_t first = declared >= 0 && declared < RESERVED_MAX ? (size_t)declared + 1 : PIECE_MAX;
  if (declared == 0) return;
  while (got > 0) {
    if (into->len == into->cap && !grow(into, into->cap > 0 ? 2 * into->cap : first)) return;
    got = rq_body_read(from, into->data + into->len, into->cap - into->len, &into->failure);
    if (got > 0) into->len += (size_t)got;
  }
}

void content_free(content *read) {
  rq_error_free(read->failure);
  free(read->data);
}

/* JS thread: what was read as properties of object: body, then failure or trailers. */
void content_set(napi_env env, napi_value object, response *from, const content *read) {
  napi_value body = NULL;
  if (napi_create_buffer_copy(env, read->len, read->data, NULL, &body) != napi_ok) {
    napi_throw_range_error(env, NULL, "the body is larger than a buffer can be");
    return;
  }
  set(env, object, "body", body);
  if (read->failure != NULL)
    set(env, object, "failure", error_object(env, read->failure));
  else
    set(env, object, "trailers", response_fields(env, from->inner, true));
  response_release(env, from);
}

/* ---- jobs ---- */

typedef struct {
  job job; /* first, so that a job * is a body_job * */
  response *response;
  int64_t got;
  content rest;
} body_job;

static void body_drop(job *work) {
  body_job *body = (body_job *)work;
  response_leave(body->response);
  content_free(&body->rest);
  rq_error_free(work->error);
  free(body);
}

/* Worker thread. */
static void read_run(job *work) {
  body_job *body = (body_job *)work;
  response *from = body->response;
  if (from->buffer == NULL) from->buffer = malloc(PIECE_MAX);
  if (from->buffer == NULL)
    rq_error_set(&work->error, RQ_ERR_LIMIT, "there is no memory for the body");
  body->got = rq_body_read(from->inner, from->buffer, PIECE_MAX, &work->error);
}

/* JS thread: a Buffer, or at the end the list of trailers. */
static napi_value read_settle(napi_env env, job *work) {
  body_job *body = (body_job *)work;
  response *from = body->response;
  napi_value value = NULL;
  if (body->got > 0) {
    napi_create_buffer_copy(env, (size_t)body->got, from->buffer, NULL, &value);
    response_account(env, from, PIECE_MAX);
    return value;
  }
  value = response_fields(env, from->inner, true);
  response_release(env, from);
  return value;
}

/* Worker thread. */
static void rest_run(job *work) {
  body_job *body = (body_job *)work;
  content_read(&body->rest, body->response->inner);
}

/* JS thread: { body, failure or trailers } */
static napi_value rest_settle(napi_env env, job *work) {
  body_job *body = (body_job *)work;
  napi_value object = NULL;
  if (napi_create_object(env, &object) != napi_ok) return NULL;
  content_set(env, object, body->response, &body->rest);
  return object;
}

static napi_value submit(napi_env env, napi_callback_info info, void (*run)(job *),
                         napi_value (*settle)(napi_env, job *)) {
  response *from = response_enter(env, arguments_of(env, info).at[0]);
  if (from == NULL) return NULL;
  body_job *body = from->inner == NULL ? NULL : calloc(1, sizeof *body);
  if (body == NULL) {
    response_leave(from);
    misuse_throw(env, "the response is closed");
    return NULL;
  }
  body->job = (job){.run = run, .settle = settle, .drop = body_drop, .cancel = from->cancel};
  body->response = from;
  return pool_submit(env, &body->job);
}

/* responseRead(response) */
napi_value response_read(napi_env env, napi_callback_info info) {
  return submit(env, info, read_run, read_settle);
}

/* responseRest(response) */
napi_value response_rest(napi_env env, napi_callback_info info) {
  return submit(env, info, rest_run, rest_settle);
}
