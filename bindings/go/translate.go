// Requests and responses of net/http's, in this package's words and back.

package rq

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func requestOf(r *http.Request) *Request {
	request := &Request{
		Method: methodOf(r),
		URL:    urlOf(r),
		Options: []Option{
			codingOf(r), headerOf(r), PathAsIs(true), NoAuth(), Jar(false),
			FollowRedirects(false), Decode(true),
		},
	}
	if r.Body != nil && r.Body != http.NoBody {
		request.BodyReader, request.BodyLength, request.GetBody = r.Body, lengthOfBody(r), r.GetBody
	}
	return request
}

// lengthOfBody is net/http's: with a body, 0 means unknown.
func lengthOfBody(r *http.Request) int64 {
	if r.ContentLength <= 0 || slices.Contains(r.TransferEncoding, "chunked") {
		return -1
	}
	return r.ContentLength
}

func methodOf(r *http.Request) string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}

// urlOf leaves out the credentials: http.Client has made a header of them. An opaque URL is what
// net/http sends as it stands.
func urlOf(r *http.Request) string {
	url := *r.URL
	url.User = nil
	if url.Opaque != "" && !strings.HasPrefix(url.Opaque, "//") {
		return url.Scheme + "://" + url.Host + url.RequestURI()
	}
	return url.String()
}

// headerOf copies the header. A name without values is net/http's way to leave a default out. Host
// and framing are told by other fields.
func headerOf(r *http.Request) Option {
	return func(s *settings) {
		if r.Host != "" && r.Host != r.URL.Host {
			Header("Host", r.Host)(s)
		}
		if r.Close {
			Header("Connection", "close")(s)
		}
		header := make(http.Header, len(r.Header))
		for name, values := range r.Header {
			switch strings.ToLower(name) {
			case "host", "content-length", "transfer-encoding", "trailer":
				continue
			}
			header[name] = trimmed(values)
		}
		Headers(header)(s)
	}
}

// trimmed are the values without the space around them, which net/http takes off.
func trimmed(values []string) []string {
	values = slices.Clone(values)
	for i, value := range values {
		values[i] = strings.Trim(value, " \t")
	}
	return values
}

func httpResponse(response *Response, r *http.Request) *http.Response {
	result := &http.Response{
		Status:        fmt.Sprintf("%d %s", response.StatusCode, response.Reason),
		StatusCode:    response.StatusCode,
		Proto:         "HTTP/" + response.HTTPVersion,
		Header:        response.Header,
		Body:          rawBody{response.own},
		ContentLength: response.ContentLength,
		Trailer:       response.Trailer,
		Request:       r,
		TLS:           tlsStateOf(response),
	}
	result.ProtoMajor, result.ProtoMinor, _ = http.ParseHTTPVersion(result.Proto)
	takeFraming(result)
	switch {
	case r.Method == http.MethodHead || response.ContentLength == 0:
		response.Body.Close() // where nothing follows, callers of net/http may leave out Close
		result.Body = http.NoBody
		if r.Method == http.MethodHead {
			result.ContentLength = declaredBy(result.Header)
		}
	case asksForGzip(r) && strings.EqualFold(result.Header.Get("Content-Encoding"), "gzip"):
		result.Header.Del("Content-Encoding")
		result.Header.Del("Content-Length")
		result.ContentLength, result.Uncompressed = -1, true
		result.Body = response.own
	}
	return result
}

// takeFraming moves what the header says of this connection, and of the body's framing, to where
// net/http has it.
func takeFraming(result *http.Response) {
	header := result.Header
	if hasToken(header["Transfer-Encoding"], "chunked") {
		result.TransferEncoding = []string{"chunked"}
		for _, name := range tokens(header["Trailer"]) {
			if result.Trailer != nil {
				result.Trailer[http.CanonicalHeaderKey(name)] = nil // its value comes at the end
			}
		}
		header.Del("Transfer-Encoding")
		header.Del("Trailer")
	}
	told := hasToken(header["Connection"], "close")
	if told {
		header.Del("Connection")
	}
	result.Close = told ||
		result.ProtoMinor == 0 && !hasToken(header["Connection"], "keep-alive") ||
		result.ContentLength < 0 && result.TransferEncoding == nil
}

// tokens are the elements of a field that is a list.
func tokens(values []string) (list []string) {
	for element := range strings.SplitSeq(strings.Join(values, ","), ",") {
		if element = strings.TrimSpace(element); element != "" {
			list = append(list, element)
		}
	}
	return list
}

func hasToken(values []string, token string) bool {
	return slices.ContainsFunc(tokens(values), func(element string) bool {
		return strings.EqualFold(element, token)
	})
}

// tlsStateOf is what net/http tells of TLS, as far as it is known; nil without TLS.
func tlsStateOf(response *Response) *tls.ConnectionState {
	certificates := response.Certificates()
	if len(certificates) == 0 {
		return nil
	}
	return &tls.ConnectionState{HandshakeComplete: true, PeerCertificates: certificates}
}

// declaredBy is the length that a GET's body would have; -1 if that is not told.
func declaredBy(header http.Header) int64 {
	length, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	if err != nil {
		return -1
	}
	return length
}

// asksForGzip tells whether the request leaves content codings to its transport.
func asksForGzip(r *http.Request) bool {
	return r.Header.Get("Accept-Encoding") == "" && r.Header.Get("Range") == "" &&
		r.Method != http.MethodHead
}

// codingOf sets what the request says of content codings, under its own header.
func codingOf(r *http.Request) Option {
	if asksForGzip(r) {
		return Header("Accept-Encoding", "gzip")
	}
	return WithoutHeader("Accept-Encoding")
}
