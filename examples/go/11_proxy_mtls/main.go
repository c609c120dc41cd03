// Through a proxy to a server that wants a client certificate. The proxy only sees a tunnel; what
// is wrong with a certificate is the Reason of an *rq.Error: "expired", "unknown_issuer", …
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	rq "github.com/librq/librq/bindings/go"
)

func main() {
	ctx, base, proxy := context.Background(), os.Args[1], os.Args[2]
	session, err := rq.NewSession(
		rq.Proxy("https", proxy),
		rq.CAFile("ca.pem"),
		rq.Cert("client.pem", "client.key", ""),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()

	response, err := session.Get(ctx, base+"/sha256/0")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	if err := response.Raise(); err != nil {
		log.Fatal(err)
	}
	for i, certificate := range response.Certificates() {
		fmt.Printf("certificate %d: %s\n", i, certificate.Subject)
	}
	fmt.Println(response.StatusCode, response.Reason)
}
