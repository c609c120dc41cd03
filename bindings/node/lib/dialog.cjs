'use strict'

// What the addon asks and tells while a request is on its way and its body is read: pieces of the
// request's body, hooks, adapters, progress. A question comes from a worker thread that waits, and
// is answered when the answer is there; news are told, and nobody waits.

const native = require('../build/rq_node.node')
const { failure } = require('./errors.cjs')
const { Adapters } = require('./mounts.cjs')
const { Reader } = require('./upload.cjs')

const STEPS = ['dns', 'connect', 'tls', 'reused', 'sent', 'head', 'body', 'retry', 'redirect']

/** Answers the addon for one request and its response. */
class Dialog {
  #handle
  #later
  #levels // the hooks of the session, those of the request
  #lend
  #adapters
  #readers = []
  failure // { reason }: what a function of the caller's threw, and the request failed of

  /**
   * hooks and mounts are those of the session; lend: what a hook sees, made of the addon's handle:
   * { prepared, response }.
   */
  constructor (handle, later, { hooks, mounts }, lend) {
    this.#handle = handle
    this.#later = later
    this.#levels = [hooks, later?.hooks]
    this.#adapters = new Adapters(mounts)
    this.#lend = lend
  }

  /** Whether the reading of the body is of interest. */
  get listens () {
    return this.#levels.some((hooks) => hooks?.trace.length > 0 || hooks?.download.length > 0)
  }

  /** What the addon calls. */
  ask = (what, ...given) => {
    switch (what) {
      case 'read': return this.#read(...given)
      case 'rewind': return this.#rewind(...given)
      case 'request': return this.#onRequest(...given)
      case 'response': return this.#onResponse(...given)
      case 'adapter': return this.#onAdapter(...given)
      case 'trace': return this.#onTrace(...given)
      case 'download': return this.#tell(this.#levels[given[0]].download, given[1], given[2])
      case 'progress': return this.#tell([this.#later.onProgress], ...given)
    }
  }

  // ---- the body of the request ----

  async #read (index) {
    try {
      this.#readers[index] ??= new Reader(this.#later.sources[index])
      const reader = this.#readers[index]
      const piece = await reader.next()
      const taken = native.uploadAnswer(this.#handle, piece)
      if (piece !== null && taken !== undefined) reader.take(piece, taken)
    } catch (reason) {
      // Nobody waits any more: the request ended of something else.
      if (native.uploadAnswer(this.#handle, undefined) !== undefined) this.failure = { reason }
    }
  }

  #rewind (index) {
    this.#readers[index]?.close()
    this.#readers[index] = undefined
    native.uploadAnswer(this.#handle, null)
  }

  // ---- hooks ----

  async #onRequest (level, handle) {
    try {
      const prepared = this.#lend.prepared(handle)
      for (const hook of this.#levels[level].request) await hook(prepared)
      native.hookAnswer(this.#handle, true)
    } catch (reason) {
      this.#failed(reason)
    }
  }

  async #onResponse (level, handle, head) {
    try {
      let response = this.#lend.response(handle, head, this)
      for (const hook of this.#levels[level].response) {
        const other = await hook(response)
        if (other !== undefined) response = other
      }
      native.hookAnswer(this.#handle, true, this.#lend.handle(response))
    } catch (reason) {
      this.#failed(reason)
    }
  }

  // ---- adapters ----

  async #onAdapter (number, handle) {
    try {
      const reply = await this.#adapters.answer(number, this.#lend.prepared(handle))
      native.adapterAnswer(this.#handle, reply)
    } catch (reason) {
      this.#failed(reason)
    }
  }

  /** A hook or an adapter: it is what the request fails of, unless nobody waits any more. */
  #failed (reported) {
    if (native.hookAnswer(this.#handle, false) === undefined) return
    this.failure = { reason: failure(reported) }
  }

  // ---- news ----

  #onTrace (level, step, elapsedUs, detail) {
    const event = { step: STEPS[step - 1], elapsed: elapsedUs / 1000, detail }
    this.#tell(this.#levels[level].trace, event)
  }

  /** What a listener throws ends the request, or the reading of the body. */
  #tell (listeners, ...news) {
    if (this.failure !== undefined) return
    try {
      for (const listener of listeners) listener(...news)
    } catch (reason) {
      this.failure = { reason }
      native.responseCancel(this.#handle)
    }
  }

  /** The request is answered or failed: nothing more of its body is read. */
  close () {
    for (const reader of this.#readers) reader?.close()
    this.#readers = []
    this.#adapters = undefined
  }
}

module.exports = { Dialog, STEPS }
