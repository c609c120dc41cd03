// A deadline for a whole call, and a cancel from another goroutine: both are the context's, both
// end a request wherever it is, and the session serves the next one.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	rq "github.com/librq/librq/bindings/go"
)

func main() {
	ctx, base := context.Background(), os.Args[1]
	session, err := rq.NewSession()
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	hurried, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	_, err = session.Get(hurried, base+"/delay/60000")
	if !errors.Is(err, context.DeadlineExceeded) {
		log.Fatal("no deadline: ", err)
	}
	fmt.Println("the deadline passed")

	ctx, cancel = context.WithCancel(ctx)
	time.AfterFunc(100*time.Millisecond, cancel)
	_, err = session.Get(ctx, base+"/delay/60000")
	if !errors.Is(err, context.Canceled) {
		log.Fatal("not cancelled: ", err)
	}
	fmt.Println("cancelled")
}
