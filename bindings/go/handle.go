// Lifetimes: who owns an object of the C library and when it is freed. All other files take their
// pointers from here; only body.go, whose object ends by itself, keeps its own.

package rq

import (
	"runtime"
	"sync/atomic"
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
//
// What lies inside of another object, or is this package's for one callback only, has a handle too:
// see newLent and borrow.
type handle[P any] struct {
	free    func(P)
	lender  lender // nil: the object is nobody else's
	cleanup runtime.Cleanup
	ptr     P
	users   atomic.Int64 // how many there are, and closedHandle once no more are let in
}

const closedHandle = 1 << 32

func newHandle[P any](ptr P, free func(P)) *handle[P] {
	h := new(handle[P])
	h.own(ptr, free)
	return h
}

// own makes a handle of one that lies in another value. free must not know that value.
func (h *handle[P]) own(ptr P, free func(P)) {
	h.ptr, h.free = ptr, free
	h.cleanup = runtime.AddCleanup(h, free, ptr)
}

// lender is a handle whose object holds that of another handle.
type lender interface {
	pin() error
	release()
}

// newLent is for an object inside of the lender's. It ends with that, and keeps it alive.
func newLent[P any](ptr P, by lender) *handle[P] {
	return &handle[P]{ptr: ptr, free: func(P) {}, lender: by}
}

// borrow is for an object that is this package's until giveBack, which waits for those that use it
// in other goroutines. Whoever keeps the handle longer finds it closed.
func borrow[P any](ptr P) (h *handle[P], giveBack func()) {
	unused := make(chan struct{})
	h = &handle[P]{ptr: ptr, free: func(P) { close(unused) }}
	return h, func() {
		h.close()
		<-unused
	}
}

// acquire lends the pointer until release. It fails after Close, and for a handle that never was.
func (h *handle[P]) acquire() (ptr P, err error) {
	collectGarbage()
	if h == nil {
		return ptr, misuse("the handle was not made by this package")
	}
	if h.lender != nil {
		if err := h.lender.pin(); err != nil {
			return ptr, err
		}
	}
	for {
		users := h.users.Load()
		if users >= closedHandle {
			if h.lender != nil {
				h.lender.release()
			}
			return ptr, misuse("the handle is closed")
		}
		if h.users.CompareAndSwap(users, users+1) {
			return h.ptr, nil
		}
	}
}

func (h *handle[P]) release() {
	if h.users.Add(-1) == closedHandle { // was the last one, and lets nobody in
		h.free(h.ptr)
	}
	if h.lender != nil {
		h.lender.release()
	}
	runtime.KeepAlive(h)
}

// pin is acquire for a lender.
func (h *handle[P]) pin() error {
	_, err := h.acquire()
	return err
}

// close lets no new user in. It does not wait for those that are there, but tells of them.
func (h *handle[P]) close() (inUse bool) {
	if h == nil {
		return false
	}
	before := h.users.Or(closedHandle)
	if before < closedHandle {
		h.cleanup.Stop()
		if before == 0 {
			h.free(h.ptr)
		}
	}
	runtime.KeepAlive(h)
	return before%closedHandle > 0
}

// disown is close for an object that somebody else takes over. It fails while it is used.
func (h *handle[P]) disown() (ptr P, ok bool) {
	if h.lender != nil || !h.users.CompareAndSwap(0, closedHandle) {
		return ptr, false
	}
	h.cleanup.Stop()
	return h.ptr, true
}

func (h *handle[P]) isClosed() bool {
	return h.users.Load() >= closedHandle
}
