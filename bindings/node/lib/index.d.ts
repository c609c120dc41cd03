// The types of librq for Node, kept by hand; `npm run types` checks them against test/types.ts.
/// <reference lib="esnext.disposable" />
import type {
  Bytes, FieldsInit, FilePath, PrepareOptions, RequestOptions, Scalar, SendingOptions,
  SessionOptions
} from './options'

export * from './options'

/** The version of librq: "0.1.0". */
export const version: string

/** A file to be sent as a body or as a part, opened when the request starts or is prepared. */
export function file (path: string | URL): FilePath

/** What an adapter answers. */
export interface Reply {
  /** From 200 to 999; 200 unless it is given. */
  status?: number
  /** That of the status unless it is given. */
  reason?: string
  /** Each character of a value is a byte, as in the headers of a response. */
  headers?: FieldsInit
  /** As it would be transferred, with the codings that Content-Encoding names. */
  body?: Bytes | null
}

/**
 * Answers requests in the place of a server. The request is lent for the call, to be read only;
 * what it throws, the request throws. A signal ends the wait for it, a deadline does not.
 */
export type Adapter = (prepared: Prepared) => Reply | Promise<Reply>

/** Requests with something in common: options, and the connections kept between them. */
export class Session {
  constructor (options?: SessionOptions)
  readonly cookies: Cookies
  request (method: string, url: string | URL, options?: RequestOptions): Promise<Response>
  get (url: string | URL, options?: RequestOptions): Promise<Response>
  /** Follows no redirects unless that is asked for. */
  head (url: string | URL, options?: RequestOptions): Promise<Response>
  options (url: string | URL, options?: RequestOptions): Promise<Response>
  post (url: string | URL, options?: RequestOptions): Promise<Response>
  put (url: string | URL, options?: RequestOptions): Promise<Response>
  patch (url: string | URL, options?: RequestOptions): Promise<Response>
  delete (url: string | URL, options?: RequestOptions): Promise<Response>
  /** Merges the session's options with these and sends nothing. */
  prepare (method: string, url: string | URL, options?: PrepareOptions): Prepared
  /** Options are for this sending alone, and win over the request's and the session's. */
  send (prepared: Prepared, options?: SendingOptions): Promise<Response>
  /**
   * Has the adapter answer the requests whose URL begins with the prefix, in any letter case:
   * "mock://", "https://example.org/api/". The longest prefix counts; the same one again replaces
   * its adapter. Counts for requests that begin later.
   */
  mount (prefix: string, adapter: Adapter): void
  /** The URLs that begin with the prefix have connections of their own. */
  mount (prefix: string): void
  /** Whether something was mounted at exactly this prefix. */
  unmount (prefix: string): boolean
  /**
   * fetch() of the standard over this session, to be handed to clients that take one: it needs no
   * `this`. What the session has, headers, cookies, credentials, timeouts, hooks, counts here too.
   */
  readonly fetch: Fetch
  /** Closes the connections that wait for a next request. */
  closeIdle (): void
  /** No more requests; those in flight and open responses end as they would have. */
  close (): void
  [Symbol.dispose] (): void
  [Symbol.asyncDispose] (): Promise<void>
}

/** What fetch() is given beside the URL. */
export interface FetchInit extends RequestInit {
  /** As the standard asks of those whose body is a stream. */
  duplex?: 'half'
}

/**
 * As https://fetch.spec.whatwg.org has it. Rejects with the signal's reason, with what a hook or
 * the body throws, and with a TypeError for whatever else fails; its cause is the RequestError.
 * redirect 'manual' gives the response as it is; credentials, cache, mode, keepalive and referrers
 * are not looked at, integrity is refused.
 */
export type Fetch =
  (input: string | URL | globalThis.Request, init?: FetchInit) => Promise<globalThis.Response>

/**
 * As Session.fetch, over the session that the functions of this module share, but it keeps no
 * cookies, and lets a peer be silent for 300 seconds, as Node's own does.
 */
export const fetch: Fetch

export interface Cookie {
  readonly name: string
  readonly value: string
  /** Empty for a cookie that is sent to every host. */
  readonly domain: string
  readonly path: string
  readonly secure: boolean
  /** null: with the session. */
  readonly expires: Date | null
}

/** The cookies of a session: those that servers set, and your own. */
export class Cookies implements Iterable<Cookie> {
  private constructor ()
  /** Without a domain it is sent to every host; the path is "/" unless given. null deletes. */
  set (name: string, value: Scalar | null,
    where?: { domain?: string | null, path?: string | null, secure?: boolean }): void
  /** Deletes those of that name; of any domain and path, unless given. */
  delete (name: string, where?: { domain?: string | null, path?: string | null }): void
  /** Deletes all, or those that match. */
  clear (which?: { domain?: string | null, path?: string | null, name?: string | null }): void
  /** As if the server at that URL had sent this Set-Cookie. */
  receive (url: string | URL, setCookie: string): void
  /** Adds the cookies of a file in Netscape's format. */
  load (path: string): Promise<void>
  save (path: string): Promise<void>
  /** For tests: what time it is taken to be; null for the system's. */
  set clock (time: Date | null)
  /** A snapshot. */
  [Symbol.iterator] (): Generator<Cookie, void, void>
}

/** Exactly what will be sent, made by Session.prepare(). Not to be changed while it is sent. */
export class Prepared {
  private constructor ()
  /** Without a session: no default headers, no cookies but its own, nothing of the environment. */
  static of (method: string, url: string | URL, options?: PrepareOptions): Prepared
  method: string
  get url (): string
  set url (url: string | URL)
  /** In the order in which they are sent. */
  readonly headers: [name: string, value: string][]
  header (name: string): string | null
  /** null removes the field. */
  setHeader (name: string, value: Scalar | null): void
  /** Beside others of that name. */
  addHeader (name: string, value: Scalar): void
  /** A copy; its length goes into Content-Length when it is set. null if it is read when sent. */
  get body (): Uint8Array | null
  set body (body: Bytes | null)
  /** 0 without a body, -1 if it is not known before it is sent. */
  readonly bodyLength: number
  /** A curl command that sends the same; credentials are left out unless asked for. */
  curl (options?: { secrets?: boolean }): string
  /** The proxy that a send on this session would use, null for none. */
  proxy (session: Session): string | null
}

/** Header fields in the order and case in which they came; look-ups ignore the case. */
export class Headers implements Iterable<[name: string, value: string]> {
  private constructor ()
  /** The value; those of a repeated field joined by ", ". */
  get (name: string): string | null
  getAll (name: string): string[]
  has (name: string): boolean
  entries (): IterableIterator<[name: string, value: string]>
  [Symbol.iterator] (): IterableIterator<[name: string, value: string]>
}

/** A link of the Link headers. */
export interface Link {
  /** The relation, or the URL if there is none. */
  readonly key: string
  readonly url: string
  readonly params: readonly (readonly [name: string, value: string])[]
}

/** A certificate of a server. */
export interface Certificate {
  readonly der: Uint8Array
  readonly subject: string
  readonly issuer: string
  readonly notBefore: Date
  readonly notAfter: Date
}

/** What ends a line, in place of \n, \r\n and \r. */
export interface LineOptions { delimiter?: Bytes }

/**
 * What came back. The body is read either as a whole, by bytes(), text(), json() or
 * apparentEncoding(), as often as wanted; or once in pieces, by a loop over the response or over
 * lines(), textLines(), textStream() or raw(), from body, or by save(). One that is not read to
 * its end should be closed. A body declared as at most 64 KiB, without a content coding, is here
 * when the response is; if reading it failed, so will whoever reads it.
 */
export class Response implements AsyncIterable<Uint8Array> {
  private constructor ()
  readonly status: number
  /** raise() will not throw. */
  readonly ok: boolean
  readonly reason: string
  /** The URL that answered. */
  readonly url: string
  readonly headers: Headers
  readonly httpVersion: '1.0' | '1.1'
  /** Milliseconds from the start of the request to the end of the head, of the last hop. */
  readonly elapsed: number
  /** It came over a connection kept from an earlier request. */
  readonly reused: boolean
  /** As declared; 0 without a body, -1 if unknown. */
  readonly contentLength: number
  /** The fields after the body; null until its end. */
  readonly trailers: Headers | null
  /** A status that redirects, and a Location. */
  readonly isRedirect: boolean
  readonly isPermanentRedirect: boolean
  /**
   * The responses that led here, the oldest first: the redirects that were followed, or else the
   * challenge that was answered. Of the body of each, 64 KiB are kept.
   */
  readonly history: readonly Response[]
  /** The request as it was sent: to be read, and sent again, not changed. */
  readonly request: Prepared
  /** The request that this redirect leads to, if it was not followed; null for what is none. */
  next (): Prepared | null
  /** Those that this response set. */
  readonly cookies: readonly Cookie[]
  readonly links: readonly Link[]
  /** The URL of the last link of that relation; null if there is none. */
  link (rel: string): string | null
  /**
   * Those of the server, its own first: they lead to one that is trusted, or are as it sent them
   * where verification is off. None without TLS.
   */
  readonly certificates: readonly Certificate[]
  /** Of the text: as it was set, or declared; null if it was not. Setting null undoes that. */
  encoding: string | null
  /** The encoding that the body looks like. */
  apparentEncoding (): Promise<string>
  /** All of the body. It is kept: a second call gives the same. */
  bytes (): Promise<Uint8Array>
  /**
   * The body as text, in its encoding, or in the one that it looks like; text/… that declares none
   * is ISO-8859-1.
   */
  text (): Promise<string>
  /** In whatever UTF it came. */
  json<T = any> (): Promise<T>
  /** Throws a RequestError for a status of 4xx or 5xx. */
  raise (): this
  /** Gives up what is left of the body. */
  close (): void
  [Symbol.dispose] (): void
  [Symbol.asyncDispose] (): Promise<void>
  /** The pieces of the body as they come. Leaving the loop closes the response. */
  [Symbol.asyncIterator] (): AsyncGenerator<Uint8Array, void, void>
  /** The body in pieces of that size, but for the last, however they come. */
  chunks (size: number): AsyncGenerator<Uint8Array, void, void>
  /**
   * Reads some of the body into a buffer of yours, which may be used again at once: for long bodies
   * in little memory. How many bytes, at most 65536; 0 at the end.
   */
  readInto (buffer: Uint8Array): Promise<number>
  /** The pieces as they were transferred, with their content codings. */
  raw (): AsyncGenerator<Uint8Array, void, void>
  /** The pieces of the body as text, in its encoding or as UTF-8. */
  textStream (): AsyncGenerator<string, void, void>
  /** The lines of the body without their ends, each when it has come. */
  lines (options?: LineOptions): AsyncGenerator<Uint8Array, void, void>
  /** As text, which has more ends of lines: those of Python's splitlines. */
  textLines (options?: LineOptions): AsyncGenerator<string, void, void>
  /** Writes what is left of the body to a file, whole or not at all: how many bytes. */
  save (path: string): Promise<number>
  /** The pieces of the body as a Web stream of bytes. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>
  /**
   * As a Readable of node:stream, for pipeline(). Destroying it closes the response. Without the
   * types of Node, which this is one of, it is any.
   */
  // @ts-ignore
  stream (): import('node:stream').Readable
}

/** The codes of librq's errors. */
export type RequestErrorCode =
  | 'misuse' | 'panic' | 'callback' | 'cancelled'
  | 'invalid_argument' | 'invalid_url' | 'missing_schema' | 'invalid_schema'
  | 'invalid_header' | 'invalid_method' | 'file'
  | 'invalid_json' | 'invalid_cookie' | 'invalid_proxy'
  | 'dns' | 'connect' | 'tls' | 'proxy' | 'socks'
  | 'connect_timeout' | 'read_timeout' | 'write_timeout' | 'total_timeout' | 'pool_timeout'
  | 'send' | 'closed' | 'protocol' | 'incomplete' | 'limit' | 'body' | 'body_length'
  | 'decode' | 'status' | 'too_many_redirects'

/** Why, where the code leaves it open: of dns, of tls, of proxy, of socks. */
export type RequestErrorReason =
  | 'not_found' | 'temporary'
  | 'expired' | 'not_yet_valid' | 'unknown_issuer' | 'self_signed' | 'wrong_host'
  | 'bad_signature' | 'weak_algorithm' | 'not_for_servers' | 'not_a_ca' | 'ca_as_server'
  | 'name_constraint' | 'path_length' | 'malformed' | 'pin_mismatch'
  | 'alert' | 'no_common_version' | 'not_tls'
  | 'authentication' | 'refused' | 'unreachable'
  | 'general_failure' | 'network_unreachable' | 'host_unreachable' | 'connection_refused'
  | 'ttl_expired' | 'command_not_supported' | 'address_not_supported' | 'bad_reply'

/** A request or its body failed, or a handle was used after its end. */
export class RequestError extends Error {
  private constructor ()
  readonly code: RequestErrorCode
  /** The step that failed: "dns", "connect", "tls", "send", "head", "body", … */
  readonly phase: string
  /** What Requests raises here: "ConnectTimeout", "SSLError", … */
  readonly exception: string
  /** The system's error number, where it said one. */
  readonly errno?: number
  /** The status of the response, where there was one. */
  readonly status?: number
  /** Without user and password. */
  readonly url?: string
  readonly reason?: RequestErrorReason
  /** What a proxy answered in place of a tunnel, its body at most 64 KiB; null elsewhere. */
  readonly answer: { readonly headers: Headers, readonly body: Uint8Array } | null
}

// The same as methods of one session that all of them share.
export function request (
  method: string, url: string | URL, options?: RequestOptions): Promise<Response>
export function get (url: string | URL, options?: RequestOptions): Promise<Response>
export function head (url: string | URL, options?: RequestOptions): Promise<Response>
export function options (url: string | URL, options?: RequestOptions): Promise<Response>
export function post (url: string | URL, options?: RequestOptions): Promise<Response>
export function put (url: string | URL, options?: RequestOptions): Promise<Response>
export function patch (url: string | URL, options?: RequestOptions): Promise<Response>
declare function remove (url: string | URL, options?: RequestOptions): Promise<Response>
export { remove as delete }
