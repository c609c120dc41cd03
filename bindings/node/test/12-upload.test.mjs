// Bodies that are read while they are sent: from streams, Blobs, iterables and functions; what goes
// wrong on the way, what can be sent again, and progress.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import test, { after } from 'node:test'
import { Session, file } from 'librq'
import { eventually, testd } from './testd.mjs'

const { HTTP } = await testd()
const session = new Session()
const folder = mkdtempSync(join(tmpdir(), 'rq-upload-'))
const path = join(folder, 'large.bin')
const large = Buffer.alloc(3_000_000, (_, i) => i % 251)
large.forEach((_, i) => { large[i] = i % 251 })
writeFileSync(path, large)
after(() => rmSync(folder, { recursive: true }))

const echoed = async (options) => (await session.post(`${HTTP}/echo`, options)).text()

async function * generator (...pieces) {
  for (const piece of pieces) yield piece
}

/** A promise that never settles, and what tells that someone asked for it. */
function never () {
  let asked
  const waiting = new Promise((resolve) => { asked = resolve })
  return { waiting, read: () => new Promise(() => asked()) }
}

for (const [name, make] of Object.entries({
  'an async generator': () => generator('pie', '', Buffer.from('ce'), new Uint8Array([115]).buffer),
  'a generator': () => (function * () { yield 'pie'; yield 'ces' })(),
  'a list': () => ['pie', Buffer.from('ces')],
  'a list of promises': () => [Promise.resolve('pieces')],
  'a Node stream': () => Readable.from(['pie', 'ces']),
  'a Web stream': () => ReadableStream.from(['pie', 'ces']),
  'a function': () => () => generator('pieces'),
  'an async function': () => async () => ['pieces'],
  'an iterator without return': () => {
    const pieces = ['pie', 'ces']
    const next = () => ({ done: pieces.length === 0, value: pieces.shift() })
    return { [Symbol.iterator]: () => ({ next }) }
  }
})) {
  test(`a body from ${name}: in chunks, or by its length`, async () => {
    const chunked = await echoed({ body: make() })
    assert.match(chunked, /\r\nTransfer-Encoding: chunked\r\n/)
    assert.match(chunked, /\r\n0\r\n\r\n$/)
    assert.equal(chunked.split('\r\n\r\n')[1].replace(/(^|\r\n)[0-9a-f]+(\r\n|$)/g, ''), 'pieces')
    const counted = await echoed({ body: make(), bodyLength: 6 })
    assert.match(counted, /\r\nContent-Length: 6\r\n(.*\r\n)*\r\npieces$/)
  })
}

test('a Blob has a length', async () => {
  const echo = await echoed({ body: new Blob(['blob']) })
  assert.match(echo, /\r\nContent-Length: 4\r\n(.*\r\n)*\r\nblob$/)
})

test('an iterable that is empty is sent in no chunk', async () => {
  assert.match(await echoed({ body: generator() }), /chunked\r\n(.*\r\n)*\r\n0\r\n\r\n$/)
})

for (const [name, make] of Object.entries({
  'one piece': () => generator(large),
  'many pieces': () => (function * () {
    for (let i = 0; i < large.length; i += 999) yield large.subarray(i, i + 999)
  })(),
  'a file stream': () => createReadStream(path),
  'a Blob': () => new Blob([large]),
  'a file': () => file(path)
})) {
  test(`3 MB from ${name} arrive as they are`, async () => {
    const answer = await (await session.put(`${HTTP}/upload`, { body: make() })).json()
    const sha256 = createHash('sha256').update(large).digest('hex')
    assert.deepEqual(answer, { bytes: large.length, sha256 })
  })
}

test('many uploads at once', async () => {
  const bytes = await Promise.all(Array.from({ length: 100 }, async (_, i) => {
    const body = generator(...Array.from({ length: i }, () => large.subarray(0, 10_000)))
    return (await (await session.put(`${HTTP}/upload`, { body })).json()).bytes
  }))
  assert.deepEqual(bytes, bytes.map((_, i) => i * 10_000))
})

test('preparing reads nothing', async () => {
  let opened = 0
  const body = () => { opened++; return generator('pieces') }
  const prepared = session.prepare('POST', `${HTTP}/echo`, { body })
  assert.deepEqual([prepared.body, prepared.bodyLength, opened], [null, -1, 0])
  await (await session.send(prepared)).text()
  assert.equal(opened, 1)
})

// ---- again ----

for (const [name, body] of [['a function', () => generator('again')],
  ['a Blob', new Blob(['again'])], ['a list', ['again']]]) {
  test(`${name} can be sent again`, async () => {
    const prepared = session.prepare('POST', `${HTTP}/upload`, { body })
    for (let i = 0; i < 3; i++) {
      assert.equal((await (await session.send(prepared)).json()).bytes, 5)
    }
  })
}

test('a generator cannot be sent again', async () => {
  const prepared = session.prepare('POST', `${HTTP}/upload`, { body: generator('once') })
  assert.equal((await (await session.send(prepared)).json()).bytes, 4)
  const expected = { code: 'body', exception: 'UnrewindableBodyError' }
  await assert.rejects(session.send(prepared), expected)
})

// ---- failures ----

for (const [name, fail] of [
  ['an error', () => { throw new Error('torn') }],
  ['text', () => { throw 'torn' }], // eslint-disable-line no-throw-literal
  ['nothing', () => { throw undefined }] // eslint-disable-line no-throw-literal
]) {
  test(`a body that throws ${name} rejects with that`, async () => {
    let reason = 'none yet'
    const body = async function * () {
      yield 'some'
      try {
        fail()
      } catch (thrown) {
        reason = thrown
        throw thrown
      }
    }
    await assert.rejects(session.post(`${HTTP}/upload`, { body }), (error) => error === reason)
    await assert.rejects(session.post(`${HTTP}/upload`, { files: { a: body } }),
      (error) => error === reason)
  })
}

for (const [name, body, message] of [
  ['gives a number', generator('a', 1), /must give strings or bytes/],
  ['gives pairs', new Map([['a', '1']]), /must give strings or bytes/],
  ['is a function that gives nothing', () => {}, /must give a stream or an iterable/],
  ['is a function that gives text', () => 'text', /must give a stream or an iterable/]
]) {
  test(`a body that ${name}: TypeError`, async () => {
    const sending = session.post(`${HTTP}/upload`, { body })
    await assert.rejects(sending, { name: 'TypeError', message })
  })
}

test('a stream that fails rejects with its error', async () => {
  const reason = new Error('disk gone')
  const stream = new Readable({ read () { this.destroy(reason) } })
  await assert.rejects(session.post(`${HTTP}/upload`, { body: stream }), (e) => e === reason)
})

for (const [name, pieces] of [['fewer', ['abc']], ['more', ['abcdef']]]) {
  test(`a body of ${name} bytes than were said`, async () => {
    const options = { body: generator(...pieces), bodyLength: 5 }
    await assert.rejects(session.post(`${HTTP}/upload`, options), { code: 'body_length' })
    assert.equal((await session.get(`${HTTP}/json`)).status, 200)
  })
}

test('an early answer ends the upload, and the source may clean up', async () => {
  let left
  const ended = new Promise((resolve) => { left = resolve })
  const body = async function * () {
    try {
      for (;;) yield large
    } finally {
      left()
    }
  }
  const response = await session.post(`${HTTP}/early413`, { body })
  assert.equal(response.status, 413)
  await ended
})

test('a connection that breaks ends the upload', async () => {
  const body = async function * () { for (;;) yield large }
  const sending = session.post(`${HTTP}/kill-upload`, { body })
  await assert.rejects(sending, { name: 'RequestError', exception: 'ConnectionError' })
})

test('an abort ends the wait for the next piece, with the signal\'s reason', async () => {
  const url = `${HTTP}/upload`
  for (const send of [(body, signal) => session.post(url, { body, signal }),
    (body, signal) => session.send(session.prepare('POST', url, { body }), { signal })]) {
    const { waiting, read } = never()
    const controller = new AbortController()
    const body = async function * () { yield 'some'; yield read() }
    const sending = send(body, controller.signal)
    await waiting
    controller.abort('enough')
    await assert.rejects(sending, (reason) => reason === 'enough')
  }
})

test('an abort tells streams that stand still', async () => {
  const readable = new Readable({ read () {} })
  let cancelled
  const told = new Promise((resolve) => { cancelled = resolve })
  const web = new ReadableStream({ cancel: cancelled })
  const closed = once(readable, 'close')
  for (const body of [readable, web]) {
    const controller = new AbortController()
    const { signal } = controller
    const sending = session.post(`${HTTP}/upload`, { body, signal })
    await new Promise((resolve) => setTimeout(resolve, 50))
    controller.abort('enough')
    await assert.rejects(sending, (reason) => reason === 'enough')
  }
  await Promise.all([closed, told])
})

test('an abort that the body hears of too is the reason', async () => {
  const controller = new AbortController()
  const { signal } = controller
  const body = new Readable({ read () {}, signal })
  const sending = session.post(`${HTTP}/upload`, { body, signal })
  body.push('some')
  setImmediate(() => controller.abort('enough'))
  await assert.rejects(sending, (reason) => reason === 'enough')
})

test('a piece that comes too late meets nobody', async () => {
  let give
  const late = new Promise((resolve) => { give = resolve })
  const { waiting, read } = never()
  const controller = new AbortController()
  const body = async function * () { read(); yield late }
  const sending = session.post(`${HTTP}/upload`, { body, signal: controller.signal })
  await waiting
  controller.abort('enough')
  await assert.rejects(sending, (reason) => reason === 'enough')
  give('late')
  assert.equal((await session.get(`${HTTP}/json`)).status, 200)
})

test('a slow body blocks neither the JS thread nor other requests', async () => {
  const { waiting, read } = never()
  const controller = new AbortController()
  const { signal } = controller
  const body = async function * () { yield read() }
  const sending = session.post(`${HTTP}/upload`, { body, signal })
  await waiting
  assert.equal((await session.get(`${HTTP}/json`)).status, 200)
  controller.abort('enough')
  await assert.rejects(sending, (reason) => reason === 'enough')
})

// ---- progress ----

test('progress grows to the length of the body', async () => {
  for (const [body, total] of [[large, large.length], [file(path), large.length],
    [new Blob([large]), large.length], [generator(large), -1]]) {
    const told = []
    const onProgress = (...given) => told.push(given)
    await session.put(`${HTTP}/upload`, { body, onProgress })
    assert.deepEqual(told.at(-1), [large.length, total])
    assert.ok(told.every(([sent], i) => i === 0 || sent >= told[i - 1][0]))
  }
})

test('progress of a prepared request', async () => {
  let last
  const onProgress = (sent) => { last = sent }
  const prepared = session.prepare('POST', `${HTTP}/upload`, { body: 'body', onProgress })
  await session.send(prepared)
  assert.equal(last, 4)
})

test('what onProgress throws ends the request', async () => {
  const reason = new Error('too slow')
  const onProgress = () => { throw reason }
  for (const body of ['small', generator(large, large), file(path)]) {
    const sending = session.put(`${HTTP}/upload`, { body, onProgress })
    await assert.rejects(sending, (error) => error === reason)
  }
})

// ---- garbage ----

test('sources are let go of with their request', async () => {
  const send = async () => {
    const source = generator('pieces')
    await (await session.post(`${HTTP}/echo`, { body: source })).text()
    return new WeakRef(source)
  }
  const prepare = () => {
    const source = generator('pieces')
    session.prepare('POST', `${HTTP}/echo`, { body: source })
    return new WeakRef(source)
  }
  const refs = [await send(), await send(), prepare()]
  await eventually(() => {
    globalThis.gc()
    return refs.every((ref) => ref.deref() === undefined)
  }, 'sources collected')
})

test('a request in flight keeps its source', async () => {
  const body = async function * () {
    for (let i = 0; i < 20; i++) {
      await once(Readable.from(['x']).resume(), 'end')
      globalThis.gc()
      yield 'piece'
    }
  }
  let prepared = session.prepare('POST', `${HTTP}/upload`, { body: body() })
  const sending = session.send(prepared)
  prepared = null
  assert.equal((await (await sending).json()).bytes, 100)
})

test('a session whose auth function holds it is collected', async () => {
  const make = () => {
    const session = new Session({ auth: () => { session.closeIdle() } })
    session.prepare('GET', HTTP)
    return new WeakRef(session)
  }
  const ref = make()
  await eventually(() => {
    globalThis.gc()
    return ref.deref() === undefined
  }, 'session collected')
})
