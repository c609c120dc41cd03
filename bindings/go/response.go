// The head of a response, copied from C once, and the ways to read its body whole. Streaming is
// body.go's.

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
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// Response is what came back. Its head is complete; its body is read from Body, or at once by
// Bytes, Text or JSON. A response is for one goroutine at a time, except for Body.Close.
type Response struct {
	StatusCode  int
	Reason      string      // "Not Found", as received
	Header      http.Header // names in canonical form
	RawHeader   []Field     // in the order and the case in which they came
	URL         string
	HTTPVersion string        // "1.1" or "1.0"
	Elapsed     time.Duration // from the start of the request to the end of the head
	Reused      bool          // came over a connection that was kept from an earlier request

	ContentLength int64         // as declared; 0 without a body, -1 if unknown
	Body          io.ReadCloser // never nil; to be closed, or read to its end
	Trailer       http.Header   // filled at the end of the body

	raised  error
	content []byte
	failed  error
	read    bool
}

// newResponse copies the head, and leaves ptr and w to the body.
func newResponse(ptr *C.rq_response, w *watch) *Response {
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
	}
	r.Header = make(http.Header, len(r.RawHeader))
	addFields(r.Header, r.RawHeader)
	if r.ContentLength < 0 {
		r.Trailer = make(http.Header)
	}
	if r.StatusCode >= 400 {
		var c call
		C.rq_response_raise(ptr, &c.err)
		r.raised = c.end()
	}
	r.Body = newBody(ptr, w, r.Trailer)
	return r
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

// Bytes reads what is left of the body, closes it and keeps it: a second call gives the same. When
// the body fails, the bytes before the failure come with the error.
func (r *Response) Bytes() ([]byte, error) {
	if !r.read {
		r.read = true
		r.content, r.failed = readAll(r.Body, r.ContentLength)
		r.Body.Close()
	}
	return r.content, r.failed
}

// Text is Bytes as a string, unchanged.
func (r *Response) Text() (string, error) {
	content, err := r.Bytes()
	return string(content), err
}

// JSON decodes the body into v, as encoding/json does.
func (r *Response) JSON(v any) error {
	content, err := r.Bytes()
	if err != nil {
		return err
	}
	return json.Unmarshal(content, v)
}
