// The examples for programs that use net/http: its clients, jars, handlers, transports and errors.

package rq_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"

	rq "github.com/librq/librq/bindings/go"
)

// A session's cookies serve the http.Client above it too.
func ExampleCookies_SetCookies() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "id", Value: "42"})
		fmt.Fprintln(w, r.Header["Cookie"])
	}))
	defer server.Close()
	session, err := rq.NewSession()
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	client := &http.Client{Transport: &rq.Transport{Session: session}, Jar: session.Cookies()}
	response, err := client.Get(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	response.Body.Close()
	show(session.Get(context.Background(), server.URL))
	// Output: [id=42]
}

func ExampleCookieJar() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "id", Value: "42"})
		fmt.Fprintln(w, r.Header["Cookie"])
	}))
	defer server.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	session, err := rq.NewSession(rq.CookieJar(jar))
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	for range 2 {
		show(session.Get(context.Background(), server.URL))
	}
	// Output:
	// []
	// [id=42]
}

// A test replaces the server by a handler.
func ExampleHandlerAdapter() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "item %s\n", r.PathValue("id"))
	})
	session, err := rq.NewSession()
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	if err := session.Mount("https://api.example.org/", rq.HandlerAdapter(mux)); err != nil {
		log.Fatal(err)
	}

	show(session.Get(context.Background(), "https://api.example.org/items/7"))
	// Output: item 7
}

func ExampleRoundTripperAdapter() {
	session, err := rq.NewSession()
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	files := http.NewFileTransportFS(os.DirFS("."))
	if err := session.Mount("file://", rq.RoundTripperAdapter(files)); err != nil {
		log.Fatal(err)
	}

	response, err := session.Get(context.Background(), "file://here/go.mod")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	for line, err := range response.Lines() {
		fmt.Printf("%s %v\n", line, err)
		break
	}
	// Output: module github.com/librq/librq/bindings/go <nil>
}

// Programs find in an Error what they look for in net/http's.
func ExampleError_As() {
	session, err := rq.NewSession()
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	_, err = session.Get(context.Background(), "http://missing.invalid/")
	var dns *net.DNSError
	if errors.As(err, &dns) {
		fmt.Println(dns.Name, dns.IsNotFound)
	}
	_, err = session.Get(context.Background(), os.Getenv("RQ_TEST_HTTPS_UNTRUSTED"))
	var unknown x509.UnknownAuthorityError
	fmt.Println(errors.As(err, &unknown))
	// Output:
	// missing.invalid true
	// true
}
