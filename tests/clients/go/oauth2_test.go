// golang.org/x/oauth2: it fetches a token and refreshes it by one client, and sends requests that
// carry it over that client's transport.

package clients

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	rq "github.com/librq/librq/bindings/go"
)

// authority gives tokens at /token, and the resource to those that have the last one.
type authority struct {
	*server
	issued  atomic.Int32
	expires atomic.Int32 // in seconds
	mu      sync.Mutex
	grants  []string
}

func newAuthority(t *testing.T) *authority {
	a := &authority{}
	a.expires.Store(3600)
	a.server = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			a.token(w, r)
			return
		}
		if want := fmt.Sprint("Bearer token-", a.issued.Load()); r.Header.Get("Authorization") != want {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s", r.Method, body)
	})
	return a
}

func (a *authority) token(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	w.Header().Set("Content-Type", "application/json")
	if user != "ann" || password != "secret" {
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"error": "invalid_client", "error_description": "who is it?"}`)
		return
	}
	a.mu.Lock()
	a.grants = append(a.grants, r.FormValue("grant_type")+" "+r.FormValue("refresh_token"))
	a.mu.Unlock()
	n := a.issued.Add(1)
	fmt.Fprintf(w, `{"access_token": "token-%d", "token_type": "Bearer", "expires_in": %d,
		"refresh_token": "refresh-%d"}`, n, a.expires.Load(), n)
}

// with is a context whose oauth2 clients send over librq.
func with(t *testing.T) context.Context {
	return context.WithValue(t.Context(), oauth2.HTTPClient, over(t))
}

func credentials(a *authority, secret string) *clientcredentials.Config {
	return &clientcredentials.Config{
		ClientID: "ann", ClientSecret: secret, TokenURL: a.URL + "/token",
		AuthStyle: oauth2.AuthStyleInHeader,
	}
}

func TestTokenIsFetchedOnce(t *testing.T) {
	a := newAuthority(t)
	client := credentials(a, "secret").Client(with(t))
	for i := range 3 {
		response, err := client.Post(a.URL+"/items", "text/plain", strings.NewReader(fmt.Sprint(i)))
		if got := content(t, response, err); got != fmt.Sprint("POST ", i) {
			t.Fatal(got)
		}
	}
	if n := a.issued.Load(); n != 1 {
		t.Fatalf("%d tokens", n)
	}
	if _, ours := client.Transport.(*oauth2.Transport).Base.(*rq.Transport); !ours {
		t.Fatalf("%T", client.Transport)
	}
}

func TestTokenIsRefreshed(t *testing.T) {
	a := newAuthority(t)
	a.expires.Store(1) // within the margin before the end: each is out of date at once
	config := &oauth2.Config{
		ClientID: "ann", ClientSecret: "secret",
		Endpoint: oauth2.Endpoint{TokenURL: a.URL + "/token", AuthStyle: oauth2.AuthStyleInHeader},
	}
	ctx := with(t)
	token, err := config.Exchange(ctx, "code", oauth2.VerifierOption(oauth2.GenerateVerifier()))
	must(t, err)
	client := config.Client(ctx, token)
	for range 2 {
		response, err := client.Get(a.URL + "/items")
		if got := content(t, response, err); got != "GET " {
			t.Fatal(response.Status, got)
		}
	}
	want := "authorization_code |refresh_token refresh-1|refresh_token refresh-2"
	if got := strings.Join(a.grants, "|"); got != want {
		t.Fatalf("%s, not %s", got, want)
	}
}

func TestTokenThatIsRefused(t *testing.T) {
	a := newAuthority(t)
	_, err := credentials(a, "wrong").Token(with(t))
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.ErrorCode != "invalid_client" ||
		refused.Response.StatusCode != 401 || !strings.Contains(string(refused.Body), "who is it?") {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(with(t))
	cancel()
	_, err = credentials(a, "wrong").Token(ctx)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, rq.ErrCancelled) {
		t.Fatal(err)
	}
}

// One token serves all, though they ask for it at once; retries are under it.
func TestTokenOfManyGoroutinesThatRetry(t *testing.T) {
	a := newAuthority(t)
	retries, _ := retrying(t)
	retries.RequestLogHook = nil
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, retries.StandardClient())
	client := credentials(a, "secret").Client(ctx)
	client.Timeout = time.Minute
	var running sync.WaitGroup
	for i := range 30 {
		running.Add(1)
		go func() {
			defer running.Done()
			response, err := client.Post(a.URL, "text/plain", strings.NewReader(fmt.Sprint(i)))
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			if body, err := io.ReadAll(response.Body); string(body) != fmt.Sprint("POST ", i) {
				t.Errorf("%q, %v", body, err)
			}
		}()
	}
	running.Wait()
	if n := a.issued.Load(); n != 1 {
		t.Fatalf("%d tokens", n)
	}
}
