// Each option does what it says, on the wire or in time; wrong values are errors.

package rq

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

func TestRequestHeadersWinAndAreNotKept(t *testing.T) {
	session := open(t, Header("X-Both", "session"), Header("X-Session", "1"), HeaderAdd("X-Two", "a"),
		HeaderAdd("X-Two", "b"))
	merged := textOf(t, get(t, session, at("HTTP", "/echo"), Header("X-Both", "request"),
		WithoutHeader("X-Session")))
	for line, want := range map[string]bool{
		"X-Both: request": true, "X-Both: session": false, "X-Session": false,
		"X-Two: a": true, "X-Two: b": true,
	} {
		if strings.Contains(merged, "\r\n"+line) != want {
			t.Errorf("%s: want %v in %q", line, want, merged)
		}
	}
	after := textOf(t, get(t, session, at("HTTP", "/echo")))
	if !strings.Contains(after, "\r\nX-Both: session\r\n") {
		t.Errorf("the request's header stayed: %q", after)
	}
}

func TestParams(t *testing.T) {
	session := open(t, Param("a", "1"), Param("b", "2"))
	for want, options := range map[string][]Option{
		"a=1&b=2":         nil,
		"a=x+y&b=2&c=%26": {Param("a", "x y"), Param("c", "&")},
		"b=2":             {WithoutParam("a")},
		"a=3&a=4&b=2":     {ParamAdd("a", "3"), ParamAdd("a", "4")},
		"a=8&b=9&b=10":    {Params(url.Values{"b": {"9", "10"}, "a": {"8"}})},
		"c=;&&d":          {ParamsRaw("c=;&&d")},
	} {
		p := prepare(t, session, &Request{
			Method: "GET", URL: "http://example.test/", Options: options,
		})
		if p.URL() != "http://example.test/?"+want {
			t.Errorf("%s, not %s", p.URL(), want)
		}
	}
}

func TestPathAsIs(t *testing.T) {
	session := open(t, PathAsIs(true))
	for asIs, want := range map[bool]string{true: "/a/../%7eb", false: "/~b"} {
		p := prepare(t, session, &Request{
			Method: "GET", URL: "http://example.test/a/../%7eb", Options: []Option{PathAsIs(asIs)},
		})
		if p.URL() != "http://example.test"+want {
			t.Errorf("PathAsIs(%v): %s", asIs, p.URL())
		}
	}
}

func TestReadTimeout(t *testing.T) {
	session := open(t, Timeout(time.Second, 50*time.Millisecond))
	_, err := session.Get(t.Context(), at("HTTP", "/stall-head"))
	wantCode(t, err, ErrReadTimeout)
	if !err.(*Error).Timeout() {
		t.Fatal("a read timeout is a timeout")
	}
}

func TestConnectTimeout(t *testing.T) {
	session := open(t)
	_, err := session.Get(t.Context(), at("BLACKHOLE", "/"), Timeout(50*time.Millisecond, 0))
	wantCode(t, err, ErrConnectTimeout)
}

func TestDeadlineCoversTheBody(t *testing.T) {
	session := open(t)
	response := get(t, session, at("HTTP", "/drip/1000/20"), Deadline(200*time.Millisecond))
	content, err := response.Bytes()
	wantCode(t, err, ErrTotalTimeout)
	if len(content) == 0 || len(content) > 20 {
		t.Fatalf("%d bytes in 200 ms at 20 ms each", len(content))
	}
}

func TestVerifyOff(t *testing.T) {
	session := open(t)
	response := get(t, session, at("HTTPS_UNTRUSTED", "/json"), Verify(false))
	if response.StatusCode != 200 {
		t.Fatal(response.StatusCode)
	}
}

func TestCAPEM(t *testing.T) {
	pem, err := os.ReadFile(at("CA_FILE", ""))
	if err != nil {
		t.Fatal(err)
	}
	session := open(t, CAPEM(pem))
	if response := get(t, session, at("HTTPS", "/json")); response.StatusCode != 200 {
		t.Fatal(response.StatusCode)
	}
}

func TestResolve(t *testing.T) {
	server, err := url.Parse(at("HTTP", ""))
	if err != nil {
		t.Fatal(err)
	}
	session := open(t, Resolve("somewhere.invalid", 80, server.Host))
	response := get(t, session, "http://somewhere.invalid/echo")
	if echo := textOf(t, response); !strings.Contains(echo, "\r\nHost: somewhere.invalid\r\n") {
		t.Fatalf("%q", echo)
	}
}

func TestIdleAge(t *testing.T) {
	session := open(t, IdleAge(time.Millisecond))
	first := visitOf(t, get(t, session, at("HTTP", "/json")))
	time.Sleep(20 * time.Millisecond) // the age itself
	second := visitOf(t, get(t, session, at("HTTP", "/json")))
	if first.Connection == second.Connection {
		t.Fatal("a connection was used beyond its age")
	}
}

func TestSettingsOfASessionAreNoneOfARequest(t *testing.T) {
	session := open(t)
	for _, option := range []Option{
		Pool(1, 1, 1), IdleAge(time.Second), Resolve("example.org", 80, "127.0.0.1"),
	} {
		_, err := session.Get(t.Context(), at("HTTP", "/json"), option)
		wantCode(t, err, ErrInvalidArgument)
	}
}

func TestWrongValuesAreErrors(t *testing.T) {
	for name, test := range map[string]struct {
		option Option
		want   Code
	}{
		"header with a line end": {Header("X-A", "1\r\nX-B: 2"), ErrInvalidHeader},
		"header with a NUL":      {Header("X-A", "1\x002"), ErrInvalidArgument},
		"negative timeout":       {Timeout(-time.Second, 0), ErrInvalidArgument},
		"endless deadline":       {Deadline(1 << 62), ErrInvalidArgument},
		"negative pool":          {Pool(-1, 0, 0), ErrInvalidArgument},
		"missing CA file":        {CAFile("no-such-file.pem"), ErrFile},
		"empty CA":               {CAPEM(nil), ErrFile},
		"parameter with a NUL":   {Param("a", "\x00"), ErrInvalidArgument},
		"proxy without a host":   {Proxy("http", "http://"), ErrInvalidProxy},
		"cookie of a session":    {Cookie("a", "1"), ErrInvalidArgument},
	} {
		session, err := NewSession(test.option, Header("X-After", "the first failure stays"))
		if session != nil {
			t.Errorf("%s: made a session", name)
		}
		wantCode(t, err, test.want)
	}
}

func TestHeadersOfNetHTTP(t *testing.T) {
	session := open(t, Header("X-One", "session"), Header("X-None", "session"))
	echo := textOf(t, get(t, session, at("HTTP", "/echo"), Headers(http.Header{
		"X-Two": {"1", "2"}, "X-One": {"request"}, "X-None": nil, "x-as-written": {""},
	})))
	want := "\r\nX-One: request\r\nX-Two: 1\r\nX-Two: 2\r\nx-as-written: \r\n\r\n"
	if !strings.HasSuffix(echo, want) || strings.Contains(echo, "X-None") {
		t.Fatalf("%q", echo)
	}
}
