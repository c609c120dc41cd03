// POST a form, as a browser does; names may be repeated. The server answers with what it got.
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
		Method: "POST", URL: base + "/echo",
		Form: []rq.Field{
			{Name: "name", Value: "Ann Lee"}, {Name: "drink", Value: "tea"}, {Name: "drink", Value: "café"},
		},
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
