// Wrong arguments: TypeErrors for what is no value of the right kind, RequestErrors for what
// librq refuses; from promises where there is one. And foreign objects in the place of handles.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import test from 'node:test'
import { Prepared, Session } from 'librq'
import { testd } from './testd.mjs'

const { HTTP, CA_FILE } = await testd()
const session = new Session()
const url = `${HTTP}/json`

for (const [name, given, message] of [
  ['no method', [undefined, url], /method must be a string/],
  ['no URL', ['GET'], /url must be a string or a URL/],
  ['options that are no object', ['GET', url, 'X-A: 1'], /options must be an object/],
  ['an unknown option', ['GET', url, { header: {} }], /there is no option header/],
  ['an option of sessions', ['GET', url, { pool: {} }], /there is no option pool/],
  ['headers that are text', ['GET', url, { headers: 'A: 1' }], /headers must be/],
  ['a header that is no pair', ['GET', url, { headers: [['A']] }], /must be a pair/],
  ['a header value undefined', ['GET', url, { headers: { A: undefined } }], /header A must be/],
  ['a header with a NUL', ['GET', url, { headers: { A: 'a\0b' } }], /NUL/],
  ['a negative timeout', ['GET', url, { timeout: -1 }], /timeout must be a number of seconds/],
  ['half a timeout', ['GET', url, { timeout: [1] }], /timeout must be a number of seconds/],
  ['a deadline NaN', ['GET', url, { deadline: NaN }], /deadline must be/],
  ['verify 1', ['GET', url, { verify: 1 }], /verify must be/],
  ['two CAs', ['GET', url, { verify: CA_FILE, ca: '' }], /not both/],
  ['a certificate that is a number', ['GET', url, { cert: 1 }], /cert must be a path/],
  ['half a certificate', ['GET', url, { cert: ['a'] }], /cert must be a list of certificate and/],
  ['a certificate without one', ['GET', url, { cert: { key: 'a' } }], /cert: the certificate must/],
  ['a key that is a number', ['GET', url, { cert: ['a', 1] }], /cert: the key must be a path/],
  ['a path and bytes', ['GET', url, { cert: ['a', Buffer.of()] }], /cert must be two paths/],
  ['a password that is a number', ['GET', url, { cert: { cert: 'a', password: 1 } }],
    /cert: the password must be a string/],
  ['an unknown part of a certificate', ['GET', url, { cert: { chain: 'a' } }], /no option chain/],
  ['a proxy\'s certificate', ['GET', url, { proxyCert: true }], /proxyCert must be a path/],
  ['a name that is null', ['GET', url, { serverName: null }], /serverName must be a string/],
  ['an old version', ['GET', url, { tlsMin: '1.1' }], /tlsMin must be '1.2' or '1.3'/],
  ['a version that is a number', ['GET', url, { tlsMin: 1.2 }], /tlsMin must be/],
  ['pins that are a number', ['GET', url, { pins: 1 }], /pins must be a list/],
  ['a pin that is a number', ['GET', url, { pins: [1] }], /a pin in pins must be a string/],
  ['proxyVerify 1', ['GET', url, { proxyVerify: 1 }], /proxyVerify must be/],
  ['proxyVerify without a CA', ['GET', url, { proxyVerify: {} }], /proxyVerify must be/],
  ['a proxy\'s CA that is a number', ['GET', url, { proxyVerify: { ca: 1 } }],
    /proxyVerify: ca must be/],
  ['a source that is a number', ['GET', url, { sourceAddress: 1 }], /sourceAddress must be/],
  ['a socket that is a number', ['GET', url, { unixSocket: 1 }], /unixSocket must be a string or/],
  ['a socket with a NUL', ['GET', url, { unixSocket: 'a\0b' }], /NUL/],
  ['params that are a number', ['GET', url, { params: 1 }], /params must be/],
  ['a parameter that is an object', ['GET', url, { params: { a: {} } }], /params: a must be/],
  ['pathAsIs 1', ['GET', url, { pathAsIs: 1 }], /pathAsIs must be true or false/],
  ['auth that is text', ['GET', url, { auth: 'ann:secret' }], /auth must be/],
  ['auth of a user alone', ['GET', url, { auth: ['ann'] }], /user and password/],
  ['auth with a number', ['GET', url, { auth: ['ann', 1] }], /the password must be a string/],
  ['an unknown scheme', ['GET', url, { auth: { ntlm: [] } }], /no scheme ntlm/],
  ['a cookie that is an object', ['GET', url, { cookies: { a: {} } }], /cookie a must be/],
  ['a proxy that is a number', ['GET', url, { proxies: { http: 1 } }], /proxies: http must be/],
  ['an environment', ['GET', url, { env: {} }], /there is no option env/],
  ['jsonText that is an object', ['POST', url, { jsonText: {} }], /jsonText must be a string/],
  ['a form that is text', ['POST', url, { form: 'a=1' }], /form must be/],
  ['files that are text', ['POST', url, { files: 'a' }], /files must be/],
  ['a list of texts as files', ['POST', url, { files: ['a'] }], /each of files must be/],
  ['a part of five', ['POST', url, { files: { a: [1, 2, 3, 4, 5] } }], /files: a must be/],
  ['a part without a name', ['POST', url, { files: [{ content: '' }] }], /a name in files/],
  ['a part without content', ['POST', url, { files: [{ name: 'a' }] }], /files: a must be/],
  ['a part from a descriptor', ['POST', url, { files: { a: { fd: 0 } } }], /files: a must be/],
  ['a type that is a number', ['POST', url, { files: { a: ['', '', 1] } }], /type must be/],
  ['a length of bytes', ['POST', url, { body: 'a', bodyLength: 1 }], /length of body is known/],
  ['a length of nothing', ['POST', url, { bodyLength: 1 }], /bodyLength needs a body/],
  ['half a byte', ['POST', url, { body: [], bodyLength: 0.5 }], /bodyLength must be a whole/],
  ['progress to nobody', ['POST', url, { onProgress: true }], /onProgress must be a function/],
  ['a body that is an object', ['POST', url, { body: {} }], /body must be/],
  ['a body that is a number', ['POST', url, { body: 1 }], /body must be/],
  ['json that is none', ['POST', url, { json: () => {} }], /cannot be written as JSON/],
  ['a signal that is none', ['GET', url, { signal: {} }], /signal must be an AbortSignal/]
]) {
  test(`${name}: TypeError`, async () => {
    await assert.rejects(session.request(...given), { name: 'TypeError', message })
    if (name !== 'a signal that is none') {
      assert.throws(() => session.prepare(...given), { name: 'TypeError', message })
    }
  })
}

for (const [name, code, given] of [
  ['a URL that is none', 'missing_schema', ['GET', 'nothing']],
  ['an empty URL', 'missing_schema', ['GET', '']],
  ['a URL without a host', 'invalid_url', ['GET', 'http://']],
  ['a port 70000', 'invalid_url', ['GET', 'http://127.0.0.1:70000/']],
  ['a header with CR LF', 'invalid_header', ['GET', url, { headers: { A: '1\r\nB: 2' } }]],
  ['a header name with a space', 'invalid_header', ['GET', url, { headers: { 'A B': '1' } }]],
  ['an empty header name', 'invalid_header', ['GET', url, { headers: { '': '1' } }]],
  ['a method with a space', 'invalid_method', ['GET /', url]],
  ['a proxy that is none', 'invalid_proxy', ['GET', url, { proxies: { http: 'http://' } }]],
  ['a cookie with a line end', 'invalid_cookie', ['GET', url, { cookies: { a: '1\r\n' } }]],
  ['JSON that is none', 'invalid_json', ['POST', url, { jsonText: 'NaN' }]],
  ['body and files', 'invalid_argument', ['POST', url, { body: 'a', files: { a: 'b' } }]],
  ['a CA that is none', 'file', ['GET', url, { ca: 'no PEM' }]]
]) {
  test(`${name}: ${code}`, async () => {
    await assert.rejects(session.request(...given), { name: 'RequestError', code })
    assert.throws(() => session.prepare(...given), { name: 'RequestError', code })
  })
}

test('another scheme can be prepared, but not sent', async () => {
  const prepared = session.prepare('GET', 'ftp://127.0.0.1/')
  assert.equal(prepared.url, 'ftp://127.0.0.1/')
  await assert.rejects(session.send(prepared), { name: 'RequestError', code: 'invalid_schema' })
})

for (const [name, options, message] of [
  ['an unknown option', { timeouts: 1 }, /there is no option timeouts/],
  ['an option of requests', { json: 1 }, /there is no option json/],
  ['a cookie', { cookies: { a: '1' } }, /there is no option cookies/],
  ['trustEnv 1', { trustEnv: 1 }, /trustEnv must be true or false/],
  ['a variable that is a number', { env: { A: 1 } }, /env: A must be a string or null/],
  ['resolve without a port', { resolve: { 'example.org': '127.0.0.1' } }, /must be host:port/],
  ['resolve with an empty port', { resolve: { 'example.org:': '127.0.0.1' } }, /whole number/],
  ['resolve to a number', { resolve: { 'example.org:80': 1 } }, /address must be a string/],
  ['half a pool', { pool: { idle: 1 } }, /pool.idlePerHost must be a whole number/]
]) {
  test(`a session with ${name}: TypeError`, () => {
    assert.throws(() => new Session(options), { name: 'TypeError', message })
  })
}

test('a session with addresses that librq refuses', () => {
  const expected = { name: 'RequestError', code: 'invalid_argument' }
  for (const [host, address] of [['a.test:70000', '127.0.0.1'], ['a.test:80', 'example.com']]) {
    assert.throws(() => new Session({ resolve: { [host]: address } }), expected)
  }
})

test('a prepared request refuses what a request does, and stays as it was', () => {
  const prepared = session.prepare('GET', url)
  assert.throws(() => { prepared.url = 'nothing' }, { code: 'missing_schema' })
  assert.throws(() => { prepared.url = 1 }, TypeError)
  assert.throws(() => { prepared.method = 'GET /' }, { code: 'invalid_method' })
  assert.throws(() => prepared.setHeader('A', '1\r\n'), { code: 'invalid_header' })
  assert.throws(() => prepared.setHeader('A'), TypeError)
  assert.throws(() => { prepared.body = 1 }, TypeError)
  assert.deepEqual([prepared.method, prepared.url, prepared.header('A')], ['GET', url, null])
})

test('a session that is closed', async () => {
  const closed = new Session()
  const prepared = closed.prepare('GET', url)
  closed.close()
  const expected = { name: 'RequestError', code: 'misuse', message: 'the session is closed' }
  await assert.rejects(closed.get(url), expected)
  await assert.rejects(closed.send(prepared), expected)
  assert.throws(() => closed.prepare('GET', url), expected)
  assert.throws(() => closed.closeIdle(), expected)
  assert.equal((await session.send(prepared)).status, 200)
})

test('a response that is closed', async () => {
  const response = await session.get(`${HTTP}/bytes/1000000`)
  response.close()
  response.close()
  const expected = { code: 'misuse', message: 'the response is closed' }
  await assert.rejects(response.bytes(), expected)
})

test('send takes prepared requests only', async () => {
  const fakes = [undefined, null, 'GET', {}, Object.create(Prepared.prototype)]
  for (const fake of fakes) await assert.rejects(session.send(fake), TypeError)
})

test('the addon takes no foreign object for a handle', () => {
  const native = createRequire(import.meta.url)('../build/rq_node.node')
  const [response, own] = [native.responseNew(), native.sessionNew([])]
  for (const fake of [undefined, null, 1, 'text', {}, [], Symbol('s'), () => {}]) {
    assert.throws(() => native.sessionClose(fake), TypeError)
    assert.throws(() => native.preparedUrl(fake), TypeError)
    assert.throws(() => native.responseRead(fake), TypeError)
    assert.throws(() => native.responseSend(response, own, fake), TypeError)
    assert.throws(() => native.cookiesList(fake), TypeError)
    assert.throws(() => native.uploadAnswer(fake, null), TypeError)
  }
  for (const fake of [undefined, {}, response]) {
    assert.throws(() => native.sessionMount(fake, 'mock://', 1), TypeError)
    assert.throws(() => native.sessionUnmount(fake, 'mock://'), TypeError)
  }
  assert.throws(() => native.sessionMount(own, 'mock://', 'text'), TypeError)
  assert.throws(() => native.responseCertificates(own), TypeError)
  assert.throws(() => native.responseCertificates(response),
    (error) => error.name === 'RQ_ERR_MISUSE')
  assert.equal(native.adapterAnswer(response, [200, null, [], null]), undefined)
  for (const wrong of [response, own]) assert.throws(() => native.preparedUrl(wrong), TypeError)
  assert.throws(() => native.responseRead(own), TypeError)
  assert.throws(() => native.sessionClose(response), TypeError)
  assert.equal(native.uploadAnswer(response, Buffer.from('to nobody')), undefined)
  assert.throws(() => native.preparedNew(own, 'GET', url, [['no_such_setter']]), TypeError)
  assert.throws(() => native.responseRead(response), (error) => error.name === 'RQ_ERR_MISUSE')
})
