// Retries, expectations and proxies; and what breaks while an exchange goes on.

package rq

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// failing answers this often with a status and its header, and then with 200.
func failing(
	t *testing.T, times int32, status int, header ...string,
) (url string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		if asked.Add(1) > times {
			w.Write(content)
			return
		}
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
	}), asked
}

func TestRetries(t *testing.T) {
	session := open(t)
	soon := Retry{
		Count: 2, Statuses: []int{500}, Backoff: time.Millisecond, BackoffMax: 2 * time.Millisecond,
	}
	any := soon
	any.Methods = []string{"*"}
	for name, test := range map[string]struct {
		method string
		fails  int32
		policy Retry
		asked  int32
		status int
	}{
		"none":       {"PUT", 1, Retry{}, 1, 500},
		"status":     {"PUT", 2, soon, 3, 200},
		"used up":    {"PUT", 9, soon, 3, 500},
		"not a POST": {"POST", 1, soon, 1, 500},
		"any method": {"POST", 1, any, 2, 200},
	} {
		url, asked := failing(t, test.fails, 500)
		var steps atomic.Int32
		response, err := session.Do(t.Context(), &Request{
			Method: test.method, URL: url, Body: []byte("content"),
			Options: []Option{Retries(test.policy), OnTrace(func(trace Trace) {
				if trace.Step == StepRetry {
					steps.Add(1)
				}
			})},
		})
		must(t, err)
		got := textOf(t, response)
		if response.StatusCode != test.status || asked.Load() != test.asked ||
			steps.Load() != test.asked-1 || (got == "content") != (test.status == 200) {
			t.Errorf("%s: %d %q after %d", name, response.StatusCode, got, asked.Load())
		}
	}
}

func TestRetryAfter(t *testing.T) {
	session := open(t)
	for name, test := range map[string]struct {
		after  string
		max    time.Duration
		status int
	}{
		"now": {"0", 0, 200}, "too long": {"1000", 0, 503}, "longer than wanted": {"2", time.Second, 503},
		"ignored": {"0", -1, 503},
	} {
		url, _ := failing(t, 1, http.StatusServiceUnavailable, "Retry-After", test.after)
		response := get(t, session, url, Retries(Retry{Count: 1, RetryAfterMax: test.max}))
		if textOf(t, response); response.StatusCode != test.status {
			t.Errorf("%s: %d", name, response.StatusCode)
		}
	}
}

func TestWrongRetries(t *testing.T) {
	for _, policy := range []Retry{
		{Count: -1}, {Statuses: []int{99}}, {Statuses: []int{-1}}, {Backoff: -1}, {BackoffMax: -1},
	} {
		_, err := NewSession(Retries(policy))
		wantCode(t, err, ErrInvalidArgument)
	}
	_, err := NewSession(Retries(Retry{Methods: []string{"NOT A METHOD"}}))
	wantCode(t, err, ErrInvalidMethod)
}

func TestExpectContinue(t *testing.T) {
	expected := make(chan string, 3)
	var asked atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		expected <- r.Header.Get("Expect")
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusExpectationFailed)
			return
		}
		io.Copy(w, r.Body)
	})
	session := open(t, ExpectContinue(true))
	for range 2 {
		response, err := session.Post(t.Context(), url, []byte("content"))
		must(t, err)
		if got := textOf(t, response); got != "content" {
			t.Errorf("%d %q", response.StatusCode, got)
		}
	}
	for i, want := range []string{"100-continue", "", "100-continue"} {
		if got := <-expected; got != want {
			t.Errorf("%d: %q", i, got)
		}
	}
}

func TestPlainProxy(t *testing.T) {
	asked := make(chan string, 3)
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.RequestURI + " " + r.Header.Get("Proxy-Authorization")
		if r.Method == http.MethodConnect {
			w.WriteHeader(http.StatusForbidden)
		}
	})
	withUser := strings.Replace(proxy, "http://", "http://ann:secret@", 1)
	session := open(t, TrustEnv(false), Proxy("all", withUser))
	textOf(t, get(t, session, "http://a.test/b"))
	textOf(t, get(t, session, "http://a.test/c", ProxyDigest(true)))
	_, err := session.Get(t.Context(), "https://a.test/d")
	wantCode(t, err, ErrProxy)
	var failure *Error
	if !errors.As(err, &failure) || failure.Status != 403 || strings.Contains(err.Error(), "secret") {
		t.Errorf("%+v", err)
	}
	for _, want := range []string{
		"GET http://a.test/b Basic YW5uOnNlY3JldA==", "GET http://a.test/c ",
		"CONNECT a.test:443 Basic YW5uOnNlY3JldA==",
	} {
		if got := <-asked; got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// Fault 51: cancelled by another goroutine while the body is sent.
func TestFault51CancelWhileSending(t *testing.T) {
	session, over := open(t, Verify(false)), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "PUT" {
			<-over // without reading the body
		}
		io.WriteString(w, r.RemoteAddr)
	})
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer secure.Close()
	defer close(over)
	for _, url := range []string{plain.URL, secure.URL} {
		before := textOf(t, get(t, session, url))
		ctx, cancel := context.WithCancel(t.Context())
		sent, filled := 0, make(chan struct{})
		go func() {
			<-filled
			cancel()
		}()
		_, err := session.Do(ctx, &Request{
			Method: "PUT", URL: url, BodyReader: readerFunc(func(p []byte) (int, error) {
				if sent += len(p); sent-len(p) < 1<<20 && sent >= 1<<20 {
					close(filled)
				}
				return len(p), nil
			}),
		})
		wantCode(t, err, ErrCancelled)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", url, err)
		}
		if after := textOf(t, get(t, session, url)); after == before {
			t.Errorf("%s: the connection was kept", url)
		}
	}
}

// Fault 55: the server takes the request and says nothing.
func TestFault55StallBeforeTheHead(t *testing.T) {
	session := open(t, CAFile(at("CA_FILE", "")), Timeout(0, 50*time.Millisecond))
	for _, server := range []string{"HTTP", "HTTPS"} {
		begin := time.Now()
		_, err := session.Get(t.Context(), at(server, "/stall-head"))
		wantCode(t, err, ErrReadTimeout)
		soon(t, begin)
		var failure *Error
		if !errors.As(err, &failure) || failure.Phase != "head" || !failure.Timeout() ||
			failure.Exception != "ReadTimeout" {
			t.Errorf("%s: %+v", server, err)
		}
		if v := visitOf(t, get(t, session, at(server, "/json"))); v.Request != 1 {
			t.Errorf("%s: the connection was kept: %+v", server, v)
		}
	}
}

// Fault 67: the connection ends before the body does, which is decoded or not.
func TestFault67TruncatedBody(t *testing.T) {
	session := open(t, CAFile(at("CA_FILE", "")))
	for _, server := range []string{"HTTP", "HTTPS"} {
		response := get(t, session, at(server, "/truncated"))
		content, err := io.ReadAll(response.Body)
		wantCode(t, err, ErrIncomplete)
		if string(content) != string(pattern(500)) {
			t.Errorf("%s: %d bytes", server, len(content))
		}
		if v := visitOf(t, get(t, session, at(server, "/json"))); v.Request != 1 {
			t.Errorf("%s: the connection was kept: %+v", server, v)
		}
	}
	coded := gzipped(pattern(100_000))
	head := "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
	url := cut(t, fmt.Sprintf(head, len(coded))+coded[:len(coded)/2])
	_, err := get(t, session, url).Text()
	wantCode(t, err, ErrIncomplete)
}

// cut is a server that sends an answer and closes the connection.
func cut(t *testing.T, answer string) (url string) {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		connection, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer connection.Close()
		buffered.WriteString(answer)
		buffered.Flush()
	})
}
