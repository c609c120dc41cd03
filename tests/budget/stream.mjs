// How much memory it takes to stream a large body through the Node binding: a download, an upload
// from an async iterable, or a download whose gzip makes a few bytes into many. Prints how many KiB
// the process needed at its peak beyond what it needed after one small GET: what V8 compiles and
// collects in between counts. streams.sh judges, and starts a process for each stream. A plain
// Node: no flags, no gc() called.
//
//   node stream.mjs download|upload|bomb URL [BYTES]
//
// URL is a server's, with the endpoints /bytes/N, /sink and /bomb/N; BYTES is 1 GiB by default.

import { readFileSync, writeFileSync } from 'node:fs'
import { Session } from '../../bindings/node/lib/index.mjs'

const SMALL_BYTES = 1000

const [name, url, size = 1 << 30] = process.argv.slice(2)
if (url === undefined) throw new Error('usage: node stream.mjs STREAM URL [BYTES]')
const session = new Session({ trustEnv: false })

/** A figure of this process in KiB. */
function kib (name) {
  const [, value] = readFileSync('/proc/self/status', 'latin1').match(`\n${name}:\\s*(\\d+) kB`)
  return Number(value)
}

function same (what, found, wanted) {
  if (found !== wanted) throw new Error(`${what}: ${found} bytes, not ${wanted}`)
}

/** By the loop that a program would write. */
async function drained (response) {
  let received = 0
  for await (const piece of response) received += piece.length
  return received
}

const streams = {
  async download (size) {
    const response = (await session.get(`${url}/bytes/${size}`)).raise()
    same('download', await drained(response), size)
  },
  async upload (size) {
    const body = async function * () {
      const piece = Buffer.alloc(64 * 1024)
      for (let left = size; left > 0; left -= piece.length) {
        yield left < piece.length ? piece.subarray(0, left) : piece
      }
    }
    const response = (await session.put(`${url}/sink`, { body })).raise()
    same('upload', (await response.json()).bytes, size)
  },
  async bomb (size) {
    const response = (await session.get(`${url}/bomb/${size}`)).raise()
    same('bomb', await drained(response), size)
  }
}

await streams.download(SMALL_BYTES)
const idle = kib('VmRSS')
writeFileSync('/proc/self/clear_refs', '5') // the peak begins anew
await streams[name](Number(size))
console.log(name, kib('VmHWM') - idle)
