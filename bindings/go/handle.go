// Lifetimes: who owns an object of the C library and when it is freed. All other files take their
// pointers from here; only body.go, whose object ends by itself, keeps its own.

package rq

import (
	"runtime"
	"sync"
)

// handle owns one object of the C library. The hazard is the same for every type:
//
// The garbage collector sees a Go value die after its last use in Go, which may be while C still
// works with the pointer taken from it; a cleanup that ran then would free memory under C's feet.
// Close in another goroutine would do the same. So no pointer is used without acquire, and release
// follows the C call: it counts the users, so that Close frees with the last one, and as a use of
// the handle it keeps the collector away until then.
//
// A handle that nobody closed is freed by its cleanup. Built with the tag rqdebug, each acquire
// runs the collector, so that a missing release shows in tests.
type handle[P any] struct {
	free    func(P)
	cleanup runtime.Cleanup

	mu     sync.Mutex
	ptr    P
	users  int
	closed bool
}

func newHandle[P any](ptr P, free func(P)) *handle[P] {
	h := &handle[P]{ptr: ptr, free: free}
	h.cleanup = runtime.AddCleanup(h, free, ptr)
	return h
}

// acquire lends the pointer until release. It fails after Close, and for a handle that never was.
func (h *handle[P]) acquire() (P, error) {
	collectGarbage()
	var none P
	if h == nil {
		return none, misuse("the handle was not made by this package")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return none, misuse("the handle is closed")
	}
	h.users++
	return h.ptr, nil
}

func (h *handle[P]) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.users--
	h.freeUnused()
	runtime.KeepAlive(h)
}

// close lets no new user in. It does not wait for those that are there.
func (h *handle[P]) close() {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		h.cleanup.Stop()
		h.freeUnused()
	}
}

func (h *handle[P]) freeUnused() {
	if h.closed && h.users == 0 {
		h.free(h.ptr)
	}
}
