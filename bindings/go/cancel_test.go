// Contexts end a request in each of its phases, in time and without traces.

package rq

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"
)

func TestContextTimeoutWhileWaitingForTheHead(t *testing.T) {
	session := open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err := session.Get(ctx, at("HTTP", "/stall-head"))
	soon(t, begin)
	wantCode(t, err, ErrCancelled)
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Fatalf("%v is no timeout", err)
	}
}

func TestContextTimeoutWhileConnecting(t *testing.T) {
	session := open(t, Verify(false))
	for phase, url := range map[string]string{
		"connect": at("BLACKHOLE", "/"),
		"tls":     "https://" + at("SILENT", "/"),
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		begin := time.Now()
		_, err := session.Get(ctx, url)
		cancel()
		soon(t, begin)
		var detail *Error
		if !errors.As(err, &detail) || detail.Code != ErrCancelled || detail.Phase != phase {
			t.Fatalf("%s: %+v", phase, err)
		}
	}
}

func TestCancelInTheBody(t *testing.T) {
	session := open(t)
	reason := errors.New("the user left")
	ctx, cancel := context.WithCancelCause(t.Context())
	response, err := session.Get(ctx, at("HTTP", "/stall-body"))
	must(t, err)
	defer response.Body.Close()
	_, err = io.ReadFull(response.Body, make([]byte, 10))
	must(t, err)

	begin := time.Now()
	go cancel(reason)
	_, err = response.Body.Read(make([]byte, 1000))
	soon(t, begin)
	wantCode(t, err, ErrCancelled)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, reason) {
		t.Fatal(err)
	}
	if timeout := err.(*Error).Timeout(); timeout {
		t.Fatal("a cancellation is no timeout")
	}
}

func TestEndedContextSendsNothing(t *testing.T) {
	session := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	before := visitOf(t, get(t, session, at("HTTP", "/json")))
	_, err := session.Get(ctx, at("HTTP", "/json"))
	wantCode(t, err, ErrCancelled)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	after := visitOf(t, get(t, session, at("HTTP", "/json")))
	if want := (visit{before.Connection, before.Request + 1}); after != want {
		t.Fatalf("%v, not %v", after, want)
	}
}

func TestContextThatEndsAfterTheBodyDoesNoHarm(t *testing.T) {
	session := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	response, err := session.Get(ctx, at("HTTP", "/json"))
	must(t, err)
	first := visitOf(t, response)
	cancel()
	second := visitOf(t, get(t, session, at("HTTP", "/json")))
	if second.Connection != first.Connection {
		t.Fatal("the kept connection was closed")
	}
}

func TestCancelledRequestsLeaveNoGoroutines(t *testing.T) {
	const workers, each = 10, 20
	session := open(t)
	get(t, session, at("HTTP", "/json")).Body.Close()
	before := runtime.NumGoroutine()
	var running sync.WaitGroup
	for range workers {
		running.Add(1)
		go func() {
			defer running.Done()
			for range each {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
				if _, err := session.Get(ctx, at("HTTP", "/stall-head")); !errors.Is(err, ErrCancelled) {
					t.Errorf("%v", err)
				}
				cancel()
			}
		}()
	}
	running.Wait()
	eventually(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}

// eventually waits for what no event tells.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
