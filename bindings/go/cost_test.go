// What a request costs: crossings into C, and the memory of Go's.

package rq

import (
	"context"
	"io"
	"runtime"
	"testing"
)

// small is a GET whose body comes at once, read to its end and closed.
func small(t *testing.T, session *Session) {
	response, err := session.Get(context.Background(), at("HTTP", "/bytes/100"))
	must(t, err)
	p := make([]byte, 1000)
	read, err := 0, error(nil)
	for err == nil {
		var n int
		n, err = response.Body.Read(p[read:])
		read += n
	}
	if read != 100 || err != io.EOF {
		t.Fatalf("%d bytes, %v", read, err)
	}
	must(t, response.Body.Close())
}

// The request is made and performed, its body read, and all of it freed. Where the body came later
// than the head, or the collector freed something of another test, there are more.
func TestSmallGetCrossesIntoCFourTimes(t *testing.T) {
	session := open(t)
	small(t, session)
	least := int64(1000)
	for range 50 {
		before := runtime.NumCgoCall()
		small(t, session)
		least = min(least, runtime.NumCgoCall()-before)
	}
	if least != 4 {
		t.Fatalf("%d crossings", least)
	}
}
