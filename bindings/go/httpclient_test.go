// http.Client over a Transport in the corners of its contract: what it is told to give up, to leave
// open, to follow or not to follow.

package rq

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestClientTimeoutCoversTheBody(t *testing.T) {
	client := client(t)
	client.Timeout = 100 * time.Millisecond
	response, err := client.Get(at("HTTP", "/stall-body"))
	must(t, err)
	defer response.Body.Close()
	begin := time.Now()
	content, err := io.ReadAll(response.Body)
	soon(t, begin)
	if timeout := net.Error(nil); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Fatalf("%v is no timeout", err)
	}
	if !errors.Is(err, context.DeadlineExceeded) || len(content) != 10 {
		t.Fatal(len(content), err)
	}
}

func TestOldCancelEndsTheRequest(t *testing.T) {
	for _, path := range []string{"/stall-head", "/stall-body"} {
		cancel := make(chan struct{})
		request := newRequest(t, "GET", at("HTTP", path), "")
		//lint:ignore SA1019 it is what is tested
		request.Cancel = cancel
		if path == "/stall-head" {
			time.AfterFunc(20*time.Millisecond, func() { close(cancel) })
		}
		begin := time.Now()
		response, err := client(t).Transport.RoundTrip(request)
		if err == nil {
			close(cancel)
			_, err = io.ReadAll(response.Body)
			response.Body.Close()
		}
		soon(t, begin)
		wantCode(t, err, ErrCancelled)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, errRequestCancel) {
			t.Fatalf("%s: %v", path, err)
		}
	}
}

func TestErrUseLastResponseKeepsTheBody(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(302)
		io.WriteString(w, "this way")
	})
	client := client(t)
	client.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}
	response, err := client.Get(server)
	if body := contentOf(t, response, err); body != "this way" || response.StatusCode != 302 {
		t.Fatal(response.StatusCode, body)
	}
}

func TestRedirectsOfTheClientWithCookies(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/login":
			http.SetCookie(w, &http.Cookie{Name: "id", Value: "42", Path: "/"})
			http.Redirect(w, r, "/again", http.StatusTemporaryRedirect)
		case "/again":
			http.SetCookie(w, &http.Cookie{Name: "step", Value: "2", Path: "/home"})
			http.Redirect(w, r, "/home", http.StatusSeeOther)
		default:
			fmt.Fprintf(w, "%s %q %s %s", r.Method, body, r.Header["Cookie"], r.Referer())
		}
	})
	client := client(t)
	var err error
	client.Jar, err = cookiejar.New(nil)
	must(t, err)
	response, err := client.Post(server+"/login", "text/plain", strings.NewReader("ann"))
	want := fmt.Sprintf(`GET "" [step=2; id=42] %s/again`, server)
	if got := contentOf(t, response, err); got != want {
		t.Fatalf("%s, not %s", got, want)
	}
}

func TestBodiesThatAreLeftUnread(t *testing.T) {
	session := open(t)
	client := &http.Client{Transport: &Transport{Session: session, MaxConcurrent: 2}}
	for range 20 { // each one's place and connection are free again
		response, err := client.Get(at("HTTP", "/bytes/5000000"))
		must(t, err)
		must(t, response.Body.Close(), response.Body.Close())
		_, err = response.Body.Read(make([]byte, 1))
		if !errors.Is(err, http.ErrBodyReadAfterClose) {
			t.Fatal(err)
		}
	}
}

func TestLargeBodiesBothWays(t *testing.T) {
	const size = 32 << 20
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.ContentLength != size {
			t.Error(r.ContentLength, err)
		}
		w.Write(body)
	})
	content := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	response, err := client(t).Post(server, "text/plain", bytes.NewReader(content))
	if got := contentOf(t, response, err); got != string(content) {
		t.Fatal(len(got), "bytes")
	}
}

func TestRequestsOfManyGoroutinesOverOneTransport(t *testing.T) {
	const clients, limit = 40, 4
	var now, most atomic.Int32
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		defer now.Add(-1)
		for n := now.Add(1); n > most.Load(); {
			most.Store(n)
		}
		body, _ := io.ReadAll(r.Body) // to its end: a server of net/http's drops what is left then
		w.Write(body)
	})
	client := &http.Client{Transport: &Transport{Session: open(t), MaxConcurrent: limit}}
	var running sync.WaitGroup
	for i := range clients {
		running.Add(1)
		go func() {
			defer running.Done()
			body := strings.Repeat(fmt.Sprint(i, " "), 1000)
			response, err := client.Post(server, "text/plain", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			if got, err := io.ReadAll(response.Body); err != nil || string(got) != body {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		}()
	}
	running.Wait()
	if most.Load() > limit {
		t.Fatalf("%d at once", most.Load())
	}
}
