// The head of a response, its trailer, and its content read whole.

package rq

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestHead(t *testing.T) {
	session := open(t)
	response := get(t, session, at("HTTP", "/status/299?reason=Quite%20Fine"))
	if response.StatusCode != 299 || response.HTTPVersion != "1.1" || response.ContentLength <= 0 {
		t.Fatalf("%+v", response)
	}
	if response.URL != at("HTTP", "/status/299?reason=Quite%20Fine") || response.Elapsed <= 0 {
		t.Fatalf("%+v", response)
	}
	if response.Reason != "Quite Fine" || response.Raise() != nil {
		t.Fatalf("%q, %v", response.Reason, response.Raise())
	}
}

func TestHeaderFieldsAsReceived(t *testing.T) {
	session := open(t)
	response := get(t, session, at("HTTP", "/headers"))
	var odd []Field
	for _, field := range response.RawHeader {
		if strings.EqualFold(field.Name, "x-odd-case") {
			odd = append(odd, field)
		}
	}
	if !slices.Equal(odd, []Field{{"X-Odd-CASE", "a"}, {"x-odd-case", "b"}}) {
		t.Fatalf("%v", response.RawHeader)
	}
	if !slices.Equal(response.Header.Values("X-Odd-Case"), []string{"a", "b"}) {
		t.Fatalf("%v", response.Header)
	}
	if cookies := response.Header.Values("Set-Cookie"); len(cookies) != 2 {
		t.Fatalf("%v", cookies)
	}
	if values, there := response.Header["X-Empty"]; !there || values[0] != "" {
		t.Fatalf("%v", response.Header)
	}
}

func TestMoreFieldsThanOneBatch(t *testing.T) {
	session := open(t)
	response := get(t, session, at("HTTP", "/many-fields/100"))
	if n := len(response.RawHeader); n < 100 {
		t.Fatalf("%d fields", n)
	}
}

func TestRaise(t *testing.T) {
	session := open(t)
	for path, kind := range map[string]string{"404": "404 Client Error", "503": "503 Server Error"} {
		response := get(t, session, at("HTTP", "/status/"+path))
		textOf(t, response)
		err := response.Raise()
		wantCode(t, err, ErrStatus)
		var detail *Error
		if !errors.As(err, &detail) || detail.Status != response.StatusCode {
			t.Fatalf("%+v", detail)
		}
		if !strings.Contains(err.Error(), kind) || !strings.Contains(err.Error(), "/status/"+path) {
			t.Fatal(err)
		}
	}
}

func TestTrailer(t *testing.T) {
	session := open(t)
	sum := textOf(t, get(t, session, at("HTTP", "/sha256/30000")))
	response := get(t, session, at("HTTP", "/chunked/30000"))
	if response.ContentLength != -1 || len(response.Trailer) != 0 {
		t.Fatalf("%+v", response)
	}
	if content, err := response.Bytes(); string(content) != string(pattern(30000)) || err != nil {
		t.Fatalf("%d bytes, %v", len(content), err)
	}
	if trailer := response.Trailer.Get("X-Checksum"); trailer != sum {
		t.Fatalf("%q, not %q", trailer, sum)
	}
}

func TestContentIsKept(t *testing.T) {
	session := open(t)
	response := get(t, session, at("HTTP", "/json"))
	first := textOf(t, response)
	var decoded struct{ Hello string }
	must(t, response.JSON(&decoded))
	if decoded.Hello != "librq" || textOf(t, response) != first {
		t.Fatalf("%q, %+v", first, decoded)
	}
}

func TestNoContent(t *testing.T) {
	session := open(t)
	response := get(t, session, at("HTTP", "/status/204"))
	if textOf(t, response) != "" || response.ContentLength != 0 || response.StatusCode != 204 {
		t.Fatalf("%+v", response)
	}
	if http.StatusText(204) != response.Reason {
		t.Fatalf("%q", response.Reason)
	}
}
