// Bodies that come faster than they are read: their pieces are read on the JS thread where they
// have come already. They are those of every other body, their errors too, and nobody else waits.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Session } from 'librq'
import { origin } from './origin.mjs'
import { testd } from './testd.mjs'

const MIB = 1 << 20
const TURN = 2 * MIB // what may be read in one turn of the event loop, generously
const { HTTP } = await testd()
const session = new Session()
const large = Buffer.alloc(24 * MIB, Buffer.from(Array.from({ length: 251 }, (_, i) => i)))
const { url } = await origin((request, response) => {
  if (request.url === '/cut') {
    response.writeHead(200, { 'Content-Length': 2 * large.length })
    return response.write(large, () => response.socket.destroySoon())
  }
  if (request.url === '/trailers') {
    response.writeHead(200, { Trailer: 'X-Sum' })
    response.write(large)
    response.addTrailers({ 'X-Sum': 'of it' })
    return response.end()
  }
  response.end(large)
})

/** All of it, and how many bytes came at most between two turns of the event loop. */
async function read (pieces) {
  const found = []
  let [turn, most, open] = [0, 0, true]
  const count = () => {
    most = Math.max(most, turn)
    turn = 0
    if (open) setImmediate(count)
  }
  count()
  try {
    for await (const piece of pieces) {
      found.push(piece)
      turn += piece.length
    }
  } finally {
    open = false
  }
  return [Buffer.concat(found), most]
}

for (const [name, open] of Object.entries({
  pieces: (response) => response,
  'a Web stream': (response) => response.body,
  'a Node stream': (response) => response.stream()
})) {
  test(`as ${name}: every byte, and the event loop turns`, async () => {
    const [body, most] = await read(open(await session.get(url)))
    assert.ok(body.equals(large))
    assert.ok(most <= TURN, `${most} bytes in a turn`)
  })
}

test('several at a time: the event loop turns as often', async () => {
  const responses = await Promise.all(Array.from({ length: 4 }, () => session.get(url)))
  let open = responses.length
  let [turn, most] = [0, 0]
  const one = async (response) => {
    let at = 0
    for await (const piece of response) {
      assert.ok(piece.equals(large.subarray(at, at += piece.length)))
      turn += piece.length
    }
    assert.equal(at, large.length)
    open--
  }
  const count = () => {
    most = Math.max(most, turn)
    turn = 0
    if (open > 0) setImmediate(count)
  }
  count()
  await Promise.all(responses.map(one))
  assert.ok(most <= TURN + 3 * MIB, `${most} bytes in a turn`)
})

test('trailers behind it', async () => {
  const response = await session.get(`${url}/trailers`)
  const [body] = await read(response)
  assert.ok(body.equals(large))
  assert.equal(response.trailers.get('X-Sum'), 'of it')
  assert.equal((await session.get(`${HTTP}/json`)).status, 200)
})

test('one that is cut off fails, with every byte before that', async () => {
  const response = await session.get(`${url}/cut`)
  let at = 0
  await assert.rejects(async () => {
    for await (const piece of response) {
      assert.ok(piece.equals(large.subarray(at, at += piece.length)))
    }
  }, { code: 'incomplete' })
  assert.ok(at <= large.length)
  await assert.rejects(response[Symbol.asyncIterator]().next(), TypeError)
})

test('an abort ends it within a turn, with its reason', async () => {
  const controller = new AbortController()
  const response = await session.get(`${HTTP}/bytes/${1 << 30}`, { signal: controller.signal })
  const reason = new Error('enough')
  let length = 0
  await assert.rejects(async () => {
    for await (const piece of response) {
      if (length < 8 * MIB && length + piece.length >= 8 * MIB) {
        setImmediate(() => controller.abort(reason))
      }
      length += piece.length
    }
  }, reason)
  assert.ok(length < 16 * MIB, `${length} bytes`)
})

test('listeners hear of each piece', async () => {
  let last = 0
  const hooks = { download: (received) => { assert.ok(received > last); last = received } }
  const [body] = await read(await session.get(url, { hooks }))
  assert.equal(body.length, large.length)
  assert.equal(last, large.length)
})

test('leaving the loop closes it, and the session goes on', async () => {
  const response = await session.get(url)
  let left = 4
  for await (const piece of response) if (--left === 0) { assert.ok(piece.length > 0); break }
  await assert.rejects(response.bytes(), TypeError)
  assert.ok((await (await session.get(url)).bytes()).equals(large))
})
