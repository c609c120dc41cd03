// Adapters that are made of net/http's: a Handler answers without any network, a RoundTripper sends
// in its own way.

package rq

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
)

// HandlerAdapter is an [Adapter] that has a handler of net/http's answer, without a server or a
// network: what a test mounts in place of the real one. It gets requests as a server would, with
// their bodies whole. Its answer is whole before any of it is read; one that panics with
// http.ErrAbortHandler is ErrClosed.
func HandlerAdapter(handler http.Handler) Adapter {
	return AdapterFunc(func(p *Prepared) (reply *Reply, err error) {
		r, err := p.httpRequest()
		if err != nil {
			return nil, err
		}
		r.RequestURI = r.URL.RequestURI()
		r.RemoteAddr = "192.0.2.1:1234" // as httptest has it
		defer func() {
			switch value := recover(); value {
			case nil:
			case http.ErrAbortHandler:
				err = &Error{Code: ErrClosed, Message: "the handler gave up the connection"}
			default:
				panic(value)
			}
		}()
		w := &recorder{header: make(http.Header)}
		handler.ServeHTTP(w, r)
		return w.reply(), nil
	})
}

// recorder keeps what a handler answers.
type recorder struct {
	header http.Header
	status int // 0: the head is not written
	sent   http.Header
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status != 0 || status < 200 {
		return
	}
	w.status, w.sent = status, w.header.Clone()
}

func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		if _, typed := w.header["Content-Type"]; !typed && w.header.Get("Content-Encoding") == "" {
			w.header.Set("Content-Type", http.DetectContentType(p))
		}
	}
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// Flush is for handlers that ask for an http.Flusher.
func (w *recorder) Flush() { w.WriteHeader(http.StatusOK) }

func (w *recorder) reply() *Reply {
	w.WriteHeader(http.StatusOK)
	return &Reply{StatusCode: w.status, Header: w.sent, Body: w.body.Bytes()}
}

// RoundTripperAdapter is an [Adapter] that sends requests by a transport of net/http's: one that
// signs, records or speaks another protocol. Bodies are whole both ways. Its failures are ErrDNS,
// ErrConnect and ErrReadTimeout where they are known to be, so that [Retries] hold, or else
// ErrCallback; errors.Is finds its own.
func RoundTripperAdapter(transport http.RoundTripper) Adapter {
	return AdapterFunc(func(p *Prepared) (*Reply, error) {
		r, err := p.httpRequest()
		if err != nil {
			return nil, err
		}
		response, err := transport.RoundTrip(r)
		if err != nil {
			return nil, withCode(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, withCode(err)
		}
		_, reason, _ := strings.Cut(response.Status, " ")
		return &Reply{
			StatusCode: response.StatusCode, Reason: reason, Header: response.Header, Body: body,
		}, nil
	})
}

// httpRequest is the request for net/http, under the context of the call.
func (p *Prepared) httpRequest() (*http.Request, error) {
	body, err := p.Content()
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(p.Context(), p.Method(), p.URL(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for _, field := range p.Headers() {
		r.Header.Add(field.Name, field.Value)
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	r.Header.Del("Host") // as in a request that a server gets
	if p.BodyLength() < 0 {
		r.Header.Del("Transfer-Encoding")
		r.ContentLength, r.TransferEncoding = -1, []string{"chunked"}
	}
	return r, nil
}

// withCode gives an error of net/http's the code that this package has for it.
func withCode(err error) error {
	var dns *net.DNSError
	var op *net.OpError
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &dns):
		return &coded{ErrDNS, err}
	case errors.As(err, &op) && op.Op == "dial":
		return &coded{ErrConnect, err}
	case errors.As(err, &timeout) && timeout.Timeout():
		return &coded{ErrReadTimeout, err}
	}
	return err
}

// coded is an error with a code.
type coded struct {
	code Code
	err  error
}

func (c *coded) Error() string   { return c.err.Error() }
func (c *coded) Unwrap() []error { return []error{c.code, c.err} }
