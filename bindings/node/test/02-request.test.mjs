// Requests: header fields and bodies in every form, and prepared requests, compared with what the
// server received byte for byte.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Session } from 'librq'
import { testd } from './testd.mjs'

const { HTTP } = await testd()
const HOST = HTTP.slice('http://'.length)
const session = new Session()

async function echoed (options, method = 'POST') {
  return (await session.request(method, `${HTTP}/echo`, options)).text()
}

const forms = {
  object: { 'X-A': '1', 'X-B': 2 },
  Map: new Map([['X-A', '1'], ['X-B', '2']]),
  pairs: [['X-A', '1'], ['X-B', '2']],
  'Web Headers': new Headers({ 'X-A': '1', 'X-B': '2' })
}
for (const [form, headers] of Object.entries(forms)) {
  test(`headers from ${form}`, async () => {
    assert.match(await echoed({ headers }), /\r\nX-A: 1\r\nX-B: 2\r\n/i)
  })
}

test('a name repeated in a list is sent repeatedly, in order', async () => {
  const headers = [['X-A', '1'], ['X-B', 'between'], ['x-a', '2']]
  const lines = (await echoed({ headers })).split('\r\n').filter((line) => /^x-a/i.test(line))
  assert.deepEqual(lines.map((line) => line.split(': ')[1]), ['1', '2'])
})

test('null leaves a field out that librq would send', async () => {
  assert.match(await echoed(), /\r\nUser-Agent: /)
  assert.doesNotMatch(await echoed({ headers: { 'User-Agent': null } }), /User-Agent/)
})

const bodies = {
  string: 'grüße',
  Uint8Array: new TextEncoder().encode('grüße'),
  'part of an ArrayBuffer': Buffer.from('--grüße--').subarray(2, -2),
  ArrayBuffer: new TextEncoder().encode('grüße').buffer,
  DataView: new DataView(new TextEncoder().encode('grüße').buffer)
}
for (const [form, body] of Object.entries(bodies)) {
  test(`a body from ${form}`, async () => {
    const echo = await echoed({ body })
    assert.match(echo, /\r\nContent-Length: 7\r\n/)
    assert.equal(Buffer.from(echo.split('\r\n\r\n')[1], 'latin1').toString(), 'grüße')
  })
}

test('json writes the body and names its type', async () => {
  const echo = await echoed({ json: { a: [1, null] } })
  assert.match(echo, /\r\nContent-Type: application\/json\r\n/)
  assert.equal(echo.split('\r\n\r\n')[1], '{"a":[1,null]}')
})

test('json keeps a Content-Type of the request or the session', async () => {
  const type = 'application/vnd.api+json'
  const headers = { 'content-type': type }
  const own = await (await new Session({ headers }).post(`${HTTP}/echo`, { json: 1 })).text()
  for (const echo of [await echoed({ json: 1, headers }), own]) {
    const found = [...echo.matchAll(/^content-type: (.*)\r$/gim)].map(([, value]) => value)
    assert.deepEqual(found, [type])
  }
})

test('a large body arrives whole', async () => {
  const body = new Uint8Array(8 << 20).fill(120)
  const answer = await (await session.put(`${HTTP}/upload`, { body })).json()
  assert.equal(answer.bytes, body.length)
})

test('a prepared request is sent exactly as edited', async () => {
  const options = { body: 'long before', headers: { A: '1' } }
  const prepared = session.prepare('POST', `${HTTP}/wrong`, options)
  assert.equal(prepared.method, 'POST')
  assert.equal(prepared.url, `${HTTP}/wrong`)
  assert.equal(prepared.header('a'), '1')
  assert.equal(Buffer.from(prepared.body).toString(), 'long before')
  prepared.method = 'PUT'
  prepared.url = new URL(`${HTTP}/echo?q=1`)
  prepared.setHeader('A', 'edited')
  prepared.setHeader('Accept', null)
  prepared.setHeader('Z', 26)
  prepared.body = 'after'
  assert.equal(prepared.header('Accept'), null)
  assert.equal(prepared.header('Content-Length'), '5')
  const fields = prepared.headers
  const expected = ['PUT /echo?q=1 HTTP/1.1', `Host: ${HOST}`,
    ...fields.map(([name, value]) => `${name}: ${value}`), '', 'after'].join('\r\n')
  assert.ok(fields.some(([name, value]) => name === 'A' && value === 'edited'))
  assert.ok(fields.some(([name, value]) => name === 'Z' && value === '26'))
  const sent = [await session.send(prepared), await session.send(prepared)]
  for (const response of sent) assert.equal(await response.text(), expected)
})

test('a prepared request loses its body with null', async () => {
  const prepared = session.prepare('POST', `${HTTP}/echo`, { body: 'gone' })
  prepared.body = null
  assert.equal(prepared.body, null)
  assert.match(await (await session.send(prepared)).text(), /\r\n\r\n$/)
})

test('a prepared request can be sent many times at once, but not edited meanwhile', async () => {
  const prepared = session.prepare('GET', `${HTTP}/delay/50`)
  const sent = Promise.all([session.send(prepared), session.send(prepared)])
  assert.throws(() => prepared.setHeader('A', '1'), { code: 'misuse' })
  assert.equal(prepared.url, `${HTTP}/delay/50`)
  for (const response of await sent) assert.equal(await response.text(), 'slept')
  prepared.setHeader('A', '1')
  assert.equal(prepared.header('A'), '1')
})
