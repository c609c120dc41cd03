/* Bodies: the job that reads one piece for a stream, and the job that reads all that is left.
   Either gives the response up at the end, with the trailers taken. Bytes are copied once, on the
   JS thread, for buffers outside V8's own memory are refused by some of the programs Node is built
   into; a whole body of a known length is read into V8's memory in the first place. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

enum {
  PIECE_MAX = 256 * 1024,
  LANDING_MAX = 64 * 1024 * 1024 /* what a declared length may reserve before a byte came */
};

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

/* Worker thread. A failure leaves the bytes before it. */
void content_read(content *into, rq_response *from) {
  int64_t declared = rq_body_length(from), got = 1;
  size_t first = declared >= 0 && declared < PIECE_MAX ? (size_t)declared : PIECE_MAX;
  while (got > 0 && into->len != (uint64_t)declared) {
    if (into->len == into->cap && !grow(into, into->cap > 0 ? 2 * into->cap : first)) return;
    got = rq_body_read(from, into->data + into->len, into->cap - into->len, &into->failure);
    if (got > 0) into->len += (size_t)got;
  }
}

void content_free(content *read) {
  rq_error_free(read->failure);
  if (!read->landed) free(read->data);
}

/* JS thread: what was read as properties of object: body, then failure or trailers. */
void content_set(napi_env env, napi_value object, response *from, const content *read) {
  napi_value body = NULL;
  if (!read->landed) {
    if (napi_create_buffer_copy(env, read->len, read->data, NULL, &body) != napi_ok) {
      napi_throw_range_error(env, NULL, "the body is larger than a buffer can be");
      return;
    }
    set(env, object, "body", body);
  }
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
  napi_env env;
  napi_ref landing; /* the ArrayBuffer that rest is read into, if its size is known */
} body_job;

static void body_drop(job *work) {
  body_job *body = (body_job *)work;
  response_leave(body->response);
  if (body->landing != NULL) napi_delete_reference(body->env, body->landing);
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

/* JS thread: { body: Buffer or Uint8Array, failure or trailers } */
static napi_value rest_settle(napi_env env, job *work) {
  body_job *body = (body_job *)work;
  napi_value object = NULL, landing = NULL, bytes = NULL;
  if (napi_create_object(env, &object) != napi_ok) return NULL;
  if (body->rest.landed) {
    napi_get_reference_value(env, body->landing, &landing);
    napi_create_typedarray(env, napi_uint8_array, body->rest.len, landing, 0, &bytes);
    set(env, object, "body", bytes);
  }
  content_set(env, object, body->response, &body->rest);
  return object;
}

static body_job *body_new(napi_env env, napi_callback_info info) {
  response *from = response_enter(env, arguments_of(env, info).at[0]);
  if (from == NULL) return NULL;
  body_job *body = from->inner == NULL ? NULL : calloc(1, sizeof *body);
  if (body == NULL) {
    response_leave(from);
    misuse_throw(env, "the response is closed");
    return NULL;
  }
  body->job = (job){.drop = body_drop, .cancel = from->cancel};
  body->response = from;
  body->env = env;
  return body;
}

/* responseRead(response) */
napi_value response_read(napi_env env, napi_callback_info info) {
  body_job *body = body_new(env, info);
  if (body == NULL) return NULL;
  body->job.run = read_run;
  body->job.settle = read_settle;
  return pool_submit(env, &body->job);
}

/* A place in V8's memory for a body of a known length; without one it is copied in the end. */
static void land(napi_env env, body_job *body) {
  int64_t declared = rq_body_length(body->response->inner);
  napi_value buffer = NULL;
  void *data = NULL;
  if (declared <= 0 || declared > LANDING_MAX) return;
  if (napi_create_arraybuffer(env, (size_t)declared, &data, &buffer) != napi_ok) return;
  if (napi_create_reference(env, buffer, 1, &body->landing) != napi_ok) return;
  body->rest = (content){.data = data, .cap = (size_t)declared, .landed = true};
}

/* responseRest(response) */
napi_value response_rest(napi_env env, napi_callback_info info) {
  body_job *body = body_new(env, info);
  if (body == NULL) return NULL;
  body->job.run = rest_run;
  body->job.settle = rest_settle;
  land(env, body);
  return pool_submit(env, &body->job);
}
