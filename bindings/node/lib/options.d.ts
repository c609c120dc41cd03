// The types of what sessions and requests are given. index.d.ts has them all.
import type { Prepared, Response } from './index'

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

/**
 * Has the last word on a request that is being prepared, which it is lent. It may give a promise,
 * but for prepare(); a deadline does not count meanwhile, a signal ends the wait.
 */
export type AuthFunction = (prepared: Prepared) => void | Promise<void>

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
  /** May be repeated, in place of GET, HEAD, PUT, DELETE, OPTIONS and TRACE; "*" is any. */
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

/**
 * A certificate that is shown to servers that ask for one, its chain behind it, and its private
 * key, which may stand in the same file. Text is the path of a PEM file, bytes are PEM themselves;
 * both must be of one kind.
 */
export type ClientCertificate =
  | string
  | Uint8Array
  | readonly [certificate: string | Uint8Array, key: string | Uint8Array]
  | {
    cert: string | Uint8Array
    key?: string | Uint8Array | null
    /** Of an encrypted key. */
    password?: string | null
  }

/** What a session and a request can both say; the request's word wins, for that request alone. */
export interface CommonOptions {
  headers?: HeadersInit
  /** The query. Text is taken as it is, in place of the session's; null removes a parameter. */
  params?: FieldsInit | string
  /** Dot segments and escapes of the URL stay as written. */
  pathAsIs?: boolean
  /** true, the default; false: the session's cookies are not sent, those of responses not kept. */
  jar?: boolean
  auth?: Auth
  /**
   * Proxies by "http", "https", "all", or one of these and a host, "http://example.org"; null for
   * none. A proxy is an http:// or https:// URL, or one of socks5h (which looks names up itself),
   * socks5, socks4a or socks4, with user and password if it asks for them. The key no_proxy lists
   * the hosts that have none, in place of NO_PROXY.
   */
  proxies?: Record<string, string | null> | Iterable<readonly [string, string | null]>
  /** Seconds, 0 for no limit: until the connection stands (10), and of the peer's silence (60). */
  timeout?: number | readonly [connect: number, read: number]
  /** Seconds from the start to the last byte of the body; 0 for no limit, the default. */
  deadline?: number
  /**
   * true is the default; false: any certificate will do. A path: a PEM file or folder, not the
   * system's roots.
   */
  verify?: boolean | string
  /** PEM certificates to trust instead of the system's. */
  ca?: Bytes
  /** null: none, whatever the session has. */
  cert?: ClientCertificate | null
  /** The name that the server's certificate must have, in place of the URL's host. */
  serverName?: string
  /** The oldest version that is spoken; 1.2 unless it is given. */
  tlsMin?: '1.2' | '1.3'
  /**
   * Accepts only servers whose public key is one of these: "sha256//" and the base64 of its
   * SHA-256. Also without verification.
   */
  pins?: string | Iterable<string>
  /** As verify and ca, for an https:// proxy; as for the server unless it is given. */
  proxyVerify?: boolean | string | { ca: Bytes }
  /** As cert, for an https:// proxy, which is never shown the server's. */
  proxyCert?: ClientCertificate | null
  /** The address of this machine to connect from; null for any. */
  sourceAddress?: string | null
  /** The unix socket to connect to, whatever the URL's host; null for none. */
  unixSocket?: string | null
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
  /** The most bytes of it once it is decoded; null for any number, the default. */
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
  /**
   * Idle connections kept in all and to one host, 100 and 10 unless given; open connections to one
   * host, 0 for no limit, the default.
   */
  pool?: { idle: number, idlePerHost: number, openPerHost?: number }
  /** Seconds that an idle connection is kept, 90 unless given; 0 for no limit. */
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
    | 'jar' | 'proxies' | 'timeout' | 'deadline' | 'verify' | 'ca' | 'cert' | 'serverName'
    | 'tlsMin' | 'pins' | 'proxyVerify' | 'proxyCert' | 'sourceAddress' | 'unixSocket'
    | 'followRedirects' | 'maxRedirects' | 'sensitiveHeaders' | 'retries' | 'decode' | 'maxBody'
    | 'maxDecoded' | 'proxyDigest'> {}
