'use strict'

// What ends requests: the signals they were given. A signal often outlives a thousand responses:
// it must hold none of them. So it has one listener here, for weak references that a response's end
// takes away, be it the garbage collector's.

const native = require('../build/rq_node.node')
const { failure } = require('./errors.cjs')

const forgotten = new FinalizationRegistry((unlisten) => unlisten())
const listening = new WeakMap() // signal → what it ends

/** Has the signal end what the handle does; gives what undoes that. */
function listen (signal, handle) {
  if (!signal) return () => {}
  const held = listening.get(signal) ?? listenOnce(signal)
  const ref = new WeakRef(handle)
  held.refs.add(ref)
  return () => {
    if (!held.refs.delete(ref) || held.refs.size > 0) return
    signal.removeEventListener('abort', held.onAbort)
    listening.delete(signal)
  }
}

function listenOnce (signal) {
  const refs = new Set()
  const onAbort = () => {
    for (const ref of refs) {
      const open = ref.deref()
      if (open !== undefined) native.responseCancel(open)
    }
  }
  const held = { refs, onAbort }
  signal.addEventListener('abort', onAbort)
  listening.set(signal, held)
  return held
}

/** What the promise comes to, unless the signal is aborted before. */
async function unlessAborted (promise, signal) {
  if (!signal) return promise
  let onAbort
  const aborted = new Promise((resolve, reject) => {
    onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** The reason of the signal if that is why, else what librq reported. */
function because (reported, signal) {
  return signal?.aborted ? signal.reason : failure(reported)
}

module.exports = { because, forgotten, listen, unlessAborted }
