// The clients in Go: net/http with one shared http.Client, and librq through its binding with one
// session, which BENCH_API names. Bodies are drained through 64 KiB. The command line and the line
// of results are those of ../c/bench.h; what a mode does is the same for both.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const blockBytes = 64 * 1024

// client is what is measured: each method sends, and panics where that fails.
type client interface {
	// get gives the body, decoded if gzip was asked for; the others, the sink's answer.
	get(url string) io.ReadCloser
	putFile(url, name string) io.ReadCloser
	putStream(url string, body io.Reader) io.ReadCloser
	postFiles(url string, names []string) io.ReadCloser
}

type settings struct {
	ca, mode string
	idle     int
}

type instant struct{ wall, user, sys float64 }

var started = time.Now()

func now() instant {
	var r syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return instant{time.Since(started).Seconds(), seconds(r.Utime), seconds(r.Stime)}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func number(text string) int {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	must(err)
	return n
}

// statusKiB is a figure of /proc/self/status.
func statusKiB(name string) int {
	status, err := os.ReadFile("/proc/self/status")
	must(err)
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, name+":"); found {
			return number(strings.TrimSuffix(strings.TrimSpace(value), "kB"))
		}
	}
	panic(name)
}

func residentKiB() int {
	runtime.GC()
	debug.FreeOSMemory()
	return statusKiB("VmRSS")
}

type plain struct{ io.Writer } // hides ReadFrom, so that CopyBuffer uses the buffer

type onlyReader struct{ io.Reader } // hides WriteTo, for the same reason

func drain(body io.ReadCloser, buffer []byte) int {
	n, err := io.CopyBuffer(plain{io.Discard}, onlyReader{body}, buffer)
	must(err)
	must(body.Close())
	return int(n)
}

// told is the sink's answer: the number of bytes that it has read.
func told(body io.ReadCloser) int {
	text, err := io.ReadAll(body)
	must(err)
	must(body.Close())
	return number(string(text))
}

// generator gives blocks of 64 KiB, each of one letter.
type generator struct{ left int }

func (g *generator) Read(p []byte) (int, error) {
	if g.left == 0 {
		return 0, io.EOF
	}
	part := blockBytes
	if g.left%blockBytes != 0 {
		part = g.left % blockBytes
	}
	p = p[:min(part, len(p))]
	letter := byte('a' + g.left/blockBytes%26)
	for i := range p {
		p[i] = letter
	}
	g.left -= len(p)
	return len(p), nil
}

func gets(c client, url string, count, threads int) (total int) {
	var all sync.WaitGroup
	sums := make([]int, threads)
	for i := range threads {
		all.Add(1)
		go func() {
			defer all.Done()
			buffer := make([]byte, blockBytes)
			for range count / threads {
				sums[i] += drain(c.get(url), buffer)
			}
		}()
	}
	all.Wait()
	for _, sum := range sums {
		total += sum
	}
	return total
}

func holdIdle(c client, url string, count int) (total int, idleKiB float64) {
	buffer := make([]byte, blockBytes)
	before := residentKiB()
	bodies := make([]io.ReadCloser, count)
	for i := range bodies {
		bodies[i] = c.get(url)
	}
	for _, body := range bodies {
		total += drain(body, buffer)
	}
	clear(bodies)
	return total, float64(residentKiB()-before) / float64(count)
}

func main() {
	mode, url, count, threads := os.Args[1], os.Args[2], number(os.Args[3]), number(os.Args[4])
	files := os.Args[5:]
	given := settings{ca: os.Getenv("BENCH_CA"), mode: mode, idle: count + 64}
	var c client
	switch os.Getenv("BENCH_API") {
	case "librq":
		c = newLibrq(given)
	default:
		c = newNetHTTP(given)
	}
	if warm := os.Getenv("BENCH_WARM"); warm != "" {
		drain(c.get(warm), make([]byte, 4096))
	}
	began, total, idleKiB := now(), 0, 0.0
	switch mode {
	case "get", "gzip", "new":
		total = gets(c, url, count, threads)
	case "put":
		for range count {
			total += told(c.putFile(url, files[0]))
		}
	case "chunked":
		total = told(c.putStream(url, &generator{count * blockBytes}))
	case "mime":
		total = told(c.postFiles(url, files))
	case "idle":
		total, idleKiB = holdIdle(c, url, count)
	default:
		os.Exit(2)
	}
	ended := now()
	fmt.Printf("n=%d bytes=%d wall=%.6f user=%.6f sys=%.6f peak_kib=%d idle_kib=%.2f\n", count, total,
		ended.wall-began.wall, ended.user-began.user, ended.sys-began.sys, statusKiB("VmHWM"), idleKiB)
}
