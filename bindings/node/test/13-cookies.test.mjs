// The cookies of a session: set, received, listed, cleared, on disk, and in time.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { Cookies, Session } from 'librq'
import { testd } from './testd.mjs'

const { HTTP } = await testd()
const folder = mkdtempSync(join(tmpdir(), 'rq-cookies-'))
after(() => rmSync(folder, { recursive: true }))

const sent = (session, url) => session.prepare('GET', url).header('Cookie')
const names = (session) => Array.from(session.cookies, ({ name }) => name)

test('cookies that a server sets are kept and sent back', async () => {
  const session = new Session()
  await session.get(`${HTTP}/headers`)
  assert.deepEqual(names(session), ['a', 'b'])
  assert.match(await (await session.get(`${HTTP}/echo`)).text(), /\r\nCookie: a=1; b=2\r\n/)
  assert.ok(session.cookies instanceof Cookies)
  assert.equal(session.cookies, session.cookies)
})

test('jar: false neither sends nor keeps', async () => {
  const session = new Session({ jar: false })
  session.cookies.set('all', 1)
  await session.get(`${HTTP}/headers`)
  assert.deepEqual(names(session), ['all'])
  assert.equal(sent(session, HTTP), null)
  assert.equal(session.prepare('GET', HTTP, { jar: true }).header('Cookie'), 'all=1')
})

test('a cookie of your own, with and without a place', () => {
  const session = new Session()
  session.cookies.set('all', 1)
  session.cookies.set('own', 'two', { domain: 'example.test', path: '/in', secure: true })
  assert.equal(sent(session, 'https://example.test/in/side'), 'own=two; all=1')
  assert.equal(sent(session, 'http://example.test/in/side'), 'all=1')
  assert.equal(sent(session, 'https://other.test/in/side'), 'all=1')
  const own = Array.from(session.cookies).find(({ name }) => name === 'own')
  const { domain, ...rest } = own
  assert.match(domain, /^\.?example\.test$/)
  assert.deepEqual(rest, { name: 'own', value: 'two', path: '/in', secure: true, expires: null })
})

test('cookies go by name, by place, or all', () => {
  const session = new Session()
  const { cookies } = session
  const fill = () => {
    for (const domain of ['a.test', 'b.test']) {
      for (const name of ['x', 'y']) cookies.set(name, '1', { domain })
    }
  }
  fill()
  cookies.delete('x')
  assert.deepEqual(names(session), ['y', 'y'])
  cookies.set('y', null, { domain: 'a.test' })
  assert.deepEqual(names(session), ['y'])
  fill()
  cookies.delete('x', { domain: 'a.test' })
  assert.deepEqual(names(session).sort(), ['x', 'y', 'y'])
  cookies.clear({ domain: 'b.test' })
  assert.deepEqual(names(session), ['y'])
  cookies.clear()
  assert.deepEqual(names(session), [])
})

test('a Set-Cookie line is received as if from the server; the clock ends it', () => {
  const session = new Session()
  session.cookies.clock = new Date('2020-01-01T00:00:00Z')
  session.cookies.receive(new URL('http://example.test/a/b'), 'k=v; Max-Age=60')
  const [{ expires, path }] = session.cookies
  assert.deepEqual([expires, path], [new Date('2020-01-01T00:01:00Z'), '/a'])
  assert.equal(sent(session, 'http://example.test/a/'), 'k=v')
  session.cookies.clock = new Date('2020-01-01T00:02:00Z')
  assert.equal(sent(session, 'http://example.test/a/'), null)
  session.cookies.receive('http://example.test/', 'k=v; Expires=Wed, 01 Jan 2020 00:03:00 GMT')
  assert.equal(sent(session, 'http://example.test/'), 'k=v')
  session.cookies.clock = null
  assert.equal(sent(session, 'http://example.test/'), null)
})

test('cookies are saved to a file and loaded beside others', async () => {
  const path = join(folder, 'cookies.txt')
  const first = new Session()
  const until = Math.floor(Date.now() / 1000) + 3600
  first.cookies.receive('https://example.test/',
    `kept=1; Secure; Expires=${new Date(until * 1000).toUTCString()}`)
  await first.cookies.save(path)
  assert.match(readFileSync(path, 'utf8'), /\tkept\t1/)
  const second = new Session()
  second.cookies.set('own', '1')
  assert.equal(await second.cookies.load(path), undefined)
  assert.deepEqual(names(second).sort(), ['kept', 'own'])
  const kept = Array.from(second.cookies).find(({ name }) => name === 'kept')
  assert.deepEqual([kept.secure, kept.expires], [true, new Date(until * 1000)])
})

test('a file that is missing', async () => {
  const { cookies } = new Session()
  const expected = { name: 'RequestError', code: 'file' }
  await assert.rejects(cookies.load(join(folder, 'missing')), expected)
  await assert.rejects(cookies.save(join(folder, 'no', 'such')), expected)
})

test('what no cookie can be', () => {
  const { cookies } = new Session()
  assert.throws(() => cookies.set('a', 'b\r\n'), { name: 'RequestError', code: 'invalid_cookie' })
  assert.throws(() => cookies.set(1, 'b'), TypeError)
  assert.throws(() => cookies.set('a', 'b', { secure: 1 }), TypeError)
  assert.throws(() => cookies.set('a', {}), TypeError)
  assert.throws(() => cookies.receive(1, 'a=b'), TypeError)
  assert.throws(() => cookies.delete(), TypeError)
  assert.throws(() => { cookies.clock = 1 }, TypeError)
  assert.throws(() => { cookies.clock = new Date(NaN) }, TypeError)
  assert.deepEqual([...cookies], [])
})

test('the cookies of a closed session', async () => {
  const session = new Session()
  const { cookies } = session
  session.close()
  const expected = { code: 'misuse', message: 'the session is closed' }
  assert.throws(() => [...cookies], expected)
  assert.throws(() => cookies.set('a', '1'), expected)
  assert.throws(() => cookies.clear(), expected)
  await assert.rejects(cookies.save(join(folder, 'closed')), expected)
})
