/* Responses as handles, from before the request is sent, so that an abort has something to hold, to
   the end of the body. The head is copied into a plain object once. Sending is send.c's, reading
   body.c's. */
#include "addon.h"

#include <stdlib.h>

static const napi_type_tag response_tag = {0xe6b21f84a7d05c39, 0x4c9087fa16d3be52};

static void response_drop(response *held) {
  if (--held->holders > 0) return;
  response_release(NULL, held);
  rq_cancel_free(held->cancel);
  free(held);
}

static void response_collect(napi_env env, void *data, void *hint) {
  (void)hint;
  response *dropped = data;
  response_account(env, dropped, 0);
  response_drop(dropped);
}

response *response_of(napi_env env, napi_value handle) {
  return handle_of(env, handle, &response_tag, "a response was expected");
}

response *response_enter(napi_env env, napi_value handle) {
  response *wanted = response_of(env, handle);
  if (wanted == NULL) return NULL;
  if (wanted->busy) {
    misuse_throw(env, "the response is being read already");
    return NULL;
  }
  wanted->busy = true;
  wanted->holders++;
  return wanted;
}

void response_leave(response *entered) {
  entered->busy = false;
  response_drop(entered);
}

/* Tells V8 how much memory hangs on the handle, which looks tiny to its garbage collector. */
void response_account(napi_env env, response *open, size_t bytes) {
  int64_t total = 0;
  if (open->accounted == bytes) return;
  napi_adjust_external_memory(env, (int64_t)bytes - (int64_t)open->accounted, &total);
  open->accounted = bytes;
}

void response_release(napi_env env, response *ended) {
  if (env != NULL) response_account(env, ended, 0);
  rq_response_free(ended->inner);
  free(ended->buffer);
  ended->inner = NULL;
  ended->buffer = NULL;
}

/* responseNew() */
napi_value response_new(napi_env env, napi_callback_info info) {
  (void)info;
  rq_error *error = NULL;
  rq_cancel *cancel = rq_cancel_new(&error);
  if (error_thrown(env, error)) return NULL;
  response *made = malloc(sizeof *made);
  if (made == NULL) {
    rq_cancel_free(cancel);
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  *made = (response){.cancel = cancel, .holders = 1};
  return handle_new(env, made, response_collect, &response_tag);
}

/* responseCancel(response): ends the job in flight; the response then fails. */
napi_value response_cancel(napi_env env, napi_callback_info info) {
  response *ending = response_of(env, arguments_of(env, info).at[0]);
  if (ending == NULL) return NULL;
  rq_cancel_trigger(ending->cancel);
  if (ending->busy) pool_withdraw(env, ending->cancel);
  return NULL;
}

/* responseClose(response): gives up what is left of the body, now or with the job in flight. */
napi_value response_close(napi_env env, napi_callback_info info) {
  response *ending = response_of(env, arguments_of(env, info).at[0]);
  if (ending == NULL) return NULL;
  if (ending->busy) return response_cancel(env, info);
  response_release(env, ending);
  return NULL;
}

/* ---- the head ---- */

/* name, value, name, value, … as received. HTTP/1.1 text is bytes: each becomes one character. */
napi_value response_fields(napi_env env, const rq_response *inner, bool trailers) {
  napi_value fields = NULL;
  const char *name = NULL, *value = NULL;
  if (napi_create_array(env, &fields) != napi_ok) return NULL;
  for (uint32_t i = 0; trailers ? rq_response_trailer_at(inner, i, &name, &value)
                                : rq_response_header_at(inner, i, &name, &value);
       i++) {
    napi_set_element(env, fields, 2 * i, latin1(env, name));
    napi_set_element(env, fields, 2 * i + 1, latin1(env, value));
  }
  return fields;
}

/* What raise() will throw for a 4xx or 5xx: made now, for rq_response is gone by then. */
static void set_raised(napi_env env, napi_value head, const rq_response *inner) {
  rq_error *error = NULL;
  rq_response_raise(inner, &error);
  if (error != NULL) set(env, head, "raised", error_object(env, error));
  rq_error_free(error);
}

napi_value response_head(napi_env env, const rq_response *inner) {
  napi_value head = NULL;
  if (napi_create_object(env, &head) != napi_ok) return NULL;
  set(env, head, "status", number(env, rq_response_status(inner)));
  set(env, head, "reason", latin1(env, rq_response_reason(inner)));
  set(env, head, "url", utf8(env, rq_response_url(inner)));
  set(env, head, "version", number(env, rq_response_http_version(inner)));
  set(env, head, "elapsed", number(env, rq_response_elapsed_ms(inner)));
  set(env, head, "length", number(env, (double)rq_body_length(inner)));
  set(env, head, "reused", boolean(env, rq_response_reused(inner)));
  set(env, head, "headers", response_fields(env, inner, false));
  if (rq_response_status(inner) >= 400) set_raised(env, head, inner);
  return head;
}
