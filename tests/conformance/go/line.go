// One line of the protocol between the driver and an agent: fields separated by TAB, every byte
// that is not visible ASCII (and %) as %XX, null as a lone %.

package main

import (
	"fmt"
	"net/url"
	"strings"
)

type line struct {
	word   string
	fields []field
}

// field is a text, or null.
type field struct {
	text string
	null bool
}

func lineOf(word string, texts ...string) line {
	l := line{word: word}
	for _, text := range texts {
		l.fields = append(l.fields, field{text: text})
	}
	return l
}

func parse(text string) (line, error) {
	parts := strings.Split(strings.TrimSuffix(text, "\n"), "\t")
	l := line{word: parts[0]}
	for _, part := range parts[1:] {
		if part == "%" {
			l.fields = append(l.fields, field{null: true})
			continue
		}
		text, err := url.PathUnescape(part)
		if err != nil {
			return l, fmt.Errorf("a field of %s: %w", l.word, err)
		}
		l.fields = append(l.fields, field{text: text})
	}
	return l, nil
}

func (l line) String() string {
	var b strings.Builder
	b.WriteString(l.word)
	for _, field := range l.fields {
		b.WriteByte('\t')
		if field.null {
			b.WriteByte('%')
		}
		escape(&b, field.text)
	}
	return b.String()
}

func escape(b *strings.Builder, text string) {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c > '~' || c == '%' {
			fmt.Fprintf(b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
}
