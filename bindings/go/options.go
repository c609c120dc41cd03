// The settings of sessions and requests. Each is one setter of the C library, which merges them,
// checks them and holds the defaults.

package rq

// #include <rq.h>
import "C"

import (
	"time"
	"unsafe"
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

// Verify says whether the certificates of https:// servers are checked. They are, unless told
// otherwise.
func Verify(verify bool) Option {
	return func(s *settings) {
		C.rq_opts_verify(s.opts, C.bool(verify), &s.err)
	}
}

// CAFile trusts the certificates in a PEM file, or in a folder's files, instead of the system's.
func CAFile(path string) Option {
	return func(s *settings) {
		C.rq_opts_ca_file(s.opts, s.text(path), &s.err)
	}
}

// CAPEM trusts the certificates in pem instead of the system's.
func CAPEM(pem []byte) Option {
	return func(s *settings) {
		data := addressable(pem)
		C.rq_opts_ca_pem(s.opts, unsafe.Pointer(&data[0]), C.size_t(len(pem)), &s.err)
	}
}

// Resolve connects to address whenever host and port are asked for, without a look-up: "127.0.0.1",
// "127.0.0.1:8080" or "[::1]:8080". For sessions only.
func Resolve(host string, port int, address string) Option {
	return func(s *settings) {
		C.rq_opts_resolve(s.opts, s.text(host), s.number(port), s.text(address), &s.err)
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
