'use strict'

// Options and prepared requests. Options become a list of calls of rq.h's setters, [name,
// …arguments], which src/options.c makes; here only their JavaScript types are checked. Merging,
// defaults and the check of every text are librq's.

const { isAnyArrayBuffer } = require('node:util').types
const native = require('../build/rq_node.node')
const { checked } = require('./errors.cjs')

const UINT32_MAX = 0xffffffff

// ---- values ----

function milliseconds (name, seconds) {
  if (typeof seconds !== 'number' || !(seconds >= 0)) {
    throw new TypeError(`${name} must be a number of seconds, 0 for no limit`)
  }
  if (seconds === 0 || seconds === Infinity) return 0
  return Math.min(Math.max(Math.round(seconds * 1000), 1), UINT32_MAX)
}

function whole (name, value) {
  if (!Number.isInteger(value) || value < 0 || value > UINT32_MAX) {
    throw new TypeError(`${name} must be a whole number`)
  }
  return value
}

function text (name, value) {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`)
  return value
}

function bytes (name, value) {
  if (value instanceof Uint8Array) return value
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  }
  if (typeof value === 'string') return Buffer.from(value)
  if (isAnyArrayBuffer(value)) return new Uint8Array(value)
  throw new TypeError(`${name} must be a string, a Uint8Array or an ArrayBuffer`)
}

function url (value) {
  if (typeof value === 'string') return value
  if (typeof value?.href === 'string') return value.href
  throw new TypeError('url must be a string or a URL')
}

/** A string, or null where the field is to be removed. */
function fieldValue (name, value) {
  if (typeof value === 'string' || value === null) return value
  if (typeof value === 'number') return String(value)
  throw new TypeError(`header ${name} must be a string, a number or null`)
}

/** [name, value] of each header field, from an object, a Map, or any other list of pairs. */
function fields (headers) {
  if (headers === null || typeof headers !== 'object') {
    throw new TypeError('headers must be an object, a Map or an array of pairs')
  }
  const pairs = typeof headers[Symbol.iterator] === 'function' ? headers : Object.entries(headers)
  return Array.from(pairs, (pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new TypeError('each header in a list must be a pair [name, value]')
    }
    return [text('a header name', pair[0]), fieldValue(pair[0], pair[1])]
  })
}

// ---- options ----

const both = {
  headers (calls, headers) {
    const given = new Set()
    for (const [name, value] of fields(headers)) {
      const again = value !== null && given.has(name.toLowerCase())
      calls.push([again ? 'header_add' : 'header', name, value])
      if (value !== null) given.add(name.toLowerCase())
    }
  },
  timeout (calls, timeout) {
    const [connect, read] = Array.isArray(timeout) ? timeout : [timeout, timeout]
    calls.push(['timeout_ms', milliseconds('timeout', connect), milliseconds('timeout', read)])
  },
  deadline (calls, seconds) {
    calls.push(['deadline_ms', milliseconds('deadline', seconds)])
  },
  verify (calls, verify) {
    if (typeof verify === 'string') calls.push(['verify', true], ['ca_file', verify])
    else if (typeof verify === 'boolean') calls.push(['verify', verify])
    else throw new TypeError('verify must be true, false or the path of a CA file')
  },
  ca (calls, pem) {
    calls.push(['ca_pem', bytes('ca', pem)])
  }
}

const ofSession = {
  __proto__: null,
  ...both,
  resolve (calls, addresses) {
    for (const [host, address] of Object.entries(addresses)) {
      const colon = host.lastIndexOf(':')
      if (colon < 1) throw new TypeError(`resolve: ${host} must be host:port`)
      const port = whole('resolve: the port', Number(host.slice(colon + 1) || NaN))
      calls.push(['resolve', host.slice(0, colon), port, text('resolve: an address', address)])
    }
  },
  pool (calls, { idle, idlePerHost, openPerHost = 0 }) {
    calls.push(['pool', whole('pool.idle', idle), whole('pool.idlePerHost', idlePerHost),
      whole('pool.openPerHost', openPerHost)])
  },
  idleAge (calls, seconds) {
    calls.push(['idle_age_ms', milliseconds('idleAge', seconds)])
  }
}

// The body and the signal are no calls: see requestOf and response.cjs.
const ofRequest = { __proto__: null, ...both, body () {}, json () {}, signal () {} }

function callsOf (options, setters) {
  if (options === null || typeof options !== 'object') {
    throw new TypeError('options must be an object')
  }
  const calls = []
  for (const [name, value] of Object.entries(options)) {
    if (setters[name] === undefined) throw new TypeError(`there is no option ${name}`)
    if (value !== undefined) setters[name](calls, value)
  }
  if (typeof options.verify === 'string' && options.ca !== undefined) {
    throw new TypeError('either verify names a CA file or ca holds one, not both')
  }
  return calls
}

/** Whether any of the calls is about Content-Type. */
function typed (calls) {
  return calls.some(([, name]) => typeof name === 'string' && name.toLowerCase() === 'content-type')
}

function sessionCalls (options) {
  return callsOf(options, ofSession)
}

/** The arguments for the addon: method, url, calls, body. */
function requestOf (method, address, options, sessionTyped) {
  const calls = callsOf(options, ofRequest)
  const { body, json } = options
  const request = [text('method', method), url(address), calls]
  if (json === undefined) {
    if (body !== undefined && body !== null) request.push(bytes('body', body))
    return request
  }
  if (body !== undefined && body !== null) throw new TypeError('give either body or json, not both')
  const content = JSON.stringify(json)
  if (content === undefined) throw new TypeError('json cannot be written as JSON')
  if (!sessionTyped && !typed(calls)) calls.push(['header', 'Content-Type', 'application/json'])
  request.push(Buffer.from(content))
  return request
}

// ---- prepared requests ----

let handleOf

/** Exactly what will be sent, to be read and edited. Made by session.prepare(). */
class Prepared {
  #handle

  constructor (handle) {
    this.#handle = handle
  }

  static {
    handleOf = (prepared) => {
      if (prepared === null || typeof prepared !== 'object' || !(#handle in prepared)) {
        throw new TypeError('send() takes what prepare() made')
      }
      return prepared.#handle
    }
  }

  get method () {
    return checked(native.preparedMethod, this.#handle)
  }

  set method (method) {
    checked(native.preparedSetMethod, this.#handle, text('method', method))
  }

  get url () {
    return checked(native.preparedUrl, this.#handle)
  }

  set url (value) {
    checked(native.preparedSetUrl, this.#handle, url(value))
  }

  /** [name, value] of each field, in the order in which they are sent. */
  get headers () {
    const flat = checked(native.preparedHeaders, this.#handle)
    return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]])
  }

  header (name) {
    return checked(native.preparedHeader, this.#handle, text('a header name', name)) ?? null
  }

  setHeader (name, value) {
    text('a header name', name)
    checked(native.preparedSetHeader, this.#handle, name, fieldValue(name, value))
  }

  get body () {
    return checked(native.preparedBody, this.#handle) ?? null
  }

  set body (body) {
    checked(native.preparedSetBody, this.#handle, body === null ? null : bytes('body', body))
  }
}

module.exports = { Prepared, handleOf, requestOf, sessionCalls, typed }
