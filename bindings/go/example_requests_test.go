// The examples of what is asked and how: parameters, headers, credentials, bodies, cookies.

package rq_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	rq "github.com/librq/librq/bindings/go"
)

// echo is a session whose requests for https://api.example.org are answered with what they are.
func echo(options ...rq.Option) *rq.Session {
	session, err := rq.NewSession(options...)
	if err != nil {
		log.Fatal(err)
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintln(w, strings.TrimSpace(r.Method+" "+r.RequestURI+" "+string(body)))
		for _, name := range []string{"Accept", "Authorization", "Content-Type", "Cookie", "X-Token"} {
			if value := r.Header.Get(name); value != "" && value != "*/*" {
				fmt.Fprintf(w, "%s: %s\n", name, value)
			}
		}
	}
	err = session.Mount("https://api.example.org", rq.HandlerAdapter(http.HandlerFunc(handler)))
	if err != nil {
		log.Fatal(err)
	}
	return session
}

// show prints a response that has to have come.
func show(response *rq.Response, err error) {
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	text, err := response.Text()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(text)
}

func ExampleSession_Get() {
	session := echo(rq.Header("Accept", "application/json"))
	defer session.Close()

	show(session.Get(context.Background(), "https://api.example.org/items",
		rq.Param("q", "tea & cake"), rq.Param("page", "2"),
		rq.Timeout(3*time.Second, 10*time.Second)))
	// Output:
	// GET /items?q=tea+%26+cake&page=2
	// Accept: application/json
}

func ExampleSession_Set() {
	session := echo(rq.BearerAuth("old"))
	defer session.Close()

	if err := session.Set(rq.BearerAuth("renewed")); err != nil {
		log.Fatal(err)
	}
	show(session.Get(context.Background(), "https://api.example.org/"))
	// Output:
	// GET /
	// Authorization: Bearer renewed
}

func ExampleHeaders() {
	session := echo()
	defer session.Close()

	header := make(http.Header)
	header.Set("Accept", "text/plain")
	header.Set("X-Token", "42")
	show(session.Get(context.Background(), "https://api.example.org/", rq.Headers(header)))
	// Output:
	// GET /
	// Accept: text/plain
	// X-Token: 42
}

func ExampleParams() {
	session := echo()
	defer session.Close()

	values := url.Values{"tag": {"hot", "sweet"}, "page": {"2"}}
	show(session.Get(context.Background(), "https://api.example.org/", rq.Params(values)))
	// Output: GET /?page=2&tag=hot&tag=sweet
}

func ExampleBasicAuth() {
	session := echo(rq.BasicAuth("ann", "secret"))
	defer session.Close()

	show(session.Get(context.Background(), "https://api.example.org/"))
	show(session.Get(context.Background(), "https://api.example.org/public", rq.NoAuth()))
	// Output:
	// GET /
	// Authorization: Basic YW5uOnNlY3JldA==
	// GET /public
}

func ExampleRequest_form() {
	session := echo()
	defer session.Close()

	show(session.Do(context.Background(), &rq.Request{
		Method: "POST",
		URL:    "https://api.example.org/orders",
		Form:   []rq.Field{{Name: "item", Value: "tea"}, {Name: "note", Value: "no sugar"}},
	}))
	// Output:
	// POST /orders item=tea&note=no+sugar
	// Content-Type: application/x-www-form-urlencoded
}

// A body of unknown length is sent in chunks, as it is written.
func ExampleRequest_stream() {
	session := echo()
	defer session.Close()

	reader, writer := io.Pipe()
	go func() {
		for n := range 3 {
			fmt.Fprintf(writer, "line %d; ", n)
		}
		writer.Close()
	}()
	show(session.Do(context.Background(), &rq.Request{
		Method: "PUT", URL: "https://api.example.org/log", BodyReader: reader,
	}))
	// Output: PUT /log line 0; line 1; line 2;
}

// GetBody opens a body as often as it has to be sent: for redirects, challenges and retries.
func ExampleRequest_getBody() {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("rq-example-%d.txt", os.Getpid()))
	if err := os.WriteFile(path, []byte("from a file"), 0o600); err != nil {
		log.Fatal(err)
	}
	defer os.Remove(path)
	session := echo()
	defer session.Close()

	show(session.Do(context.Background(), &rq.Request{
		Method:  "PUT",
		URL:     "https://api.example.org/file",
		GetBody: func() (io.ReadCloser, error) { return os.Open(path) },
	}))
	// Output: PUT /file from a file
}

func ExamplePart() {
	session, err := rq.NewSession()
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	handler := func(w http.ResponseWriter, r *http.Request) {
		file, header, err := r.FormFile("report")
		if err != nil {
			log.Fatal(err)
		}
		content, _ := io.ReadAll(file)
		fmt.Fprintf(w, "%s: %s, %s: %s\n", r.FormValue("title"), header.Filename,
			header.Header.Get("Content-Type"), content)
	}
	err = session.Mount("mock://", rq.HandlerAdapter(http.HandlerFunc(handler)))
	if err != nil {
		log.Fatal(err)
	}

	show(session.Do(context.Background(), &rq.Request{
		Method: "POST",
		URL:    "mock://upload",
		Form:   []rq.Field{{Name: "title", Value: "May"}},
		Parts: []rq.Part{{
			Name: "report", Filename: "may.csv", Type: "text/csv",
			Reader: strings.NewReader("1,2,3"),
		}},
	}))
	// Output: May: may.csv, text/csv: 1,2,3
}

func ExampleCookie() {
	session := echo()
	defer session.Close()

	if err := session.Cookies().Set(rq.StoredCookie{Name: "theme", Value: "dark"}); err != nil {
		log.Fatal(err)
	}
	show(session.Get(context.Background(), "https://api.example.org/", rq.Cookie("draft", "1")))
	show(session.Get(context.Background(), "https://api.example.org/"))
	// Output:
	// GET /
	// Cookie: theme=dark; draft=1
	// GET /
	// Cookie: theme=dark
}

func ExampleCookies_Save() {
	folder, err := os.MkdirTemp("", "rq")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "cookies.txt")

	first := echo()
	defer first.Close()
	first.Cookies().Receive("https://api.example.org/", "id=42; Max-Age=3600")
	if err := first.Cookies().Save(path); err != nil {
		log.Fatal(err)
	}
	second := echo()
	defer second.Close()
	if err := second.Cookies().Load(path); err != nil {
		log.Fatal(err)
	}
	show(second.Get(context.Background(), "https://api.example.org/"))
	// Output:
	// GET /
	// Cookie: id=42
}

func ExamplePrepared_Curl() {
	request := &rq.Request{
		Method: "POST", URL: "https://api.example.org/items", JSON: map[string]string{"name": "tea"},
		Options: []rq.Option{rq.BearerAuth("secret")},
	}
	prepared, err := request.Prepare()
	if err != nil {
		log.Fatal(err)
	}
	defer prepared.Close()
	fmt.Println(strings.Contains(prepared.Curl(false), "secret"))
	// Output: false
}

func ExampleOnRequest() {
	number := 0
	session := echo(rq.OnRequest(func(p *rq.Prepared) error {
		number++
		return p.SetHeader("X-Token", fmt.Sprint("n", number))
	}))
	defer session.Close()

	for range 2 {
		show(session.Get(context.Background(), "https://api.example.org/"))
	}
	// Output:
	// GET /
	// X-Token: n1
	// GET /
	// X-Token: n2
}
