'use strict'

// Responses: the head, and the ways to read the body. A small body came with the head; of any
// other, one read at most is in flight, each a job of the addon's worker threads. Sending is
// exchange.cjs's.

const native = require('../build/rq_node.node')
const { RequestError, misuse } = require('./errors.cjs')
const { because, forgotten } = require('./signal.cjs')

const dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose')

const utf8 = new TextDecoder()

/** Header fields in the order and case in which they came; look-ups ignore the case. */
class Headers {
  #flat

  constructor (flat) {
    this.#flat = flat
  }

  * entries () {
    for (let i = 0; i < this.#flat.length; i += 2) yield [this.#flat[i], this.#flat[i + 1]]
  }

  [Symbol.iterator] () {
    return this.entries()
  }

  getAll (name) {
    const wanted = String(name).toLowerCase()
    return this.#flat.filter((_, i) => i % 2 === 1 && this.#flat[i - 1].toLowerCase() === wanted)
  }

  get (name) {
    const values = this.getAll(name)
    return values.length > 0 ? values.join(', ') : null
  }

  has (name) {
    return this.getAll(name).length > 0
  }

  /** What console.log shows. */
  [Symbol.for('nodejs.util.inspect.custom')] (depth, options, inspect) {
    return `Headers ${inspect([...this], options)}`
  }
}

class Response {
  #handle // null: the body came to its end, failed or was closed
  #signal
  #unlisten
  #chunk // a small body that nobody took yet
  #failed // { reason }: why the body ended early
  #raised
  #trailers = null
  #taken = false // someone reads the body
  #content // the promise of bytes()
  #stream

  constructor (handle, head, signal, unlisten) {
    this.#handle = handle
    this.#signal = signal
    this.#unlisten = unlisten
    this.#raised = head.raised
    this.status = head.status
    this.ok = head.status < 400
    this.reason = head.reason
    this.url = head.url
    this.headers = new Headers(head.headers)
    this.httpVersion = head.version === 10 ? '1.0' : '1.1'
    this.elapsed = head.elapsed
    this.reused = head.reused
    this.contentLength = head.length
    if (head.body !== undefined) this.#arrived(head)
    else if (signal) forgotten.register(this, unlisten, this)
  }

  /** The fields after the body; null until its end. */
  get trailers () {
    return this.#trailers
  }

  /** Throws for a status of 4xx or 5xx. */
  raise () {
    if (this.#raised) throw new RequestError(this.#raised)
    return this
  }

  /** All of the body. It is kept: a second call gives the same. */
  bytes () {
    this.#content ??= this.#rest()
    return this.#content
  }

  /** The body as UTF-8 text. */
  async text () {
    return utf8.decode(await this.bytes())
  }

  async json () {
    return JSON.parse(await this.text())
  }

  /** The pieces of the body as they come. Leaving the loop closes the response. */
  async * [Symbol.asyncIterator] () {
    if (this.#content) {
      const all = await this.#content
      if (all.length > 0) yield all
      return
    }
    this.#take()
    try {
      for (let piece = await this.#read(); piece !== null; piece = await this.#read()) yield piece
    } finally {
      this.close()
    }
  }

  /** The pieces of the body as a Web stream. */
  get body () {
    this.#stream ??= streamOf(this)
    return this.#stream
  }

  /** Gives up what is left of the body. */
  close () {
    if (this.#handle === null) return
    native.responseClose(this.#handle)
    this.#over({ reason: misuse('the response is closed') })
  }

  [dispose] () {
    this.close()
  }

  #take () {
    if (this.#taken) throw new TypeError('the body is read already')
    this.#taken = true
  }

  async #rest () {
    this.#take()
    if (this.#handle !== null) {
      try {
        this.#arrived(await native.responseRest(this.#handle))
      } catch (reported) {
        this.#fail(reported)
      }
    }
    if (this.#failed) throw this.#failed.reason
    const all = this.#chunk ?? Buffer.alloc(0)
    this.#chunk = null
    return all
  }

  /** The next piece, null at the end. */
  async #read () {
    if (this.#chunk) {
      const piece = this.#chunk
      this.#chunk = null
      return piece
    }
    if (this.#failed) throw this.#failed.reason
    if (this.#handle === null) return null
    let got
    try {
      got = await native.responseRead(this.#handle)
    } catch (reported) {
      this.#fail(reported)
      throw this.#failed.reason
    }
    if (!Array.isArray(got)) return got
    this.#trailers = new Headers(got)
    this.#over()
    return null
  }

  /** All that was left of the body is here, or what came of it before it failed. */
  #arrived ({ body, failure: reported, trailers }) {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, 0, body.length)
    this.#chunk = bytes.length > 0 ? bytes : null
    if (trailers) this.#trailers = new Headers(trailers)
    if (reported) this.#fail(reported)
    else this.#over()
  }

  #fail (reported) {
    if (this.#handle !== null) native.responseClose(this.#handle)
    this.#over({ reason: because(reported, this.#signal) })
  }

  /** Nothing more will come: what an abort would hold is let go. */
  #over (failed) {
    this.#failed ??= failed
    this.#handle = null
    this.#unlisten()
    forgotten.unregister(this)
  }
}

function streamOf (response) {
  const pieces = response[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull (controller) {
      const { done, value } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    // Not by ending the iterator: that would wait for the read in flight, which this ends.
    cancel: () => response.close()
  }, { highWaterMark: 0 })
}

module.exports = { Headers, Response }
