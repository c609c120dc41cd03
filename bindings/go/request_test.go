// Requests as they are worded: bodies, forms, JSON; what cannot be sent is refused.

package rq

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"testing"
)

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
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

func TestForm(t *testing.T) {
	p := prepare(t, open(t), &Request{
		Method: "POST", URL: at("HTTP", "/echo"), Form: []Field{{"b", "1 2"}, {"a", "ü"}, {"b", "3"}},
	})
	if string(p.Body()) != "b=1+2&a=%C3%BC&b=3" {
		t.Fatalf("%q", p.Body())
	}
	if p.Header("Content-Type") != "application/x-www-form-urlencoded" {
		t.Fatalf("%v", p.Headers())
	}
}

func TestJSON(t *testing.T) {
	session := open(t)
	for want, value := range map[string]any{
		`{"a":[1,"ü"]}`:  map[string]any{"a": []any{1, "ü"}},
		`{ "as": "is" }`: json.RawMessage(`{ "as": "is" }`),
		`null`:           json.RawMessage(`null`),
		`false`:          false,
	} {
		p := prepare(t, session, &Request{Method: "POST", URL: at("HTTP", "/echo"), JSON: value})
		if string(p.Body()) != want || p.Header("Content-Type") != "application/json" {
			t.Errorf("%q, not %q; %v", p.Body(), want, p.Headers())
		}
	}
	for _, value := range []any{math.NaN(), func() {}, json.RawMessage(`{"a": NaN}`)} {
		_, err := session.Prepare(&Request{Method: "POST", URL: at("HTTP", "/echo"), JSON: value})
		wantCode(t, err, ErrInvalidJSON)
		var unsupported *json.UnsupportedValueError
		if value, ok := value.(float64); ok && !errors.As(err, &unsupported) {
			t.Errorf("%v: %v", value, err)
		}
	}
}

func TestOneBody(t *testing.T) {
	session := open(t)
	for _, request := range []*Request{
		{Body: []byte("a"), BodyFile: "b"},
		{Body: []byte("a"), BodyReader: bytes.NewReader(nil)},
		{BodyReader: bytes.NewReader(nil), BodyFile: "b"},
	} {
		request.Method, request.URL = "POST", at("HTTP", "/echo")
		_, err := session.Prepare(request)
		wantCode(t, err, ErrInvalidArgument)
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
