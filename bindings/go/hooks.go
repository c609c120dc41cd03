// Hooks: functions of the caller's that see, and may change, what an exchange does. The library
// decides when they run; callbacks.go carries its calls here.

package rq

// #include "callbacks.h"
import "C"

import (
	"runtime/cgo"
	"time"
)

// OnRequest adds a hook that sees, and may change, each request just before it is sent: the first,
// and those that follow a redirect; the answer to a challenge goes out as the hook left the
// request. The error it returns fails the call, and is found in its error by errors.Is.
//
// Hooks run in the goroutine of the call, the session's before the request's, each in the order in
// which they were added; a session's have to stand any number of goroutines at once. They may use
// the session. The Prepared is the hook's until it returns, and closed afterwards. A session whose
// hook knows the session is not freed by the garbage collector: close it.
func OnRequest(hook func(*Prepared) error) Option {
	return func(s *settings) {
		C.rqgo_on_request(s.opts, contextFor(hook), &s.err)
	}
}

// OnResponse adds a hook that sees each response once its head is there, those of redirects too.
// It returns the response that goes on in its place: another one, or nil or the same to let it
// stand. What the hook read by Bytes, Text or JSON can be read again by those after it; Body.Close
// gives up the body. The error it returns fails the call, and is found in its error by errors.Is.
//
// The response is the hook's until it returns, and closed afterwards. One that the hook returns in
// its place must be its own, from Session.Do, say, and belongs to the call from then on. For the
// rest, it is as OnRequest.
func OnResponse(hook func(*Response) (*Response, error)) Option {
	return func(s *settings) {
		C.rqgo_on_response(s.opts, contextFor(hook), &s.err)
	}
}

// OnTrace adds a hook that is told of each step of an exchange when it is done. It runs as those of
// OnRequest do. It cannot fail, but a panic fails the call.
func OnTrace(hook func(Trace)) Option {
	return func(s *settings) {
		C.rqgo_on_trace(s.opts, contextFor(hook), &s.err)
	}
}

// OnDownload adds a hook that is told while the body of a response is read: how many bytes have
// come, and the Content-Length, -1 if that is unknown. It runs in the goroutine that reads, and
// must not read itself. The error it returns fails the reading.
func OnDownload(hook func(received, total int64) error) Option {
	return func(s *settings) {
		C.rqgo_on_download(s.opts, contextFor(hook), &s.err)
	}
}

// WithoutHooks removes the hooks that were set by the options before it, or with [Session.Set], all
// that the session has. A request on its way keeps those that it began with.
func WithoutHooks() Option {
	return func(s *settings) {
		C.rq_opts_clear_hooks(s.opts, &s.err)
	}
}

// Trace is a step that is done.
type Trace struct {
	Step    Step
	Elapsed time.Duration // since the call began
	Detail  string        // what it was done with: an address, a URL, a status
}

// Step is a kind of step of an exchange.
type Step int

// The steps, in the order in which they come for one request.
const (
	StepDNS      Step = C.RQ_STEP_DNS      // the host's name was looked up
	StepConnect  Step = C.RQ_STEP_CONNECT  // a connection was opened
	StepTLS      Step = C.RQ_STEP_TLS      // the handshake is done
	StepReused   Step = C.RQ_STEP_REUSED   // a kept connection is used, in place of those three
	StepSent     Step = C.RQ_STEP_SENT     // the request was sent, body and all
	StepHead     Step = C.RQ_STEP_HEAD     // the head of the response was read
	StepBody     Step = C.RQ_STEP_BODY     // its body was read to the end
	StepRetry    Step = C.RQ_STEP_RETRY    // the request is sent again
	StepRedirect Step = C.RQ_STEP_REDIRECT // a redirect is followed
)

var stepNames = map[Step]string{
	StepDNS: "dns", StepConnect: "connect", StepTLS: "tls", StepReused: "reused", StepSent: "sent",
	StepHead: "head", StepBody: "body", StepRetry: "retry", StepRedirect: "redirect",
}

// String is the step's name: "dns", "connect", …
func (s Step) String() string {
	return stepNames[s]
}

// giveAway makes the response the library's, in place of the one that a hook was given, and its
// watch the running call's.
func (r *Response) giveAway() (*C.rq_response, error) {
	b := r.body()
	if b.handle == nil || b.isLent {
		return nil, errNotOwn
	}
	ptr, ok := b.handle.disown()
	if !ok {
		return nil, errNotOwn
	}
	w := &b.ending.watch
	w.join(takeLeft[*watch](C.rqgo_adopt(0)))
	C.rqgo_adopt(C.uintptr_t(cgo.NewHandle(w)))
	return ptr, nil
}

var errNotOwn = misuse("a hook returns the response that it was given, or an open one of its own")
