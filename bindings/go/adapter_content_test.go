// What adapters read of requests' bodies.

package rq

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

// mirror answers with the request's body.
func mirror(p *Prepared) (*Reply, error) {
	content, err := p.Content()
	return &Reply{Body: content}, err
}

func TestAdapterReadsBodies(t *testing.T) {
	session := mounted(t, AdapterFunc(mirror))
	for name, options := range map[string]struct {
		request *Request
		want    string
	}{
		"none":   {&Request{Method: "GET", URL: "mock://x"}, ""},
		"memory": {&Request{Method: "POST", URL: "mock://x", Body: []byte("memory")}, "memory"},
		"reader": {&Request{
			Method: "POST", URL: "mock://x", BodyReader: strings.NewReader("a reader"), BodyLength: -1,
		}, "a reader"},
		"single bytes": {&Request{
			Method: "POST", URL: "mock://x", BodyLength: 5,
			BodyReader: iotest.OneByteReader(strings.NewReader("bytes")),
		}, "bytes"},
	} {
		response, err := session.Do(context.Background(), options.request)
		must(t, err)
		if text, err := response.Text(); err != nil || text != options.want {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	broken := errors.New("broken")
	_, err := session.Do(context.Background(), &Request{
		Method: "POST", URL: "mock://x", BodyReader: iotest.ErrReader(broken), BodyLength: -1,
	})
	if err == nil {
		t.Error("a reader that fails was read")
	}
}

func TestAdapterUnderHTTPClientReadsBodies(t *testing.T) {
	session := open(t)
	must(t, session.Mount("http://api.test/", AdapterFunc(mirror)))
	client := http.Client{Transport: &Transport{Session: session}}
	response, err := client.Post("http://api.test/x", "text/plain", strings.NewReader("posted"))
	must(t, err)
	defer response.Body.Close()
	if content, err := io.ReadAll(response.Body); err != nil || string(content) != "posted" {
		t.Errorf("%q, %v", content, err)
	}
}
