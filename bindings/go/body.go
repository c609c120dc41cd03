// The body of a response as an io.ReadCloser, and the end of the response's life in C.

package rq

// #include "callbacks.h"
import "C"

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"unsafe"
)

const copyBuffer = 128 << 10 // what io.Copy takes at once

// net/http's error is found in it too.
var errClosed = &Error{
	Code: ErrMisuse, Message: "the response is closed", Exception: "ValueError",
	cause: http.ErrBodyReadAfterClose,
}

// body is a response in C, of which it streams the body: one C call for each Read, straight into
// the caller's memory. One call runs at a time; Close may come at any moment and ends a Read that
// waits. A response that has ended is kept until Close, for its history and what else it knows.
type body struct {
	handle  *handle[*C.rq_response]
	alone   *sync.Mutex // held while C uses the response or one of its history
	ending  *ending     // nil: no context of its own
	isLent  bool        // by a hook's call: Close gives up the body alone
	trailer http.Header

	trailerCame bool

	rest  int64 // of the declared length, by what Read gave; negative if that is not known
	coded bool  // by content codings: only raw reads know the rest
	call  call  // the one that Read makes

	request   *Prepared
	history   []*Response
	delimiter string
	line      []byte
	partial   []byte
}

// ending is what the end of a body lets go. It stands apart from the body, for a cleanup to hold.
type ending struct {
	watch watch
	told  func() // if set
	was   atomic.Bool
}

func (e *ending) reached() {
	if e == nil || e.was.Swap(true) {
		return
	}
	e.watch.end()
	if e.told != nil {
		e.told()
	}
}

// free frees the response, which is an end too.
func (e *ending) free(ptr *C.rq_response) {
	e.watch.free(ptr)
	e.reached()
}

// context is the one that covers the body, or nil.
func (e *ending) context() context.Context {
	if e == nil {
		return nil
	}
	return e.watch.ctx
}

// use runs f on the response in C.
func (b *body) use(f func(ptr *C.rq_response, c *call)) error {
	var c call
	return b.useFor(&c, f)
}

func (b *body) useFor(c *call, f func(ptr *C.rq_response, c *call)) error {
	ptr, err := b.handle.acquire()
	if err != nil {
		return errClosed
	}
	defer b.handle.release()
	b.alone.Lock()
	defer b.alone.Unlock()
	toWire()
	f(ptr, c)
	fromWire()
	err = c.endUnder(b.ending.context())
	if err != nil && b.handle.isClosed() {
		return errClosed
	}
	return err
}

// reading is use for what may reach the body's end; ended tells whether it did.
func (b *body) reading(c *call, f func(ptr *C.rq_response, c *call) (ended bool)) error {
	ended := false
	err := b.useFor(c, func(ptr *C.rq_response, c *call) {
		if ended = f(ptr, c); ended && c.err == nil {
			b.fillTrailer(ptr)
		}
	})
	if (ended && err == nil) || endsBody(err) {
		b.ending.reached()
	}
	return err
}

// endsBody tells whether a failed read leaves nothing to be read.
func endsBody(err error) bool {
	failure, ok := err.(*Error)
	if !ok {
		return false
	}
	switch failure.Code {
	case ErrMisuse, ErrInvalidArgument, ErrFile:
		return false
	}
	return true
}

func (b *body) fillTrailer(ptr *C.rq_response) {
	if b.trailer == nil || b.trailerCame {
		return
	}
	b.trailerCame = true
	o := outbounds.Get().(*outbound)
	defer outbounds.Put(o)
	C.rqgo_trailer(ptr, &o.head)
	addFields(b.trailer, fieldsOf(wordsOf(ptr, &o.head, true), &o.head))
}

// Read reads what has come, and waits only if nothing has. It gives io.EOF at the body's end alone,
// with the last bytes where the length was declared: a truncated body is an *Error.
func (b *body) Read(p []byte) (int, error) {
	return b.receive(p, false)
}

func (b *body) receive(p []byte, raw bool) (count int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	ended := false
	err = b.reading(&b.call, func(ptr *C.rq_response, c *call) bool {
		rest := C.int64_t(-1)
		if raw || !b.coded {
			rest = C.int64_t(b.rest)
		}
		n := C.rqgo_read(ptr, C.bool(raw), (*C.uint8_t)(&p[0]), C.size_t(len(p)), rest, &c.err,
			&c.left)
		count, ended = int(max(n, 0)), bool(c.left.ended)
		b.rest -= int64(count)
		return ended
	})
	if ended && err == nil {
		err = io.EOF
	}
	return count, err
}

// Close gives up the rest of the body, and frees the response. It may be called at any time, from
// any goroutine and more than once.
func (b *body) Close() error {
	if b.isLent {
		b.use(func(ptr *C.rq_response, _ *call) { C.rq_body_close(ptr) })
	}
	if b.handle.close() && b.ending != nil { // a Read may be waiting for the peer
		b.ending.watch.trigger()
	}
	return nil
}

var copyBuffers = sync.Pool{New: func() any { return new([copyBuffer]byte) }}

// WriteTo makes io.Copy read in pieces that are worth a crossing into C.
func (b *body) WriteTo(w io.Writer) (int64, error) {
	return writeTo(w, b)
}

func writeTo(w io.Writer, r io.Reader) (int64, error) {
	buffer := copyBuffers.Get().(*[copyBuffer]byte)
	defer copyBuffers.Put(buffer)
	// The structs hide WriteTo and ReadFrom, with which io.CopyBuffer would ignore the buffer.
	return io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, buffer[:])
}

// rawBody is a body with its content codings.
type rawBody struct{ *body }

func (r rawBody) Read(p []byte) (int, error) {
	return r.receive(p, true)
}

func (r rawBody) WriteTo(w io.Writer) (int64, error) {
	return writeTo(w, r)
}

// textBody is a body as UTF-8.
type textBody struct {
	body *body
	rest []byte // of a character that had no room
}

// A buffer of the library's has room for the longest character.
const characterMax = 4

func (t *textBody) Read(p []byte) (int, error) {
	if len(t.rest) == 0 {
		if len(p) == 0 {
			return 0, nil
		}
		if len(p) >= characterMax {
			return t.receive(p)
		}
		small := make([]byte, characterMax)
		n, err := t.receive(small)
		if err != nil {
			return 0, err
		}
		t.rest = small[:n]
	}
	n := copy(p, t.rest)
	t.rest = t.rest[n:]
	return n, nil
}

func (t *textBody) receive(p []byte) (count int, err error) {
	var c call
	err = t.body.reading(&c, func(ptr *C.rq_response, c *call) bool {
		n := C.rqgo_read_text(ptr, unsafe.Pointer(&p[0]), C.size_t(len(p)), &c.err, &c.left)
		count = int(max(n, 0))
		return n == 0
	})
	if count == 0 && err == nil {
		err = io.EOF
	}
	return count, err
}
