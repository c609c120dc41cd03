// fetch(): what the standard asks for, judged by Node's own fetch wherever that can be asked; and
// what is librq's about it.

import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import { RequestError, Session, fetch } from 'librq'
import { endless } from './endless.mjs'
import { answer, origin } from './origin.mjs'
import { eventually, testd } from './testd.mjs'

const { HTTP, REFUSED } = await testd()
const server = await endless()
const own = globalThis.fetch
const session = new Session({ jar: false })

/** /echo says what was asked; /STATUS and /STATUS/to/PATH answer with that status. */
const { url } = await origin((request, response, body) => {
  const { method, headers, url } = request
  const [, status, to] = /^\/(\d+)(?:\/to(.*))?$/.exec(url) ?? []
  const fields = [['X-A', '1'], ['x-a', '2'], ['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2']]
  if (to) fields.push(['Location', to])
  if (status) return answer(response, Number(status), fields.flat(), 'body')
  const [type, length] = [headers['content-type'], headers['content-length']]
  const boundary = /boundary=(.*)/.exec(type)?.[1]
  const anonymous = (text) => boundary ? text.replaceAll(boundary, 'B') : text
  answer(response, 200, {}, JSON.stringify({
    method, path: url, type: type && anonymous(type), body: anonymous(body),
    // Of a multipart body without its boundaries, whose lengths differ; 0 is said or left out.
    length: Number(length ?? 0) - (boundary ? body.length - anonymous(body).length : 0),
    chunked: headers['transfer-encoding'], x: headers['x-a'], cookie: headers.cookie
  }))
})
const echo = `${url}/echo`

/** What both fetches come to, which has to be the same; gives what it is. */
async function same (seen) {
  const outcome = (fetch) => seen(fetch).catch((error) => ({ thrown: error.constructor.name }))
  const [ours, theirs] = [await outcome(session.fetch), await outcome(own)]
  assert.deepEqual(ours, theirs)
  return ours
}

const json = async (response) => (await response).json()

// ---- what is sent ----

const form = () => {
  const made = new FormData()
  made.append('text', 'a\nb\r\nc\rd')
  made.append('na"me\n', 'ü')
  made.append('file', new Blob(['blob']), 'f"ü.txt')
  made.append('file', new File(['file'], 'g.txt', { type: 'text/plain' }))
  return made
}
const stream = (...pieces) => ReadableStream.from(pieces.map((piece) => Buffer.from(piece)))
const typed = { headers: { 'Content-Type': 'text/x-own' } }

for (const [name, init] of Object.entries({
  nothing: () => undefined,
  null: () => null,
  'an object of headers': () => ({ headers: { 'X-A': '1' } }),
  'pairs of headers': () => ({ headers: [['X-A', '1'], ['X-A', '2']] }),
  Headers: () => ({ headers: new Headers({ 'X-A': '1' }) }),
  'a method': () => ({ method: 'DELETE' }),
  'a method in small letters': () => ({ method: 'put', body: '' }),
  'a method of its own': () => ({ method: 'PROPFIND' }),
  'no body': () => ({ method: 'POST', body: null }),
  text: () => ({ method: 'POST', body: 'téxt' }),
  'text of a type': () => ({ method: 'POST', body: 'text', ...typed }),
  'a number': () => ({ method: 'POST', body: 7 }),
  'an object': () => ({ method: 'POST', body: {} }),
  bytes: () => ({ method: 'POST', body: new Uint8Array([97, 98]) }),
  'a part of a buffer': () => ({ method: 'POST', body: new DataView(new ArrayBuffer(8), 2, 3) }),
  'an ArrayBuffer': () => ({ method: 'POST', body: new ArrayBuffer(3) }),
  'a Blob': () => ({ method: 'POST', body: new Blob(['blob']) }),
  'a Blob of a type': () => ({ method: 'POST', body: new Blob(['blob'], { type: 'text/x' }) }),
  URLSearchParams: () => ({ method: 'POST', body: new URLSearchParams({ a: 'ü 1', b: '&' }) }),
  FormData: () => ({ method: 'POST', body: form() }),
  'FormData without an entry': () => ({ method: 'POST', body: new FormData() }),
  'a stream': () => ({ method: 'POST', duplex: 'half', body: stream('pie', 'ces') }),
  'an empty stream': () => ({ method: 'POST', duplex: 'half', body: stream() }),
  'an async iterable': () => ({ method: 'POST', duplex: 'half', body: stream('pieces').values() }),
  'options that are not looked at': () => ({
    credentials: 'include', cache: 'no-store', mode: 'cors', keepalive: true,
    referrer: 'about:client', referrerPolicy: 'no-referrer', priority: 'high', window: null
  })
})) {
  // What a stream has at once may be sent by its length, or as no body.
  const framed = ({ length, chunked, ...sent }) =>
    init()?.duplex ? sent : { ...sent, length, chunked }
  const sent = async (response) => framed(await json(response))
  test(`fetch sends what was given by ${name}`, async () => {
    assert.ok((await same((fetch) => sent(fetch(echo, init())))).method)
  })
  test(`fetch sends a Request with ${name}`, async () => {
    const made = () => new Request(echo, init() ?? {})
    assert.ok((await same((fetch) => sent(fetch(made())))).method)
    assert.ok((await same((fetch) => sent(fetch(made().clone(), { method: 'PATCH' })))).method)
  })
}

test('fetch of a Request: the init wins, the body is taken', async () => {
  const seen = async (fetch) => {
    const request = new Request(echo, { method: 'POST', body: 'first', headers: { 'X-A': '1' } })
    const echoed = await json(fetch(request, { method: 'PUT', body: 'second' }))
    const [text, used] = [await request.text(), request.bodyUsed]
    const taken = new Request(echo, { method: 'POST', body: 'first' })
    return [echoed, text, used, await json(fetch(taken)), taken.bodyUsed]
  }
  assert.equal((await same(seen))[0].body, 'second')
})

test('an init that has all from its class', async () => {
  class Init { get method () { return 'PUT' } get body () { return 'text' } }
  const sent = await same((fetch) => json(fetch(echo, new Init())))
  assert.deepEqual([sent.method, sent.body], ['PUT', 'text'])
  await same((fetch) => json(fetch(new Request(echo, { method: 'POST', body: 'a' }), new Init())))
})

test('a URL, and a Request of a foreign class', async () => {
  assert.equal((await json(fetch(new URL(echo)))).method, 'GET')
  const { headers, body, signal } = new Request(echo, { method: 'PUT', body: 'text' })
  const foreign = { [Symbol.toStringTag]: 'Request', url: echo, method: 'PUT', redirect: 'follow' }
  const sent = await json(fetch({ ...foreign, headers, body, signal }))
  assert.deepEqual([sent.method, sent.body, sent.type], ['PUT', 'text', 'text/plain;charset=UTF-8'])
})

test('a long body of a Request is streamed, one that is here at once is not', async () => {
  const long = 'x'.repeat(1_000_000)
  const post = (body) => json(fetch(new Request(echo, { method: 'POST', body, duplex: 'half' })))
  const { body, chunked } = await post(ReadableStream.from(Array(100).fill(Buffer.from(long))
    .map((piece) => piece.subarray(0, 10_000))))
  assert.deepEqual([body.length, chunked], [1_000_000, 'chunked'])
  assert.equal((await post(long)).body.length, 1_000_000)
  async function * slow () { yield Buffer.from('a'); await sleep(20); yield Buffer.from('b') }
  const slowly = await post(ReadableStream.from(slow()))
  assert.deepEqual([slowly.body, slowly.chunked], ['ab', 'chunked'])
})

// ---- what comes back ----

const seen = async (response) => ({
  facts: [response.status, response.statusText, response.ok, response.type, response.url,
    response.redirected, response.body === null],
  fields: [...response.headers].filter(([name]) => !['date', 'connection'].includes(name)),
  cookies: response.headers.getSetCookie(),
  text: await response.text(),
  used: response.bodyUsed
})

for (const status of [200, 201, 204, 205, 299, 300, 304, 404, 500, 599]) {
  test(`a response of ${status}, of GET and of HEAD`, async () => {
    await same(async (fetch) => seen(await fetch(`${url}/${status}#fragment`)))
    await same(async (fetch) => seen(await fetch(`${url}/${status}`, { method: 'HEAD' })))
  })
}

test('a response is one of the global class, and its clone says the same', async () => {
  const response = await fetch(`${url}/302/to/echo`)
  assert.ok(response instanceof Response)
  const clone = response.clone().clone()
  assert.equal(clone.redirected, true)
  assert.deepEqual(await seen(clone), await seen(response))
})

test('a status that the class cannot be made with', async () => {
  const session = new Session()
  session.mount('mock://', () => ({ status: 999, reason: 'Odd', body: 'text' }))
  const response = await session.fetch('mock://a/')
  assert.deepEqual([response.status, response.ok, response.statusText], [999, false, 'Odd'])
  assert.equal(response.clone().status, 999)
  assert.equal(await response.text(), 'text')
})

test('the body is read as it comes', async () => {
  const { body } = await fetch(server.url)
  const reader = body.getReader()
  assert.equal(Buffer.from((await reader.read()).value).toString().slice(0, 4), 'more')
  await reader.cancel()
  await server.empty()
})

test('a content coding is taken off, its field is kept', async () => {
  const { url } = await origin((request, response) =>
    answer(response, 200, { 'Content-Encoding': 'gzip' }, gzipSync('text')))
  assert.equal((await same(async (fetch) => seen(await fetch(url)))).text, 'text')
})

// ---- redirects ----

for (const status of [301, 302, 303, 307, 308]) {
  test(`a redirect of ${status}: followed, given as it is, refused`, async () => {
    for (const init of [{}, { method: 'POST', body: 'body' }]) {
      await same(async (fetch) => {
        const response = await fetch(`${url}/${status}/to/echo#there`, init)
        return [response.url, response.redirected, await response.json()]
      })
      await same(async (fetch) =>
        seen(await fetch(`${url}/${status}/to/echo`, { ...init, redirect: 'manual' })))
      const refused = fetch(`${url}/${status}/to/echo`, { ...init, redirect: 'error' })
      await assert.rejects(refused, ({ name, cause }) =>
        name === 'TypeError' && cause.code === 'too_many_redirects')
    }
  })
}

test('redirects without an end, and of a body that was streamed', async () => {
  const { thrown } = await same((fetch) => fetch(`${HTTP}/redirect/60`))
  assert.equal(thrown, 'TypeError')
  const init = () => ({ method: 'POST', duplex: 'half', body: stream('pieces') })
  assert.equal((await same((fetch) => fetch(`${url}/307/to/echo`, init()))).thrown, 'TypeError')
})

// ---- what fails ----

for (const [name, ...given] of [
  ['no URL', undefined], ['a relative URL', '/path'], ['a URL with credentials', 'http://a:b@c/'],
  ['a GET with a body', echo, { body: 'body' }], ['a stream without duplex', echo,
    { method: 'POST', body: new ReadableStream() }],
  ['CONNECT', echo, { method: 'CONNECT' }], ['no method', echo, { method: 'a b' }],
  ['a header that is none', echo, { headers: { 'a b': '1' } }],
  ['a value that is none', echo, { headers: { a: '1\n2' } }],
  ['a signal that is none', echo, { signal: {} }], ['a redirect that is none', echo,
    { redirect: 'maybe' }],
  ['an init that is none', echo, 'init'], ['a scheme of nobody', 'nobody://host/']
]) {
  test(`${name} is a TypeError`, async () => {
    assert.equal((await same((fetch) => fetch(...given))).thrown, 'TypeError')
  })
}

test('a Request whose body was read, and integrity', async () => {
  const request = new Request(echo, { method: 'POST', body: 'body' })
  await request.text()
  assert.equal((await same((fetch) => fetch(request))).thrown, 'TypeError')
  await assert.rejects(fetch(echo, { integrity: 'sha256-AAAA' }), { name: 'TypeError' })
})

test('failures of the network are a TypeError with the RequestError as cause', async () => {
  const refused = fetch(REFUSED)
  await assert.rejects(refused, ({ name, message, cause }) => {
    assert.deepEqual([name, message, cause.code], ['TypeError', 'fetch failed', 'connect'])
    return cause instanceof RequestError
  })
  const cut = await fetch(`${HTTP}/truncated`)
  await assert.rejects(cut.text(), ({ name, message, cause }) => {
    assert.deepEqual([name, message, cause.code], ['TypeError', 'terminated', 'incomplete'])
    return cause instanceof RequestError
  })
})

test('what the body or a hook throws comes back as it is', async () => {
  const reason = new Error('mine')
  const is = (error) => error === reason
  const body = new ReadableStream({ pull () { throw reason } })
  await assert.rejects(fetch(echo, { method: 'POST', duplex: 'half', body }), is)
  const hooked = new Session({ hooks: { request () { throw reason } } })
  await assert.rejects(hooked.fetch(echo), is)
})

test('a closed session', async () => {
  const closed = new Session()
  closed.close()
  await assert.rejects(closed.fetch(echo), ({ name, cause }) =>
    name === 'TypeError' && cause.code === 'misuse')
})

// ---- signals ----

for (const reason of [undefined, 'enough', new Error('enough')]) {
  test(`an abort with ${reason}: before, while it waits, in the body`, async () => {
    const is = (error) => reason === undefined ? error.name === 'AbortError' : error === reason
    await assert.rejects(fetch(echo, { signal: AbortSignal.abort(reason) }), is)
    const [waiting, reading] = [new AbortController(), new AbortController()]
    const sending = fetch(`${HTTP}/stall-head`, { signal: waiting.signal })
    await sleep(30)
    waiting.abort(reason)
    await assert.rejects(sending, is)
    const response = await fetch(new Request(server.url, { signal: reading.signal }))
    const text = response.text()
    reading.abort(reason)
    await assert.rejects(text, is)
    assert.equal(getEventListeners(waiting.signal, 'abort').length, 0)
    await server.empty()
  })
}

test('the signal of the init wins over that of the Request; null is none', async () => {
  const request = new Request(echo, { signal: AbortSignal.abort('request') })
  const none = { signal: null }
  assert.equal((await same(async (fetch) => json(fetch(request.clone(), none)))).method, 'GET')
  const init = { signal: AbortSignal.abort('init') }
  await assert.rejects(fetch(request, init), (reason) => reason === 'init')
})

test('the signal of a Request that nobody holds any more', async () => {
  const controller = new AbortController()
  const init = { signal: controller.signal }
  const waiting = fetch(new Request(`${HTTP}/stall-head`, init))
  const response = await fetch(new Request(server.url, init))
  const reader = response.body.getReader()
  await reader.read()
  for (let i = 0; i < 5; i++) {
    globalThis.gc()
    await sleep(5)
  }
  controller.abort('enough')
  await assert.rejects(waiting, (reason) => reason === 'enough')
  await assert.rejects((async () => {
    while (!(await reader.read()).done);
  })(), (reason) => reason === 'enough')
  await server.empty()
})

test('an abort cancels the stream that is sent', async () => {
  const controller = new AbortController()
  let cancelled
  const told = new Promise((resolve) => { cancelled = resolve })
  const body = new ReadableStream({ cancel: cancelled })
  const init = { method: 'POST', duplex: 'half', body, signal: controller.signal }
  const sending = fetch(`${HTTP}/upload`, init)
  await sleep(30)
  controller.abort('enough')
  await assert.rejects(sending, (reason) => reason === 'enough')
  await told
})

// ---- the session ----

test('session.fetch has what the session has, and needs no this', async () => {
  const session = new Session({ headers: { 'X-A': 'session' } })
  const { fetch: bound } = session
  assert.equal(bound, session.fetch)
  assert.equal((await json(bound(echo))).x, 'session')
  assert.equal((await json(bound(echo, { headers: { 'x-a': 'init' } }))).x, 'init')
  await (await bound(`${url}/200`)).text()
  assert.equal((await json(bound(echo))).cookie, 'a=1; b=2')
})

test('fetch keeps no cookies', async () => {
  await (await fetch(`${url}/200`)).text()
  assert.equal((await json(fetch(echo))).cookie, undefined)
})

test('responses of fetch that nobody reads are collected, with their connections', async () => {
  for (let i = 0; i < 5; i++) await session.fetch(server.url)
  assert.equal(server.open.size, 5)
  await eventually(() => {
    globalThis.gc()
    return server.open.size === 0
  }, 'connections closed')
})
