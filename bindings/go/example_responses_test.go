// The examples of what comes back: contents, progress, links, limits, retries, errors.

package rq_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	rq "github.com/librq/librq/bindings/go"
)

// answering is a session whose requests for mock:// this function answers.
func answering(handler http.HandlerFunc, options ...rq.Option) *rq.Session {
	session, err := rq.NewSession(options...)
	if err == nil {
		err = session.Mount("mock://", rq.HandlerAdapter(handler))
	}
	if err != nil {
		log.Fatal(err)
	}
	return session
}

// got is a response that has to have come.
func got(response *rq.Response, err error) *rq.Response {
	if err != nil {
		log.Fatal(err)
	}
	return response
}

func ExampleResponse_JSON() {
	session := answering(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"items": [{"name": "tea", "price": 3}]}`)
	})
	defer session.Close()

	response := got(session.Get(context.Background(), "mock://items"))
	defer response.Body.Close()
	var reply struct {
		Items []struct {
			Name  string
			Price int
		}
	}
	if err := response.JSON(&reply); err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Items[0].Name, reply.Items[0].Price)
	// Output: tea 3
}

func ExampleResponse_Raise() {
	session := answering(http.NotFound)
	defer session.Close()

	response := got(session.Get(context.Background(), "mock://missing"))
	defer response.Body.Close()
	err := response.Raise()
	fmt.Println(errors.Is(err, rq.ErrStatus), err)
	// Output: true rq: 404 Client Error: Not Found for url: mock://missing
}

func ExampleResponse_Save() {
	folder, err := os.MkdirTemp("", "rq")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	session, err := rq.NewSession()
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	halves := 0
	response := got(session.Get(context.Background(), os.Getenv("RQ_TEST_HTTP")+"/bytes/1000000",
		rq.OnDownload(func(received, total int64) error {
			for halves < 2 && received >= total/2*int64(halves+1) {
				halves++
				fmt.Printf("%d %%\n", halves*50)
			}
			return nil
		})))
	defer response.Body.Close()
	written, err := response.Save(filepath.Join(folder, "content.bin"))
	fmt.Println(written, err)
	// Output:
	// 50 %
	// 100 %
	// 1000000 <nil>
}

func ExampleResponse_Chunks() {
	session := answering(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "abcdefgh")
	})
	defer session.Close()

	response := got(session.Get(context.Background(), "mock://"))
	defer response.Body.Close()
	for chunk, err := range response.Chunks(3) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", chunk)
	}
	// Output:
	// abc
	// def
	// gh
}

func ExampleResponse_TextReader() {
	session := answering(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=windows-1252")
		io.WriteString(w, "caf\xe9 10 \x80\n")
	})
	defer session.Close()

	response := got(session.Get(context.Background(), "mock://menu"))
	defer response.Body.Close()
	io.Copy(os.Stdout, response.TextReader())
	// Output: café 10 €
}

func ExampleResponse_Link() {
	session := answering(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "" {
			w.Header().Set("Link", `<mock://items?page=2>; rel="next"`)
		}
		fmt.Fprintln(w, r.URL)
	})
	defer session.Close()

	for url := "mock://items"; url != ""; {
		response := got(session.Get(context.Background(), url))
		url = response.Link("next")
		show(response, nil)
	}
	// Output:
	// mock://items
	// mock://items?page=2
}

func ExampleResponse_Next() {
	session, err := rq.NewSession(rq.FollowRedirects(false))
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	response := got(session.Get(context.Background(), os.Getenv("RQ_TEST_HTTP")+"/redirect/1"))
	defer response.Body.Close()
	next, err := response.Next()
	if err != nil {
		log.Fatal(err)
	}
	defer next.Close()
	fmt.Println(response.IsRedirect(), strings.TrimPrefix(next.URL(), os.Getenv("RQ_TEST_HTTP")))
	// Output: true /redirect/0
}

func ExampleRetries() {
	tries := 0
	session := answering(func(w http.ResponseWriter, _ *http.Request) {
		if tries++; tries < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}, rq.Retries(rq.Retry{
		Count: 3, Statuses: []int{502, 503, 504}, Backoff: time.Millisecond, BackoffMax: time.Minute,
	}))
	defer session.Close()

	response := got(session.Get(context.Background(), "mock://"))
	defer response.Body.Close()
	fmt.Println(response.StatusCode, "after", tries, "tries")
	// Output: 200 after 3 tries
}

func ExampleMaxBody() {
	session := answering(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("more ", 1000))
	}, rq.MaxBody(1000))
	defer session.Close()

	response := got(session.Get(context.Background(), "mock://"))
	defer response.Body.Close()
	_, err := response.Bytes()
	fmt.Println(errors.Is(err, rq.ErrLimit))
	// Output: true
}

func ExampleDeadline() {
	session, err := rq.NewSession(rq.Deadline(50 * time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	_, err = session.Get(context.Background(), os.Getenv("RQ_TEST_HTTP")+"/stall-head")
	fmt.Println(errors.Is(err, rq.ErrTotalTimeout), errors.Is(err, os.ErrDeadlineExceeded))
	// Output: true true
}

func ExampleError_errno() {
	session, err := rq.NewSession()
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	_, err = session.Get(context.Background(), os.Getenv("RQ_TEST_REFUSED")+"/")
	fmt.Println(errors.Is(err, rq.ErrConnect), errors.Is(err, syscall.ECONNREFUSED))
	// Output: true true
}

func ExampleResolve() {
	address := strings.TrimPrefix(os.Getenv("RQ_TEST_HTTP"), "http://")
	session, err := rq.NewSession(rq.Resolve("api.example.org", 80, address))
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	response := got(session.Get(context.Background(), "http://api.example.org/json"))
	defer response.Body.Close()
	fmt.Println(response.StatusCode, response.URL)
	// Output: 200 http://api.example.org/json
}
