// HashiCorp's go-retryablehttp: it tells errors that pass from those that stay by their types,
// sends bodies again, and drains what it does not need to keep its connections.

package clients

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	rq "github.com/librq/librq/bindings/go"
)

// retrying is a client that tries three times, and counts how often it did.
func retrying(t *testing.T, options ...rq.Option) (client *retryablehttp.Client, tries *int) {
	t.Helper()
	client, tries = retryablehttp.NewClient(), new(int)
	client.HTTPClient = over(t, options...)
	client.RetryMax, client.RetryWaitMin, client.RetryWaitMax = 2, time.Millisecond, time.Millisecond
	client.Logger = nil
	client.RequestLogHook = func(retryablehttp.Logger, *http.Request, int) { *tries++ }
	return client, tries
}

// failing fails twice in this way, and then echoes.
func failing(t *testing.T, fail http.HandlerFunc) *server {
	var s *server
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if s.requests.Load() <= 2 {
			fail(w, r)
			return
		}
		fmt.Fprintf(w, "%s %d %s", r.Method, r.ContentLength, body)
	})
	return s
}

func unavailable(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusServiceUnavailable)
	io.WriteString(w, strings.Repeat("sorry ", 500))
}

func TestRetriesWithEveryKindOfBody(t *testing.T) {
	reader := func() (io.Reader, error) { return strings.NewReader("hello"), nil }
	for name, body := range map[string]any{
		"bytes": []byte("hello"), "buffer": bytes.NewBufferString("hello"),
		"seeker": strings.NewReader("hello"), "function": retryablehttp.ReaderFunc(reader),
		"another function": reader, "reader": io.MultiReader(strings.NewReader("hello")),
	} {
		server := failing(t, unavailable)
		client, tries := retrying(t)
		response, err := client.Post(server.URL, "text/plain", body)
		if got := content(t, response, err); got != "POST 5 hello" || *tries != 3 {
			t.Errorf("%s: %q after %d tries", name, got, *tries)
		}
		if n := server.connections.Load(); n != 1 {
			t.Errorf("%s: %d connections, though each answer was read", name, n)
		}
	}
}

func TestRetriesAfterConnectionsThatBreak(t *testing.T) {
	server := failing(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	client, tries := retrying(t)
	response, err := client.Post(server.URL, "text/plain", []byte("hello"))
	if got := content(t, response, err); got != "POST 5 hello" || *tries != 3 {
		t.Fatalf("%q after %d tries", got, *tries)
	}
}

func TestRetryAfterIsHeeded(t *testing.T) {
	server := failing(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	client, tries := retrying(t)
	client.RetryWaitMin, client.RetryWaitMax = time.Hour, time.Hour // unless the server says less
	response, err := client.Get(server.URL)
	if got := content(t, response, err); got != "GET 0 " || *tries != 3 {
		t.Fatalf("%q after %d tries", got, *tries)
	}
}

func TestGivingUp(t *testing.T) {
	server := serve(t, unavailable)
	client, tries := retrying(t)
	_, err := client.Get(server.URL)
	if err == nil || !strings.Contains(err.Error(), "giving up after 3 attempt(s)") || *tries != 3 {
		t.Fatal(*tries, err)
	}
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	response, err := client.Get(server.URL)
	if got := content(t, response, err); response.StatusCode != 503 || len(got) != 3000 {
		t.Fatal(response.StatusCode, len(got))
	}
}

func TestRefusedIsTriedAgain(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	url := "http://" + listener.Addr().String()
	must(t, listener.Close())
	client, tries := retrying(t)
	_, err = client.Get(url)
	if !errors.Is(err, rq.ErrConnect) || !errors.Is(err, syscall.ECONNREFUSED) || *tries != 3 {
		t.Fatal(*tries, err)
	}
}

// What no repetition helps is known by type or text.
func TestWhatStaysIsNotTriedAgain(t *testing.T) {
	secure := unstarted(func(http.ResponseWriter, *http.Request) {})
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	for url, code := range map[string]rq.Code{
		secure.URL: rq.ErrTLS, "ftp://127.0.0.1/": rq.ErrInvalidSchema,
	} {
		client, tries := retrying(t)
		_, err := client.Get(url)
		if !errors.Is(err, code) || *tries != 1 {
			t.Errorf("%s: %d tries, %v", url, *tries, err)
		}
	}
	client, tries := retrying(t)
	request, err := retryablehttp.NewRequest("GET", secure.URL, nil)
	must(t, err)
	request.Header.Set("X-Wrong", "a\nb")
	if _, err = client.Do(request); !errors.Is(err, rq.ErrInvalidHeader) || *tries != 1 {
		t.Errorf("%d tries, %v", *tries, err)
	}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/", http.StatusFound)
	})
	client, tries = retrying(t)
	if _, err = client.Get(server.URL); err == nil || *tries != 1 {
		t.Errorf("%d tries, %v", *tries, err)
	}
}

func TestTheContextEndsTheTries(t *testing.T) {
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	client, tries := retrying(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	request, err := retryablehttp.NewRequestWithContext(ctx, "GET", server.URL, nil)
	must(t, err)
	if _, err = client.Do(request); !errors.Is(err, context.DeadlineExceeded) || *tries != 1 {
		t.Fatal(*tries, err)
	}
	client.HTTPClient.Timeout = 50 * time.Millisecond // of each try
	if _, err = client.Get(server.URL); err == nil || *tries != 4 {
		t.Fatal(*tries, err)
	}
}

func TestStandardClient(t *testing.T) {
	server := failing(t, unavailable)
	client, tries := retrying(t)
	request, err := http.NewRequest("PUT", server.URL, strings.NewReader("hello"))
	must(t, err)
	response, err := client.StandardClient().Do(request)
	if got := content(t, response, err); got != "PUT 5 hello" || *tries != 3 {
		t.Fatalf("%q after %d tries", got, *tries)
	}
}
