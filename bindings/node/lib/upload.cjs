'use strict'

// The sources of a request's body: each is read while the request is sent, a piece whenever the
// addon asks for one (dialog.cjs).

const { bytesIn } = require('./values.cjs')

/**
 * The iterator of what a source opened, be it asynchronous or not. That of a stream would say that
 * it was left only when its next piece has come, which may be never: streams are told themselves.
 */
function iteratorOf (opened) {
  if (typeof opened?.getReader === 'function') return readerOf(opened.getReader())
  const make = opened?.[Symbol.asyncIterator]
  if (typeof make === 'function') {
    const iterator = make.call(opened)
    if (typeof opened.destroy !== 'function') return iterator
    return { next: () => iterator.next(), return: () => opened.destroy() }
  }
  if (typeof opened?.[Symbol.iterator] !== 'function' || typeof opened === 'string') {
    throw new TypeError('the function for a body must give a stream or an iterable')
  }
  return (async function * () { yield * opened })()
}

/** Of a Web stream. */
function readerOf (reader) {
  return { next: () => reader.read(), return: () => reader.cancel() }
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
    try {
      await this.#iterator.return?.()
    } catch {
      // The request is over: what a source says to its end interests nobody.
    }
  }
}

module.exports = { Reader }
