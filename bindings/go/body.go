// The body of a response as an io.ReadCloser, and the end of the response's life in C.

package rq

// #include <rq.h>
import "C"

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

const (
	smallRead    = 512       // reads below this size are served from a buffer
	smallBuffer  = 4 << 10   // of this size
	copyBuffer   = 128 << 10 // what io.Copy takes at once
	preallocated = 16 << 20  // what a declared length may reserve before a byte came
)

var errBodyClosed = misuse("the body is closed")

// body streams a response's body: one C call for each Read, straight into the caller's memory.
// It owns the response in C and gives it up when the body ends, in whatever way. One Read runs at a
// time; Close may come at any moment and ends a Read that waits.
type body struct {
	owned   *owned
	cleanup runtime.Cleanup
	trailer http.Header
	closed  atomic.Bool

	mu     sync.Mutex // held while C uses the response
	err    error      // what every Read gives, once the body has ended
	buffer []byte     // for small reads
	unread []byte     // the part of buffer that no Read has taken yet
}

// owned is what a body frees at its end. It stands apart from the body, for a cleanup to hold.
type owned struct {
	response *C.rq_response
	watch    *watch
	freed    func() // told of the end, if set
}

func (o *owned) free() {
	C.rq_response_free(o.response)
	o.watch.end()
	if o.freed != nil {
		o.freed()
	}
}

func newBody(response *C.rq_response, w *watch, trailer http.Header) *body {
	b := &body{owned: &owned{response: response, watch: w}, trailer: trailer}
	b.cleanup = runtime.AddCleanup(b, (*owned).free, b.owned)
	return b
}

// Read reads what has come, and waits only if nothing has. It gives io.EOF at the body's end alone:
// a truncated body is an *Error.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed.Load() {
		return 0, errBodyClosed
	}
	if len(b.unread) == 0 {
		if len(p) == 0 || len(p) >= smallRead {
			return b.receive(p)
		}
		if b.buffer == nil {
			b.buffer = make([]byte, smallBuffer)
		}
		n, err := b.receive(b.buffer)
		if err != nil {
			return 0, err
		}
		b.unread = b.buffer[:n]
	}
	n := copy(p, b.unread)
	b.unread = b.unread[n:]
	return n, nil
}

// receive is the one call of rq_body_read. The lock is held.
func (b *body) receive(p []byte) (int, error) {
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	collectGarbage()
	var c call
	n := C.rq_body_read(b.owned.response, unsafe.Pointer(&p[0]), C.size_t(len(p)), &c.err)
	runtime.KeepAlive(b)
	if n > 0 {
		return int(n), nil
	}
	err := c.endUnder(b.owned.watch.ctx)
	switch {
	case b.closed.Load():
		err = errBodyClosed
	case err == nil:
		err = io.EOF
		if b.trailer != nil {
			addFields(b.trailer, fieldsOf(b.owned.response, true))
		}
	}
	b.end(err)
	return 0, err
}

// end gives the response up. The lock is held.
func (b *body) end(err error) {
	b.err = err
	b.cleanup.Stop()
	b.owned.free()
}

// Close gives up the rest of the body. It may be called at any time, from any goroutine and more
// than once.
func (b *body) Close() error {
	if b.closed.Swap(true) {
		return nil
	}
	if !b.mu.TryLock() { // a Read may be waiting for the peer
		b.owned.watch.trigger()
		b.mu.Lock()
	}
	defer b.mu.Unlock()
	if b.err == nil {
		b.end(errBodyClosed)
	}
	return nil
}

var copyBuffers = sync.Pool{New: func() any { return new([copyBuffer]byte) }}

// WriteTo makes io.Copy read in pieces that are worth a crossing into C.
func (b *body) WriteTo(w io.Writer) (int64, error) {
	buffer := copyBuffers.Get().(*[copyBuffer]byte)
	defer copyBuffers.Put(buffer)
	// The structs hide WriteTo and ReadFrom, with which io.CopyBuffer would ignore the buffer.
	return io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{b}, buffer[:])
}

// readAll reads to the end, into memory of the right size where the length is known.
func readAll(body io.Reader, length int64) ([]byte, error) {
	var content bytes.Buffer
	content.Grow(int(max(0, min(length, preallocated))) + bytes.MinRead)
	_, err := content.ReadFrom(body)
	return content.Bytes(), err
}
