// Query parameters and a header of one request: they are escaped, and a name may be repeated.
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

	response, err := session.Get(ctx, base+"/echo",
		rq.Param("q", "tea & cake"), rq.ParamAdd("lang", "en"), rq.ParamAdd("lang", "de"),
		rq.Header("Accept", "text/plain"))
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
	fmt.Printf("%s\n%s", response.URL, text)
}
