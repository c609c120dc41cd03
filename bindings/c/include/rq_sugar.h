/* rq_sugar.h: handles that free themselves at the end of their scope (GCC and Clang).
 *
 *   rq_auto(error) e = NULL;
 *   rq_auto(session) session = rq_session_new(&e);
 *   rq_auto(response) response = rq_get(session, "https://example.org/", &e);
 *   if (e) return 1;                        // whatever was made is freed, on every way out
 *
 * rq_auto(noun) declares a variable of type rq_noun *. It is freed by rq_noun_free when its scope
 * is left by return, break, continue, goto or the closing brace: not by longjmp or exit. Give it a
 * value at once, NULL if nothing else: an uninitialised one would be freed too.
 *
 * rq_keep(noun, variable) takes a handle out of such a variable, so that it outlives the scope:
 *
 *   return rq_keep(response, response);     // the caller frees it now
 *
 * rq_drop(noun, variable) frees a handle early, in a loop for instance, and makes it NULL.
 *
 * The nouns are what has a rq_..._free: cancel, cookie_list, error, opts, pending, prepared,
 * request, response, session. opts is for what rq_opts_new made: what a session or a request lends
 * must not be freed, as must no part, reply, certificate, jar, response of a history or argument of
 * a callback. Header only, nothing to link; rq.h itself does not need it. */
#ifndef RQ_SUGAR_H
#define RQ_SUGAR_H

#include "rq.h"

#if !defined(__GNUC__)
#error "rq_sugar.h needs the cleanup attribute of GCC or Clang; rq.h alone works without it"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Declares `rq_noun *` that is freed when its scope ends; to be followed by a name and a value. */
#define rq_auto(noun) __attribute__((cleanup(rq_drop_##noun))) rq_##noun *

/** The handle of an rq_auto variable, which becomes NULL: the handle is the caller's from now. */
#define rq_keep(noun, variable) rq_keep_##noun(&(variable))

/** Frees the handle of an rq_auto variable now; the variable becomes NULL. */
#define rq_drop(noun, variable) rq_drop_##noun(&(variable))

static inline rq_cancel *rq_keep_cancel(rq_cancel **variable) {
  rq_cancel *kept = *variable;
  *variable = NULL;
  return kept;
}

static inline rq_cookie_list *rq_keep_cookie_list(rq_cookie_list **variable) {
  rq_cookie_list *kept = *variable;
  *variable = NULL;
  return kept;
}

static inline rq_error *rq_keep_error(rq_error **variable) {
  rq_error *kept = *variable;
  *variable = NULL;
  return kept;
}

static inline rq_opts *rq_keep_opts(rq_opts **variable) {
  rq_opts *kept = *variable;
  *variable = NULL;
  return kept;
}

static inline rq_pending *rq_keep_pending(rq_pending **variable) {
  rq_pending *kept = *variable;
  *variable = NULL;
  return kept;
}

static inline rq_prepared *rq_keep_prepared(rq_prepared **variable) {
  rq_prepared *kept = *variable;
  *variable = NULL;
  return kept;
}

static inline rq_request *rq_keep_request(rq_request **variable) {
  rq_request *kept = *variable;
  *variable = NULL;
  return kept;
}

static inline rq_response *rq_keep_response(rq_response **variable) {
  rq_response *kept = *variable;
  *variable = NULL;
  return kept;
}

static inline rq_session *rq_keep_session(rq_session **variable) {
  rq_session *kept = *variable;
  *variable = NULL;
  return kept;
}

static inline void rq_drop_cancel(rq_cancel **variable) {
  rq_cancel_free(rq_keep_cancel(variable));
}

static inline void rq_drop_cookie_list(rq_cookie_list **variable) {
  rq_cookie_list_free(rq_keep_cookie_list(variable));
}

static inline void rq_drop_error(rq_error **variable) { rq_error_free(rq_keep_error(variable)); }

static inline void rq_drop_opts(rq_opts **variable) { rq_opts_free(rq_keep_opts(variable)); }

static inline void rq_drop_pending(rq_pending **variable) {
  rq_pending_free(rq_keep_pending(variable));
}

static inline void rq_drop_prepared(rq_prepared **variable) {
  rq_prepared_free(rq_keep_prepared(variable));
}

static inline void rq_drop_request(rq_request **variable) {
  rq_request_free(rq_keep_request(variable));
}

static inline void rq_drop_response(rq_response **variable) {
  rq_response_free(rq_keep_response(variable));
}

static inline void rq_drop_session(rq_session **variable) {
  rq_session_free(rq_keep_session(variable));
}

#ifdef __cplusplus
}
#endif

#endif /* RQ_SUGAR_H */
