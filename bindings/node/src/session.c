/* Sessions as handles. A session is closed by close() or by the garbage collector; what is in
   flight then still ends well, for its job has entered the session and the last one out frees
   it. */
#include "addon.h"

#include <stdlib.h>

struct session {
  rq_session *inner;
  unsigned users; /* the handle while it is open, and the jobs in flight */
  bool open;
  bool collected; /* no JS value refers to this any more */
};

static const napi_type_tag session_tag = {0x8f0c62f1d0a94e27, 0xa3b5d1c97e46f082};

void session_leave(session *entered) {
  if (--entered->users > 0) return;
  rq_session_free(entered->inner);
  entered->inner = NULL;
  if (entered->collected) free(entered);
}

static void session_shut(session *open) {
  if (!open->open) return;
  open->open = false;
  session_leave(open);
}

static void session_collect(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  session *dropped = data;
  bool last = dropped->users == 0;
  dropped->collected = true;
  session_shut(dropped);
  if (last) free(dropped);
}

static session *session_of(napi_env env, napi_value handle) {
  return handle_of(env, handle, &session_tag, "a session was expected");
}

session *session_enter(napi_env env, napi_value handle) {
  session *wanted = session_of(env, handle);
  if (wanted == NULL) return NULL;
  if (!wanted->open) {
    misuse_throw(env, "the session is closed");
    return NULL;
  }
  wanted->users++;
  return wanted;
}

rq_session *session_inner(const session *entered) {
  return entered->inner;
}

/* sessionNew(calls) */
napi_value session_new(napi_env env, napi_callback_info info) {
  arguments given = arguments_of(env, info);
  rq_error *error = NULL;
  rq_session *inner = rq_session_new(&error);
  calls_make(env, given.at[0], option_make, rq_session_opts(inner), &error);
  if (is_thrown(env))
    rq_error_free(error);
  else
    error_thrown(env, error);
  session *made = is_thrown(env) ? NULL : malloc(sizeof *made);
  if (made == NULL) {
    rq_session_free(inner);
    return NULL;
  }
  *made = (session){.inner = inner, .users = 1, .open = true};
  return handle_new(env, made, session_collect, &session_tag);
}

/* sessionCloseIdle(session) */
napi_value session_close_idle(napi_env env, napi_callback_info info) {
  session *entered = session_enter(env, arguments_of(env, info).at[0]);
  if (entered == NULL) return NULL;
  rq_session_close_idle(entered->inner);
  session_leave(entered);
  return NULL;
}

/* sessionClose(session): a second time does nothing. */
napi_value session_close(napi_env env, napi_callback_info info) {
  session *open = session_of(env, arguments_of(env, info).at[0]);
  if (open != NULL) session_shut(open);
  return NULL;
}
