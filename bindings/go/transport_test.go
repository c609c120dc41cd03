// http.Client over a Transport behaves as over net/http's own.

package rq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func client(t *testing.T, options ...Option) *http.Client {
	t.Helper()
	return &http.Client{Transport: &Transport{Session: open(t, options...)}}
}

func contentOf(t *testing.T, response *http.Response, err error) string {
	t.Helper()
	must(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	must(t, err)
	return string(content)
}

func TestTransportGet(t *testing.T) {
	response, err := client(t).Get(at("HTTP", "/bytes/70000"))
	if content := contentOf(t, response, err); content != string(pattern(70000)) {
		t.Fatalf("%d bytes", len(content))
	}
	if response.Status != "200 OK" || response.ContentLength != 70000 || !response.ProtoAtLeast(1, 1) {
		t.Fatalf("%+v", response)
	}
}

func TestTransportPost(t *testing.T) {
	request, err := http.NewRequest("POST", at("HTTP", "/echo"), strings.NewReader("posted"))
	must(t, err)
	request.Host, request.Close = "example.org", true
	request.Header["X-Many"] = []string{"a", "b"}
	request.Header["User-Agent"] = nil
	response, err := client(t, Header("X-Session", "1")).Do(request)
	echo := contentOf(t, response, err)
	for _, line := range []string{
		"X-Many: a\r\n", "X-Many: b\r\n", "X-Session: 1\r\n", "Host: example.org\r\n",
		"Content-Length: 6\r\n", "Connection: close\r\n",
	} {
		if strings.Count(echo, "\r\n"+line) != 1 {
			t.Errorf("%q in %q", line, echo)
		}
	}
	if !strings.HasSuffix(echo, "\r\n\r\nposted") || strings.Contains(echo, "User-Agent") {
		t.Errorf("%q", echo)
	}
}

func TestTransportStreamsTheRequestsBody(t *testing.T) {
	client, content := client(t), pattern(2_000_000)
	for name, test := range map[string]struct {
		body   io.Reader
		length int64
	}{
		"known":   {plain(content), int64(len(content))},
		"unknown": {plain(content), 0},
		"pipe":    {pipeOf(content), -1},
	} {
		request, err := http.NewRequest("PUT", at("HTTP", "/upload"), test.body)
		must(t, err)
		request.ContentLength = test.length
		response, err := client.Do(request)
		var got received
		must(t, json.Unmarshal([]byte(contentOf(t, response, err)), &got))
		if got != sumOf(content) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// pipeOf gives the content piece by piece, as it is written.
func pipeOf(content []byte) io.Reader {
	reader, writer := io.Pipe()
	go func() {
		for len(content) > 0 {
			n := min(len(content), 10_000)
			writer.Write(content[:n])
			content = content[n:]
		}
		writer.Close()
	}()
	return reader
}

func TestTransportFraming(t *testing.T) {
	client := client(t)
	for want, length := range map[string]int64{
		"Content-Length: 3": 3, "Transfer-Encoding: chunked": -1,
	} {
		request, err := http.NewRequest("PUT", at("HTTP", "/echo"), plain([]byte("abc")))
		must(t, err)
		request.ContentLength = length
		response, err := client.Do(request)
		if echo := contentOf(t, response, err); !strings.Contains(echo, "\r\n"+want+"\r\n") {
			t.Errorf("%d: %q", length, echo)
		}
	}
}

func TestTransportBodyThatFails(t *testing.T) {
	reason := errors.New("no more")
	for _, body := range []io.Reader{
		iotest.ErrReader(reason), readerFunc(func([]byte) (int, error) { panic(reason) }),
	} {
		_, err := client(t).Post(at("HTTP", "/upload"), "text/plain", body)
		if !errors.Is(err, reason) {
			t.Error(err)
		}
	}
	request, err := http.NewRequest("PUT", at("HTTP", "/upload"), plain([]byte("abc")))
	must(t, err)
	request.ContentLength = 4
	_, err = client(t).Do(request)
	wantCode(t, err, ErrBodyLength)
}

// A body whose Read waits is closed with its context.
func TestTransportCancelWakesTheBody(t *testing.T) {
	reader, writer := io.Pipe()
	defer writer.Close()
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, "PUT", at("HTTP", "/upload"), reader)
	must(t, err)
	go func() {
		writer.Write([]byte("a")) // taken: the upload is under way
		cancel()
	}()
	_, err = client(t).Do(request)
	wantCode(t, err, ErrCancelled)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestTransportUsesNoCredentialsOfTheSession(t *testing.T) {
	client := client(t, BasicAuth("ann", "secret"))
	response, err := client.Get(at("HTTP", "/echo"))
	if echo := contentOf(t, response, err); strings.Contains(echo, "Authorization") {
		t.Fatalf("%q", echo)
	}
	request, err := http.NewRequest("GET", at("HTTP", "/echo"), nil)
	must(t, err)
	request.SetBasicAuth("bob", "")
	response, err = client.Do(request)
	echo := contentOf(t, response, err)
	if !strings.Contains(echo, "\r\nAuthorization: Basic Ym9iOg==\r\n") {
		t.Fatalf("%q", echo)
	}
}

func TestTransportLeavesCookiesToTheClient(t *testing.T) {
	client := client(t)
	exchange := func() string {
		response, err := client.Get(at("HTTP", "/headers")) // sets cookies
		contentOf(t, response, err)
		response, err = client.Get(at("HTTP", "/echo"))
		return contentOf(t, response, err)
	}
	if echo := exchange(); strings.Contains(echo, "Cookie") {
		t.Errorf("without a jar: %q", echo)
	}
	var err error
	client.Jar, err = cookiejar.New(nil)
	must(t, err)
	if echo := exchange(); strings.Count(echo, "\r\nCookie: a=1; b=2\r\n") != 1 {
		t.Errorf("with a jar: %q", echo)
	}
}

func TestTransportClosesTheRequestsBody(t *testing.T) {
	for _, url := range []string{at("HTTP", "/upload"), at("REFUSED", "/")} {
		body := &closeTeller{Reader: strings.NewReader("abc")}
		if response, err := client(t).Post(url, "text/plain", body); err == nil {
			contentOf(t, response, err)
		}
		if !body.closed {
			t.Errorf("%s: not closed", url)
		}
	}
}

type closeTeller struct {
	io.Reader
	closed bool
}

func (c *closeTeller) Close() error {
	c.closed = true
	return nil
}

func TestTransportLeavesRedirectsToTheClient(t *testing.T) {
	reply := "HTTP/1.1 302 Found\r\nLocation: /json\r\nContent-Length: 0\r\n\r\n"
	response, err := client(t).Get(at("HTTP", "/raw?q="+url.PathEscape(reply)))
	if content := contentOf(t, response, err); !strings.Contains(content, "librq") {
		t.Fatalf("%q", content)
	}
	if response.Request.URL.Path != "/json" {
		t.Fatalf("%v", response.Request.URL)
	}
}

func TestTransportSendsTheCredentialsOfAURL(t *testing.T) {
	target := strings.Replace(at("HTTP", "/echo"), "http://", "http://ann:secret@", 1)
	response, err := client(t).Get(target)
	if echo := contentOf(t, response, err); strings.Count(echo, "\r\nAuthorization: Basic ") != 1 {
		t.Fatalf("%q", echo)
	}
}

func TestTransportTrailer(t *testing.T) {
	response, err := client(t).Get(at("HTTP", "/chunked/12345"))
	contentOf(t, response, err)
	if response.ContentLength != -1 || response.Trailer.Get("X-Checksum") == "" {
		t.Fatalf("%+v", response)
	}
}

func TestTransportErrors(t *testing.T) {
	client := client(t)
	client.Timeout = 50 * time.Millisecond
	_, err := client.Get(at("HTTP", "/stall-head"))
	var failure *url.Error
	if !errors.As(err, &failure) || !failure.Timeout() {
		t.Fatalf("%v is no timeout", err)
	}
	_, err = client.Get("http://missing.invalid/")
	wantCode(t, err, ErrDNS)

	empty := http.Client{Transport: &Transport{}}
	_, err = empty.Get(at("HTTP", "/json"))
	wantCode(t, err, ErrMisuse)
}

func TestTransportMaxConcurrent(t *testing.T) {
	client := &http.Client{Transport: &Transport{Session: open(t), MaxConcurrent: 1}}
	first, err := client.Get(at("HTTP", "/bytes/100"))
	must(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", at("HTTP", "/json"), nil)
	must(t, err)
	_, err = client.Do(request)
	wantCode(t, err, ErrCancelled)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}

	contentOf(t, first, nil)
	for range 3 { // without a body there is nothing to close
		_, err := client.Head(at("HTTP", "/json"))
		must(t, err)
	}
	_, err = client.Get(at("REFUSED", "/"))
	wantCode(t, err, ErrConnect)
	second, err := client.Get(at("HTTP", "/json"))
	contentOf(t, second, err)
}

func TestTransportCloseIdleConnections(t *testing.T) {
	client := client(t)
	first, err := client.Get(at("HTTP", "/json"))
	contentOf(t, first, err)
	client.CloseIdleConnections()
	second, err := client.Get(at("HTTP", "/json"))
	contentOf(t, second, err)
	if first.Header.Get("X-Connection") == second.Header.Get("X-Connection") {
		t.Fatal("the idle connection was used again")
	}
}

// What net/http's own Transport does with gzip, for the same requests.
func TestTransportTakesOffGzipThatItAskedFor(t *testing.T) {
	content := pattern(100_000)
	coded := gzipped(content)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Asked", strings.Join(r.Header["Accept-Encoding"], "; "))
		coding := r.URL.Query().Get("coding")
		w.Header()["Content-Encoding"] = []string{coding}
		if coding == "" {
			delete(w.Header(), "Content-Encoding")
		}
		io.WriteString(w, coded)
	})
	ours, theirs := client(t), &http.Client{Transport: &http.Transport{}}
	defer theirs.CloseIdleConnections()
	for name, test := range map[string]struct{ method, coding, accept, span string }{
		"asked for":  {"GET", "gzip", "", ""},
		"in capital": {"GET", "GZIP", "", ""},
		"by hand":    {"GET", "gzip", "gzip", ""},
		"other":      {"GET", "br", "", ""},
		"range":      {"GET", "gzip", "", "bytes=0-"},
		"HEAD":       {"HEAD", "gzip", "", ""},
		"none":       {"GET", "", "", ""},
	} {
		var outcomes [2]string
		for i, client := range []*http.Client{ours, theirs} {
			request, err := http.NewRequest(test.method, server+"?coding="+test.coding, nil)
			must(t, err)
			if test.accept != "" {
				request.Header.Set("Accept-Encoding", test.accept)
			}
			if test.span != "" {
				request.Header.Set("Range", test.span)
			}
			response, err := client.Do(request)
			body := contentOf(t, response, err)
			outcomes[i] = fmt.Sprint(len(body), response.Uncompressed, response.ContentLength,
				response.Header["Content-Encoding"], response.Header["Content-Length"],
				response.Header["X-Asked"], body == string(content), body == coded)
		}
		if outcomes[0] != outcomes[1] {
			t.Errorf("%s: %s, and net/http: %s", name, outcomes[0], outcomes[1])
		}
	}
}

func TestTransportUsesTheSessionsHooks(t *testing.T) {
	client := client(t, OnRequest(func(p *Prepared) error { return p.SetHeader("X-Hook", "1") }))
	response, err := client.Get(at("HTTP", "/echo"))
	if echo := contentOf(t, response, err); !strings.Contains(echo, "\r\nX-Hook: 1\r\n") {
		t.Fatalf("%q", echo)
	}
}
