// The bridge from net/http: a RoundTripper over a session. It translates and decides nothing.

package rq

// #include <rq.h>
import "C"

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Transport lets programs that use net/http send their requests by a session:
//
//	client := &http.Client{Transport: &rq.Transport{Session: session}}
//
// Redirects and cookies stay with the http.Client. The session's headers are defaults for the
// request's. Request bodies are held in memory as a whole for now; response bodies are streamed.
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
	content, err := takeBody(r)
	if err != nil {
		return nil, err
	}
	if t.Session == nil {
		return nil, misuse("the transport has no session")
	}
	leave, err := t.enter(r)
	if err != nil {
		return nil, err
	}
	response, err := t.Session.Do(r.Context(), &Request{
		Method:  methodOf(r),
		URL:     urlOf(r),
		Body:    content,
		Options: []Option{headerOf(r)},
	})
	if err != nil {
		leave()
		return nil, err
	}
	response.Body.(*body).owned.freed = leave
	return httpResponse(response, r), nil
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

// takeBody reads the request's body and closes it, as a RoundTripper always has to.
func takeBody(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	defer r.Body.Close()
	content, err := io.ReadAll(r.Body)
	if err == nil && r.ContentLength > 0 && r.ContentLength != int64(len(content)) {
		err = fmt.Errorf("rq: a body of %d bytes for a ContentLength of %d", len(content),
			r.ContentLength)
	}
	return content, err
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
		Body:          response.Body,
		ContentLength: response.ContentLength,
		Trailer:       response.Trailer,
		Request:       r,
	}
	result.ProtoMajor, result.ProtoMinor, _ = http.ParseHTTPVersion(result.Proto)
	if r.Method == http.MethodHead || response.ContentLength == 0 {
		response.Body.Close() // where nothing follows, callers of net/http may leave out Close
		result.Body = http.NoBody
	}
	return result
}
