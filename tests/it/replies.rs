//! The corpus: replies, good and bad, and what the client must make of each. Outcomes are written
//! as `client::outcome` words them. Leaves the playing of replies to `peer`, and what becomes of
//! the connection to the tests of faults. Sources: RFC 9112, faults 56 to 74.

use std::borrow::Cow;

use rq::limits::{
    CHUNK_LINE_BYTES_MAX, HEAD_BYTES_MAX, HEAD_FIELDS_MAX, HEAD_LINE_BYTES_MAX, TRAILER_BYTES_MAX,
};

/// A reply and its outcome.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    pub(crate) reply: Cow<'static, [u8]>,
    pub(crate) expected: &'static str,
}

/// The whole corpus.
pub(crate) fn cases() -> Vec<Case> {
    let case = |method, name, reply: &'static [u8], expected| Case {
        name,
        method,
        reply: reply.into(),
        expected,
    };
    let heads = HEAD_REPLIES.iter().map(|(name, reply, seen)| case("HEAD", name, reply, seen));
    let gets = [WELL_FRAMED, ODD_HEADS, BAD_FRAMING, BAD_CHUNKS, BAD_HEADS, TRUNCATED];
    let gets = gets.into_iter().flatten().map(|(name, reply, seen)| case("GET", name, reply, seen));
    heads.chain(gets).chain(large()).collect()
}

/// Name, reply, outcome.
type Row = (&'static str, &'static [u8], &'static str);

const HEAD_REPLIES: &[Row] = &[
    (
        "HEAD with a length",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "200 OK [Content-Length: 5] \"\"",
    ),
    (
        "HEAD of a chunked resource",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "200 OK [Transfer-Encoding: chunked] \"\"",
    ),
    (
        "HEAD answered with a body",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "200 OK [Content-Length: 5] \"\"",
    ),
];

const WELL_FRAMED: &[Row] = &[
    (
        "length",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "200 OK [Content-Length: 5] \"hello\"",
    ),
    (
        "length 0",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "200 OK [Content-Length: 0] \"\"",
    ),
    (
        "binary",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\0\xff\r\n\r\n",
        "200 OK [Content-Length: 6] \"\\x00\\xff\\r\\n\\r\\n\"",
    ),
    (
        "bytes beyond the length",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n",
        "200 OK [Content-Length: 2] \"ok\"",
    ),
    (
        "two equal lengths",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length: 2\r\n\r\nok",
        "200 OK [Content-Length: 2; content-length: 2] \"ok\"",
    ),
    (
        "a list of equal lengths",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
        "200 OK [Content-Length: 2, 2] \"ok\"",
    ),
    (
        "chunked",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "200 OK [Transfer-Encoding: chunked] \"hello\" []",
    ),
    (
        "chunked in odd case, sizes in both, leading zeros",
        b"HTTP/1.1 200 OK\r\nTRANSFER-encoding: CHUNKED\r\n\r\n00a\r\n0123456789\r\nA\r\n\
          0123456789\r\n000\r\n\r\n",
        "200 OK [TRANSFER-encoding: CHUNKED] \"01234567890123456789\" []",
    ),
    (
        "chunk extensions and trailers",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=1;b=\"x y\"\r\nhe\r\n\
          3 ; c\r\nllo\r\n0;last\r\nX-One: 1\r\nx-one:  2 \r\n\r\n",
        "200 OK [Transfer-Encoding: chunked] \"hello\" [X-One: 1; x-one: 2]",
    ),
    (
        "bytes after the last chunk",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n5\r\nextra\r\n",
        "200 OK [Transfer-Encoding: chunked] \"ok\" []",
    ),
    (
        "chunked and length: chunked counts",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n\
          2\r\nok\r\n0\r\n\r\n",
        "200 OK [Content-Length: 1; Transfer-Encoding: chunked] \"ok\" []",
    ),
    (
        "chunked by HTTP/1.0",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "200 OK [Transfer-Encoding: chunked] \"ok\" []",
    ),
    (
        "identity",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok",
        "200 OK [Transfer-Encoding: identity; Content-Length: 2] \"ok\"",
    ),
    ("until close", b"HTTP/1.1 200 OK\r\n\r\nhello\r\n", "200 OK [] \"hello\\r\\n\""),
    ("nothing until close", b"HTTP/1.1 200 OK\r\n\r\n", "200 OK [] \"\""),
    ("HTTP/1.0 until close", b"HTTP/1.0 200 OK\r\nA: b\r\n\r\nhello", "200 OK [A: b] \"hello\""),
    (
        "HTTP/1.0 keep-alive",
        b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok",
        "200 OK [Connection: Keep-Alive; Content-Length: 2] \"ok\"",
    ),
    ("204", b"HTTP/1.1 204 No Content\r\nA: b\r\n\r\n", "204 No Content [A: b] \"\""),
    (
        "204 with a length and a body",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
        "204 No Content [Content-Length: 5] \"\"",
    ),
    (
        "304 with the length of what was not sent",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\n",
        "304 Not Modified [Content-Length: 5; ETag: \\\"x\\\"] \"\"",
    ),
];

const ODD_HEADS: &[Row] = &[
    (
        "order, case and repeats",
        b"HTTP/1.1 200 OK\r\nx-B: 1\r\nX-A:2\r\nSet-Cookie: a=1\r\nX-b:\t3 \t\r\n\
          set-cookie: b=2\r\nE:\r\nL: caf\xe9\r\nT: 12:00\r\nContent-Length: 0\r\n\r\n",
        "200 OK [x-B: 1; X-A: 2; Set-Cookie: a=1; X-b: 3; set-cookie: b=2; E: ; L: caf\\xe9; \
         T: 12:00; Content-Length: 0] \"\"",
    ),
    (
        "folds",
        b"HTTP/1.1 200 OK\r\nA: b \r\n  c\r\n\td\r\nContent-Length:\r\n 2\r\n\r\nok",
        "200 OK [A: b c d; Content-Length: 2] \"ok\"",
    ),
    (
        "bare LF",
        b"HTTP/1.1 200 OK\nA: b\nContent-Length: 2\n\nok",
        "200 OK [A: b; Content-Length: 2] \"ok\"",
    ),
    (
        "LF and CRLF",
        b"HTTP/1.1 200 OK\r\nA: b\nContent-Length: 2\r\n\nok",
        "200 OK [A: b; Content-Length: 2] \"ok\"",
    ),
    (
        "empty reason",
        b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
        "200  [Content-Length: 2] \"ok\"",
    ),
    (
        "no reason",
        b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
        "200  [Content-Length: 2] \"ok\"",
    ),
    (
        "a reason of many words, a status of nobody",
        b"HTTP/1.1 799 It  is: so!\r\nContent-Length: 2\r\n\r\nok",
        "799 It  is: so! [Content-Length: 2] \"ok\"",
    ),
    (
        "100 first",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "200 OK [Content-Length: 2] \"ok\"",
    ),
    (
        "100, 102, 103 with fields, then 404",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\
          Link: </x.css>\r\nContent-Length: 7\r\n\r\nHTTP/1.1 404 Not Found\r\n\
          Content-Length: 2\r\n\r\nno",
        "404 Not Found [Content-Length: 2] \"no\"",
    ),
];

const BAD_FRAMING: &[Row] = &[
    (
        "two lengths",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        HEAD,
    ),
    ("a list of two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello", HEAD),
    ("length +5", b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", HEAD),
    ("length -5", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", HEAD),
    ("a blank length", b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nhello", HEAD),
    ("a blank within a length", b"HTTP/1.1 200 OK\r\nContent-Length: 1 0\r\n\r\nhello", HEAD),
    ("length 5x", b"HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello", HEAD),
    ("length 0x5", b"HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello", HEAD),
    ("length 2^64", b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nx", HEAD),
    ("gzip as a transfer coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello", HEAD),
    (
        "gzip beneath chunks",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        HEAD,
    ),
    (
        "chunked twice",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n\
          2\r\nok\r\n0\r\n\r\n",
        HEAD,
    ),
    (
        "something like chunked",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\nhello",
        HEAD,
    ),
    ("101", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", HEAD),
];

const HEAD: &str = "Protocol in head";
const CHUNK: &str = "200 OK [Transfer-Encoding: chunked], Protocol in body";

const BAD_CHUNKS: &[Row] = &[
    ("no size", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\nhello\r\n", CHUNK),
    ("size x", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nhello\r\n", CHUNK),
    ("size +5", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n", CHUNK),
    ("size -5", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n", CHUNK),
    ("size 0x5", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n", CHUNK),
    (
        "a blank size",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n",
        CHUNK,
    ),
    (
        "size 2^64 and 5",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n",
        CHUNK,
    ),
    ("size, LF", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n", CHUNK),
    (
        "no CRLF after a chunk",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n",
        CHUNK,
    ),
    (
        "any byte and LF after a chunk",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokX\n0\r\n\r\n",
        CHUNK,
    ),
    (
        "CR and any byte after a chunk",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\rX0\r\n\r\n",
        CHUNK,
    ),
    (
        "a chunk longer than its size",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n",
        CHUNK,
    ),
    (
        "a trailer without a colon",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX\r\n\r\n",
        CHUNK,
    ),
    (
        "a trailer that ends with LF",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\n\r\n",
        CHUNK,
    ),
];

const BAD_HEADS: &[Row] = &[
    ("HTTP/0.9", b"<html>hello</html>", HEAD),
    ("SSH", b"SSH-2.0-OpenSSH_9.6\r\n", HEAD),
    ("SMTP", b"220 mail.example ESMTP\r\n", HEAD),
    ("a TLS alert", b"\x15\x03\x01\x00\x02\x02\x28", HEAD),
    ("a TLS handshake", b"\x16\x03\x03\x00\x31\x02\x00\x00\x2d\x03\x03", HEAD),
    ("garbage", b"\0\x01\x02\xfe\xff\r\n\r\n", HEAD),
    ("an empty line first", b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", HEAD),
    ("HTTP/2", b"HTTP/2 200\r\nContent-Length: 2\r\n\r\nok", HEAD),
    ("HTTP/1.2", b"HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok", HEAD),
    ("lower case http", b"http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", HEAD),
    ("status 99", b"HTTP/1.1 99 Low\r\nContent-Length: 2\r\n\r\nok", HEAD),
    ("status 099", b"HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\nok", HEAD),
    ("status 1000", b"HTTP/1.1 1000 High\r\nContent-Length: 2\r\n\r\nok", HEAD),
    ("status abc", b"HTTP/1.1 abc What\r\nContent-Length: 2\r\n\r\nok", HEAD),
    ("no status", b"HTTP/1.1\r\nContent-Length: 2\r\n\r\nok", HEAD),
    ("a blank before the colon", b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok", HEAD),
    ("a line without a colon", b"HTTP/1.1 200 OK\r\nnothing\r\nContent-Length: 2\r\n\r\nok", HEAD),
    ("no name", b"HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 2\r\n\r\nok", HEAD),
    ("NUL in a value", b"HTTP/1.1 200 OK\r\nA: b\0c\r\nContent-Length: 2\r\n\r\nok", HEAD),
    ("bare CR in a value", b"HTTP/1.1 200 OK\r\nA: b\rC: d\r\nContent-Length: 2\r\n\r\nok", HEAD),
    ("a fold of nothing", b"HTTP/1.1 200 OK\r\n A: b\r\nContent-Length: 2\r\n\r\nok", HEAD),
];

const TRUNCATED: &[Row] = &[
    ("nothing", b"", "Closed in head"),
    ("one byte", b"H", "Incomplete in head"),
    ("cut in the status line", b"HTTP/1.1 200 O", "Incomplete in head"),
    ("cut in a field", b"HTTP/1.1 200 OK\r\nContent-Le", "Incomplete in head"),
    (
        "cut before the empty line",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
        "Incomplete in head",
    ),
    ("cut after 100", b"HTTP/1.1 100 Continue\r\n\r\n", "Incomplete in head"),
    (
        "shorter than its length",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "200 OK [Content-Length: 5], Incomplete in body",
    ),
    (
        "cut in a chunk",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell",
        "200 OK [Transfer-Encoding: chunked], Incomplete in body",
    ),
    (
        "cut before the last chunk",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "200 OK [Transfer-Encoding: chunked], Incomplete in body",
    ),
    (
        "cut in the trailers",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n",
        "200 OK [Transfer-Encoding: chunked], Incomplete in body",
    ),
];

/// Replies at the limits: generated, since they are long.
fn large() -> Vec<Case> {
    let case = |name, reply: Vec<u8>, expected| Case {
        name,
        method: "GET",
        reply: reply.into(),
        expected,
    };
    let interim = |count| {
        let hints = b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(count);
        [&hints[..], b"HTTP/1.1 204 Done\r\n\r\n"].concat()
    };
    let head = |fields: Vec<u8>| [b"HTTP/1.1 204 Done\r\n", &fields[..], b"\r\n"].concat();
    let line = |length: usize| [&b"A: "[..], &vec![b'x'; length - 3], b"\r\n"].concat();
    let chunked = |rest: Vec<u8>| {
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &rest[..]].concat()
    };
    let extended = |length: usize| {
        chunked([b"2;", &vec![b'x'; length - 1][..], b"\r\nok\r\n0\r\n\r\n"].concat())
    };
    let trailers = TRAILER_BYTES_MAX / 7 + 1;
    vec![
        case("eight 1xx", interim(8), "204 Done [] \"\""),
        case("nine 1xx", interim(9), "Limit in head"),
        case("too many fields", head(b"A: b\r\n".repeat(HEAD_FIELDS_MAX + 1)), "Limit in head"),
        case("a line too long", head(line(HEAD_LINE_BYTES_MAX + 1)), "Limit in head"),
        case(
            "a line without end",
            [b"HTTP/1.1 200 ", &[b'x'; 70_000][..]].concat(),
            "Limit in head",
        ),
        case(
            "a head too long",
            head(line(60_000).repeat(HEAD_BYTES_MAX / 60_000 + 1)),
            "Limit in head",
        ),
        case(
            "the longest chunk extension",
            extended(CHUNK_LINE_BYTES_MAX),
            "200 OK [Transfer-Encoding: chunked] \"ok\" []",
        ),
        case(
            "a chunk extension too long",
            extended(CHUNK_LINE_BYTES_MAX + 1),
            "200 OK [Transfer-Encoding: chunked], Limit in body",
        ),
        case(
            "trailers too long",
            chunked([b"0\r\n", &b"A: bc\r\n".repeat(trailers)[..], b"\r\n"].concat()),
            "200 OK [Transfer-Encoding: chunked], Limit in body",
        ),
    ]
}
