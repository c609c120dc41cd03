// The head of a response, copied from C once. Its body is body.go's and content.go's, the way it
// came history.go's.

package rq

/*
#include <rq.h>

// What a response's head holds, fetched by one call: each crossing from Go to C has its price.
typedef struct {
	const char *reason;
	const char *url;
	double elapsed_ms;
	int64_t length;
	int32_t status;
	int32_t version;
	bool reused;
	bool ok;
	bool redirect;
	bool permanent;
} rqgo_head;

typedef struct {
	const char *name;
	const char *value;
} rqgo_field;

enum { RQGO_FIELDS = 32 };

static void rqgo_response_head(const rq_response *r, rqgo_head *head) {
	head->reason = rq_response_reason(r);
	head->url = rq_response_url(r);
	head->elapsed_ms = rq_response_elapsed_ms(r);
	head->length = rq_body_length(r);
	head->status = rq_response_status(r);
	head->version = rq_response_http_version(r);
	head->reused = rq_response_reused(r);
	head->ok = rq_response_ok(r);
	head->redirect = rq_response_is_redirect(r);
	head->permanent = rq_response_is_permanent_redirect(r);
}

// Fetches up to RQGO_FIELDS header or trailer fields, beginning with the one at index.
static size_t rqgo_response_fields(const rq_response *r, bool trailer, size_t index,
                                   rqgo_field *fields) {
	bool (*at)(const rq_response *, size_t, const char **, const char **) =
		trailer ? rq_response_trailer_at : rq_response_header_at;
	size_t count = 0;
	while (count < RQGO_FIELDS && at(r, index + count, &fields[count].name, &fields[count].value))
		count++;
	return count;
}
*/
import "C"

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// Response is what came back. Its head is complete; its body is read from Body or line by line, or
// at once by Bytes, Text, JSON or Save. Content codings, such as gzip, are taken off.
//
// Body.Close ends it: the fields stay, but from then on its methods fail with ErrMisuse, or give
// nothing. The garbage collector closes those that are forgotten. A connection is free for the next
// request as soon as the body has been read to its end. A response is for one goroutine at a time,
// except for Body.Close.
type Response struct {
	StatusCode  int
	Reason      string      // "Not Found", as received
	Header      http.Header // names in canonical form
	RawHeader   []Field     // in the order and the case in which they came
	URL         string
	HTTPVersion string        // "1.1" or "1.0"
	Elapsed     time.Duration // from the start of the request to the end of the head
	Reused      bool          // came over a connection that was kept from an earlier request

	ContentLength int64         // as declared, codings and all; 0 without a body, -1 if unknown
	Body          io.ReadCloser // never nil; to be closed, or read to its end
	Trailer       http.Header   // filled at the end of the body

	ok, redirect, permanent bool

	raised error
	own    *body
}

// ownResponse takes over what a call of the library's returned, with the watch over it.
func ownResponse(ptr *C.rq_response, w *watch) *Response {
	return newResponse(ptr, newBody(ptr, w))
}

// lentResponse is for a response that is a hook's until it returns.
func lentResponse(ptr *C.rq_response, h *handle[*C.rq_response]) *Response {
	return newResponse(ptr, &body{handle: h, alone: new(sync.Mutex), isLent: true})
}

// newResponse copies the head.
func newResponse(ptr *C.rq_response, b *body) *Response {
	var head C.rqgo_head
	C.rqgo_response_head(ptr, &head)
	r := &Response{
		StatusCode:    int(head.status),
		Reason:        C.GoString(head.reason),
		RawHeader:     fieldsOf(ptr, false),
		URL:           C.GoString(head.url),
		HTTPVersion:   versionOf(head.version),
		Elapsed:       time.Duration(head.elapsed_ms * C.double(time.Millisecond)),
		Reused:        bool(head.reused),
		ContentLength: int64(head.length),
		Body:          b,
		ok:            bool(head.ok),
		redirect:      bool(head.redirect),
		permanent:     bool(head.permanent),
		own:           b,
	}
	r.Header = make(http.Header, len(r.RawHeader))
	addFields(r.Header, r.RawHeader)
	if r.ContentLength < 0 {
		r.Trailer = make(http.Header)
		b.trailer = r.Trailer
	}
	if r.StatusCode >= 400 {
		var c call
		C.rq_response_raise(ptr, &c.err)
		r.raised = c.end()
	}
	return r
}

// body is what the response is in C, also where the field Body was replaced, or none was made.
func (r *Response) body() *body {
	if r.own == nil {
		return new(body)
	}
	return r.own
}

func versionOf(version C.int32_t) string {
	if version == 10 {
		return "1.0"
	}
	return "1.1"
}

// fieldsOf copies the header or the trailer fields.
func fieldsOf(ptr *C.rq_response, trailer bool) (fields []Field) {
	var batch [C.RQGO_FIELDS]C.rqgo_field
	for {
		index := C.size_t(len(fields))
		count := C.rqgo_response_fields(ptr, C.bool(trailer), index, &batch[0])
		for _, field := range batch[:count] {
			fields = append(fields, Field{C.GoString(field.name), C.GoString(field.value)})
		}
		if count < C.RQGO_FIELDS {
			return fields
		}
	}
}

func addFields(header http.Header, fields []Field) {
	for _, field := range fields {
		header.Add(field.Name, field.Value)
	}
}

// Raise gives an error with the code ErrStatus for a status of 4xx or 5xx:
// "404 Client Error: Not Found for url: …".
func (r *Response) Raise() error {
	return r.raised
}

// OK tells whether Raise has nothing to say: the status is not 4xx or 5xx.
func (r *Response) OK() bool {
	return r.ok
}

// IsRedirect tells whether this is a redirect that can be followed: 301, 302, 303, 307 or 308 with
// a Location.
func (r *Response) IsRedirect() bool {
	return r.redirect
}

// IsPermanentRedirect tells whether this is a redirect for good: 301 or 308 with a Location.
func (r *Response) IsPermanentRedirect() bool {
	return r.permanent
}
