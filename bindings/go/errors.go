// Failures: the C library's codes and error objects as Go errors.

package rq

// #include <rq.h>
import "C"

import (
	"context"
	"errors"
	"net/http"
	"syscall"
)

// Code says what went wrong. It is an error itself, to be compared with: errors.Is(err, rq.ErrDNS).
type Code int32

// The codes of the C library: few, stable, never reused.
const (
	ErrMisuse    Code = C.RQ_ERR_MISUSE    // a closed handle
	ErrPanic     Code = C.RQ_ERR_PANIC     // a bug in librq, contained
	ErrCallback  Code = C.RQ_ERR_CALLBACK  // the caller's own function failed
	ErrCancelled Code = C.RQ_ERR_CANCELLED // the context ended

	ErrInvalidArgument Code = C.RQ_ERR_INVALID_ARGUMENT
	ErrInvalidURL      Code = C.RQ_ERR_INVALID_URL
	ErrMissingSchema   Code = C.RQ_ERR_MISSING_SCHEMA // a URL without http:// or https://
	ErrInvalidSchema   Code = C.RQ_ERR_INVALID_SCHEMA
	ErrInvalidHeader   Code = C.RQ_ERR_INVALID_HEADER
	ErrInvalidMethod   Code = C.RQ_ERR_INVALID_METHOD
	ErrFile            Code = C.RQ_ERR_FILE // a file is missing or does not hold what it should
	ErrInvalidJSON     Code = C.RQ_ERR_INVALID_JSON
	ErrInvalidCookie   Code = C.RQ_ERR_INVALID_COOKIE
	ErrInvalidProxy    Code = C.RQ_ERR_INVALID_PROXY

	ErrDNS            Code = C.RQ_ERR_DNS
	ErrConnect        Code = C.RQ_ERR_CONNECT
	ErrTLS            Code = C.RQ_ERR_TLS
	ErrProxy          Code = C.RQ_ERR_PROXY // the proxy was not reached, refused, or made no sense
	ErrSOCKS          Code = C.RQ_ERR_SOCKS // the same of a SOCKS proxy
	ErrConnectTimeout Code = C.RQ_ERR_CONNECT_TIMEOUT
	ErrReadTimeout    Code = C.RQ_ERR_READ_TIMEOUT
	ErrWriteTimeout   Code = C.RQ_ERR_WRITE_TIMEOUT
	ErrTotalTimeout   Code = C.RQ_ERR_TOTAL_TIMEOUT // the option Deadline
	ErrPoolTimeout    Code = C.RQ_ERR_POOL_TIMEOUT

	ErrSend       Code = C.RQ_ERR_SEND       // the connection broke while the request was sent
	ErrClosed     Code = C.RQ_ERR_CLOSED     // closed by the peer before any byte of a response
	ErrProtocol   Code = C.RQ_ERR_PROTOCOL   // no valid HTTP/1.1
	ErrIncomplete Code = C.RQ_ERR_INCOMPLETE // the response ended before its end
	ErrLimit      Code = C.RQ_ERR_LIMIT
	ErrBody       Code = C.RQ_ERR_BODY        // the body would have to be sent again and cannot be
	ErrBodyLength Code = C.RQ_ERR_BODY_LENGTH // the body gave more or less than was declared
	ErrDecode     Code = C.RQ_ERR_DECODE      // a content coding is corrupt, or ends too early

	ErrStatus           Code = C.RQ_ERR_STATUS // Response.Raise met a status of 4xx or 5xx
	ErrTooManyRedirects Code = C.RQ_ERR_TOO_MANY_REDIRECTS
)

// Error is the code's name in C: "RQ_ERR_DNS".
func (c Code) Error() string {
	return C.GoString(C.rq_code_name(C.int32_t(c)))
}

// Error is the failure of any call of this package. errors.Is finds its Code, its Errno, the error
// of the context that ended the call, and the error that a callback of the caller's returned: an
// AuthFunc, a reader, an Adapter. Its Timeout method makes it a net.Error.
type Error struct {
	Code      Code
	Reason    string        // why, where the code leaves it open: one of Reasons, or empty
	Phase     string        // the step that failed: "dns", "connect", "tls", "head", "body", …
	Message   string        // never holds a credential
	Exception string        // what Requests raises here: "ConnectTimeout", "SSLError", …
	URL       string        // without credentials; empty if unknown
	Errno     syscall.Errno // the system's error, or 0
	Status    int           // the response's status, or 0

	// What a proxy answered in place of a tunnel, beside its Status: its header, nil if it answered
	// nothing, and the beginning of its body, up to 64 KiB. It is the proxy's, never the server's.
	AnswerHeader http.Header
	AnswerBody   []byte

	ended []error // the context's error and its cause
	cause error   // the caller's own error that ended the call
}

func (e *Error) Error() string {
	message := "rq: " + e.Message
	if len(e.ended) > 0 {
		message += ": " + e.ended[len(e.ended)-1].Error()
	}
	return message
}

// Is makes errors.Is(err, rq.ErrDNS) true for an error with that code.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

// Unwrap gives the causes: the context's error, the caller's own and the system's.
func (e *Error) Unwrap() []error {
	causes := e.ended[:len(e.ended):len(e.ended)]
	if e.cause != nil {
		causes = append(causes, e.cause)
	}
	if e.Errno != 0 {
		causes = append(causes, e.Errno)
	}
	return causes
}

// Timeout tells whether time ran out: a timeout of this package or the context's deadline.
func (e *Error) Timeout() bool {
	switch e.Code {
	case ErrConnectTimeout, ErrReadTimeout, ErrWriteTimeout, ErrTotalTimeout, ErrPoolTimeout:
		return true
	}
	return len(e.ended) > 0 && errors.Is(e.ended[0], context.DeadlineExceeded)
}

// Temporary is Timeout; net.Error asks for it.
func (e *Error) Temporary() bool {
	return e.Timeout()
}

// takeError makes a Go error of the library's and frees that; nil of nil. ctx is the one that
// covered the call, or nil; cause is the caller's own error behind it, or nil.
func takeError(e *C.rq_error, ctx context.Context, cause error) error {
	if e == nil {
		return nil
	}
	defer C.rq_error_free(e)
	err := &Error{
		Code:      Code(C.rq_error_code(e)),
		Reason:    C.GoString(C.rq_error_reason(e)),
		Phase:     C.GoString(C.rq_error_phase(e)),
		Message:   C.GoString(C.rq_error_message(e)),
		Exception: C.GoString(C.rq_error_exception(e)),
		URL:       C.GoString(C.rq_error_url(e)),
		Errno:     syscall.Errno(C.rq_error_errno(e)),
		Status:    int(C.rq_error_status(e)),
		cause:     cause,
	}
	err.takeAnswer(e)
	if ctx != nil && err.Code == ErrCancelled {
		err.ended = endOf(ctx)
	}
	return err
}

// takeAnswer copies what a proxy answered.
func (e *Error) takeAnswer(from *C.rq_error) {
	var name, value *C.char
	for i := C.size_t(0); C.rq_error_answer_header_at(from, i, &name, &value); i++ {
		if e.AnswerHeader == nil {
			e.AnswerHeader = make(http.Header)
		}
		e.AnswerHeader.Add(C.GoString(name), C.GoString(value))
	}
	var size C.size_t
	if body := C.rq_error_answer_body(from, &size); body != nil && size > 0 {
		e.AnswerBody = C.GoBytes(body, C.int(size))
	}
}

// Reasons are all words that an Error may have as its Reason: "expired", "wrong_host",
// "authentication", …
func Reasons() (words []string) {
	for i := C.size_t(0); ; i++ {
		word := C.rq_reason_at(i)
		if word == nil {
			return words
		}
		words = append(words, C.GoString(word))
	}
}

// endOf gives the context's error and, where the canceller named another one, the cause.
func endOf(ctx context.Context) []error {
	err, cause := ctx.Err(), context.Cause(ctx)
	switch {
	case err == nil:
		return nil
	case cause == err:
		return []error{err}
	}
	return []error{err, cause}
}

// cancelled is the library's answer to a triggered token, for what ends before it gets there.
func cancelled(ctx context.Context, message string) error {
	return &Error{
		Code: ErrCancelled, Message: message, Exception: "RequestException", ended: endOf(ctx),
	}
}

// misuse is the library's answer to a wrong handle, for those that never get as far as the library.
func misuse(message string) error {
	return &Error{Code: ErrMisuse, Message: message, Exception: "ValueError"}
}
