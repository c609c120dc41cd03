// Callbacks: each failure reaches the call that it belongs to, and no other.

package rq

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
)

func TestFailuresOfASharedCallbackAreNotMixedUp(t *testing.T) {
	const goroutines, each = 16, 200
	session := open(t, AuthFunc(func(p *Prepared) error {
		return numbered(p.Header("X-Number"))
	}))
	var running sync.WaitGroup
	for worker := range goroutines {
		running.Add(1)
		go func() {
			defer running.Done()
			for i := range each {
				number := fmt.Sprint(worker*each + i)
				_, err := session.Get(t.Context(), at("HTTP", "/json"), Header("X-Number", number))
				var got numbered
				if !errors.As(err, &got) || string(got) != number {
					t.Errorf("%s got %v", number, err)
				}
			}
		}()
	}
	running.Wait()
}

type numbered string

func (n numbered) Error() string { return "the error of request " + string(n) }

// A callback may send requests of its own; their failures are not the outer request's.
func TestCallbackThatSends(t *testing.T) {
	other, reason := open(t, AuthFunc(func(*Prepared) error { return errors.New("inner") })),
		errors.New("outer")
	session := open(t, AuthFunc(func(*Prepared) error {
		if _, err := other.Get(t.Context(), at("HTTP", "/json")); !errors.Is(err, ErrCallback) {
			t.Error(err)
		}
		return reason
	}))
	_, err := session.Get(t.Context(), at("HTTP", "/json"))
	if !errors.Is(err, reason) || err.Error() != "rq: outer" {
		t.Fatal(err)
	}
}

func TestPanicInACallbackIsAnError(t *testing.T) {
	session := open(t, AuthFunc(func(*Prepared) error { panic("at the disco") }))
	for range 3 {
		_, err := session.Get(t.Context(), at("HTTP", "/json"))
		wantCode(t, err, ErrCallback)
		var failure *PanicError
		if !errors.As(err, &failure) || failure.Value != "at the disco" || failure.Unwrap() != nil {
			t.Fatalf("%+v", err)
		}
	}
}

// With -race: what a server and a client tell each other over the wire is in order.
func TestRaceDetectorKnowsTheWire(t *testing.T) {
	sent, seen, inBody := 0, 0, 0
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		seen = sent + 1
		w.(http.Flusher).Flush()
		inBody = seen + 1
		io.WriteString(w, "x")
	})
	session := open(t, OnRequest(func(*Prepared) error { sent++; return nil }))
	for range 2 {
		response, err := session.Get(t.Context(), server)
		must(t, err)
		_, err = response.Bytes()
		if must(t, err); seen != sent+1 || inBody != sent+2 {
			t.Fatal(sent, seen, inBody)
		}
	}
}
