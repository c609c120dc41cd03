// The head of a response, copied from C once. Its body is body.go's and content.go's, the way it
// came history.go's.

package rq

// #include "callbacks.h"
import "C"

import (
	"io"
	"net/http"
	"net/textproto"
	"strings"
	"sync"
	"time"
	"unsafe"
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

// owned is a response that is its caller's, in one piece of memory.
type owned struct {
	response Response
	body     body
	handle   handle[*C.rq_response]
	alone    sync.Mutex
}

// ownResponse takes over what a call of the library's returned, with its head and what watches it.
func ownResponse(ptr *C.rq_response, head *C.rqgo_answer, e *ending) *Response {
	o := new(owned)
	o.handle.own(ptr, e.free)
	o.body = body{handle: &o.handle, alone: &o.alone, ending: e}
	o.response.fill(ptr, head, &o.body)
	return &o.response
}

// lentResponse is for a response that is a hook's until it returns.
func lentResponse(ptr *C.rq_response, h *handle[*C.rq_response]) *Response {
	return newResponse(ptr, &body{handle: h, alone: new(sync.Mutex), isLent: true})
}

// newResponse is for a response that nobody has the head of.
func newResponse(ptr *C.rq_response, b *body) *Response {
	o := outbounds.Get().(*outbound)
	defer outbounds.Put(o)
	C.rqgo_head(ptr, &o.head)
	r := new(Response)
	r.fill(ptr, &o.head, b)
	return r
}

// fill copies the head.
func (r *Response) fill(ptr *C.rq_response, head *C.rqgo_answer, b *body) {
	words := wordsOf(ptr, head, false)
	*r = Response{
		StatusCode:    int(head.status),
		Reason:        nextWord(&words),
		URL:           nextWord(&words),
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
	b.rest, b.coded = r.ContentLength, bool(head.coded)
	r.RawHeader = fieldsOf(words, head)
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

// wordsOf copies all words of a head, or of the trailer fields, at once.
func wordsOf(ptr *C.rq_response, head *C.rqgo_answer, trailer bool) string {
	if head.bytes <= C.RQGO_TEXT_BYTES {
		return C.GoStringN(&head.text[0], C.int(head.bytes))
	}
	words := make([]byte, head.bytes)
	C.rqgo_words(ptr, C.bool(trailer), (*C.uint8_t)(&words[0]), head.bytes)
	return unsafe.String(&words[0], len(words))
}

// nextWord takes the first one off.
func nextWord(words *string) string {
	end := strings.IndexByte(*words, 0)
	word := (*words)[:end]
	*words = (*words)[end+1:]
	return word
}

// fieldsOf makes fields of what are their words.
func fieldsOf(words string, head *C.rqgo_answer) []Field {
	if head.fields == 0 {
		return nil
	}
	fields := make([]Field, head.fields)
	for i := range fields {
		fields[i].Name = nextWord(&words)
		fields[i].Value = nextWord(&words)
	}
	return fields
}

// addFields adds to a header that has none of theirs. What comes once, as most do, has its value
// in memory that all of them share.
func addFields(header http.Header, fields []Field) {
	values := make([]string, len(fields))
	for i, field := range fields {
		name := textproto.CanonicalMIMEHeaderKey(field.Name)
		if earlier := header[name]; earlier != nil {
			header[name] = append(earlier, field.Value)
			continue
		}
		values[i] = field.Value
		header[name] = values[i : i+1 : i+1]
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
