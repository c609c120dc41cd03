// What every call into C needs: the error it may leave, and strings, bytes and durations in the
// form that C takes. Which calls are made, the files of the types decide.

package rq

// #include "callbacks.h"
import "C"

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"runtime/cgo"
	"strings"
	"time"
	"unsafe"
)

// call collects the failure of a row of C calls. The library's calls do nothing once an error is
// set, so a row is written without checks and ended by one.
type call struct {
	err  *C.rq_error
	left C.rqgo_left     // by what ran; runningCall finds the call by it
	size C.size_t        // of what a call gave
	ctx  context.Context // of a call that sends: for its callbacks
}

// end gives the first failure of the row, if there was one.
func (c *call) end() error {
	return c.endUnder(context.Background())
}

// endUnder is end for a row that this context covered.
func (c *call) endUnder(ctx context.Context) error {
	if c.err == nil && c.left.failed == 0 {
		*c = call{}
		return nil
	}
	cause := takeLeft[error](c.left.failed)
	if _, panicked := cause.(*PanicError); panicked {
		c.fail(ErrCallback, cause.Error()) // in a callback that has no way to fail
	}
	err := takeError(c.err, ctx, cause)
	*c = call{}
	return err
}

// takeLeft is the value of a handle that a callback left, or none.
func takeLeft[T any](left C.uintptr_t) (value T) {
	if left != 0 {
		value = cgo.Handle(left).Value().(T)
		cgo.Handle(left).Delete()
	}
	return value
}

func (c *call) fail(code Code, message string) {
	C.rq_error_set(&c.err, C.int32_t(code), text(message))
}

// failWith is fail with an error of Go's, which the caller will find in the row's by errors.Is.
func (c *call) failWith(code Code, err error) {
	if c.err == nil {
		c.fail(code, err.Error())
		c.left.failed = C.uintptr_t(cgo.NewHandle(err))
	}
}

// text checks and lends a string of the caller's. A NUL would cut it short unseen.
func (c *call) text(s string) *C.char {
	if strings.IndexByte(s, 0) >= 0 {
		c.fail(ErrInvalidArgument, fmt.Sprintf("%q holds a NUL character", s))
		s = ""
	}
	return text(s)
}

// text lends a string to one C call: the library copies what it keeps, so Go's memory will do.
func text(s string) *C.char {
	return (*C.char)(unsafe.Pointer(unsafe.StringData(s + "\x00")))
}

// optional is text, or NULL for an empty string.
func (c *call) optional(s string) *C.char {
	if s == "" {
		return nil
	}
	return c.text(s)
}

// optionalBytes lends a copy of data, or NULL for nil.
func optionalBytes(data []byte) (unsafe.Pointer, C.size_t) {
	if data == nil {
		return nil, 0
	}
	lent := bytes.Clone(addressable(data))
	return unsafe.Pointer(&lent[0]), C.size_t(len(data))
}

// milliseconds rounds up, since 0 means no limit.
func (c *call) milliseconds(d time.Duration) C.uint32_t {
	ms := (d + time.Millisecond - 1) / time.Millisecond
	if d < 0 || ms > math.MaxUint32 {
		c.fail(ErrInvalidArgument, fmt.Sprintf("%v is no duration from 0 to 49 days", d))
	}
	return C.uint32_t(ms)
}

// number checks a count or a port.
func (c *call) number(n int) C.uint32_t {
	if n < 0 || n > math.MaxUint32 {
		c.fail(ErrInvalidArgument, fmt.Sprintf("%d is out of range", n))
	}
	return C.uint32_t(n)
}

// addressable gives bytes a first element to point at, also when there are none.
func addressable(data []byte) []byte {
	if len(data) == 0 {
		return make([]byte, 1)
	}
	return data
}
