// The same requests over a Transport and over net/http's own: what the server sees, what comes
// back, how it fails.

package rq

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// seen tells what a server got.
func seen(r *http.Request) string {
	body, err := io.ReadAll(r.Body)
	header := r.Header.Clone()
	for _, name := range []string{"User-Agent", "Accept"} { // the session's defaults
		header.Del(name)
	}
	if header.Get("Connection") == "keep-alive" {
		header.Del("Connection")
	}
	if header.Get("Content-Length") == "0" { // net/http sends it for some methods only
		header.Del("Content-Length")
	}
	return fmt.Sprintf("%s %s %s header=%v length=%d te=%v body=%q %v trailer=%v",
		r.Method, r.Host, r.RequestURI, header, r.ContentLength, r.TransferEncoding, body, err,
		r.Trailer)
}

// outcome is all that a client can see of an exchange.
func outcome(client *http.Client, r *http.Request) string {
	response, err := client.Do(r)
	if err != nil {
		return "failed: " + kinds(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	response.Header.Del("Date")
	response.Header.Del("X-Connection") // testd counts
	return fmt.Sprintf("%s %s %d.%d header=%v length=%d te=%v close=%v uncompressed=%v trailer=%v\n"+
		"body=%q %s",
		response.Status, response.Proto, response.ProtoMajor, response.ProtoMinor, response.Header,
		response.ContentLength, response.TransferEncoding, response.Close, response.Uncompressed,
		response.Trailer, body, kinds(err))
}

// kinds names what programs ask of an error.
func kinds(err error) string {
	if err == nil {
		return "whole"
	}
	var names []string
	for name, is := range map[string]bool{
		"canceled": errors.Is(err, context.Canceled),
		"deadline": errors.Is(err, context.DeadlineExceeded),
		"eof":      errors.Is(err, io.EOF),
		"cut":      errors.Is(err, io.ErrUnexpectedEOF),
		"closed":   errors.Is(err, http.ErrBodyReadAfterClose),
		"timeout":  asks(err, func(e net.Error) bool { return e.Timeout() }),
		"op":       asks(err, func(e *net.OpError) bool { return e.Op == "dial" }),
		"dns":      asks(err, func(e *net.DNSError) bool { return e.IsNotFound }),
		"cert":     asks(err, func(*tls.CertificateVerificationError) bool { return true }),
		"issuer":   asks(err, func(x509.UnknownAuthorityError) bool { return true }),
		"host":     asks(err, func(x509.HostnameError) bool { return true }),
		"invalid":  asks(err, func(x509.CertificateInvalidError) bool { return true }),
		"url":      asks(err, func(*url.Error) bool { return true }),
	} {
		if is {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func asks[E error](err error, is func(E) bool) bool {
	var target E
	return errors.As(err, &target) && is(target)
}

// echo tells a client what the server got.
func echo(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, seen(r))
}

// replies are what a server may do to a client.
var replies = map[string]http.HandlerFunc{
	"/echo": echo,
	"/chunked": func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		io.WriteString(w, "x")
	},
	"/trailer": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "x-sum, X-Missing")
		io.WriteString(w, "x")
		w.Header().Set("X-Sum", "1")
		w.Header().Set(http.TrailerPrefix+"X-More", "2")
	},
	"/close": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		io.WriteString(w, "x")
	},
	"/abort": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	"/cut": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "x")
	},
	"/cut-chunks": func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "x")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	},
	"/204": status(204), "/304": status(304), "/299": status(299), "/500": status(500),
	"/early": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>")
		w.WriteHeader(103)
		w.WriteHeader(102)
		io.WriteString(w, "x")
	},
	"/fields": func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["X-lower"] = []string{"a", "b"}
		w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
		w.Header()["X-Empty"] = []string{""}
	},
	"/chunked-head": func(w http.ResponseWriter, r *http.Request) {
		connection, _, _ := w.(http.Hijacker).Hijack()
		io.WriteString(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		if r.Method != http.MethodHead {
			io.WriteString(connection, "1\r\nx\r\n0\r\n\r\n")
		}
		connection.Close()
	},
	"/length-of-head": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000000")
	},
	"/ten": func(w http.ResponseWriter, _ *http.Request) {
		connection, _, _ := w.(http.Hijacker).Hijack()
		io.WriteString(connection, "HTTP/1.0 200 Fine By Me\r\nX-A: b\r\n\r\nto the end")
		connection.Close()
	},
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// routed does without http.ServeMux, which redirects paths that are not clean.
func routed(w http.ResponseWriter, r *http.Request) {
	handler, known := replies[r.URL.Path]
	if !known {
		handler = echo
	}
	handler(w, r)
}

// same sends what make makes both ways.
func same(t *testing.T, name string, make func() *http.Request) {
	t.Helper()
	pem, err := os.ReadFile(at("CA_FILE", ""))
	must(t, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	theirs := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer theirs.CloseIdleConnections()
	ours := outcome(client(t, CAPEM(pem)), make())
	if theirs := outcome(theirs, make()); ours != theirs {
		t.Errorf("%s:\n  ours   %s\n  theirs %s", name, ours, theirs)
	}
}

func newRequest(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, url, reader)
	must(t, err)
	return r
}

func TestTransportRequestsAsNetHTTP(t *testing.T) {
	server := serve(t, routed)
	for name, test := range map[string]struct {
		method, target, body string
		edit                 func(*http.Request)
	}{
		"path":            {"GET", "/a%2Fb%20c/é/!$&'()*+,;=:@", "", nil},
		"escapes":         {"GET", "/%7e%41", "", nil},
		"dots":            {"GET", "/a/../b/./c//d", "", nil},
		"query":           {"GET", "/a?q=a+b%20c&d=%c3%a9;e=/?:@!$'()*,", "", nil},
		"fragment":        {"GET", "/a#part", "", nil},
		"no path":         {"GET", "", "", nil},
		"opaque":          {"GET", "/", "", func(r *http.Request) { r.URL.Opaque = "/x%2fy" }},
		"POST":            {"POST", "/a", "abc", nil},
		"no body":         {"POST", "/a", "", nil},
		"NoBody":          {"PUT", "/a", "", func(r *http.Request) { r.Body = http.NoBody }},
		"body of a GET":   {"GET", "/a", "abc", nil},
		"DELETE":          {"DELETE", "/a", "", nil},
		"OPTIONS":         {"OPTIONS", "/a", "", nil},
		"no known method": {"PURGE", "/a", "", nil},
		"empty method":    {"", "/a", "", nil},
		"wrong method":    {"GET", "/a", "", func(r *http.Request) { r.Method = "A B" }},
		"unknown length":  {"PUT", "/a", "abc", func(r *http.Request) { r.ContentLength = -1 }},
		"chunked": {"PUT", "/a", "abc", func(r *http.Request) {
			r.TransferEncoding = []string{"chunked"}
		}},
		"Expect": {"PUT", "/a", "abc", func(r *http.Request) {
			r.Header.Set("Expect", "100-continue")
		}},
		"fields": {"GET", "/a", "", func(r *http.Request) {
			r.Header = http.Header{
				"x-lower": {" a\t"}, "X-Two": {"1", "2"}, "X-Empty": {""}, "X-None": {},
				"Te": {"trailers"}, "X-Latin": {"é\xe9"},
			}
		}},
		"ignored fields": {"PUT", "/a", "abc", func(r *http.Request) {
			r.Header = http.Header{
				"Host": {"no.example"}, "Content-Length": {"99"}, "Transfer-Encoding": {"gzip"},
				"Trailer": {"X-A"},
			}
		}},
		"wrong value": {"GET", "/a", "", func(r *http.Request) { r.Header.Set("X-A", "a\nb") }},
		"wrong name":  {"GET", "/a", "", func(r *http.Request) { r.Header["a b"] = []string{"1"} }},
		"no header":   {"GET", "/a", "", func(r *http.Request) { r.Header = nil }},
		"no URL":      {"GET", "/a", "", func(r *http.Request) { r.URL = nil }},
		"Close":       {"GET", "/a", "", func(r *http.Request) { r.Close = true }},
		"Host":        {"GET", "/a", "", func(r *http.Request) { r.Host = "example.org" }},
		"Range":       {"GET", "/a", "", func(r *http.Request) { r.Header.Set("Range", "bytes=0-1") }},
	} {
		same(t, name, func() *http.Request {
			r := newRequest(t, test.method, server+test.target, test.body)
			if test.edit != nil {
				test.edit(r)
			}
			return r
		})
	}
}

func TestTransportResponsesAsNetHTTP(t *testing.T) {
	server := serve(t, routed)
	for path := range replies {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			same(t, method+" "+path, func() *http.Request {
				return newRequest(t, method, server+path, "")
			})
		}
	}
}

func TestTransportFailuresAsNetHTTP(t *testing.T) {
	server := serve(t, routed)
	secure := serveTLS(t, root(t, "ca").sign(t, "server"), routed)
	for name, url := range map[string]string{
		"refused":           at("REFUSED", "/"),
		"no such host":      "http://missing.invalid/",
		"no scheme":         "example.org",
		"another scheme":    "ftp://example.org/",
		"no host":           "http:///a",
		"unknown issuer":    secure,
		"TLS without it":    strings.Replace(server, "http", "https", 1),
		"without TLS":       strings.Replace(secure, "https", "http", 1),
		"wrong host":        at("HTTPS_WRONG_HOST", "/json"),
		"its own issuer":    serveTLS(t, signed(t, nil, newKey(t), "self", nil), routed),
		"expired":           at("HTTPS_EXPIRED", "/json"),
		"no answer in time": at("HTTP", "/stall-head"),
		"no body in time":   at("HTTP", "/stall-body"),
		"the context ended": server + "/ended",
	} {
		same(t, name, func() *http.Request {
			limit := time.Minute
			if strings.Contains(name, "in time") {
				limit = 300 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			t.Cleanup(cancel)
			if strings.HasSuffix(url, "/ended") {
				cancel()
			}
			return newRequest(t, "GET", url, "").WithContext(ctx)
		})
	}
}
