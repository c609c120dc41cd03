// Ten thousand cancelled requests leave nothing behind: no goroutine, thread or descriptor.

package rq

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"
)

// threads counts those of this process.
func threads(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	must(t, err)
	count, err := strconv.Atoi(string(regexp.MustCompile(`Threads:\s+(\d+)`).FindSubmatch(status)[1]))
	must(t, err)
	return count
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(entries)
}

func TestCancelledRequestsLeaveThreadsAndGoroutinesFlat(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("threads are counted in /proc")
	}
	const workers, slack = 16, 8
	session := open(t)
	client := &http.Client{Transport: &Transport{Session: session, MaxConcurrent: workers / 2}}
	cancelMany(t, workers, cancelledRequests/10, session, client)
	session.CloseIdle()
	goroutines, system, files := runtime.NumGoroutine(), threads(t), descriptors(t)

	cancelMany(t, workers, cancelledRequests, session, client)
	eventually(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= goroutines })
	eventually(t, "descriptors to close", func() bool {
		session.CloseIdle()
		return descriptors(t) <= files
	})
	// Go keeps the threads that it has, so there are as many as once were needed at the same time.
	if now := threads(t); now > system+slack {
		t.Fatalf("%d threads, and %d before", now, system)
	}
}

// cancelMany cancels requests in each of their states.
func cancelMany(t *testing.T, workers, count int, session *Session, client *http.Client) {
	t.Helper()
	states := []func(context.Context) error{
		func(ctx context.Context) error { return uploading(ctx, client) },
		func(ctx context.Context) error {
			r, _ := http.NewRequestWithContext(ctx, "GET", at("HTTP", "/stall-body"), nil)
			return readingHTTP(client.Do(r))
		},
	}
	for _, url := range []string{
		at("HTTP", "/stall-head"), at("HTTP", "/stall-body"), at("BLACKHOLE", "/"),
		"https://" + at("SILENT", "/"),
	} {
		states = append(states, func(ctx context.Context) error { return reading(session.Get(ctx, url)) })
	}
	var running sync.WaitGroup
	for worker := range workers {
		running.Add(1)
		go func() {
			defer running.Done()
			for i := worker; i < count; i += workers {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%5)*500*time.Microsecond)
				err := states[i/workers%len(states)](ctx)
				cancel()
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("state %d: %v", i/workers%len(states), err)
				}
			}
		}()
	}
	running.Wait()
}

func reading(response *Response, err error) error {
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = response.Bytes()
	return err
}

func readingHTTP(response *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.ReadAll(response.Body)
	return err
}

// uploading sends a body that never ends.
func uploading(ctx context.Context, client *http.Client) error {
	reader, writer := io.Pipe()
	defer writer.Close()
	r, err := http.NewRequestWithContext(ctx, "PUT", at("HTTP", "/upload"), reader)
	if err != nil {
		return err
	}
	return readingHTTP(client.Do(r))
}
