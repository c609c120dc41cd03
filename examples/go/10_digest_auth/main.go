// Digest authentication: the first request is challenged and answered within one call; those after
// it carry the answer from the start. The password is never sent.
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
	session, err := rq.NewSession(rq.DigestAuth("ann", "secret"))
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	for range 2 {
		response, err := session.Get(ctx, base+"/digest/ann/secret")
		if err != nil {
			log.Fatal(err)
		}
		if err := response.Raise(); err != nil {
			log.Fatal(err)
		}
		text, err := response.Text()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d, challenges: %d, %s\n", response.StatusCode, len(response.History()), text)
		response.Body.Close()
	}
}
