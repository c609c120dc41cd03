'use strict'

// Failures. The addon reports one as a plain object; it becomes an error here, where the caller's
// stack is known. Which failures there are is librq's business.

const { Headers } = require('./headers.cjs')

/** A request or a body failed, or a handle was used after its end. */
class RequestError extends Error {
  constructor ({ name, message, phase, exception, errno, status, url, reason, answer }) {
    super(message)
    this.code = name.replace('RQ_ERR_', '').toLowerCase()
    this.phase = phase
    this.exception = exception
    if (errno !== undefined) this.errno = errno
    if (status !== undefined) this.status = status
    if (url !== undefined) this.url = url
    if (reason !== undefined) this.reason = reason
    if (answer !== undefined) this.answer = { ...answer, headers: new Headers(answer.headers) }
  }
}
for (const [name, value] of [['name', 'RequestError'], ['answer', null]]) {
  Object.defineProperty(RequestError.prototype, name, { value, configurable: true, writable: true })
}

/** What to throw for whatever the addon threw: a report of its own, or an error as it is. */
function failure (reported) {
  const isReport = Object.getPrototypeOf(Object(reported)) === Object.prototype &&
    String(reported?.name).startsWith('RQ_ERR_')
  return isReport ? new RequestError(reported) : reported
}

function misuse (message) {
  const exception = 'RequestException'
  return new RequestError({ name: 'RQ_ERR_MISUSE', message, phase: '', exception })
}

/** Calls into the addon from outside a promise. */
function checked (call, ...values) {
  try {
    return call(...values)
  } catch (reported) {
    throw failure(reported)
  }
}

module.exports = { RequestError, checked, failure, misuse }
