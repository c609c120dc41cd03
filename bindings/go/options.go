// The settings of sessions and requests. Each is one setter of the C library, which merges them,
// checks them and holds the defaults. Credentials are in auth.go, cookies in cookies.go, TLS in
// tls.go, proxies and the environment in proxy.go.

package rq

// #include <rq.h>
import "C"

import (
	"net/url"
	"slices"
	"time"
)

// Option is one setting of a session or of a request. Where both set the same, the request's wins,
// for that request alone. A wrong value fails NewSession, Do or Prepare.
type Option func(*settings)

// settings are the C library's options of one session or request, with the first failure so far.
type settings struct {
	call
	opts *C.rq_opts
}

// apply sets all of them; whether that went well is known at the end of the call.
func (c *call) apply(opts *C.rq_opts, options []Option) {
	s := settings{call: *c, opts: opts}
	for _, option := range options {
		option(&s)
	}
	*c = s.call
}

// Header sets a header field.
func Header(name, value string) Option {
	return func(s *settings) {
		C.rq_opts_header(s.opts, s.text(name), s.text(value), &s.err)
	}
}

// HeaderAdd adds a header field and keeps those of the same name.
func HeaderAdd(name, value string) Option {
	return func(s *settings) {
		C.rq_opts_header_add(s.opts, s.text(name), s.text(value), &s.err)
	}
}

// WithoutHeader leaves out a header field that the session or the library would send.
func WithoutHeader(name string) Option {
	return func(s *settings) {
		C.rq_opts_header(s.opts, s.text(name), nil, &s.err)
	}
}

// Param sets a parameter of the query, in place of those of its name.
func Param(name, value string) Option {
	return func(s *settings) {
		C.rq_opts_param(s.opts, s.text(name), s.text(value), &s.err)
	}
}

// ParamAdd adds a parameter to the query and keeps those of the same name, but for the session's
// where it is a request's.
func ParamAdd(name, value string) Option {
	return func(s *settings) {
		C.rq_opts_param_add(s.opts, s.text(name), s.text(value), &s.err)
	}
}

// WithoutParam leaves out a parameter that the session would send.
func WithoutParam(name string) Option {
	return func(s *settings) {
		C.rq_opts_param(s.opts, s.text(name), nil, &s.err)
	}
}

// Params sets parameters of the query, in the alphabetical order of their names.
func Params(values url.Values) Option {
	return func(s *settings) {
		names := make([]string, 0, len(values))
		for name := range values {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			set := Param
			for _, value := range values[name] {
				set(name, value)(s)
				set = ParamAdd
			}
		}
	}
}

// ParamsRaw adds text to the query as it stands, in place of all parameters; a request's, in place
// of the session's too.
func ParamsRaw(text string) Option {
	return func(s *settings) {
		C.rq_opts_params_raw(s.opts, s.text(text), &s.err)
	}
}

// PathAsIs keeps the dot segments and the escapes of the URL's path as they are written.
func PathAsIs(asIs bool) Option {
	return func(s *settings) {
		C.rq_opts_path_as_is(s.opts, C.bool(asIs), &s.err)
	}
}

// Timeout limits how long a connection may take to stand, and how long the peer may stay silent.
// Zero is no limit; the defaults are 10 and 60 seconds.
func Timeout(connect, read time.Duration) Option {
	return func(s *settings) {
		C.rq_opts_timeout_ms(s.opts, s.milliseconds(connect), s.milliseconds(read), &s.err)
	}
}

// Deadline limits a request from its start to the last byte of the response. Zero is no limit.
func Deadline(total time.Duration) Option {
	return func(s *settings) {
		C.rq_opts_deadline_ms(s.opts, s.milliseconds(total), &s.err)
	}
}

// Resolve connects to address whenever host and port are asked for, without a look-up: "127.0.0.1",
// "127.0.0.1:8080" or "[::1]:8080". For sessions only.
func Resolve(host string, port int, address string) Option {
	return func(s *settings) {
		C.rq_opts_resolve(s.opts, s.text(host), s.number(port), s.text(address), &s.err)
	}
}

// SourceAddress connects from this address of this machine: "192.0.2.7", "::1". An empty one is
// any.
func SourceAddress(address string) Option {
	return func(s *settings) {
		C.rq_opts_source_address(s.opts, s.optional(address), &s.err)
	}
}

// UnixSocket sends through the unix domain socket at path, whatever the URL's host, and through no
// proxy. An empty path is none. A URL names one by itself: http+unix://%2Frun%2Fapp.sock/path.
func UnixSocket(path string) Option {
	return func(s *settings) {
		C.rq_opts_unix_socket(s.opts, s.optional(path), &s.err)
	}
}

// Pool limits the idle connections that a session keeps, in all and to one host, and the open
// connections to one host: where these are all in use, requests wait. openPerHost 0 is no limit.
// For sessions only.
func Pool(idle, idlePerHost, openPerHost int) Option {
	return func(s *settings) {
		C.rq_opts_pool(s.opts, s.number(idle), s.number(idlePerHost), s.number(openPerHost), &s.err)
	}
}

// IdleAge limits how long an idle connection is kept. Zero is no limit. For sessions only.
func IdleAge(age time.Duration) Option {
	return func(s *settings) {
		C.rq_opts_idle_age_ms(s.opts, s.milliseconds(age), &s.err)
	}
}
