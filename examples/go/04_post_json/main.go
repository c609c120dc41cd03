// POST JSON and read a JSON answer, both by way of encoding/json; the answer may come in any UTF.
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
		Method: "POST", URL: base + "/upload",
		JSON: map[string]any{"name": "tea", "price": 3},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	if err := response.Raise(); err != nil {
		log.Fatal(err)
	}
	var got struct{ Bytes int }
	if err := response.JSON(&got); err != nil {
		log.Fatal(err)
	}
	fmt.Println(got.Bytes, "bytes received")
}
