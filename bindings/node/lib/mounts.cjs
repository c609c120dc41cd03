'use strict'

// The adapters of a session: functions that answer requests in the place of servers. Which of them
// serves a URL is librq's business, which knows each by a number; the functions are held here, by
// JavaScript alone, so that one that refers to its session keeps neither of them alive.

const native = require('../build/rq_node.node')
const { checked, misuse } = require('./errors.cjs')
const { bytesIn, flat, text, whole } = require('./values.cjs')

const PARTS = ['status', 'reason', 'headers', 'body']

/** [name, value] of each header; a character of a value is a byte, as it is in what is received. */
function fieldsOf (headers) {
  const fields = flat('headers of a reply', headers).filter(([, value]) => value !== null)
  const beyond = fields.find(([, value]) => /[^\0-\xff]/.test(value))
  if (beyond === undefined) return fields
  throw new TypeError(`headers of a reply: ${beyond[0]} must have no character beyond U+00FF`)
}

/** What an adapter gave, as the addon takes it: [status, reason, fields, body]. */
function replyOf (given) {
  if (given === null || typeof given !== 'object') {
    throw new TypeError('an adapter must give an object: { status, reason, headers, body }')
  }
  const unknown = Object.keys(given).find((part) => !PARTS.includes(part))
  if (unknown !== undefined) throw new TypeError(`the reply of an adapter has no ${unknown}`)
  const { status = 200, reason, headers = [], body } = given
  whole('status of a reply', status, 999)
  if (reason !== undefined) text('reason of a reply', reason)
  const fields = fieldsOf(headers)
  const bytes = body === undefined || body === null ? undefined : bytesIn(body)
  if (bytes === undefined && body !== undefined && body !== null) {
    throw new TypeError('body of a reply must be a string or bytes')
  }
  return [status, reason, fields.flat(), bytes]
}

class Mounts {
  #session // its handle
  #numbers = new Map() // of the functions, by prefix
  #last = 0
  /** The functions by number. Replaced, never changed: who holds one misses none of it. */
  functions = new Map()

  constructor (session) {
    this.#session = session
  }

  /** Without a function: librq's own adapter, with connections of its own. */
  mount (prefix, adapter) {
    const number = ++this.#last
    checked(native.sessionMount, this.#session, prefix, adapter === undefined ? null : number)
    this.#release(prefix)
    if (adapter === undefined) return
    this.#numbers.set(prefix.toLowerCase(), number)
    this.functions = new Map(this.functions).set(number, adapter)
  }

  unmount (prefix) {
    const found = checked(native.sessionUnmount, this.#session, prefix)
    this.#release(prefix)
    return found
  }

  #release (prefix) {
    const key = prefix.toLowerCase() // librq ignores the case too
    const number = this.#numbers.get(key)
    if (number === undefined) return
    this.#numbers.delete(key)
    this.functions = new Map(this.functions)
    this.functions.delete(number)
  }
}

/** What one request may need of the mounts: those there are when it begins, and those to come. */
class Adapters {
  #mounts
  #held

  constructor (mounts) {
    this.#mounts = mounts
    this.#held = mounts.functions
  }

  /** Asks the adapter of that number: what it gave, as the addon takes it. */
  async answer (number, prepared) {
    const adapter = this.#held.get(number) ?? this.#mounts.functions.get(number)
    if (adapter === undefined) throw misuse('the adapter was taken away')
    return replyOf(await adapter(prepared))
  }
}

module.exports = { Adapters, Mounts }
