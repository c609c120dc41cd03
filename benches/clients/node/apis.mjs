// How each client in Node sends: `get` gives the body as something to iterate over, decoded if gzip
// was asked for; the others give the sink's answer. BENCH_MODULES is the folder in which undici was
// installed; librq is the binding of this tree. What the global fetch trusts can only be said
// before Node starts, by NODE_EXTRA_CA_CERTS.

import { createReadStream, openAsBlob, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

const BLOCK_BYTES = 65536
const SPARE = 64

const stream = name => createReadStream(name, { highWaterMark: BLOCK_BYTES })
const lengthOf = name => ({ 'content-length': String(statSync(name).size) })

async function formOf (FormData, names) {
  const form = new FormData()
  for (const [i, name] of names.entries()) form.append(`f${i}`, await openAsBlob(name), `f${i}.bin`)
  return form
}

function undiciRequest ({ mode, width, ca }) {
  const undici = createRequire(`${process.env.BENCH_MODULES}/`)('undici')
  const dispatcher = new undici.Agent({
    connect: { ca: ca && readFileSync(ca) },
    pipelining: mode === 'new' ? 0 : 1,
    connections: mode === 'idle' ? width : null
  })
  const send = async (url, options) => {
    const { statusCode, headers, body } = await undici.request(url, { dispatcher, ...options })
    if (statusCode !== 200) throw new Error(`status ${statusCode}`)
    if (headers['content-encoding'] !== 'gzip') return body
    return body.pipe(createGunzip({ chunkSize: BLOCK_BYTES }))
  }
  const headers = mode === 'gzip' ? { 'accept-encoding': 'gzip' } : {}
  const get = { method: 'GET', reset: mode === 'new', headers }
  return {
    get: url => send(url, get),
    putFile: (url, name) =>
      send(url, { method: 'PUT', body: stream(name), headers: lengthOf(name) }),
    putStream: (url, body) => send(url, { method: 'PUT', body: Readable.from(body) }),
    postFiles: async (url, names) =>
      send(url, { method: 'POST', body: await formOf(undici.FormData, names) })
  }
}

function fetches (fetch, { mode }) {
  const send = async (url, options) => {
    const response = await fetch(url, options)
    if (!response.ok) throw new Error(`status ${response.status}`)
    return response.body
  }
  // Elsewhere fetch asks for codings by itself: what is sent back is not coded.
  const headers = mode === 'new' ? { connection: 'close' } : {}
  return {
    get: url => send(url, { headers }),
    putFile: (url, name) => send(url, {
      method: 'PUT', body: Readable.toWeb(stream(name)), headers: lengthOf(name), duplex: 'half'
    }),
    putStream: (url, body) => send(url, {
      method: 'PUT', body: Readable.toWeb(Readable.from(body)), duplex: 'half'
    }),
    postFiles: async (url, names) =>
      send(url, { method: 'POST', body: await formOf(FormData, names) })
  }
}

async function librqSession ({ mode, width, ca }) {
  const librq = await import('../../../bindings/node/lib/index.mjs')
  const session = new librq.Session({
    pool: { idle: width + SPARE, idlePerHost: width + SPARE },
    ...(ca && { verify: ca }),
    headers: { 'Accept-Encoding': mode === 'gzip' ? 'gzip' : null }
  })
  return [session, librq]
}

async function librqPromises (given) {
  const [session, { file }] = await librqSession(given)
  const get = async url => (await session.get(url)).raise()
  return {
    get: given.mode !== 'new' ? get : url => { session.closeIdle(); return get(url) },
    putFile: async (url, name) => (await session.put(url, { body: file(name) })).raise(),
    putStream: async (url, body) => (await session.put(url, { body })).raise(),
    postFiles: async (url, names) => {
      const files = names.map((path, i) => ({ name: `f${i}`, path }))
      return (await session.post(url, { files })).raise()
    }
  }
}

async function librqFetch (given) {
  const [session] = await librqSession(given)
  const send = fetches(session.fetch, { mode: 'get' })
  const { get } = send
  if (given.mode === 'new') send.get = url => { session.closeIdle(); return get(url) }
  return send
}

const apis = {
  undici: undiciRequest,
  fetch: given => fetches(fetch, given),
  librq: librqPromises,
  'librq-fetch': librqFetch
}

export const connect = (name, given) => apis[name](given)
