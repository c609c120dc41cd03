// Lines come back as they were, and broken ones are refused.

package main

import (
	"slices"
	"strings"
	"testing"
)

func TestEveryByteComesBack(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	sent := lineOf("body", string(all), "", "%", "é\t")
	sent.fields = append(sent.fields, field{null: true})
	text := sent.String()
	for _, c := range []byte(text) {
		if c != '\t' && (c <= ' ' || c > '~') {
			t.Fatalf("the byte %#x in %q", c, text)
		}
	}
	got, err := parse(text + "\n")
	if err != nil || got.word != sent.word || !slices.Equal(got.fields, sent.fields) {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestAFieldIsEncodedAsTheProtocolHasIt(t *testing.T) {
	l := lineOf("x", "", "a b", "%", "é")
	l.fields = append(l.fields, field{null: true})
	if got, want := l.String(), "x\t\ta%20b\t%25\t%C3%A9\t%"; got != want {
		t.Fatalf("%q, not %q", got, want)
	}
}

func TestBrokenLinesEndTheAgent(t *testing.T) {
	for _, text := range []string{"body\t%4", "body\t%zz", "no_such_word\n", "header\tone\n"} {
		var replies strings.Builder
		if err := converse(strings.NewReader(text), &replies); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestAFailedSetterAnswersEveryActionUntilTheNextCase(t *testing.T) {
	const request = "request\tGET\thttp://example.test/\n"
	lines := "case\nparam\ta\tb\ntimeout\tsoon\t1\n" + request + "prepare\njar\n" +
		"case\n" + request + "proxy\n"
	var replies strings.Builder
	if err := converse(strings.NewReader(lines), &replies); err != nil {
		t.Fatal(err)
	}
	got := strings.Split(replies.String(), "\n")
	if len(got) != 7 || !strings.HasPrefix(got[0], "error\t") || got[0] != got[2] {
		t.Fatalf("%q", got)
	}
	if want := []string{"proxy\t%", ".", ""}; !slices.Equal(got[4:], want) {
		t.Fatalf("%q", got[4:])
	}
}
