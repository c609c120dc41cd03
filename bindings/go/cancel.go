// Contexts: what ends a request when its context ends.

package rq

// #include <rq.h>
import "C"

import (
	"context"
	"sync"
)

// watch ends one request when its context ends, from the start of the call to the end of the body.
// It knows neither response nor body: the context holds on to it, and would hold them too.
type watch struct {
	ctx  context.Context
	stop func() bool

	mu    sync.Mutex // a context may end while the request does: no trigger of a freed token
	token *C.rq_cancel
	next  *watch // ends with this one: of a response that took this request's place
}

func newWatch(ctx context.Context) (*watch, error) {
	if ctx.Err() != nil {
		return nil, cancelled(ctx, "cancelled before it began")
	}
	var c call
	w := &watch{ctx: ctx, token: C.rq_cancel_new(&c.err)}
	if err := c.end(); err != nil {
		return nil, err
	}
	w.stop = context.AfterFunc(ctx, w.trigger)
	return w, nil
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
	w.stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	C.rq_cancel_free(w.token)
	w.token = nil
	if w.next != nil {
		w.next.end()
	}
}
