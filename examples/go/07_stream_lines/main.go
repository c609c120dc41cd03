// Read a feed line by line, each when it has come, however the network cut it.
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

	response, err := session.Get(ctx, base+"/lines/3/50")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	if err := response.Raise(); err != nil {
		log.Fatal(err)
	}
	for line, err := range response.TextLines() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(line)
	}
}
