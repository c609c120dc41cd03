// The settings of what a call leads to: redirects, retries, content codings, limits on bodies. All
// defaults are the library's.

package rq

// #include <rq.h>
import "C"

import (
	"fmt"
	"math"
	"time"
)

// FollowRedirects says whether redirects are followed. They are, unless told otherwise. What may go
// with them the library knows: the method and body by the status, no credentials to another origin.
func FollowRedirects(follow bool) Option {
	return func(s *settings) {
		C.rq_opts_follow_redirects(s.opts, C.bool(follow), &s.err)
	}
}

// MaxRedirects limits how many redirects are followed; the next one is ErrTooManyRedirects. The
// default is 30.
func MaxRedirects(n int) Option {
	return func(s *settings) {
		C.rq_opts_redirects_max(s.opts, s.number(n), &s.err)
	}
}

// SensitiveHeader names further header fields that never follow a redirect to another origin, as
// Authorization, Cookie and Proxy-Authorization do not.
func SensitiveHeader(names ...string) Option {
	return func(s *settings) {
		for _, name := range names {
			C.rq_opts_sensitive_header(s.opts, s.text(name), &s.err)
		}
	}
}

// Retry says when a request is tried again. A body that cannot be read again is not sent again.
type Retry struct {
	// Count is how often. A failed connect is for every method; a failure before an answer, and a
	// read timeout, for those of Methods.
	Count int
	// Statuses are tried again too, for those of Methods; 413, 429 and 503 are where they have a
	// Retry-After. When no tries are left, the last response is returned.
	Statuses []int
	// Methods may be repeated; "*" is any. nil: GET, HEAD, PUT, DELETE, OPTIONS and TRACE.
	Methods []string
	// Backoff is what the pauses grow from: none before the first retry, then twice as much, four
	// times, … each with up to half of it taken off at random. BackoffMax limits them; 0 does not.
	Backoff, BackoffMax time.Duration
	// RetryAfterMax is the longest Retry-After that is waited for; a response with a longer one is
	// returned. 0: 60 seconds. Negative: the field is ignored.
	RetryAfterMax time.Duration
}

// Retries sets when requests are tried again. They are not, unless told so.
func Retries(policy Retry) Option {
	return func(s *settings) {
		C.rq_opts_retries(s.opts, s.number(policy.Count), &s.err)
		for _, status := range policy.Statuses {
			C.rq_opts_retry_status(s.opts, C.int32_t(s.number(status)), &s.err)
		}
		for _, method := range policy.Methods {
			C.rq_opts_retry_method(s.opts, s.text(method), &s.err)
		}
		if policy.Backoff != 0 || policy.BackoffMax != 0 {
			longest := s.milliseconds(policy.BackoffMax)
			if longest == 0 {
				longest = math.MaxUint32
			}
			C.rq_opts_retry_backoff_ms(s.opts, s.milliseconds(policy.Backoff), longest, &s.err)
		}
		if policy.RetryAfterMax != 0 {
			longest := s.milliseconds(max(policy.RetryAfterMax, 0))
			C.rq_opts_retry_after_max_ms(s.opts, longest, &s.err)
		}
	}
}

// Decode says whether content codings (gzip, deflate, br, zstd) are taken off. They are, unless
// told otherwise. A coding that is corrupt or ends too early is ErrDecode.
func Decode(decode bool) Option {
	return func(s *settings) {
		C.rq_opts_decode(s.opts, C.bool(decode), &s.err)
	}
}

// MaxBody limits the bytes of a response's body as it is transferred; one more is ErrLimit. 0 is no
// limit, and the default.
func MaxBody(n int64) Option {
	return func(s *settings) {
		C.rq_opts_body_max(s.opts, s.byteCount(n), &s.err)
	}
}

// MaxDecoded limits the bytes of a response's body without its content codings; one more is
// ErrLimit. 0 is no limit, and the default: a few kilobytes may become gigabytes.
func MaxDecoded(n int64) Option {
	return func(s *settings) {
		C.rq_opts_decoded_max(s.opts, s.byteCount(n), &s.err)
	}
}

// ExpectContinue says whether a body is announced by Expect: 100-continue, and held back until the
// server asks for it, or for one second.
func ExpectContinue(expect bool) Option {
	return func(s *settings) {
		C.rq_opts_expect_continue(s.opts, C.bool(expect), &s.err)
	}
}

// ProxyDigest says whether the credentials of a proxy's URL are kept back until the proxy asks for
// a digest of them. They are sent at once as basic credentials, unless told otherwise; a challenge
// is answered all the same.
func ProxyDigest(digest bool) Option {
	return func(s *settings) {
		C.rq_opts_proxy_digest(s.opts, C.bool(digest), &s.err)
	}
}

// byteCount checks a number of bytes.
func (c *call) byteCount(n int64) C.uint64_t {
	if n < 0 {
		c.fail(ErrInvalidArgument, fmt.Sprintf("%d is no number of bytes", n))
	}
	return C.uint64_t(n)
}
