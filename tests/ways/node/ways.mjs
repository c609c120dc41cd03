// Every way out of this machine, in Node: directly and through each kind of proxy, over http and
// over https, a small and a large download, a large upload in chunks, and connections that are
// kept. The peers are real; rig starts them and tells where they are:
//
//   rig node ways.mjs
//
// A line for each check that failed, then "N passed, N failed"; exit code 1 if any did. ways.c and
// ways.go check the same. What is refused, and why, is checked in Rust (tests/ways/main.rs).

import { Session } from '../../../bindings/node/lib/index.mjs'

const PERIOD = 251
const PIECE_BYTES = 256 * 1024

// forwards: it takes http:// requests itself, so that the server is not our peer. ends: it ends the
// connection with each answer that it forwards.
const ways = [
  { name: 'no proxy' },
  { name: 'squid', proxy: 'SQUID', forwards: true },
  { name: 'tinyproxy', proxy: 'TINYPROXY', forwards: true, ends: true },
  { name: 'squid behind TLS', proxy: 'STUNNEL', forwards: true },
  { name: 'dante, socks4', proxy: 'SOCKS4_DANTE' },
  { name: 'Twisted, socks4a', proxy: 'SOCKS4A_TWISTED' },
  { name: 'dante, socks5', proxy: 'SOCKS5_DANTE' },
  { name: 'dante, socks5h', proxy: 'SOCKS5H_DANTE' },
  { name: 'dante, socks5h, password', proxy: 'SOCKS5H_DANTE_USER' },
  { name: 'microsocks, socks5', proxy: 'SOCKS5_MICROSOCKS' },
  { name: 'microsocks, socks5, password', proxy: 'SOCKS5_MICROSOCKS_USER' },
  { name: 'microsocks, socks5h, password', proxy: 'SOCKS5H_MICROSOCKS_USER' }
]

let passed = 0
let failed = 0
// Whole periods and one more, so that a piece can start anywhere in one.
const pattern = Buffer.alloc(PIECE_BYTES + PERIOD).map((_, at) => at % PERIOD)
const size = Number(env('LARGE_BYTES'))

for (const way of ways) {
  await go(way, 'http', env('HTTP'))
  await go(way, 'https', env('HTTPS'))
  await known(way)
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

async function go (way, scheme, origin) {
  const proxies = {}
  if (way.proxy !== undefined) {
    proxies.all = env(`PROXY_${way.proxy}`)
    if (proxies.all === '') {
      console.log(`note: ${scheme}, ${way.name}: did not run, this proxy needs root`)
      return
    }
  }
  const session = new Session({ trustEnv: false, verify: env('CA_FILE'), proxies })
  const forwarded = way.forwards && scheme === 'http'
  let first
  const checks = {
    async small () { first = await small(session, origin, false) },
    async kept () {
      const second = await small(session, origin, !(forwarded && way.ends))
      if (!forwarded) same('connection', second, first)
    },
    large: () => large(session, origin),
    upload: () => upload(session, origin)
  }
  for (const [what, check] of Object.entries(checks)) {
    try {
      await check()
      passed++
    } catch (error) {
      failed++
      console.log(`FAILED ${scheme}, ${way.name}: ${what}: ${error.code ?? ''} ${error.message}`)
    }
  }
  session.close()
}

/** The server that asks who comes, this way: it is told, and without a certificate it is not. */
async function known (way) {
  const proxies = way.proxy === undefined ? {} : { all: env(`PROXY_${way.proxy}`) }
  if (proxies.all === '') return
  const cert = [env('CLIENT_CERT'), env('CLIENT_KEY')]
  const session = new Session({ trustEnv: false, verify: env('CA_FILE'), proxies })
  const url = `${env('MTLS')}/whoami`
  try {
    const said = await (await session.get(url, { cert })).text()
    same('client certificate', said.includes('CN=rig client'), true)
    passed++
    same('without one', (await session.get(url)).status, 400)
    passed++
  } catch (error) {
    failed++
    console.log(`FAILED https, ${way.name}: ${error.code ?? ''} ${error.message}`)
  }
  session.close()
}

/** GETs the small file: which of the server's connections it came over. */
async function small (session, origin, reused) {
  const response = (await session.get(`${origin}/small`)).raise()
  same('body', await response.text(), 'small')
  same('reused', response.reused, reused)
  return response.headers.get('X-Connection')
}

async function large (session, origin) {
  const response = (await session.get(`${origin}/large`)).raise()
  let total = 0
  for await (const piece of response) {
    const from = total % PERIOD
    if (pattern.compare(piece, 0, piece.length, from, from + piece.length) !== 0) {
      throw new Error(`wrong after ${total} bytes`)
    }
    total += piece.length
  }
  same('bytes', total, size)
}

function * pieces () {
  for (let at = 0; at < size;) {
    const from = at % PERIOD
    const count = Math.min(PIECE_BYTES, size - at)
    yield pattern.subarray(from, from + count)
    at += count
  }
}

async function upload (session, origin) {
  const response = (await session.post(`${origin}/upload`, { body: pieces() })).raise()
  const arrived = await response.json()
  same('bytes', arrived.bytes, size)
  same('SHA-256', arrived.sha256, env('LARGE_SHA256'))
}

function same (what, found, wanted) {
  if (found !== wanted) throw new Error(`${what}: ${found}, not ${wanted}`)
}

function env (name) {
  const value = process.env[`RQ_WAY_${name}`]
  if (value === undefined) throw new Error(`RQ_WAY_${name} is not set: run this under rig`)
  return value
}
