// The demo shows librq from Node: three requests on one kept connection, a prepared request that is
// edited before it is sent, a large download with progress, and errors that say what went wrong.
// It talks to testd, the test server, which starts it: testd node examples/demo.mjs

import { createHash } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RequestError, Session } from 'librq'

const {
  RQ_TEST_HTTP: plain,
  RQ_TEST_HTTPS: secure,
  RQ_TEST_HTTPS_UNTRUSTED: untrusted,
  RQ_TEST_CA_FILE: caFile
} = process.env

const MIB = 1 << 20
const SIZE = 256 * MIB

// What all requests have in common: whom to trust, a header, and how long to wait, in seconds.
const session = new Session({
  verify: caFile,
  headers: { 'X-Demo': 'node' },
  timeout: [3, 30]
})

/** Sends three requests, for which one connection is enough. */
async function keepAlive () {
  for (let i = 1; i <= 3; i++) {
    const response = await session.get(`${secure}/json`)
    const { connection, request } = await response.json()
    console.log(`GET /json: ${response.status} ${response.reason}, ` +
      `connection ${connection}, request ${request}`)
    if (request !== i) throw new Error('the connection was not kept')
  }
}

/** Changes a request after it was prepared; what is sent is what it then holds. */
async function editPrepared () {
  const prepared = session.prepare('POST', `${secure}/echo`, { json: { hello: 'librq' } })
  prepared.setHeader('X-Demo', 'edited')
  const response = await session.send(prepared)
  const lines = (await response.text()).split('\r\n')
  const line = lines.find((line) => line.startsWith('X-Demo: '))
  console.log(`POST /echo: the server received ${line}`)
  if (line !== 'X-Demo: edited') throw new Error('the prepared request was not sent as edited')
}

/** Streams a large body into a file, and compares its SHA-256 with the server's. */
async function download () {
  const folder = await mkdtemp(join(tmpdir(), 'rq-demo-'))
  const file = await open(join(folder, 'download'), 'w')
  const [hash, begin] = [createHash('sha256'), performance.now()]
  try {
    const response = await session.get(`${secure}/bytes/${SIZE}`)
    const show = progress(response.contentLength)
    for await (const piece of response) {
      await file.write(piece)
      hash.update(piece)
      show(piece.length)
    }
  } finally {
    await file.close()
    await rm(folder, { recursive: true })
  }
  const speed = SIZE / MIB / seconds(begin)
  const expected = await (await session.get(`${secure}/sha256/${SIZE}`)).text()
  if (hash.digest('hex') !== expected) throw new Error("the SHA-256 is not the server's")
  return speed
}

/**
 * Shows on stderr how much of the total came: as a bar on a terminal, redrawn ten times a second at
 * most, otherwise as a line for every quarter.
 * @param {number} total
 */
function progress (total) {
  const { stderr } = process
  const begin = performance.now()
  let [done, drawn, quarter] = [0, -Infinity, 1]
  const numbers = () => {
    const left = seconds(begin) * (total - done) / done
    return `${String(Math.floor(100 * done / total)).padStart(3)} %, ` +
      `${(done / MIB / seconds(begin)).toFixed(0).padStart(4)} MiB/s, ${left.toFixed(1)} s left`
  }
  /** @param {number} length */
  return (length) => {
    done += length
    if (stderr.isTTY && (done === total || performance.now() - drawn >= 100)) {
      drawn = performance.now()
      const bar = '#'.repeat(Math.floor(40 * done / total)).padEnd(40)
      stderr.write(`\r[${bar}] ${numbers()} ${done === total ? '\n' : ''}`)
    } else if (!stderr.isTTY && done * 4 >= total * quarter) {
      quarter = Math.floor(done * 4 / total) + 1
      stderr.write(`${numbers()}\n`)
    }
  }
}

/** @param {number} begin */
function seconds (begin) {
  return (performance.now() - begin) / 1000
}

/** Makes three requests fail, each for its own reason. */
async function expectErrors () {
  for (const [url, code] of [
    ['http://missing.invalid/', 'dns'],
    [`${untrusted}/json`, 'tls'],
    [`${plain}/truncated`, 'incomplete']
  ]) {
    const getting = session.get(url).then((response) => response.bytes())
    const error = await getting.catch((error) => error)
    if (!(error instanceof RequestError) || error.code !== code) {
      throw new Error(`${url}: expected ${code}, not this`, { cause: error })
    }
    console.log(`${error.code}: ${error.message}`)
  }
}

await keepAlive()
await editPrepared()
const speed = await download()
await expectErrors()
session.close()
console.log(`Node: 3 requests on 1 connection, POST edited, ${SIZE / MIB} MiB at ` +
  `${speed.toFixed(0)} MiB/s, SHA-256 equal, 3 errors as expected`)
