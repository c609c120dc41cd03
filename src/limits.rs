//! Every limit of librq, in one table. A limit that a caller may change says how.

use std::time::Duration;

/// Bytes of a response head, interim responses included (flaw 72).
pub const HEAD_BYTES_MAX: usize = 300 * 1024;
/// Bytes of a head that is kept to be compared with the next.
pub const HEAD_KEPT_BYTES_MAX: usize = 4096;
/// Heads that may be unlike the kept one before another is kept.
pub const HEADS_UNLIKE_MAX: u32 = 64;
/// Fields of one response head or trailer section.
pub const HEAD_FIELDS_MAX: usize = 256;
/// Bytes of one line of a response head (Requests' own limit, behaviour L3).
pub const HEAD_LINE_BYTES_MAX: usize = 64 * 1024;
/// Interim (1xx) responses before the final one (flaw 73).
pub const INTERIM_RESPONSES_MAX: usize = 8;
/// Bytes of a chunk-size line, extensions included (flaw 70).
pub const CHUNK_LINE_BYTES_MAX: usize = 256;
/// Bytes of all chunk extensions of one body (flaw 70).
pub const CHUNK_EXTENSION_BYTES_MAX: usize = 16 * 1024;
/// Chunks that are read at a time straight into the caller's memory, when they come one like the
/// other over a plain connection.
pub const CHUNKS_LAID_OUT_MAX: usize = 32;
/// The least data that each of them has: moving less costs nothing.
pub const CHUNK_LAID_OUT_BYTES_MIN: usize = 1024;
/// The most framing between two of them.
pub const CHUNK_FRAMING_LAID_OUT_MAX: usize = 16;
/// Bytes of a trailer section: trailers count like a head (flaw 71).
pub const TRAILER_BYTES_MAX: usize = 64 * 1024;
/// Addresses of one name that are tried (fault 6).
pub const ADDRESSES_MAX: usize = 8;
/// Head start of one address over the next (RFC 8305 §5, "Connection Attempt Delay").
pub const CONNECT_STAGGER: Duration = Duration::from_millis(250);
/// Threads of one session that may look up names at the same time.
pub const DNS_THREADS_MAX: usize = 4;
/// Longest host name of a URL: what SOCKS can carry.
pub const HOST_BYTES_MAX: usize = 255;
/// Longest name that is looked up (RFC 1035 §2.3.4).
pub const DNS_NAME_BYTES_MAX: usize = 253;
/// Longest label of a host name.
pub const LABEL_BYTES_MAX: usize = 63;
/// Longest URL that is accepted.
pub const URL_BYTES_MAX: usize = 1024 * 1024;
/// Longest CA bundle that is read.
pub const CA_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// TLS profiles of a session: sets of TLS settings that differ. Beyond it the oldest is forgotten,
/// with its sessions to resume.
pub const TLS_PROFILES_MAX: usize = 256;
/// The shortest RSA key that is accepted of a server.
pub const RSA_KEY_BITS_MIN: u32 = 2048;
/// Certificates that a peer may show; what is behind them is not looked at (fault 23).
pub const CHAIN_MAX: usize = 32;
/// Bytes of a host name, user name or password in a SOCKS handshake (RFC 1928 §5, RFC 1929 §2).
pub const SOCKS_TEXT_BYTES_MAX: usize = 255;
/// Bytes of the path of a unix domain socket (`sun_path`, the NUL at its end left out).
pub const SOCKET_PATH_BYTES_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
/// Bytes of a refusing proxy's body that an error carries.
pub const PROXY_BODY_BYTES_MAX: usize = 64 * 1024;
/// Bytes of the body of a request that is sent before its answer is asked for.
pub const BEGUN_BODY_BYTES_MAX: usize = 16 * 1024;
/// Size of the buffer in which heads are read; bodies into smaller caller's buffers pass through
/// it.
pub const READ_BUFFER_BYTES: usize = 16 * 1024;
/// What is read of a large body that comes fast over a plain connection, at a time: beyond what the
/// caller has asked for, it waits in the connection's buffer.
pub const READ_AHEAD_BYTES: usize = 512 * 1024;
/// A caller's buffer of this size gets such a body straight from the socket.
pub const READ_DIRECT_BYTES: usize = 256 * 1024;
/// Bytes of a body that have come in full reads, one after another, before it is read ahead.
pub const READ_AHEAD_AFTER_BYTES: usize = 1024 * 1024;
/// What must be left of a body of known length for that.
pub const READ_AHEAD_LEFT_BYTES_MIN: usize = 4 * 1024 * 1024;
/// What must lie in the socket before a wait ends while a large body that comes fast is gathered.
pub const GATHER_BYTES: usize = 256 * 1024;
/// Such a body is gathered after this much of it has come...
pub const GATHER_AFTER_BYTES: usize = 1024 * 1024;
/// ... in this time.
pub const GATHER_AFTER_TIME: Duration = Duration::from_millis(10);
/// What must be left of it then; its length is known.
pub const GATHER_LEFT_BYTES_MIN: u64 = 4 * 1024 * 1024;
/// It is read ahead as well while what waits takes this part of the socket's receive buffer: looked
/// at each time that [`GATHER_AFTER_BYTES`] have come.
pub const GATHER_BEHIND_PART: u64 = 4;
/// How long bytes that have come may be kept back by that.
pub const GATHER_WAIT: Duration = Duration::from_millis(20);
/// How much of it may be under way: the system's own limit may be less.
pub const GATHER_WINDOW_BYTES: usize = 16 * 1024 * 1024;
/// What a file must have left to be sent by the kernel alone, without being read.
pub const SEND_FILE_BYTES_MIN: u64 = 256 * 1024;
/// How much of a file the kernel sends before an answer is looked for...
pub const SEND_FILE_BYTES: usize = 1024 * 1024;
/// ... in pieces that stay in the caches until the peer has them.
pub const SEND_FILE_PIECE_BYTES: usize = 256 * 1024;
/// Most plaintext that one TLS record holds (RFC 8446 §5.1).
pub const TLS_RECORD_BYTES: usize = 16 * 1024;
/// Buffer of received TLS records while much is read: several records for one system call.
pub const TLS_BUFFER_BYTES: usize = 128 * 1024;
/// What that buffer has at first, and while its connection idles: a small answer fits.
pub const TLS_BUFFER_SMALL_BYTES: usize = 4 * 1024;
/// What it has when that was filled: the longest record fits.
pub const TLS_BUFFER_RECORD_BYTES: usize = 20 * 1024;
/// The longest message of TLS 1.3 after its handshake: no ticket comes near.
pub const TLS_MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// How often a peer may change its keys between two pieces of data: no more than common servers do.
pub const TLS_KEY_UPDATES_MAX: u8 = 32;
/// Warnings of a peer that mean nothing.
pub const TLS_WARNINGS_MAX: u8 = 4;
/// Bytes of an upload that are sent at a time over a plain connection: of 64 KiB at a time, each
/// costs the kernel twice as much, and is slower.
pub const PLAIN_SEND_BYTES: usize = 32 * 1024;
/// Bytes of an upload that are encrypted and sent at a time: what was sealed is still in the
/// processor's nearest caches when the kernel copies it.
pub const TLS_SEND_BYTES: usize = 32 * 1024;
/// A body up to this size is sent in one piece with the head; larger ones in pieces of it.
pub const SEND_PIECE_BYTES: usize = 256 * 1024;
/// Bytes that are read from a file or asked of a callback at a time while a body is sent.
pub const UPLOAD_READ_BYTES: usize = 256 * 1024;
/// A multipart body up to this size that is all in memory is built in one piece, and can be read.
pub const MULTIPART_MEMORY_BYTES: usize = 64 * 1024;
/// Longest netrc file that is read.
pub const NETRC_BYTES_MAX: u64 = 1024 * 1024;
/// Longest cookie file that is read.
pub const COOKIE_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Set-Cookie fields of one response that are looked at (flaw 49).
pub const SET_COOKIES_MAX: usize = 50;
/// Bytes of a Set-Cookie value; a longer one is ignored (flaw 49).
pub const SET_COOKIE_BYTES_MAX: usize = 8 * 1024;
/// Bytes of a received cookie's name and value together (RFC 6265bis §5.6).
pub const COOKIE_BYTES_MAX: usize = 4096;
/// Bytes of an attribute's value; a longer attribute is ignored (RFC 6265bis §5.6).
pub const ATTRIBUTE_BYTES_MAX: usize = 1024;
/// Cookies of one domain; beyond it the oldest goes (flaw 49).
pub const COOKIES_PER_DOMAIN_MAX: usize = 150;
/// Cookies of a jar; beyond it the oldest goes.
pub const COOKIES_MAX: usize = 3000;
/// Bytes of a Cookie header, name and colon included, up to which it takes cookies that servers
/// have set: what Apache accepts of a header, and curl sends.
pub const COOKIE_HEADER_BYTES_MAX: usize = 8190;
/// Cookies of servers in one Cookie header, as in curl.
pub const COOKIES_SENT_MAX: usize = 150;
/// The longest life that a server can give to a cookie: 400 days (RFC 6265bis §5.5).
pub const COOKIE_AGE_SECONDS_MAX: i64 = 400 * 24 * 3600;
/// Origins whose digest challenge one set of credentials remembers.
pub const DIGEST_ORIGINS_MAX: usize = 64;
/// Content codings of one body (flaw 77).
pub const CODINGS_MAX: usize = 5;
/// Bytes of a coded body that are read at a time, once much has come of it.
pub const CODED_READ_BYTES: usize = 64 * 1024;
/// What lies between two stacked codings.
pub const CODING_BUFFER_BYTES: usize = 16 * 1024;
/// What may pass between stacked codings while nothing comes out: a bomb of empty members would
/// never end, and no deadline is looked at in between (fault 73).
pub const CODING_SILENT_BYTES_MAX: usize = 1024 * 1024;
/// The largest window of a zstd frame (RFC 9659, flaw 80).
pub const ZSTD_WINDOW_BYTES_MAX: u32 = 8 * 1024 * 1024;
/// How deep JSON text may be nested.
pub const JSON_DEPTH_MAX: usize = 512;
/// Bytes of a redirect's or challenge's body that are read to save its connection (flaw 43).
pub const DRAIN_BYTES_MAX: usize = 64 * 1024;
/// How long that may take.
pub const DRAIN_TIME: Duration = Duration::from_secs(1);
/// How long a body is held back for the answer to `Expect: 100-continue` (RFC 9110 §10.1.1).
pub const EXPECT_WAIT: Duration = Duration::from_secs(1);
/// What a declared length may reserve before a byte has come (flaw 76).
pub const RESERVE_BYTES_MAX: usize = 64 * 1024;
/// Bytes of one line of a body that is read by lines, without its terminator.
pub const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What a reader of lines keeps in memory after a line that was longer.
pub const LINE_BUFFER_BYTES: usize = 64 * 1024;
/// Bytes of text that are decoded at a time.
pub const TEXT_PIECE_BYTES: usize = 4 * 1024;
/// A connection that served its last request less than this ago is used without a look at it.
pub const SILENCE_TRUSTED: Duration = Duration::from_micros(10);
/// Idle connections for which there has been room in the pool, and still is when none is left.
pub const IDLE_SLOTS_KEPT: usize = 256;
/// Read buffers that a session keeps for its next requests.
pub const SPARE_BUFFERS_MAX: usize = 16;

/// Default connect timeout; `Options::timeout`.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Default read timeout; `Options::timeout`.
pub const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// Default age at which an idle connection is closed; `Options::idle_age`.
pub const IDLE_AGE: Duration = Duration::from_secs(90);
/// Default number of idle connections of a session; `Options::pool`.
pub const IDLE_MAX: usize = 100;
/// Default number of redirects that are followed; `Options::redirects_max`.
pub const REDIRECTS_MAX: usize = 30;
/// Default longest pause between tries; `Options::retry_backoff`.
pub const RETRY_BACKOFF_MAX: Duration = Duration::from_secs(120);
/// Default longest Retry-After that is waited for; `Options::retry_after_max`.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
/// Default number of idle connections to one host; `Options::pool`.
pub const IDLE_PER_HOST_MAX: usize = 10;
