// Cookies and net/http: a session's as an http.CookieJar, and another's http.CookieJar for a
// session.

package rq

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

var _ http.CookieJar = (*Cookies)(nil)

// SetCookies stores cookies as if the server at u had sent them. With [Cookies.Cookies] it makes a
// session's cookies an [http.CookieJar], for the http.Client over a [Transport], say. What no
// server may set is ignored.
func (j *Cookies) SetCookies(u *url.URL, cookies []*http.Cookie) {
	for _, cookie := range cookies {
		if text := cookie.String(); text != "" {
			j.Receive(u.String(), text) // which fails for a URL that no server has
		}
	}
}

// Cookies are the session's that a request for u would carry: their names and values, in order.
// There are none of a response's, which are never sent.
func (j *Cookies) Cookies(u *url.URL) []*http.Cookie {
	if j.session == nil {
		return nil
	}
	request := Request{
		Method: "GET", URL: u.String(),
		Options: []Option{Jar(true), WithoutHeader("Cookie"), NoAuth()},
	}
	prepared, err := j.session.Prepare(&request)
	if err != nil {
		return nil
	}
	defer prepared.Close()
	return cookiesOf(prepared.Header("Cookie"))
}

// cookiesOf reads a Cookie field.
func cookiesOf(field string) []*http.Cookie {
	r := http.Request{Header: http.Header{"Cookie": {field}}}
	return r.Cookies()
}

// CookieJar sends and keeps cookies by jar, in place of the session's: one with a public suffix
// list of the caller's, say. It is asked for each request, those of redirects too. A request's own
// cookies take the place of the jar's of the same name. Requests of a [Transport] do without: there
// cookies are the http.Client's business.
func CookieJar(jar http.CookieJar) Option {
	return func(s *settings) {
		if jar == nil {
			s.failWith(ErrInvalidArgument, errNoJar)
			return
		}
		Jar(false)(s)
		OnRequest(func(p *Prepared) error {
			if leavesCookies(p.Context()) {
				return nil
			}
			return sendFrom(jar, p)
		})(s)
		OnResponse(func(r *Response) (*Response, error) {
			if leavesCookies(runningContext()) {
				return nil, nil
			}
			return nil, keepIn(jar, r)
		})(s)
	}
}

// cookiesLeft marks the context of a call that leaves cookies to its caller.
type cookiesLeft struct{}

func leavesCookies(ctx context.Context) bool {
	return ctx.Value(cookiesLeft{}) != nil
}

var errNoJar = errors.New("the jar is nil; Jar(false) does without cookies")

// sendFrom adds the jar's cookies to a request.
func sendFrom(jar http.CookieJar, p *Prepared) error {
	u, err := url.Parse(p.URL())
	if err != nil {
		return err
	}
	field := p.Header("Cookie")
	own := make(map[string]bool)
	for _, cookie := range cookiesOf(field) {
		own[cookie.Name] = true
	}
	all := []string{}
	if field != "" {
		all = append(all, field)
	}
	for _, cookie := range jar.Cookies(u) {
		if !own[cookie.Name] {
			all = append(all, wordOf(cookie))
		}
	}
	if len(all) == 0 {
		return nil
	}
	return p.SetHeader("Cookie", strings.Join(all, "; "))
}

// wordOf is a cookie as net/http sends it.
func wordOf(cookie *http.Cookie) string {
	r := http.Request{Header: make(http.Header)}
	r.AddCookie(cookie)
	return r.Header.Get("Cookie")
}

// keepIn gives the jar what a response set.
func keepIn(jar http.CookieJar, r *Response) error {
	u, err := url.Parse(r.URL)
	if err != nil {
		return err
	}
	response := http.Response{Header: r.Header}
	if cookies := response.Cookies(); len(cookies) > 0 {
		jar.SetCookies(u, cookies)
	}
	return nil
}
