// GET a page: its status, a header, its text. A status such as 404 is an error once Raise asks.
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

	response, err := session.Get(ctx, base+"/json")
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
	fmt.Println(response.StatusCode, response.Reason)
	fmt.Println("Content-Type:", response.Header.Get("content-type"))
	fmt.Println(text)
}
