// librq through its Go binding: one session for all goroutines. Settings stay at their defaults but
// the roots, the size of the pool and the codings.

package main

import (
	"context"
	"fmt"
	"io"

	rq "github.com/librq/librq/bindings/go"
)

type librq struct {
	session *rq.Session
	mode    string
}

func newLibrq(s settings) client {
	options := []rq.Option{rq.Pool(s.idle, s.idle, 0)}
	if s.ca != "" {
		options = append(options, rq.CAFile(s.ca))
	}
	if s.mode == "gzip" {
		options = append(options, rq.Header("Accept-Encoding", "gzip"))
	} else {
		options = append(options, rq.WithoutHeader("Accept-Encoding"))
	}
	session, err := rq.NewSession(options...)
	must(err)
	return librq{session, s.mode}
}

func (c librq) body(response *rq.Response, err error) io.ReadCloser {
	must(err)
	must(response.Raise())
	return response.Body
}

func (c librq) get(url string) io.ReadCloser {
	if c.mode == "new" {
		c.session.CloseIdle()
	}
	return c.body(c.session.Get(context.Background(), url))
}

func (c librq) do(request rq.Request) io.ReadCloser {
	return c.body(c.session.Do(context.Background(), &request))
}

func (c librq) putFile(url, name string) io.ReadCloser {
	return c.do(rq.Request{Method: "PUT", URL: url, BodyFile: name})
}

func (c librq) putStream(url string, stream io.Reader) io.ReadCloser {
	return c.do(rq.Request{Method: "PUT", URL: url, BodyReader: stream, BodyLength: -1})
}

func (c librq) postFiles(url string, names []string) io.ReadCloser {
	request := rq.Request{Method: "POST", URL: url}
	for i, name := range names {
		request.Parts = append(request.Parts, rq.Part{Name: fmt.Sprintf("f%d", i), Path: name})
	}
	return c.do(request)
}
