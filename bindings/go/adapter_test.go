// Adapters: what they are asked, what becomes of their answers and failures, and how they go.

package rq

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

// saying answers everything with this text.
func saying(text string) AdapterFunc {
	return func(*Prepared) (*Reply, error) { return &Reply{Body: []byte(text)}, nil }
}

// mounted is a session with an adapter at mock://.
func mounted(t *testing.T, adapter Adapter, options ...Option) *Session {
	t.Helper()
	session := open(t, options...)
	must(t, session.Mount("mock://", adapter))
	return session
}

func TestAdapterAnswers(t *testing.T) {
	coded := Reply{
		Header: http.Header{"content-encoding": {"gzip"}}, Body: []byte(gzipped([]byte("hello"))),
	}
	for name, test := range map[string]struct {
		reply        Reply
		status       int
		reason, body string
	}{
		"nothing":  {Reply{}, 200, "OK", ""},
		"body":     {Reply{Body: []byte("hello")}, 200, "OK", "hello"},
		"status":   {Reply{StatusCode: 404, Body: []byte("no")}, 404, "Not Found", "no"},
		"reason":   {Reply{StatusCode: 299, Reason: "Fine"}, 299, "Fine", ""},
		"codings":  {coded, 200, "OK", "hello"},
		"bytes":    {Reply{Body: []byte("\x00\xff")}, 200, "OK", "\x00\xff"},
		"big":      {Reply{Body: pattern(1 << 20)}, 200, "OK", string(pattern(1 << 20))},
		"no body":  {Reply{StatusCode: 204, Body: []byte("ignored")}, 204, "No Content", ""},
		"the last": {Reply{StatusCode: 999}, 999, "", ""},
	} {
		test.reply.Header = addTo(test.reply.Header, "X-Two", "a", "b")
		session := mounted(t, AdapterFunc(func(*Prepared) (*Reply, error) { return &test.reply, nil }))
		response := get(t, session, "mock://a/b")
		content, err := response.Bytes()
		must(t, err)
		if response.StatusCode != test.status || response.Reason != test.reason ||
			string(content) != test.body {
			t.Errorf("%s: %d %q, %d bytes", name, response.StatusCode, response.Reason, len(content))
		}
		if got := response.Header["X-Two"]; !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("%s: %q", name, got)
		}
		if response.URL != "mock://a/b" || response.Reused || response.Certificates() != nil {
			t.Errorf("%s: %+v", name, response)
		}
	}
}

func addTo(header http.Header, name string, values ...string) http.Header {
	if header == nil {
		header = make(http.Header)
	}
	header[name] = values
	return header
}

func TestAdapterSeesTheRequest(t *testing.T) {
	var kept *Prepared
	session := mounted(t, AdapterFunc(func(p *Prepared) (*Reply, error) {
		kept = p
		if err := p.SetHeader("X-Late", "1"); !errors.Is(err, ErrMisuse) {
			t.Errorf("edited: %v", err)
		}
		said := fmt.Sprintf("%s %s %s %q", p.Method(), p.URL(), p.Header("X-Session"), p.Body())
		return &Reply{Body: []byte(said)}, nil
	}), Header("X-Session", "1"))
	response, err := session.Put(t.Context(), "mock://a/b?c", []byte("content"))
	must(t, err)
	if got := textOf(t, response); got != `PUT mock://a/b?c 1 "content"` {
		t.Errorf("%q", got)
	}
	if kept.Method() != "" || kept.Headers() != nil || kept.Body() != nil {
		t.Errorf("%q after the call", kept.Method())
	}
}

func TestFailuresOfAdapters(t *testing.T) {
	reason := errors.New("out of order")
	refused := func() error {
		_, err := open(t).Get(t.Context(), at("REFUSED", "/"))
		return err
	}()
	for name, test := range map[string]struct {
		send func(*Prepared) (*Reply, error)
		code Code
		is   error
		text string
	}{
		"error": {failWith(reason), ErrCallback, reason, "rq: out of order"},
		"both": {func(*Prepared) (*Reply, error) {
			return &Reply{}, reason
		}, ErrCallback, reason, "rq: out of order"},
		"code":      {failWith(ErrConnect), ErrConnect, ErrConnect, "rq: RQ_ERR_CONNECT"},
		"another's": {failWith(refused), ErrConnect, refused, refused.Error()},
		"wrapped": {failWith(fmt.Errorf("to b: %w", refused)), ErrConnect, refused,
			"rq: to b: " + refused.Error()},
		"wrapped code": {failWith(fmt.Errorf("late: %w", ErrReadTimeout)), ErrReadTimeout,
			ErrReadTimeout, "rq: late: RQ_ERR_READ_TIMEOUT"},
		"unknown code":      {failWith(Code(7777)), ErrCallback, Code(7777), ""},
		"panic in its text": {failWith((*Error)(nil)), ErrCallback, nil, ""},
		"no reply": {failWith(nil), ErrMisuse, ErrMisuse,
			"rq: an adapter returned neither a reply nor an error"},
		"panic": {func(*Prepared) (*Reply, error) { panic(reason) }, ErrCallback, reason,
			"rq: a callback panicked: out of order"},
		"interim":     {reply(Reply{StatusCode: 100}), ErrInvalidArgument, nil, ""},
		"no status":   {reply(Reply{StatusCode: 1000}), ErrInvalidArgument, nil, ""},
		"negative":    {reply(Reply{StatusCode: -200}), ErrInvalidArgument, nil, ""},
		"wraps":       {reply(Reply{StatusCode: 1<<32 + 200}), ErrInvalidArgument, nil, ""},
		"reason":      {reply(Reply{Reason: "a\r\nb"}), ErrInvalidHeader, nil, ""},
		"header name": {saidIn("a b", "c"), ErrInvalidHeader, nil, ""},
		"header":      {saidIn("A", "b\nc"), ErrInvalidHeader, nil, ""},
		"NUL":         {saidIn("A", "b\x00c"), ErrInvalidArgument, nil, ""},
		"coding":      {saidIn("Content-Encoding", "gzip"), ErrDecode, nil, ""},
	} {
		session := mounted(t, AdapterFunc(test.send))
		response, err := session.Get(t.Context(), "mock://ann:secret@a/")
		if err == nil {
			_, err = response.Bytes()
		}
		var failure *Error
		if !errors.As(err, &failure) || failure.Code != test.code ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if test.is != nil && !errors.Is(err, test.is) || test.text != "" && err.Error() != test.text {
			t.Errorf("%s: %v", name, err)
		}
		var panicked *PanicError
		if errors.As(err, &panicked) != strings.HasPrefix(name, "panic") {
			t.Errorf("%s: %+v", name, err)
		}
		must(t, session.MountFunc("mock://", saying("well again")))
		if got := textOf(t, get(t, session, "mock://a/")); got != "well again" {
			t.Errorf("%s: afterwards %q", name, got)
		}
	}
}

func failWith(err error) func(*Prepared) (*Reply, error) {
	return func(*Prepared) (*Reply, error) { return nil, err }
}

// saidIn answers with one field, and a body that is none of gzip's.
func saidIn(name, value string) func(*Prepared) (*Reply, error) {
	return reply(Reply{Header: http.Header{name: {value}}, Body: []byte("text")})
}

func reply(r Reply) func(*Prepared) (*Reply, error) {
	return func(*Prepared) (*Reply, error) { return &r, nil }
}

func TestAdapterIsTriedAgain(t *testing.T) {
	var tries atomic.Int32
	flaky := AdapterFunc(func(p *Prepared) (*Reply, error) {
		if n := tries.Add(1); n < 3 {
			return nil, fmt.Errorf("try %d: %w", n, ErrConnect)
		}
		return &Reply{Body: []byte("third time")}, nil
	})
	session := mounted(t, flaky, Retries(Retry{Count: 2}))
	if got := textOf(t, get(t, session, "mock://a/")); got != "third time" || tries.Load() != 3 {
		t.Errorf("%q after %d", got, tries.Load())
	}
	tries.Store(0)
	_, err := session.Get(t.Context(), "mock://a/", Retries(Retry{Count: 1}))
	if !errors.Is(err, ErrConnect) || err.Error() != "rq: try 2: RQ_ERR_CONNECT" || tries.Load() != 2 {
		t.Errorf("%v after %d", err, tries.Load())
	}
	var cause *numberedTry
	tries.Store(0)
	must(t, session.MountFunc("mock://", func(*Prepared) (*Reply, error) {
		return nil, &numberedTry{tries.Add(1)}
	}))
	if _, err := session.Get(t.Context(), "mock://a/"); !errors.As(err, &cause) || cause.number != 3 {
		t.Errorf("%v, of try %+v", err, cause)
	}
	// What fails without any code of a connection is not tried again.
	tries.Store(0)
	must(t, session.MountFunc("mock://", func(*Prepared) (*Reply, error) {
		return nil, fmt.Errorf("try %d", tries.Add(1))
	}))
	_, err = session.Get(t.Context(), "mock://a/")
	if wantCode(t, err, ErrCallback); tries.Load() != 1 {
		t.Errorf("%v after %d", err, tries.Load())
	}
}

type numberedTry struct{ number int32 }

func (n *numberedTry) Error() string { return fmt.Sprint("try ", n.number) }
func (n *numberedTry) Unwrap() error { return ErrConnect }

func TestRedirectsCookiesAndHooksOverAdapters(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "the server, "+r.Header.Get("X-Hooked"))
	})
	var notes []string
	session := open(t, append(noting("hook", &notes), OnRequest(func(p *Prepared) error {
		return p.SetHeader("X-Hooked", "1")
	}), OnTrace(func(trace Trace) {
		if trace.Step == StepRedirect {
			notes = append(notes, "redirect")
		}
	}))...)
	must(t, session.MountFunc("http://mock.test/", func(p *Prepared) (*Reply, error) {
		switch path(p.URL()) {
		case "/in":
			return &Reply{StatusCode: 302, Header: http.Header{
				"Location": {"/next"}, "Set-Cookie": {"a=1", "b=2; Path=/next"},
			}}, nil
		case "/next":
			said := p.Header("Cookie") + ", " + p.Header("X-Hooked")
			return &Reply{Body: []byte(said)}, nil
		}
		return &Reply{StatusCode: 307, Header: http.Header{"Location": {server + "/"}}}, nil
	}))
	response := get(t, session, "http://mock.test/in")
	if got := textOf(t, response); got != "b=2; a=1, 1" && got != "a=1; b=2, 1" {
		t.Errorf("%q", got)
	}
	if history := response.History(); len(history) != 1 || history[0].StatusCode != 302 {
		t.Errorf("%v", history)
	}
	want := []string{
		"hook GET /in", "hook 302 /in", "redirect", "hook GET /next", "hook 200 /next",
	}
	if !slices.Equal(notes, want) {
		t.Errorf("%q", notes)
	}
	if got := textOf(t, get(t, session, "http://mock.test/out")); got != "the server, 1" {
		t.Errorf("%q", got)
	}
	if cookies := session.Cookies().All(); len(cookies) != 2 {
		t.Errorf("%v", cookies)
	}
	_, err := session.Get(t.Context(), "http://mock.test/in", MaxRedirects(0))
	wantCode(t, err, ErrTooManyRedirects)
}

// A recorder sends what it is asked by another session, and keeps it.
func TestAdapterThatSends(t *testing.T) {
	onward := open(t)
	tape := make(map[string]*Reply)
	session := open(t)
	must(t, session.MountFunc("http://", func(p *Prepared) (*Reply, error) {
		if reply := tape[p.URL()]; reply != nil {
			return reply, nil
		}
		response, err := onward.Send(p.Context(), p, FollowRedirects(false), Decode(false))
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		body, err := response.Bytes()
		if err != nil {
			return nil, err
		}
		tape[p.URL()] = &Reply{response.StatusCode, response.Reason, response.Header, body}
		return tape[p.URL()], nil
	}))
	for range 2 {
		v := visitOf(t, get(t, session, at("HTTP", "/json")))
		if tape[at("HTTP", "/json")] == nil || v.Request != 1 {
			t.Errorf("%v", v)
		}
	}
	_, err := session.Get(t.Context(), at("REFUSED", "/"))
	var failure *Error
	if wantCode(t, err, ErrConnect); !errors.As(err, &failure) || failure.URL != at("REFUSED", "/") {
		t.Errorf("%+v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err = session.Get(ctx, at("HTTP", "/stall-head"))
	soon(t, begin)
	if wantCode(t, err, ErrCancelled); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// What is streamed, an adapter does not see; a session that it sends by reads it.
func TestAdapterThatSendsAStream(t *testing.T) {
	onward, session := open(t), open(t)
	must(t, session.MountFunc("http://", func(p *Prepared) (*Reply, error) {
		if p.Body() != nil || p.BodyLength() != -1 {
			return nil, fmt.Errorf("%d bytes of %d", len(p.Body()), p.BodyLength())
		}
		response, err := onward.Send(p.Context(), p)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		body, err := response.Bytes()
		return &Reply{Body: body}, err
	}))
	content := pattern(300_000)
	if got := put(t, session, &Request{BodyReader: plain(content)}); got != sumOf(content) {
		t.Errorf("%+v", got)
	}
	reason := errors.New("the disk is gone")
	for name, reader := range map[string]io.Reader{
		"error": iotest.ErrReader(reason),
		"panic": readerFunc(func([]byte) (int, error) { panic(reason) }),
	} {
		_, err := session.Do(t.Context(), &Request{
			Method: "PUT", URL: at("HTTP", "/upload"), BodyReader: reader,
		})
		if wantCode(t, err, ErrCallback); !errors.Is(err, reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type key struct{}

func TestAdaptersAndHooksHaveTheContext(t *testing.T) {
	var seen []any
	note := func(p *Prepared) { seen = append(seen, p.Context().Value(key{})) }
	session := mounted(t, AdapterFunc(func(p *Prepared) (*Reply, error) {
		note(p)
		return &Reply{}, nil
	}), OnRequest(func(p *Prepared) error { note(p); return nil }))
	response, err := session.Get(context.WithValue(t.Context(), key{}, "ours"), "mock://a/")
	must(t, err)
	must(t, response.Body.Close())
	if !slices.Equal(seen, []any{"ours", "ours"}) {
		t.Errorf("%v", seen)
	}
	p := prepare(t, session, &Request{Method: "GET", URL: "mock://a/"})
	if p.Context() != context.Background() {
		t.Errorf("%v", p.Context())
	}
}

func TestContextEndsWhatAnAdapterWaitsFor(t *testing.T) {
	inside := make(chan struct{})
	var calls atomic.Int32
	session := mounted(t, AdapterFunc(func(p *Prepared) (*Reply, error) {
		calls.Add(1)
		close(inside)
		<-p.Context().Done()
		return nil, p.Context().Err()
	}))
	reason := errors.New("the user left")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-inside
		cancel(reason)
	}()
	_, err := session.Get(ctx, "mock://a/")
	wantCode(t, err, ErrCancelled)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, reason) {
		t.Errorf("%v", err)
	}
	_, err = session.Get(ctx, "mock://a/")
	if wantCode(t, err, ErrCancelled); calls.Load() != 1 {
		t.Errorf("asked %d times", calls.Load())
	}
	// Nothing comes of the answer of one that pays no heed.
	must(t, session.MountFunc("mock://", func(p *Prepared) (*Reply, error) {
		calls.Add(1)
		p.Context().Value(key{}).(func())()
		return &Reply{StatusCode: 302, Header: http.Header{"Location": {"mock://a/next"}}}, nil
	}))
	ctx, stop := context.WithCancel(t.Context())
	calls.Store(0)
	_, err = session.Get(context.WithValue(ctx, key{}, func() { stop() }), "mock://a/")
	if wantCode(t, err, ErrCancelled); !errors.Is(err, context.Canceled) || calls.Load() != 1 {
		t.Errorf("%v after %d", err, calls.Load())
	}
}

func TestDeadlineCoversAdapters(t *testing.T) {
	session := mounted(t, AdapterFunc(func(*Prepared) (*Reply, error) {
		time.Sleep(20 * time.Millisecond)
		return &Reply{}, nil
	}))
	_, err := session.Get(t.Context(), "mock://a/", Deadline(10*time.Millisecond))
	wantCode(t, err, ErrTotalTimeout)
}

func TestTransportOverAdapters(t *testing.T) {
	session := mounted(t, AdapterFunc(func(p *Prepared) (*Reply, error) {
		if path(p.URL()) == "/fail" {
			return nil, numbered("7")
		}
		return &Reply{StatusCode: 202, Body: []byte(p.Method() + " " + p.URL())}, nil
	}))
	client := &http.Client{Transport: &Transport{Session: session}}
	response, err := client.Get("mock://a.test/b?c")
	got := contentOf(t, response, err)
	if got != "GET mock://a.test/b?c" || response.Status != "202 Accepted" {
		t.Errorf("%q %q", response.Status, got)
	}
	_, err = client.Get("mock://a.test/fail")
	var failed numbered
	if !errors.As(err, &failed) || failed != "7" {
		t.Errorf("%v", err)
	}
}
