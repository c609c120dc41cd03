// The C side of callbacks: a context is a void * here and a number in Go. Were it a pointer there,
// Go's runtime would take the number for an address. What a callback does is callbacks.go's.

#include "callbacks.h"
#include "_cgo_export.h"

// Where callbacks of this thread's innermost library call leave things. A callback runs on the
// thread of its call, so two calls never see what belongs to the other, whatever they share.
static _Thread_local rqgo_left *innermost;

// Has the result of a library call that may run callbacks.
#define WITHIN(left, type, result, library_call) \
	rqgo_left *outer = innermost; \
	innermost = (left); \
	type result = (library_call); \
	innermost = outer

#define RETURN_WITHIN(left, type, library_call) \
	WITHIN(left, type, result, library_call); \
	return result

rqgo_left *rqgo_running(void) {
	return innermost;
}

bool rqgo_keep(uintptr_t failure) {
	if (!innermost || innermost->failed)
		return false;
	innermost->failed = failure;
	return true;
}

uintptr_t rqgo_adopt(uintptr_t watch) {
	uintptr_t before = innermost->adopted;
	innermost->adopted = watch;
	return before;
}

rq_prepared *rqgo_prepare(const rq_session *session, const rq_request *request, rq_error **error,
                          rqgo_left *left) {
	RETURN_WITHIN(left, rq_prepared *, rq_prepare(session, request, error));
}

static rq_response *with_head(rq_response *response, rqgo_answer *answer) {
	if (response)
		rqgo_head(response, answer);
	return response;
}

rq_response *rqgo_finish(rqgo_wait *wait, rqgo_answer *answer, rq_error **error, rqgo_left *left) {
	WITHIN(left, rq_response *, response, rq_pending_finish(wait->pending, error));
	rq_pending_free(wait->pending);
	wait->pending = NULL;
	return with_head(response, answer);
}

// What has begun is finished at once where there is nothing to wait for.
static rq_response *begun(rq_pending *pending, rqgo_wait *wait, rqgo_answer *answer,
                          rq_error **error, rqgo_left *left) {
	if (!pending)
		return NULL;
	wait->pending = pending;
	wait->fd = rq_pending_fd(pending);
	wait->ms = rq_pending_wait_ms(pending);
	return wait->fd < 0 ? rqgo_finish(wait, answer, error, left) : NULL;
}

rq_response *rqgo_perform(const rq_session *session, rq_request *request, rq_cancel **token,
                          rqgo_wait *wait, rqgo_answer *answer, rq_error **error,
                          rqgo_left *left) {
	if (!*token)
		*token = rq_cancel_new(error);
	if (wait->wanted) {
		WITHIN(left, rq_pending *, pending, rq_perform_begin(session, request, *token, error));
		rq_request_free(request);
		return begun(pending, wait, answer, error, left);
	}
	WITHIN(left, rq_response *, response, rq_perform(session, request, *token, error));
	rq_request_free(request);
	return with_head(response, answer);
}

rq_response *rqgo_send(const rq_session *session, const rq_prepared *prepared, const rq_opts *opts,
                       rq_cancel **token, rqgo_wait *wait, rqgo_answer *answer, rq_error **error,
                       rqgo_left *left) {
	if (!*token)
		*token = rq_cancel_new(error);
	if (wait->wanted) {
		WITHIN(left, rq_pending *, pending, rq_send_begin(session, prepared, opts, *token, error));
		return begun(pending, wait, answer, error, left);
	}
	WITHIN(left, rq_response *, response, rq_send_with(session, prepared, opts, *token, error));
	return with_head(response, answer);
}

const void *rqgo_content(const rq_prepared *prepared, size_t *len, rq_error **error,
                         rqgo_left *left) {
	RETURN_WITHIN(left, const void *, rq_prepared_content(prepared, len, error));
}

static int64_t read_with_end(rq_response *response, bool raw, uint8_t *buf, size_t cap,
                             int64_t rest, rq_error **error, bool *ended) {
	int64_t (*read)(rq_response *, void *, size_t, rq_error **) =
		raw ? rq_body_read_raw : rq_body_read;
	int64_t count = read(response, buf, cap, error);
	*ended = count == 0;
	if (count <= 0 || count != rest || (size_t)count == cap)
		return count;
	int64_t more = read(response, buf + count, cap - (size_t)count, error);
	*ended = more == 0;
	return more > 0 ? count + more : count;
}

int64_t rqgo_read(rq_response *response, bool raw, uint8_t *buf, size_t cap, int64_t rest,
                  rq_error **error, rqgo_left *left) {
	bool ended; // a callback must not be told of it before its time
	WITHIN(left, int64_t, count, read_with_end(response, raw, buf, cap, rest, error, &ended));
	left->ended = ended;
	return count;
}

int64_t rqgo_read_text(rq_response *response, void *buf, size_t cap, rq_error **error,
                       rqgo_left *left) {
	RETURN_WITHIN(left, int64_t, rq_body_read_text(response, buf, cap, error));
}

const void *rqgo_line(rq_response *response, bool text, size_t *len, rq_error **error,
                      rqgo_left *left) {
	RETURN_WITHIN(left, const void *,
	              text ? rq_body_text_line(response, len, error)
	                   : rq_body_line(response, len, error));
}

const void *rqgo_bytes(rq_response *response, size_t *len, rq_error **error, rqgo_left *left) {
	RETURN_WITHIN(left, const void *, rq_body_bytes(response, len, error));
}

const void *rqgo_text(rq_response *response, size_t *len, rq_error **error, rqgo_left *left) {
	RETURN_WITHIN(left, const void *, rq_body_text(response, len, error));
}

const void *rqgo_json(rq_response *response, size_t *len, rq_error **error, rqgo_left *left) {
	RETURN_WITHIN(left, const void *, rq_body_json(response, len, error));
}

const char *rqgo_apparent(rq_response *response, rq_error **error, rqgo_left *left) {
	RETURN_WITHIN(left, const char *, rq_response_apparent_encoding(response, error));
}

int64_t rqgo_save(rq_response *response, const char *path, rq_error **error, rqgo_left *left) {
	RETURN_WITHIN(left, int64_t, rq_body_save(response, path, error));
}

static int64_t read_body(void *context, void *buf, size_t cap, rq_error **error) {
	return rqgoRead((uintptr_t)context, buf, cap, error);
}

static bool rewind_body(void *context, rq_error **error) {
	return rqgoRewind((uintptr_t)context, error);
}

static void on_request(void *context, rq_prepared *prepared, rq_error **error) {
	rqgoOnRequest((uintptr_t)context, prepared, error);
}

static rq_response *on_response(void *context, rq_response *response, rq_error **error) {
	return rqgoOnResponse((uintptr_t)context, response, error);
}

static void on_trace(void *context, rq_step step, uint64_t elapsed_us, const char *detail) {
	rqgoOnTrace((uintptr_t)context, step, elapsed_us, (char *)detail);
}

static void progress(void *context, uint64_t done, int64_t total, rq_error **error) {
	rqgoProgress((uintptr_t)context, done, total, error);
}

static void send_by_adapter(void *context, const rq_prepared *prepared, rq_reply *reply,
                            rq_error **error) {
	rqgoSend((uintptr_t)context, (rq_prepared *)prepared, reply, error);
}

static void free_context(void *context) {
	rqgoFree((uintptr_t)context);
}

void rqgo_auth(rq_opts *opts, uintptr_t context, rq_error **error) {
	rq_opts_auth_callback(opts, on_request, (void *)context, free_context, error);
}

void rqgo_on_request(rq_opts *opts, uintptr_t context, rq_error **error) {
	rq_opts_on_request(opts, on_request, (void *)context, free_context, error);
}

void rqgo_on_response(rq_opts *opts, uintptr_t context, rq_error **error) {
	rq_opts_on_response(opts, on_response, (void *)context, free_context, error);
}

void rqgo_on_trace(rq_opts *opts, uintptr_t context, rq_error **error) {
	rq_opts_on_trace(opts, on_trace, (void *)context, free_context, error);
}

void rqgo_on_download(rq_opts *opts, uintptr_t context, rq_error **error) {
	rq_opts_on_download(opts, progress, (void *)context, free_context, error);
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

void rqgo_mount(const rq_session *session, const char *prefix, uintptr_t context,
                rq_error **error) {
	rq_session_mount(session, prefix, send_by_adapter, (void *)context, free_context, error);
}
