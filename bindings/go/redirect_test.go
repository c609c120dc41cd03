// Redirects and challenges: what is sent, what comes of it, and the history that it leaves.

package rq

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// serve runs a server until the test's end.
func serve(t *testing.T, handler http.HandlerFunc) (url string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// chain redirects /a to /b to /c, which tells what it was asked.
func chain(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/a":
		w.Header().Set("Location", "b")
		w.Header().Set("Set-Cookie", "first=1")
		w.WriteHeader(http.StatusFound)
		io.WriteString(w, "to b")
	case "/b":
		w.Header().Set("Location", "/c#end")
		w.WriteHeader(http.StatusPermanentRedirect)
		io.WriteString(w, "to c")
	default:
		fmt.Fprint(w, r.Method, " ", r.URL.Path, " ", r.Header.Get("Cookie"))
	}
}

func TestRedirectsAreFollowed(t *testing.T) {
	session, url := open(t), serve(t, chain)
	response, err := session.Post(t.Context(), url+"/a", []byte("content"))
	must(t, err)
	defer response.Body.Close()
	if got := textOf(t, response); got != "GET /c first=1" || !response.OK() {
		t.Errorf("%q", got)
	}
	if want := url + "/c#end"; response.URL != want || response.Request().URL() != want {
		t.Errorf("%s, %s", response.URL, response.Request().URL())
	}
	var way []string
	for _, hop := range response.History() {
		way = append(way, fmt.Sprint(hop.StatusCode, " ", hop.Request().Method(), " ",
			textOf(t, hop), " ", hop.IsRedirect(), " ", hop.IsPermanentRedirect(), " ",
			len(hop.Cookies().All()), " ", len(hop.History())))
	}
	want := []string{"302 POST to b true false 1 0", "308 GET to c true true 0 0"}
	if !slices.Equal(way, want) {
		t.Errorf("%q", way)
	}
	if cookies := session.Cookies().All(); len(cookies) != 1 || cookies[0].Name != "first" {
		t.Errorf("%+v", cookies)
	}
	wantCode(t, response.Request().SetHeader("X-Late", "1"), ErrMisuse)
}

func TestNextOfARedirectThatIsNotFollowed(t *testing.T) {
	session, url := open(t, FollowRedirects(false)), serve(t, chain)
	first := get(t, session, url+"/a")
	next, err := first.Next()
	must(t, err)
	defer next.Close()
	if !first.IsRedirect() || next.URL() != url+"/b" || len(first.History()) != 0 {
		t.Fatalf("%d, %s", first.StatusCode, next.URL())
	}
	must(t, next.SetURL(url+"/d"))
	last, err := session.Send(t.Context(), next)
	must(t, err)
	if got := textOf(t, last); got != "GET /d first=1" {
		t.Errorf("%q", got)
	}
	if next, err := last.Next(); next != nil || err != nil {
		t.Errorf("%v, %v", next, err)
	}
	lost := get(t, session, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://")
		w.WriteHeader(http.StatusFound)
	}))
	_, err = lost.Next()
	wantCode(t, err, ErrInvalidURL)
}

func TestTooManyRedirects(t *testing.T) {
	var asked atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, "/again", http.StatusFound)
	})
	_, err := open(t, MaxRedirects(3)).Get(t.Context(), url)
	wantCode(t, err, ErrTooManyRedirects)
	var failure *Error
	if !errors.As(err, &failure) || failure.Exception != "TooManyRedirects" || asked.Load() != 4 {
		t.Fatalf("%+v after %d", err, asked.Load())
	}
}

func TestHeadFollowsOnlyIfTold(t *testing.T) {
	session, url := open(t), serve(t, chain)
	for status, options := range map[int][]Option{302: nil, 200: {FollowRedirects(true)}} {
		response, err := session.Head(t.Context(), url+"/a", options...)
		must(t, err)
		if textOf(t, response); response.StatusCode != status {
			t.Errorf("%d, not %d", response.StatusCode, status)
		}
	}
}

func TestSecretsStayWithTheirOrigin(t *testing.T) {
	arrived := make(chan http.Header, 1)
	other := serve(t, func(_ http.ResponseWriter, r *http.Request) { arrived <- r.Header })
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other, http.StatusTemporaryRedirect)
	})
	session := open(t, SensitiveHeader("X-Key", "X-Secret"), BasicAuth("ann", "secret"))
	textOf(t, get(t, session, url, Header("X-Key", "1"), Header("X-Note", "2")))
	got := <-arrived
	if got.Get("X-Key") != "" || got.Get("Authorization") != "" || got.Get("X-Note") != "2" {
		t.Fatalf("%v", got)
	}
	_, err := session.Get(t.Context(), url, SensitiveHeader("not a name"))
	wantCode(t, err, ErrInvalidHeader)
}

func TestBodyGoesAlongOnlyIfItCanBeReadAgain(t *testing.T) {
	session, url := open(t), serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Location", "/there")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
		io.Copy(w, r.Body)
	})
	do := func(body io.Reader) (*Response, error) {
		return session.Do(t.Context(), &Request{Method: "PUT", URL: url, BodyReader: body})
	}
	response, err := do(strings.NewReader("content"))
	must(t, err)
	if got := textOf(t, response); got != "content" {
		t.Errorf("%q", got)
	}
	_, err = do(plain([]byte("content")))
	wantCode(t, err, ErrBody)
}

func TestDigestChallengeIsAnsweredAtOnce(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !digestHolds(r, "ann", "secret") {
			w.Header().Set("WWW-Authenticate", `Digest realm="r", nonce="n", qop="auth"`)
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, "who are you?")
			return
		}
		io.Copy(w, r.Body)
	})
	session := open(t, DigestAuth("ann", "secret"))
	response, err := session.Post(t.Context(), url, []byte("content"))
	must(t, err)
	if got := textOf(t, response); got != "content" || len(response.History()) != 1 {
		t.Fatalf("%q after %d", got, len(response.History()))
	}
	challenge := response.History()[0]
	if got := textOf(t, challenge); challenge.StatusCode != 401 || got != "who are you?" {
		t.Errorf("%d %q", challenge.StatusCode, got)
	}
	wantCode(t, challenge.Raise(), ErrStatus)
}

func TestHistoryLivesAsLongAsItsResponse(t *testing.T) {
	session, url := open(t), serve(t, chain)
	earlier := get(t, session, url+"/a").History()
	for range 3 {
		runtime.GC() // nobody but the history holds the response
	}
	if got := textOf(t, earlier[0]) + textOf(t, earlier[1]); got != "to bto c" {
		t.Errorf("%q", got)
	}
	response := get(t, session, url+"/a")
	hops := response.History()
	must(t, hops[0].Body.Close())
	_, err := hops[0].Text()
	wantCode(t, err, ErrMisuse)
	textOf(t, hops[1])
	must(t, response.Body.Close(), response.Body.Close())
	for _, closed := range append(hops, response) {
		wantNothing(t, closed)
	}
}

// wantNothing asks a response that is closed for all that it has.
func wantNothing(t *testing.T, r *Response) {
	t.Helper()
	_, bytes := r.Bytes()
	_, text := r.Text()
	_, next := r.Next()
	_, apparent := r.ApparentEncoding()
	_, saved := r.Save(t.TempDir() + "/file")
	_, read := r.Body.Read(make([]byte, 10))
	_, raw := r.RawBody().Read(make([]byte, 10))
	_, decoded := r.TextReader().Read(make([]byte, 10))
	errs := []error{
		bytes, text, next, apparent, saved, read, raw, decoded, r.SetEncoding("utf-8"),
		r.JSON(new(any)), r.Cookies().Set(StoredCookie{Name: "a"}),
	}
	for _, err := range r.Lines() {
		errs = append(errs, err)
	}
	for _, err := range r.TextLinesBy(",") {
		errs = append(errs, err)
	}
	for i, err := range errs {
		if !errors.Is(err, ErrMisuse) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if len(errs) != 13 {
		t.Errorf("%d errors", len(errs))
	}
	if r.Encoding() != "" || r.Link("next") != "" || r.Links() != nil || r.Cookies().All() != nil ||
		r.Request().Method() != "" {
		t.Errorf("%+v tells something", r)
	}
}

func TestZeroResponseTellsNothing(t *testing.T) {
	r := &Response{}
	r.Body = r.body()
	must(t, r.Body.Close())
	if wantNothing(t, r); r.History() != nil {
		t.Fatal(r.History())
	}
}
