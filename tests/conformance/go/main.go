// The Go agent of the conformance tests: does what the driver's lines say by the binding's public
// API, and replies what came of it. It knows nothing of cases and expectations. This file reads and
// replies; what a line means is in the tables of settings.go and actions.go.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	rq "github.com/librq/librq/bindings/go"
)

func main() {
	if err := converse(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "agent:", err)
		os.Exit(1)
	}
}

// converse obeys line after line until the input ends.
func converse(input io.Reader, output io.Writer) error {
	lines, replies := bufio.NewReader(input), bufio.NewWriter(output)
	current := new(conversation)
	defer current.close()
	for {
		text, err := lines.ReadString('\n')
		if err == io.EOF && text == "" {
			return nil
		}
		if err != nil && err != io.EOF {
			return err
		}
		l, err := parse(text)
		if err != nil {
			return err
		}
		if l.word == "case" {
			current.close()
			current = new(conversation)
			continue
		}
		if err := current.obey(l, replies); err != nil {
			return err
		}
	}
}

// conversation is what one case has come to.
type conversation struct {
	failed  error                     // the first failure of a setter
	options []rq.Option               // the session's, until it is made
	jar     []func(*rq.Cookies) error // what is done to its cookies, until it is made

	session  *rq.Session
	request  *rq.Request
	prepared *rq.Prepared
}

func (c *conversation) close() {
	if c.prepared != nil {
		c.prepared.Close()
	}
	if c.session != nil {
		c.session.Close()
	}
}

// obey does what a line says, and replies if it is an action. Only a line that is none of the
// protocol's is an error of the agent's own.
func (c *conversation) obey(l line, replies *bufio.Writer) error {
	if action, ok := actions[l.word]; ok && len(l.fields) == 0 { // "proxy" is a setter too
		var reply []line
		err := c.failed
		if err == nil {
			reply, err = action(c)
		}
		if err != nil {
			reply = []line{failure(err)}
		}
		for _, l := range append(reply, line{word: "."}) {
			replies.WriteString(l.String() + "\n")
		}
		return replies.Flush()
	}
	set, ok := setters[l.word]
	if !ok || len(l.fields) != set.fields {
		return fmt.Errorf("%s with %d fields is no line of the protocol", l.word, len(l.fields))
	}
	if c.failed == nil {
		c.failed = set.do(c, l.fields)
	}
	return nil
}

// failure is the reply to an action that failed.
func failure(err error) line {
	var detail *rq.Error
	if !errors.As(err, &detail) {
		return lineOf("error", "", "", err.Error())
	}
	return lineOf("error", detail.Exception, detail.Code.Error(), detail.Message)
}
