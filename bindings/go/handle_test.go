// Handles under attack by the garbage collector.

package rq

import (
	"io"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
)

// The collector runs all the time while handles of every kind are dropped in the middle of their
// use: whatever is freed too early shows as a crash or as wrong bytes.
func TestForgottenHandlesUnderACollectorThatNeverRests(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	var running sync.WaitGroup
	for range 4 {
		running.Add(1)
		go func() {
			defer running.Done()
			for range 50 {
				forget(t)
			}
		}()
	}
	running.Wait()
	runtime.GC()
}

// forget makes a session, a prepared request and three responses, and closes none of them.
func forget(t *testing.T) {
	calls := new(int) // is alive as long as those who count in it
	session, err := NewSession(Header("X-Garbage", string(pattern(100)[65:91])),
		AuthFunc(func(p *Prepared) error { return p.SetHeader("X-Auth", "1") }))
	if err != nil {
		t.Error(err)
		return
	}
	prepared, err := session.Prepare(&Request{Method: "GET", URL: at("HTTP", "/bytes/20000")})
	if err != nil {
		t.Error(err)
		return
	}
	whole, err := session.Send(t.Context(), prepared)
	if err != nil {
		t.Error(err)
		return
	}
	body := whole.Body
	whole = nil
	runtime.GC() // the response is gone, its body is not
	if content, err := io.ReadAll(body); err != nil || string(content) != string(pattern(20000)) {
		t.Errorf("%d bytes, %v", len(content), err)
	}
	if _, err = session.Get(t.Context(), at("HTTP", "/bytes/1000000")); err != nil {
		t.Error(err)
	}
	if _, err = session.Do(t.Context(), &Request{
		Method: "PUT", URL: at("HTTP", "/upload"), BodyReader: plain(pattern(100_000)),
		Progress: func(int64, int64) { *calls++ },
	}); err != nil || *calls == 0 {
		t.Errorf("%v after %d calls", err, *calls)
	}
}

func TestForgottenResponsesGiveTheirConnectionsBack(t *testing.T) {
	session, probe := open(t), open(t)
	alone := func() bool {
		runtime.GC()
		return connections(t, probe) == 1
	}
	eventually(t, "other tests' connections to close", alone)
	for range 20 {
		response, err := session.Get(t.Context(), at("HTTP", "/stall-body"))
		must(t, err)
		if response.StatusCode != 200 {
			t.Fatal(response.StatusCode)
		}
	}
	eventually(t, "the connections to close", alone)
}

// connections counts the server's open connections, the probe's among them.
func connections(t *testing.T, probe *Session) int {
	var count struct{ Open int }
	must(t, get(t, probe, at("HTTP", "/connections")).JSON(&count))
	return count.Open
}

func TestHandleIsFreedByItsLastUser(t *testing.T) {
	var freed []string
	h := newHandle("pointer", func(ptr string) { freed = append(freed, ptr) })
	for range 2 {
		if _, err := h.acquire(); err != nil {
			t.Fatal(err)
		}
	}
	h.close()
	_, err := h.acquire()
	wantCode(t, err, ErrMisuse)
	h.release()
	if len(freed) != 0 {
		t.Fatal("freed under its user")
	}
	h.release()
	h.close()
	if len(freed) != 1 {
		t.Fatalf("freed %d times", len(freed))
	}
}

func TestForgottenHandleIsFreedByTheCollector(t *testing.T) {
	freed := make(chan string, 1)
	newHandle("pointer", func(ptr string) { freed <- ptr })
	eventually(t, "the cleanup", func() bool {
		runtime.GC()
		return len(freed) == 1
	})
}
