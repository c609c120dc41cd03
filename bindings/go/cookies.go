// Cookies: those of one request, and the jar of a session. Which are sent where, and when they
// expire, the library knows (RFC 6265).

package rq

/*
#include <rq.h>

// What there is to know of a cookie, fetched by one call.
typedef struct {
	const char *name;
	const char *value;
	const char *domain;
	const char *path;
	int64_t expires;
	bool secure;
} rqgo_cookie;

static bool rqgo_cookie_at(const rq_cookie_list *list, size_t index, rqgo_cookie *cookie) {
	if (!rq_cookie_list_at(list, index, &cookie->name, &cookie->value, &cookie->domain,
	                       &cookie->path))
		return false;
	cookie->expires = rq_cookie_list_expires(list, index);
	cookie->secure = rq_cookie_list_secure(list, index);
	return true;
}
*/
import "C"

import "time"

// Cookie sends a cookie with this request, in place of the session's of its name that go to every
// host, and beside those of a domain or path.
// It is not kept, and stays with the origin of the request's URL. For requests only.
func Cookie(name, value string) Option {
	return func(s *settings) {
		C.rq_opts_cookie(s.opts, s.text(name), s.text(value), &s.err)
	}
}

// WithoutCookie leaves the session's cookie of this name out of this request. For requests only.
func WithoutCookie(name string) Option {
	return func(s *settings) {
		C.rq_opts_cookie(s.opts, s.text(name), nil, &s.err)
	}
}

// Jar says whether the session's cookies are sent, and those of responses kept. They are, unless
// told otherwise; without them, only a request's own cookies are sent.
func Jar(used bool) Option {
	return func(s *settings) {
		C.rq_opts_jar(s.opts, C.bool(used), &s.err)
	}
}

// Cookies are the cookies that a session received or was given, and sends where they belong, or
// those that one response set. Any number of goroutines may use them at once.
//
// A session's are an [http.CookieJar] too.
type Cookies struct {
	handle  *handle[*C.rq_cookies]
	session *Session // nil: a response's
}

// StoredCookie is a cookie as it is kept.
type StoredCookie struct {
	Name, Value string
	Domain      string    // empty: it is sent to every host
	Path        string    // empty is "/"
	Secure      bool      // sent over https only
	Expires     time.Time // zero: ends with the session
}

// Cookies are the session's. They end with it.
func (s *Session) Cookies() *Cookies {
	var jar *C.rq_cookies
	if session, err := s.handle.acquire(); err == nil {
		jar = C.rq_session_cookies(session)
		s.handle.release()
	}
	return &Cookies{handle: newLent(jar, s.handle), session: s}
}

// Cookies are those that this response set, in a jar of their own. They end with the response.
func (r *Response) Cookies() *Cookies {
	var jar *C.rq_cookies
	b := r.body()
	b.use(func(ptr *C.rq_response, _ *call) { jar = C.rq_response_cookies(ptr) })
	return &Cookies{handle: newLent(jar, b.handle)}
}

// with runs f on the jar in C.
func (j *Cookies) with(f func(jar *C.rq_cookies, c *call)) error {
	jar, err := j.handle.acquire()
	if err != nil {
		return err
	}
	defer j.handle.release()
	var c call
	f(jar, &c)
	return c.end()
}

// Set stores a cookie, in place of the one with its name, domain and path. One that expires is
// given by Receive.
func (j *Cookies) Set(cookie StoredCookie) error {
	return j.with(func(jar *C.rq_cookies, c *call) {
		if !cookie.Expires.IsZero() {
			c.fail(ErrInvalidArgument, "Set stores cookies without Expires; use Receive")
		}
		C.rq_cookies_set(jar, c.text(cookie.Name), c.text(cookie.Value), c.optional(cookie.Domain),
			c.optional(cookie.Path), C.bool(cookie.Secure), &c.err)
	})
}

// Receive stores a cookie as if the server at url had sent it in a Set-Cookie field.
func (j *Cookies) Receive(url, setCookie string) error {
	return j.with(func(jar *C.rq_cookies, c *call) {
		C.rq_cookies_receive(jar, c.text(url), c.text(setCookie), &c.err)
	})
}

// Clear removes the cookies with this domain, path and name; an empty one matches any.
func (j *Cookies) Clear(domain, path, name string) error {
	return j.with(func(jar *C.rq_cookies, c *call) {
		domain, path, name := c.optional(domain), c.optional(path), c.optional(name)
		if c.err == nil {
			C.rq_cookies_clear(jar, domain, path, name)
		}
	})
}

// Load adds the cookies of a file in Netscape's format, that of curl and wget.
func (j *Cookies) Load(path string) error {
	return j.with(func(jar *C.rq_cookies, c *call) {
		C.rq_cookies_load(jar, c.text(path), &c.err)
	})
}

// Save writes the cookies to a file in Netscape's format.
func (j *Cookies) Save(path string) error {
	return j.with(func(jar *C.rq_cookies, c *call) {
		C.rq_cookies_save(jar, c.text(path), &c.err)
	})
}

// SetClock sets the time by which cookies expire; the zero time is the system's clock again.
func (j *Cookies) SetClock(now time.Time) error {
	seconds := int64(-1)
	if !now.IsZero() {
		seconds = now.Unix()
	}
	return j.with(func(jar *C.rq_cookies, _ *call) {
		C.rq_cookies_clock(jar, C.int64_t(seconds))
	})
}

// All are the cookies as they are now; none after the Close of their owner.
func (j *Cookies) All() (cookies []StoredCookie) {
	j.with(func(jar *C.rq_cookies, c *call) {
		list := C.rq_cookies_list(jar, &c.err)
		defer C.rq_cookie_list_free(list)
		var cookie C.rqgo_cookie
		for i := C.size_t(0); bool(C.rqgo_cookie_at(list, i, &cookie)); i++ {
			cookies = append(cookies, storedCookie(&cookie))
		}
	})
	return cookies
}

func storedCookie(cookie *C.rqgo_cookie) StoredCookie {
	stored := StoredCookie{
		Name:   C.GoString(cookie.name),
		Value:  C.GoString(cookie.value),
		Domain: C.GoString(cookie.domain),
		Path:   C.GoString(cookie.path),
		Secure: bool(cookie.secure),
	}
	if cookie.expires >= 0 {
		stored.Expires = time.Unix(int64(cookie.expires), 0)
	}
	return stored
}
