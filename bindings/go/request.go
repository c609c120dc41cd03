// Requests as the caller words them: method, URL, body, options. What becomes of them is
// prepared.go's.

package rq

// #include "callbacks.h"
import "C"

import (
	"context"
	"encoding/json"
	"io"
	"unsafe"
)

// Request is what a caller wants to have sent. It may be used again, if its body can be read again.
//
// It has one body at most. Body, BodyReader (or GetBody) and BodyFile are sent as they are; Parts
// make a multipart form, with the fields of Form before them; Form alone is urlencoded. A body
// wins over Form and JSON, Form over JSON. A Content-Type of the Options' is kept.
type Request struct {
	Method string
	URL    string

	Body []byte // nil: none

	// BodyReader is read while the request is sent, from where it stands, in the goroutine that
	// sends; it is not closed. While a Read waits, the end of the context does not end the request;
	// a body that GetBody opened is closed by it. An error that it returns is found in the request's
	// error by errors.Is. A regular *os.File is read without moving its position.
	BodyReader io.Reader
	// BodyLength is how many bytes the reader gives; any other number fails the request. 0: as many
	// as are left in a *bytes.Buffer, *bytes.Reader, *strings.Reader or regular *os.File; another
	// reader is sent in chunks until it ends. Negative: in chunks.
	BodyLength int64
	// GetBody gives the body from its beginning, should it have to be sent again; also the first
	// time, where there is no BodyReader. Each one is closed, when the context ends at the latest.
	// An io.Seeker or *bytes.Buffer does without; another BodyReader can be sent once.
	GetBody func() (io.ReadCloser, error)

	BodyFile string // a file's path: opened when the request is prepared, streamed when it is sent

	Form  []Field // a form's fields, in this order; names may be repeated
	Parts []Part  // a multipart form's files

	// JSON is sent as json.Marshal makes it; a json.RawMessage as it stands. nil: none.
	JSON any

	// Progress is told while the body is sent: how many bytes so far, and how many in all, -1 if
	// that is not known. It runs in the goroutine that sends, and must not use the Prepared that is
	// being sent.
	Progress func(sent, total int64)

	Options []Option
}

// Field is a name and a value: of a header, its name as written, or of a form.
type Field struct {
	Name, Value string
}

// build copies the request into C, for one call.
func (r *Request) build() (*C.rq_request, error) {
	var c call
	request := C.rq_request_new(c.text(r.Method), c.text(r.URL), &c.err)
	if request != nil && len(r.Options) > 0 {
		c.apply(C.rq_request_opts(request), r.Options)
	}
	c.body(request, r)
	for _, field := range r.Form {
		C.rq_request_field(request, c.text(field.Name), c.text(field.Value), &c.err)
	}
	for i := range r.Parts {
		c.part(request, &r.Parts[i])
	}
	if r.JSON != nil {
		c.json(request, r.JSON)
	}
	if r.Progress != nil {
		C.rqgo_progress(request, contextFor(func(sent, total int64) error {
			r.Progress(sent, total)
			return nil
		}), &c.err)
	}
	if err := c.end(); err != nil {
		C.rq_request_free(request)
		return nil, err
	}
	return request, nil
}

// body sets the body, unless a form or JSON is to make it.
func (c *call) body(request *C.rq_request, r *Request) {
	streamed := r.BodyReader != nil || r.GetBody != nil
	if count(r.Body != nil, streamed, r.BodyFile != "") > 1 {
		c.fail(ErrInvalidArgument, "a request has one body: Body, BodyReader or BodyFile")
	}
	switch {
	case r.Body != nil:
		data := addressable(r.Body)
		C.rq_request_body(request, unsafe.Pointer(&data[0]), C.size_t(len(r.Body)), &c.err)
	case streamed:
		c.stream(request, r)
	case r.BodyFile != "":
		C.rq_request_body_file(request, c.text(r.BodyFile), &c.err)
	}
}

func (c *call) json(request *C.rq_request, value any) {
	content, raw := value.(json.RawMessage)
	if !raw {
		var err error
		if content, err = json.Marshal(value); err != nil {
			c.failWith(ErrInvalidJSON, err)
		}
	}
	data := addressable(content)
	C.rq_request_json(request, unsafe.Pointer(&data[0]), C.size_t(len(content)), &c.err)
}

// Prepare makes of the request what will be sent, without any session: no default headers, no
// cookies but its own, nothing of the environment. Session.Send sends it.
func (r *Request) Prepare() (*Prepared, error) {
	return r.prepare(context.Background(), nil)
}

func (r *Request) prepare(ctx context.Context, session *C.rq_session) (*Prepared, error) {
	request, err := r.build()
	if err != nil {
		return nil, err
	}
	defer C.rq_request_free(request)
	c := call{ctx: ctx}
	ptr := C.rqgo_prepare(session, request, &c.err, &c.left)
	if err := c.endUnder(ctx); err != nil {
		return nil, err
	}
	return newPrepared(ptr), nil
}
