// Which proxy serves a request, and what of the environment is seen.

package rq

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

func proxyFor(t *testing.T, session *Session, url string, options ...Option) string {
	t.Helper()
	p := prepare(t, session, &Request{Method: "GET", URL: url, Options: options})
	proxy, err := p.Proxy(session)
	must(t, err)
	return proxy
}

func TestProxyChoice(t *testing.T) {
	const environment, own, other = "http://env.test:1/", "http://own.test:2/", "http://other.test:3/"
	trusting := open(t, Env("http_proxy", environment), WithoutEnv("no_proxy"), WithoutEnv("NO_PROXY"))
	session := open(t, TrustEnv(false), Env("http_proxy", environment), Proxy("http", own))
	for name, test := range map[string]struct{ got, want string }{
		"environment":   {proxyFor(t, trusting, "http://a.test/"), environment},
		"NO_PROXY":      {proxyFor(t, trusting, "http://a.test/", NoProxy("a.test")), ""},
		"session":       {proxyFor(t, session, "http://a.test/"), own},
		"other scheme":  {proxyFor(t, session, "https://a.test/"), ""},
		"request":       {proxyFor(t, session, "http://a.test/", Proxy("http", other)), other},
		"host":          {proxyFor(t, session, "http://a.test/", Proxy("http://a.test", other)), other},
		"direct":        {proxyFor(t, session, "http://a.test/", Proxy("http", "")), ""},
		"not the other": {proxyFor(t, session, "http://b.test/", Proxy("http://a.test", other)), own},
	} {
		if test.got != test.want {
			t.Errorf("%s: %q, not %q", name, test.got, test.want)
		}
	}
}

func TestWrongProxies(t *testing.T) {
	session := open(t, TrustEnv(false))
	_, err := session.Get(t.Context(), "http://a.test/", Proxy("http", "http://"))
	wantCode(t, err, ErrInvalidProxy)
	for _, option := range []Option{TrustEnv(true), Env("A", "b"), WithoutEnv("A")} {
		_, err := session.Get(t.Context(), at("HTTP", "/json"), option)
		wantCode(t, err, ErrInvalidArgument)
	}
	p := prepare(t, session, &Request{Method: "GET", URL: "http://a.test/"})
	must(t, session.Close())
	_, err = p.Proxy(session)
	wantCode(t, err, ErrMisuse)
}

// Going past a proxy would tell the server who asks.
func TestAProxyIsNeverPassedBy(t *testing.T) {
	var direct atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		direct.Add(1)
	}))
	defer server.Close()
	for _, session := range []*Session{
		open(t, TrustEnv(false), Proxy("all", at("REFUSED", ""))),
		open(t, Env("http_proxy", at("REFUSED", "")), WithoutEnv("no_proxy"), WithoutEnv("NO_PROXY")),
	} {
		if response, err := session.Get(t.Context(), server.URL); err == nil {
			t.Errorf("%d", response.StatusCode)
		}
	}
	if direct.Load() != 0 {
		t.Error("the server was asked")
	}
}

func TestNetrcFileOfTheEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "netrc")
	must(t, os.WriteFile(path, []byte("machine 127.0.0.1 login ann password secret\n"), 0o600))
	for trust, want := range map[bool]string{true: "Basic YW5uOnNlY3JldA==", false: ""} {
		session := open(t, TrustEnv(trust), Env("NETRC", path))
		if got := authorization(t, session, at("HTTP", "/echo")); got != want {
			t.Errorf("TrustEnv(%v): %q", trust, got)
		}
	}
}
