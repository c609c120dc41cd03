// Streamed bodies: lengths, errors, sending again, and what is left behind.

package rq

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// received is what /upload says of the body that came.
type received struct {
	Bytes  int
	SHA256 string
}

func put(t *testing.T, session *Session, request *Request) (got received) {
	t.Helper()
	request.Method, request.URL = "PUT", at("HTTP", "/upload")
	response, err := session.Do(t.Context(), request)
	must(t, err)
	must(t, response.JSON(&got))
	return got
}

func sumOf(content []byte) received {
	sum := sha256.Sum256(content)
	return received{len(content), hex.EncodeToString(sum[:])}
}

// plain hides whatever else a reader can do.
func plain(content []byte) io.Reader {
	return struct{ io.Reader }{bytes.NewReader(content)}
}

func fileOf(t *testing.T, content []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "content.bin")
	must(t, os.WriteFile(path, content, 0o600))
	file, err := os.Open(path)
	must(t, err)
	t.Cleanup(func() { file.Close() })
	return file
}

func TestUploadIsWhole(t *testing.T) {
	session, content := open(t), pattern(3_000_001)
	for name, request := range map[string]*Request{
		"known length":            {BodyReader: bytes.NewReader(content)},
		"declared":                {BodyReader: plain(content), BodyLength: int64(len(content))},
		"chunked":                 {BodyReader: plain(content)},
		"small pieces":            {BodyReader: iotest.HalfReader(plain(content))},
		"end with the last bytes": {BodyReader: iotest.DataErrReader(plain(content))},
		"open file":               {BodyReader: fileOf(t, content)},
		"file":                    {BodyFile: fileOf(t, content).Name()},
	} {
		if got := put(t, session, request); got != sumOf(content) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestLengths(t *testing.T) {
	session := open(t)
	buffer := bytes.NewBufferString("0123456789")
	buffer.Next(4)
	file := fileOf(t, []byte("0123456789"))
	_, err := file.Seek(7, io.SeekStart)
	must(t, err)
	pipe, writer, err := os.Pipe()
	must(t, err)
	defer pipe.Close()
	defer writer.Close()
	for name, test := range map[string]struct {
		request Request
		want    int64
	}{
		"bytes.Buffer":   {Request{BodyReader: buffer}, 6},
		"bytes.Reader":   {Request{BodyReader: bytes.NewReader([]byte("abc"))}, 3},
		"strings.Reader": {Request{BodyReader: strings.NewReader("abcd")}, 4},
		"file":           {Request{BodyReader: file}, 3},
		"pipe":           {Request{BodyReader: pipe}, -1},
		"any reader":     {Request{BodyReader: plain([]byte("abc"))}, -1},
		"declared":       {Request{BodyReader: plain([]byte("abc")), BodyLength: 3}, 3},
		"chunked":        {Request{BodyReader: strings.NewReader("abc"), BodyLength: -1}, -1},
		"path":           {Request{BodyFile: file.Name()}, 10},
		"bytes":          {Request{Body: []byte("abc")}, 3},
		"none":           {Request{}, 0},
	} {
		test.request.Method, test.request.URL = "POST", at("HTTP", "/upload")
		p := prepare(t, session, &test.request)
		if got := p.BodyLength(); got != test.want {
			t.Errorf("%s: %d, not %d", name, got, test.want)
		}
		if chunked := p.Header("Transfer-Encoding") == "chunked"; chunked != (test.want < 0) {
			t.Errorf("%s: %v", name, p.Headers())
		}
		if name != "bytes" && p.Body() != nil {
			t.Errorf("%s: %q is in memory", name, p.Body())
		}
	}
}

// A prepared request is sent again from where its body stood when it was made.
func TestSentAgain(t *testing.T) {
	session := open(t)
	file, seeker := fileOf(t, []byte("..content")), strings.NewReader("..content")
	buffer := bytes.NewBufferString("..content")
	buffer.Next(2)
	for _, s := range []io.Seeker{file, seeker} {
		_, err := s.Seek(2, io.SeekStart)
		must(t, err)
	}
	closed := 0
	getBody := func() (io.ReadCloser, error) {
		return &closeCounter{strings.NewReader("content"), &closed}, nil
	}
	for name, request := range map[string]*Request{
		"file":    {BodyReader: file},
		"seeker":  {BodyReader: seeker},
		"buffer":  {BodyReader: buffer},
		"GetBody": {BodyReader: plain([]byte("content")), GetBody: getBody},
	} {
		request.Method, request.URL = "PUT", at("HTTP", "/upload")
		p := prepare(t, session, request)
		for range 3 {
			response, err := session.Send(t.Context(), p)
			must(t, err)
			var got received
			must(t, response.JSON(&got))
			if got != sumOf([]byte("content")) {
				t.Errorf("%s: %+v", name, got)
			}
		}
		must(t, p.Close())
	}
	if position, err := file.Seek(0, io.SeekCurrent); position != 2 || err != nil {
		t.Errorf("the file was moved to %d, %v", position, err)
	}
	if closed != 2 {
		t.Errorf("%d of 2 bodies from GetBody were closed", closed)
	}
}

type closeCounter struct {
	io.Reader
	closed *int
}

func (c *closeCounter) Close() error {
	*c.closed++
	return nil
}

func TestRequestWithGetBodyAloneIsUsedAgain(t *testing.T) {
	session, given, closed := open(t), 0, 0
	request := &Request{GetBody: func() (io.ReadCloser, error) {
		given++
		return &closeCounter{strings.NewReader("content"), &closed}, nil
	}}
	for range 2 {
		if got := put(t, session, request); got != sumOf([]byte("content")) {
			t.Fatalf("%+v", got)
		}
	}
	if given != 2 || closed != 2 {
		t.Fatalf("%d given, %d closed", given, closed)
	}
}

func TestReaderIsSentOnce(t *testing.T) {
	session := open(t)
	p := prepare(t, session, &Request{
		Method: "PUT", URL: at("HTTP", "/upload"), BodyReader: plain([]byte("content")),
	})
	response, err := session.Send(t.Context(), p)
	must(t, err)
	textOf(t, response)
	_, err = session.Send(t.Context(), p)
	wantCode(t, err, ErrBody)
}

func TestWrongLengthFails(t *testing.T) {
	session := open(t)
	for _, length := range []int64{2, 4} {
		_, err := session.Do(t.Context(), &Request{
			Method: "PUT", URL: at("HTTP", "/upload"), BodyReader: strings.NewReader("abc"),
			BodyLength: length,
		})
		wantCode(t, err, ErrBodyLength)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestReadersThatFail(t *testing.T) {
	session, reason := open(t), errors.New("the disk is gone")
	wantReason := func(err error) bool { return errors.Is(err, reason) }
	for name, test := range map[string]struct {
		request Request
		want    func(error) bool
	}{
		"at once": {Request{BodyReader: iotest.ErrReader(reason)}, wantReason},
		"later": {Request{BodyReader: io.MultiReader(
			bytes.NewReader(pattern(300_000)), iotest.ErrReader(reason),
		)}, wantReason},
		"with bytes": {Request{BodyReader: readerFunc(func(p []byte) (int, error) {
			return len(p), reason
		})}, wantReason},
		"GetBody": {Request{GetBody: func() (io.ReadCloser, error) { return nil, reason }}, wantReason},
		"in a part": {Request{Parts: []Part{{Name: "f", Reader: iotest.ErrReader(reason)}}},
			wantReason},
		"panic": {Request{BodyReader: readerFunc(func([]byte) (int, error) { panic(reason) })},
			func(err error) bool {
				var failure *PanicError
				return wantReason(err) && errors.As(err, &failure) &&
					bytes.Contains(failure.Stack, []byte("TestReadersThatFail"))
			}},
		"nothing, for ever": {Request{BodyReader: readerFunc(func([]byte) (int, error) {
			return 0, nil
		})}, func(err error) bool { return errors.Is(err, io.ErrNoProgress) }},
		"more than asked for": {Request{BodyReader: readerFunc(func(p []byte) (int, error) {
			return len(p) + 1, nil
		})}, func(err error) bool { return strings.Contains(err.Error(), "says that it read") }},
	} {
		test.request.Method, test.request.URL = "PUT", at("HTTP", "/upload")
		_, err := session.Do(t.Context(), &test.request)
		if !errors.Is(err, ErrCallback) || !test.want(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := put(t, session, &Request{Body: []byte("abc")}); got != sumOf([]byte("abc")) {
		t.Errorf("after the failures: %+v", got)
	}
}

func TestBodyFileThatIsNotThere(t *testing.T) {
	session := open(t)
	missing := filepath.Join(t.TempDir(), "missing")
	for _, request := range []*Request{
		{BodyFile: missing}, {Parts: []Part{{Name: "f", Path: missing}}},
	} {
		request.Method, request.URL = "PUT", at("HTTP", "/upload")
		_, err := session.Prepare(request)
		wantCode(t, err, ErrFile)
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%+v", err)
		}
	}
	file := fileOf(t, []byte("abc"))
	must(t, file.Close())
	_, err := session.Do(t.Context(), &Request{
		Method: "PUT", URL: at("HTTP", "/upload"), BodyReader: file,
	})
	if !errors.Is(err, fs.ErrClosed) {
		t.Errorf("%+v", err)
	}
}

func TestEarlyAnswerEndsTheUpload(t *testing.T) {
	session := open(t)
	endless := readerFunc(func(p []byte) (int, error) { return len(p), nil })
	response, err := session.Do(t.Context(), &Request{
		Method: "PUT", URL: at("HTTP", "/early413"), BodyReader: endless,
	})
	must(t, err)
	if response.Body.Close(); response.StatusCode != 413 {
		t.Fatal(response.StatusCode)
	}
}

func TestProgress(t *testing.T) {
	session, content := open(t), pattern(1_000_000)
	for _, test := range []struct {
		body  io.Reader
		total int64
	}{{bytes.NewReader(content), int64(len(content))}, {plain(content), -1}} {
		var last int64
		put(t, session, &Request{BodyReader: test.body, Progress: func(sent, total int64) {
			if sent < last || total != test.total {
				t.Errorf("%d after %d, of %d", sent, last, total)
			}
			last = sent
		}})
		if last != int64(len(content)) {
			t.Errorf("%d in the end", last)
		}
	}
	_, err := session.Do(t.Context(), &Request{
		Method: "PUT", URL: at("HTTP", "/upload"), Body: content,
		Progress: func(int64, int64) { panic("enough") },
	})
	wantCode(t, err, ErrCallback)
}

// A read of the library's costs no memory, whatever the number of reads.
func TestReadsDoNotAllocate(t *testing.T) {
	session := open(t)
	reads := 0
	allocated := func(pieces int) uint64 {
		var before, after runtime.MemStats
		left := pieces
		request := &Request{BodyReader: readerFunc(func(p []byte) (int, error) {
			if left == 0 {
				return 0, io.EOF
			}
			left--
			reads++
			return min(len(p), 1000), nil
		})}
		runtime.ReadMemStats(&before)
		put(t, session, request)
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	allocated(1)
	few, many := allocated(10), allocated(10_000)
	if reads < 10_000 || many > few+1000 {
		t.Fatalf("%d allocations for 10 reads, %d for 10,000", few, many)
	}
}

// What callbacks know is collected once the library is done with them.
func TestCallbacksAreLetGo(t *testing.T) {
	freed := make(chan string, 10)
	func() {
		readers := make(map[string]*closeTeller)
		for _, name := range []string{"body", "part", "progress", "auth", "session", "failed"} {
			readers[name] = &closeTeller{Reader: strings.NewReader("content")}
			runtime.AddCleanup(readers[name], func(name string) { freed <- name }, name)
		}
		auth := func(reader io.Reader) Option {
			return AuthFunc(func(*Prepared) error { _, err := reader.Read(nil); return err })
		}
		session := open(t, auth(readers["session"]))
		put(t, session, &Request{BodyReader: readers["body"]})
		put(t, session, &Request{Parts: []Part{{Name: "f", Reader: readers["part"]}}})
		put(t, session, &Request{
			Body: []byte("a"), Options: []Option{auth(readers["auth"])},
			Progress: func(int64, int64) { readers["progress"].Read(nil) },
		})
		_, err := session.Prepare(&Request{URL: "\x00", BodyReader: readers["failed"]})
		wantCode(t, err, ErrInvalidArgument)
		must(t, session.Close())
	}()
	eventually(t, "six readers to be collected", func() bool {
		runtime.GC()
		return len(freed) == 6
	})
}

// A body that is opened for the request is closed with its context, whatever its Read waits for.
func TestContextWakesABodyThatWaits(t *testing.T) {
	session := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	defer writer.Close()
	go func() {
		writer.Write([]byte("a")) // taken: the upload is under way
		cancel()
	}()
	_, err := session.Do(ctx, &Request{
		Method: "PUT", URL: at("HTTP", "/upload"),
		GetBody: func() (io.ReadCloser, error) { return reader, nil },
	})
	wantCode(t, err, ErrCancelled)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}
