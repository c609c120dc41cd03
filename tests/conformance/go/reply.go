// Replies: what the binding tells of headers, a response, a jar.

package main

import (
	"strconv"

	rq "github.com/librq/librq/bindings/go"
)

func headers(fields []rq.Field) (lines []line) {
	for _, field := range fields {
		lines = append(lines, lineOf("header", field.Name, field.Value))
	}
	return lines
}

// answer reads the body, then tells everything of a response.
func answer(response *rq.Response) ([]line, error) {
	body, err := response.Bytes()
	if err != nil {
		return nil, err
	}
	text, err := response.Text()
	if err != nil {
		return nil, err
	}
	reply := []line{
		lineOf("status", strconv.Itoa(response.StatusCode)),
		lineOf("reason", response.Reason),
		lineOf("url", response.URL),
	}
	reply = append(reply, headers(response.RawHeader)...)
	for _, hop := range response.History() {
		reply = append(reply, lineOf("history", strconv.Itoa(hop.StatusCode), hop.URL))
	}
	encoding := response.Encoding()
	reply = append(reply,
		lineOf("ok", bit(response.OK())),
		lineOf("is_redirect", bit(response.IsRedirect())),
		lineOf("is_permanent_redirect", bit(response.IsPermanentRedirect())),
		line{word: "encoding", fields: []field{{text: encoding, null: encoding == ""}}},
	)
	for _, link := range response.Links() {
		reply = append(reply, lineOf("link", link.Key, link.URL))
		for _, param := range link.Params {
			reply = append(reply, lineOf("link_param", link.Key, param.Name, param.Value))
		}
	}
	reply = append(reply, cookies(response.Cookies())...)
	return append(reply, lineOf("content", string(body)), lineOf("text", text)), nil
}

func cookies(jar *rq.Cookies) (lines []line) {
	for _, cookie := range jar.All() {
		lines = append(lines, lineOf(
			"cookie", cookie.Name, cookie.Value, cookie.Domain, cookie.Path, bit(cookie.Secure),
		))
	}
	return lines
}

func bit(on bool) string {
	if on {
		return "1"
	}
	return "0"
}
