// Save a large body to a file, which appears whole or not at all, and show how far it is.
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
	quarter := int64(1)
	response, err := session.Get(ctx, base+"/bytes/10000000",
		rq.OnDownload(func(received, total int64) error {
			for ; quarter <= 4 && received*4 >= total*quarter; quarter++ {
				fmt.Println(25*quarter, "%")
			}
			return nil // an error would end the download
		}))
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	if err := response.Raise(); err != nil {
		log.Fatal(err)
	}
	written, err := response.Save("download.bin")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(written, "bytes saved")
}
