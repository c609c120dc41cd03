// Adapters of net/http's handlers and transports.

package rq

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
)

// A handler does not see whether a server or an adapter calls it.
func TestHandlerAdapterIsLikeAServer(t *testing.T) {
	server := serve(t, routed)
	overNetwork, over := open(t), open(t)
	must(t, over.Mount(server, HandlerAdapter(http.HandlerFunc(routed))))
	for _, test := range []*Request{
		{Method: "GET", URL: server + "/a%20b?q=1", Options: []Option{Header("Host", "example.org")}},
		{Method: "POST", URL: server, Body: []byte("hello")},
		{Method: "PUT", URL: server, GetBody: func() (io.ReadCloser, error) {
			return io.NopCloser(plain([]byte("in chunks"))), nil
		}},
		{Method: "PUT", URL: server, JSON: map[string]int{"a": 1}},
		{Method: "GET", URL: server + "/500"},
		{Method: "GET", URL: server + "/204"},
		{Method: "GET", URL: server + "/early"},
		{Method: "GET", URL: server + "/fields"},
		{Method: "GET", URL: server + "/chunked"},
		{Method: "HEAD", URL: server + "/echo"},
		{Method: "GET", URL: server + "/abort"},
	} {
		want, got := described(t, overNetwork, test), described(t, over, test)
		if got != want {
			t.Errorf("%s %s:\n  %s\nnot\n  %s", test.Method, test.URL, got, want)
		}
	}
}

func described(t *testing.T, session *Session, r *Request) string {
	t.Helper()
	response, err := session.Do(t.Context(), r)
	if err != nil {
		return "failed: " + kinds(err)
	}
	defer response.Body.Close()
	for _, name := range []string{"Date", "Content-Length", "Transfer-Encoding"} {
		response.Header.Del(name)
	}
	return fmt.Sprint(response.StatusCode, " ", response.Reason, response.Header, textOf(t, response))
}

func TestHandlerAdapterThatPanics(t *testing.T) {
	session, reason := open(t), errors.New("a bug")
	must(t, session.Mount("mock://", HandlerAdapter(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(reason) }),
	)))
	_, err := session.Get(t.Context(), "mock://a")
	var panicked *PanicError
	if !errors.As(err, &panicked) || !errors.Is(err, reason) {
		t.Fatal(err)
	}
}

func TestAdaptersHaveTheContentOfStreams(t *testing.T) {
	content, reason := pattern(100_000), errors.New("no more")
	session := open(t)
	var got []byte
	must(t, session.MountFunc("mock://", func(p *Prepared) (reply *Reply, err error) {
		if p.Body() != nil {
			t.Error("it is streamed")
		}
		if got, err = p.Content(); err == nil {
			got, err = p.Content() // the same again
		}
		return &Reply{}, err
	}))
	for name, request := range map[string]*Request{
		"chunks": {BodyReader: plain(content)},
		"length": {BodyReader: plain(content), BodyLength: int64(len(content))},
		"again":  {GetBody: func() (io.ReadCloser, error) { return io.NopCloser(plain(content)), nil }},
		"file":   {BodyFile: fileOf(t, content).Name()},
	} {
		request.Method, request.URL = "PUT", "mock://a"
		_, err := session.Do(t.Context(), request)
		if err != nil || string(got) != string(content) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	_, err := session.Do(t.Context(), &Request{
		Method: "PUT", URL: "mock://a", BodyReader: iotest.ErrReader(reason),
	})
	if !errors.Is(err, reason) {
		t.Error(err)
	}
	panics := readerFunc(func([]byte) (int, error) { panic(reason) })
	_, err = session.Do(t.Context(), &Request{Method: "PUT", URL: "mock://a", BodyReader: panics})
	if panicked := new(PanicError); !errors.As(err, &panicked) {
		t.Error(err)
	}
}

func TestContentUsesUpWhatIsReadOnce(t *testing.T) {
	session := open(t)
	prepared, err := session.Prepare(&Request{
		Method: "PUT", URL: at("HTTP", "/upload"), BodyReader: plain([]byte("hello")),
	})
	must(t, err)
	defer prepared.Close()
	content, err := prepared.Content()
	if err != nil || string(content) != "hello" {
		t.Fatal(string(content), err)
	}
	_, err = session.Send(t.Context(), prepared)
	wantCode(t, err, ErrBody)
	prepared, err = session.Prepare(&Request{Method: "GET", URL: at("HTTP", "/")})
	must(t, err)
	if content, err = prepared.Content(); err != nil || len(content) != 0 {
		t.Fatal(content, err)
	}
	prepared.Close()
	_, err = prepared.Content()
	wantCode(t, err, ErrMisuse)
}

func TestRoundTripperAdapterSends(t *testing.T) {
	session, transport := open(t), &http.Transport{}
	defer transport.CloseIdleConnections()
	must(t, session.Mount("http://", RoundTripperAdapter(transport)))
	content := string(pattern(50_000))
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "1", Path: "/"})
			http.Redirect(w, r, "/coded", http.StatusFound)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("X-Got", seen(r))
		io.WriteString(w, gzipped([]byte(content)))
	})
	response := get(t, session, server+"/moved", Header("X-Mine", "1"))
	body, err := response.Bytes()
	if err != nil || string(body) != content || len(response.History()) != 1 {
		t.Fatal(len(body), err)
	}
	got := response.Header.Get("X-Got")
	if !strings.Contains(got, "Cookie:[a=1]") || !strings.Contains(got, "X-Mine:[1]") {
		t.Fatal(got)
	}
	response, err = session.Head(t.Context(), server+"/coded")
	if err != nil || response.StatusCode != 200 {
		t.Fatal(err)
	}
}

func TestFailuresOfARoundTripperAdapter(t *testing.T) {
	session, transport := open(t), &http.Transport{}
	must(t, session.Mount("http://", RoundTripperAdapter(transport)))
	tries := 0
	_, err := session.Get(t.Context(), at("REFUSED", "/"), Retries(Retry{Count: 2}),
		OnTrace(func(trace Trace) {
			if trace.Step == StepRetry {
				tries++
			}
		}))
	if !errors.Is(err, ErrConnect) || !errors.Is(err, syscall.ECONNREFUSED) || tries != 2 {
		t.Fatal(tries, err)
	}
	_, err = session.Get(t.Context(), "http://missing.invalid/")
	wantCode(t, err, ErrDNS)
	server := serve(t, routed)
	_, err = session.Get(t.Context(), server+"/cut")
	if !errors.Is(err, ErrCallback) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
}
