// The types of librq for Node, kept by hand; `npm run types` checks them against test/types.ts.
/// <reference lib="esnext.disposable" />

/** The version of librq: "0.1.0". */
export const version: string

/** Names and values; null removes a field, a name repeated in a list is sent repeatedly. */
export type HeadersInit =
  | Record<string, string | number | boolean | null>
  | Iterable<readonly [string, string | number | boolean | null]>

/** Text is sent as UTF-8. */
export type Bytes = string | Uint8Array | ArrayBuffer | ArrayBufferView

export type Scalar = string | number | boolean

/** Names and values; a list repeats the name, null says that it is to be left out. */
export type FieldsInit =
  | Record<string, Scalar | null | readonly (Scalar | null)[]>
  | Iterable<readonly [string, Scalar | null | readonly (Scalar | null)[]]>

/** A file that librq itself reads: made by file(). */
export interface FilePath { readonly path: string }

/** A file to be sent as a body or as a part, opened when the request starts or is prepared. */
export function file (path: string | URL): FilePath

/** What gives a body piece by piece: a stream, a generator, a list. */
export type Source = AsyncIterable<Bytes> | Iterable<Bytes>

/**
 * What a body or a part is made of. What has to be read is read while the request is sent, by its
 * length if that is known and in chunks if not. It is read again for a second attempt if it is a
 * Blob, a file, a list, or a function, which has to give a fresh source each time.
 */
export type Content = Bytes | Blob | FilePath | Source | (() => Source | Promise<Source>)

/** An open file, from its position to its end; or an fs.promises.FileHandle. */
export interface Descriptor { readonly fd: number }

/** FormData is sent as multipart/form-data, URLSearchParams as form fields. */
export type Body = Content | Descriptor | FormData | URLSearchParams

/** A part of a multipart body; filename null for none, else the file's, or the name. */
export interface Part {
  name: string
  filename?: string | null
  /** null leaves the part out. */
  content?: Content | null
  /** In place of content. */
  path?: string | URL
  type?: string | null
  headers?: FieldsInit
  /** Of a content that is read piece by piece, in bytes, if it is known. */
  length?: number
}

/** Content, or what is to be said of it. A Blob brings its type and name, if they are not given. */
export type PartInit =
  | Content
  | null
  | readonly [filename: string | null | undefined, content: Content | null,
      type?: string | null, headers?: FieldsInit]

export type FilesInit =
  | Record<string, PartInit>
  | ReadonlyMap<string, PartInit>
  | readonly (Part | readonly [name: string, content: PartInit])[]

/** Has the last word on a request that is being prepared, and is to be done when it returns. */
export type AuthFunction = (prepared: Prepared) => void

/**
 * User and password for basic credentials, which are UTF-8 unless latin1 is true. null: no
 * credentials at all, not even the session's, the netrc file's, or the URL's.
 */
export type Auth =
  | readonly [user: string, password: string]
  | { basic?: readonly [user: string, password: string], latin1?: boolean }
  | { bearer: string }
  | { digest: readonly [user: string, password: string] }
  | AuthFunction
  | null

/** How often, and after what, a request is tried again. Times are in seconds. */
export interface Retries {
  /** 0 is the default. A connection that could not be opened is tried again for any method. */
  count?: number
  /** These are tried again; 413, 429 and 503 are if they come with Retry-After. */
  statuses?: Iterable<number>
  /** May be repeated, beside GET, HEAD, PUT, DELETE, OPTIONS and TRACE; "*" is any. */
  methods?: Iterable<string>
  /** No pause before the first repetition, then twice this, four times, …; 0 is the default. */
  backoff?: number
  /** The longest pause of these: 120 unless it is given. */
  backoffMax?: number
  /** The longest Retry-After that is waited for, 60; 0: it is not heeded. */
  retryAfterMax?: number
}

/** A step of an exchange. */
export interface Trace {
  readonly step:
    | 'dns' | 'connect' | 'tls' | 'reused' | 'sent' | 'head' | 'body' | 'retry' | 'redirect'
  /** Milliseconds since the request began. */
  readonly elapsed: number
  /** With what it was done: an address, a URL, a status. */
  readonly detail: string
}

/** Sees, and may change, a request that is about to be sent; it is lent for the call. */
export type RequestHook = (prepared: Prepared) => void | Promise<void>

/**
 * Sees a response whose head has come; it is lent for the call, and its body may be read: what
 * bytes(), text() and json() read can be read again. Another response that it returns takes the
 * place of this one.
 */
export type ResponseHook = (response: Response) => Response | void | Promise<Response | void>

type OneOrMore<T> = T | readonly T[]

/**
 * Functions on the way of a request, those of the session first. What one throws, the request
 * throws; request and response hooks are waited for, the others are not: what they throw ends
 * the request, or the reading of the body, as soon as it is noticed.
 */
export interface Hooks {
  /** Before each hop: the first request, and those that follow redirects. */
  request?: OneOrMore<RequestHook>
  /** After the head of each hop's response. */
  response?: OneOrMore<ResponseHook>
  /** Told of each step, in order. */
  trace?: OneOrMore<(trace: Trace) => void>
  /** Told while a body is read: bytes so far as transferred, and in all (-1 if not known). */
  download?: OneOrMore<(received: number, total: number) => void>
}

/** What a session and a request can both say; the request's word wins, for that request alone. */
export interface CommonOptions {
  headers?: HeadersInit
  /** The query. Text is taken as it is, in place of the session's; null removes a parameter. */
  params?: FieldsInit | string
  /** Dot segments and escapes of the URL stay as written. */
  pathAsIs?: boolean
  /** false: the session's cookies are not sent, and those of responses not kept. */
  jar?: boolean
  auth?: Auth
  /**
   * Proxies by "http", "https", "all", or one of these and a host, "http://example.org"; null for
   * none. The key no_proxy lists the hosts that have none, in place of NO_PROXY.
   */
  proxies?: Record<string, string | null> | Iterable<readonly [string, string | null]>
  /** Seconds, 0 for no limit: until the connection stands (10), and of the peer's silence (60). */
  timeout?: number | readonly [connect: number, read: number]
  /** Seconds from the start to the last byte of the body; 0 for no limit, the default. */
  deadline?: number
  /** false: any certificate will do. A path: a PEM file or folder, not the system's roots. */
  verify?: boolean | string
  /** PEM certificates to trust instead of the system's. */
  ca?: Bytes
  /** true, the default, but for session.head(). */
  followRedirects?: boolean
  /** 30; one more is an error. */
  maxRedirects?: number
  /** Further headers that no redirect takes to another origin, beside Authorization and Cookie. */
  sensitiveHeaders?: Iterable<string>
  /** A number is a count. */
  retries?: number | Retries
  /** true, the default: content codings (gzip, deflate, br, zstd) are taken off. */
  decode?: boolean
  /** The most bytes of a response's body as transferred; null for any number, the default. */
  maxBody?: number | null
  /** The most bytes of a response's body once it is decoded. */
  maxDecoded?: number | null
  /** Asks with Expect: 100-continue before it sends a body, and waits a second at most. */
  expectContinue?: boolean
  /** Credentials of a proxy's URL wait for its digest challenge. */
  proxyDigest?: boolean
  hooks?: Hooks
}

export interface SessionOptions extends CommonOptions {
  /** false: proxies and the netrc file of the environment are not looked at. */
  trustEnv?: boolean
  /** What the session sees in place of the process's variables; null for unset. */
  env?: Record<string, string | null> | Iterable<readonly [string, string | null]>
  /** Addresses to connect to without a look-up: { "example.org:443": "127.0.0.1:8443" }. */
  resolve?: Record<string, string>
  /** Idle connections kept in all and to one host; open connections to one host, 0 for no limit. */
  pool?: { idle: number, idlePerHost: number, openPerHost?: number }
  /** Seconds that an idle connection is kept; 0 for no limit. */
  idleAge?: number
}

export interface PrepareOptions extends CommonOptions {
  /** Cookies of this request alone; null leaves the session's out. */
  cookies?:
    | Record<string, Scalar | null>
    | Iterable<readonly [string, Scalar | null]>
  /** Wins over form and json. */
  body?: Body | null
  /** The length of a body that is read piece by piece, in bytes, if it is known. */
  bodyLength?: number
  /** Sent as JSON, with Content-Type: application/json unless another is given. */
  json?: unknown
  /** JSON as text, sent as it is. */
  jsonText?: string
  /** Form fields: urlencoded, or parts if there are files. */
  form?: FieldsInit
  /** Parts of a multipart/form-data body. */
  files?: FilesInit
  /**
   * Called while the body is sent: bytes so far, and in all (-1 if that is not known). It need not
   * be called for each step; what it throws ends the request.
   */
  onProgress?: (sent: number, total: number) => void
}

export interface SendOptions {
  /** Ends the request, and the body after it, whatever they wait for. */
  signal?: AbortSignal
}

export interface RequestOptions extends PrepareOptions, SendOptions {}

/** What may still be said when a prepared request is sent. */
export interface SendingOptions extends SendOptions,
  Pick<CommonOptions,
    | 'jar' | 'proxies' | 'timeout' | 'deadline' | 'verify' | 'ca' | 'followRedirects'
    | 'maxRedirects' | 'sensitiveHeaders' | 'retries' | 'decode' | 'maxBody' | 'maxDecoded'
    | 'proxyDigest'> {}

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
  /** Closes the connections that wait for a next request. */
  closeIdle (): void
  /** No more requests; those in flight and open responses end as they would have. */
  close (): void
  [Symbol.dispose] (): void
}

export interface Cookie {
  readonly name: string
  readonly value: string
  /** Empty or null for a cookie that is sent to every host. */
  readonly domain: string | null
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
  /** The responses that led here, the oldest first; of the body of each, 64 KiB are kept. */
  readonly history: readonly Response[]
  /** The request as it was sent: to be read, and sent again, not changed. */
  readonly request: Prepared
  /** The request that this redirect leads to, if it was not followed; null for what is none. */
  next (): Prepared | null
  /** Those that this response set. */
  readonly cookies: readonly Cookie[]
  readonly links: readonly Link[]
  /** The URL of the first link of that relation; null if there is none. */
  link (rel: string): string | null
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
  /** The pieces of the body as a Web stream. */
  readonly body: ReadableStream<Uint8Array>
}

/** The codes of librq's errors. */
export type RequestErrorCode =
  | 'misuse' | 'panic' | 'callback' | 'cancelled'
  | 'invalid_argument' | 'invalid_url' | 'missing_schema' | 'invalid_schema'
  | 'invalid_header' | 'invalid_method' | 'file'
  | 'invalid_json' | 'invalid_cookie' | 'invalid_proxy'
  | 'dns' | 'connect' | 'tls' | 'proxy'
  | 'connect_timeout' | 'read_timeout' | 'write_timeout' | 'total_timeout' | 'pool_timeout'
  | 'send' | 'closed' | 'protocol' | 'incomplete' | 'limit' | 'body' | 'body_length'
  | 'decode' | 'status' | 'too_many_redirects'

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
