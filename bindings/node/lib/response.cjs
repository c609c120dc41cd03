'use strict'

// Responses: the head, and the ways to read the body. Each read is a job of the addon's worker
// threads, and one at most is in flight; of a small body, which came with the head, and of a fast
// one, as far as it has come, it is done at once. Sending is exchange.cjs's.

const native = require('../build/rq_node.node')
const { asyncDispose, dispose } = require('./disposal.cjs')
const { RequestError, checked, failure, misuse } = require('./errors.cjs')
const { Headers } = require('./headers.cjs')
const { delimiterOf, linesFrom } = require('./lines.cjs')
const { Prepared } = require('./prepared.cjs')
const { because, forgotten } = require('./signal.cjs')
const { nodeStream, webStream } = require('./streams.cjs')
const { text, textOrNull } = require('./values.cjs')

const TURN_BYTES = 1024 * 1024

let handleOf
let taken = 0 // bytes in pieces, since the event loop was waited for
let turning // while it is

/**
 * Pieces that are there at once, or come from a worker as soon as they are asked for, would keep a
 * loop of promises to itself: timers and other sockets have their turn after so many bytes.
 */
function turn () {
  turning ??= new Promise((resolve) => setImmediate(() => {
    taken = 0
    turning = undefined
    resolve()
  }))
  return turning
}

/** Bytes of the addon's, which begin where their memory does. */
function bufferOf (bytes) {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, 0, bytes.length)
}

class Response {
  #handle
  #context
  #head
  #history
  #encoding
  #certificates
  #trailers = null
  #ended = false // the body came to its end: there is nothing to give up
  #failed // { reason }: why the body ended early
  #taken = false // someone reads the body piece by piece
  #into = false // by readInto
  #kept = false // librq keeps the body, for it was asked for as a whole
  #turn // the last of those who asked for all of the body
  #content // the promise of bytes()
  #stream

  /**
   * context: what it shares with its exchange: { signal, unlisten, dialog, later }. later is what
   * its request is read from, if it is sent again.
   */
  constructor (handle, head, context) {
    this.#handle = handle
    this.#head = head
    this.#context = context
    this.#encoding = head.encoding ?? null
    this.status = head.status
    this.ok = head.ok
    this.reason = head.reason
    this.url = head.url
    this.headers = new Headers(head.headers)
    this.httpVersion = head.version === 10 ? '1.0' : '1.1'
    this.elapsed = head.elapsed
    this.reused = head.reused
    this.contentLength = head.length
    this.isRedirect = head.redirects !== undefined
    this.isPermanentRedirect = head.redirects === true
    this.links = head.links ?? []
    if (head.trailers !== undefined) this.#end(head.trailers)
    else if (context.signal && context.unlisten) forgotten.register(this, context.unlisten, this)
  }

  static {
    /** The addon's handle of what a hook returned. */
    handleOf = (response) => {
      if (response !== null && typeof response === 'object' && #handle in response) {
        return response.#handle
      }
      throw new TypeError('a response hook must return a Response, or nothing')
    }
  }

  // ---- the head ----

  /** The responses that led here, the oldest first. */
  get history () {
    const context = { ...this.#context, unlisten: undefined }
    this.#history ??= (this.#head.history ?? []).map(([handle, head]) =>
      new Response(handle, head, context))
    return this.#history
  }

  /** The request as it was sent. */
  get request () {
    return new Prepared(checked(native.responseSent, this.#handle), this.#context.later)
  }

  /** The request that this redirect leads to, if it was not followed; null for what is none. */
  next () {
    if (this.#head.misled !== undefined) throw failure(this.#head.misled)
    return this.#head.next ? new Prepared(this.#head.next, this.#context.later) : null
  }

  /** Those that this response set. */
  get cookies () {
    return (this.#head.cookies ?? []).map(({ expires, ...cookie }) =>
      ({ ...cookie, expires: expires === null ? null : new Date(expires * 1000) }))
  }

  /** Those that the server has shown, its own first; none without TLS. */
  get certificates () {
    const date = (seconds) => new Date(seconds * 1000)
    this.#certificates ??= checked(native.responseCertificates, this.#handle)
      .map(({ notBefore, notAfter, ...certificate }) =>
        ({ ...certificate, notBefore: date(notBefore), notAfter: date(notAfter) }))
    return this.#certificates
  }

  /** The URL of the first link of that relation; null if there is none. */
  link (rel) {
    const wanted = text('rel', rel).toLowerCase()
    const relations = ({ params }) => params.find(([name]) => name === 'rel')?.[1] ?? ''
    const has = (link) => relations(link).toLowerCase().split(/[\t\n\f\r ]+/).includes(wanted)
    const found = this.links.find(({ key }) => key === rel) ?? (wanted && this.links.find(has))
    return found?.url ?? null
  }

  /** Throws for a status of 4xx or 5xx. */
  raise () {
    if (this.#head.raised) throw new RequestError(this.#head.raised)
    return this
  }

  /** The fields after the body; null until its end. */
  get trailers () {
    return this.#trailers
  }

  /** Of the text, as it was set or declared; null if it was not. */
  get encoding () {
    return this.#encoding
  }

  set encoding (label) {
    textOrNull('encoding', label)
    this.#encoding = checked(native.responseSetEncoding, this.#handle, label) ?? null
  }

  // ---- all of the body ----

  /** All of the body. It is kept: a second call gives the same. */
  bytes () {
    this.#content ??= this.#whole(native.responseBytes).then(({ body }) => bufferOf(body))
    return this.#content
  }

  async text () {
    return (await this.#whole(native.responseText)).text
  }

  async json () {
    return JSON.parse((await this.#whole(native.responseJson)).text)
  }

  /** The encoding that the body looks like. */
  async apparentEncoding () {
    return (await this.#whole(native.responseApparentEncoding)).text
  }

  /** Writes what is left of the body to a file, whole or not at all: how many bytes. */
  async save (path) {
    text('path', path)
    this.#take()
    const { saved, trailers } = await this.#read(native.responseSave, path)
    this.#end(trailers)
    return saved
  }

  // ---- in pieces ----

  /** The pieces of the body as they come. Leaving the loop closes the response. */
  async * [Symbol.asyncIterator] () {
    if (this.#content) {
      const all = await this.#content
      if (all.length > 0) yield all
      return
    }
    yield * this.#pieces(native.responseRead)
  }

  /** The body in pieces of one size, but for the last, however they come. */
  async * chunks (size) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new TypeError('the size of a chunk must be a whole number from 1')
    }
    let chunk = Buffer.allocUnsafe(size)
    let filled = 0
    for await (const piece of this) {
      for (let at = 0; at < piece.length;) {
        const count = piece.copy(chunk, filled, at)
        at += count
        filled += count
        if (filled < size) continue
        yield chunk
        chunk = Buffer.allocUnsafe(size)
        filled = 0
      }
    }
    if (filled > 0) yield chunk.subarray(0, filled)
  }

  /**
   * Reads some of the body into a buffer of the caller's, which may be used again at once: for long
   * bodies in little memory. Resolves to how many bytes, 0 at the end.
   */
  async readInto (buffer) {
    if (!(buffer instanceof Uint8Array) || buffer.length === 0) {
      throw new TypeError('the buffer must be a Uint8Array with room in it')
    }
    if (!this.#into) this.#take()
    this.#into = true
    if (this.#ended) return 0
    const got = await this.#read(native.responseReadInto, buffer)
    if (!Array.isArray(got)) return got
    this.#end(got)
    return 0
  }

  /** The pieces as they were transferred, with their content codings. */
  raw () {
    return this.#pieces(native.responseReadRaw)
  }

  /** The pieces as text. */
  textStream () {
    return this.#pieces(native.responseReadText)
  }

  /** The lines, without their ends. */
  lines (options) {
    return this.#lines(false, delimiterOf(options))
  }

  textLines (options) {
    return this.#lines(true, delimiterOf(options))
  }

  /** The pieces of the body as a Web stream of bytes. */
  get body () {
    this.#stream ??= webStream(this.#own(), () => this.close())
    return this.#stream
  }

  /** Pieces to be given away: none is what bytes() gives again. */
  async * #own () {
    for await (const piece of this) yield this.#content ? new Uint8Array(piece) : piece
  }

  /** The pieces of the body as a Readable of node:stream. */
  stream () {
    return nodeStream(this[Symbol.asyncIterator](), () => this.close())
  }

  /** Gives up what is left of the body. */
  close () {
    if (this.#ended || this.#failed) return
    native.responseClose(this.#handle)
    this.#over({ reason: misuse('the response is closed') })
  }

  [dispose] () {
    this.close()
  }

  async [asyncDispose] () {
    this.close()
  }

  // ---- reading ----

  #take () {
    if (this.#taken) throw new TypeError('the body is read already')
    this.#taken = true
  }

  /** One after the other, for all of them may be asked for at once. */
  #whole (call) {
    if (this.#taken && !this.#kept) return Promise.reject(new TypeError('the body is read already'))
    this.#kept = true
    const read = async () => {
      const got = await this.#read(call)
      this.#end(got.trailers)
      return got
    }
    this.#turn = this.#turn === undefined ? read() : this.#turn.then(read, read)
    return this.#turn
  }

  async * #pieces (call) {
    this.#take()
    try {
      for (;;) {
        if (taken >= TURN_BYTES) await turn()
        const got = await this.#read(call)
        if (Array.isArray(got)) return this.#end(got)
        taken += got.length
        yield got instanceof Uint8Array ? bufferOf(got) : got
      }
    } finally {
      this.close()
    }
  }

  async * #lines (asText, delimiter) {
    this.#take()
    try {
      if (delimiter) checked(native.responseDelimiter, this.#handle, delimiter)
      const end = yield * linesFrom((take) => this.#read(native.responseLines, asText, take))
      if (end.trailers !== undefined) this.#end(end.trailers)
      else throw this.#broken(end.failure)
    } finally {
      this.close()
    }
  }

  /** One call of the addon, which is all that reads. */
  async #read (call, ...given) {
    if (this.#failed) throw this.#failed.reason
    const { dialog } = this.#context
    let got
    try {
      got = await call(this.#handle, ...given, dialog?.listens ? dialog.ask : undefined)
    } catch (reported) {
      throw this.#broken(reported)
    }
    if (dialog?.failure) throw this.#broken(undefined)
    return got
  }

  /** The reading failed: of what, as it is thrown. */
  #broken (reported) {
    const { dialog, signal } = this.#context
    const reason = dialog?.failure ? dialog.failure.reason : because(reported, signal)
    this.#over({ reason })
    return this.#failed.reason
  }

  #end (trailers) {
    this.#ended = true
    this.#trailers = new Headers(trailers)
    this.#over()
  }

  /** Nothing more will come: what an abort would hold is let go. */
  #over (failed) {
    this.#failed ??= failed
    this.#context.unlisten?.()
    forgotten.unregister(this)
  }
}

/** What hooks see of the addon's handles. */
const lend = {
  prepared: (handle) => new Prepared(handle),
  response: (handle, head, context) => new Response(handle, head, context),
  handle: handleOf
}

module.exports = { Response, lend }
