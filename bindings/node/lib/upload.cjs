'use strict'

// The sources of a request's body while it is sent. The addon asks, from a worker thread that
// waits, for the next bytes or for a new beginning, and gets them when the source has them.

const native = require('../build/rq_node.node')
const { bytesIn } = require('./values.cjs')

/** The iterator of what a source opened, be it asynchronous or not. */
function iteratorOf (opened) {
  const make = opened?.[Symbol.asyncIterator]
  if (typeof make === 'function') return make.call(opened)
  if (typeof opened?.[Symbol.iterator] !== 'function' || typeof opened === 'string') {
    throw new TypeError('the function for a body must give a stream or an iterable')
  }
  return (async function * () { yield * opened })()
}

/** Reads one source from its beginning to its end. */
class Reader {
  #source
  #iterator
  #rest = null // of a piece that was larger than what was asked for
  #done = false

  constructor (source) {
    this.#source = source
  }

  /** Some bytes, null at the end. */
  async next () {
    if (this.#rest !== null) return this.#rest
    if (this.#done) return null
    this.#iterator ??= iteratorOf(await this.#source.open())
    for (;;) {
      const { done, value } = await this.#iterator.next()
      this.#done = done === true
      if (this.#done) return null
      const piece = bytesIn(value)
      if (piece === undefined) throw new TypeError('a body must give strings or bytes')
      if (piece.length > 0) return piece
    }
  }

  /** So many bytes of the piece were taken. */
  take (piece, count) {
    this.#rest = count < piece.length ? piece.subarray(count) : null
  }

  /** Lets the source clean up, if it was left before its end; nobody waits for that. */
  async close () {
    if (this.#done || this.#iterator === undefined) return
    this.#done = true
    await this.#iterator.return?.()
  }
}

/** Answers the addon for one request on its way. */
class Upload {
  #handle
  #sources
  #onProgress
  #readers = []
  failure // { reason }: what the body or onProgress threw, and the request failed of

  constructor (handle, { sources, onProgress }) {
    this.#handle = handle
    this.#sources = sources
    this.#onProgress = onProgress
  }

  /** What the addon calls. */
  ask = (what, first, second) => {
    if (what === 'read') this.#read(first)
    else if (what === 'rewind') this.#rewind(first)
    else this.#progress(first, second)
  }

  async #read (index) {
    try {
      this.#readers[index] ??= new Reader(this.#sources[index])
      const reader = this.#readers[index]
      const piece = await reader.next()
      const taken = native.uploadAnswer(this.#handle, piece)
      if (piece !== null && taken !== undefined) reader.take(piece, taken)
    } catch (reason) {
      // Nobody waits any more: the request ended of something else.
      if (native.uploadAnswer(this.#handle, undefined) !== undefined) this.failure = { reason }
    }
  }

  #rewind (index) {
    this.#close(this.#readers[index])
    this.#readers[index] = undefined
    native.uploadAnswer(this.#handle, null)
  }

  #progress (sent, total) {
    if (this.failure !== undefined) return
    try {
      this.#onProgress(sent, total)
    } catch (reason) {
      this.failure = { reason }
      native.responseCancel(this.#handle)
    }
  }

  async #close (reader) {
    try {
      await reader?.close()
    } catch {
      // The request is over: what a source says to its end interests nobody.
    }
  }

  /** The request is answered or failed: nothing more is read. */
  close () {
    for (const reader of this.#readers) this.#close(reader)
  }
}

module.exports = { Upload }
