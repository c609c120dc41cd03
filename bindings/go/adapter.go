// Adapters: what answers requests in place of a server, mounted at the beginnings of URLs. What is
// made of their answers (redirects, cookies, codings, hooks) the library does as for any other.

package rq

// #include "callbacks.h"
import "C"

import (
	"context"
	"errors"
	"net/http"
	"runtime/cgo"
	"slices"
	"unsafe"
)

// Adapter answers requests in place of a server: a mock, a recorder, another transport.
//
// Send runs in the goroutine of the call, and any number at once. It gets each request as it would
// go out: those of redirects too, with the cookies and what hooks made of it. The Prepared is lent
// until Send returns; it cannot be edited, but may be sent by another session. Its Context is that
// of the call; an adapter that waits has to heed it, for only what it returns ends the call.
//
// The error that Send returns fails the call, and is found in its error by errors.Is. Its code is
// ErrCallback, or that of the *Error or Code that it is or wraps: with ErrConnect, say, Retries
// hold as for any other. A panic fails the call too, with a *PanicError.
type Adapter interface {
	Send(*Prepared) (*Reply, error)
}

// AdapterFunc is an Adapter that is a function.
type AdapterFunc func(*Prepared) (*Reply, error)

// Send calls the function.
func (f AdapterFunc) Send(p *Prepared) (*Reply, error) {
	return f(p)
}

// Reply is what an Adapter answers.
type Reply struct {
	StatusCode int         // from 200 to 999; 0: 200
	Reason     string      // empty: that of the status
	Header     http.Header // sent in the alphabetical order of the names, each as written
	Body       []byte      // with the codings that Content-Encoding names
}

// Mount has adapter answer the requests whose URL begins with prefix, in any letter case and
// without credentials: "mock://", "https://example.org/api/". Of several prefixes the longest
// counts; one that ends with the host also covers hosts that go on from there. The same prefix
// again replaces its adapter. Requests on their way keep the adapter that they began with.
//
// A session whose adapter knows the session is not freed by the garbage collector: close it.
func (s *Session) Mount(prefix string, adapter Adapter) error {
	if adapter == nil {
		return &Error{
			Code: ErrInvalidArgument, Exception: "ValueError",
			Message: "the adapter is nil; Unmount takes one away, MountOwn mounts the library's",
		}
	}
	return s.mounting(func(session *C.rq_session, c *call) {
		C.rqgo_mount(session, c.text(prefix), contextFor(adapter), &c.err)
	})
}

// MountFunc mounts a function.
func (s *Session) MountFunc(prefix string, send func(*Prepared) (*Reply, error)) error {
	if send == nil {
		return s.Mount(prefix, nil)
	}
	return s.Mount(prefix, AdapterFunc(send))
}

// MountOwn serves the URLs that begin with prefix over connections of their own: a pool apart from
// the session's.
func (s *Session) MountOwn(prefix string) error {
	return s.mounting(func(session *C.rq_session, c *call) {
		C.rq_session_mount(session, c.text(prefix), nil, nil, nil, &c.err)
	})
}

// Unmount takes the adapter at exactly this prefix away, and tells whether there was one.
func (s *Session) Unmount(prefix string) (mounted bool, err error) {
	err = s.mounting(func(session *C.rq_session, c *call) {
		mounted = bool(C.rq_session_unmount(session, c.text(prefix), &c.err))
	})
	return mounted, err
}

func (s *Session) mounting(f func(session *C.rq_session, c *call)) error {
	session, err := s.handle.acquire()
	if err != nil {
		return err
	}
	defer s.handle.release()
	var c call
	f(session, &c)
	return c.end()
}

//export rqgoSend
func rqgoSend(
	context C.uintptr_t, prepared *C.rq_prepared, reply *C.rq_reply, e **C.rq_error,
) {
	forgetEarlierTry()
	guard(e, func() error {
		h, giveBack := borrow(prepared)
		defer giveBack()
		ctx := runningContext()
		answer, err := valueOf[Adapter](context).Send(&Prepared{handle: h, frozen: true, ctx: ctx})
		if err == nil {
			err = ctx.Err() // the library hears of it a moment later
		}
		switch {
		case err != nil:
		case answer == nil:
			err = errNoReply
		default:
			err = answer.fill(reply)
		}
		if err != nil {
			code, message := wordingOf(ctx, err)
			failAs(e, code, message, err)
		}
		return nil
	})
}

var errNoReply = misuse("an adapter returned neither a reply nor an error")

// wordingOf is what the library is told of an adapter's error. Retries go by the code.
func wordingOf(ctx context.Context, err error) (Code, string) {
	var failure *Error
	var code Code
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return ErrCancelled, "cancelled while an adapter answered"
	case errors.As(err, &failure):
		code = failure.Code
	case !errors.As(err, &code):
		code = ErrCallback
	}
	if err == error(failure) {
		return code, failure.Message
	}
	return code, err.Error()
}

// forgetEarlierTry drops what an earlier try of this request failed with: it is tried again. A
// panic is kept, for it may be of a hook that cannot fail, and fails the call.
func forgetEarlierTry() {
	c := runningCall()
	if c == nil || c.left.failed == 0 {
		return
	}
	failure := cgo.Handle(c.left.failed).Value().(error)
	if _, panicked := failure.(*PanicError); !panicked {
		takeLeft[error](c.left.failed)
		c.left.failed = 0
	}
}

// fill copies the reply into C.
func (r *Reply) fill(reply *C.rq_reply) error {
	var c call
	if r.StatusCode != 0 {
		C.rq_reply_status(reply, C.int32_t(c.number(r.StatusCode)), &c.err)
	}
	if r.Reason != "" {
		C.rq_reply_reason(reply, c.text(r.Reason), &c.err)
	}
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range r.Header[name] {
			C.rq_reply_header(reply, c.text(name), c.text(value), &c.err)
		}
	}
	data := addressable(r.Body)
	C.rq_reply_body(reply, unsafe.Pointer(&data[0]), C.size_t(len(r.Body)), &c.err)
	return c.end()
}
