/* Responses as handles, from before the request is sent, so that an abort has something to hold,
   until the garbage collector has seen that nobody looks at them any more: what librq knows of a
   response stays there. Some handles are of responses that others lend: those of a history, and the
   one that a hook sees, which means nothing after its call. Sending is send.c's, reading body.c's
   and text.c's. */
#include "addon.h"

#include <stdlib.h>

enum { HEAD_BYTES = 8 * 1024 /* what a response without its body is taken to hold */ };

static const napi_type_tag response_tag = {0xe6b21f84a7d05c39, 0x4c9087fa16d3be52};

void response_drop(response *held) {
  while (held != NULL && --held->holders == 0) {
    response *lender = held->lender;
    if (held->adopted != NULL) response_drop(held->adopted);
    if (held->kind == RESPONSE_OWN) rq_response_free(held->inner);
    rq_cancel_free(held->cancel);
    free(held->buffer);
    free(held);
    held = lender;
  }
}

static void response_collect(napi_env env, void *data, void *hint) {
  (void)hint;
  response *dropped = data;
  response_account(env, dropped, 0);
  response_drop(dropped);
}

napi_value response_handle(napi_env env, response made, response **held) {
  response *new = malloc(sizeof *new);
  if (new == NULL) {
    rq_cancel_free(made.cancel);
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  *new = made;
  new->holders = 1;
  if (new->lender != NULL) new->lender->holders++;
  napi_value handle = handle_new(env, new, response_collect, &response_tag);
  if (held != NULL) *held = handle == NULL ? NULL : new; /* without a handle it is gone */
  return handle;
}

response *response_of(napi_env env, napi_value handle) {
  return handle_of(env, handle, &response_tag, "a response was expected");
}

bool response_alive(const response *of) {
  while (of->kind == RESPONSE_HOP && of->inner != NULL) of = of->lender;
  return of->inner != NULL;
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
  if (wanted->kind == RESPONSE_HOP) response_use(wanted->lender);
  return wanted;
}

void response_leave(response *entered) {
  entered->busy = false;
  if (entered->kind == RESPONSE_HOP) response_unuse(entered->lender);
  response_drop(entered);
}

void response_use(response *lender) {
  lender->users++;
  lender->holders++;
  if (lender->kind == RESPONSE_HOP) response_use(lender->lender);
}

void response_unuse(response *lender) {
  lender->users--;
  if (lender->kind == RESPONSE_HOP) response_unuse(lender->lender);
  response_drop(lender);
}

/* Tells V8 how much memory hangs on the handle, which looks tiny to its garbage collector. */
void response_account(napi_env env, response *open, size_t bytes) {
  int64_t total = 0;
  if (bytes > 0) bytes += HEAD_BYTES;
  if (open->kind != RESPONSE_OWN || open->accounted == bytes) return;
  napi_adjust_external_memory(env, (int64_t)bytes - (int64_t)open->accounted, &total);
  open->accounted = bytes;
}

/* ---- jobs ---- */

static const response *root(const response *of) {
  while (of->lender != NULL) of = of->lender;
  return of;
}

const rq_cancel *response_token(const response *of) {
  return root(of)->cancel;
}

void response_stop(const response *of) {
  for (of = root(of); of != NULL; of = of->adopted) rq_cancel_trigger(of->cancel);
}

napi_value response_conclude(napi_env env, job *work) {
  napi_value value = NULL;
  if (work->error != NULL)
    napi_throw(env, error_object(env, work->error));
  else
    value = work->settle(env, work);
  work->drop(work);
  return value;
}

/* What was lent to a hook is read by the thread that waits for the hook: it is that thread's, and
   no other has to be free. */
napi_value response_submit(napi_env env, response *of, job *work, bool blocks) {
  if (of->whole && !blocks) {
    work->run(work);
    return response_conclude(env, work);
  }
  for (; of != NULL; of = of->lender)
    if (of->kind == RESPONSE_LENT) return pool_hand(env, of->lender->sending, work);
  return pool_submit(env, work);
}

/* ---- lent to a hook ---- */

napi_value response_lend(napi_env env, response *by, rq_response *inner, response **held) {
  response lent = {.kind = RESPONSE_LENT, .inner = inner, .lender = by};
  lent.request = rq_response_request(inner);
  napi_value handle = response_handle(env, lent, held);
  if (handle != NULL) (*held)->holders++;
  return handle;
}

void response_retract(response *held) {
  held->inner = NULL;
  response_drop(held);
}

/* Takes what a hook returned: NULL if it is what it was lent, or if an exception is pending. */
rq_response *response_give(napi_env env, napi_value handle, response *to) {
  response *given = response_of(env, handle);
  if (given == NULL ||
      (given->kind == RESPONSE_LENT && given->lender == to && given->inner != NULL))
    return NULL;
  if (given->kind != RESPONSE_OWN || given->inner == NULL || given->busy || given->users > 0) {
    misuse_throw(env, "a hook cannot return a response that is lent, in use or given away");
    return NULL;
  }
  rq_response *inner = given->inner;
  given->inner = NULL;
  response_account(env, given, 0);
  given->holders++;
  while (to->adopted != NULL) to = to->adopted;
  to->adopted = given;
  return inner;
}

/* ---- what JavaScript calls ---- */

/* responseNew() */
napi_value response_new(napi_env env, napi_callback_info info) {
  (void)info;
  rq_error *error = NULL;
  rq_cancel *cancel = rq_cancel_new(&error);
  if (error_thrown(env, error)) return NULL;
  return response_handle(env, (response){.cancel = cancel}, NULL);
}

/* responseCancel(response): ends the job in flight; the response then fails. */
napi_value response_cancel(napi_env env, napi_callback_info info) {
  response *ending = response_of(env, arguments_of(env, info).at[0]);
  if (ending == NULL) return NULL;
  response_stop(ending);
  if (ending->busy) pool_withdraw(env, response_token(ending));
  if (ending->sending != NULL && ending->sending->dialog != NULL)
    dialog_retract(ending->sending->dialog);
  return NULL;
}

/* responseClose(response): gives up what is left of the body, now or with the job in flight. */
napi_value response_close(napi_env env, napi_callback_info info) {
  response *ending = response_of(env, arguments_of(env, info).at[0]);
  if (ending == NULL || !response_alive(ending)) return NULL;
  if (ending->busy) return response_cancel(env, info);
  rq_body_close(ending->inner);
  free(ending->buffer);
  ending->buffer = NULL;
  response_account(env, ending, 1);
  return NULL;
}
