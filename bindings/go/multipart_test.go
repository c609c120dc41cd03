// Multipart forms, read by Go's own parser.

package rq

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/textproto"
	"path/filepath"
	"strings"
	"testing"
)

// formOf parses the request that /echo received.
func formOf(t *testing.T, request *Request) *http.Request {
	t.Helper()
	session := open(t)
	request.Method, request.URL = "POST", at("HTTP", "/echo")
	response, err := session.Do(t.Context(), request)
	must(t, err)
	echo, err := response.Bytes()
	must(t, err)
	got, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(echo)))
	must(t, err)
	must(t, got.ParseMultipartForm(1<<20))
	return got
}

func TestParts(t *testing.T) {
	file := fileOf(t, pattern(200_000))
	got := formOf(t, &Request{
		Form: []Field{{"title", "Report"}, {"title", "again"}},
		Parts: []Part{
			{Name: "bytes", Filename: "a.txt", Type: "text/plain", Body: []byte("abc"),
				Header: []Field{{"X-Part", "1"}}},
			{Name: "path", Path: file.Name()},
			{Name: "reader", Filename: "r", Reader: strings.NewReader("read")},
			{Name: "file", Filename: "f", Reader: file},
			{Name: "plain", Body: []byte("no file")},
			{Name: "empty", Filename: "nothing"},
		},
	})
	if titles := got.MultipartForm.Value["title"]; len(titles) != 2 || titles[1] != "again" {
		t.Errorf("%v", titles)
	}
	if got.FormValue("plain") != "no file" || got.ContentLength <= 400_000 {
		t.Errorf("%v, %d bytes", got.MultipartForm.Value, got.ContentLength)
	}
	for name, want := range map[string]struct {
		filename string
		content  []byte
	}{
		"bytes":  {"a.txt", []byte("abc")},
		"path":   {filepath.Base(file.Name()), pattern(200_000)},
		"reader": {"r", []byte("read")},
		"file":   {"f", pattern(200_000)},
		"empty":  {"nothing", nil},
	} {
		part, header, err := got.FormFile(name)
		must(t, err)
		content, err := io.ReadAll(part)
		must(t, err)
		if header.Filename != want.filename || !bytes.Equal(content, want.content) {
			t.Errorf("%s: %q, %d bytes", name, header.Filename, len(content))
		}
	}
	wantHeader(t, got.MultipartForm.File["bytes"][0].Header)
}

func wantHeader(t *testing.T, header textproto.MIMEHeader) {
	t.Helper()
	if header.Get("Content-Type") != "text/plain" || header.Get("X-Part") != "1" {
		t.Errorf("%v", header)
	}
}

func TestFilenames(t *testing.T) {
	for want, part := range map[string]Part{
		"name=\"f\"\r\n":                     {Name: "f"},
		"name=\"f\"; filename=\"\"\r\n":      {Name: "f", EmptyFilename: true},
		"name=\"f\"; filename=\"%22ü\"\r\n":  {Name: "f", Filename: "\"ü"},
		"name=\"f\"; filename=\"other\"\r\n": {Name: "f", Filename: "other", Path: "rq.go"},
	} {
		response, err := open(t).Do(t.Context(), &Request{
			Method: "POST", URL: at("HTTP", "/echo"), Parts: []Part{part},
		})
		must(t, err)
		echo, err := response.Bytes()
		must(t, err)
		if !strings.Contains(string(echo), "form-data; "+want) {
			t.Errorf("%q not in %q", want, echo)
		}
	}
}

func TestPartOfUnknownLengthIsChunked(t *testing.T) {
	got := formOf(t, &Request{Parts: []Part{{Name: "f", Reader: plain([]byte("abc"))}}})
	if got.FormValue("f") != "abc" || got.ContentLength != -1 {
		t.Fatalf("%v, %d bytes", got.MultipartForm, got.ContentLength)
	}
}

func TestWrongParts(t *testing.T) {
	session := open(t)
	for name, request := range map[string]*Request{
		"two contents":    {Parts: []Part{{Name: "f", Body: []byte("a"), Path: "b"}}},
		"parts and bytes": {Parts: []Part{{Name: "f"}}, Body: []byte("a")},
		"NUL":             {Parts: []Part{{Name: "f\x00"}}},
	} {
		request.Method, request.URL = "POST", at("HTTP", "/echo")
		if _, err := session.Prepare(request); err == nil {
			t.Errorf("%s: prepared", name)
		} else {
			wantCode(t, err, ErrInvalidArgument)
		}
	}
}
