// PUT a file: it is streamed from the disk, with its length, and never held in memory.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	rq "github.com/librq/librq/bindings/go"
)

func main() {
	ctx, base := context.Background(), os.Args[1]
	session, err := rq.NewSession()
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	response, err := session.Do(ctx, &rq.Request{
		Method: "PUT", URL: base + "/upload", BodyFile: "report.txt",
		Options: []rq.Option{rq.Header("Content-Type", "text/plain")},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	if err := response.Raise(); err != nil {
		log.Fatal(err)
	}
	text, err := response.Text()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(text)
}
