'use strict'

// Prepared requests: exactly what will be sent, to be read and edited.

const native = require('../build/rq_node.node')
const { checked, misuse } = require('./errors.cjs')
const handles = require('./handles.cjs')
const { requestOf } = require('./options.cjs')
const { unlessAborted } = require('./signal.cjs')
const { bytes, scalar, text, url } = require('./values.cjs')

let sendable, lend, retract

/** Made by session.prepare(), or lent to an auth function, a hook or an adapter for its call. */
class Prepared {
  #handle
  #later
  #lent = false // to an auth function, which is to leave it to the session to send it

  constructor (handle, later) {
    this.#handle = handle
    this.#later = later
  }

  static {
    /** Its handle, and what is read and called while it is sent. */
    sendable = (prepared) => {
      if (prepared === null || typeof prepared !== 'object' || !(#handle in prepared)) {
        throw new TypeError('send() takes what prepare() made')
      }
      if (prepared.#lent) throw misuse('the prepared request is still being prepared')
      return [prepared.#handle, prepared.#later]
    }
    lend = (handle) => {
      const prepared = new Prepared(handle)
      prepared.#lent = true
      return prepared
    }
    /** It means nothing any more to who kept it. */
    retract = (prepared) => {
      prepared.#lent = false
      prepared.#handle = native.preparedGone()
    }
  }

  /** Without a session: no default headers, no cookies but its own, nothing of the environment. */
  static of (method, address, options = {}) {
    const { request, later } = requestOf(method, address, options)
    if (options.signal !== undefined) throw new TypeError('signal is an option of send()')
    const auth = typeof options.auth === 'function' ? lending(options.auth) : undefined
    return new Prepared(checked(native.preparedNew, null, ...request, auth), later)
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
    checked(native.preparedSetHeader, this.#handle, name, scalar(`header ${name}`, value))
  }

  addHeader (name, value) {
    text('a header name', name)
    checked(native.preparedAddHeader, this.#handle, name, scalar(`header ${name}`, value))
  }

  get body () {
    return checked(native.preparedBody, this.#handle) ?? null
  }

  set body (body) {
    checked(native.preparedSetBody, this.#handle, body === null ? null : bytes('body', body))
  }

  /** 0 without a body, -1 if it is not known before it is sent. */
  get bodyLength () {
    return checked(native.preparedBodyLength, this.#handle)
  }

  /** A curl command that sends the same; credentials are left out unless asked for. */
  curl ({ secrets = false } = {}) {
    return checked(native.preparedCurl, this.#handle, secrets === true)
  }

  /** The proxy that session.send() would use, null for none. */
  proxy (session) {
    return checked(native.preparedProxy, this.#handle, handles.of(session)) ?? null
  }
}

/** The auth option as the addon calls it: with a handle that is good for the call. */
function lending (auth) {
  return (handle) => {
    const answer = auth(new Prepared(handle))
    if (typeof answer?.then !== 'function') return
    answer.then(undefined, () => {}) // it failed already: of this
    throw new TypeError('an auth function of prepare() must do its work before it returns; ' +
      'only those of requests may give a promise')
  }
}

/** Has the auth function do its work on what is prepared but for that, and then sends it. */
function authorized (auth, handle, signal, send) {
  const prepared = lend(handle)
  let answer
  try {
    answer = auth(prepared)
  } finally {
    if (typeof answer?.then !== 'function') retract(prepared)
  }
  if (typeof answer?.then !== 'function') return send()
  return unlessAborted(answer, signal).finally(() => retract(prepared)).then(send)
}

module.exports = { Prepared, authorized, lending, sendable }
