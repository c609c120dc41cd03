'use strict'

// JavaScript values as what rq.h takes: text, numbers, bytes, pairs. A TypeError names the option
// whose value is of the wrong kind; whether a value of the right kind will do is librq's to say.

const { isAnyArrayBuffer } = require('node:util').types

const UINT32_MAX = 0xffffffff

function milliseconds (name, seconds) {
  if (typeof seconds !== 'number' || !(seconds >= 0)) {
    throw new TypeError(`${name} must be a number of seconds, 0 for no limit`)
  }
  if (seconds === 0 || seconds === Infinity) return 0
  return Math.min(Math.max(Math.round(seconds * 1000), 1), UINT32_MAX)
}

/** The milliseconds of a pause: 0 is none. */
function pause (name, seconds) {
  if (typeof seconds !== 'number' || !(seconds >= 0)) {
    throw new TypeError(`${name} must be a number of seconds`)
  }
  return Math.min(Math.ceil(seconds * 1000), UINT32_MAX)
}

function whole (name, value, max = UINT32_MAX) {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new TypeError(`${name} must be a whole number`)
  }
  return value
}

function text (name, value) {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`)
  return value
}

function textOrNull (name, value) {
  if (typeof value !== 'string' && value !== null) {
    throw new TypeError(`${name} must be a string or null`)
  }
  return value
}

function flag (name, value) {
  if (typeof value !== 'boolean') throw new TypeError(`${name} must be true or false`)
  return value
}

/** Bytes of any kind as a Uint8Array; undefined for what holds none. */
function bytesIn (value) {
  if (value instanceof Uint8Array) return value
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  }
  if (typeof value === 'string') return Buffer.from(value)
  if (isAnyArrayBuffer(value)) return new Uint8Array(value)
  return undefined
}

function bytes (name, value) {
  const found = bytesIn(value)
  if (found !== undefined) return found
  throw new TypeError(`${name} must be a string, a Uint8Array or an ArrayBuffer`)
}

function url (value) {
  if (typeof value === 'string') return value
  if (typeof value?.href === 'string') return value.href
  throw new TypeError('url must be a string or a URL')
}

/** Text of a string, a number or a boolean; null where something is to be removed. */
function scalar (name, value) {
  if (typeof value === 'string' || value === null) return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new TypeError(`${name} must be a string, a number, a boolean or null`)
}

/** The items of an array, or of any other iterable but a string. */
function list (name, given) {
  if (given !== null && typeof given === 'object' && typeof given[Symbol.iterator] === 'function') {
    return [...given]
  }
  throw new TypeError(`${name} must be a list`)
}

/** The pairs of an object, a Map, or any other list of pairs. */
function pairs (name, given) {
  if (given === null || typeof given !== 'object') {
    throw new TypeError(`${name} must be an object, a Map or an array of pairs`)
  }
  if (typeof given[Symbol.iterator] !== 'function') return Object.entries(given)
  return Array.from(given, (pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new TypeError(`each item in a list of ${name} must be a pair [name, value]`)
    }
    text(`a name in ${name}`, pair[0])
    return pair
  })
}

/** [name, text or null] of each header field. */
function fields (headers) {
  return pairs('headers', headers).map(([name, value]) => [name, scalar(`header ${name}`, value)])
}

/** [name, text or null] of each pair; a list as value repeats the name, its nulls left out. */
function flat (what, given) {
  return pairs(what, given).flatMap(([name, value]) => {
    if (!Array.isArray(value)) return [[name, scalar(`${what}: ${name}`, value)]]
    const values = value.filter((item) => item !== null)
    if (values.length === 0) return [[name, null]]
    return values.map((item) => [name, scalar(`${what}: ${name}`, item)])
  })
}

module.exports = {
  bytes, bytesIn, fields, flag, flat, list, milliseconds, pairs, pause, scalar, text, textOrNull,
  url, whole
}
