/* Bodies as bytes: the jobs that read a piece, or all that is left, or all of it into a file.
   Memory outside V8's own is refused by some of the programs Node is built into, and could not be
   transferred: so all that JavaScript gets is of V8's. The pieces of a fast body are read straight
   into it, on the JS thread where they have come already; small pieces are copied on the JS thread,
   whole bodies of a known length on the worker thread. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

enum {
  LANDING_MAX = 64 * 1024 * 1024, /* what a declared length may reserve before a byte came */
  PIECE_MAX = 128 * 1024,
  BALLAST_MAX = 32 * 1024 /* of one array */
};

static void body_drop(job *work) {
  body_job *body = (body_job *)work;
  response_leave(body->response);
  if (body->landing != NULL) napi_delete_reference(body->env, body->landing);
  dialog_free(work->dialog);
  rq_error_free(work->error);
  free(body->path);
  free(body);
}

static void body_stop(job *work) {
  response_stop(((body_job *)work)->response);
}

/* A job of that size that begins with a body_job; which argument its ask() is. */
void *body_new(napi_env env, napi_callback_info info, int ask, size_t size) {
  arguments given = arguments_of(env, info);
  response *from = response_enter(env, given.at[0]);
  if (from == NULL) return NULL;
  body_job *body = response_alive(from) ? calloc(1, size) : NULL;
  if (body == NULL) {
    response_leave(from);
    misuse_throw(env, RESPONSE_GONE);
    return NULL;
  }
  body->job = (job){.drop = body_drop, .stop = body_stop, .hear = dialog_hear};
  body->job.cancel = response_token(from);
  body->response = from;
  body->inner = from->inner;
  body->env = env;
  body->job.dialog = dialog_new(env, given.at[ask]);
  if (!is_thrown(env)) return body;
  body_drop(&body->job);
  return NULL;
}

napi_value body_submit(napi_env env, body_job *body, void (*run)(job *),
                       napi_value (*settle)(napi_env, job *)) {
  body->job.run = run;
  body->job.settle = settle;
  return response_submit(env, body->response, &body->job, body->path != NULL);
}

unsigned char *body_buffer(body_job *body) {
  response *from = body->response;
  if (from->buffer == NULL) from->buffer = malloc(BODY_BUFFER_BYTES);
  if (from->buffer == NULL)
    rq_error_set(&body->job.error, RQ_ERR_LIMIT, "there is no memory for the body");
  return from->buffer;
}

bool body_alive(napi_env env, const body_job *body) {
  if (response_alive(body->response)) return true;
  misuse_throw(env, RESPONSE_GONE);
  return false;
}

/* JS thread, at the end of the body: the list of trailers. NULL: thrown. */
napi_value body_trailers(napi_env env, const body_job *body) {
  response *from = body->response;
  if (!body_alive(env, body)) return NULL;
  free(from->buffer);
  from->buffer = NULL;
  response_account(env, from, 1);
  return response_fields(env, from->inner, true);
}

/* ---- pieces ---- */

/* How much a read may take: BODY_BUFFER_BYTES at first, of the response's buffer, to be copied.
   Each read that was filled makes room for twice as much, up to PIECE_MAX, in a Buffer that the
   worker reads straight into. So a fast body costs few hops and no copy, and a slow one little
   memory. */
static void piece_prepare(napi_env env, body_job *body) {
  napi_value buffer = NULL, reason = NULL;
  size_t room = body->response->room;
  if (room <= BODY_BUFFER_BYTES || body->response->whole) return;
  if (napi_create_buffer(env, room, &body->landing_data, &buffer) == napi_ok &&
      napi_create_reference(env, buffer, 1, &body->landing) == napi_ok)
    body->landing_len = room;
  if (is_thrown(env)) napi_get_and_clear_last_exception(env, &reason); /* no room: as at first */
}

typedef int64_t piece_reader(rq_response *from, void *buf, size_t cap, rq_error **error);

/* Worker thread. */
static void piece_run(body_job *body, piece_reader *read) {
  size_t room = body->landing_len > 0 ? body->landing_len : BODY_BUFFER_BYTES;
  if (body->landing_len == 0) body->landing_data = body_buffer(body);
  body->got = read(body->inner, body->landing_data, room, &body->job.error);
}

/* Worker thread. */
static void read_run(job *work) {
  piece_run((body_job *)work, rq_body_read);
}

/* Worker thread. */
static void read_raw_run(job *work) {
  piece_run((body_job *)work, rq_body_read_raw);
}

/* Room for the next, and whether that may have come already. */
static void piece_learn(const body_job *body) {
  size_t room = body->landing_len > 0 ? body->landing_len : BODY_BUFFER_BYTES;
  size_t full = room, got = (size_t)body->got;
  if (got == full && room < PIECE_MAX)
    room *= 2;
  else if (got < room / 2 && room > BODY_BUFFER_BYTES)
    room /= 2;
  body->response->room = room;
  body->response->fast = got == full;
}

/* V8 frees what hangs on young Buffers when it runs out of room for young objects, and to it a
   Buffer is a small one: by then 30 MiB of pieces that nobody looks at any more would have come
   together. So each brings along, as garbage, twice as many bytes of arrays without elements, which
   are filled faster than strings are copied; none of them is large, and none lives until the next
   is made. */
static void ballast(napi_env env, const body_job *body) {
  napi_value garbage = NULL;
  for (size_t left = 2 * (size_t)body->got, count; left > 0; left -= count) {
    napi_handle_scope scope = NULL;
    count = left < BALLAST_MAX ? left : BALLAST_MAX;
    napi_open_handle_scope(env, &scope);
    napi_create_array_with_length(env, count / sizeof(double), &garbage);
    napi_close_handle_scope(env, scope);
  }
}

/* A Buffer, or the beginning of its memory as an array, which lib/response.cjs makes one of. What
   would waste more than half of the memory is copied. */
static napi_value piece_value(napi_env env, const body_job *body) {
  napi_value value = NULL, buffer = NULL, memory = NULL;
  size_t got = (size_t)body->got;
  if (got < body->landing_len / 2 || body->landing_len == 0) {
    napi_create_buffer_copy(env, got, body->landing_data, NULL, &value);
    return value;
  }
  napi_get_reference_value(env, body->landing, &buffer);
  if (got == body->landing_len) return buffer;
  napi_get_typedarray_info(env, buffer, NULL, NULL, NULL, &memory, NULL);
  napi_create_typedarray(env, napi_uint8_array, got, memory, 0, &value);
  return value;
}

/* JS thread: the piece, or at the end the list of trailers. */
static napi_value read_settle(napi_env env, job *work) {
  body_job *body = (body_job *)work;
  if (body->got == 0) return body_trailers(env, body);
  napi_value value = piece_value(env, body);
  ballast(env, body);
  piece_learn(body);
  response_account(env, body->response, BODY_BUFFER_BYTES);
  return value;
}

/* On the JS thread, without a wait, if the last piece of a fast body was full and nobody listens to
   this one: false if that came to nothing. It spares two changes of threads. Codings are taken off
   by a worker, while this thread does something else. That the event loop turns meanwhile is
   lib/response.cjs's to see to. */
static bool read_now(body_job *body) {
  const response *from = body->response;
  if (!from->fast || from->kind != RESPONSE_OWN || body->landing_len == 0) return false;
  if (body->job.dialog != NULL) return false;
  if (rq_response_header(body->inner, "Content-Encoding") != NULL) return false;
  body->got =
      rq_body_read_now(body->inner, body->landing_data, body->landing_len, &body->job.error);
  return body->got != RQ_NOT_YET;
}

/* responseRead(response, ask) */
napi_value response_read(napi_env env, napi_callback_info info) {
  body_job *body = body_new(env, info, 1, sizeof *body);
  if (body == NULL) return NULL;
  piece_prepare(env, body);
  if (read_now(body)) {
    body->job.settle = read_settle;
    return response_conclude(env, &body->job);
  }
  return body_submit(env, body, read_run, read_settle);
}

/* Worker thread. */
static void read_into_run(job *work) {
  body_job *body = (body_job *)work;
  unsigned char *buffer = body_buffer(body);
  size_t room = body->landing_len < BODY_BUFFER_BYTES ? body->landing_len : BODY_BUFFER_BYTES;
  body->got = rq_body_read(body->inner, buffer, room, &work->error);
}

/* JS thread: how many bytes, or at the end the list of trailers. The array is looked at only now:
   its memory may have been given away while the worker read. */
static napi_value read_into_settle(napi_env env, job *work) {
  body_job *body = (body_job *)work;
  napi_value array = NULL, count = NULL;
  void *data = NULL;
  size_t length = 0;
  if (body->got == 0) return body_trailers(env, body);
  napi_get_reference_value(env, body->landing, &array);
  napi_get_typedarray_info(env, array, NULL, &length, &data, NULL, NULL);
  if (data == NULL || length < (size_t)body->got) {
    misuse_throw(env, "the buffer was given away while it was read into");
    return NULL;
  }
  memcpy(data, body->response->buffer, (size_t)body->got);
  napi_create_int64(env, body->got, &count);
  response_account(env, body->response, BODY_BUFFER_BYTES);
  return count;
}

/* responseReadInto(response, array, ask): a Uint8Array that is not empty */
napi_value response_read_into(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  body_job *body = body_new(env, info, 2, sizeof *body);
  if (body == NULL) return NULL;
  napi_get_typedarray_info(env, given.at[1], NULL, &body->landing_len, NULL, NULL, NULL);
  napi_create_reference(env, given.at[1], 1, &body->landing);
  return body_submit(env, body, read_into_run, read_into_settle);
}

/* responseReadRaw(response, ask) */
napi_value response_read_raw(napi_env env, napi_callback_info info) {
  body_job *body = body_new(env, info, 1, sizeof *body);
  if (body == NULL) return NULL;
  piece_prepare(env, body);
  return body_submit(env, body, read_raw_run, read_settle);
}

/* ---- all that is left ---- */

/* A place in V8's memory for a body of a known length. */
static void land(napi_env env, body_job *body) {
  int64_t declared = rq_body_length(body->inner);
  napi_value buffer = NULL;
  if (declared <= 0 || declared > LANDING_MAX || body->response->whole) return;
  if (napi_create_arraybuffer(env, (size_t)declared, &body->landing_data, &buffer) != napi_ok)
    return;
  if (napi_create_reference(env, buffer, 1, &body->landing) == napi_ok)
    body->landing_len = (size_t)declared;
}

/* Worker thread. Without a content coding the body is as long as was declared. */
static void bytes_run(job *work) {
  body_job *body = (body_job *)work;
  body->whole = rq_body_bytes(body->inner, &body->len, &work->error);
  if (body->whole != NULL && body->len == body->landing_len)
    memcpy(body->landing_data, body->whole, body->len);
}

static napi_value bytes_of_body(napi_env env, const body_job *body) {
  napi_value buffer = NULL, bytes = NULL;
  if (body->landing_len == 0 || body->len != body->landing_len) {
    if (napi_create_buffer_copy(env, body->len, body->whole, NULL, &bytes) != napi_ok)
      napi_throw_range_error(env, NULL, "the body is larger than a buffer can be");
    return bytes;
  }
  napi_get_reference_value(env, body->landing, &buffer);
  napi_create_typedarray(env, napi_uint8_array, body->len, buffer, 0, &bytes);
  return bytes;
}

/* JS thread: { body: Buffer or Uint8Array, trailers } */
static napi_value bytes_settle(napi_env env, job *work) {
  body_job *body = (body_job *)work;
  napi_value object = NULL;
  if (!body_alive(env, body) || napi_create_object(env, &object) != napi_ok) return NULL;
  set(env, object, "body", bytes_of_body(env, body));
  set(env, object, "trailers", body_trailers(env, body));
  response_account(env, body->response, body->len + 1);
  return object;
}

/* responseBytes(response, ask) */
napi_value response_bytes(napi_env env, napi_callback_info info) {
  body_job *body = body_new(env, info, 1, sizeof *body);
  if (body == NULL) return NULL;
  land(env, body);
  return body_submit(env, body, bytes_run, bytes_settle);
}

/* ---- a file ---- */

/* Worker thread. */
static void save_run(job *work) {
  body_job *body = (body_job *)work;
  body->got = rq_body_save(body->inner, body->path, &work->error);
}

/* JS thread: { saved, trailers } */
static napi_value save_settle(napi_env env, job *work) {
  const body_job *body = (body_job *)work;
  napi_value object = NULL;
  if (!body_alive(env, body) || napi_create_object(env, &object) != napi_ok) return NULL;
  set(env, object, "saved", number(env, (double)body->got));
  set(env, object, "trailers", body_trailers(env, body));
  return object;
}

/* responseSave(response, path, ask): not on the JS thread in any case, for files may block */
napi_value response_save(napi_env env, napi_callback_info info) {
  char *path = text_of(env, arguments_of(env, info).at[1]);
  body_job *body = path == NULL ? NULL : body_new(env, info, 2, sizeof *body);
  if (body == NULL) {
    free(path);
    return NULL;
  }
  body->path = path;
  return body_submit(env, body, save_run, save_settle);
}
