// The bridge from net/http: a RoundTripper over a session. It decides nothing; translate.go has
// the words.

package rq

import (
	"context"
	"errors"
	"net/http"
	"sync"
)

// Transport lets programs that use net/http send their requests by a session:
//
//	client := &http.Client{Transport: &rq.Transport{Session: session}}
//
// Redirects, cookies and credentials stay with the http.Client: none of the session's are used or
// kept, nor those of the netrc file. [Session.Cookies] may be the client's Jar. The session's
// headers and parameters are defaults for the request's, and its hooks, limits, retries, proxies,
// adapters and TLS settings hold.
//
// Requests and responses are what they would be over net/http's own Transport, and errors are known
// by the same types; [Error] has more. These differ: methods go in upper case, a method that may
// have a body and has none sends Content-Length: 0, and the session's default headers are sent. Of
// Response.TLS, PeerCertificates and HandshakeComplete are set. httptrace is not told; [OnTrace]
// is.
//
// As net/http's own Transport does, it asks for gzip, and takes it off, where the request has
// neither Accept-Encoding nor Range and is no HEAD; Response.Uncompressed tells of it. Other
// responses come with their content codings.
//
// Bodies are streamed both ways. A request's is read by the goroutine of RoundTrip, and closed when
// its context ends; an answer that comes before its end is seen between two Reads, so a server that
// streams an answer as long as the request while it still reads that is not served. Trailers of
// requests are not sent, and connections not switched to other protocols.
type Transport struct {
	Session *Session

	// MaxConcurrent limits the requests between their start and the end of their response's body;
	// further ones wait. Each may hold a thread of the operating system, except on Linux while it
	// waits for its answer's head. 0 is no limit. It is not to be changed after the first request.
	MaxConcurrent int

	once  sync.Once
	slots chan struct{}
}

// RoundTrip sends one request, as http.RoundTripper asks for. Its errors are such as net/http
// gives, with an [*Error] inside.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, release := contextOf(r)
	if r.Body != nil {
		defer r.Body.Close() // as a RoundTripper always has to
		defer context.AfterFunc(ctx, func() { r.Body.Close() })()
	}
	leave, err := t.enter(ctx, r)
	if err != nil {
		release()
		return nil, err
	}
	ended := func() { leave(); release() }
	response, err := t.Session.Do(context.WithValue(ctx, cookiesLeft{}, true), requestOf(r))
	if err != nil {
		ended()
		return nil, asNetHTTP(err)
	}
	response.own.ending.told = ended
	return httpResponse(response, r), nil
}

// contextOf is the request's, which its Cancel ends too, as old programs have it. release lets it
// go.
func contextOf(r *http.Request) (ctx context.Context, release func()) {
	//lint:ignore SA1019 a RoundTripper has to heed it
	old := r.Cancel
	if old == nil {
		return r.Context(), func() {}
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	go func() {
		select {
		case <-old:
			cancel(errRequestCancel)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

var errRequestCancel = errors.New("the request's Cancel was closed")

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (t *Transport) CloseIdleConnections() {
	if t.Session != nil {
		t.Session.CloseIdle()
	}
}

// enter waits for one of the MaxConcurrent places and gives the function that leaves it.
func (t *Transport) enter(ctx context.Context, r *http.Request) (leave func(), err error) {
	if t.Session == nil {
		return nil, misuse("the transport has no session")
	}
	if r.URL == nil {
		return nil, &Error{Code: ErrInvalidURL, Message: "the request has no URL"}
	}
	if t.MaxConcurrent <= 0 {
		return func() {}, nil
	}
	t.once.Do(func() { t.slots = make(chan struct{}, t.MaxConcurrent) })
	select {
	case t.slots <- struct{}{}:
		return func() { <-t.slots }, nil
	case <-ctx.Done():
		return nil, cancelled(ctx, "cancelled while waiting for MaxConcurrent")
	}
}
