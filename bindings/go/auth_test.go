// Credentials arrive as they should, the request's before the session's.

package rq

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// authorization is what /echo received as Authorization; "" if nothing.
func authorization(t *testing.T, session *Session, url string, options ...Option) string {
	t.Helper()
	echo := textOf(t, get(t, session, url, options...))
	_, value, _ := strings.Cut(echo, "\r\nAuthorization: ")
	value, _, _ = strings.Cut(value, "\r\n")
	return value
}

func TestCredentials(t *testing.T) {
	session := open(t, TrustEnv(false), BasicAuth("ann", "söcret"))
	url := at("HTTP", "/echo")
	withUser := strings.Replace(url, "http://", "http://eve:x@", 1)
	for name, test := range map[string]struct{ got, want string }{
		"basic":   {authorization(t, session, url), "Basic YW5uOnPDtmNyZXQ="},
		"latin1":  {authorization(t, session, url, Latin1Auth(true)), "Basic YW5uOnP2Y3JldA=="},
		"bearer":  {authorization(t, session, url, BearerAuth("t0ken")), "Bearer t0ken"},
		"request": {authorization(t, session, url, BasicAuth("bob", "")), "Basic Ym9iOg=="},
		"none":    {authorization(t, session, withUser, NoAuth()), ""},
		"URL":     {authorization(t, open(t, TrustEnv(false)), withUser), "Basic ZXZlOng="},
	} {
		if test.got != test.want {
			t.Errorf("%s: %q, not %q", name, test.got, test.want)
		}
	}
}

func TestDigest(t *testing.T) {
	const challenge = `Digest realm="r", nonce="n", qop="auth", algorithm=MD5`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !digestHolds(r, "ann", "secret") {
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer server.Close()
	session := open(t, DigestAuth("ann", "secret"))
	textOf(t, get(t, session, server.URL)) // brings the challenge
	for range 2 {
		response, err := session.Post(t.Context(), server.URL+"/a?b", []byte("content"))
		must(t, err)
		if textOf(t, response); response.StatusCode != 200 {
			t.Fatal(response.StatusCode)
		}
	}
}

var digestField = regexp.MustCompile(`(\w+)="?([^",]*)"?`)

// digestHolds computes RFC 7616's response for qop=auth and MD5.
func digestHolds(r *http.Request, user, password string) bool {
	field := make(map[string]string)
	for _, match := range digestField.FindAllStringSubmatch(r.Header.Get("Authorization"), -1) {
		field[match[1]] = match[2]
	}
	hash := func(text string) string {
		sum := md5.Sum([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	want := hash(fmt.Sprintf("%s:n:%s:%s:auth:%s", hash(user+":r:"+password), field["nc"],
		field["cnonce"], hash(r.Method+":"+r.URL.RequestURI())))
	return field["username"] == user && field["response"] == want
}

func TestAuthFuncSeesAndChangesTheRequest(t *testing.T) {
	var kept *Prepared
	session := open(t, AuthFunc(func(p *Prepared) error {
		kept = p
		return p.SetHeader("Authorization", "Signed "+p.Method()+" "+string(p.Body()))
	}))
	response, err := session.Post(t.Context(), at("HTTP", "/echo"), []byte("content"))
	must(t, err)
	echo := textOf(t, response)
	if !strings.Contains(echo, "\r\nAuthorization: Signed POST content\r\n") {
		t.Fatalf("%q", echo)
	}
	wantCode(t, kept.SetHeader("X-Late", "1"), ErrMisuse)
}

func TestAuthFuncThatFailsSendsNothing(t *testing.T) {
	session, reason := open(t), errors.New("no key")
	before := visitOf(t, get(t, session, at("HTTP", "/json")))
	_, err := session.Get(t.Context(), at("HTTP", "/json"),
		AuthFunc(func(*Prepared) error { return reason }))
	if !errors.Is(err, reason) || !errors.Is(err, ErrCallback) {
		t.Fatal(err)
	}
	after := visitOf(t, get(t, session, at("HTTP", "/json")))
	if want := (visit{before.Connection, before.Request + 1}); after != want {
		t.Fatalf("%v, not %v", after, want)
	}
	_, err = session.Get(t.Context(), at("HTTP", "/json"),
		AuthFunc(func(p *Prepared) error { return p.SetHeader("X-A", "1\n") }))
	wantCode(t, err, ErrInvalidHeader)
}

func TestAuthFuncHasTheContext(t *testing.T) {
	type key struct{}
	session := open(t, AuthFunc(func(p *Prepared) error {
		if err := p.Context().Err(); err != nil {
			return err
		}
		if p.Context().Value(key{}) != "mine" {
			return errors.New("another context")
		}
		return nil
	}))
	request := &Request{Method: "GET", URL: at("HTTP", "/json")}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "mine"))
	prepared, err := session.PrepareContext(ctx, request)
	must(t, err)
	prepared.Close()
	response, err := session.Do(ctx, request)
	must(t, err)
	response.Body.Close()
	cancel()
	_, err = session.PrepareContext(ctx, request)
	wantCode(t, err, ErrCancelled)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}
