'use strict'

// What fetch() sends: the body of its init, or of a Request, as options of a request. Where the
// standard knows the length of a body it is told, so that a body from memory is never chunked.

const { bytesIn } = require('./values.cjs')

const HELD_MAX = 64 * 1024

const isA = (value, name) => value?.[Symbol.toStringTag] === name

/** Pieces that were read already, then those of the reader. */
class Pieces {
  #held
  #reading
  #reader

  constructor (held, reading, reader) {
    this.#held = held
    this.#reading = reading
    this.#reader = reader
  }

  [Symbol.asyncIterator] () {
    return this
  }

  next () {
    if (this.#held.length > 0) return { done: false, value: this.#held.shift() }
    const reading = this.#reading ?? this.#reader.read()
    this.#reading = undefined
    return reading
  }

  return () {
    return this.#reader.cancel()
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

/**
 * A Request does not tell what its body was made of. One that comes to its end without anybody
 * having to wait was in memory, and is bytes again, with a length, which can be sent twice.
 */
async function bytesOrPieces (stream) {
  const reader = stream.getReader()
  const held = []
  for (let size = 0; ;) {
    const reading = reader.read()
    const got = await Promise.race([reading, turn()])
    if (got === undefined || size > HELD_MAX) return new Pieces(held, reading, reader)
    if (got.done) return Buffer.concat(held)
    held.push(got.value)
    size += got.value.length
  }
}

const crlf = (text) => text.replace(/\r\n?|\n/g, '\r\n')

/** As the standard has it: lines end with CRLF, and every file has a type. */
function partsOf (form) {
  return [...form].map(([name, entry]) => typeof entry === 'string'
    ? { name: crlf(name), filename: null, content: crlf(entry) }
    : {
        name: crlf(name),
        filename: entry.name,
        content: entry,
        type: entry.type || 'application/octet-stream'
      })
}

/**
 * The options that send it: { body } or { files }. given is the init's, typed whether the caller
 * has set a Content-Type, which would not have the boundary of a multipart body made here.
 */
async function bodyOptions (given, request, typed) {
  if (request.body === null) return {}
  if (typeof given === 'string') return { body: given }
  if (isA(given, 'Blob') || isA(given, 'File')) return { body: given }
  if (isA(given, 'FormData') && !typed && !given.keys().next().done) {
    return { files: partsOf(given) }
  }
  const bytes = given === null ? undefined : bytesIn(given)
  const streams = given?.getReader !== undefined || given?.[Symbol.asyncIterator] !== undefined
  return { body: bytes ?? (streams ? request.body : await bytesOrPieces(request.body)) }
}

module.exports = { bodyOptions }
