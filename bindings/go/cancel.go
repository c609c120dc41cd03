// Contexts: what ends a request when its context ends.

package rq

// #include "callbacks.h"
import "C"

import (
	"context"
	"sync"
)

// watch ends one request when its context ends, from the start of the call to the end of the body.
// It knows neither response nor body: the context holds on to it, and would hold them too.
type watch struct {
	ctx  context.Context
	stop func() bool // nil for a context that never ends

	mu    sync.Mutex // a context may end while the request does: no trigger of a freed token
	token *C.rq_cancel
	next  *watch // ends with this one: of a response that took this request's place
}

// begin begins to watch. Where nobody can end the context, the call that sends makes the token:
// nobody needs one before it returns.
func (w *watch) begin(ctx context.Context) error {
	if ctx.Err() != nil {
		return cancelled(ctx, "cancelled before it began")
	}
	w.ctx = ctx
	if ctx.Done() == nil {
		return nil
	}
	var c call
	w.token = C.rq_cancel_new(&c.err)
	if err := c.end(); err != nil {
		return err
	}
	w.stop = context.AfterFunc(ctx, w.trigger)
	return nil
}

// trigger wakes whatever C call waits for this request. Any goroutine, any time.
func (w *watch) trigger() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.token != nil {
		C.rq_cancel_trigger(w.token)
	}
	if w.next != nil {
		w.next.trigger()
	}
}

// join makes the end of this watch's context end what other watches too.
func (w *watch) join(other *watch) {
	if other == nil {
		return
	}
	w.mu.Lock()
	if w.next == nil {
		w.next = other
	} else {
		w.next.join(other)
	}
	w.mu.Unlock()
	if w.ctx.Err() != nil { // the trigger may have come before
		other.trigger()
	}
}

// end forgets the context. Done twice, it does nothing.
func (w *watch) end() {
	if w.stop != nil {
		w.stop()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.next != nil {
		w.next.end()
	}
}

// free is end, and frees the response, if there is one, with what could end it.
func (w *watch) free(response *C.rq_response) {
	if w.stop != nil {
		w.stop()
	}
	w.mu.Lock()
	token, next := w.token, w.next
	w.token = nil
	w.mu.Unlock()
	C.rqgo_free(response, token)
	if next != nil {
		next.free(nil)
	}
}
