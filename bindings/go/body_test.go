// Streaming: every framing and size of read, truncation, Close at any moment.

package rq

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

func TestDownloadIsWhole(t *testing.T) {
	session := open(t)
	want := textOf(t, get(t, session, at("HTTP", "/sha256/67108864")))
	response := get(t, session, at("HTTP", "/bytes/67108864"))
	sum := sha256.New()
	n, err := io.Copy(sum, response.Body)
	must(t, err)
	if got := hex.EncodeToString(sum.Sum(nil)); n != 64<<20 || got != want {
		t.Fatalf("%d bytes, %s, not %s", n, got, want)
	}
}

func TestEveryFraming(t *testing.T) {
	session, want := open(t), pattern(25_001)
	for _, framing := range []string{"bytes", "chunked", "close"} {
		response := get(t, session, at("HTTP", "/"+framing+"/25001"))
		content, err := response.Bytes()
		if err != nil || !bytes.Equal(content, want) {
			t.Errorf("%s: %d bytes, %v", framing, len(content), err)
		}
	}
}

func TestReadsOfAnySize(t *testing.T) {
	session, want := open(t), pattern(500)
	for _, size := range []int{1, 7, 499, 500, 501, 5000} {
		response := get(t, session, at("HTTP", "/chunked/500"))
		var content []byte
		p := make([]byte, size)
		for {
			n, err := response.Body.Read(p)
			content = append(content, p[:n]...)
			if err == io.EOF {
				break
			}
			must(t, err)
		}
		if !bytes.Equal(content, want) {
			t.Errorf("reads of %d: %d bytes", size, len(content))
		}
		if n, err := response.Body.Read(p); n != 0 || err != io.EOF {
			t.Errorf("after the end: %d, %v", n, err)
		}
	}
}

func TestReaderManners(t *testing.T) {
	session := open(t)
	response := get(t, session, at("HTTP", "/bytes/900"))
	if n, err := response.Body.Read(nil); n != 0 || err != nil {
		t.Fatalf("an empty read: %d, %v", n, err)
	}
	if err := iotest.TestReader(response.Body, pattern(900)); err != nil {
		t.Fatal(err)
	}
}

func TestDecodeFromTheStream(t *testing.T) {
	session := open(t)
	response := get(t, session, at("HTTP", "/json"))
	var v visit
	must(t, json.NewDecoder(response.Body).Decode(&v))
	if v.Request != 1 {
		t.Fatal(v)
	}
}

func TestTruncatedBodyGivesItsBytesAndAnError(t *testing.T) {
	session := open(t, CAFile(at("CA_FILE", "")))
	for _, server := range []string{"HTTP", "HTTPS"} {
		response := get(t, session, at(server, "/truncated"))
		content, err := response.Bytes()
		wantCode(t, err, ErrIncomplete)
		if len(content) != 500 {
			t.Fatalf("%d bytes", len(content))
		}
		if again, err := response.Bytes(); len(again) != 500 || !errors.Is(err, ErrIncomplete) {
			t.Fatalf("again: %d bytes, %v", len(again), err)
		}
	}
}

func TestErrorStays(t *testing.T) {
	session := open(t)
	response := get(t, session, at("HTTP", "/truncated-chunked"))
	_, err := io.Copy(io.Discard, response.Body)
	wantCode(t, err, ErrIncomplete)
	_, err = response.Body.Read(make([]byte, 1000))
	wantCode(t, err, ErrIncomplete)
	must(t, response.Body.Close())
}

func TestReadAfterClose(t *testing.T) {
	session := open(t)
	response := get(t, session, at("HTTP", "/bytes/100000"))
	_, err := io.ReadFull(response.Body, make([]byte, 10)) // leaves bytes in the small buffer
	must(t, err, response.Body.Close(), response.Body.Close())
	for _, size := range []int{1, 1000} {
		n, err := response.Body.Read(make([]byte, size))
		if n != 0 {
			t.Fatalf("read %d bytes", n)
		}
		wantCode(t, err, ErrMisuse)
	}
	_, err = response.Bytes()
	wantCode(t, err, ErrMisuse)
}

// Close ends a Read that waits for a silent peer, also where no context could.
func TestCloseWakesRead(t *testing.T) {
	session := open(t)
	response, err := session.Get(context.Background(), at("HTTP", "/stall-body"))
	must(t, err)
	_, err = io.ReadFull(response.Body, make([]byte, 10))
	must(t, err)
	begin := time.Now()
	failure := make(chan error)
	go func() {
		_, err := response.Body.Read(make([]byte, 1000))
		failure <- err
	}()
	must(t, response.Body.Close())
	wantCode(t, <-failure, ErrMisuse)
	soon(t, begin)
}

func TestCloseRacesRead(t *testing.T) {
	session := open(t)
	for range 50 {
		response := get(t, session, at("HTTP", "/bytes/3000000"))
		var running sync.WaitGroup
		for range 2 {
			running.Add(2)
			go func() {
				defer running.Done()
				if _, err := io.Copy(io.Discard, response.Body); err != nil {
					if !errors.Is(err, ErrMisuse) {
						t.Error(err)
					}
				}
			}()
			go func() {
				defer running.Done()
				response.Body.Close()
			}()
		}
		running.Wait()
	}
	if v := visitOf(t, get(t, session, at("HTTP", "/json"))); v.Connection == 0 {
		t.Fatal(v)
	}
}

// soon allows a busy machine ten times what is promised.
func soon(t *testing.T, begin time.Time) {
	t.Helper()
	if took := time.Since(begin); took > time.Second {
		t.Fatalf("took %v", took)
	}
}
