// Responses: the head, the body whole and in pieces, streams, trailers, what breaks off.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import test from 'node:test'
import { Headers, Session } from 'librq'
import { endless } from './endless.mjs'
import { testd } from './testd.mjs'

const { HTTP } = await testd()
const server = await endless()
const session = new Session()
const get = (path, options) => session.get(HTTP + path, options)

test('the head', async () => {
  const response = await get('/status/404?reason=Nowhere')
  assert.equal(response.status, 404)
  assert.equal(response.reason, 'Nowhere')
  assert.equal(response.ok, false)
  assert.equal(response.url, `${HTTP}/status/404?reason=Nowhere`)
  assert.equal(response.httpVersion, '1.1')
  assert.ok(response.elapsed > 0 && response.elapsed < 10_000)
  assert.equal(response.contentLength, 11)
  assert.equal(await response.text(), 'status 404\n')
})

test('header fields keep order, case and bytes', async () => {
  const { headers } = await get('/headers')
  assert.ok(headers instanceof Headers)
  const own = [...headers].filter(([name]) => /^(x-(odd|latin|empty)|set-cookie)/i.test(name))
  assert.deepEqual(own, [['X-Odd-CASE', 'a'], ['x-odd-case', 'b'], ['Set-Cookie', 'a=1; Path=/'],
    ['Set-Cookie', 'b=2'], ['X-Latin', 'café'], ['X-Empty', '']])
  assert.equal(headers.get('X-ODD-case'), 'a, b')
  assert.deepEqual(headers.getAll('set-cookie'), ['a=1; Path=/', 'b=2'])
  assert.equal(headers.get('X-Empty'), '')
  assert.equal(headers.get('X-None'), null)
  assert.deepEqual([headers.has('x-latin'), headers.has('x-none')], [true, false])
})

test('raise throws for 4xx and 5xx alone, even after the body', async () => {
  const fine = await get('/status/204')
  assert.equal(fine.raise(), fine)
  const lost = await get('/status/503')
  await lost.text()
  const expected = { name: 'RequestError', code: 'status', status: 503, exception: 'HTTPError' }
  assert.throws(() => lost.raise(), expected)
})

test('a body of 64 MiB arrives as it was sent', async () => {
  const size = 64 << 20
  const hash = createHash('sha256')
  let length = 0
  const response = await get(`/bytes/${size}`)
  assert.equal(response.contentLength, size)
  for await (const piece of response) {
    assert.ok(piece instanceof Uint8Array && piece.length > 0)
    hash.update(piece)
    length += piece.length
  }
  assert.equal(length, size)
  assert.equal(hash.digest('hex'), await (await get(`/sha256/${size}`)).text())
})

for (const [name, path] of [['a length', '/bytes/1000000'], ['chunks', '/chunked/1000000'],
  ['the close', '/close/1000000'], ['a small length', '/bytes/1000'], ['nothing', '/bytes/0']]) {
  test(`a body that ends by ${name} is the same whole and in pieces`, async () => {
    const whole = await (await get(path)).bytes()
    const pieces = []
    for await (const piece of await get(path)) pieces.push(piece)
    assert.equal(whole.length, Number(path.split('/')[2]))
    assert.ok(Buffer.concat(pieces).equals(whole))
    assert.ok(whole.every((byte, i) => byte === i % 251))
    assert.equal(pieces.some((piece) => piece.length === 0), false)
  })
}

test('bytes, text and json can be asked for again, and iterated over', async () => {
  const response = await get('/json')
  const bytes = await response.bytes()
  assert.equal(await response.bytes(), bytes)
  assert.equal(await response.text(), Buffer.from(bytes).toString())
  assert.equal((await response.json()).hello, 'librq')
  for await (const piece of response) assert.equal(piece, bytes)
})

test('a body that was iterated over is not there again', async () => {
  const response = await get('/bytes/100000')
  for await (const piece of response) assert.ok(piece)
  await assert.rejects(response.bytes(), TypeError)
  await assert.rejects(response[Symbol.asyncIterator]().next(), TypeError)
})

test('trailers come with the end', async () => {
  const response = await get('/chunked/100000')
  assert.equal(response.trailers, null)
  const sum = createHash('sha256').update(await response.bytes()).digest('hex')
  assert.equal(response.trailers.get('x-checksum'), sum)
})

test('a Web stream', async () => {
  const response = await get('/bytes/1000000')
  assert.ok(response.body instanceof ReadableStream)
  assert.equal(response.body, response.body)
  const copy = new globalThis.Response(response.body)
  assert.equal((await copy.arrayBuffer()).byteLength, 1_000_000)
})

test('a Node stream', async () => {
  const hash = createHash('sha256')
  await Readable.from(await get('/chunked/1000000')).forEach((piece) => hash.update(piece))
  assert.equal(hash.digest('hex'), await (await get('/sha256/1000000')).text())
})

for (const [name, leave] of [
  ['leaving the loop', async (response) => {
    for await (const piece of response) if (piece) break
  }],
  ['close', async (response) => response.close()],
  ['cancelling the stream', async (response) => {
    const reader = response.body.getReader()
    await reader.read()
    const waiting = reader.read()
    await reader.cancel()
    assert.deepEqual(await waiting, { done: true, value: undefined })
  }]
]) {
  test(`${name} gives the connection up`, async () => {
    const response = await session.get(server.url)
    assert.equal(server.open.size, 1)
    await leave(response)
    await server.empty()
    await assert.rejects(response[Symbol.asyncIterator]().next(), /closed|already/)
  })
}

test('close while a read waits ends that read', async () => {
  const response = await session.get(server.url)
  const reading = response.bytes()
  response.close()
  await assert.rejects(reading, { name: 'RequestError', code: 'misuse' })
})

for (const path of ['/truncated', '/truncated-chunked']) {
  test(`${path} delivers what came, then fails`, async () => {
    let length = 0
    const response = await get(path)
    await assert.rejects(async () => {
      for await (const piece of response) length += piece.length
    }, { name: 'RequestError', code: 'incomplete', phase: 'body' })
    assert.ok(path === '/truncated' ? length === 500 : length > 0)
    await assert.rejects((await get(path)).bytes(), { code: 'incomplete' })
  })
}
