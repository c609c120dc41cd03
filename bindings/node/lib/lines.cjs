'use strict'

// The lines of a body, as a job of the addon finds them.

const { bytesIn } = require('./values.cjs')

/** The bytes of the option; undefined for the usual ends of lines. */
function delimiterOf ({ delimiter } = {}) {
  if (delimiter === undefined) return undefined
  const bytes = bytesIn(delimiter)
  if (bytes === undefined || bytes.length === 0) {
    throw new TypeError('delimiter must be a string or bytes, and not empty')
  }
  return bytes
}

/**
 * start(take) begins a job that finds some lines: take(lines) is called while it runs, and what it
 * gives has the last of them, and, at the end of the body, trailers or a failure, which this gives.
 */
async function * linesFrom (start) {
  for (;;) {
    const arrived = []
    let wake = () => {}
    let end
    const take = (lines) => {
      for (const line of lines) arrived.push(line)
      wake()
    }
    start(take).then((last) => {
      end = last
      take(last.lines)
    }, (failure) => {
      end = { failure, lines: [] }
      wake()
    })
    while (end === undefined || arrived.length > 0) {
      yield * arrived.splice(0)
      if (end === undefined && arrived.length === 0) {
        await new Promise((resolve) => { wake = resolve })
      }
    }
    if (end.failure !== undefined || end.trailers !== undefined) return end
  }
}

module.exports = { delimiterOf, linesFrom }
