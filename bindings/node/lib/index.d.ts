// The types of librq for Node, kept by hand; `npm run types` checks them against test/types.ts.
/// <reference lib="esnext.disposable" />

/** The version of librq: "0.1.0". */
export const version: string

/** Names and values; null removes a field, a name repeated in a list is sent repeatedly. */
export type HeadersInit =
  | Record<string, string | number | null>
  | Iterable<readonly [string, string | number | null]>

/** Text is sent as UTF-8. */
export type Body = string | Uint8Array | ArrayBuffer | ArrayBufferView

/** What a session and a request can both say; the request's word wins, for that request alone. */
export interface CommonOptions {
  headers?: HeadersInit
  /** Seconds, 0 for no limit: until the connection stands (10), and of the peer's silence (60). */
  timeout?: number | readonly [connect: number, read: number]
  /** Seconds from the start to the last byte of the body; 0 for no limit, the default. */
  deadline?: number
  /** false: any certificate will do. A path: a PEM file or folder, not the system's roots. */
  verify?: boolean | string
  /** PEM certificates to trust instead of the system's. */
  ca?: Body
}

export interface SessionOptions extends CommonOptions {
  /** Addresses to connect to without a look-up: { "example.org:443": "127.0.0.1:8443" }. */
  resolve?: Record<string, string>
  /** Idle connections kept in all and to one host; open connections to one host, 0 for no limit. */
  pool?: { idle: number, idlePerHost: number, openPerHost?: number }
  /** Seconds that an idle connection is kept; 0 for no limit. */
  idleAge?: number
}

export interface PrepareOptions extends CommonOptions {
  body?: Body | null
  /** Sent as JSON, with Content-Type: application/json unless another is given. */
  json?: unknown
}

export interface SendOptions {
  /** Ends the request, and the body after it, whatever they wait for. */
  signal?: AbortSignal
}

export interface RequestOptions extends PrepareOptions, SendOptions {}

/** Requests with something in common: options, and the connections kept between them. */
export class Session {
  constructor (options?: SessionOptions)
  request (method: string, url: string | URL, options?: RequestOptions): Promise<Response>
  get (url: string | URL, options?: RequestOptions): Promise<Response>
  head (url: string | URL, options?: RequestOptions): Promise<Response>
  options (url: string | URL, options?: RequestOptions): Promise<Response>
  post (url: string | URL, options?: RequestOptions): Promise<Response>
  put (url: string | URL, options?: RequestOptions): Promise<Response>
  patch (url: string | URL, options?: RequestOptions): Promise<Response>
  delete (url: string | URL, options?: RequestOptions): Promise<Response>
  /** Merges the session's options with these and sends nothing. */
  prepare (method: string, url: string | URL, options?: PrepareOptions): Prepared
  send (prepared: Prepared, options?: SendOptions): Promise<Response>
  /** Closes the connections that wait for a next request. */
  closeIdle (): void
  /** No more requests; those in flight and open responses end as they would have. */
  close (): void
  [Symbol.dispose] (): void
}

/** Exactly what will be sent, made by Session.prepare(). Not to be changed while it is sent. */
export class Prepared {
  private constructor ()
  method: string
  get url (): string
  set url (url: string | URL)
  /** In the order in which they are sent. */
  readonly headers: [name: string, value: string][]
  header (name: string): string | null
  /** null removes the field. */
  setHeader (name: string, value: string | number | null): void
  /** A copy; its length goes into Content-Length when it is set. */
  get body (): Uint8Array | null
  set body (body: Body | null)
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

/**
 * What came back. The body is read once: by bytes(), text() or json(), by iterating, or from body.
 * One that is not read to its end should be closed. A body declared as at most 64 KiB is here when
 * the response is; if reading it failed, so will whoever reads it.
 */
export class Response implements AsyncIterable<Uint8Array> {
  private constructor ()
  readonly status: number
  /** The status is below 400: raise() will not throw. */
  readonly ok: boolean
  readonly reason: string
  /** The URL that answered. */
  readonly url: string
  readonly headers: Headers
  readonly httpVersion: '1.0' | '1.1'
  /** Milliseconds from the start of the request to the end of the head. */
  readonly elapsed: number
  /** It came over a connection kept from an earlier request. */
  readonly reused: boolean
  /** As declared; 0 without a body, -1 if unknown. */
  readonly contentLength: number
  /** The fields after the body; null until its end. */
  readonly trailers: Headers | null
  /** All of the body. It is kept: a second call gives the same. */
  bytes (): Promise<Uint8Array>
  /** The body as UTF-8 text. */
  text (): Promise<string>
  json<T = any> (): Promise<T>
  /** Throws a RequestError for a status of 4xx or 5xx. */
  raise (): this
  /** Gives up what is left of the body. */
  close (): void
  [Symbol.dispose] (): void
  /** The pieces of the body as they come. Leaving the loop closes the response. */
  [Symbol.asyncIterator] (): AsyncGenerator<Uint8Array, void, void>
  /** The pieces of the body as a Web stream. */
  readonly body: ReadableStream<Uint8Array>
}

/** The codes of librq's errors. */
export type RequestErrorCode =
  | 'misuse' | 'panic' | 'callback' | 'cancelled'
  | 'invalid_argument' | 'invalid_url' | 'missing_schema' | 'invalid_schema'
  | 'invalid_header' | 'invalid_method' | 'file'
  | 'dns' | 'connect' | 'tls'
  | 'connect_timeout' | 'read_timeout' | 'write_timeout' | 'total_timeout' | 'pool_timeout'
  | 'send' | 'closed' | 'protocol' | 'incomplete' | 'limit'
  | 'status'

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
