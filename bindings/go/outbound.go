// The call that sends: one crossing into C, in which its thread waits for the answer, or two, with
// the wait between them in Go, where it takes no thread. Which one, is decided here; how Go waits,
// is waiting_linux.go's.

package rq

// #include "callbacks.h"
import "C"

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// outbound is what a call that sends needs, and leaves to the next one.
type outbound struct {
	call
	head C.rqgo_answer
	wait C.rqgo_wait
}

var outbounds = sync.Pool{New: func() any { return new(outbound) }}

// underWay counts the calls that are sending, or waiting for their answer's head.
var underWay atomic.Int64

// slots is how many goroutines run at a time.
var slots = sync.OnceValue(func() int64 { return int64(runtime.GOMAXPROCS(0)) })

// exchange runs the C call that sends, under the context that is watched.
func (e *ending) exchange(send func(*outbound) *C.rq_response) (*Response, error) {
	w := &e.watch
	o := outbounds.Get().(*outbound)
	defer outbounds.Put(o)
	o.ctx = w.ctx
	response := o.run(send)
	w.join(takeLeft[*watch](o.left.adopted))
	if err := o.endUnder(w.ctx); err != nil {
		w.free(response) // there is one only where a callback panicked
		return nil, err
	}
	return ownResponse(response, &o.head, e), nil
}

// run makes the call. One that waits in C is over soonest, and holds a thread; while more of them
// wait than goroutines can run, they hold up those that could.
func (o *outbound) run(send func(*outbound) *C.rq_response) *C.rq_response {
	defer underWay.Add(-1)
	toWire()
	defer fromWire()
	var waits *waits
	if underWay.Add(1) > slots() {
		waits = sharedWaits()
	}
	o.wait.wanted = waits != nil
	response := send(o)
	if o.wait.pending != nil {
		waits.until(int(o.wait.fd), time.Duration(o.wait.ms)*time.Millisecond)
		response = C.rqgo_finish(&o.wait, &o.head, &o.err, &o.left)
	}
	return response
}
