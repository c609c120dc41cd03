/*
 * rq.h: librq, HTTP for humans in every language that can call C.
 *
 * This file is made from the Rust sources in bindings/c/src and is the reference of the C API.
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * A COMPLETE PROGRAM
 *
 *     #include <rq.h>
 *     #include <stdio.h>
 *
 *     int main(void) {
 *         rq_error *e = NULL;
 *         rq_session *s = rq_session_new(&e);
 *         rq_opts_header(rq_session_opts(s), "X-Trace", "1", &e);
 *         rq_opts_timeout_ms(rq_session_opts(s), 3050, 27000, &e);
 *
 *         rq_response *r = rq_get(s, "https://example.org/", &e);
 *         char buf[65536];
 *         int64_t n;
 *         while ((n = rq_body_read(r, buf, sizeof buf, &e)) > 0)
 *             fwrite(buf, 1, (size_t)n, stdout);
 *
 *         if (e) fprintf(stderr, "%s: %s\n", rq_code_name(rq_error_code(e)), rq_error_message(e));
 *         int failed = e != NULL;
 *         rq_response_free(r);
 *         rq_session_free(s);
 *         rq_error_free(e);
 *         return failed;
 *     }
 *
 * ERRORS
 *
 * The last parameter of every call that can fail is `rq_error **error`. Start with `rq_error *e =
 * NULL;` and pass &e to as many calls as you like: A CALL MADE WITH *error ALREADY SET DOES
 * NOTHING and returns NULL, -1 or false. So check once, at the end. An error tells a code
 * (rq_code: few, stable numbers), a message (what was wrong, where, what to do; never a
 * credential), the phase, the URL, the system's errno and the exception that Python Requests would
 * raise. error itself may be NULL: then only the return value tells. A status such as 404 is no
 * error until rq_response_raise is called. After any error every handle stays usable and can be
 * freed. NULL handles, NULL or non-UTF-8 text, and lengths that cannot be are errors, not crashes.
 *
 * OWNERSHIP
 *
 * What a function called rq_..._new, rq_prepare, rq_send, rq_perform or rq_get returns is yours:
 * free it with the rq_..._free of its type. Frees take NULL, in any order: a response outlives its
 * session. All other pointers are lent by the handle they came from, until it is freed or changed.
 * Bytes and text passed in are copied. Text is UTF-8 and NUL-terminated both ways; header values
 * and reasons are handed out as the bytes received.
 *
 * THREADS
 *
 * A session (with its rq_opts) and a cancel token may be used by any number of threads at once.
 * Everything else is for one thread at a time, and may move between threads. Calls block;
 * rq_cancel_trigger from another thread ends them within 100 ms. librq starts no thread but for
 * name lookups, installs no signal handler, raises no SIGPIPE, keeps errno, and needs no
 * initialisation. After fork(), a child may use its parent's sessions: it gets connections of its
 * own.
 *
 * TIMEOUTS
 *
 * In milliseconds; 0 is none. connect: DNS, TCP and TLS handshake together (default 10,000). read:
 * the longest silence of the peer (default 60,000). deadline: the whole call, body included
 * (default none).
 */


#ifndef RQ_H
#define RQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RQ_VERSION_MAJOR 0
#define RQ_VERSION_MINOR 1
#define RQ_VERSION_PATCH 0
#define RQ_VERSION "0.1.0"


/**
 * What went wrong: few, flat, stable numbers, grouped by hundreds. Numbers are never reused.
 */
typedef enum {
  /**
   * No error.
   */
  RQ_OK = 0,
  /**
   * A pointer was NULL, or a handle in a state that forbids the call.
   */
  RQ_ERR_MISUSE = 1,
  /**
   * A bug in librq, contained: the call failed, the process lives.
   */
  RQ_ERR_PANIC = 2,
  /**
   * A callback of yours failed; its text is the message.
   */
  RQ_ERR_CALLBACK = 3,
  /**
   * The request's rq_cancel was triggered.
   */
  RQ_ERR_CANCELLED = 4,
  /**
   * A value that no request can use: not UTF-8, out of range, not an address.
   */
  RQ_ERR_INVALID_ARGUMENT = 100,
  /**
   * The URL cannot be parsed or has no host (Requests: InvalidURL).
   */
  RQ_ERR_INVALID_URL = 101,
  /**
   * The URL has no scheme (Requests: MissingSchema).
   */
  RQ_ERR_MISSING_SCHEMA = 102,
  /**
   * Nothing serves the URL's scheme (Requests: InvalidSchema).
   */
  RQ_ERR_INVALID_SCHEMA = 103,
  /**
   * A header's name or value cannot be sent (Requests: InvalidHeader).
   */
  RQ_ERR_INVALID_HEADER = 104,
  /**
   * The method is not a token.
   */
  RQ_ERR_INVALID_METHOD = 105,
  /**
   * A file is missing, unreadable, or does not hold what it should.
   */
  RQ_ERR_FILE = 106,
  /**
   * The host's name has no address.
   */
  RQ_ERR_DNS = 200,
  /**
   * No address of the host accepted a connection; see rq_error_errno.
   */
  RQ_ERR_CONNECT = 201,
  /**
   * The TLS handshake or a record failed; a refused certificate (Requests: SSLError).
   */
  RQ_ERR_TLS = 202,
  /**
   * DNS, connect and TLS handshake took longer than the connect timeout.
   */
  RQ_ERR_CONNECT_TIMEOUT = 210,
  /**
   * The peer sent nothing for the read timeout.
   */
  RQ_ERR_READ_TIMEOUT = 211,
  /**
   * The peer took nothing for the read timeout while the request was sent.
   */
  RQ_ERR_WRITE_TIMEOUT = 212,
  /**
   * The deadline of the whole call has passed.
   */
  RQ_ERR_TOTAL_TIMEOUT = 213,
  /**
   * All connections allowed to this host stayed in use.
   */
  RQ_ERR_POOL_TIMEOUT = 214,
  /**
   * The connection broke while the request was sent.
   */
  RQ_ERR_SEND = 300,
  /**
   * The peer closed the connection before any byte of a response.
   */
  RQ_ERR_CLOSED = 301,
  /**
   * What the peer sent is not HTTP/1.1, or dangerously ambiguous.
   */
  RQ_ERR_PROTOCOL = 302,
  /**
   * The response ended before its end: truncated (Requests: ChunkedEncodingError).
   */
  RQ_ERR_INCOMPLETE = 303,
  /**
   * The response exceeds a limit of librq.
   */
  RQ_ERR_LIMIT = 304,
  /**
   * rq_response_raise met a status from 400 to 599 (Requests: HTTPError).
   */
  RQ_ERR_STATUS = 400,
} rq_code;

/**
 * Ends requests from another thread. Any number of requests may use one; once triggered, it stays
 * so.
 */
typedef struct rq_cancel rq_cancel;

/**
 * What went wrong. Free it with rq_error_free.
 */
typedef struct rq_error rq_error;

/**
 * Settings that a session (rq_session_opts) or a request (rq_request_opts) lends. A request's
 * settings win over the session's and are not kept by it. A call that fails changes nothing.
 */
typedef struct rq_opts rq_opts;

/**
 * A request as it will be sent, byte for byte. May be sent any number of times.
 */
typedef struct rq_prepared rq_prepared;

/**
 * A request as you word it: method, URL, body, settings. May be sent any number of times.
 */
typedef struct rq_request rq_request;

/**
 * A response: its head has been read, its body is read with rq_body_read or rq_body_bytes.
 */
typedef struct rq_response rq_response;

/**
 * Defaults for requests, and connections that are kept between them. Any number of threads may use
 * one.
 */
typedef struct rq_session rq_session;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The length of the body as the response declares it; 0 if it has none, -1 if it is not known
 * before the end.
 *
 * Since: 0.1.
 */
int64_t rq_body_length(const rq_response *response);

/**
 * Reads some of the body into `buf`: returns how many bytes, 0 at the end, -1 on error. A large
 * `buf` (64 KiB and more) is filled straight from the socket. The connection serves the next
 * request once the end is reached.
 *
 * Blocks, for the read timeout at most. Errors: `RQ_ERR_INCOMPLETE` if the body is truncated,
 * timeouts, `RQ_ERR_CANCELLED`, `RQ_ERR_PROTOCOL`; an error stays: every later read reports it
 * again. Since: 0.1.
 */
int64_t rq_body_read(rq_response *response, void *buf, size_t cap, rq_error **error);

/**
 * Reads all that is left of the body and keeps it: further calls return the same bytes. A NUL that
 * `len` does not count follows them. NULL on error.
 *
 * Blocks. Errors: as rq_body_read. Ownership: lent until the response is freed. Since: 0.1.
 */
const void *rq_body_bytes(rq_response *response, size_t *len, rq_error **error);

/**
 * Gives up the rest of the body. The connection is kept if the rest has arrived already, else it
 * is closed. Reading on is an error. NULL is fine.
 *
 * Since: 0.1.
 */
void rq_body_close(rq_response *response);

/**
 * A token to pass to rq_send or rq_perform.
 *
 * Ownership: yours, free it with rq_cancel_free. Threads: any number. Since: 0.1.
 */
rq_cancel *rq_cancel_new(rq_error **error);

/**
 * Ends every request that uses this token, now and later, with `RQ_ERR_CANCELLED`: while it looks
 * up a name, connects, shakes hands, waits, uploads or reads its body. Returns at once; the
 * requests end within 100 ms.
 *
 * Threads: any, but not in a signal handler. Since: 0.1.
 */
void rq_cancel_trigger(const rq_cancel *cancel);

/**
 * Whether the token was triggered; false for NULL.
 *
 * Threads: any. Since: 0.1.
 */
bool rq_cancel_triggered(const rq_cancel *cancel);

/**
 * Frees a token. NULL is fine; requests under way keep what they need of it.
 *
 * Since: 0.1.
 */
void rq_cancel_free(rq_cancel *cancel);

/**
 * The error's code, to switch on; `RQ_OK` for NULL.
 *
 * Since: 0.1.
 */
rq_code rq_error_code(const rq_error *error);

/**
 * What was wrong, where, and what to do: one line for people, never a credential. Empty for NULL.
 *
 * Ownership: lent until the error is freed. Since: 0.1.
 */
const char *rq_error_message(const rq_error *error);

/**
 * The step that failed: `"prepare"`, `"pool"`, `"dns"`, `"connect"`, `"tls"`, `"send"`, `"head"`,
 * `"body"`, or `""`.
 *
 * Ownership: static. Since: 0.1.
 */
const char *rq_error_phase(const rq_error *error);

/**
 * The exception that Python Requests raises for this: `"ConnectTimeout"`, `"SSLError"`, … Empty
 * for NULL.
 *
 * Ownership: static. Since: 0.1.
 */
const char *rq_error_exception(const rq_error *error);

/**
 * The URL of the request, without user and password; NULL if none was known.
 *
 * Ownership: lent until the error is freed. Since: 0.1.
 */
const char *rq_error_url(const rq_error *error);

/**
 * The system's error number, `ECONNREFUSED` and the like; 0 where none applies.
 *
 * Since: 0.1.
 */
int32_t rq_error_errno(const rq_error *error);

/**
 * The HTTP status that the error speaks of; 0 where none applies.
 *
 * Since: 0.1.
 */
int32_t rq_error_status(const rq_error *error);

/**
 * Makes an error of your own, for example in a callback. Does nothing if `*error` is set already.
 *
 * Ownership: `*error` is yours; the message is copied. Errors: a code that is none becomes
 * `RQ_ERR_CALLBACK`. Since: 0.1.
 */
void rq_error_set(rq_error **error, int32_t code, const char *message);

/**
 * Frees an error. NULL is fine. Set your variable to NULL afterwards to use it again.
 *
 * Since: 0.1.
 */
void rq_error_free(rq_error *error);

/**
 * Sets a header; it keeps the place of a session header of that name and takes this spelling.
 * `value` NULL removes it: from the session's defaults, or from what the session would send with
 * this request.
 *
 * Errors: `RQ_ERR_INVALID_HEADER` if the name is no token, or the value holds CR or LF or begins
 * or ends with a blank. Since: 0.1.
 */
void rq_opts_header(rq_opts *opts, const char *name, const char *value, rq_error **error);

/**
 * Adds a header beside others of that name: both are sent.
 *
 * Errors: as rq_opts_header. Since: 0.1.
 */
void rq_opts_header_add(rq_opts *opts, const char *name, const char *value, rq_error **error);

/**
 * Sets the connect timeout (DNS, TCP and TLS handshake together) and the read timeout (the longest
 * silence of the peer). 0: none. Defaults: 10,000 and 60,000.
 *
 * Errors: NULL `opts`. Since: 0.1.
 */
void rq_opts_timeout_ms(rq_opts *opts, uint32_t connect_ms, uint32_t read_ms, rq_error **error);

/**
 * Sets the deadline of the whole call: pool, DNS, connect, TLS, upload, head and body. 0: none,
 * the default.
 *
 * Errors: NULL `opts`; requests that overrun it get `RQ_ERR_TOTAL_TIMEOUT`. Since: 0.1.
 */
void rq_opts_deadline_ms(rq_opts *opts, uint32_t total_ms, rq_error **error);

/**
 * Whether the server's certificate is verified; it is by default. false encrypts, but anyone may
 * be the peer. Connections made either way are never mixed.
 *
 * Errors: NULL `opts`. Since: 0.1.
 */
void rq_opts_verify(rq_opts *opts, bool verify, rq_error **error);

/**
 * Trusts the certificates of a PEM file, or of every PEM file in a directory, in place of the
 * system's. Read now.
 *
 * Errors: `RQ_ERR_FILE` if it cannot be read or holds no certificate. Since: 0.1.
 */
void rq_opts_ca_file(rq_opts *opts, const char *path, rq_error **error);

/**
 * Trusts the certificates of PEM text in memory, in place of the system's.
 *
 * Errors: `RQ_ERR_FILE` if it holds no certificate. Ownership: copied. Since: 0.1.
 */
void rq_opts_ca_pem(rq_opts *opts, const void *pem, size_t len, rq_error **error);

/**
 * Connects to `address` (`"127.0.0.1"`, `"127.0.0.1:8080"`, `"[::1]:8080"`) for `host` and `port`,
 * without a lookup. Host header and certificate check stay those of the URL. A session's setting.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for a port that is not 1 to 65535 or an address that is none.
 * Since: 0.1.
 */
void rq_opts_resolve(rq_opts *opts,
                     const char *host,
                     uint32_t port,
                     const char *address,
                     rq_error **error);

/**
 * Sets how many idle connections are kept in all and for one host (defaults 100 and 10), and how
 * many may be open to one host at a time; further requests wait, for the connect timeout at most.
 * 0 open: no limit, the default. A session's setting.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` on a request's settings. Since: 0.1.
 */
void rq_opts_pool(rq_opts *opts,
                  uint32_t idle_max,
                  uint32_t idle_per_host_max,
                  uint32_t open_per_host_max,
                  rq_error **error);

/**
 * Sets the age at which an idle connection is closed; default 90,000. 0: never. A session's
 * setting.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` on a request's settings. Since: 0.1.
 */
void rq_opts_idle_age_ms(rq_opts *opts, uint32_t idle_age_ms, rq_error **error);

/**
 * Merges a request with a session's defaults into what will be sent. Sends nothing. Without a
 * session (NULL) no default is applied at all.
 *
 * Errors: `RQ_ERR_INVALID_URL`, `RQ_ERR_MISSING_SCHEMA`, `RQ_ERR_INVALID_SCHEMA`. Ownership:
 * yours, free it with rq_prepared_free; session and request may be freed before it. Since: 0.1.
 */
rq_prepared *rq_prepare(const rq_session *session, const rq_request *request, rq_error **error);

/**
 * Frees a prepared request. NULL is fine.
 *
 * Since: 0.1.
 */
void rq_prepared_free(rq_prepared *prepared);

/**
 * The method; NULL for NULL.
 *
 * Ownership: lent until the prepared request is changed or freed. Since: 0.1.
 */
const char *rq_prepared_method(const rq_prepared *prepared);

/**
 * The URL, normalised: user and password included, if it has any. NULL for NULL.
 *
 * Ownership: lent until the prepared request is changed or freed. Since: 0.1.
 */
const char *rq_prepared_url(const rq_prepared *prepared);

/**
 * The value of a header, by name in any case; repeated ones joined by `", "`. NULL if there is
 * none.
 *
 * Ownership: lent until the prepared request is changed or freed. Since: 0.1.
 */
const char *rq_prepared_header(const rq_prepared *prepared, const char *name);

/**
 * The header at `index`, in the order in which it will be sent after `Host`; false past the end.
 *
 * Ownership: `*name` and `*value` are lent until the prepared request is changed or freed. Since:
 * 0.1.
 */
bool rq_prepared_header_at(const rq_prepared *prepared,
                           size_t index,
                           const char **name,
                           const char **value);

/**
 * The body and its length; NULL and 0 if there is none.
 *
 * Ownership: lent until the prepared request is changed or freed. Since: 0.1.
 */
const void *rq_prepared_body(const rq_prepared *prepared, size_t *len);

/**
 * Replaces the method; it is sent as spelled here.
 *
 * Errors: `RQ_ERR_INVALID_METHOD`; the old one stays. Since: 0.1.
 */
void rq_prepared_set_method(rq_prepared *prepared, const char *method, rq_error **error);

/**
 * Replaces the URL.
 *
 * Errors: as rq_prepare; the old one stays. Since: 0.1.
 */
void rq_prepared_set_url(rq_prepared *prepared, const char *url, rq_error **error);

/**
 * Sets a header in its place, or adds it at the end; `value` NULL removes it. A Content-Length
 * that does not say the length of the body is refused when the request is sent.
 *
 * Errors: `RQ_ERR_INVALID_HEADER`. Since: 0.1.
 */
void rq_prepared_set_header(rq_prepared *prepared,
                            const char *name,
                            const char *value,
                            rq_error **error);

/**
 * Replaces the body; Content-Length follows it. `len` 0: no body.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for a length that no object has. Ownership: copied. Since:
 * 0.1.
 */
void rq_prepared_set_body(rq_prepared *prepared, const void *data, size_t len, rq_error **error);

/**
 * A request for `url`. Any token is a method: `"GET"`, `"MKCOL"`. The URL is parsed when the
 * request is prepared.
 *
 * Errors: `RQ_ERR_INVALID_METHOD`. Ownership: yours, free it with rq_request_free. Since: 0.1.
 */
rq_request *rq_request_new(const char *method, const char *url, rq_error **error);

/**
 * Frees a request. NULL is fine.
 *
 * Since: 0.1.
 */
void rq_request_free(rq_request *request);

/**
 * The request's own settings; they win over the session's. NULL for NULL, which every rq_opts_...
 * call reports.
 *
 * Ownership: lent until the request is freed. Since: 0.1.
 */
rq_opts *rq_request_opts(const rq_request *request);

/**
 * Sends these bytes as the body. Content-Length follows; no Content-Type is guessed. `len` 0: no
 * body.
 *
 * Errors: `RQ_ERR_INVALID_ARGUMENT` for a length that no object has. Ownership: copied. Since:
 * 0.1.
 */
void rq_request_body(rq_request *request, const void *data, size_t len, rq_error **error);

/**
 * Frees a response. NULL is fine. A connection whose body was not read to its end is closed,
 * unless the rest has arrived already.
 *
 * Since: 0.1.
 */
void rq_response_free(rq_response *response);

/**
 * The status code, 100 to 999; 0 for NULL.
 *
 * Since: 0.1.
 */
int32_t rq_response_status(const rq_response *response);

/**
 * The reason phrase as received, `"OK"`; empty if there was none. NULL for NULL.
 *
 * Ownership: lent until the response is freed. Since: 0.1.
 */
const char *rq_response_reason(const rq_response *response);

/**
 * The URL that answered. NULL for NULL.
 *
 * Ownership: lent until the response is freed. Since: 0.1.
 */
const char *rq_response_url(const rq_response *response);

/**
 * 11 for HTTP/1.1, 10 for HTTP/1.0; 0 for NULL.
 *
 * Since: 0.1.
 */
int32_t rq_response_http_version(const rq_response *response);

/**
 * The value of a header, by name in any case; repeated ones joined by `", "`. NULL if there is
 * none.
 *
 * Ownership: lent until the response is freed. Since: 0.1.
 */
const char *rq_response_header(const rq_response *response, const char *name);

/**
 * The header at `index`, as received: order, case and repetition kept; false past the end.
 *
 * Ownership: `*name` and `*value` are lent until the response is freed. Since: 0.1.
 */
bool rq_response_header_at(const rq_response *response,
                           size_t index,
                           const char **name,
                           const char **value);

/**
 * The trailer field at `index`, sent after a chunked body; false past the end, and until the body
 * has been read to its end.
 *
 * Ownership: `*name` and `*value` are lent until the response is freed. Since: 0.1.
 */
bool rq_response_trailer_at(const rq_response *response,
                            size_t index,
                            const char **name,
                            const char **value);

/**
 * Milliseconds from the start of sending until the head was read, without the body; 0 for NULL.
 *
 * Since: 0.1.
 */
double rq_response_elapsed_ms(const rq_response *response);

/**
 * Whether the response came over a connection that was kept from an earlier request; false for
 * NULL.
 *
 * Since: 0.1.
 */
bool rq_response_reused(const rq_response *response);

/**
 * Turns a status from 400 to 599 into an error, worded as Requests' raise_for_status does.
 *
 * Errors: `RQ_ERR_STATUS`, with the status in rq_error_status. Since: 0.1.
 */
void rq_response_raise(const rq_response *response, rq_error **error);

/**
 * Sends a prepared request exactly as it stands and reads the response's head; the body is read
 * with rq_body_read. A kept connection that turns out dead is replaced once, if sending twice is
 * the same as sending once.
 *
 * `cancel` may be NULL; it holds for the body too. Blocks. Errors: any from `RQ_ERR_CANCELLED` to
 * `RQ_ERR_LIMIT`; a status such as 404 is none. Ownership: yours, free it with rq_response_free.
 * Threads: any number may send on one session, and the same prepared request too (which one of
 * them may read) while nobody changes it. Since: 0.1.
 */
rq_response *rq_send(const rq_session *session,
                     const rq_prepared *prepared,
                     const rq_cancel *cancel,
                     rq_error **error);

/**
 * rq_prepare and rq_send in one call.
 *
 * Errors, ownership, threads: as theirs. Since: 0.1.
 */
rq_response *rq_perform(const rq_session *session,
                        const rq_request *request,
                        const rq_cancel *cancel,
                        rq_error **error);

/**
 * Sends a GET for `url` with the session's defaults.
 *
 * Errors, ownership, threads: as rq_perform. Since: 0.1.
 */
rq_response *rq_get(const rq_session *session, const char *url, rq_error **error);

/**
 * A session with default settings: the headers User-Agent, Accept-Encoding, Accept and Connection,
 * verification on, connect timeout 10 s, read timeout 60 s. Opens nothing yet.
 *
 * Ownership: yours, free it with rq_session_free. Threads: any number. Since: 0.1.
 */
rq_session *rq_session_new(rq_error **error);

/**
 * Frees a session and closes its idle connections. NULL is fine. Responses of it can still be
 * read.
 *
 * Since: 0.1.
 */
void rq_session_free(rq_session *session);

/**
 * The session's settings, the defaults of each of its requests. NULL for NULL, which every
 * rq_opts_... call reports.
 *
 * Ownership: lent until the session is freed. Threads: any number. Since: 0.1.
 */
rq_opts *rq_session_opts(const rq_session *session);

/**
 * Closes the connections that no request uses. The session stays usable.
 *
 * Threads: any number. Since: 0.1.
 */
void rq_session_close_idle(const rq_session *session);

/**
 * The version of the library in use, `"0.1.0"`; compare with `RQ_VERSION`, that of the header.
 *
 * Ownership: static. Since: 0.1.
 */
const char *rq_version(void);

/**
 * The version as a number, `major << 16 | minor << 8 | patch`.
 *
 * Since: 0.1.
 */
uint32_t rq_version_number(void);

/**
 * The name of an error code, `"RQ_ERR_DNS"`; `"RQ_ERR_UNKNOWN"` for a number that is none.
 *
 * Ownership: static. Since: 0.1.
 */
const char *rq_code_name(int32_t code);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* RQ_H */
