// The bridge from net/http: a RoundTripper over a session. It translates and decides nothing.

package rq

// #include <rq.h>
import "C"

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Transport lets programs that use net/http send their requests by a session:
//
//	client := &http.Client{Transport: &rq.Transport{Session: session}}
//
// Redirects, cookies and credentials stay with the http.Client: none of the session's are used or
// kept, nor those of the netrc file. The session's headers and parameters are defaults for the
// request's, and its hooks, limits, retries, proxies, adapters and TLS settings hold. Of
// Response.TLS, PeerCertificates and HandshakeComplete are set.
//
// As net/http's own Transport does, it asks for gzip, and takes it off, where the request has
// neither Accept-Encoding nor Range and is no HEAD; Response.Uncompressed tells of it. Other
// responses come with their content codings.
//
// Bodies are streamed both ways. A request's is read by the goroutine of RoundTrip, and closed when
// its context ends; an answer that comes before its end is seen between two Reads. Trailers of
// requests are not sent.
type Transport struct {
	Session *Session

	// MaxConcurrent limits the requests between their start and the end of their response's body;
	// further ones wait. Each may hold a thread of the operating system. 0 is no limit. It is not
	// to be changed after the first request.
	MaxConcurrent int

	once  sync.Once
	slots chan struct{}
}

// RoundTrip sends one request, as http.RoundTripper asks for.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close() // as a RoundTripper always has to
		defer context.AfterFunc(r.Context(), func() { r.Body.Close() })()
	}
	if t.Session == nil {
		return nil, misuse("the transport has no session")
	}
	leave, err := t.enter(r)
	if err != nil {
		return nil, err
	}
	response, err := t.Session.Do(r.Context(), requestOf(r))
	if err != nil {
		leave()
		if r.Context().Err() != nil && errors.Is(err, ErrCallback) {
			err = cancelled(r.Context(), "cancelled while its body was read")
		}
		return nil, err
	}
	response.own.ending.told = leave
	return httpResponse(response, r), nil
}

// asksForGzip tells whether the request leaves content codings to its transport.
func asksForGzip(r *http.Request) bool {
	return r.Header.Get("Accept-Encoding") == "" && r.Header.Get("Range") == "" &&
		r.Method != http.MethodHead
}

// codingOf sets what the request says of content codings, under its own header.
func codingOf(r *http.Request) Option {
	if asksForGzip(r) {
		return Header("Accept-Encoding", "gzip")
	}
	return WithoutHeader("Accept-Encoding")
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (t *Transport) CloseIdleConnections() {
	if t.Session != nil {
		t.Session.CloseIdle()
	}
}

// enter waits for one of the MaxConcurrent places and gives the function that leaves it.
func (t *Transport) enter(r *http.Request) (leave func(), err error) {
	if t.MaxConcurrent <= 0 {
		return func() {}, nil
	}
	t.once.Do(func() { t.slots = make(chan struct{}, t.MaxConcurrent) })
	select {
	case t.slots <- struct{}{}:
		return func() { <-t.slots }, nil
	case <-r.Context().Done():
		return nil, cancelled(r.Context(), "cancelled while waiting for MaxConcurrent")
	}
}

func requestOf(r *http.Request) *Request {
	request := &Request{
		Method: methodOf(r),
		URL:    urlOf(r),
		Options: []Option{
			codingOf(r), headerOf(r), NoAuth(), Jar(false), FollowRedirects(false), Decode(true),
		},
	}
	if r.Body != nil && r.Body != http.NoBody {
		request.BodyReader, request.BodyLength, request.GetBody = r.Body, lengthOfBody(r), r.GetBody
	}
	return request
}

// lengthOfBody is net/http's: with a body, 0 means unknown.
func lengthOfBody(r *http.Request) int64 {
	if r.ContentLength <= 0 || slices.Contains(r.TransferEncoding, "chunked") {
		return -1
	}
	return r.ContentLength
}

func methodOf(r *http.Request) string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}

// urlOf leaves out the credentials: http.Client has made a header of them.
func urlOf(r *http.Request) string {
	url := *r.URL
	url.User = nil
	return url.String()
}

// headerOf copies the header. A map has no order, so names go in alphabetical order; a name without
// values is net/http's way to leave a default out. Host and framing are told by other fields.
func headerOf(r *http.Request) Option {
	return func(s *settings) {
		if r.Host != "" && r.Host != r.URL.Host {
			Header("Host", r.Host)(s)
		}
		if r.Close {
			Header("Connection", "close")(s)
		}
		names := make([]string, 0, len(r.Header))
		for name := range r.Header {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			switch strings.ToLower(name) {
			case "host", "content-length", "transfer-encoding", "trailer":
				continue
			}
			set := Header
			for _, value := range r.Header[name] {
				set(name, value)(s)
				set = HeaderAdd
			}
			if len(r.Header[name]) == 0 {
				WithoutHeader(name)(s)
			}
		}
	}
}

func httpResponse(response *Response, r *http.Request) *http.Response {
	result := &http.Response{
		Status:        fmt.Sprintf("%d %s", response.StatusCode, response.Reason),
		StatusCode:    response.StatusCode,
		Proto:         "HTTP/" + response.HTTPVersion,
		Header:        response.Header,
		Body:          rawBody{response.own},
		ContentLength: response.ContentLength,
		Trailer:       response.Trailer,
		Request:       r,
		TLS:           tlsStateOf(response),
	}
	result.ProtoMajor, result.ProtoMinor, _ = http.ParseHTTPVersion(result.Proto)
	switch {
	case r.Method == http.MethodHead || response.ContentLength == 0:
		response.Body.Close() // where nothing follows, callers of net/http may leave out Close
		result.Body = http.NoBody
		if r.Method == http.MethodHead {
			result.ContentLength = declaredBy(result.Header)
		}
	case asksForGzip(r) && strings.EqualFold(result.Header.Get("Content-Encoding"), "gzip"):
		result.Header.Del("Content-Encoding")
		result.Header.Del("Content-Length")
		result.ContentLength, result.Uncompressed = -1, true
		result.Body = response.own
	}
	return result
}

// tlsStateOf is what net/http tells of TLS, as far as it is known; nil without TLS.
func tlsStateOf(response *Response) *tls.ConnectionState {
	certificates := response.Certificates()
	if len(certificates) == 0 {
		return nil
	}
	return &tls.ConnectionState{HandshakeComplete: true, PeerCertificates: certificates}
}

// declaredBy is the length that a GET's body would have; -1 if that is not told.
func declaredBy(header http.Header) int64 {
	length, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	if err != nil {
		return -1
	}
	return length
}
