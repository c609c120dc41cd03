// How much memory it takes to stream large bodies through the Go binding: a download, an upload
// from a reader, and a download whose gzip makes a few bytes into many. Prints, for each, how many
// KiB the process has needed at its peak beyond what it needs idle, after a small request. run.sh
// judges.
//
//	stream_go URL [BYTES]
//
// URL is a server's, with the endpoints /bytes/N, /sink and /bomb/N; BYTES is 1 GiB by default.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	rq "github.com/librq/librq/bindings/go"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "stream_go:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 0 {
		return fmt.Errorf("usage: stream_go URL [BYTES]")
	}
	url, size := arguments[0], int64(1<<30)
	if len(arguments) > 1 {
		var err error
		if size, err = strconv.ParseInt(arguments[1], 10, 64); err != nil {
			return err
		}
	}
	session, err := rq.NewSession(rq.TrustEnv(false))
	if err != nil {
		return err
	}
	defer session.Close()
	if err := download(session, url+"/bytes/1000", 1000); err != nil {
		return err
	}
	idle, err := peak()
	if err != nil {
		return err
	}
	for _, stream := range []struct {
		name, path string
		run        func(session *rq.Session, url string, size int64) error
	}{
		{"download", fmt.Sprintf("/bytes/%d", size), download},
		{"upload", "/sink", upload},
		{"bomb", fmt.Sprintf("/bomb/%d", size), download},
	} {
		if err := stream.run(session, url+stream.path, size); err != nil {
			return fmt.Errorf("%s: %w", stream.name, err)
		}
		now, err := peak()
		if err != nil {
			return err
		}
		fmt.Println(stream.name, now-idle)
	}
	return nil
}

func download(session *rq.Session, url string, want int64) error {
	response, err := session.Get(context.Background(), url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := response.Raise(); err != nil {
		return err
	}
	switch n, err := io.Copy(io.Discard, response.Body); {
	case err != nil:
		return err
	case n != want:
		return fmt.Errorf("%d bytes, not %d", n, want)
	}
	return nil
}

func upload(session *rq.Session, url string, size int64) error {
	response, err := session.Do(context.Background(), &rq.Request{
		Method: "PUT", URL: url, BodyReader: io.LimitReader(zeros{}, size), BodyLength: size,
	})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := response.Raise(); err != nil {
		return err
	}
	var arrived struct{ Bytes int64 }
	if err := response.JSON(&arrived); err != nil {
		return err
	}
	if arrived.Bytes != size {
		return fmt.Errorf("%d bytes arrived, not %d", arrived.Bytes, size)
	}
	return nil
}

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// peak is the most memory that the process had so far, in KiB.
func peak() (kib int, err error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			return strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")))
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no VmHWM")
}
