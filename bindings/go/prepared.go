// What will go over the wire: Prepared, a request with the session's defaults merged in, to be
// looked at, edited and sent.

package rq

// #include <rq.h>
import "C"

import (
	"bytes"
	"context"
	"sync"
	"unsafe"
)

// Prepared is a request exactly as it will be sent. Session.Send sends it, any number of times and
// from any goroutine; an edit waits until those that send it have their response's head.
//
// That of a [Response], from its method Request, ends with the response and cannot be edited; nor
// can an [Adapter]'s.
type Prepared struct {
	handle *handle[*C.rq_prepared]
	frozen bool            // is sent: a response's, or an adapter's
	ctx    context.Context // of the call that lends it
	mu     sync.RWMutex    // held for reading by those that send, for writing by all others
}

func newPrepared(ptr *C.rq_prepared) *Prepared {
	free := func(ptr *C.rq_prepared) { C.rq_prepared_free(ptr) }
	return &Prepared{handle: newHandle(ptr, free)}
}

// Close frees the prepared request. Without it, the garbage collector does.
func (p *Prepared) Close() error {
	p.handle.close()
	return nil
}

// alone runs f with nobody else using the prepared request.
func (p *Prepared) alone(f func(ptr *C.rq_prepared, c *call)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	ptr, err := p.handle.acquire()
	if err != nil {
		return err
	}
	defer p.handle.release()
	var c call
	f(ptr, &c)
	return c.end()
}

// edit is alone for changes.
func (p *Prepared) edit(f func(ptr *C.rq_prepared, c *call)) error {
	if p.frozen {
		return misuse("a request that is sent cannot be edited")
	}
	return p.alone(f)
}

// Context is that of the call that a hook or an adapter runs in; for others the background.
func (p *Prepared) Context() context.Context {
	if p.ctx == nil {
		return context.Background()
	}
	return p.ctx
}

// Method is the method. It is empty after Close, as are the other parts.
func (p *Prepared) Method() (method string) {
	p.alone(func(ptr *C.rq_prepared, _ *call) { method = C.GoString(C.rq_prepared_method(ptr)) })
	return method
}

// URL is the URL, percent-encoded.
func (p *Prepared) URL() (url string) {
	p.alone(func(ptr *C.rq_prepared, _ *call) { url = C.GoString(C.rq_prepared_url(ptr)) })
	return url
}

// Header is the value of a header field: "" if there is none, joined by ", " if there are several.
func (p *Prepared) Header(name string) (value string) {
	p.alone(func(ptr *C.rq_prepared, c *call) {
		value = C.GoString(C.rq_prepared_header(ptr, c.text(name)))
	})
	return value
}

// Headers are the header fields in the order in which they will be sent.
func (p *Prepared) Headers() (fields []Field) {
	p.alone(func(ptr *C.rq_prepared, _ *call) {
		var name, value *C.char
		for i := C.size_t(0); C.rq_prepared_header_at(ptr, i, &name, &value); i++ {
			fields = append(fields, Field{C.GoString(name), C.GoString(value)})
		}
	})
	return fields
}

// BodyLength is the length of the body: 0 if there is none, -1 if only its end will tell.
func (p *Prepared) BodyLength() (length int64) {
	p.alone(func(ptr *C.rq_prepared, _ *call) { length = int64(C.rq_prepared_body_length(ptr)) })
	return length
}

// Curl is a command line for curl that sends the same. Unless secrets are to be shown, it has
// stand-ins for them.
func (p *Prepared) Curl(showSecrets bool) (line string) {
	p.alone(func(ptr *C.rq_prepared, c *call) {
		line = C.GoString(C.rq_prepared_curl(ptr, C.bool(showSecrets), &c.err))
	})
	return line
}

// Proxy is the URL of the proxy that a Send on this session would use; empty if it would use none.
func (p *Prepared) Proxy(s *Session) (url string, err error) {
	session, err := s.handle.acquire()
	if err != nil {
		return "", err
	}
	defer s.handle.release()
	err = p.alone(func(ptr *C.rq_prepared, c *call) {
		url = C.GoString(C.rq_prepared_proxy(ptr, session, &c.err))
	})
	return url, err
}

// Body is a copy of a body that is in memory; nil if there is none, or if it is streamed: from a
// reader or a file.
func (p *Prepared) Body() (body []byte) {
	p.alone(func(ptr *C.rq_prepared, _ *call) {
		var size C.size_t
		if data := C.rq_prepared_body(ptr, &size); data != nil {
			body = bytes.Clone(unsafe.Slice((*byte)(data), size))
		}
	})
	return body
}

// Content is a copy of the whole body: one that is streamed is read into memory, once. It is for
// an [Adapter], which answers in place of a server; a reader that cannot be rewound is used up.
func (p *Prepared) Content() (content []byte, err error) {
	err = p.alone(func(ptr *C.rq_prepared, c *call) {
		var size C.size_t
		if data := C.rq_prepared_content(ptr, &size, &c.err); data != nil {
			content = bytes.Clone(unsafe.Slice((*byte)(data), size))
		}
	})
	return content, err
}

// SetMethod changes the method.
func (p *Prepared) SetMethod(method string) error {
	return p.edit(func(ptr *C.rq_prepared, c *call) {
		C.rq_prepared_set_method(ptr, c.text(method), &c.err)
	})
}

// SetURL changes the URL.
func (p *Prepared) SetURL(url string) error {
	return p.edit(func(ptr *C.rq_prepared, c *call) {
		C.rq_prepared_set_url(ptr, c.text(url), &c.err)
	})
}

// SetHeader sets a header field in place of those with its name.
func (p *Prepared) SetHeader(name, value string) error {
	return p.edit(func(ptr *C.rq_prepared, c *call) {
		C.rq_prepared_set_header(ptr, c.text(name), c.text(value), &c.err)
	})
}

// AddHeader adds a header field and keeps those with its name.
func (p *Prepared) AddHeader(name, value string) error {
	return p.edit(func(ptr *C.rq_prepared, c *call) {
		C.rq_prepared_add_header(ptr, c.text(name), c.text(value), &c.err)
	})
}

// RemoveHeader removes the header fields with this name.
func (p *Prepared) RemoveHeader(name string) error {
	return p.edit(func(ptr *C.rq_prepared, c *call) {
		C.rq_prepared_set_header(ptr, c.text(name), nil, &c.err)
	})
}

// SetBody changes the body, and Content-Length with it; nil is no body.
func (p *Prepared) SetBody(body []byte) error {
	return p.edit(func(ptr *C.rq_prepared, c *call) {
		if body == nil {
			C.rq_prepared_set_body(ptr, nil, 0, &c.err)
			return
		}
		data := addressable(body)
		C.rq_prepared_set_body(ptr, unsafe.Pointer(&data[0]), C.size_t(len(body)), &c.err)
	})
}
