// The tests talk to testd, the scripted server of tests/testd. Its addresses are in variables named
// RQ_TEST_…; where they are missing, TestMain starts testd itself.

package rq

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

var serverNames = []string{
	"HTTP", "HTTPS", "CA_FILE", "HTTPS_UNTRUSTED", "HTTPS_WRONG_HOST", "HTTPS_EXPIRED",
	"MTLS", "CLIENT_CERT", "CLIENT_KEY", "CLIENT_KEY_LOCKED", "CLIENT_PASSWORD", "SERVER_PIN",
	"REFUSED", "BLACKHOLE", "SILENT",
}

func TestMain(m *testing.M) {
	stop, err := startServer()
	if err != nil {
		fmt.Fprintln(os.Stderr, "testd:", err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

func startServer() (stop func(), err error) {
	if os.Getenv("RQ_TEST_HTTP") != "" {
		return func() {}, nil
	}
	server := exec.Command(findServer(), "--serve")
	server.Stderr = os.Stderr
	stdin, err := server.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		stdin.Close()
		server.Wait()
	}
	if err := readVariables(stdout); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

func findServer() string {
	if path := os.Getenv("RQ_TESTD"); path != "" {
		return path
	}
	if path := "../../target/release/testd"; exists(path) {
		return path
	}
	return "../../target/debug/testd"
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// readVariables puts the server's KEY=VALUE lines into the environment until all names are there.
func readVariables(output io.Reader) error {
	missing := make(map[string]bool)
	for _, name := range serverNames {
		missing["RQ_TEST_"+name] = true
	}
	lines := bufio.NewScanner(output)
	for len(missing) > 0 {
		if !lines.Scan() {
			return fmt.Errorf("ended without %v", missing)
		}
		key, value, _ := strings.Cut(lines.Text(), "=")
		os.Setenv(key, value)
		delete(missing, key)
	}
	return nil
}

// at is a URL on one of the servers: at("HTTPS", "/json").
func at(server, path string) string {
	return os.Getenv("RQ_TEST_"+server) + path
}

// open makes a session that ends with the test.
func open(t *testing.T, options ...Option) *Session {
	t.Helper()
	session, err := NewSession(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	return session
}

// get sends a GET that has to succeed.
func get(t *testing.T, session *Session, url string, options ...Option) *Response {
	t.Helper()
	response, err := session.Get(t.Context(), url, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

// visit is what /json says of the connection it was asked over.
type visit struct{ Connection, Request int }

func visitOf(t *testing.T, response *Response) (v visit) {
	t.Helper()
	if err := response.JSON(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// text reads a response that has to succeed.
func textOf(t *testing.T, response *Response) string {
	t.Helper()
	body, err := response.Text()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// pattern is what /bytes/N, /chunked/N and /close/N send.
func pattern(n int) []byte {
	content := make([]byte, n)
	for i := range content {
		content[i] = byte(i % 251)
	}
	return content
}
