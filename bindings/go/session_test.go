// Sessions: connections kept and shared, verbs, and what is left after Close.

package rq

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestVersion(t *testing.T) {
	if !strings.HasPrefix(Version(), "0.") {
		t.Fatalf("version %q", Version())
	}
}

func TestThreeRequestsOnOneConnection(t *testing.T) {
	for _, server := range []string{"HTTP", "HTTPS"} {
		session := open(t, CAFile(at("CA_FILE", "")))
		var first visit
		for i := range 3 {
			response := get(t, session, at(server, "/json"))
			if response.StatusCode != 200 || response.Reused != (i > 0) {
				t.Fatalf("%s, request %d: %+v", server, i, response)
			}
			v := visitOf(t, response)
			if i == 0 {
				first = v
			}
			if want := (visit{first.Connection, first.Request + i}); v != want {
				t.Fatalf("%s, request %d: %v, not %v", server, i, v, want)
			}
		}
	}
}

func TestCloseIdleMakesANewConnection(t *testing.T) {
	session := open(t)
	first := visitOf(t, get(t, session, at("HTTP", "/json")))
	session.CloseIdle()
	second := visitOf(t, get(t, session, at("HTTP", "/json")))
	if first.Connection == second.Connection {
		t.Fatal("the idle connection was used after CloseIdle")
	}
}

func TestVerbs(t *testing.T) {
	session, ctx, url := open(t), t.Context(), at("HTTP", "/echo")
	body := []byte("a body")
	send := map[string]func() (*Response, error){
		"GET":     func() (*Response, error) { return session.Get(ctx, url) },
		"OPTIONS": func() (*Response, error) { return session.Options(ctx, url) },
		"DELETE":  func() (*Response, error) { return session.Delete(ctx, url) },
		"POST":    func() (*Response, error) { return session.Post(ctx, url, body) },
		"PUT":     func() (*Response, error) { return session.Put(ctx, url, body) },
		"PATCH":   func() (*Response, error) { return session.Patch(ctx, url, body) },
		"MKCOL": func() (*Response, error) {
			return session.Do(ctx, &Request{Method: "MKCOL", URL: url})
		},
	}
	for verb, send := range send {
		response, err := send()
		if err != nil {
			t.Fatal(err)
		}
		echo := textOf(t, response)
		if !strings.HasPrefix(echo, verb+" /echo HTTP/1.1\r\n") {
			t.Errorf("%s: %q", verb, echo)
		}
		if strings.HasPrefix(verb, "P") != strings.HasSuffix(echo, "\r\n\r\na body") {
			t.Errorf("%s, body: %q", verb, echo)
		}
	}
}

func TestHeadHasNoBody(t *testing.T) {
	session := open(t)
	response, err := session.Head(t.Context(), at("HTTP", "/bytes/1000"))
	if err != nil {
		t.Fatal(err)
	}
	if text := textOf(t, response); text != "" || response.Header.Get("Content-Length") != "1000" {
		t.Fatalf("%q, %v", text, response.Header)
	}
}

func TestManyGoroutinesShareASession(t *testing.T) {
	const goroutines, requests = 16, 1000
	session := open(t, Pool(goroutines, goroutines, 0))
	jobs := make(chan int, requests)
	for i := range requests {
		jobs <- i
	}
	close(jobs)
	var mu sync.Mutex
	connections := make(map[string]bool)
	var running sync.WaitGroup
	for range goroutines {
		running.Add(1)
		go func() {
			defer running.Done()
			for i := range jobs {
				connection, err := fetchSized(t, session, 500+i)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				connections[connection] = true
				mu.Unlock()
			}
		}()
	}
	running.Wait()
	if len(connections) > goroutines {
		t.Fatalf("%d connections for %d goroutines", len(connections), goroutines)
	}
}

// fetchSized checks /bytes/size and names the connection it came over.
func fetchSized(t *testing.T, session *Session, size int) (string, error) {
	response, err := session.Get(t.Context(), at("HTTP", fmt.Sprintf("/bytes/%d", size)))
	if err != nil {
		return "", err
	}
	content, err := response.Bytes()
	if err == nil && string(content) != string(pattern(size)) {
		err = fmt.Errorf("%d wrong bytes for /bytes/%d", len(content), size)
	}
	return response.Header.Get("X-Connection"), err
}

func TestUseAfterClose(t *testing.T) {
	session := open(t)
	prepared, err := session.Prepare(&Request{Method: "GET", URL: at("HTTP", "/json")})
	if err != nil {
		t.Fatal(err)
	}
	late := get(t, session, at("HTTP", "/bytes/100000"))
	session.Close()
	session.Close()
	session.CloseIdle()

	_, err = session.Get(t.Context(), at("HTTP", "/json"))
	wantCode(t, err, ErrMisuse)
	_, err = session.Prepare(&Request{Method: "GET", URL: at("HTTP", "/json")})
	wantCode(t, err, ErrMisuse)
	_, err = session.Send(t.Context(), prepared)
	wantCode(t, err, ErrMisuse)
	if content, err := late.Bytes(); err != nil || len(content) != 100000 {
		t.Fatalf("a response outlives its session: %d bytes, %v", len(content), err)
	}
}

func TestZeroSessionIsAnError(t *testing.T) {
	var session Session
	_, err := session.Get(t.Context(), at("HTTP", "/json"))
	wantCode(t, err, ErrMisuse)
	if err := session.Close(); err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code Code) {
	t.Helper()
	if !errors.Is(err, code) {
		t.Fatalf("%v, not %v", err, code)
	}
}

func TestSetChangesWhatFollows(t *testing.T) {
	calls := 0
	hook := OnRequest(func(*Prepared) error { calls++; return nil })
	session := open(t, Header("X-Token", "old"), hook)
	for _, token := range []string{"old", "new"} {
		must(t, session.Set(Header("X-Token", token)))
		echo := textOf(t, get(t, session, at("HTTP", "/echo")))
		if !strings.Contains(echo, "\r\nX-Token: "+token+"\r\n") {
			t.Fatalf("%q", echo)
		}
	}
	must(t, session.Set(WithoutHooks()))
	get(t, session, at("HTTP", "/echo"))
	if calls != 2 {
		t.Fatalf("%d calls of a hook", calls)
	}
	wantCode(t, session.Set(Header("X-A", "1"), Header("a b", "2")), ErrInvalidHeader)
	session.Close()
	wantCode(t, session.Set(), ErrMisuse)
}

func TestSetWhileRequestsRun(t *testing.T) {
	session := open(t)
	var running sync.WaitGroup
	for i := range 8 {
		running.Add(1)
		go func() {
			defer running.Done()
			for n := range 50 {
				value := fmt.Sprint(i, "-", n)
				if err := session.Set(Header("X-Changes", value)); err != nil {
					t.Error(err)
				}
				response, err := session.Get(t.Context(), at("HTTP", "/json"))
				if err != nil {
					t.Error(err)
					return
				}
				response.Body.Close()
			}
		}()
	}
	running.Wait()
}
