// The Go functions that the library calls, through callbacks.c: each finds the Go value behind its
// context, runs it, and brings its failure back. What the values do is the business of the files
// that hand them over: auth.go, upload.go, request.go, hooks.go; adapter.go has its own.

package rq

// #include "callbacks.h"
import "C"

import (
	"context"
	"fmt"
	"runtime/cgo"
	"runtime/debug"
	"time"
	"unsafe"
)

// contextFor gives a Go value to the library, which frees it by rqgoFree, also where the call that
// takes it fails. Until then the value stays alive, and with it all that it knows.
func contextFor(value any) C.uintptr_t {
	return C.uintptr_t(cgo.NewHandle(value))
}

func valueOf[T any](context C.uintptr_t) T {
	return cgo.Handle(context).Value().(T)
}

//export rqgoFree
func rqgoFree(context C.uintptr_t) {
	handle := cgo.Handle(context)
	defer handle.Delete()
	if u, ok := handle.Value().(*upload); ok {
		defer func() { recover() }() // no call waits for what came of it
		u.close()
	}
}

//export rqgoRead
func rqgoRead(context C.uintptr_t, buf unsafe.Pointer, room C.size_t, e **C.rq_error) C.int64_t {
	read := -1
	guard(e, func() (err error) {
		read, err = valueOf[*upload](context).read(unsafe.Slice((*byte)(buf), room))
		return err
	})
	return C.int64_t(read)
}

//export rqgoRewind
func rqgoRewind(context C.uintptr_t, e **C.rq_error) C.bool {
	return C.bool(guard(e, valueOf[*upload](context).rewind))
}

//export rqgoOnRequest
func rqgoOnRequest(context C.uintptr_t, prepared *C.rq_prepared, e **C.rq_error) {
	guard(e, func() error {
		h, giveBack := borrow(prepared)
		defer giveBack()
		p := &Prepared{handle: h, ctx: runningContext()}
		return valueOf[func(*Prepared) error](context)(p)
	})
}

//export rqgoOnResponse
func rqgoOnResponse(
	context C.uintptr_t, response *C.rq_response, e **C.rq_error,
) (other *C.rq_response) {
	guard(e, func() error {
		h, giveBack := borrow(response)
		defer giveBack()
		r := lentResponse(response, h)
		given, err := valueOf[func(*Response) (*Response, error)](context)(r)
		if err == nil && given != nil && given != r {
			other, err = given.giveAway()
		}
		return err
	})
	return other
}

//export rqgoOnTrace
func rqgoOnTrace(context C.uintptr_t, step C.int, elapsed C.uint64_t, detail *C.char) {
	var c call // the step itself cannot fail; a panic fails the call that it is a step of
	guard(&c.err, func() error {
		valueOf[func(Trace)](context)(Trace{
			Step: Step(step), Elapsed: time.Duration(elapsed) * time.Microsecond,
			Detail: C.GoString(detail),
		})
		return nil
	})
	c.end()
}

//export rqgoProgress
func rqgoProgress(context C.uintptr_t, done C.uint64_t, total C.int64_t, e **C.rq_error) {
	guard(e, func() error {
		return valueOf[func(done, total int64) error](context)(int64(done), int64(total))
	})
}

// guard runs a callback and tells the library of its failure. A panic is one too: it must not
// unwind the library's frames.
func guard(e **C.rq_error, callback func() error) (ok bool) {
	defer func() {
		if value := recover(); value != nil {
			fail(e, &PanicError{value, debug.Stack()})
			ok = false
		}
	}()
	if err := callback(); err != nil {
		fail(e, err)
		return false
	}
	return true
}

// fail gives the library the text of an error, and leaves the error itself to the call that the
// callback belongs to: its caller gets it back as it is.
func fail(e **C.rq_error, err error) {
	failAs(e, ErrCallback, err.Error(), err)
}

func failAs(e **C.rq_error, code Code, message string, err error) {
	C.rq_error_set(e, C.int32_t(code), text(message))
	failure := cgo.NewHandle(err)
	if !C.rqgo_keep(C.uintptr_t(failure)) {
		failure.Delete()
	}
}

// runningCall is the call that the running callback belongs to, or nil.
func runningCall() *call {
	left := C.rqgo_running()
	if left == nil {
		return nil
	}
	return (*call)(unsafe.Add(unsafe.Pointer(left), -int(unsafe.Offsetof(call{}.left))))
}

// runningContext is the context of that call.
func runningContext() context.Context {
	if c := runningCall(); c != nil && c.ctx != nil {
		return c.ctx
	}
	return context.Background()
}

// PanicError is the failure of a request whose callback panicked: an AuthFunc, a reader, a hook, an
// Adapter.
type PanicError struct {
	Value any    // what it panicked with
	Stack []byte // where
}

func (p *PanicError) Error() string {
	return fmt.Sprintf("a callback panicked: %v", p.Value)
}

// Unwrap gives the panic's value where that is an error.
func (p *PanicError) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}
