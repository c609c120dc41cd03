// Credentials. How they look on the wire, and what wins over what, the library knows.

package rq

// #include "callbacks.h"
import "C"

// BasicAuth sends user and password with every request, as UTF-8. Like all of these options it
// comes before the netrc file and the URL's credentials, and a request's before the session's.
func BasicAuth(user, password string) Option {
	return func(s *settings) {
		C.rq_opts_auth_basic(s.opts, s.text(user), s.text(password), &s.err)
	}
}

// Latin1Auth says whether basic credentials are sent as ISO-8859-1, as Requests does, instead of
// UTF-8.
func Latin1Auth(latin1 bool) Option {
	return func(s *settings) {
		C.rq_opts_auth_latin1(s.opts, C.bool(latin1), &s.err)
	}
}

// BearerAuth sends a token.
func BearerAuth(token string) Option {
	return func(s *settings) {
		C.rq_opts_auth_bearer(s.opts, s.text(token), &s.err)
	}
}

// DigestAuth proves the password without sending it (RFC 7616): a response of status 401 that
// brings a challenge is answered at once, and is in the History of the response that then came. A
// session's further requests to the server carry the answer.
func DigestAuth(user, password string) Option {
	return func(s *settings) {
		C.rq_opts_auth_digest(s.opts, s.text(user), s.text(password), &s.err)
	}
}

// AuthFunc lets authenticate see, and change, each request after it was prepared, as the last step:
// to sign it, say. The error it returns fails the request, and is found in its error by errors.Is.
//
// It runs in the goroutine that prepares, so a session's has to stand any number of them at once.
// The Prepared is its own until it returns, and closed afterwards. A session whose function knows
// the session is not freed by the garbage collector: close it.
func AuthFunc(authenticate func(*Prepared) error) Option {
	return func(s *settings) {
		C.rqgo_auth(s.opts, contextFor(authenticate), &s.err)
	}
}

// NoAuth sends no credentials: neither the session's, nor the netrc file's, nor the URL's.
func NoAuth() Option {
	return func(s *settings) {
		C.rq_opts_auth_none(s.opts, &s.err)
	}
}
