// Bodies that are read while they are sent: what is read, how long it is, and how it is read again.
// The library decides when, and holds a body to its length; callbacks.go carries its calls here.

package rq

// #include "callbacks.h"
import "C"

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
)

// upload reads one body. The library uses it from one thread at a time.
type upload struct {
	reader io.Reader                 // nil before again has given it
	again  func() (io.Reader, error) // gives the body from its beginning; nil: it can be read once
	opened io.Closer                 // what again gave, if that is to be closed
	stop   func() bool               // forgets the context, whose end closes that too
	failed error                     // came with the last bytes, is told after them
}

func newUpload(reader io.Reader, getBody func() (io.ReadCloser, error)) *upload {
	u := &upload{reader: reader, again: rewinderOf(reader)}
	if getBody != nil {
		u.again = func() (io.Reader, error) {
			u.close()
			body, err := getBody()
			if err == nil {
				u.opened = body
				u.stop = context.AfterFunc(runningContext(), func() { body.Close() }) // a Read may wait
			}
			return body, err
		}
	}
	return u
}

// rewinderOf tells how to read a reader again from where it now stands; nil if it cannot be.
func rewinderOf(reader io.Reader) func() (io.Reader, error) {
	switch reader := reader.(type) {
	case *bytes.Buffer:
		content := reader.Bytes()
		return func() (io.Reader, error) { return bytes.NewReader(content), nil }
	case io.Seeker:
		start, err := reader.Seek(0, io.SeekCurrent)
		if err != nil { // a pipe
			return nil
		}
		return func() (io.Reader, error) {
			_, err := reader.Seek(start, io.SeekStart)
			return reader.(io.Reader), err
		}
	}
	return nil
}

// lengthOf tells how many bytes a reader will give; -1 if only its end tells.
func lengthOf(reader io.Reader) int64 {
	switch reader := reader.(type) {
	case *bytes.Buffer:
		return int64(reader.Len())
	case *bytes.Reader:
		return int64(reader.Len())
	case *strings.Reader:
		return int64(reader.Len())
	case *os.File:
		return restOf(reader)
	}
	return -1
}

// restOf is what a regular file holds from its position on; -1 for other files.
func restOf(file *os.File) int64 {
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return -1
	}
	position, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return -1
	}
	return max(0, info.Size()-position)
}

// declared is the length that a caller declared, or, for 0, the one that can be found.
func declared(length int64, reader io.Reader) C.int64_t {
	if length == 0 {
		length = lengthOf(reader)
	}
	return C.int64_t(max(length, -1))
}

// read gives at least a byte, 0 at the end, -1 with an error.
func (u *upload) read(p []byte) (int, error) {
	if u.failed != nil {
		return u.ended(u.failed)
	}
	if u.reader == nil {
		if err := u.rewind(); err != nil {
			return -1, err
		}
	}
	for range 100 {
		n, err := u.reader.Read(p)
		switch {
		case n < 0 || n > len(p):
			return -1, fmt.Errorf("rq: a Read of %d bytes says that it read %d", len(p), n)
		case n > 0:
			u.failed = err
			return n, nil
		case err != nil:
			return u.ended(err)
		}
	}
	return -1, io.ErrNoProgress
}

func (u *upload) ended(err error) (int, error) {
	u.failed = err
	u.close() // whoever sends it may keep it, to send it again
	if err == io.EOF {
		return 0, nil
	}
	return -1, err
}

func (u *upload) rewind() error {
	reader, err := u.again()
	if err != nil {
		return err
	}
	u.reader, u.failed = reader, nil
	return nil
}

// close ends what again gave, of which everything was read that will be.
func (u *upload) close() {
	opened := u.opened
	u.opened = nil
	if opened != nil {
		u.stop()
		opened.Close()
	}
}

// stream gives the library a reader as the request's body.
func (c *call) stream(request *C.rq_request, r *Request) {
	if file, ok := r.BodyReader.(*os.File); ok && r.plainFile(file) {
		c.file(request, file)
		return
	}
	u := newUpload(r.BodyReader, r.GetBody)
	length := declared(r.BodyLength, r.BodyReader)
	C.rqgo_body(request, C.bool(u.again != nil), contextFor(u), length, &c.err)
}

// plainFile tells whether the library can read the file itself, without asking Go for each piece.
func (r *Request) plainFile(file *os.File) bool {
	return r.BodyLength == 0 && r.GetBody == nil && restOf(file) >= 0
}

func (c *call) file(request *C.rq_request, file *os.File) {
	raw, err := file.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { C.rq_request_body_fd(request, C.int(fd), &c.err) })
	}
	if err != nil {
		c.failWith(ErrFile, err)
	}
}
