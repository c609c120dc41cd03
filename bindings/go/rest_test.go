// The end of a body whose length was declared: it comes with the last bytes, and no Read waits for
// more than has to come.

package rq

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"
)

func TestEndComesWithTheLastBytes(t *testing.T) {
	session := open(t)
	for i, size := range []int{1, 7, 600, 1000, 5000} { // of 600 bytes
		response := get(t, session, at("HTTP", "/bytes/600"))
		if response.Reused != (i > 0) { // nothing but the end gives a connection back
			t.Fatalf("reads of %d: reused %v", size, response.Reused)
		}
		content, p := []byte(nil), make([]byte, size)
		for len(content) < 600 {
			n, err := response.Body.Read(p)
			content = append(content, p[:n]...)
			if ended := len(content) == 600 && n < size; (err == io.EOF) != ended {
				t.Fatalf("reads of %d: after %d bytes %v", size, len(content), err)
			}
		}
		if n, err := response.Body.Read(p); n != 0 || err != io.EOF {
			t.Fatalf("reads of %d: after the end %d, %v", size, n, err)
		}
		if !bytes.Equal(content, pattern(600)) {
			t.Fatalf("reads of %d: other bytes", size)
		}
	}
}

// A piece of a coded body may be as long as the whole is before it is decoded.
func TestReadDoesNotWaitWhereCodedAndDecodedLengthsMeet(t *testing.T) {
	coded, first, decoded := meeting(t)
	proceed := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", strconv.Itoa(len(coded)))
		w.Write(coded[:first])
		w.(http.Flusher).Flush()
		<-proceed
		w.Write(coded[first:])
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	response, err := open(t).Get(ctx, server.URL)
	if err != nil {
		close(proceed)
		t.Fatal(err)
	}
	defer response.Body.Close()
	p := make([]byte, 1000)
	n, err := response.Body.Read(p)
	close(proceed)
	if n != decoded || n != int(response.ContentLength) || err != nil {
		t.Fatalf("%d bytes of %d, %v", n, response.ContentLength, err)
	}
	if rest, err := io.ReadAll(response.Body); string(rest) != "the end" || err != nil {
		t.Fatalf("%q, %v", rest, err)
	}
}

// meeting makes a gzip whose first bytes decode to as many as it has in all.
func meeting(t *testing.T) (coded []byte, first, decoded int) {
	for decoded = range 200 {
		var made bytes.Buffer
		w := gzip.NewWriter(&made)
		w.Write(make([]byte, decoded))
		w.Flush()
		first = made.Len()
		w.Write([]byte("the end"))
		w.Close()
		if made.Len() == decoded {
			return made.Bytes(), first, decoded
		}
	}
	t.Fatal("there is no such length")
	return nil, 0, 0
}

func TestFailureAtTheEndComesWithTheLastBytes(t *testing.T) {
	failure := errors.New("no more of this")
	session := open(t, OnDownload(func(received, total int64) error {
		if received == total {
			return failure
		}
		return nil
	}))
	response := get(t, session, at("HTTP", "/bytes/100"))
	for range 2 {
		_, err := io.ReadAll(response.Body)
		if !errors.Is(err, ErrCallback) {
			t.Fatal(err)
		}
	}
	response = get(t, session, at("HTTP", "/bytes/100"))
	if _, err := io.ReadAll(response.Body); !errors.Is(err, failure) {
		t.Fatal(err)
	}
}

// The words of a head have room of their own where they are many.
func TestLongHeadsAreWhole(t *testing.T) {
	for _, count := range []int{1, 20, 50, 200} {
		header := http.Header{"X-Twice": {"a", "", "b"}}
		for i := range count {
			header.Set("X-Field-"+strconv.Itoa(i), string(bytes.Repeat([]byte{'v'}, i)))
		}
		session := open(t)
		must(t, session.Mount("mock://", AdapterFunc(func(*Prepared) (*Reply, error) {
			return &Reply{Reason: "Quite Fine", Header: header, Body: []byte("it")}, nil
		})))
		response := get(t, session, "mock://host/path")
		if response.Reason != "Quite Fine" || response.URL != "mock://host/path" {
			t.Fatalf("%d fields: %q from %q", count, response.Reason, response.URL)
		}
		for name, values := range header {
			if got := response.Header.Values(name); len(got) != len(values) || got[0] != values[0] {
				t.Fatalf("%d fields: %s is %q", count, name, got)
			}
		}
		if textOf(t, response) != "it" {
			t.Fatalf("%d fields: another body", count)
		}
	}
}

// An append by the caller to one name's values leaves those of the others alone.
func TestValuesOfAHeaderDoNotShareRoom(t *testing.T) {
	response := get(t, open(t), at("HTTP", "/bytes/10"))
	want := response.Header.Clone()
	for name := range response.Header {
		response.Header.Add(name, "another")
	}
	for name, values := range want {
		if got := response.Header[name]; got[0] != values[0] {
			t.Fatalf("%s: %q, not %q", name, got, values)
		}
	}
}
