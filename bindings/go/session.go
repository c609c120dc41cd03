// Sessions and the ways to send: a verb, a Request, a Prepared. All of them end in exchange, which
// is outbound.go's.

package rq

// #include "callbacks.h"
import "C"

import "context"

// Session keeps connections and cookies between requests, and holds what these have in common:
// headers, parameters, credentials, proxies, timeouts, certificates. Any number of goroutines may
// use it at once.
type Session struct {
	handle *handle[*C.rq_session]
}

// NewSession makes a session with these defaults for its requests.
func NewSession(options ...Option) (*Session, error) {
	var c call
	ptr := C.rq_session_new(&c.err)
	if ptr != nil {
		c.apply(C.rq_session_opts(ptr), options)
	}
	if err := c.end(); err != nil {
		C.rq_session_free(ptr)
		return nil, err
	}
	return &Session{newHandle(ptr, func(ptr *C.rq_session) { C.rq_session_free(ptr) })}, nil
}

// Set changes the defaults for the requests that begin from now on: a token that was renewed,
// another proxy. Where an option has a wrong value, those before it are set.
func (s *Session) Set(options ...Option) error {
	session, err := s.handle.acquire()
	if err != nil {
		return err
	}
	defer s.handle.release()
	var c call
	c.apply(C.rq_session_opts(session), options)
	return c.end()
}

// Close ends the session and its idle connections. Requests on their way and responses go on to
// their end; new requests fail with ErrMisuse.
func (s *Session) Close() error {
	s.handle.close()
	return nil
}

// CloseIdle closes the connections that are not in use. The session stays open.
func (s *Session) CloseIdle() {
	if session, err := s.handle.acquire(); err == nil {
		C.rq_session_close_idle(session)
		s.handle.release()
	}
}

// Get requests url. The caller closes the response's body, as with all of these. Redirects are
// followed, as with all of these but Head.
func (s *Session) Get(ctx context.Context, url string, options ...Option) (*Response, error) {
	return s.Do(ctx, &Request{Method: "GET", URL: url, Options: options})
}

// Head requests the header of url. Redirects are not followed, unless an option says so.
func (s *Session) Head(ctx context.Context, url string, options ...Option) (*Response, error) {
	options = append([]Option{FollowRedirects(false)}, options...)
	return s.Do(ctx, &Request{Method: "HEAD", URL: url, Options: options})
}

// Options asks what url allows.
func (s *Session) Options(ctx context.Context, url string, options ...Option) (*Response, error) {
	return s.Do(ctx, &Request{Method: "OPTIONS", URL: url, Options: options})
}

// Delete deletes url.
func (s *Session) Delete(ctx context.Context, url string, options ...Option) (*Response, error) {
	return s.Do(ctx, &Request{Method: "DELETE", URL: url, Options: options})
}

// Post sends body to url; nil is no body.
func (s *Session) Post(
	ctx context.Context, url string, body []byte, options ...Option,
) (*Response, error) {
	return s.Do(ctx, &Request{Method: "POST", URL: url, Body: body, Options: options})
}

// Put stores body at url.
func (s *Session) Put(
	ctx context.Context, url string, body []byte, options ...Option,
) (*Response, error) {
	return s.Do(ctx, &Request{Method: "PUT", URL: url, Body: body, Options: options})
}

// Patch changes url by body.
func (s *Session) Patch(
	ctx context.Context, url string, body []byte, options ...Option,
) (*Response, error) {
	return s.Do(ctx, &Request{Method: "PATCH", URL: url, Body: body, Options: options})
}

// Do prepares the request and sends it. It returns with the response's head; the body follows as it
// is read, and ctx covers it until its end.
func (s *Session) Do(ctx context.Context, r *Request) (*Response, error) {
	session, err := s.handle.acquire()
	if err != nil {
		return nil, err
	}
	defer s.handle.release()
	request, err := r.build()
	if err != nil {
		return nil, err
	}
	e := new(ending)
	if err := e.watch.begin(ctx); err != nil {
		C.rq_request_free(request)
		return nil, err
	}
	return e.exchange(func(o *outbound) *C.rq_response {
		return C.rqgo_perform(session, request, &e.watch.token, &o.wait, &o.head, &o.err, &o.left)
	})
}

// Prepare merges the session's defaults and the request into exactly what will be sent, to be
// looked at, edited and sent.
func (s *Session) Prepare(r *Request) (*Prepared, error) {
	return s.PrepareContext(context.Background(), r)
}

// PrepareContext is Prepare under a context: an AuthFunc that has to wait finds it as
// [Prepared.Context]. One that has ended prepares nothing.
func (s *Session) PrepareContext(ctx context.Context, r *Request) (*Prepared, error) {
	if ctx.Err() != nil {
		return nil, cancelled(ctx, "cancelled before it began")
	}
	session, err := s.handle.acquire()
	if err != nil {
		return nil, err
	}
	defer s.handle.release()
	return r.prepare(ctx, session)
}

// Send sends a prepared request as it stands, as often as wanted.
// Options are for this sending alone and win over the request's and the session's. Those about what
// is sent have no effect, for that was prepared; those about how it is sent, and what becomes of
// the response, have.
func (s *Session) Send(ctx context.Context, p *Prepared, options ...Option) (*Response, error) {
	session, err := s.handle.acquire()
	if err != nil {
		return nil, err
	}
	defer s.handle.release()
	p.mu.RLock()
	defer p.mu.RUnlock()
	prepared, err := p.handle.acquire()
	if err != nil {
		return nil, err
	}
	defer p.handle.release()
	e := new(ending)
	if err := e.watch.begin(ctx); err != nil {
		return nil, err
	}
	return e.exchange(func(o *outbound) *C.rq_response {
		var opts *C.rq_opts
		if len(options) > 0 {
			opts = C.rq_opts_new(&o.err)
			defer C.rq_opts_free(opts)
			o.apply(opts, options)
		}
		return C.rqgo_send(session, prepared, opts, &e.watch.token, &o.wait, &o.head, &o.err, &o.left)
	})
}
