// The demo's download, and the bar that shows how far it is.

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	rq "github.com/librq/librq/bindings/go"
)

const size = 256 << 20

// download streams a large body into a file, and compares its SHA-256 with the server's.
func download(session *rq.Session) (speed float64, err error) {
	folder, err := os.MkdirTemp("", "rq-demo-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	file, err := os.Create(filepath.Join(folder, "download"))
	if err != nil {
		return 0, err
	}
	defer file.Close()

	begin := time.Now()
	response, err := session.Get(ctx, fmt.Sprintf("%s/bytes/%d", secure, size))
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	sum, bar := sha256.New(), newProgress(response.ContentLength)
	if _, err := io.Copy(io.MultiWriter(file, sum, bar), response.Body); err != nil {
		return 0, err
	}
	speed = float64(size>>20) / time.Since(begin).Seconds()

	expected, err := session.Get(ctx, fmt.Sprintf("%s/sha256/%d", secure, size))
	if err != nil {
		return 0, err
	}
	digest, err := expected.Text()
	if err == nil && digest != hex.EncodeToString(sum.Sum(nil)) {
		err = errors.New("the download's SHA-256 is not the server's")
	}
	return speed, err
}

// progress is a writer that shows on stderr how much went through it: as a bar on a terminal,
// redrawn ten times a second at most, otherwise as a line for every quarter.
type progress struct {
	total, done int64
	terminal    bool
	begin, next time.Time // next: of the bar
	quarter     int64
}

func newProgress(total int64) *progress {
	info, err := os.Stderr.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &progress{total: total, terminal: terminal, begin: time.Now(), quarter: 1}
}

func (p *progress) Write(data []byte) (int, error) {
	p.done += int64(len(data))
	if p.terminal {
		p.draw()
	} else if p.done*4 >= p.total*p.quarter {
		p.quarter = p.done*4/p.total + 1
		fmt.Fprintln(os.Stderr, p)
	}
	return len(data), nil
}

func (p *progress) draw() {
	if now := time.Now(); p.done == p.total || now.After(p.next) {
		p.next = now.Add(100 * time.Millisecond)
		full := int(p.done * 40 / p.total)
		fmt.Fprintf(os.Stderr, "\r[%s%s] %v ", strings.Repeat("#", full), strings.Repeat(" ", 40-full), p)
	}
	if p.done == p.total {
		fmt.Fprintln(os.Stderr)
	}
}

func (p *progress) String() string {
	seconds := time.Since(p.begin).Seconds()
	left := seconds * float64(p.total-p.done) / float64(p.done)
	return fmt.Sprintf("%3d %%, %4.0f MiB/s, %4.1f s left", p.done*100/p.total,
		float64(p.done)/(1<<20)/seconds, left)
}
