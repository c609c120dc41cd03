'use strict'

// One exchange: a request is sent, the head of its response comes back. Meanwhile its signal may
// end it, and its body may be asked for.

const native = require('../build/rq_node.node')
const { Response } = require('./response.cjs')
const { because, listen } = require('./signal.cjs')
const { Upload } = require('./upload.cjs')

/** Sends what start(handle, ask) starts and gives its response, unless the signal ends it. */
async function exchange (signal, upload, start) {
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function') {
    throw new TypeError('signal must be an AbortSignal')
  }
  signal?.throwIfAborted()
  let unlisten = () => {}
  let sending
  try {
    const handle = native.responseNew()
    unlisten = listen(signal, handle)
    sending = upload && new Upload(handle, upload)
    const head = await start(handle, sending?.ask)
    if (!signal?.aborted && !sending?.failure) return new Response(handle, head, signal, unlisten)
    native.responseClose(handle)
    throw signal?.reason
  } catch (reported) {
    unlisten()
    throw sending?.failure ? sending.failure.reason : because(reported, signal)
  } finally {
    sending?.close()
  }
}

module.exports = { exchange }
