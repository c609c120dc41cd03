'use strict'

// Sessions: what requests have in common, and the connections that are kept between them.

const native = require('../build/rq_node.node')
const { checked } = require('./errors.cjs')
const { Prepared, handleOf, requestOf, sessionCalls, typed } = require('./request.cjs')
const { exchange } = require('./response.cjs')

const dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose')

class Session {
  #handle
  #typed // its headers hold a Content-Type

  constructor (options = {}) {
    const calls = sessionCalls(options)
    this.#typed = typed(calls)
    this.#handle = checked(native.sessionNew, calls)
  }

  async request (method, url, options = {}) {
    const request = requestOf(method, url, options, this.#typed)
    return exchange(options.signal, (response) =>
      native.responseRequest(response, this.#handle, ...request))
  }

  prepare (method, url, options = {}) {
    const request = requestOf(method, url, options, this.#typed)
    if (options.signal !== undefined) throw new TypeError('signal is an option of send()')
    return new Prepared(checked(native.preparedNew, this.#handle, ...request))
  }

  async send (prepared, { signal } = {}) {
    const handle = handleOf(prepared)
    return exchange(signal, (response) => native.responseSend(response, this.#handle, handle))
  }

  get (url, options) {
    return this.request('GET', url, options)
  }

  head (url, options) {
    return this.request('HEAD', url, options)
  }

  options (url, options) {
    return this.request('OPTIONS', url, options)
  }

  post (url, options) {
    return this.request('POST', url, options)
  }

  put (url, options) {
    return this.request('PUT', url, options)
  }

  patch (url, options) {
    return this.request('PATCH', url, options)
  }

  delete (url, options) {
    return this.request('DELETE', url, options)
  }

  /** Closes the connections that wait for a next request. */
  closeIdle () {
    checked(native.sessionCloseIdle, this.#handle)
  }

  /** No more requests; those in flight and open responses end as they would have. */
  close () {
    native.sessionClose(this.#handle)
  }

  [dispose] () {
    this.close()
  }
}

module.exports = { Session }
