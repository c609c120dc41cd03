// The jar of a session, and the cookies of one request.

package rq

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// cookiesSent is the Cookie field that /echo received.
func cookiesSent(t *testing.T, session *Session, options ...Option) string {
	t.Helper()
	echo := textOf(t, get(t, session, at("HTTP", "/echo"), options...))
	_, value, _ := strings.Cut(echo, "\r\nCookie: ")
	value, _, _ = strings.Cut(value, "\r\n")
	return value
}

func TestWithoutTheJarCookiesAreNeitherSentNorKept(t *testing.T) {
	session := open(t, Jar(false))
	must(t, session.Cookies().Set(StoredCookie{Name: "own", Value: "1"}))
	textOf(t, get(t, session, at("HTTP", "/headers")))
	if sent := cookiesSent(t, session); sent != "" {
		t.Fatalf("%q", sent)
	}
	if sent := cookiesSent(t, session, Jar(true)); sent != "own=1" {
		t.Fatalf("%q", sent)
	}
}

func TestReceivedCookiesAreSentBack(t *testing.T) {
	session := open(t)
	textOf(t, get(t, session, at("HTTP", "/headers")))
	if sent := cookiesSent(t, session); sent != "a=1; b=2" {
		t.Fatalf("%q", sent)
	}
	if sent := cookiesSent(t, session, Cookie("c", "3"), WithoutCookie("a")); sent != "b=2; c=3" {
		t.Fatalf("%q", sent)
	}
	if sent := cookiesSent(t, session); sent != "a=1; b=2" {
		t.Fatalf("the request's cookies stayed: %q", sent)
	}
	must(t, session.Cookies().Clear("", "", "a"))
	if sent := cookiesSent(t, session); sent != "b=2" {
		t.Fatalf("after Clear: %q", sent)
	}
}

func TestJar(t *testing.T) {
	session := open(t)
	jar := session.Cookies()
	given := []StoredCookie{
		{Name: "a", Value: "1", Path: "/"},
		{Name: "b", Value: "2", Domain: "example.org", Path: "/x", Secure: true},
	}
	for _, cookie := range given {
		must(t, jar.Set(cookie))
	}
	end := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)
	must(t, jar.SetClock(end.AddDate(0, -1, 0)))
	must(t, jar.Receive("https://example.net/a/b", "c=3; Expires="+end.Format(http.TimeFormat)))
	all := jar.All()
	if len(all) != 3 || !slices.Equal(all[:2], given) {
		t.Fatalf("%+v", all)
	}
	if c := all[2]; c.Value != "3" || c.Domain != "example.net" || !c.Expires.Equal(end) {
		t.Fatalf("%+v", c)
	}
	must(t, jar.SetClock(end.Add(time.Second)))
	if all := jar.All(); len(all) != 2 {
		t.Fatalf("beyond its end: %+v", all)
	}
	must(t, jar.SetClock(time.Time{}), jar.Clear("", "", ""))
	if all := jar.All(); len(all) != 0 {
		t.Fatalf("%+v", all)
	}
}

func TestJarInAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cookies.txt")
	first := open(t).Cookies()
	must(t, first.Receive("http://example.org/", "a=1; Max-Age=100000"), first.Save(path))
	second := open(t).Cookies()
	must(t, second.Load(path))
	if all := second.All(); len(all) != 1 || all[0] != first.All()[0] {
		t.Fatalf("%+v, not %+v", all, first.All())
	}
	wantCode(t, second.Load(filepath.Join(t.TempDir(), "missing")), ErrFile)
}

func TestWrongCookies(t *testing.T) {
	session := open(t)
	jar := session.Cookies()
	wantCode(t, jar.Set(StoredCookie{Name: "a", Value: "1\r\nX-B: 2"}), ErrInvalidCookie)
	wantCode(t, jar.Set(StoredCookie{Name: "a", Expires: time.Now()}), ErrInvalidArgument)
	wantCode(t, jar.Clear("\x00", "", ""), ErrInvalidArgument)
	_, err := session.Get(t.Context(), at("HTTP", "/json"), Cookie("a;b", "1"))
	wantCode(t, err, ErrInvalidCookie)
	must(t, session.Close())
	wantCode(t, jar.Set(StoredCookie{Name: "a", Value: "1"}), ErrMisuse)
	if all := jar.All(); all != nil {
		t.Fatalf("%+v", all)
	}
}
