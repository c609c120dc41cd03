// The content of a response: whole, as text, JSON or lines, raw, or straight into a file. What
// codings, encodings and lines are, the library knows. Streaming bytes is body.go's.

package rq

// #include "callbacks.h"
import "C"

import (
	"encoding/json"
	"io"
	"iter"
	"unsafe"
)

// Bytes reads what is left of the body, without its content codings, and keeps it: a second call
// gives the same, as long as the body is not closed. When the body fails, the bytes before the
// failure come with the error.
func (r *Response) Bytes() ([]byte, error) {
	content, err := r.whole(func(ptr *C.rq_response, c *call) unsafe.Pointer {
		return C.rqgo_bytes(ptr, &c.size, &c.err, &c.left)
	})
	if err != nil {
		content = r.body().beforeFailure()
	}
	return content, err
}

// beforeFailure is what came of a body that could not be read whole.
func (b *body) beforeFailure() []byte {
	rest, _ := io.ReadAll(b)
	b.partial = append(b.partial, rest...)
	return b.partial
}

// Text is the whole body as UTF-8. It is decoded from its Encoding or, where none is known, from
// what it looks like; what is malformed becomes U+FFFD. Bytes and JSON still give theirs.
func (r *Response) Text() (string, error) {
	content, err := r.whole(func(ptr *C.rq_response, c *call) unsafe.Pointer {
		return C.rqgo_text(ptr, &c.size, &c.err, &c.left)
	})
	return unsafe.String(unsafe.SliceData(content), len(content)), err
}

// JSON decodes the whole body into v, as encoding/json does, whether it came in UTF-8, UTF-16 or
// UTF-32.
func (r *Response) JSON(v any) error {
	content, err := r.whole(func(ptr *C.rq_response, c *call) unsafe.Pointer {
		return C.rqgo_json(ptr, &c.size, &c.err, &c.left)
	})
	if err != nil {
		return err
	}
	return json.Unmarshal(content, v)
}

// whole copies what a call gives that reads to the end.
func (r *Response) whole(
	read func(*C.rq_response, *call) unsafe.Pointer,
) (content []byte, err error) {
	var c call
	err = r.body().reading(&c, func(ptr *C.rq_response, c *call) bool {
		data := read(ptr, c)
		if data != nil {
			content = append(make([]byte, 0, c.size), unsafe.Slice((*byte)(data), c.size)...)
		}
		return data != nil
	})
	return content, err
}

// Encoding is the name of the text's encoding, as SetEncoding set it or the response declares it;
// empty if it does not.
func (r *Response) Encoding() (label string) {
	r.body().use(func(ptr *C.rq_response, _ *call) {
		label = C.GoString(C.rq_response_encoding(ptr))
	})
	return label
}

// SetEncoding sets the encoding that text is decoded from: "windows-1252", "shift_jis". An empty
// label is the declared one again; one that names no encoding is ErrInvalidArgument.
func (r *Response) SetEncoding(label string) error {
	return r.body().use(func(ptr *C.rq_response, c *call) {
		C.rq_response_set_encoding(ptr, c.optional(label), &c.err)
	})
}

// ApparentEncoding reads the whole body, and is the encoding that it looks like.
func (r *Response) ApparentEncoding() (label string, err error) {
	var c call
	err = r.body().reading(&c, func(ptr *C.rq_response, c *call) bool {
		label = C.GoString(C.rqgo_apparent(ptr, &c.err, &c.left))
		return true
	})
	return label, err
}

// Lines are the lines of the body as they come, without their ends: \n, \r\n or \r. They are the
// same however the body arrives, and there is no empty one after the last end. A line is valid
// until the next one is asked for. An error is the last thing that comes; a loop that was left can
// be taken up again by another.
func (r *Response) Lines() iter.Seq2[[]byte, error] {
	return r.LinesBy(nil)
}

// LinesBy is Lines with another end than the usual ones, of any length.
func (r *Response) LinesBy(delimiter []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		r.body().lines(false, string(delimiter), yield)
	}
}

// TextLines is Lines decoded to UTF-8 from the response's Encoding.
func (r *Response) TextLines() iter.Seq2[string, error] {
	return r.TextLinesBy("")
}

// TextLinesBy is TextLines with another end than the usual ones.
func (r *Response) TextLinesBy(delimiter string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		r.body().lines(true, delimiter, func(line []byte, err error) bool {
			return yield(string(line), err)
		})
	}
}

func (b *body) lines(text bool, delimiter string, yield func([]byte, error) bool) {
	var c call
	if err := b.delimit(delimiter); err != nil {
		yield(nil, err)
		return
	}
	for {
		line, err := b.nextLine(&c, text)
		if err != nil {
			yield(nil, err)
			return
		}
		if line == nil || !yield(line, nil) {
			return
		}
	}
}

// delimit sets the delimiter, unless an earlier loop did.
func (b *body) delimit(delimiter string) error {
	if delimiter == b.delimiter {
		return nil
	}
	return b.use(func(ptr *C.rq_response, c *call) {
		data := addressable([]byte(delimiter))
		C.rq_body_line_delimiter(ptr, unsafe.Pointer(&data[0]), C.size_t(len(delimiter)), &c.err)
		if c.err == nil {
			b.delimiter = delimiter
		}
	})
}

// nextLine is nil at the end.
func (b *body) nextLine(c *call, text bool) (line []byte, err error) {
	err = b.reading(c, func(ptr *C.rq_response, c *call) bool {
		data := C.rqgo_line(ptr, C.bool(text), &c.size, &c.err, &c.left)
		if data == nil {
			return true
		}
		b.line = append(b.line[:0], unsafe.Slice((*byte)(data), c.size)...)
		line = addressable(b.line)[:len(b.line)]
		return false
	})
	return line, err
}

// TextReader reads the body as UTF-8, as it comes, decoded from its Encoding. Each Read gives whole
// characters, unless there is room for less than four bytes.
func (r *Response) TextReader() io.Reader {
	return &textBody{body: r.body()}
}

// Chunks are the body's bytes in pieces of one size, but for the last, however they arrive. A piece
// is valid until the next one is asked for. An error is the last thing that comes.
func (r *Response) Chunks(size int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if size < 1 {
			yield(nil, &Error{Code: ErrInvalidArgument, Message: "the size of a chunk is less than 1"})
			return
		}
		chunk := make([]byte, size)
		for {
			count, err := io.ReadFull(r.Body, chunk)
			if count > 0 && !yield(chunk[:count], nil) {
				return
			}
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// RawBody reads the body with its content codings, as it was transferred. Body and RawBody do not
// mix.
func (r *Response) RawBody() io.Reader {
	return rawBody{r.body()}
}

// Save writes what is left of the body to a file, and tells how many bytes. The file appears whole
// or not at all; where it failed, an old one stays.
func (r *Response) Save(path string) (written int64, err error) {
	var c call
	err = r.body().reading(&c, func(ptr *C.rq_response, c *call) bool {
		written = int64(C.rqgo_save(ptr, c.text(path), &c.err, &c.left))
		return true
	})
	return max(written, 0), err
}
