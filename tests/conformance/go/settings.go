// The setters: lines without a reply, each one option, field or call of the binding.

package main

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"time"

	rq "github.com/librq/librq/bindings/go"
)

// setter does what a line with so many fields says.
type setter struct {
	fields int
	do     func(*conversation, []field) error
}

var setters = map[string]setter{
	"request": {2, newRequest},

	"header":     {2, option(orNull(rq.Header, rq.WithoutHeader))},
	"header_add": {2, option(pair(rq.HeaderAdd))},
	"param":      {2, option(orNull(rq.Param, rq.WithoutParam))},
	"param_add":  {2, option(pair(rq.ParamAdd))},
	"params_raw": {1, option(single(rq.ParamsRaw))},
	"path_as_is": {0, option(func([]field) rq.Option { return rq.PathAsIs(true) })},
	"basic":      {2, option(pair(rq.BasicAuth))},
	"latin1":     {0, option(func([]field) rq.Option { return rq.Latin1Auth(true) })},
	"digest":     {2, option(pair(rq.DigestAuth))},
	"bearer":     {1, option(single(rq.BearerAuth))},
	"cookie":     {2, option(orNull(rq.Cookie, rq.WithoutCookie))},
	"proxy":      {2, option(orNull(rq.Proxy, direct))},
	"no_proxy":   {1, option(noProxy)},
	"trust_env":  {1, option(func(f []field) rq.Option { return rq.TrustEnv(f[0].text == "1") })},
	"env":        {2, option(orNull(rq.Env, rq.WithoutEnv))},
	"resolve":    {3, resolve},
	"timeout":    {2, timeout},

	"follow_redirects": {1, option(followRedirects)},
	"redirects_max":    {1, redirectsMax},

	"jar_set":   {5, jarSet},
	"jar_clock": {1, jarClock},

	"body":      {1, body(func(r *rq.Request, f []field) { r.Body = []byte(f[0].text) })},
	"json":      {1, body(func(r *rq.Request, f []field) { r.JSON = json.RawMessage(f[0].text) })},
	"body_file": {1, body(func(r *rq.Request, f []field) { r.BodyFile = f[0].text })},
	"field":     {2, body(formField)},
	"chunk":     {1, body(chunk)},
	"part":      {4, body(part)},

	"part_header": {2, partHeader},
}

func newRequest(c *conversation, f []field) error {
	if c.prepared != nil {
		c.prepared.Close()
		c.prepared = nil
	}
	c.request = &rq.Request{Method: f[0].text, URL: f[1].text}
	return nil
}

// set adds an option to the request, or before there is one to the session.
func (c *conversation) set(option rq.Option) error {
	switch {
	case c.request != nil:
		c.request.Options = append(c.request.Options, option)
	case c.session != nil:
		return errors.New("an option of a session that was made already")
	default:
		c.options = append(c.options, option)
	}
	return nil
}

func option(of func([]field) rq.Option) func(*conversation, []field) error {
	return func(c *conversation, f []field) error {
		if option := of(f); option != nil {
			return c.set(option)
		}
		return nil
	}
}

func single(set func(text string) rq.Option) func([]field) rq.Option {
	return func(f []field) rq.Option { return set(f[0].text) }
}

func pair(set func(name, value string) rq.Option) func([]field) rq.Option {
	return func(f []field) rq.Option { return set(f[0].text, f[1].text) }
}

func orNull(
	set func(name, value string) rq.Option, without func(name string) rq.Option,
) func([]field) rq.Option {
	return func(f []field) rq.Option {
		if f[1].null {
			return without(f[0].text)
		}
		return set(f[0].text, f[1].text)
	}
}

func direct(key string) rq.Option {
	return rq.Proxy(key, "")
}

// noProxy of null is what holds without it.
func noProxy(f []field) rq.Option {
	if f[0].null {
		return nil
	}
	return rq.NoProxy(f[0].text)
}

func resolve(c *conversation, f []field) error {
	port, err := strconv.Atoi(f[1].text)
	if err != nil {
		return err
	}
	return c.set(rq.Resolve(f[0].text, port, f[2].text))
}

func followRedirects(f []field) rq.Option {
	return rq.FollowRedirects(f[0].text == "1")
}

func redirectsMax(c *conversation, f []field) error {
	max, err := strconv.Atoi(f[0].text)
	if err != nil {
		return err
	}
	return c.set(rq.MaxRedirects(max))
}

func timeout(c *conversation, f []field) error {
	connect, err := strconv.Atoi(f[0].text)
	if err != nil {
		return err
	}
	read, err := strconv.Atoi(f[1].text)
	if err != nil {
		return err
	}
	return c.set(rq.Timeout(
		time.Duration(connect)*time.Millisecond, time.Duration(read)*time.Millisecond,
	))
}

// jarDo changes the session's cookies, now or as soon as there is a session.
func (c *conversation) jarDo(change func(*rq.Cookies) error) error {
	if c.session != nil {
		return change(c.session.Cookies())
	}
	c.jar = append(c.jar, change)
	return nil
}

func jarSet(c *conversation, f []field) error {
	cookie := rq.StoredCookie{
		Name: f[0].text, Value: f[1].text, Domain: f[2].text, Path: f[3].text,
		Secure: f[4].text == "1",
	}
	return c.jarDo(func(jar *rq.Cookies) error { return jar.Set(cookie) })
}

func jarClock(c *conversation, f []field) error {
	seconds, err := strconv.ParseInt(f[0].text, 10, 64)
	if err != nil {
		return err
	}
	return c.jarDo(func(jar *rq.Cookies) error { return jar.SetClock(time.Unix(seconds, 0)) })
}

// body makes a setter of what changes the request's body.
func body(set func(*rq.Request, []field)) func(*conversation, []field) error {
	return func(c *conversation, f []field) error {
		if c.request == nil {
			return errors.New("a body without a request")
		}
		set(c.request, f)
		return nil
	}
}

// formField of null is none.
func formField(r *rq.Request, f []field) {
	if !f[1].null {
		r.Form = append(r.Form, rq.Field{Name: f[0].text, Value: f[1].text})
	}
}

func part(r *rq.Request, f []field) {
	r.Parts = append(r.Parts, rq.Part{
		Name: f[0].text, Filename: f[1].text, EmptyFilename: !f[1].null, Type: f[2].text,
		Body: []byte(f[3].text),
	})
}

func partHeader(c *conversation, f []field) error {
	if c.request == nil || len(c.request.Parts) == 0 {
		return errors.New("a part's header without a part")
	}
	last := &c.request.Parts[len(c.request.Parts)-1]
	last.Header = append(last.Header, rq.Field{Name: f[0].text, Value: f[1].text})
	return nil
}

// chunk adds a piece to a body of unknown length that can be read once.
func chunk(r *rq.Request, f []field) {
	chunks, ok := r.BodyReader.(*chunks)
	if !ok {
		chunks = newChunks(r)
	}
	chunks.pieces = append(chunks.pieces, f[0].text)
}

// chunks gives one piece for each Read, and passes over empty ones.
type chunks struct {
	pieces []string
}

func newChunks(r *rq.Request) *chunks {
	c := new(chunks)
	r.BodyReader = c
	return c
}

func (c *chunks) Read(p []byte) (int, error) {
	for len(c.pieces) > 0 {
		n := copy(p, c.pieces[0])
		if c.pieces[0] = c.pieces[0][n:]; c.pieces[0] == "" {
			c.pieces = c.pieces[1:]
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, io.EOF
}
