// Options that change what is sent: params, auth, cookies, proxies, environment; as they show in
// what is prepared. What they mean in every case is librq's, and tested with librq.

import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import test from 'node:test'
import { Prepared, Session } from 'librq'
import { answer, origin } from './origin.mjs'
import { testd } from './testd.mjs'

const { HTTP } = await testd()
const URL_ = 'http://example.test/path'

/** What a session with the first options prepares for a GET with the second. */
function prepared (ofSession, options, url = URL_) {
  return new Session({ trustEnv: false, ...ofSession }).prepare('GET', url, options)
}

const basic = (text, encoding) => `Basic ${Buffer.from(text, encoding).toString('base64')}`

// ---- params ----

for (const [form, params] of Object.entries({
  object: { a: '1', b: 2, c: true, 'd e': 'ü&' },
  Map: new Map([['a', '1'], ['b', 2], ['c', true], ['d e', 'ü&']]),
  pairs: [['a', '1'], ['b', '2'], ['c', 'true'], ['d e', 'ü&']],
  URLSearchParams: new URLSearchParams([['a', '1'], ['b', '2'], ['c', 'true'], ['d e', 'ü&']])
})) {
  test(`params from ${form}`, () => {
    const { url } = prepared({}, { params })
    assert.equal(url, `${URL_}?a=1&b=2&c=true&d+e=%C3%BC%26`)
  })
}

test('params: lists and repeated names repeat, null and an empty list leave out', () => {
  const ofSession = { params: { a: '1', b: '2', c: '3' } }
  const params = { b: null, c: [], d: ['x', null, 'y'] }
  assert.equal(prepared(ofSession, { params }).url, `${URL_}?a=1&d=x&d=y`)
  const pairs = [['a', 'x'], ['a', 'y']]
  assert.equal(prepared({}, { params: pairs }).url, `${URL_}?a=x&a=y`)
})

test('params as text are appended as they are, in place of the session\'s', () => {
  const { url } = prepared({ params: { a: '1' } }, { params: 'x&y=%2F' }, `${URL_}?q=1`)
  assert.equal(url, `${URL_}?q=1&x&y=%2F`)
})

test('pathAsIs keeps dot segments', () => {
  const url = 'http://example.test/a/../b'
  assert.equal(prepared({}, {}, url).url, 'http://example.test/b')
  assert.equal(prepared({}, { pathAsIs: true }, url).url, url)
  assert.equal(prepared({ pathAsIs: true }, {}, url).url, url)
})

// ---- auth ----

for (const [name, auth, expected] of [
  ['a pair', ['ann', 'sécret'], basic('ann:sécret', 'utf8')],
  ['basic', { basic: ['ann', 'sécret'] }, basic('ann:sécret', 'utf8')],
  ['basic in latin1', { basic: ['ann', 'sécret'], latin1: true }, basic('ann:sécret', 'latin1')],
  ['bearer', { bearer: 'token' }, 'Bearer token'],
  ['null', null, null],
  ['a function', (request) => request.setHeader('Authorization', 'mine'), 'mine']
]) {
  test(`auth by ${name}, of the session or of the request`, () => {
    assert.equal(prepared({ auth }, {}).header('Authorization'), expected)
    const ofSession = { auth: ['session', 'session'] }
    assert.equal(prepared(ofSession, { auth }).header('Authorization'), expected)
  })
}

test('auth null takes no credentials from the URL', () => {
  const url = 'http://ann:secret@example.test/'
  assert.equal(prepared({}, {}, url).header('Authorization'), basic('ann:secret'))
  assert.equal(prepared({}, { auth: null }, url).header('Authorization'), null)
})

test('digest answers a challenge', async () => {
  const session = new Session({ auth: { digest: ['ann', 'secret'] } })
  assert.equal(session.prepare('GET', URL_).header('Authorization'), null)
  assert.equal((await session.get(`${HTTP}/json`)).status, 200)
})

test('an auth function sees and changes the whole request, and its word is the last', async () => {
  const auth = (request) => {
    assert.ok(request instanceof Prepared)
    assert.equal(request.header('X-A'), '1')
    assert.equal(Buffer.from(request.body).toString(), 'body')
    request.method = 'PUT'
    request.url = `${HTTP}/echo?signed`
    request.body = 'longer body'
    request.addHeader('X-A', '2')
  }
  const session = new Session({ auth, headers: { 'X-A': '1' } })
  const sent = [await session.post(`${HTTP}/wrong`, { body: 'body' }),
    await session.send(session.prepare('POST', `${HTTP}/wrong`, { body: 'body' }))]
  for (const response of sent) {
    const echo = await response.text()
    assert.match(echo, /^PUT \/echo\?signed HTTP\/1\.1\r\n/)
    assert.match(echo, /\r\nX-A: 1\r\n(.*\r\n)*X-A: 2\r\n/)
    assert.match(echo, /\r\nContent-Length: 11\r\n(.*\r\n)*\r\nlonger body$/)
  }
})

test('what an auth function throws comes back as it is', async () => {
  for (const reason of [new Error('no key'), 'text', { name: 'object' }]) {
    const auth = () => { throw reason }
    const isReason = (error) => error === reason
    await assert.rejects(new Session({ auth }).get(URL_), isReason)
    assert.throws(() => prepared({}, { auth }), isReason)
  }
})

test('an auth function of a request may take its time', async () => {
  const auth = async (request) => {
    request.setHeader('X-Token', await (await session.get(`${HTTP}/json`, { auth: null })).text())
    request.body = 'signed'
  }
  const session = new Session({ auth })
  const echo = await (await session.post(`${HTTP}/echo`, { body: 'body' })).text()
  assert.match(echo, /\r\nX-Token: .*"hello": *"librq"/)
  assert.match(echo, /\r\nContent-Length: 6\r\n(.*\r\n)*\r\nsigned$/)
})

test('what an asynchronous auth function rejects with comes back as it is', async () => {
  const reason = new Error('no key')
  const auth = async () => { throw reason }
  await assert.rejects(new Session().get(URL_, { auth }), (error) => error === reason)
})

test('a signal ends the wait for an auth function, and nothing is sent', async () => {
  const { asked, url } = await origin((request, response) => answer(response, 200))
  const controller = new AbortController()
  let called
  const inAuth = new Promise((resolve) => { called = resolve })
  const auth = () => new Promise(called)
  const sending = new Session().get(url, { auth, signal: controller.signal })
  await inAuth
  controller.abort('enough')
  await assert.rejects(sending, (reason) => reason === 'enough')
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  const own = new AbortController()
  const failing = async () => {
    own.abort('at once')
    await null
    throw new Error('nobody sees this')
  }
  const ended = new Session().get(url, { auth: failing, signal: own.signal })
  await assert.rejects(ended, (reason) => reason === 'at once')
  assert.equal(asked.length, 0)
})

test('an auth function of prepare() must not be asynchronous', () => {
  const expected = { name: 'TypeError', message: /before it returns/ }
  const auth = async () => { throw new Error('nobody sees this') }
  assert.throws(() => prepared({ auth }, {}), expected)
  assert.throws(() => Prepared.of('GET', HTTP, { auth }), expected)
})

test('an auth function that takes its time is lent the request until it is done', async () => {
  let kept, own
  const auth = async (request) => {
    kept = request
    await null
    own = await session.send(request).catch((error) => error)
  }
  const session = new Session({ auth })
  assert.equal((await session.get(`${HTTP}/json`)).status, 200)
  assert.equal(own.code, 'misuse')
  const expected = { code: 'misuse', message: /lent/ }
  assert.throws(() => kept.url, expected)
  assert.throws(() => kept.setHeader('A', '1'), expected)
  await assert.rejects(session.send(kept), expected)
})

test('what was lent to an auth function is nothing afterwards', async () => {
  let kept
  const session = new Session({ auth: (request) => { kept = request } })
  const own = session.prepare('GET', URL_)
  const expected = { code: 'misuse', message: /lent/ }
  assert.throws(() => kept.url, expected)
  assert.throws(() => kept.setHeader('A', '1'), expected)
  await assert.rejects(session.send(kept), expected)
  assert.equal(own.url, URL_)
})

test('an auth function may use the session, but not send what it was lent', async () => {
  let inner
  const session = new Session({
    auth (request) {
      const auth = (other) => { other.setHeader('X', 'in') }
      inner = session.prepare('GET', `${URL_}/inner`, { auth })
      request.setHeader('X', 'out')
      session.send(request).catch((error) => { request.error = error })
      inner.lent = request
    }
  })
  const outer = session.prepare('GET', URL_)
  assert.deepEqual([outer.header('X'), inner.header('X')], ['out', 'in'])
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(inner.lent.error.code, 'misuse')
})

// ---- cookies ----

test('cookies of a request go beside the session\'s and are not kept', () => {
  const session = new Session()
  session.cookies.set('a', '1')
  session.cookies.set('b', '2')
  const cookies = { b: null, c: 3 }
  assert.equal(session.prepare('GET', URL_, { cookies }).header('Cookie'), 'a=1; c=3')
  assert.equal(session.prepare('GET', URL_, { cookies: [['a', 'x']] }).header('Cookie'), 'a=x; b=2')
  assert.equal(session.prepare('GET', URL_).header('Cookie'), 'a=1; b=2')
})

// ---- proxies and the environment ----

test('proxies by request, session and environment', () => {
  const env = { http_proxy: 'http://env:1', NO_PROXY: 'direct.test' }
  const proxies = { http: 'http://session:2' }
  const proxy = (ofSession, options, url = URL_) => {
    const session = new Session({ env: { http_proxy: null, NO_PROXY: null }, ...ofSession })
    return session.prepare('GET', url, options).proxy(session)
  }
  const host = (url) => url === null ? null : new URL(url).host
  assert.equal(proxy({}, {}), null)
  assert.equal(host(proxy({ env }, {})), 'env:1')
  assert.equal(proxy({ env }, {}, 'http://direct.test/'), null)
  assert.equal(proxy({ env, trustEnv: false }, {}), null)
  assert.equal(host(proxy({ env, proxies }, {})), 'session:2')
  const own = { 'http://example.test': 'http://own:3' }
  assert.equal(host(proxy({ env, proxies }, { proxies: own })), 'own:3')
  assert.equal(proxy({ env, proxies }, { proxies: { http: null } }), null)
  assert.equal(proxy({ env, proxies: { no_proxy: 'example.test' } }, {}), null)
  assert.equal(host(proxy({ env }, { proxies: { no_proxy: '' } }, 'http://direct.test/')), 'env:1')
})

test('proxy() takes a session only', () => {
  for (const fake of [undefined, null, {}, prepared({}, {})]) {
    assert.throws(() => prepared({}, {}).proxy(fake), TypeError)
  }
})

// ---- prepared ----

test('a header is added beside others of its name', () => {
  const request = prepared({}, { headers: { A: '1' } })
  request.addHeader('a', 2)
  const own = request.headers.filter(([name]) => name.toLowerCase() === 'a')
  assert.deepEqual(own, [['A', '1'], ['a', '2']])
  assert.throws(() => request.addHeader('a', '1\r\n'), { code: 'invalid_header' })
})

test('a curl command shows credentials only if asked for', () => {
  const request = prepared({ auth: { bearer: 'token-of-ann' } }, { headers: { 'X-A': 'it\'s' } })
  assert.match(request.curl(), /^curl .*http:\/\/example\.test\/path/)
  assert.doesNotMatch(request.curl(), /token-of-ann/)
  assert.match(request.curl({ secrets: true }), /token-of-ann/)
})

test('a sending may have options of its own', async () => {
  const session = new Session()
  const prepared = session.prepare('GET', `${HTTP}/delay/300`)
  await assert.rejects(session.send(prepared, { deadline: 0.05 }), { code: 'total_timeout' })
  assert.equal((await session.send(prepared)).status, 200)
  await assert.rejects(session.send(prepared, { ca: 'none' }), { code: 'file' })
  await assert.rejects(session.send(prepared, { headers: {} }), /there is no option headers/)
})

test('a request is prepared without a session', async () => {
  const bare = Prepared.of('POST', `${HTTP}/echo`, { body: 'x', params: { a: 1 } })
  assert.deepEqual(bare.headers, [['Content-Length', '1']])
  const echo = await (await new Session().send(bare)).text()
  assert.match(echo, /^POST \/echo\?a=1 /)
  assert.doesNotMatch(echo, /User-Agent/)
  assert.equal(Prepared.of('GET', HTTP, { auth: (p) => p.setHeader('X', '1') }).header('X'), '1')
})
