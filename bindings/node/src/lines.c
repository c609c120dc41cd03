/* Bodies as lines. A job reads many of them, up to BATCH_BYTES, and the JS thread takes what there
   is each time that it hears: so a line of a slow server is not kept back, and those of a fast one
   do not cost a job each. What ends a line is librq's business. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH_BYTES = 64 * 1024 };

typedef struct line {
  struct line *next;
  size_t len;
  char bytes[];
} line;

typedef struct {
  body_job body; /* first, so that a job * is a lines_job * */
  void (*drop)(job *work);
  bool text;
  napi_ref take;         /* a function for the lines that came while the job runs */
  rq_error *failure;     /* comes after the lines before it */
  bool ended;
  pthread_mutex_t lock;  /* guards the lines */
  line *first, **end;
} lines_job;

/* ---- worker thread ---- */

/* False: there is no memory. */
static bool add(lines_job *to, const char *bytes, size_t len) {
  line *added = malloc(sizeof *added + len);
  if (added == NULL) {
    rq_error_set(&to->failure, RQ_ERR_LIMIT, "there is no memory for the body");
    return false;
  }
  added->next = NULL;
  added->len = len;
  memcpy(added->bytes, bytes, len);
  pthread_mutex_lock(&to->lock);
  bool none = to->first == NULL;
  *to->end = added;
  to->end = &added->next;
  pthread_mutex_unlock(&to->lock);
  if (none && pool_running() != NULL) pool_tell();
  return true;
}

static void lines_run(job *work) {
  lines_job *lines = (lines_job *)work;
  rq_response *from = lines->body.inner;
  for (size_t read = 0; read < BATCH_BYTES;) {
    size_t len = 0;
    const char *found = lines->text ? rq_body_text_line(from, &len, &lines->failure)
                                    : rq_body_line(from, &len, &lines->failure);
    lines->ended = found == NULL;
    if (found == NULL || !add(lines, found, len)) return;
    read += len + 1;
  }
}

/* ---- JS thread ---- */

static line *take_lines(lines_job *from) {
  pthread_mutex_lock(&from->lock);
  line *first = from->first;
  from->first = NULL;
  from->end = &from->first;
  pthread_mutex_unlock(&from->lock);
  return first;
}

static napi_value line_value(napi_env env, const line *from, bool text) {
  napi_value value = NULL;
  if (text)
    napi_create_string_utf8(env, from->bytes, from->len, &value);
  else
    napi_create_buffer_copy(env, from->len, from->bytes, NULL, &value);
  return value;
}

/* An array of what there is; it is freed. */
static napi_value array_of(napi_env env, lines_job *from) {
  napi_value array = NULL;
  napi_create_array(env, &array);
  uint32_t i = 0;
  for (line *at = take_lines(from), *next; at != NULL; at = next, i++) {
    napi_handle_scope scope = NULL;
    next = at->next;
    napi_open_handle_scope(env, &scope);
    napi_set_element(env, array, i, line_value(env, at, from->text));
    napi_close_handle_scope(env, scope);
    free(at);
  }
  return array;
}

static void lines_hear(napi_env env, job *work, bool asked) {
  lines_job *lines = (lines_job *)work;
  napi_value take = NULL, array = array_of(env, lines), reason = NULL;
  dialog_hear(env, work, asked);
  napi_get_reference_value(env, lines->take, &take);
  napi_call_function(env, undefined(env), take, 1, &array, NULL);
  if (is_thrown(env)) napi_get_and_clear_last_exception(env, &reason);
}

/* { lines, failure or, at the end, trailers } */
static napi_value lines_settle(napi_env env, job *work) {
  lines_job *lines = (lines_job *)work;
  napi_value object = NULL, trailers = NULL;
  if (!body_alive(env, &lines->body) || napi_create_object(env, &object) != napi_ok) return NULL;
  set(env, object, "lines", array_of(env, lines));
  if (lines->failure != NULL) set(env, object, "failure", error_object(env, lines->failure));
  if (lines->ended && lines->failure == NULL) trailers = body_trailers(env, &lines->body);
  if (trailers != NULL) set(env, object, "trailers", trailers);
  return object;
}

static void lines_drop(job *work) {
  lines_job *lines = (lines_job *)work;
  for (line *at = take_lines(lines), *next; at != NULL; at = next) {
    next = at->next;
    free(at);
  }
  rq_error_free(lines->failure);
  if (lines->take != NULL) napi_delete_reference(lines->body.env, lines->take);
  pthread_mutex_destroy(&lines->lock);
  lines->drop(work);
}

/* responseLines(response, text, take, ask): take(lines) is called while the job runs, with what
   came until then; the promise gives the rest. */
napi_value response_lines(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  lines_job *lines = body_new(env, info, 3, sizeof *lines);
  if (lines == NULL) return NULL;
  pthread_mutex_init(&lines->lock, NULL);
  lines->end = &lines->first;
  lines->drop = lines->body.job.drop;
  lines->body.job.drop = lines_drop;
  lines->body.job.hear = lines_hear;
  napi_get_value_bool(env, given.at[1], &lines->text);
  napi_create_reference(env, given.at[2], 1, &lines->take);
  return body_submit(env, &lines->body, lines_run, lines_settle);
}

/* responseDelimiter(response, bytes): in place of the usual ends of a line */
napi_value response_delimiter(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  const void *delimiter = NULL;
  size_t len = 0;
  rq_error *error = NULL;
  if (!bytes_of(env, given.at[1], &delimiter, &len)) return NULL;
  response *of = response_enter(env, given.at[0]);
  if (of == NULL) return NULL;
  rq_body_line_delimiter(response_alive(of) ? of->inner : NULL, delimiter, len, &error);
  response_leave(of);
  error_thrown(env, error);
  return NULL;
}
