// Prepared requests are sent as they stand; what cannot be sent is refused.

package rq

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
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

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
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

func TestBinaryBody(t *testing.T) {
	session, content := open(t), pattern(300_000)
	response, err := session.Post(t.Context(), at("HTTP", "/echo"), content)
	must(t, err)
	echo, err := response.Bytes()
	must(t, err)
	if !bytes.HasSuffix(echo, append([]byte("\r\n\r\n"), content...)) {
		t.Fatal("the body arrived changed")
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

func TestWrongRequests(t *testing.T) {
	session := open(t)
	for url, want := range map[string]Code{
		"no-scheme":             ErrMissingSchema,
		"gopher://host/":        ErrInvalidSchema,
		"http://host/\x00/etc/": ErrInvalidArgument,
	} {
		_, err := session.Get(t.Context(), url)
		wantCode(t, err, want)
	}
	p := prepare(t, session, &Request{Method: "GET", URL: at("HTTP", "/json")})
	wantCode(t, p.SetMethod("TWO WORDS"), ErrInvalidMethod)
	wantCode(t, p.SetHeader("X-A", "1\n"), ErrInvalidHeader)
	wantCode(t, p.SetURL("no-scheme"), ErrMissingSchema)
}
