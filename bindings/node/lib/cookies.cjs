'use strict'

// The cookies of a session. Which of them are sent where is librq's business.

const native = require('../build/rq_node.node')
const { checked, failure } = require('./errors.cjs')
const { flag, scalar, text, textOrNull, url } = require('./values.cjs')

async function transfer (call, handle, path) {
  try {
    return await call(handle, text('path', path))
  } catch (reported) {
    throw failure(reported)
  }
}

class Cookies {
  #handle // the session's

  constructor (handle) {
    this.#handle = handle
  }

  /** Without a domain it is sent to every host; value null deletes. */
  set (name, value, { domain = null, path = null, secure = false } = {}) {
    checked(native.cookiesSet, this.#handle, text('name', name), scalar('value', value),
      textOrNull('domain', domain), textOrNull('path', path), flag('secure', secure))
  }

  /** Deletes those of that name, of any domain and path unless given. */
  delete (name, { domain = null, path = null } = {}) {
    this.clear({ name: text('name', name), domain, path })
  }

  /** Deletes all, or those that match. */
  clear ({ domain = null, path = null, name = null } = {}) {
    checked(native.cookiesClear, this.#handle, textOrNull('domain', domain),
      textOrNull('path', path), textOrNull('name', name))
  }

  /** As if the server at that URL had sent this Set-Cookie. */
  receive (address, setCookie) {
    checked(native.cookiesReceive, this.#handle, url(address), text('setCookie', setCookie))
  }

  /** Adds the cookies of a file in Netscape's format. */
  load (path) {
    return transfer(native.cookiesLoad, this.#handle, path)
  }

  save (path) {
    return transfer(native.cookiesSave, this.#handle, path)
  }

  /** What time the jar takes it to be: a Date, or null for the system's. */
  set clock (time) {
    if (time !== null && !(time instanceof Date && Number.isFinite(time.getTime()))) {
      throw new TypeError('clock must be a Date or null')
    }
    const seconds = time === null ? -1 : Math.floor(time.getTime() / 1000)
    checked(native.cookiesClock, this.#handle, seconds)
  }

  /** { name, value, domain, path, secure, expires } of each, as they are now. */
  * [Symbol.iterator] () {
    for (const { expires, ...cookie } of checked(native.cookiesList, this.#handle)) {
      yield { ...cookie, expires: expires === null ? null : new Date(expires * 1000) }
    }
  }
}

module.exports = { Cookies }
