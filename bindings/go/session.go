// Sessions and the ways to send: a verb, a Request, a Prepared. All of them end in exchange.

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
	defer C.rq_request_free(request)
	return exchange(ctx, func(token *C.rq_cancel, c *call) *C.rq_response {
		return C.rqgo_perform(session, request, token, &c.err, &c.left)
	})
}

// Prepare merges the session's defaults and the request into exactly what will be sent, to be
// looked at, edited and sent.
func (s *Session) Prepare(r *Request) (*Prepared, error) {
	session, err := s.handle.acquire()
	if err != nil {
		return nil, err
	}
	defer s.handle.release()
	return r.prepare(session)
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
	return exchange(ctx, func(token *C.rq_cancel, c *call) *C.rq_response {
		var opts *C.rq_opts
		if len(options) > 0 {
			opts = C.rq_opts_new(&c.err)
			defer C.rq_opts_free(opts)
			c.apply(opts, options)
		}
		return C.rqgo_send(session, prepared, opts, token, &c.err, &c.left)
	})
}

// exchange runs the C call that sends, under the context.
func exchange(
	ctx context.Context, send func(*C.rq_cancel, *call) *C.rq_response,
) (*Response, error) {
	w, err := newWatch(ctx)
	if err != nil {
		return nil, err
	}
	c := call{ctx: ctx}
	response := send(w.token, &c)
	w.join(takeLeft[*watch](c.left.adopted))
	if err := c.endUnder(ctx); err != nil {
		C.rq_response_free(response) // there is one only where a callback panicked
		w.end()
		return nil, err
	}
	return ownResponse(response, w), nil
}
