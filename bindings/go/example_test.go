// The examples of the documentation, run against the test server.

package rq_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	rq "github.com/librq/librq/bindings/go"
)

func Example() {
	session, err := rq.NewSession(
		rq.CAFile(os.Getenv("RQ_TEST_CA_FILE")),
		rq.Timeout(3*time.Second, 30*time.Second),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()

	response, err := session.Get(context.Background(), os.Getenv("RQ_TEST_HTTPS")+"/json")
	if err != nil {
		fmt.Println(err)
		return
	}
	var reply struct{ Hello string }
	if err := response.JSON(&reply); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(response.StatusCode, reply.Hello)
	// Output: 200 librq
}

func ExampleSession_Prepare() {
	session, err := rq.NewSession()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()

	prepared, err := session.Prepare(&rq.Request{
		Method:  "POST",
		URL:     os.Getenv("RQ_TEST_HTTP") + "/echo",
		Body:    []byte("hello"),
		Options: []rq.Option{rq.Header("X-Note", "draft")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer prepared.Close()
	if err := prepared.SetHeader("X-Note", "final"); err != nil {
		fmt.Println(err)
		return
	}
	response, err := session.Send(context.Background(), prepared)
	if err != nil {
		fmt.Println(err)
		return
	}
	echo, _ := response.Text()
	for line := range strings.SplitSeq(echo, "\r\n") {
		if strings.HasPrefix(line, "X-Note") {
			fmt.Println(line)
		}
	}
	// Output: X-Note: final
}

func ExampleError() {
	session, err := rq.NewSession()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = session.Get(ctx, os.Getenv("RQ_TEST_HTTP")+"/stall-head")
	fmt.Println(errors.Is(err, context.DeadlineExceeded))

	_, err = session.Get(context.Background(), "http://missing.invalid/")
	var failure *rq.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.Code, failure.Phase)
	}
	// Output:
	// true
	// RQ_ERR_DNS dns
}

func ExampleTransport() {
	session, err := rq.NewSession()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()

	client := &http.Client{Transport: &rq.Transport{Session: session, MaxConcurrent: 100}}
	response, err := client.Get(os.Getenv("RQ_TEST_HTTP") + "/bytes/1000")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	fmt.Println(response.Status, n, err)
	// Output: 200 OK 1000 <nil>
}
