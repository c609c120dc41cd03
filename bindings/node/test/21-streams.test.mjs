// Bodies of responses as the platform's streams: a ReadableStream of bytes, a Readable; and what
// `using` calls.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import test from 'node:test'
import { createGunzip, gzipSync } from 'node:zlib'
import { Session } from 'librq'
import { endless } from './endless.mjs'
import { answer, origin } from './origin.mjs'
import { testd } from './testd.mjs'

const { HTTP } = await testd()
const session = new Session()
const server = await endless()
const SIZE = 1_000_000

/** Counts what it is given. */
function counter () {
  let total = 0
  const writable = new Writable({ write (piece, _, done) { total += piece.length; done() } })
  return { writable, total: () => total }
}

// ---- Readable ----

test('stream() goes through pipeline()', async () => {
  const response = await session.get(`${HTTP}/bytes/${SIZE}`)
  const { writable, total } = counter()
  const pass = new Transform({ transform (piece, _, done) { done(null, piece) } })
  await pipeline(response.stream(), pass, writable)
  assert.equal(total(), SIZE)
  assert.equal((await session.get(`${HTTP}/json`)).reused, true)
})

test('stream() gives text once it has an encoding, and what is left in its codings', async () => {
  const text = 'žluťoučký '.repeat(20_000)
  const { url } = await origin((request, response) =>
    answer(response, 200, { 'Content-Encoding': 'gzip' }, gzipSync(text)))
  let read = ''
  for await (const piece of (await session.get(url)).stream().setEncoding('utf8')) read += piece
  assert.equal(read, text)
  read = ''
  const coded = (await session.get(url, { decode: false })).stream()
  for await (const piece of coded.pipe(createGunzip()).setEncoding('utf8')) read += piece
  assert.equal(read, text)
})

test('stream() of a small body, and after bytes()', async () => {
  const response = await session.get(`${HTTP}/json`)
  const bytes = await response.bytes()
  const pieces = await response.stream().toArray()
  assert.deepEqual(Buffer.concat(pieces), bytes)
  assert.deepEqual(await (await session.get(`${HTTP}/bytes/0`)).stream().toArray(), [])
})

test('destroying the stream closes the response, also while it waits', async () => {
  const response = await session.get(server.url)
  const stream = response.stream()
  await once(stream, 'readable')
  stream.destroy()
  await once(stream, 'close')
  const stalled = (await session.get(server.url)).stream()
  stalled.resume()
  stalled.destroy(new Error('enough'))
  const [error] = await once(stalled, 'error')
  assert.equal(error.message, 'enough')
  await server.empty()
})

test('stream() fails with what the reading failed of', async () => {
  const cut = (await session.get(`${HTTP}/truncated`)).stream()
  await assert.rejects(cut.toArray(), { name: 'RequestError', code: 'incomplete' })
  for (const reason of [new Error('enough'), 'enough', null]) {
    const controller = new AbortController()
    const { signal } = controller
    const stream = (await session.get(server.url, { signal })).stream().resume()
    controller.abort(reason)
    const [error] = await once(stream, 'error')
    assert.ok(error === reason || error.cause === reason)
  }
})

// ---- ReadableStream ----

test('body is a stream of bytes, which can be read into a buffer', async () => {
  const reader = (await session.get(`${HTTP}/bytes/${SIZE}`)).body.getReader({ mode: 'byob' })
  let [total, buffer] = [0, new ArrayBuffer(1000)]
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(buffer))
    if (done) break
    assert.ok(value.length > 0 && value.length <= 1000)
    total += value.length
    buffer = value.buffer
  }
  assert.equal(total, SIZE)
})

test('body takes nothing away from bytes()', async () => {
  const response = await session.get(`${HTTP}/json`)
  const bytes = await response.bytes()
  const text = await new globalThis.Response(response.body).text()
  assert.equal(Buffer.from(await response.bytes()).toString(), text)
  assert.equal(bytes.length, text.length)
  assert.equal(response.body, response.body)
})

test('cancelling body closes the response', async () => {
  const { body } = await session.get(server.url)
  const reader = body.getReader()
  assert.ok((await reader.read()).value.length > 0)
  await reader.cancel()
  await server.empty()
})

// ---- using ----

const { complete } = createRequire(import.meta.url)('../lib/disposal.cjs')

test('disposing closes sessions and responses, at once or as a promise', async () => {
  for (const dispose of [Symbol.dispose, Symbol.asyncDispose]) {
    const session = new Session()
    const response = await session.get(server.url)
    await response[dispose]()
    await server.empty()
    await session[dispose]()
    await assert.rejects(session.get(HTTP), { code: 'misuse' })
  }
})

test('where the language has no symbols for using, it is given them', () => {
  const lacking = complete({})
  assert.equal(lacking.dispose.toString(), 'Symbol(Symbol.dispose)')
  assert.equal(lacking.asyncDispose.toString(), 'Symbol(Symbol.asyncDispose)')
  const { dispose } = Symbol
  assert.equal(complete(Symbol).dispose, dispose)
})
