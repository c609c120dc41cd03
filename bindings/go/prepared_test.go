// Prepared requests are sent as they stand, and tell what they are.

package rq

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func prepare(t *testing.T, session *Session, request *Request) *Prepared {
	t.Helper()
	prepared, err := session.Prepare(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { prepared.Close() })
	return prepared
}

// wire is what the prepared request looks like when sent, but for the Host field.
func wire(p *Prepared, path string) string {
	var b strings.Builder
	b.WriteString(p.Method() + " " + path + " HTTP/1.1\r\n")
	for _, field := range p.Headers() {
		if field.Name != "Host" {
			b.WriteString(field.Name + ": " + field.Value + "\r\n")
		}
	}
	return b.String() + "\r\n" + string(p.Body())
}

var hostLine = regexp.MustCompile(`\r\nHost: [^\r]*`)

func TestPreparedIsSentExactlyAsItStands(t *testing.T) {
	session := open(t, Header("X-Session", "1"))
	p := prepare(t, session, &Request{Method: "POST", URL: at("HTTP", "/json"), Body: []byte("old"),
		Options: []Option{Header("x-odd-CASE", "a"), Header("X-Gone", "1")}})
	must(t, p.SetMethod("PUT"), p.SetURL(at("HTTP", "/echo?q=1")), p.SetHeader("X-Session", "2"),
		p.RemoveHeader("x-gone"), p.SetBody([]byte("new body")))

	if p.Method() != "PUT" || p.URL() != at("HTTP", "/echo?q=1") || string(p.Body()) != "new body" {
		t.Fatalf("%s %s %q", p.Method(), p.URL(), p.Body())
	}
	if p.Header("content-length") != "8" || p.Header("X-Gone") != "" {
		t.Fatalf("%v", p.Headers())
	}
	if !slices.Contains(p.Headers(), Field{"x-odd-CASE", "a"}) {
		t.Fatalf("the case of a name: %v", p.Headers())
	}
	for range 2 { // as often as wanted
		response, err := session.Send(t.Context(), p)
		must(t, err)
		echo := hostLine.ReplaceAllString(textOf(t, response), "")
		if want := wire(p, "/echo?q=1"); echo != want {
			t.Fatalf("sent %q\nnot  %q", echo, want)
		}
	}
}

func TestEmptyBodyIsNotNoBody(t *testing.T) {
	session := open(t)
	p := prepare(t, session, &Request{Method: "PUT", URL: at("HTTP", "/echo"), Body: []byte{}})
	if p.Header("Content-Length") != "0" {
		t.Fatalf("%v", p.Headers())
	}
	must(t, p.SetBody([]byte("x")), p.SetBody(nil))
	if p.Body() != nil {
		t.Fatalf("%q", p.Body())
	}
}

func TestPreparedAfterClose(t *testing.T) {
	session := open(t)
	p := prepare(t, session, &Request{Method: "GET", URL: at("HTTP", "/json")})
	must(t, p.Close(), p.Close())
	wantCode(t, p.SetHeader("X-A", "1"), ErrMisuse)
	_, err := session.Send(t.Context(), p)
	wantCode(t, err, ErrMisuse)
	if p.Method() != "" || p.Headers() != nil || p.Body() != nil {
		t.Fatal("a closed prepared request has parts")
	}
}

func TestAddHeader(t *testing.T) {
	session := open(t)
	p := prepare(t, session, &Request{Method: "GET", URL: at("HTTP", "/echo")})
	must(t, p.SetHeader("X-Two", "a"), p.AddHeader("x-two", "b"))
	if p.Header("X-Two") != "a, b" {
		t.Fatalf("%v", p.Headers())
	}
	response, err := session.Send(t.Context(), p)
	must(t, err)
	if echo := textOf(t, response); !strings.Contains(echo, "\r\nX-Two: a\r\nx-two: b\r\n") {
		t.Fatalf("%q", echo)
	}
	wantCode(t, p.AddHeader("X-A", "1\n"), ErrInvalidHeader)
}

func TestCurl(t *testing.T) {
	session := open(t, BasicAuth("ann", "secret"))
	p := prepare(t, session, &Request{
		Method: "PUT", URL: "http://example.test/a", Body: []byte("it's"),
	})
	for shown, wanted := range map[bool]bool{true: true, false: false} {
		line := p.Curl(shown)
		if !strings.HasPrefix(line, "curl ") || !strings.Contains(line, "http://example.test/a") {
			t.Errorf("%q", line)
		}
		if strings.Contains(line, "YW5uOnNlY3JldA==") != wanted {
			t.Errorf("Curl(%v): %q", shown, line)
		}
	}
	must(t, p.Close())
	if p.Curl(true) != "" || p.BodyLength() != 0 {
		t.Error("a closed prepared request has parts")
	}
}

func TestASendingMayHaveOptionsOfItsOwn(t *testing.T) {
	session := open(t)
	p := prepare(t, session, &Request{Method: "GET", URL: at("HTTP", "/delay/300")})
	_, err := session.Send(t.Context(), p, Deadline(50*time.Millisecond))
	if !errors.Is(err, ErrTotalTimeout) {
		t.Fatalf("with a deadline: %v", err)
	}
	response, err := session.Send(t.Context(), p)
	must(t, err)
	textOf(t, response)
	_, err = session.Send(t.Context(), p, Header("bad name", ""))
	if !errors.Is(err, ErrInvalidHeader) {
		t.Fatalf("bad option: %v", err)
	}
}

func TestARequestIsPreparedWithoutASession(t *testing.T) {
	p, err := (&Request{Method: "POST", URL: at("HTTP", "/echo"), Body: []byte("x")}).Prepare()
	must(t, err)
	if fields := p.Headers(); len(fields) != 1 || fields[0] != (Field{"Content-Length", "1"}) {
		t.Fatalf("%v", fields)
	}
	response, err := open(t).Send(t.Context(), p)
	must(t, err)
	if echo := textOf(t, response); strings.Contains(echo, "User-Agent") {
		t.Fatalf("sent %q", echo)
	}
}
