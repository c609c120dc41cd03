// The C side of callbacks: a context is a void * here and a number in Go. Were it a pointer there,
// Go's runtime would take the number for an address. What a callback does is callbacks.go's.

#include "callbacks.h"
#include "_cgo_export.h"

// Where the innermost library call of this thread wants failures. A callback runs on the thread of
// its call, so two calls never see each other's failure, whatever they share.
static _Thread_local uintptr_t *failed_of_call;

bool rqgo_keep(uintptr_t failure) {
	if (!failed_of_call || *failed_of_call)
		return false;
	*failed_of_call = failure;
	return true;
}

rq_prepared *rqgo_prepare(const rq_session *session, const rq_request *request, rq_error **error,
                          uintptr_t *failed) {
	uintptr_t *outer = failed_of_call;
	failed_of_call = failed;
	rq_prepared *prepared = rq_prepare(session, request, error);
	failed_of_call = outer;
	return prepared;
}

rq_response *rqgo_perform(const rq_session *session, const rq_request *request,
                          const rq_cancel *token, rq_error **error, uintptr_t *failed) {
	uintptr_t *outer = failed_of_call;
	failed_of_call = failed;
	rq_response *response = rq_perform(session, request, token, error);
	failed_of_call = outer;
	return response;
}

rq_response *rqgo_send(const rq_session *session, const rq_prepared *prepared, const rq_opts *opts,
                       const rq_cancel *token, rq_error **error, uintptr_t *failed) {
	uintptr_t *outer = failed_of_call;
	failed_of_call = failed;
	rq_response *response = rq_send_with(session, prepared, opts, token, error);
	failed_of_call = outer;
	return response;
}

static int64_t read_body(void *context, void *buf, size_t cap, rq_error **error) {
	return rqgoRead((uintptr_t)context, buf, cap, error);
}

static bool rewind_body(void *context, rq_error **error) {
	return rqgoRewind((uintptr_t)context, error);
}

static void authenticate(void *context, rq_prepared *prepared, rq_error **error) {
	rqgoAuth((uintptr_t)context, prepared, error);
}

static void progress(void *context, uint64_t sent, int64_t total, rq_error **error) {
	rqgoProgress((uintptr_t)context, sent, total, error);
}

static void free_context(void *context) {
	rqgoFree((uintptr_t)context);
}

void rqgo_auth(rq_opts *opts, uintptr_t context, rq_error **error) {
	rq_opts_auth_callback(opts, authenticate, (void *)context, free_context, error);
}

void rqgo_body(rq_request *request, bool rewinds, uintptr_t context, int64_t length,
               rq_error **error) {
	rq_request_body_callback(request, read_body, rewinds ? rewind_body : NULL, (void *)context,
	                         free_context, length, error);
}

void rqgo_part(rq_part *part, bool rewinds, uintptr_t context, int64_t length, rq_error **error) {
	rq_part_callback(part, read_body, rewinds ? rewind_body : NULL, (void *)context, free_context,
	                 length, error);
}

void rqgo_progress(rq_request *request, uintptr_t context, rq_error **error) {
	rq_request_progress(request, progress, (void *)context, free_context, error);
}
