'use strict'

// One exchange: a request is sent, the head of its response comes back. Meanwhile its signal may
// end it, its body may be asked for, and its hooks and adapters are called.

const native = require('../build/rq_node.node')
const { Dialog } = require('./dialog.cjs')
const { Response, lend } = require('./response.cjs')
const { because, listen } = require('./signal.cjs')

/**
 * Sends what start(handle, ask) starts and gives its response, unless the signal ends it. later is
 * what is read and called meanwhile, for the request; ofSession the hooks and mounts of the
 * session.
 */
async function exchange ({ signal, later, ofSession }, start) {
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function') {
    throw new TypeError('signal must be an AbortSignal')
  }
  signal?.throwIfAborted()
  let unlisten = () => {}
  let dialog
  try {
    const handle = native.responseNew()
    unlisten = listen(signal, handle)
    const context = { signal, later }
    if (later || ofSession.hooks || ofSession.mounts.functions.size > 0) {
      const lent = (given, head) => lend.response(given, head, { ...context, dialog })
      dialog = new Dialog(handle, later, ofSession, { ...lend, response: lent })
    }
    const head = await start(handle, dialog?.ask)
    if (!signal?.aborted && !dialog?.failure) {
      return new Response(handle, head, { ...context, unlisten, dialog })
    }
    native.responseClose(handle)
    throw signal?.reason
  } catch (reported) {
    unlisten()
    throw dialog?.failure ? dialog.failure.reason : because(reported, signal)
  } finally {
    dialog?.close()
  }
}

module.exports = { exchange }
