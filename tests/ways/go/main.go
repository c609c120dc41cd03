// Every way out of this machine, in Go: directly and through each kind of proxy, over http and over
// https, a small and a large download, a large upload in chunks, and connections that are kept. The
// peers are real; rig starts them and tells where they are:
//
//	rig ways_go
//
// A line for each check that failed, then "N passed, N failed"; exit code 1 if any did. ways.c and
// ways.mjs check the same. What is refused, and why, is checked in Rust (tests/ways/main.rs).
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	rq "github.com/librq/librq/bindings/go"
)

const (
	period = 251
	piece  = 256 * 1024
)

// way is a way out.
type way struct {
	name     string
	proxy    string // the variable that has its URL; "": no proxy
	forwards bool   // it takes http:// requests itself, so that the server is not our peer
	ends     bool   // it ends the connection with each answer that it forwards
}

var ways = []way{
	{name: "no proxy"},
	{name: "squid", proxy: "SQUID", forwards: true},
	{name: "tinyproxy", proxy: "TINYPROXY", forwards: true, ends: true},
	{name: "squid behind TLS", proxy: "STUNNEL", forwards: true},
	{name: "dante, socks4", proxy: "SOCKS4_DANTE"},
	{name: "Twisted, socks4a", proxy: "SOCKS4A_TWISTED"},
	{name: "dante, socks5", proxy: "SOCKS5_DANTE"},
	{name: "dante, socks5h", proxy: "SOCKS5H_DANTE"},
	{name: "dante, socks5h, password", proxy: "SOCKS5H_DANTE_USER"},
	{name: "microsocks, socks5", proxy: "SOCKS5_MICROSOCKS"},
	{name: "microsocks, socks5, password", proxy: "SOCKS5_MICROSOCKS_USER"},
	{name: "microsocks, socks5h, password", proxy: "SOCKS5H_MICROSOCKS_USER"},
}

var (
	passed, failed int
	size           int64
	pattern        = make([]byte, piece+period) // a piece can start anywhere in a period
	background     = context.Background()
)

// trial is what is checked now: the way, its session, the origin.
type trial struct {
	way
	scheme, origin string
	session        *rq.Session
}

func main() {
	for at := range pattern {
		pattern[at] = byte(at % period)
	}
	var err error
	if size, err = strconv.ParseInt(env("LARGE_BYTES"), 10, 64); err != nil {
		fatal(err)
	}
	for _, way := range ways {
		run(way, "http", "HTTP")
		run(way, "https", "HTTPS")
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}

func run(way way, scheme, origin string) {
	options := []rq.Option{rq.TrustEnv(false), rq.CAFile(env("CA_FILE"))}
	if way.proxy != "" {
		proxy := env("PROXY_" + way.proxy)
		if proxy == "" {
			fmt.Printf("note: %s, %s: did not run, this proxy needs root\n", scheme, way.name)
			return
		}
		options = append(options, rq.Proxy("all", proxy))
	}
	session, err := rq.NewSession(options...)
	if err != nil {
		fatal(err)
	}
	defer session.Close()
	t := &trial{way, scheme, env(origin), session}
	first, err := t.small(false)
	t.check("small", err)
	t.check("kept", t.kept(first))
	t.check("large", t.large())
	t.check("upload", t.upload())
	if scheme == "https" {
		t.origin = env("MTLS")
		cert := rq.Cert(env("CLIENT_CERT"), env("CLIENT_KEY"), "")
		t.check("client certificate", t.known("CN=rig client", 200, cert))
		t.check("without one", t.known("", 400))
	}
}

// known asks the server that asks who comes: it is told, and without a certificate it is not.
func (t *trial) known(as string, status int, options ...rq.Option) error {
	response, err := t.session.Get(background, t.origin+"/whoami", options...)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	switch text, err := response.Text(); {
	case err != nil:
		return err
	case response.StatusCode != status || !strings.Contains(text, as):
		return fmt.Errorf("%d: %q", response.StatusCode, text)
	}
	return nil
}

// check counts a check.
func (t *trial) check(what string, err error) {
	if err == nil {
		passed++
		return
	}
	failed++
	fmt.Printf("FAILED %s, %s: %s: %v\n", t.scheme, t.name, what, err)
}

// small gets the small file: which of the server's connections it came over.
func (t *trial) small(reused bool) (connection string, err error) {
	response, err := t.session.Get(background, t.origin+"/small")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	switch text, err := response.Text(); {
	case err != nil:
		return "", err
	case response.StatusCode != 200 || text != "small":
		return "", fmt.Errorf("%d: %q", response.StatusCode, text)
	case response.Reused != reused:
		return "", fmt.Errorf("reused: %t", response.Reused)
	}
	return response.Header.Get("X-Connection"), nil
}

func (t *trial) kept(first string) error {
	forwarded := t.forwards && t.scheme == "http"
	second, err := t.small(!(forwarded && t.ends))
	if err == nil && first != second && !forwarded {
		err = fmt.Errorf("connection %s, then %s", first, second)
	}
	return err
}

func (t *trial) large() error {
	response, err := t.session.Get(background, t.origin+"/large")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := response.Raise(); err != nil {
		return err
	}
	var total int64
	for buffer := make([]byte, piece); ; {
		count, err := response.Body.Read(buffer)
		from := total % period
		if !bytes.Equal(buffer[:count], pattern[from:from+int64(count)]) {
			return fmt.Errorf("wrong after %d bytes", total)
		}
		total += int64(count)
		switch {
		case err == io.EOF && total == size:
			return nil
		case err == io.EOF:
			return fmt.Errorf("%d bytes of %d", total, size)
		case err != nil:
			return err
		}
	}
}

// source gives the pattern.
type source struct{ at, end int64 }

func (s *source) Read(p []byte) (int, error) {
	if s.at == s.end {
		return 0, io.EOF
	}
	count := min(int64(len(p)), piece, s.end-s.at)
	copy(p, pattern[s.at%period:][:count])
	s.at += count
	return int(count), nil
}

func (t *trial) upload() error {
	response, err := t.session.Do(background, &rq.Request{
		Method: "POST", URL: t.origin + "/upload", BodyReader: &source{end: size}, BodyLength: -1,
	})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := response.Raise(); err != nil {
		return err
	}
	var arrived struct {
		Bytes  int64
		SHA256 string
	}
	if err := response.JSON(&arrived); err != nil {
		return err
	}
	if arrived.Bytes != size || arrived.SHA256 != env("LARGE_SHA256") {
		return fmt.Errorf("%d bytes of %d arrived, SHA-256 %s", arrived.Bytes, size, arrived.SHA256)
	}
	return nil
}

func env(name string) string {
	value, found := os.LookupEnv("RQ_WAY_" + name)
	if !found {
		fatal(fmt.Errorf("RQ_WAY_%s is not set: run this program under rig", name))
	}
	return value
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "ways:", err)
	os.Exit(2)
}
