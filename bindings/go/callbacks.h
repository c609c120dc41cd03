// What callbacks.go and callbacks.c know of each other: see there.

#ifndef RQGO_CALLBACKS_H
#define RQGO_CALLBACKS_H

#include "answer.h"

// What is left for the call in Go: by the callbacks that ran in it, each a cgo.Handle, or 0.
typedef struct {
	uintptr_t failed;  // of the Go error that a callback ended with
	uintptr_t adopted; // of the watch of a response that a hook put in place of another
	bool ended;        // no handle: what was read was the last of the body
} rqgo_left;

// What a call that sends leaves to be waited for without a thread, where that is wanted.
typedef struct {
	bool wanted;
	rq_pending *pending; // NULL: nothing, the call has done it all
	int64_t ms;          // how long it may be waited for; -1: no limit
	int fd;              // until it is readable
} rqgo_wait;

// The library's calls that run callbacks.
rq_prepared *rqgo_prepare(const rq_session *session, const rq_request *request, rq_error **error,
                          rqgo_left *left);
// Frees the request. Where *token is NULL it makes one; where a response came, its head too. Gives
// none where the answer is left to be waited for.
rq_response *rqgo_perform(const rq_session *session, rq_request *request, rq_cancel **token,
                          rqgo_wait *wait, rqgo_answer *answer, rq_error **error,
                          rqgo_left *left);
// The same of a prepared one, which stays.
rq_response *rqgo_send(const rq_session *session, const rq_prepared *prepared, const rq_opts *opts,
                       rq_cancel **token, rqgo_wait *wait, rqgo_answer *answer, rq_error **error,
                       rqgo_left *left);
// The second half of both, where something was left.
rq_response *rqgo_finish(rqgo_wait *wait, rqgo_answer *answer, rq_error **error, rqgo_left *left);
const void *rqgo_content(const rq_prepared *prepared, size_t *len, rq_error **error,
                         rqgo_left *left);
// Where as many bytes come as are left by the declared length, or -1, it looks for the end too.
int64_t rqgo_read(rq_response *response, bool raw, uint8_t *buf, size_t cap, int64_t rest,
                  rq_error **error, rqgo_left *left);
int64_t rqgo_read_text(rq_response *response, void *buf, size_t cap, rq_error **error,
                       rqgo_left *left);
const void *rqgo_line(rq_response *response, bool text, size_t *len, rq_error **error,
                      rqgo_left *left);
const void *rqgo_bytes(rq_response *response, size_t *len, rq_error **error, rqgo_left *left);
const void *rqgo_text(rq_response *response, size_t *len, rq_error **error, rqgo_left *left);
const void *rqgo_json(rq_response *response, size_t *len, rq_error **error, rqgo_left *left);
const char *rqgo_apparent(rq_response *response, rq_error **error, rqgo_left *left);
int64_t rqgo_save(rq_response *response, const char *path, rq_error **error, rqgo_left *left);

// Leaves a failure for the call that the running callback belongs to; false if it has one already.
bool rqgo_keep(uintptr_t failure);

// Where callbacks of the running call leave things: its own, or NULL.
rqgo_left *rqgo_running(void);

// Leaves a watch for that call, and gives the one that it had, or 0.
uintptr_t rqgo_adopt(uintptr_t watch);

// The library's calls that take a callback. context is a cgo.Handle, which they give away.
void rqgo_auth(rq_opts *opts, uintptr_t context, rq_error **error);
void rqgo_on_request(rq_opts *opts, uintptr_t context, rq_error **error);
void rqgo_on_response(rq_opts *opts, uintptr_t context, rq_error **error);
void rqgo_on_trace(rq_opts *opts, uintptr_t context, rq_error **error);
void rqgo_on_download(rq_opts *opts, uintptr_t context, rq_error **error);
void rqgo_body(rq_request *request, bool rewinds, uintptr_t context, int64_t length,
               rq_error **error);
void rqgo_part(rq_part *part, bool rewinds, uintptr_t context, int64_t length, rq_error **error);
void rqgo_progress(rq_request *request, uintptr_t context, rq_error **error);
void rqgo_mount(const rq_session *session, const char *prefix, uintptr_t context,
                rq_error **error);

#endif
