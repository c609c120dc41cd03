// A session's cookies as an http.CookieJar, and another's for a session.

package rq

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

func parsedURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	must(t, err)
	return u
}

func words(cookies []*http.Cookie) string {
	var all []string
	for _, cookie := range cookies {
		if text := cookie.String(); text != "" { // cookiejar keeps names that cannot be sent
			all = append(all, text)
		}
	}
	return strings.Join(all, "; ")
}

// The jar of the standard library is asked the same.
func TestCookiesAreAJarAsNetHTTPHasIt(t *testing.T) {
	session := open(t, Header("Cookie", "own=1"), AuthFunc(func(*Prepared) error {
		return errors.New("a look into the jar asks for no credentials")
	}))
	theirs, err := cookiejar.New(nil)
	must(t, err)
	origin := parsedURL(t, "https://www.example.org/shop/cart")
	set := []*http.Cookie{
		{Name: "host", Value: "1"},
		{Name: "domain", Value: "2", Domain: "example.org", Path: "/"},
		{Name: "path", Value: "3", Path: "/shop"},
		{Name: "secure", Value: "4", Path: "/", Secure: true},
		{Name: "quoted", Value: "a b", Path: "/", Quoted: true},
		{Name: "past", Value: "5", Path: "/", Expires: time.Unix(1, 0)},
		{Name: "aged", Value: "6", Path: "/", MaxAge: -1},
		{Name: "future", Value: "7", Path: "/", MaxAge: 100},
		{Name: "foreign", Value: "8", Domain: "example.com"},
		{Name: "wrong name", Value: "9"},
	}
	for _, jar := range []http.CookieJar{session.Cookies(), theirs} {
		jar.SetCookies(origin, set)
		jar.SetCookies(origin, []*http.Cookie{{Name: "path", Value: "new", Path: "/shop"}})
	}
	for _, target := range []string{
		"https://www.example.org/shop/cart", "https://www.example.org/", "https://example.org/shop/",
		"http://www.example.org/shop", "https://a.www.example.org/", "https://example.com/",
		"https://www.example.org:8443/shopping?q=1#f", "ftp://www.example.org/", "",
	} {
		u := parsedURL(t, target)
		ours, want := words(session.Cookies().Cookies(u)), words(theirs.Cookies(u))
		if ours != want {
			t.Errorf("%s: %s, not %s", target, ours, want)
		}
	}
}

func TestJarOfAClientOverTheSameSession(t *testing.T) {
	session := open(t)
	client := &http.Client{Transport: &Transport{Session: session}, Jar: session.Cookies()}
	response, err := client.Get(at("HTTP", "/headers")) // sets cookies
	contentOf(t, response, err)
	for _, got := range []string{
		textOf(t, get(t, session, at("HTTP", "/echo"))),
		func() string {
			response, err := client.Get(at("HTTP", "/echo"))
			return contentOf(t, response, err)
		}(),
	} {
		if strings.Count(got, "\r\nCookie: a=1; b=2\r\n") != 1 {
			t.Errorf("%q", got)
		}
	}
}

func TestJarThatIsNoSessionsOrClosed(t *testing.T) {
	session := open(t)
	response := get(t, session, at("HTTP", "/headers"))
	u := parsedURL(t, at("HTTP", "/"))
	if cookies := response.Cookies().Cookies(u); cookies != nil {
		t.Fatal(cookies)
	}
	jar := session.Cookies()
	session.Close()
	jar.SetCookies(u, []*http.Cookie{{Name: "a", Value: "b"}})
	if cookies := jar.Cookies(u); cookies != nil {
		t.Fatal(cookies)
	}
}

func TestSessionWithAnothersJar(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/login":
			http.SetCookie(w, &http.Cookie{Name: "id", Value: "42", Path: "/"})
			http.Redirect(w, r, "/step", http.StatusFound)
		case "/step":
			http.SetCookie(w, &http.Cookie{Name: "step", Value: "1", Path: "/"})
			http.Redirect(w, r, "/drop?"+r.Header.Get("Cookie"), http.StatusFound)
		case "/drop":
			http.SetCookie(w, &http.Cookie{Name: "id", Path: "/", MaxAge: -1})
			http.Redirect(w, r, "/home", http.StatusFound)
		default:
			fmt.Fprint(w, r.Header["Cookie"])
		}
	})
	jar, err := cookiejar.New(nil)
	must(t, err)
	session := open(t, CookieJar(jar))
	if got := textOf(t, get(t, session, server+"/login")); got != "[step=1]" {
		t.Fatal(got)
	}
	got := textOf(t, get(t, session, server, Cookie("own", "2"), Cookie("step", "mine")))
	if got != "[own=2; step=mine]" {
		t.Fatal(got)
	}
	if got := words(jar.Cookies(parsedURL(t, server))); got != "step=1" {
		t.Fatal(got)
	}
	client := &http.Client{Transport: &Transport{Session: session}}
	response, err := client.Get(server + "/login")
	if got := contentOf(t, response, err); got != "[]" {
		t.Fatal(got)
	}
	if kept := session.Cookies().All(); len(kept) != 0 {
		t.Fatal(kept)
	}
	if got := textOf(t, get(t, open(t), server, CookieJar(jar))); got != "[step=1]" {
		t.Fatal(got)
	}
	_, err = NewSession(CookieJar(nil))
	wantCode(t, err, ErrInvalidArgument)
}
