// Sessions: kept connections, defaults, verbs, the ways to import, what closing does.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import test from 'node:test'
import * as librq from 'librq'
import { Session } from 'librq'
import { testd } from './testd.mjs'

const { HTTP, HTTPS, CA_FILE } = await testd()

for (const [name, base] of [['http', HTTP], ['https', HTTPS]]) {
  test(`three GETs over ${name} share one connection`, async () => {
    const session = new Session({ verify: CA_FILE })
    const answers = []
    for (let i = 0; i < 3; i++) {
      const response = await session.get(`${base}/json`)
      assert.equal(response.reused, i > 0)
      answers.push(await response.json())
    }
    assert.deepEqual(answers.map((answer) => answer.request), [1, 2, 3])
    assert.equal(new Set(answers.map((answer) => answer.connection)).size, 1)
    session.close()
  })
}

test('every verb sends its method', async () => {
  const session = new Session()
  for (const verb of ['get', 'options', 'post', 'put', 'patch', 'delete']) {
    const echo = await (await session[verb](`${HTTP}/echo`)).text()
    assert.equal(echo.split(' ')[0], verb.toUpperCase())
  }
  const head = await session.head(`${HTTP}/json`)
  assert.equal(head.status, 200)
  assert.equal((await head.bytes()).length, 0)
  const made = await session.request('MKCOL', new URL(`${HTTP}/echo`))
  assert.match(await made.text(), /^MKCOL \/echo HTTP\/1\.1\r\n/)
})

test('functions of the module share a session', async () => {
  const first = await (await librq.get(`${HTTP}/json`)).json()
  const second = await (await librq.request('GET', `${HTTP}/json`)).json()
  assert.deepEqual(second, { ...first, request: first.request + 1 })
  assert.match(await (await librq.delete(`${HTTP}/echo`)).text(), /^DELETE /)
})

test('require gives what import gives', () => {
  const required = createRequire(import.meta.url)('librq')
  for (const name of Object.keys(required)) assert.equal(required[name], librq[name], name)
  assert.ok('delete' in librq && 'RequestError' in librq)
})

test('the session has defaults, the request has the last word', async () => {
  const session = new Session({ headers: { 'X-One': 'session', 'X-Two': 'session', 'X-Three': 3 } })
  const options = { headers: { 'x-two': 'request', 'X-Three': null } }
  const echo = await (await session.get(`${HTTP}/echo`, options)).text()
  assert.match(echo, /\r\nX-One: session\r\n/)
  assert.match(echo, /\r\nx-two: request\r\n/i)
  assert.doesNotMatch(echo, /X-Two: session|X-Three/)
  assert.match(await (await session.get(`${HTTP}/echo`)).text(), /\r\nX-Three: 3\r\n/)
})

test('resolve connects elsewhere, without a look-up', async () => {
  const session = new Session({ resolve: { 'missing.invalid:80': HTTP.slice('http://'.length) } })
  const response = await session.get('http://missing.invalid/json')
  assert.equal((await response.json()).hello, 'librq')
})

test('closeIdle ends kept connections', async () => {
  const session = new Session()
  const connection = async () => (await (await session.get(`${HTTP}/json`)).json()).connection
  const first = await connection()
  assert.equal(await connection(), first)
  session.closeIdle()
  assert.notEqual(await connection(), first)
})

test('a pool that keeps nothing opens a connection for each request', async () => {
  const session = new Session({ pool: { idle: 0, idlePerHost: 0 } })
  for (let i = 0; i < 2; i++) assert.equal((await session.get(`${HTTP}/json`)).reused, false)
})

test('close lets open responses and requests in flight end well', async () => {
  const session = new Session()
  const open = await session.get(`${HTTP}/bytes/1000000`)
  const flying = session.get(`${HTTP}/delay/50`)
  session.close()
  assert.equal(await (await flying).text(), 'slept')
  assert.equal((await open.bytes()).length, 1_000_000)
  session.close()
})

test('disposing closes a session', async () => {
  const session = new Session()
  session[Symbol.dispose ?? Symbol.for('Symbol.dispose')]()
  await assert.rejects(session.get(HTTP), { code: 'misuse', message: 'the session is closed' })
})
