'use strict'

// The pieces of a body as the streams of the platform: a ReadableStream of bytes, a Readable of
// node:stream. Both read a piece when one is asked for, and give up the rest when they are left;
// not by ending the iterator, for that would wait for the read in flight, which close() ends.

const { Readable } = require('node:stream')

/** A piece whose memory can be given away: that of a small Buffer may be shared with others. */
function alone (piece) {
  const own = piece.length === piece.buffer.byteLength || piece.length >= Buffer.poolSize
  return own ? piece : new Uint8Array(piece)
}

/** The pieces must be the stream's own: it gives their memory away. */
function webStream (pieces, close) {
  return new ReadableStream({
    type: 'bytes',
    async pull (controller) {
      const { done, value } = await pieces.next()
      if (!done) return controller.enqueue(alone(value))
      controller.close()
      controller.byobRequest?.respond(0)
    },
    cancel: () => close()
  }, { highWaterMark: 0 })
}

/** Streams fail with errors only; signals have any reason. */
function errorOf (reason) {
  return reason instanceof Error ? reason : new Error('the body ended early', { cause: reason })
}

function nodeStream (pieces, close) {
  return new Readable({
    read () {
      pieces.next().then(({ done, value }) => {
        if (!this.destroyed) this.push(done ? null : value)
      }, (reason) => this.destroy(errorOf(reason)))
    },
    destroy (error, done) {
      close()
      done(error)
    }
  })
}

module.exports = { nodeStream, webStream }
