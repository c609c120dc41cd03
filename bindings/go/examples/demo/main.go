// The demo shows librq from Go: three requests on one kept connection, a prepared request that is
// edited before it is sent, a large download with progress, and errors that say what went wrong.
// It talks to testd, the test server, which starts it: testd go run ./examples/demo
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	rq "github.com/librq/librq/bindings/go"
)

var (
	ctx       = context.Background()
	plain     = os.Getenv("RQ_TEST_HTTP")
	secure    = os.Getenv("RQ_TEST_HTTPS")
	untrusted = os.Getenv("RQ_TEST_HTTPS_UNTRUSTED")
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "Go:", err)
		os.Exit(1)
	}
}

func run() error {
	session, err := rq.NewSession(
		rq.CAFile(os.Getenv("RQ_TEST_CA_FILE")),
		rq.Header("X-Demo", "go"),
		rq.Timeout(3*time.Second, 30*time.Second),
	)
	if err != nil {
		return err
	}
	defer session.Close()

	var speed float64
	for _, step := range []func(*rq.Session) error{
		keepAlive,
		editPrepared,
		func(s *rq.Session) (err error) { speed, err = download(s); return err },
		expectErrors,
	} {
		if err := step(session); err != nil {
			return err
		}
	}
	fmt.Printf("Go: 3 requests on 1 connection, POST edited, %d MiB at %.0f MiB/s, "+
		"SHA-256 equal, 3 errors as expected\n", size>>20, speed)
	return nil
}

// keepAlive sends three requests, for which one connection is enough.
func keepAlive(session *rq.Session) error {
	for i := range 3 {
		response, err := session.Get(ctx, secure+"/json")
		if err != nil {
			return err
		}
		var reply struct{ Connection, Request int }
		if err := response.JSON(&reply); err != nil {
			return err
		}
		fmt.Printf("GET /json: %d %s, connection %d, request %d\n", response.StatusCode,
			response.Reason, reply.Connection, reply.Request)
		if reply.Request != i+1 {
			return errors.New("the connection was not kept")
		}
	}
	return nil
}

// editPrepared changes a request after it was prepared; what is sent is what it then holds.
func editPrepared(session *rq.Session) error {
	prepared, err := session.Prepare(&rq.Request{
		Method: "POST", URL: secure + "/echo", Body: []byte("hello"),
	})
	if err != nil {
		return err
	}
	defer prepared.Close()
	if err := prepared.SetHeader("X-Demo", "edited"); err != nil {
		return err
	}
	response, err := session.Send(ctx, prepared)
	if err != nil {
		return err
	}
	echo, err := response.Text()
	if err != nil {
		return err
	}
	if !strings.Contains(echo, "\r\nX-Demo: edited\r\n") || !strings.HasSuffix(echo, "\r\n\r\nhello") {
		return fmt.Errorf("the prepared request was not sent as edited: %q", echo)
	}
	_, line, _ := strings.Cut(echo, "\r\nX-Demo")
	line, _, _ = strings.Cut(line, "\r\n")
	fmt.Println("POST /echo: the server received X-Demo" + line)
	return nil
}

// expectErrors makes three requests fail, each for its own reason.
func expectErrors(session *rq.Session) error {
	for _, test := range []struct {
		url  string
		want rq.Code
	}{
		{"http://missing.invalid/", rq.ErrDNS},
		{untrusted + "/json", rq.ErrTLS},
		{plain + "/truncated", rq.ErrIncomplete},
	} {
		response, err := session.Get(ctx, test.url)
		if err == nil {
			_, err = response.Bytes()
		}
		var failure *rq.Error
		if !errors.As(err, &failure) || failure.Code != test.want {
			return fmt.Errorf("%s: expected %v, got %v", test.url, test.want, err)
		}
		fmt.Printf("%s: %s\n", failure.Code, failure.Message)
	}
	return nil
}
