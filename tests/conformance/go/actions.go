// The actions: lines that are replied to. What a reply to send holds is in reply.go.

package main

import (
	"context"
	"errors"
	"strconv"

	rq "github.com/librq/librq/bindings/go"
)

var actions = map[string]func(*conversation) ([]line, error){
	"prepare": prepare,
	"proxy":   proxy,
	"send":    send,
	"jar":     jar,
}

// open makes the session, if it is not there yet.
func (c *conversation) open() error {
	if c.session != nil {
		return nil
	}
	session, err := rq.NewSession(c.options...)
	if err == nil {
		c.session = session
		for _, change := range c.jar {
			err = errors.Join(err, change(session.Cookies()))
		}
	}
	c.failed = err // a setter's, whose line could not tell
	return err
}

// ready prepares the request, if that was not done since it came.
func (c *conversation) ready() (err error) {
	if err = c.open(); err != nil || c.prepared != nil {
		return err
	}
	if c.request == nil {
		return errors.New("no request")
	}
	c.prepared, err = c.session.Prepare(c.request)
	return err
}

func prepare(c *conversation) ([]line, error) {
	if c.prepared != nil {
		c.prepared.Close()
		c.prepared = nil
	}
	if err := c.ready(); err != nil {
		return nil, err
	}
	reply := []line{lineOf("method", c.prepared.Method()), lineOf("url", c.prepared.URL())}
	reply = append(reply, headers(c.prepared.Headers())...)
	return append(reply, content(c.prepared)), nil
}

// content is the body in memory, null if there is none, or the length of a streamed one.
func content(p *rq.Prepared) line {
	body, length := p.Body(), p.BodyLength()
	switch {
	case body != nil:
		return lineOf("body", string(body))
	case length == 0:
		return line{word: "body", fields: []field{{null: true}}}
	}
	return lineOf("stream", strconv.FormatInt(length, 10))
}

func proxy(c *conversation) ([]line, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	url, err := c.prepared.Proxy(c.session)
	return []line{{word: "proxy", fields: []field{{text: url, null: url == ""}}}}, err
}

func send(c *conversation) ([]line, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	response, err := c.session.Send(context.Background(), c.prepared)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return answer(response)
}

func jar(c *conversation) ([]line, error) {
	if err := c.open(); err != nil {
		return nil, err
	}
	return cookies(c.session.Cookies()), nil
}
