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

func ExampleRequest() {
	session, err := rq.NewSession(rq.BearerAuth("token"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()

	response, err := session.Do(context.Background(), &rq.Request{
		Method: "POST",
		URL:    os.Getenv("RQ_TEST_HTTP") + "/upload",
		Form:   []rq.Field{{Name: "title", Value: "Report"}},
		Parts: []rq.Part{
			{Name: "file", Filename: "report.txt", Reader: strings.NewReader("all is well")},
		},
		Progress: func(sent, total int64) {
			if sent == total {
				fmt.Println("sent")
			}
		},
		Options: []rq.Option{rq.Param("version", "2")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	fmt.Println(response.StatusCode)
	// Output:
	// sent
	// 200
}

func ExampleRequest_json() {
	session, err := rq.NewSession()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()

	prepared, err := session.Prepare(&rq.Request{
		Method: "POST",
		URL:    "http://example.org/items",
		JSON:   map[string]any{"name": "tea", "price": 3},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer prepared.Close()
	fmt.Println(prepared.Header("Content-Type"))
	fmt.Println(string(prepared.Body()))
	// Output:
	// application/json
	// {"name":"tea","price":3}
}

func ExampleResponse_History() {
	session, err := rq.NewSession()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()

	response, err := session.Get(context.Background(), os.Getenv("RQ_TEST_HTTP")+"/redirect/1")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	for _, hop := range append(response.History(), response) {
		fmt.Println(hop.StatusCode, hop.Header.Get("Location"))
	}
	// Output:
	// 302 /redirect/0
	// 302 /echo
	// 200
}

func ExampleResponse_Lines() {
	session, err := rq.NewSession()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()

	response, err := session.Get(context.Background(), os.Getenv("RQ_TEST_HTTP")+"/echo")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	for line, err := range response.Lines() {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", line)
		break
	}
	// Output: GET /echo HTTP/1.1
}

func ExampleOnResponse() {
	raise := rq.OnResponse(func(r *rq.Response) (*rq.Response, error) {
		return nil, r.Raise()
	})
	session, err := rq.NewSession(raise)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()

	_, err = session.Get(context.Background(), os.Getenv("RQ_TEST_HTTP")+"/status/404")
	fmt.Println(errors.Is(err, rq.ErrStatus))
	// Output: true
}

func ExampleOnTrace() {
	session, err := rq.NewSession(rq.OnTrace(func(trace rq.Trace) {
		switch trace.Step {
		case rq.StepConnect, rq.StepReused:
			fmt.Println(trace.Step)
		}
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()

	for range 2 {
		response, err := session.Get(context.Background(), os.Getenv("RQ_TEST_HTTP")+"/bytes/1000")
		if err != nil {
			fmt.Println(err)
			return
		}
		if _, err := response.Bytes(); err != nil {
			fmt.Println(err)
		}
		response.Body.Close()
	}
	// Output:
	// connect
	// reused
}

func ExampleRetries() {
	session, err := rq.NewSession(rq.Retries(rq.Retry{
		Count: 3, Statuses: []int{502, 503, 504}, Backoff: time.Second, BackoffMax: time.Minute,
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()
	// Output:
}

func ExampleAuthFunc() {
	sign := func(p *rq.Prepared) error {
		return p.SetHeader("X-Signature", fmt.Sprintf("%s-%d", p.Method(), p.BodyLength()))
	}
	session, err := rq.NewSession(rq.AuthFunc(sign))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()

	prepared, err := session.Prepare(&rq.Request{
		Method: "PUT", URL: "http://example.org/", Body: []byte("hello"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer prepared.Close()
	fmt.Println(prepared.Header("X-Signature"))
	// Output: PUT-5
}

func ExampleCert() {
	session, err := rq.NewSession(
		rq.CAFile(os.Getenv("RQ_TEST_CA_FILE")),
		rq.Cert(os.Getenv("RQ_TEST_CLIENT_CERT"), os.Getenv("RQ_TEST_CLIENT_KEY"), ""),
		rq.Pin(os.Getenv("RQ_TEST_SERVER_PIN")),
		rq.MinTLS(rq.TLS13),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()

	response, err := session.Get(context.Background(), os.Getenv("RQ_TEST_MTLS")+"/json")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	fmt.Println(response.StatusCode)

	_, err = session.Get(context.Background(), os.Getenv("RQ_TEST_MTLS")+"/json", rq.NoCert())
	var failure *rq.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.Code, failure.Reason)
	}
	// Output:
	// 200
	// RQ_ERR_TLS alert
}

func ExampleProxy_socks() {
	session, err := rq.NewSession(rq.Proxy("all", "socks5h://ann:secret@127.0.0.1:1"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()

	_, err = session.Get(context.Background(), "https://example.org/")
	var failure *rq.Error
	if errors.As(err, &failure) && errors.Is(err, rq.ErrSOCKS) {
		fmt.Println(failure.Reason)
	}
	// Output: unreachable
}

func ExampleSession_MountFunc() {
	session, err := rq.NewSession()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()

	err = session.MountFunc("https://api.example.org/", func(p *rq.Prepared) (*rq.Reply, error) {
		if p.Method() == "DELETE" {
			return nil, errors.New("this is a mock")
		}
		return &rq.Reply{
			Header: http.Header{"Content-Type": {"application/json"}},
			Body:   []byte(`{"url": "` + p.URL() + `"}`),
		}, nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	response, err := session.Get(context.Background(), "https://api.example.org/items")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	text, _ := response.Text()
	fmt.Println(response.StatusCode, text)

	_, err = session.Delete(context.Background(), "https://api.example.org/items/1")
	fmt.Println(err)
	// Output:
	// 200 {"url": "https://api.example.org/items"}
	// rq: this is a mock
}

func ExampleResponse_Certificates() {
	session, err := rq.NewSession(rq.CAFile(os.Getenv("RQ_TEST_CA_FILE")))
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
	defer response.Body.Close()
	fmt.Println(response.Certificates()[0].VerifyHostname("localhost"))
	// Output: <nil>
}

func ExampleCookies() {
	session, err := rq.NewSession()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()

	jar := session.Cookies()
	if err := jar.Receive("https://example.org/", "id=42; Path=/; Secure"); err != nil {
		fmt.Println(err)
		return
	}
	for _, cookie := range jar.All() {
		fmt.Println(cookie.Name, cookie.Value, cookie.Domain, cookie.Path, cookie.Secure)
	}
	// Output: id 42 example.org / true
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
