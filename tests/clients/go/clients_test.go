// Clients that others wrote, unchanged, over an rq.Transport: what they are used for has to work as
// it does over net/http's own. Here are the servers' and the transport's parts; each client has a
// file.

package clients

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	rq "github.com/librq/librq/bindings/go"
)

// over is a client of net/http's over librq.
func over(t *testing.T, options ...rq.Option) *http.Client {
	t.Helper()
	session, err := rq.NewSession(append([]rq.Option{rq.TrustEnv(false)}, options...)...)
	must(t, err)
	t.Cleanup(func() { session.Close() })
	return &http.Client{Transport: &rq.Transport{Session: session, MaxConcurrent: 50}}
}

// server is a server that counts.
type server struct {
	*httptest.Server
	connections atomic.Int32
	requests    atomic.Int32
}

func serve(t *testing.T, handler http.HandlerFunc) *server {
	t.Helper()
	s := unstarted(handler)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func unstarted(handler http.HandlerFunc) *server {
	s := &server{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			s.requests.Add(1)
			handler(w, r)
		}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	return s
}

// content reads a response that has to have come.
func content(t *testing.T, response *http.Response, err error) string {
	t.Helper()
	must(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(t, err)
	return string(body)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
