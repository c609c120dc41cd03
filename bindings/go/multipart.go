// Multipart forms: the parts of a request's body. Boundaries, quoting and lengths are the
// library's.

package rq

// #include "callbacks.h"
import "C"

import (
	"io"
	"unsafe"
)

// Part is one part of a multipart/form-data body. Its content is Body, Path or Reader; with none of
// them it is empty.
type Part struct {
	Name     string  // of the form's field
	Filename string  // empty: none, or for Path its last element
	Type     string  // the Content-Type; empty: none is sent
	Header   []Field // further fields of the part's header

	// EmptyFilename sends an empty filename in place of none, as browsers do where no file was
	// chosen.
	EmptyFilename bool

	Body   []byte    // content in memory
	Path   string    // a file, opened when the request is prepared and streamed when it is sent
	Reader io.Reader // a stream, read while the request is sent
	Length int64     // of Reader, as Request.BodyLength
}

// part adds a part to the request.
func (c *call) part(request *C.rq_request, p *Part) {
	if count(p.Body != nil, p.Path != "", p.Reader != nil) > 1 {
		c.fail(ErrInvalidArgument, "a part has one content: Body, Path or Reader")
	}
	part := C.rq_request_part(request, c.text(p.Name), &c.err)
	if p.Filename != "" || p.EmptyFilename {
		C.rq_part_filename(part, c.text(p.Filename), &c.err)
	}
	if p.Type != "" {
		C.rq_part_type(part, c.text(p.Type), &c.err)
	}
	for _, field := range p.Header {
		C.rq_part_header(part, c.text(field.Name), c.text(field.Value), &c.err)
	}
	switch {
	case p.Body != nil:
		data := addressable(p.Body)
		C.rq_part_bytes(part, unsafe.Pointer(&data[0]), C.size_t(len(p.Body)), &c.err)
	case p.Path != "":
		C.rq_part_file(part, c.text(p.Path), &c.err)
	case p.Reader != nil:
		u := newUpload(p.Reader, nil)
		length := declared(p.Length, p.Reader)
		C.rqgo_part(part, C.bool(u.again != nil), contextFor(u), length, &c.err)
	}
}

// count tells how many of these are so.
func count(conditions ...bool) (n int) {
	for _, condition := range conditions {
		if condition {
			n++
		}
	}
	return n
}
