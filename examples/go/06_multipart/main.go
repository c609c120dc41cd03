// POST a form with files, one from the disk and one from memory: multipart/form-data.
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
		Method: "POST", URL: base + "/echo", Form: []rq.Field{{Name: "title", Value: "Week 12"}},
		Parts: []rq.Part{
			{Name: "note", Path: "note.txt", Type: "text/plain"},
			{Name: "data", Body: []byte("1,2,3\n"), Filename: "data.csv", Type: "text/csv"},
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
	fmt.Print(text)
}
