// Redirects: methods and bodies along the way, history, what is not followed, the limit, secrets.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Prepared, Session } from 'librq'
import { answer, origin } from './origin.mjs'
import { testd } from './testd.mjs'

const { HTTP } = await testd()
const { url, asked } = await origin((request, response, body) => {
  const [, status, ...rest] = request.url.split('/')
  if (status === 'end') return answer(response, 200, { 'Content-Type': 'text/html' }, body)
  answer(response, Number(status), { Location: `/${rest.join('/')}` }, `to ${rest[0]}`)
})
const other = await origin((request, response) => answer(response, 200, {}, 'other'))

test('redirects are followed, and their responses are the history', async () => {
  const response = await new Session().get(`${HTTP}/redirect/2?q`)
  assert.equal(response.status, 200)
  assert.equal(response.url, `${HTTP}/echo?q`)
  assert.deepEqual(response.history.map(({ status, url }) => [status, url.slice(HTTP.length)]),
    [[302, '/redirect/2?q'], [302, '/redirect/1?q'], [302, '/redirect/0?q']])
  assert.equal(response.history, response.history)
  assert.deepEqual(response.history.map(({ isRedirect }) => isRedirect), [true, true, true])
  assert.equal(response.isRedirect, false)
})

test('each hop has its body, its request and its cookies', async () => {
  const session = new Session()
  const response = await session.get(`${HTTP}/redirect/1?q`)
  const [first, second] = response.history
  assert.equal(await first.text(), 'elsewhere\n')
  assert.equal(await first.text(), 'elsewhere\n')
  for await (const piece of second) assert.equal(piece.toString(), 'elsewhere\n')
  assert.equal(first.request.url, `${HTTP}/redirect/1?q`)
  assert.equal(response.request.header('Cookie'), 'hop1=q; hop0=q')
  assert.deepEqual(first.cookies.map(({ name, value, path }) => [name, value, path]),
    [['hop1', 'q', '/']])
  assert.deepEqual(response.cookies, [])
  assert.deepEqual([...session.cookies].map(({ name }) => name), ['hop1', 'hop0'])
})

test('a hop outlives its response', async () => {
  let response = await new Session().get(`${HTTP}/redirect/0`)
  const [hop] = response.history
  response = null
  globalThis.gc()
  assert.equal(await hop.text(), 'elsewhere\n')
  assert.equal(hop.request.method, 'GET')
})

for (const [status, method, expected] of [
  [301, 'POST', 'GET '], [302, 'PUT', 'GET '], [303, 'DELETE', 'GET '],
  [307, 'POST', 'POST body'], [308, 'PUT', 'PUT body']
]) {
  test(`${status} after ${method}`, async () => {
    const body = async function * () { yield 'body' }
    const response = await new Session().request(method, `${url}/${status}/end`, { body })
    const last = asked.at(-1)
    assert.equal(`${last.method} ${last.body}`, expected)
    assert.equal(response.history[0].isPermanentRedirect, status === 301 || status === 308)
  })
}

test('a body that was read once is not sent again as nothing', async () => {
  const body = (async function * () { yield 'body' })()
  await assert.rejects(new Session().post(`${url}/307/end`, { body }), { code: 'body' })
})

test('next is the request that would follow', async () => {
  const session = new Session()
  const response = await session.get(`${url}/302/301/end`, { followRedirects: false })
  assert.deepEqual([response.status, response.isRedirect, response.isPermanentRedirect],
    [302, true, false])
  assert.deepEqual(response.history, [])
  const next = response.next()
  assert.ok(next instanceof Prepared)
  assert.equal(next.url, `${url}/301/end`)
  const second = await session.send(next)
  assert.deepEqual([second.status, second.url], [301, `${url}/301/end`])
  const third = await session.send(second.next())
  assert.deepEqual([third.status, third.url, third.next()], [200, `${url}/end`, null])
})

test('next sends what is left of a body that can be given again', async () => {
  const session = new Session()
  const given = { followRedirects: false, body: () => ['bo', 'dy'] }
  const response = await session.post(`${url}/307/end`, given)
  await session.send(response.next())
  assert.deepEqual([asked.at(-1).method, asked.at(-1).body], ['POST', 'body'])
})

test('next throws for a Location that leads nowhere', async () => {
  const lost = await origin((request, response) =>
    answer(response, 302, { Location: 'http://[' }))
  const response = await new Session().get(lost.url, { followRedirects: false })
  assert.throws(() => response.next(), { name: 'RequestError', code: 'invalid_url' })
  await assert.rejects(new Session().get(lost.url), { code: 'invalid_url' })
})

test('a sending may follow otherwise than its request', async () => {
  const session = new Session()
  const prepared = session.prepare('GET', `${url}/302/302/end`, { headers: { 'X-Key': '1' } })
  const first = await session.send(prepared, { followRedirects: false })
  assert.deepEqual([first.status, first.history.length], [302, 0])
  await assert.rejects(session.send(prepared, { maxRedirects: 1 }), { code: 'too_many_redirects' })
  assert.equal((await session.send(prepared)).history.length, 2)
  const away = await origin((request, response) =>
    answer(response, 302, { Location: other.url }))
  const secret = session.prepare('GET', away.url, { headers: { 'X-Key': '1' } })
  await session.send(secret, { sensitiveHeaders: ['X-Key'] })
  assert.equal(other.asked.at(-1).headers['x-key'], undefined)
  await session.send(secret)
  assert.equal(other.asked.at(-1).headers['x-key'], '1')
})

test('no more redirects than allowed', async () => {
  const expected = { code: 'too_many_redirects', exception: 'TooManyRedirects', status: 302 }
  const session = new Session({ maxRedirects: 2 })
  await assert.rejects(session.get(`${HTTP}/redirect/2`), expected)
  assert.equal((await session.get(`${HTTP}/redirect/1`)).history.length, 2)
  assert.equal((await session.get(`${HTTP}/redirect/2`, { maxRedirects: 3 })).status, 200)
  await assert.rejects(session.get(`${HTTP}/redirect/0`, { maxRedirects: 0 }), expected)
})

test('head follows no redirects, unless asked to', async () => {
  const session = new Session()
  assert.equal((await session.head(`${url}/302/end`)).status, 302)
  assert.equal((await session.head(`${url}/302/end`, { followRedirects: undefined })).status, 302)
  assert.equal((await session.head(`${url}/302/end`, { followRedirects: true })).status, 200)
  assert.equal(asked.at(-1).method, 'HEAD')
  assert.equal((await session.request('HEAD', `${url}/302/end`)).status, 200)
})

test('what is secret stays with its origin', async () => {
  const leaving = await origin((request, response) =>
    answer(response, 307, { Location: other.url }))
  const session = new Session({ auth: ['ann', 'secret'] })
  await session.get(leaving.url, {
    headers: { 'X-Key': 'k', 'X-Plain': 'p' }, sensitiveHeaders: ['x-key']
  })
  const { headers } = other.asked.at(-1)
  assert.deepEqual([headers.authorization, headers['x-key'], headers['x-plain']],
    [undefined, undefined, 'p'])
  assert.equal(leaving.asked[0].headers['x-key'], 'k')
})

test('a request of a response can be sent again, and not be changed', async () => {
  const session = new Session()
  const response = await session.post(`${url}/end`, { body: 'twice' })
  const { request } = response
  assert.deepEqual([request.method, request.body.toString()], ['POST', 'twice'])
  assert.throws(() => request.setHeader('A', '1'), { code: 'misuse' })
  assert.equal(await (await session.send(request)).text(), 'twice')
})
