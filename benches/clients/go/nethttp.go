// net/http: one http.Client on a Transport of its own. Writes go through 64 KiB, as everywhere
// here; reads stay at net/http's default.

package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
)

const sessionsKept = 16

type netHTTP struct{ client *http.Client }

func newNetHTTP(s settings) client {
	transport := &http.Transport{
		MaxIdleConnsPerHost: s.idle,
		DisableCompression:  s.mode != "gzip",
		DisableKeepAlives:   s.mode == "new",
		WriteBufferSize:     blockBytes,
		TLSClientConfig:     &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(sessionsKept)},
	}
	if s.ca != "" {
		pem, err := os.ReadFile(s.ca)
		must(err)
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem)
	}
	return netHTTP{&http.Client{Transport: transport}}
}

func body(response *http.Response, err error) io.ReadCloser {
	must(err)
	if response.StatusCode != http.StatusOK {
		panic(response.Status)
	}
	return response.Body
}

func (c netHTTP) get(url string) io.ReadCloser { return body(c.client.Get(url)) }

func (c netHTTP) putFile(url, name string) io.ReadCloser {
	file, err := os.Open(name)
	must(err)
	status, err := file.Stat()
	must(err)
	request, err := http.NewRequest("PUT", url, file)
	must(err)
	request.ContentLength = status.Size()
	return body(c.client.Do(request))
}

func (c netHTTP) putStream(url string, stream io.Reader) io.ReadCloser {
	request, err := http.NewRequest("PUT", url, stream)
	must(err)
	return body(c.client.Do(request))
}

func (c netHTTP) postFiles(url string, names []string) io.ReadCloser {
	reader, writer := io.Pipe()
	form := multipart.NewWriter(writer)
	go func() { writer.CloseWithError(writeForm(form, names)) }()
	request, err := http.NewRequest("POST", url, reader)
	must(err)
	request.Header.Set("Content-Type", form.FormDataContentType())
	return body(c.client.Do(request))
}

func writeForm(form *multipart.Writer, names []string) error {
	buffer := make([]byte, blockBytes)
	for i, name := range names {
		part, err := form.CreateFormFile(fmt.Sprintf("f%d", i), name)
		if err != nil {
			return err
		}
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		_, err = io.CopyBuffer(plain{part}, onlyReader{file}, buffer)
		file.Close()
		if err != nil {
			return err
		}
	}
	return form.Close()
}
