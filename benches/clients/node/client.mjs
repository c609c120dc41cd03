// The clients in Node: undici.request, the global fetch, librq's promises and librq's fetch, which
// BENCH_API names. The command line and the line of results are those of ../c/bench.h; THREADS is
// how many requests are under way at a time. What a mode does is here, how each client sends is in
// apis.mjs.
//
//   node --expose-gc client.mjs MODE URL COUNT THREADS [FILE...]

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from './apis.mjs'

const BLOCK_BYTES = 65536
const CLOSING_MS = 300

const [mode, url, countText, threadsText, ...files] = process.argv.slice(2)
const [count, threads] = [Number(countText), Number(threadsText)]

function now () {
  const { userCPUTime: user, systemCPUTime: sys } = process.resourceUsage()
  return { wall: performance.now() / 1e3, user: user / 1e6, sys: sys / 1e6 }
}

function statusKib (name) {
  const status = readFileSync('/proc/self/status', 'latin1')
  return Number(status.match(`\n${name}:\\s*(\\d+) kB`)[1])
}

function residentKib () {
  globalThis.gc()
  return statusKib('VmRSS')
}

/** Blocks of 64 KiB, each of one letter. */
async function * generate () {
  for (let left = count; left > 0; left--) yield Buffer.alloc(BLOCK_BYTES, 97 + left % 26)
}

async function drained (body) {
  let total = 0
  for await (const piece of body) total += piece.length
  return total
}

/** The sink's answer: the number of bytes that it has read. */
async function told (body) {
  const pieces = []
  for await (const piece of body) pieces.push(piece)
  return Number(Buffer.concat(pieces).toString('latin1').trim())
}

async function gets (send) {
  const one = async () => {
    let total = 0
    for (let i = 0; i < count / threads; i++) total += await drained(await send.get(url))
    return total
  }
  const sums = await Promise.all(Array.from({ length: threads }, one))
  return sums.reduce((total, sum) => total + sum)
}

async function holdIdle (send) {
  const before = residentKib()
  const bodies = await Promise.all(Array.from({ length: count }, () => send.get(url)))
  let total = 0
  for (const body of bodies) total += await drained(body)
  bodies.length = 0
  await sleep(CLOSING_MS) // what is closed later than its body has ended
  return [total, (residentKib() - before) / count]
}

const modes = {
  get: async send => [await gets(send)],
  gzip: async send => [await gets(send)],
  new: async send => [await gets(send)],
  idle: holdIdle,
  async put (send) {
    let total = 0
    for (let i = 0; i < count; i++) total += await told(await send.putFile(url, files[0]))
    return [total]
  },
  chunked: async send => [await told(await send.putStream(url, generate()))],
  mime: async send => [await told(await send.postFiles(url, files))]
}

const send = await connect(process.env.BENCH_API, {
  mode,
  width: mode === 'idle' ? count : threads,
  ca: process.env.BENCH_CA
})
if (process.env.BENCH_WARM) await drained(await send.get(process.env.BENCH_WARM))
const began = now()
const [bytes, idleKib = 0] = await modes[mode](send)
const ended = now()
const spent = Object.keys(began)
  .map(name => `${name}=${(ended[name] - began[name]).toFixed(6)}`)
console.log(`n=${count} bytes=${bytes} ${spent.join(' ')} peak_kib=${statusKib('VmHWM')} ` +
  `idle_kib=${idleKib.toFixed(2)}`)
process.exit(0)
