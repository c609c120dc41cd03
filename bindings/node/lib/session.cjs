'use strict'

// Sessions: what requests have in common, and the connections that are kept between them.

const native = require('../build/rq_node.node')
const { Cookies } = require('./cookies.cjs')
const { asyncDispose, dispose } = require('./disposal.cjs')
const { checked } = require('./errors.cjs')
const { exchange } = require('./exchange.cjs')
const { fetchOver } = require('./fetch.cjs')
const handles = require('./handles.cjs')
const { Mounts } = require('./mounts.cjs')
const { requestOf, sendingCalls, sessionOf } = require('./options.cjs')
const { Prepared, authorized, lending, sendable } = require('./prepared.cjs')
const { text } = require('./values.cjs')

class Session {
  #handle
  #auth // the option
  #hooks // those of the option
  #cookies
  #mounts
  #fetch

  constructor (options = {}) {
    const { calls, hooks } = sessionOf(options)
    this.#handle = checked(native.sessionNew, calls)
    this.#auth = options.auth
    this.#hooks = hooks
    this.#mounts = new Mounts(this.#handle)
    handles.keep(this, this.#handle)
  }

  /** Its cookies, kept between requests. */
  get cookies () {
    this.#cookies ??= new Cookies(this.#handle)
    return this.#cookies
  }

  async request (method, url, options = {}) {
    const { request, later } = requestOf(method, url, options)
    const auth = this.#callback(options)
    return this.#exchange(options, later, (response, ask) => {
      if (!auth) return native.responseRequest(response, this.#handle, ...request, ask)
      // It has the last word on what was prepared, and may take its time for it.
      const prepared = native.preparedNew(this.#handle, ...request, () => {})
      return authorized(auth, prepared, options.signal, () =>
        native.responseSend(response, this.#handle, prepared, ask))
    })
  }

  prepare (method, url, options = {}) {
    const { request, later } = requestOf(method, url, options)
    if (options.signal !== undefined) throw new TypeError('signal is an option of send()')
    const auth = this.#callback(options)
    const lent = auth && lending(auth)
    return new Prepared(checked(native.preparedNew, this.#handle, ...request, lent), later)
  }

  async send (prepared, options = {}) {
    const [handle, later] = sendable(prepared)
    const calls = sendingCalls(options)
    return this.#exchange(options, later, (response, ask) =>
      native.responseSend(response, this.#handle, handle, ask, calls))
  }

  #exchange ({ signal }, later, start) {
    const ofSession = { hooks: this.#hooks, mounts: this.#mounts }
    return exchange({ signal, later, ofSession }, start)
  }

  /** The auth function of the request, or else of the session. */
  #callback ({ auth = this.#auth }) {
    return typeof auth === 'function' ? auth : undefined
  }

  /** fetch() of the standard over this session, to be passed on as it is. */
  get fetch () {
    this.#fetch ??= (input, init) => fetchOver(this, input, init)
    return this.#fetch
  }

  get (url, options) {
    return this.request('GET', url, options)
  }

  /** Follows no redirects unless that is asked for. */
  head (url, options = {}) {
    const followRedirects = options?.followRedirects ?? false
    return this.request('HEAD', url, options && { ...options, followRedirects })
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

  /**
   * Has the function answer the requests whose URL begins with the prefix; without one, they have
   * connections of their own.
   */
  mount (prefix, ...given) {
    text('prefix', prefix)
    const [adapter] = given
    if (given.length > 0 && typeof adapter !== 'function') {
      throw new TypeError('an adapter must be a function')
    }
    this.#mounts.mount(prefix, adapter)
  }

  /** Whether something was mounted at exactly this prefix. */
  unmount (prefix) {
    return this.#mounts.unmount(text('prefix', prefix))
  }

  /** Closes the connections that wait for a next request. */
  closeIdle () {
    checked(native.sessionCloseIdle, this.#handle)
  }

  /** No more requests; those in flight and open responses end as they would have. */
  close () {
    native.sessionClose(this.#handle)
    this.#mounts = new Mounts(this.#handle) // what is in flight keeps the old ones
  }

  [dispose] () {
    this.close()
  }

  async [asyncDispose] () {
    this.close()
  }
}

module.exports = { Session }
