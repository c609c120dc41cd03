// The content of responses: codings, text, lines, JSON, files, links, limits.

package rq

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// answer is a server that sends this content with these header fields.
func answer(t *testing.T, content string, header ...string) (url string) {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil // net/http would guess
		for i := 0; i < len(header); i += 2 {
			w.Header().Add(header[i], header[i+1])
		}
		io.WriteString(w, content)
	})
}

func gzipped(content []byte) string {
	var coded bytes.Buffer
	w := gzip.NewWriter(&coded)
	w.Write(content)
	w.Close()
	return coded.String()
}

func TestCodingsAreTakenOff(t *testing.T) {
	session, content := open(t), pattern(100_000)
	coded := gzipped(content)
	url := answer(t, coded, "Content-Encoding", "gzip")
	for name, test := range map[string]struct {
		read func(*Response) ([]byte, error)
		want string
		with Option
	}{
		"Bytes": {(*Response).Bytes, string(content), Decode(true)},
		"Body": {func(r *Response) ([]byte, error) { return io.ReadAll(r.Body) },
			string(content), Decode(true)},
		"RawBody": {func(r *Response) ([]byte, error) { return io.ReadAll(r.RawBody()) },
			coded, Decode(true)},
		"copied raw": {func(r *Response) ([]byte, error) {
			var all bytes.Buffer
			_, err := io.Copy(&all, r.RawBody())
			return all.Bytes(), err
		}, coded, Decode(true)},
		"not decoded": {(*Response).Bytes, coded, Decode(false)},
	} {
		response := get(t, session, url, test.with)
		got, err := test.read(response)
		if string(got) != test.want || err != nil {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if coding := response.Header.Get("Content-Encoding"); coding != "gzip" {
			t.Errorf("%s: %q", name, coding)
		}
	}
	mixed := get(t, session, url)
	_, err := mixed.Body.Read(make([]byte, 10))
	must(t, err)
	_, err = mixed.RawBody().Read(make([]byte, 10))
	wantCode(t, err, ErrMisuse)
	if rest, err := io.ReadAll(mixed.Body); string(rest) != string(content[10:]) || err != nil {
		t.Errorf("%d bytes, %v", len(rest), err)
	}
}

func TestCodingsThatAreBroken(t *testing.T) {
	session, coded := open(t), gzipped(pattern(100_000))
	for name, content := range map[string]string{
		"truncated": coded[:len(coded)-1], "corrupt": coded[:len(coded)-8] + "12345678",
		"none": "plain",
	} {
		_, err := get(t, session, answer(t, content, "Content-Encoding", "gzip")).Text()
		var failure *Error
		if !errors.As(err, &failure) || failure.Code != ErrDecode ||
			failure.Exception != "ContentDecodingError" {
			t.Errorf("%s: %+v", name, err)
		}
	}
}

func TestLimitsOfBodies(t *testing.T) {
	session := open(t)
	url := answer(t, gzipped(make([]byte, 1_000_000)), "Content-Encoding", "gzip")
	for name, test := range map[string]struct {
		option Option
		code   Code
		most   int
	}{
		"body":         {MaxBody(100), ErrLimit, 1_000_000},
		"decoded":      {MaxDecoded(1000), ErrLimit, 1000},
		"wide decoded": {MaxDecoded(1_000_000), 0, 1_000_000},
		"none":         {MaxBody(0), 0, 1_000_000},
	} {
		response, err := session.Get(t.Context(), url, test.option)
		var content []byte
		if err == nil {
			content, err = io.ReadAll(response.Body)
			response.Body.Close()
		}
		if test.code == 0 && (err != nil || len(content) != test.most) {
			t.Errorf("%s: %d bytes, %v", name, len(content), err)
		}
		if test.code != 0 && !errors.Is(err, test.code) || len(content) > test.most {
			t.Errorf("%s: %d bytes, %v", name, len(content), err)
		}
	}
	for _, option := range []Option{MaxBody(-1), MaxDecoded(-1), MaxRedirects(-1)} {
		_, err := session.Get(t.Context(), url, option)
		wantCode(t, err, ErrInvalidArgument)
	}
}

func TestTextHasAnEncoding(t *testing.T) {
	session := open(t)
	url := answer(t, "caf\xe9", "Content-Type", "text/plain; charset=ISO-8859-1")
	response := get(t, session, url)
	if got := textOf(t, response); got != "café" || response.Encoding() != "ISO-8859-1" {
		t.Errorf("%q from %s", got, response.Encoding())
	}
	must(t, response.SetEncoding("windows-1251"))
	if got := textOf(t, response); got != "cafй" || response.Encoding() != "windows-1251" {
		t.Errorf("%q from %s", got, response.Encoding())
	}
	wantCode(t, response.SetEncoding("klingon"), ErrInvalidArgument)
	must(t, response.SetEncoding(""))
	if got := textOf(t, response); got != "café" {
		t.Errorf("%q", got)
	}
	if content, err := response.Bytes(); string(content) != "caf\xe9" || err != nil {
		t.Errorf("%q, %v", content, err)
	}
	unknown := get(t, session, answer(t, "größer"))
	label, err := unknown.ApparentEncoding()
	must(t, err)
	if got := textOf(t, unknown); got != "größer" || label != "utf-8" || unknown.Encoding() != "" {
		t.Errorf("%q looks like %s", got, label)
	}
}

func TestTextReaderReadsAnySize(t *testing.T) {
	session, text := open(t), strings.Repeat("größer als 1 €, 𝄞\n", 50)
	url := answer(t, text, "Content-Type", "text/plain; charset=utf-8")
	for name, reader := range map[string]func(io.Reader) io.Reader{
		"one": iotest.OneByteReader, "half": iotest.HalfReader,
		"all": func(r io.Reader) io.Reader { return r },
	} {
		got, err := io.ReadAll(reader(get(t, session, url).TextReader()))
		if string(got) != text || err != nil {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	broken := get(t, session, answer(t, "a\xffb\xe2\x82", "Content-Type", "text/plain; charset=utf-8"))
	if got, err := io.ReadAll(broken.TextReader()); string(got) != "a\ufffdb\ufffd" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if n, err := broken.TextReader().Read(nil); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestChunks(t *testing.T) {
	session, content := open(t), pattern(100_500)
	for _, header := range [][]string{nil, {"Content-Encoding", "gzip"}} {
		sent := string(content)
		if header != nil {
			sent = gzipped(content)
		}
		response := get(t, session, answer(t, sent, header...))
		var all []byte
		for chunk, err := range response.Chunks(1000) {
			if err != nil {
				t.Fatal(err)
			}
			if len(chunk) != 1000 && len(all)+len(chunk) != len(content) {
				t.Fatalf("a chunk of %d bytes after %d", len(chunk), len(all))
			}
			all = append(all, chunk...)
		}
		if !bytes.Equal(all, content) {
			t.Errorf("%v: %d bytes, not those sent", header, len(all))
		}
		for _, err := range response.Chunks(0) {
			wantCode(t, err, ErrInvalidArgument)
		}
	}
}

func TestChunksOfABodyThatBreaks(t *testing.T) {
	response := get(t, open(t), at("HTTP", "/truncated"))
	var last error
	got := 0
	for chunk, err := range response.Chunks(1 << 20) {
		got, last = got+len(chunk), err
	}
	wantCode(t, last, ErrIncomplete)
	if got == 0 {
		t.Error("what came before the error is lost")
	}
}

func TestLines(t *testing.T) {
	session := open(t)
	url := answer(t, "one\r\ntw\xf6\n\nfour\rfive", "Content-Type", "text/plain; charset=latin1")
	var raw, text, parts []string
	for line, err := range get(t, session, url).Lines() {
		must(t, err)
		raw = append(raw, string(line))
	}
	for line, err := range get(t, session, url).TextLines() {
		must(t, err)
		text = append(text, line)
	}
	for line, err := range get(t, session, url).LinesBy([]byte("\r")) {
		must(t, err)
		parts = append(parts, string(line))
	}
	for name, test := range map[string]struct{ got, want []string }{
		"Lines":     {raw, []string{"one", "tw\xf6", "", "four", "five"}},
		"TextLines": {text, []string{"one", "twö", "", "four", "five"}},
		"LinesBy":   {parts, []string{"one", "\ntw\xf6\n\nfour", "five"}},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%s: %q", name, test.got)
		}
	}
}

func TestLinesGoOnWhereALoopWasLeft(t *testing.T) {
	response := get(t, open(t), answer(t, "a;b;c"))
	var got []string
	for range 4 {
		for line, err := range response.TextLinesBy(";") {
			must(t, err)
			got = append(got, line)
			break
		}
	}
	if !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("%q", got)
	}
	_, err := response.Bytes() // would miss what was read ahead
	wantCode(t, err, ErrMisuse)
}

func TestLinesOfABodyThatBreaks(t *testing.T) {
	response, lines := get(t, open(t), at("HTTP", "/truncated")), 0
	var last error
	for line, err := range response.LinesBy([]byte{250}) {
		lines, last = lines+1, err
		if err == nil && len(line) != 250 {
			t.Errorf("%d bytes", len(line))
		}
	}
	wantCode(t, last, ErrIncomplete)
	if lines != 2 {
		t.Errorf("%d lines", lines)
	}
}

// Close in a loop is its end, and what the loop has stays whole.
func TestCloseWhileLinesAreRead(t *testing.T) {
	response := get(t, open(t), answer(t, strings.Repeat("line\n", 100)))
	var errs []error
	for line, err := range response.Lines() {
		if errs = append(errs, err); err == nil {
			must(t, response.Body.Close())
			if string(line) != "line" {
				t.Errorf("%q", line)
			}
		}
	}
	if len(errs) != 2 || !errors.Is(errs[1], ErrMisuse) {
		t.Fatal(errs)
	}
}

func TestLinesDoNotAllocate(t *testing.T) {
	session, many := open(t), 2000
	url := answer(t, strings.Repeat("a line of text\n", many))
	var before, after runtime.MemStats
	response, lines := get(t, session, url), 0
	runtime.ReadMemStats(&before)
	for line, err := range response.Lines() {
		if lines++; err != nil || len(line) != 14 {
			t.Fatalf("%q, %v", line, err)
		}
	}
	runtime.ReadMemStats(&after)
	if mallocs := int(after.Mallocs - before.Mallocs); lines != many || mallocs > many/4 {
		t.Fatalf("%d allocations for %d lines", mallocs, lines)
	}
}

func TestJSONOfAnyUTF(t *testing.T) {
	session := open(t)
	for name, content := range map[string]string{
		"UTF-8": `{"a":"ü"}`, "a byte order mark": "\xef\xbb\xbf" + `{"a":"ü"}`,
		"UTF-16": "{\x00\"\x00a\x00\"\x00:\x00\"\x00\xfc\x00\"\x00}\x00",
	} {
		var got struct{ A string }
		if err := get(t, session, answer(t, content)).JSON(&got); err != nil || got.A != "ü" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if err := get(t, session, answer(t, "no JSON")).JSON(new(any)); err == nil {
		t.Error("no error")
	}
}

func TestEveryWayToReadAfterTheOther(t *testing.T) {
	response := get(t, open(t), at("HTTP", "/json"))
	first, err := response.Bytes()
	must(t, err)
	second, err := io.ReadAll(response.Body)
	must(t, err)
	var decoded struct{ Hello string }
	must(t, response.JSON(&decoded))
	if string(first) != textOf(t, response) || string(second) != string(first) ||
		decoded.Hello != "librq" {
		t.Fatalf("%q, %q, %+v", first, second, decoded)
	}
}

// A response that was read is done with its connection and its context.
func TestReadingToTheEndInAnyWay(t *testing.T) {
	for name, read := range map[string]func(*Response) error{
		"Text": func(r *Response) error { _, err := r.Text(); return err },
		"JSON": func(r *Response) error { return r.JSON(new(any)) },
		"Save": func(r *Response) error { _, err := r.Save(t.TempDir() + "/a"); return err },
		"text": func(r *Response) error { _, err := io.ReadAll(r.TextReader()); return err },
		"raw":  func(r *Response) error { _, err := io.Copy(io.Discard, r.RawBody()); return err },
		"Lines": func(r *Response) (err error) {
			for _, err = range r.Lines() {
			}
			return err
		},
	} {
		session := open(t)
		ctx, cancel := context.WithCancel(t.Context())
		response, err := session.Get(ctx, at("HTTP", "/json"))
		must(t, err)
		if err := read(response); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		if v := visitOf(t, get(t, session, at("HTTP", "/json"))); v.Request != 2 {
			t.Errorf("%s: the connection was lost: %+v", name, v)
		}
	}
}

func TestSave(t *testing.T) {
	session, path := open(t), filepath.Join(t.TempDir(), "content.bin")
	n, err := get(t, session, at("HTTP", "/bytes/300000")).Save(path)
	content, readErr := os.ReadFile(path)
	must(t, err, readErr)
	if n != 300_000 || !bytes.Equal(content, pattern(300_000)) {
		t.Fatalf("%d, %d bytes", n, len(content))
	}
	_, err = get(t, session, at("HTTP", "/truncated")).Save(path)
	wantCode(t, err, ErrIncomplete)
	if kept, err := os.ReadFile(path); !bytes.Equal(kept, content) || err != nil {
		t.Fatalf("the old file has %d bytes, %v", len(kept), err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if len(entries) != 1 || err != nil {
		t.Fatalf("%v, %v", entries, err)
	}
	response := get(t, session, at("HTTP", "/bytes/1000"))
	_, err = response.Save(filepath.Join(path, "below", "a", "file"))
	wantCode(t, err, ErrFile)
	if content, err := response.Bytes(); len(content) != 1000 || err != nil {
		t.Fatalf("%d bytes, %v", len(content), err)
	}
	_, err = response.Save("a\x00b")
	wantCode(t, err, ErrInvalidArgument)
}

func TestLinks(t *testing.T) {
	next := "https://example.org/" + url.PathEscape("2")
	response := get(t, open(t), answer(t, "", "Link",
		`<`+next+`>; rel="next"; title=more, <https://example.org/about>; hreflang=en`))
	want := []Link{
		{"next", next, []Field{{"rel", "next"}, {"title", "more"}}},
		{"https://example.org/about", "https://example.org/about", []Field{{"hreflang", "en"}}},
	}
	if got := response.Links(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if response.Link("next") != next || response.Link("last") != "" || response.Link("\x00") != "" {
		t.Errorf("%q, %q", response.Link("next"), response.Link("last"))
	}
}
