// A session keeps the cookies that servers set, and yours; a file keeps them for the next run.
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
	cookies := session.Cookies()

	if err := cookies.Set(rq.StoredCookie{Name: "theme", Value: "dark"}); err != nil {
		log.Fatal(err)
	}
	for _, path := range []string{"/headers", "/echo"} { // the first one sets two cookies
		response, err := session.Get(ctx, base+path)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(path, "was sent", response.Request().Header("Cookie"))
		response.Body.Close()
	}
	for _, cookie := range cookies.All() {
		fmt.Println(cookie.Name, "is", cookie.Value)
	}
	if err := cookies.Save("cookies.txt"); err != nil { // Load brings them back
		log.Fatal(err)
	}
}
