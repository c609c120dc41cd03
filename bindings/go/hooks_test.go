// Hooks: when they run, what they may change, and how their failures come back.

package rq

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// noting is a pair of hooks that note what they see.
func noting(name string, notes *[]string) []Option {
	return []Option{
		OnRequest(func(p *Prepared) error {
			*notes = append(*notes, name+" "+p.Method()+" "+path(p.URL()))
			return nil
		}),
		OnResponse(func(r *Response) (*Response, error) {
			*notes = append(*notes, fmt.Sprint(name, " ", r.StatusCode, " ", path(r.URL)))
			return nil, nil
		}),
	}
}

func path(url string) string {
	return url[strings.LastIndex(url, "/"):]
}

func TestHooksRunInOrderOnEveryHop(t *testing.T) {
	var notes []string
	session := open(t, noting("session", &notes)...)
	get(t, session, serve(t, chain)+"/b", noting("request", &notes)...)
	want := []string{
		"session GET /b", "request GET /b", "session 308 /b", "request 308 /b",
		"session GET /c#end", "request GET /c#end", "session 200 /c#end", "request 200 /c#end",
	}
	if !slices.Equal(notes, want) {
		t.Fatalf("%q", notes)
	}
}

func TestRequestHookChangesWhatIsSent(t *testing.T) {
	var kept *Prepared
	session := open(t, OnRequest(func(p *Prepared) error {
		kept = p
		return p.SetHeader("X-Signed", p.Method())
	}))
	response := get(t, session, at("HTTP", "/echo"))
	if got := textOf(t, response); !strings.Contains(got, "\r\nX-Signed: GET\r\n") {
		t.Errorf("%q", got)
	}
	if response.Request().Header("X-Signed") != "GET" {
		t.Errorf("%v", response.Request().Headers())
	}
	wantCode(t, kept.SetHeader("X-Late", "1"), ErrMisuse)
}

func TestWhatAHookReadsCanBeReadAgain(t *testing.T) {
	var kept *Response
	session := open(t, OnResponse(func(r *Response) (*Response, error) {
		kept = r
		_, err := r.Text()
		return r, err
	}))
	response := get(t, session, at("HTTP", "/bytes/1000"))
	content, err := io.ReadAll(response.Body)
	if string(content) != string(pattern(1000)) || err != nil {
		t.Errorf("%d bytes, %v", len(content), err)
	}
	wantNothing(t, kept)
}

func TestHookThatPeeksTakesNoMore(t *testing.T) {
	session := open(t, OnResponse(func(r *Response) (*Response, error) {
		_, err := io.ReadFull(r.Body, make([]byte, 10))
		return nil, err
	}))
	content, err := get(t, session, at("HTTP", "/bytes/1000")).Bytes()
	if string(content) != string(pattern(1000)[10:]) || err != nil {
		t.Errorf("%d bytes, %v", len(content), err)
	}
}

func TestHookThatClosesGivesUpTheBody(t *testing.T) {
	session := open(t, OnResponse(func(r *Response) (*Response, error) {
		return r, r.Body.Close()
	}))
	response := get(t, session, at("HTTP", "/bytes/10000000"))
	if n, err := io.Copy(io.Discard, response.Body); err == nil || n == 10_000_000 {
		t.Errorf("%d bytes", n)
	}
	if response.StatusCode != 200 || response.Request().Method() != "GET" {
		t.Errorf("%+v", response)
	}
}

// replacing answers with what url says, by a request of its own.
func replacing(session *Session, ctx context.Context, url string) Option {
	return OnResponse(func(*Response) (*Response, error) { return session.Get(ctx, url) })
}

func TestHookReplacesTheResponse(t *testing.T) {
	session := open(t)
	var notes []string
	options := append([]Option{
		replacing(session, t.Context(), at("HTTP", "/status/201")),
		replacing(session, t.Context(), at("HTTP", "/bytes/1000")),
	}, noting("after", &notes)...)
	response := get(t, session, at("HTTP", "/json"), options...)
	if got := textOf(t, response); len(got) < 1000 || response.URL != at("HTTP", "/bytes/1000") {
		t.Errorf("%d bytes of %s", len(got), response.URL)
	}
	if !slices.Equal(notes, []string{"after GET /json", "after 200 /1000"}) {
		t.Errorf("%q", notes)
	}
}

// The context of the call covers the response that was put in place of its own, and so does that of
// the hook's.
func TestContextsOfAResponseThatReplaces(t *testing.T) {
	session := open(t)
	for name, which := range map[string]int{"the call's": 0, "the hook's": 1} {
		var contexts [2]context.Context
		var cancels [2]func()
		for i := range contexts {
			contexts[i], cancels[i] = context.WithCancel(t.Context())
		}
		response, err := session.Get(contexts[0], at("HTTP", "/json"),
			replacing(session, contexts[1], at("HTTP", "/stall-body")))
		must(t, err)
		_, err = io.ReadFull(response.Body, make([]byte, 10))
		must(t, err)
		go cancels[which]()
		if _, err := io.Copy(io.Discard, response.Body); !errors.Is(err, ErrCancelled) {
			t.Errorf("%s: %v", name, err)
		}
		must(t, response.Body.Close())
		cancels[0]()
		cancels[1]()
	}
}

func TestHookThatReturnsWhatIsNotItsOwn(t *testing.T) {
	session, url := open(t), serve(t, chain)
	closed := get(t, session, url)
	must(t, closed.Body.Close())
	owner := get(t, session, url+"/b")
	for name, other := range map[string]*Response{
		"closed": closed, "of a history": owner.History()[0], "none at all": {},
	} {
		_, err := session.Get(t.Context(), url,
			OnResponse(func(*Response) (*Response, error) { return other, nil }))
		if !errors.Is(err, ErrMisuse) || !errors.Is(err, ErrCallback) {
			t.Errorf("%s: %v", name, err)
		}
	}
	textOf(t, owner)
}

func TestFailuresOfHooks(t *testing.T) {
	session, reason := open(t), errors.New("out of order")
	for name, hook := range map[string]Option{
		"request":  OnRequest(func(*Prepared) error { return reason }),
		"response": OnResponse(func(*Response) (*Response, error) { return nil, reason }),
		"both": OnResponse(func(r *Response) (*Response, error) {
			return r, fmt.Errorf("with the response: %w", reason)
		}),
		"panic in request":  OnRequest(func(*Prepared) error { panic(reason) }),
		"panic in response": OnResponse(func(*Response) (*Response, error) { panic(reason) }),
		"panic in trace":    OnTrace(func(Trace) { panic(reason) }),
	} {
		response, err := session.Get(t.Context(), at("HTTP", "/json"), hook)
		if response != nil || !errors.Is(err, reason) || !errors.Is(err, ErrCallback) {
			t.Errorf("%s: %v", name, err)
		}
		var failure *PanicError
		if errors.As(err, &failure) != strings.HasPrefix(name, "panic") {
			t.Errorf("%s: %+v", name, err)
		}
	}
	textOf(t, get(t, session, at("HTTP", "/json")))
}

// A hook may send by the session that it is a hook of, which runs it again.
func TestHookThatSends(t *testing.T) {
	var session *Session
	logins := 0
	session = open(t, OnResponse(func(r *Response) (*Response, error) {
		if r.StatusCode != http.StatusUnauthorized {
			return nil, nil
		}
		logins++
		login, err := session.Get(t.Context(), r.Header.Get("Location"))
		if err != nil {
			return nil, err
		}
		login.Body.Close()
		return session.Send(t.Context(), r.Request())
	}))
	var entered atomic.Bool
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/login":
			entered.Store(true)
		case !entered.Load():
			w.Header().Set("Location", "http://"+r.Host+"/login")
			w.WriteHeader(http.StatusUnauthorized)
		default:
			io.WriteString(w, "come in")
		}
	})
	if got := textOf(t, get(t, session, url)); got != "come in" || logins != 1 {
		t.Fatalf("%q after %d logins", got, logins)
	}
}

func TestTraceTellsEveryStep(t *testing.T) {
	var steps []Step
	var last Trace
	session := open(t, CAFile(at("CA_FILE", "")), OnTrace(func(trace Trace) {
		if trace.Elapsed < last.Elapsed && trace.Step > StepReused {
			t.Errorf("%v after %v", trace, last)
		}
		steps, last = append(steps, trace.Step), trace
	}))
	traced := func(url string) []Step {
		steps, last = nil, Trace{}
		textOf(t, get(t, session, url))
		return steps
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(at("HTTP", ""), "http://"), ":")
	exchange := []Step{StepSent, StepHead, StepBody}
	for name, test := range map[string]struct{ got, want []Step }{
		"new":  {traced(at("HTTP", "/json")), append([]Step{StepConnect}, exchange...)},
		"kept": {traced(at("HTTP", "/json")), append([]Step{StepReused}, exchange...)},
		"named": {traced("http://localhost:" + port),
			append([]Step{StepDNS, StepConnect}, exchange...)},
		"secure": {traced(at("HTTPS", "/json")),
			append([]Step{StepDNS, StepConnect, StepTLS}, exchange...)},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%s: %v", name, test.got)
		}
	}
	if got := traced(serve(t, chain) + "/b"); !slices.Contains(got, StepRedirect) {
		t.Errorf("%v", got)
	}
}

func TestStepsHaveNames(t *testing.T) {
	for step := StepDNS; step <= StepRedirect; step++ {
		if step.String() == "" {
			t.Errorf("%d has none", step)
		}
	}
	if StepTLS.String() != "tls" || Step(0).String() != "" {
		t.Fatal(StepTLS)
	}
}

func TestDownloadIsTold(t *testing.T) {
	session, reason := open(t), errors.New("enough")
	for path, total := range map[string]int64{"/bytes/300000": 300_000, "/chunked/300000": -1} {
		var last int64
		textOf(t, get(t, session, at("HTTP", path), OnDownload(func(received, all int64) error {
			if received < last || all != total {
				t.Errorf("%d of %d after %d", received, all, last)
			}
			last = received
			return nil
		})))
		if last != 300_000 {
			t.Errorf("%s: %d in the end", path, last)
		}
	}
	for name, read := range map[string]func(*Response) error{
		"Read":  func(r *Response) error { _, err := io.Copy(io.Discard, r.Body); return err },
		"Bytes": func(r *Response) error { _, err := r.Bytes(); return err },
		"Save":  func(r *Response) error { _, err := r.Save(t.TempDir() + "/a"); return err },
		"Lines": func(r *Response) (err error) {
			for _, err = range r.Lines() {
			}
			return err
		},
	} {
		response := get(t, session, at("HTTP", "/bytes/300000"),
			OnDownload(func(int64, int64) error { return reason }))
		if err := read(response); !errors.Is(err, reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What hooks know is collected once the library is done with them, and the connections of responses
// that they failed or put aside are closed.
func TestHooksLeaveNothing(t *testing.T) {
	probe, freed := open(t), make(chan string, 10)
	alone := func() bool {
		runtime.GC()
		return connections(t, probe) == 1
	}
	eventually(t, "other tests' connections to close", alone)
	known := func(name string) *closeTeller {
		reader := &closeTeller{Reader: strings.NewReader("")}
		runtime.AddCleanup(reader, func(name string) { freed <- name }, name)
		return reader
	}
	func() {
		session, stalls := open(t), at("HTTP", "/stall-body")
		request, response := known("request"), known("response")
		trace, download := known("trace"), known("download")
		hooks := []Option{
			OnRequest(func(*Prepared) error { request.Read(nil); return nil }),
			OnResponse(func(*Response) (*Response, error) { response.Read(nil); return nil, nil }),
			OnTrace(func(Trace) { trace.Read(nil) }),
			OnDownload(func(int64, int64) error { download.Read(nil); return nil }),
		}
		hooked, err := session.Get(t.Context(), at("HTTP", "/json"), hooks...)
		must(t, err)
		textOf(t, hooked)
		must(t, hooked.Body.Close())
		for _, hook := range []Option{
			OnResponse(func(*Response) (*Response, error) { return nil, errors.New("no") }),
			OnTrace(func(trace Trace) {
				if trace.Step == StepHead {
					panic("no")
				}
			}),
			replacing(session, t.Context(), at("HTTP", "/json")),
		} {
			if response, err := session.Get(t.Context(), stalls, hook); err == nil {
				textOf(t, response)
			}
		}
		must(t, session.Close())
	}()
	eventually(t, "four hooks to be collected", func() bool {
		runtime.GC()
		return len(freed) == 4
	})
	eventually(t, "the connections to close", alone)
}

// Close, History and reads at once, from many goroutines, end without a crash.
func TestCloseRacesHistory(t *testing.T) {
	session, url := open(t), serve(t, chain)
	for range 30 {
		response := get(t, session, url+"/a")
		hops, request := response.History(), response.Request()
		var running sync.WaitGroup
		for _, f := range []func(){
			func() { hops[0].Text() }, func() { io.Copy(io.Discard, hops[1].Body) },
			func() { response.Bytes() }, func() { request.Headers() },
			func() { hops[0].Body.Close() }, func() { response.Body.Close() },
		} {
			running.Add(1)
			go func() {
				defer running.Done()
				f()
			}()
		}
		running.Wait()
		wantNothing(t, hops[1])
	}
}
