// Goroutines that wait for an answer hold no thread, and their requests end as all others do.

//go:build linux

package rq

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

// waiting is how many requests wait at once.
const waiting = 300

// heldBack is a server that answers when it is let go, and tells who has come.
func heldBack(t *testing.T) (url string, come chan struct{}, letGo func()) {
	t.Helper()
	come, gate := make(chan struct{}, 2*waiting), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		come <- struct{}{}
		<-gate
		w.Write([]byte("ok"))
	}))
	letGo = sync.OnceFunc(func() { close(gate) })
	t.Cleanup(func() { letGo(); server.Close() })
	return server.URL, come, letGo
}

// inParallel runs as many and gives their errors.
func inParallel(send func() error) chan error {
	ended := make(chan error, waiting)
	for range waiting {
		go func() { ended <- send() }()
	}
	return ended
}

func getAll(session *Session, ctx context.Context, url string) error {
	response, err := session.Get(ctx, url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = response.Bytes()
	return err
}

func TestThoseWhoWaitHoldNoThreads(t *testing.T) {
	url, come, letGo := heldBack(t)
	session := open(t, Pool(waiting, waiting, 0))
	ended := inParallel(func() error { return getAll(session, context.Background(), url) })
	for range waiting {
		<-come
	}
	// Connections are opened in C: a thread for each of those under way.
	held := threads(t)
	before := underWay.Load()
	t.Logf("%d threads", held)
	letGo()
	for range waiting {
		must(t, <-ended)
	}
	if before < waiting {
		t.Fatalf("%d under way", before)
	}
	if held > waiting/2 {
		t.Fatalf("%d threads while %d requests waited", held, waiting)
	}
	if underWay.Load() != 0 {
		t.Fatalf("%d are still under way", underWay.Load())
	}
}

func TestThoseWhoWaitEndWithTheirContext(t *testing.T) {
	url, come, _ := heldBack(t)
	session := open(t, Pool(waiting, waiting, 0))
	ctx, cancel := context.WithCancel(context.Background())
	ended := inParallel(func() error { return getAll(session, ctx, url) })
	for range waiting {
		<-come
	}
	cancel()
	for range waiting {
		if err := <-ended; !errors.Is(err, context.Canceled) || !errors.Is(err, ErrCancelled) {
			t.Fatal(err)
		}
	}
}

func TestThoseWhoWaitEndAtTheirTimeout(t *testing.T) {
	url, _, _ := heldBack(t)
	session := open(t, Pool(waiting, waiting, 0), Timeout(0, 300*time.Millisecond))
	began := time.Now()
	ended := inParallel(func() error { return getAll(session, context.Background(), url) })
	for range waiting {
		if err := <-ended; !errors.Is(err, ErrReadTimeout) {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took < 300*time.Millisecond || took > 10*time.Second {
		t.Fatal(took)
	}
}

func TestPreparedRequestsWaitSoToo(t *testing.T) {
	url, come, letGo := heldBack(t)
	session := open(t, Pool(waiting, waiting, 0))
	prepared, err := session.Prepare(&Request{Method: "POST", URL: url, Body: []byte("x")})
	must(t, err)
	defer prepared.Close()
	ended := inParallel(func() error {
		response, err := session.Send(context.Background(), prepared)
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
	for range waiting {
		<-come
	}
	letGo()
	for range waiting {
		must(t, <-ended)
	}
}

// Where a wait ends early, for whatever reason, the call that follows waits by itself.
func TestAWaitThatFailsIsMadeUpFor(t *testing.T) {
	broken, err := os.Open(os.DevNull) // no epoll, and nothing to be watched
	must(t, err)
	defer broken.Close()
	conn, err := broken.SyscallConn()
	must(t, err)
	w := &waits{epoll: -1, file: broken, conn: conn, of: make(map[int32]*wait)}
	w.until(0, time.Hour) // cannot be added
	w.mu.Lock()
	w.giveUp()
	w.mu.Unlock()
	w.until(0, time.Hour)
}

// A wait that nothing ends but its limit leaves nothing behind, time after time.
func TestWaitsEndAtTheirLimit(t *testing.T) {
	reader, writer, err := os.Pipe()
	must(t, err)
	defer reader.Close()
	defer writer.Close()
	descriptor := int(reader.Fd())
	before := runtime.NumGoroutine()
	w := sharedWaits()
	for range 20 {
		began := time.Now()
		w.until(descriptor, 10*time.Millisecond)
		if took := time.Since(began); took < 10*time.Millisecond {
			t.Fatal(took)
		}
	}
	eventually(t, "its goroutine to end", func() bool { return runtime.NumGoroutine() <= before })
	writer.Write([]byte("x"))
	began := time.Now()
	w.until(descriptor, time.Hour)
	w.until(descriptor, -1) // it is still readable
	if took := time.Since(began); took > 10*time.Second {
		t.Fatal(took)
	}
}
