// What callbacks.go and callbacks.c know of each other: see there.

#ifndef RQGO_CALLBACKS_H
#define RQGO_CALLBACKS_H

#include <rq.h>

// The library's calls that run callbacks. Each leaves in *failed the handle of the Go error that
// a callback of its own ended with, if one did.
rq_prepared *rqgo_prepare(const rq_session *session, const rq_request *request, rq_error **error,
                          uintptr_t *failed);
rq_response *rqgo_perform(const rq_session *session, const rq_request *request,
                          const rq_cancel *token, rq_error **error, uintptr_t *failed);
rq_response *rqgo_send(const rq_session *session, const rq_prepared *prepared, const rq_opts *opts,
                       const rq_cancel *token, rq_error **error, uintptr_t *failed);

// Leaves a failure for the call that the running callback belongs to; false if it has one already.
bool rqgo_keep(uintptr_t failure);

// The library's calls that take a callback. context is a cgo.Handle, which they give away.
void rqgo_auth(rq_opts *opts, uintptr_t context, rq_error **error);
void rqgo_body(rq_request *request, bool rewinds, uintptr_t context, int64_t length,
               rq_error **error);
void rqgo_part(rq_part *part, bool rewinds, uintptr_t context, int64_t length, rq_error **error);
void rqgo_progress(rq_request *request, uintptr_t context, rq_error **error);

#endif
