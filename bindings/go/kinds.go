// Failures in the terms of net, crypto/tls and crypto/x509: programs that were written for those
// ask for their types. What went wrong is the Code's and the Reason's; this only says it again.

package rq

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
)

// Is makes errors.Is(err, rq.ErrDNS) true for an error with that code. What net/http's own failures
// are known by holds too: io.EOF where the peer closed the connection before any byte of a
// response, io.ErrUnexpectedEOF where the response ended before its end, os.ErrDeadlineExceeded for
// the timeouts of this package.
func (e *Error) Is(target error) bool {
	switch target {
	case io.EOF:
		return e.Code == ErrClosed
	case io.ErrUnexpectedEOF:
		return e.Code == ErrIncomplete
	case os.ErrDeadlineExceeded:
		return e.timedOut()
	}
	code, ok := target.(Code)
	return ok && code == e.Code
}

// As makes errors.As give what net and crypto would have failed with: a *net.DNSError, a
// *net.OpError, and for a certificate that was refused a *tls.CertificateVerificationError and its
// x509.UnknownAuthorityError, x509.HostnameError or x509.CertificateInvalidError. Their
// certificates are not known.
func (e *Error) As(target any) bool {
	switch target := target.(type) {
	case **net.DNSError:
		return give(target, e.Code == ErrDNS, &net.DNSError{
			Err: e.Message, Name: e.host(), IsNotFound: e.Reason == "not_found",
			IsTemporary: e.Reason == "temporary",
		})
	case **net.OpError:
		op := operations[e.Phase]
		failed := e.Errno != 0 || e.Code == ErrDNS || e.Code == ErrConnect
		return give(target, failed && op != "", &net.OpError{Op: op, Net: "tcp", Err: opCause{e}})
	case **tls.CertificateVerificationError:
		_, refused := refusals[e.Reason]
		return give(target, refused, &tls.CertificateVerificationError{Err: e})
	case *x509.UnknownAuthorityError:
		return give(target, refusals[e.Reason] == unknownAuthority, x509.UnknownAuthorityError{})
	case *x509.HostnameError:
		return give(target, refusals[e.Reason] == otherHost,
			x509.HostnameError{Certificate: &x509.Certificate{}, Host: e.host()})
	case *x509.CertificateInvalidError:
		refusal := refusals[e.Reason]
		return give(target, refusal > otherHost, x509.CertificateInvalidError{
			Reason: x509.InvalidReason(refusal - invalid), Detail: e.Message,
		})
	}
	return false
}

func give[T any](target *T, is bool, value T) bool {
	if is {
		*target = value
	}
	return is
}

// host is that of the URL.
func (e *Error) host() string {
	if u, err := url.Parse(e.URL); err == nil {
		return u.Hostname()
	}
	return ""
}

// operations are the net package's names for what was done in a phase.
var operations = map[string]string{
	"dns": "dial", "connect": "dial", "tls": "read", "send": "write", "head": "read", "body": "read",
}

// opCause is an Error inside of the *net.OpError that its As gave: that must not give another.
type opCause struct{ of *Error }

func (c opCause) Error() string { return c.of.Message }
func (c opCause) Timeout() bool { return c.of.Timeout() }
func (c opCause) Unwrap() []error {
	return append(c.of.Unwrap(), c.of.Code)
}

// refusal is a reason for which a certificate is refused, in crypto/x509's terms.
type refusal int

const (
	noRefusal refusal = iota
	otherRefusal
	unknownAuthority
	otherHost
	invalid // and above: with an x509.InvalidReason
)

// refusals has the reasons that are about the server's certificate.
var refusals = map[string]refusal{
	"expired":         invalid + refusal(x509.Expired),
	"not_yet_valid":   invalid + refusal(x509.Expired),
	"unknown_issuer":  unknownAuthority,
	"self_signed":     unknownAuthority,
	"wrong_host":      otherHost,
	"bad_signature":   otherRefusal,
	"weak_algorithm":  otherRefusal,
	"not_for_servers": invalid + refusal(x509.IncompatibleUsage),
	"not_a_ca":        invalid + refusal(x509.NotAuthorizedToSign),
	"ca_as_server":    invalid + refusal(x509.IncompatibleUsage),
	"name_constraint": invalid + refusal(x509.CANotAuthorizedForThisName),
	"path_length":     invalid + refusal(x509.TooManyIntermediates),
	"malformed":       otherRefusal,
	"pin_mismatch":    otherRefusal,
}

// asNetHTTP is the error as net/http's own Transport would give it, for clients that look at types
// and texts where they should ask errors.Is: an *Error inside of it is found by errors.As.
func asNetHTTP(err error) error {
	var failure *Error
	if !errors.As(err, &failure) {
		return err
	}
	if _, refused := refusals[failure.Reason]; refused {
		return &tls.CertificateVerificationError{Err: err}
	}
	if prefix := wordings[failure.Code]; prefix != "" {
		return &wording{prefix, err}
	}
	return err
}

// wordings are what net/http's errors are known by.
var wordings = map[Code]string{
	ErrInvalidSchema: "unsupported protocol scheme",
	ErrMissingSchema: "unsupported protocol scheme",
	ErrInvalidHeader: "net/http: invalid header field",
}

// wording is an error with words before its own.
type wording struct {
	prefix string
	err    error
}

func (w *wording) Error() string { return w.prefix + ": " + w.err.Error() }
func (w *wording) Unwrap() error { return w.err }
