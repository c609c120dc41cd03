/* Bodies as text: all of it, as JSON, or piece by piece. What is text, and in which encoding, is
   librq's business; it comes as UTF-8. */
#include "addon.h"

#include <stdlib.h>

/* ---- all of it ---- */

/* Worker thread. */
static void text_run(job *work) {
  body_job *body = (body_job *)work;
  body->whole = rq_body_text(body->inner, &body->len, &work->error);
}

/* Worker thread. */
static void json_run(job *work) {
  body_job *body = (body_job *)work;
  body->whole = rq_body_json(body->inner, &body->len, &work->error);
}

/* JS thread: { text, trailers } */
static napi_value text_settle(napi_env env, job *work) {
  const body_job *body = (body_job *)work;
  napi_value object = NULL, text = NULL;
  if (!body_alive(env, body) || napi_create_object(env, &object) != napi_ok) return NULL;
  if (napi_create_string_utf8(env, body->whole, body->len, &text) != napi_ok) {
    napi_throw_range_error(env, NULL, "the text is longer than a string can be");
    return NULL;
  }
  set(env, object, "text", text);
  set(env, object, "trailers", body_trailers(env, body));
  response_account(env, body->response, 2 * body->len + 1);
  return object;
}

/* responseText(response, ask) */
napi_value response_text(napi_env env, napi_callback_info info) {
  body_job *body = body_new(env, info, 1, sizeof *body);
  return body == NULL ? NULL : body_submit(env, body, text_run, text_settle);
}

/* responseJson(response, ask) */
napi_value response_json(napi_env env, napi_callback_info info) {
  body_job *body = body_new(env, info, 1, sizeof *body);
  return body == NULL ? NULL : body_submit(env, body, json_run, text_settle);
}

/* ---- pieces ---- */

/* Worker thread. */
static void read_text_run(job *work) {
  body_job *body = (body_job *)work;
  char *buffer = (char *)body_buffer(body);
  body->got = rq_body_read_text(body->inner, buffer, BODY_BUFFER_BYTES, &work->error);
}

/* JS thread: a string, or at the end the list of trailers. */
static napi_value read_text_settle(napi_env env, job *work) {
  body_job *body = (body_job *)work;
  napi_value text = NULL;
  if (body->got == 0) return body_trailers(env, body);
  const char *read = (const char *)body->response->buffer;
  napi_create_string_utf8(env, read, (size_t)body->got, &text);
  response_account(env, body->response, BODY_BUFFER_BYTES);
  return text;
}

/* responseReadText(response, ask) */
napi_value response_read_text(napi_env env, napi_callback_info info) {
  body_job *body = body_new(env, info, 1, sizeof *body);
  return body == NULL ? NULL : body_submit(env, body, read_text_run, read_text_settle);
}

/* ---- the encoding ---- */

/* Worker thread. */
static void apparent_run(job *work) {
  body_job *body = (body_job *)work;
  body->whole = rq_response_apparent_encoding(body->inner, &work->error);
}

/* JS thread: { text, trailers } */
static napi_value apparent_settle(napi_env env, job *work) {
  const body_job *body = (body_job *)work;
  napi_value object = NULL;
  if (!body_alive(env, body) || napi_create_object(env, &object) != napi_ok) return NULL;
  set(env, object, "text", utf8(env, body->whole));
  set(env, object, "trailers", body_trailers(env, body));
  return object;
}

/* responseApparentEncoding(response, ask) */
napi_value response_apparent_encoding(napi_env env, napi_callback_info info) {
  body_job *body = body_new(env, info, 1, sizeof *body);
  return body == NULL ? NULL : body_submit(env, body, apparent_run, apparent_settle);
}

/* Without an effect elsewhere, so that it can be done while nobody reads. NULL: thrown. */
static napi_value set_encoding(napi_env env, response *of, napi_value label) {
  rq_error *error = NULL;
  char *text = text_or_null(env, label);
  if (is_thrown(env)) return NULL;
  rq_response_set_encoding(of->inner, text, &error);
  free(text);
  return error_thrown(env, error) ? NULL : utf8(env, rq_response_encoding(of->inner));
}

/* responseSetEncoding(response, label): null for the declared one. What it is then. */
napi_value response_set_encoding(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  response *of = response_enter(env, given.at[0]);
  if (of == NULL) return NULL;
  napi_value encoding = NULL;
  if (response_alive(of))
    encoding = set_encoding(env, of, given.at[1]);
  else
    misuse_throw(env, RESPONSE_GONE);
  response_leave(of);
  return encoding;
}
