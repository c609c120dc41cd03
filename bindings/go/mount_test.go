// Where adapters are mounted, and how they go.

package rq

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestPrefixes(t *testing.T) {
	session := open(t)
	for prefix, text := range map[string]string{
		"http://": "any", "http://a.test": "host", "HTTP://a.test/API/": "api", "other:": "other",
	} {
		must(t, session.MountFunc(prefix, saying(text)))
	}
	ask := func(url string) string { return textOf(t, get(t, session, url)) }
	for url, want := range map[string]string{
		"http://b.test/": "any", "http://a.test/": "host", "http://A.test/api/x": "api",
		"http://a.test:81/": "host", "http://ann:secret@a.test/": "host", "other:x": "other",
	} {
		if got := ask(url); got != want {
			t.Errorf("%s: %q, not %q", url, got, want)
		}
	}
	must(t, session.MountFunc("http://a.test/api/", saying("replaced")))
	if got := ask("http://a.test/api/"); got != "replaced" {
		t.Errorf("%q", got)
	}
	for range 2 {
		was, err := session.Unmount("http://A.test/api/")
		must(t, err)
		if got := ask("http://a.test/api/"); got != "host" {
			t.Errorf("%v, %q", was, got)
		}
	}
	was, err := session.Unmount("nothing://")
	if was || err != nil {
		t.Errorf("%v, %v", was, err)
	}
	_, err = session.Get(t.Context(), "nothing://a/")
	wantCode(t, err, ErrInvalidSchema)
}

func TestWrongMounts(t *testing.T) {
	session := open(t)
	for name, err := range map[string]error{
		"empty":         session.Mount("", saying("")),
		"NUL":           session.Mount("mock\x00://", saying("")),
		"nil":           session.Mount("mock://", nil),
		"nil function":  session.MountFunc("mock://", nil),
		"own, empty":    session.MountOwn(""),
		"unmounted NUL": func() error { _, err := session.Unmount("\x00"); return err }(),
	} {
		if !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, session.Close())
	_, unmounted := session.Unmount("mock://")
	for _, err := range []error{
		session.Mount("mock://", saying("")), session.MountOwn("http://"), unmounted,
		new(Session).Mount("mock://", saying("")),
	} {
		wantCode(t, err, ErrMisuse)
	}
}

func TestConnectionsOfItsOwn(t *testing.T) {
	session, url := open(t), at("HTTP", "/json")
	visit := func() int { return visitOf(t, get(t, session, url)).Connection }
	before := visit()
	must(t, session.MountOwn(at("HTTP", "/")))
	own := visit()
	if again := visit(); own == before || again != own {
		t.Errorf("%d, then %d and %d", before, own, again)
	}
	session.CloseIdle()
	if fresh := visit(); fresh == own {
		t.Error("CloseIdle left its connection")
	}
	_, err := session.Unmount(at("HTTP", "/"))
	must(t, err)
	if after := visit(); after == own {
		t.Errorf("its connection %d was used after it", after)
	}
}

// An adapter that is unmounted while it answers does so to the end, and is let go then.
func TestUnmountWhileInUse(t *testing.T) {
	inside, leave, freed := make(chan struct{}), make(chan struct{}), make(chan bool, 1)
	session := open(t)
	func() {
		known := &closeTeller{Reader: strings.NewReader("")}
		runtime.AddCleanup(known, func(bool) { freed <- true }, true)
		must(t, session.MountFunc("mock://", func(*Prepared) (*Reply, error) {
			close(inside)
			<-leave
			known.Read(nil)
			return &Reply{Body: []byte("to the end")}, nil
		}))
	}()
	got := make(chan string)
	go func() {
		response, err := session.Get(t.Context(), "mock://a/")
		if err != nil {
			got <- err.Error()
			return
		}
		text, _ := response.Text()
		got <- text
	}()
	<-inside
	was, err := session.Unmount("mock://")
	if !was || err != nil {
		t.Fatalf("%v, %v", was, err)
	}
	_, err = session.Get(t.Context(), "mock://a/")
	wantCode(t, err, ErrInvalidSchema)
	for range 3 {
		runtime.GC()
	}
	if len(freed) > 0 {
		t.Error("let go while it was in use")
	}
	close(leave)
	if text := <-got; text != "to the end" {
		t.Errorf("%q", text)
	}
	eventually(t, "the adapter to be collected", func() bool {
		runtime.GC()
		return len(freed) == 1
	})
}

// What adapters know is collected once they are replaced, unmounted, refused, or their session is
// closed or forgotten.
func TestAdaptersAreLetGo(t *testing.T) {
	freed := make(chan string, 10)
	knowing := func(name string) AdapterFunc {
		known := &closeTeller{Reader: strings.NewReader("")}
		runtime.AddCleanup(known, func(name string) { freed <- name }, name)
		return func(*Prepared) (*Reply, error) {
			known.Read(nil)
			return &Reply{}, nil
		}
	}
	func() {
		session := open(t)
		must(t, session.Mount("a://", knowing("replaced")), session.Mount("a://", saying("")))
		must(t, session.Mount("b://", knowing("unmounted")), session.Mount("c://", knowing("closed")))
		textOf(t, get(t, session, "b://a/"))
		_, err := session.Unmount("b://")
		must(t, err)
		if session.Mount("", knowing("refused")) == nil || session.Mount("\x00", knowing("NUL")) == nil {
			t.Error("mounted at no prefix")
		}
		must(t, session.Close())
		if session.Mount("d://", knowing("too late")) == nil {
			t.Error("mounted on a closed session")
		}
		forgotten, err := NewSession()
		must(t, err)
		must(t, forgotten.Mount("a://", knowing("forgotten")))
	}()
	eventually(t, "seven adapters to be collected", func() bool {
		runtime.GC()
		return len(freed) == 7
	})
}

func TestAdaptersUnderManyGoroutines(t *testing.T) {
	const goroutines, each = 16, 100
	session := open(t)
	must(t, session.MountFunc("mock://", func(p *Prepared) (*Reply, error) {
		if number := p.Header("X-Number"); strings.HasSuffix(number, "7") {
			return nil, numbered(number)
		}
		return &Reply{Body: []byte(p.Header("X-Number"))}, nil
	}))
	var running sync.WaitGroup
	for worker := range goroutines {
		running.Add(1)
		go func() {
			defer running.Done()
			own := fmt.Sprintf("mock://%d.test", worker)
			for i := range each {
				number := fmt.Sprint(worker*each + i)
				if err := session.MountFunc(own, saying("own "+number)); err != nil {
					t.Error(err)
				}
				response, err := session.Get(t.Context(), "mock://a/", Header("X-Number", number))
				var failed numbered
				switch {
				case strings.HasSuffix(number, "7"):
					if !errors.As(err, &failed) || string(failed) != number {
						t.Errorf("%s got %v", number, err)
					}
				case err != nil:
					t.Error(err)
				default:
					wantText(t, response, number)
				}
				if response, err := session.Get(t.Context(), own+"/"); err != nil {
					t.Error(err)
				} else {
					wantText(t, response, "own "+number)
				}
				if was, err := session.Unmount(own); !was || err != nil {
					t.Errorf("%v, %v", was, err)
				}
			}
		}()
	}
	running.Wait()
}

// wantText is for goroutines of a test's.
func wantText(t *testing.T, response *Response, want string) {
	if got, err := response.Text(); got != want || err != nil {
		t.Errorf("%q, not %q: %v", got, want, err)
	}
	response.Body.Close()
}
