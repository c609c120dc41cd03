// What is sent again: retries, digest challenges, Expect; and the rows of the fault matrix that
// every language has a test of.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { Session } from 'librq'
import { answer, origin } from './origin.mjs'
import { testd } from './testd.mjs'

const { HTTP, HTTPS, CA_FILE, REFUSED } = await testd()

/** A server that answers with these, one after the other, the last of them again and again. */
const saying = (...answers) => {
  let next = 0
  return origin((request, response) => {
    const [status, headers, body] = answers[Math.min(next++, answers.length - 1)]
    answer(response, status, headers, body)
  })
}

const retry = { count: 2, statuses: [500] }

test('a status is tried again as often as that is allowed', async () => {
  const mended = await saying([500], [500], [200])
  assert.equal((await new Session().get(mended.url, { retries: retry })).status, 200)
  const broken = await saying([500, {}, 'the last'])
  const response = await new Session({ retries: retry }).get(broken.url)
  assert.deepEqual([response.status, await response.text()], [500, 'the last'])
  assert.equal(broken.asked.length, 3)
})

test('a sending may be tried again otherwise than its request', async () => {
  const { url, asked } = await saying([500], [200])
  const session = new Session()
  const prepared = session.prepare('GET', url)
  assert.equal((await session.send(prepared, { retries: retry })).status, 200)
  assert.equal(asked.length, 2)
})

test('a method is tried again if it may be repeated', async () => {
  const { url, asked } = await saying([500])
  await new Session().post(url, { retries: retry })
  assert.equal(asked.length, 1)
  await new Session().post(url, { retries: { ...retry, methods: ['POST'] } })
  assert.equal(asked.length, 4)
  await new Session().get(url, { retries: { ...retry, methods: ['POST'] } }) // in place of GET
  assert.equal(asked.length, 5)
})

test('Retry-After is waited for, up to a limit', async () => {
  const { url, asked } = await saying([503, { 'Retry-After': '1' }], [200])
  const begin = performance.now()
  assert.equal((await new Session().get(url, { retries: 1 })).status, 200)
  assert.ok(performance.now() - begin >= 990)
  assert.equal(asked.length, 2)
  const patient = await saying([503, { 'Retry-After': '3600' }])
  assert.equal((await new Session().get(patient.url, { retries: 3 })).status, 503)
  assert.equal(patient.asked.length, 1)
  const hasty = await saying([503, { 'Retry-After': '3600' }], [200])
  const retries = { count: 1, statuses: [503], retryAfterMax: 0 }
  assert.equal((await new Session().get(hasty.url, { retries })).status, 200)
})

test('the pauses are told, and an abort ends them', async () => {
  const { url, asked } = await saying([500])
  const controller = new AbortController()
  const seen = []
  const trace = ({ step }) => {
    seen.push(step)
    if (seen.filter((step) => step === 'retry').length === 2) controller.abort('enough')
  }
  const retries = { count: 5, statuses: [500], backoff: 60, backoffMax: 600 }
  const sending = new Session().get(url, { retries, hooks: { trace }, signal: controller.signal })
  await assert.rejects(sending, (reason) => reason === 'enough')
  assert.equal(asked.length, 2)
})

test('connections that are refused', async () => {
  const seen = []
  const hooks = { trace: ({ step }) => seen.push(step) }
  const sending = new Session().post(REFUSED, { retries: 2, hooks })
  await assert.rejects(sending, { code: 'connect' })
  assert.equal(seen.filter((step) => step === 'retry').length, 2)
})

test('a body is sent again as it was, if it can be', async () => {
  const { url, asked } = await saying([500], [200])
  await new Session().put(url, { retries: retry, body: () => ['bo', 'dy'] })
  assert.deepEqual(asked.map(({ body }) => body), ['body', 'body'])
})

test('retries of another kind are refused', () => {
  for (const retries of [-1, 1.5, '1', null, { count: -1 }, { attempts: 1 }, { statuses: 500 },
    { statuses: [1000] }, { methods: 'GET' }, { methods: [1] }, { backoff: -1 },
    { backoffMax: 1 }, { retryAfterMax: '1' }]) {
    assert.throws(() => new Session({ retries }), TypeError)
  }
  assert.throws(() => new Session({ retries: { statuses: [99] } }), { code: 'invalid_argument' })
  assert.throws(() => new Session({ retries: { methods: ['G T'] } }), { code: 'invalid_method' })
})

// ---- digest ----

const md5 = (text) => createHash('md5').update(text).digest('hex')
const HA1 = md5('ann:librq:secret')

/** Answers a request whose digest is right, and challenges any other. */
function guard (request, response, body) {
  const given = request.headers.authorization ?? ''
  const field = (name) => given.match(new RegExp(`\\b${name}="?([^",]*)`))?.[1]
  const ha2 = md5(`${request.method}:${request.url}`)
  const parts = [HA1, field('nonce'), field('nc'), field('cnonce'), field('qop'), ha2]
  if (field('response') === md5(parts.join(':'))) return answer(response, 200, {}, `in: ${body}`)
  const challenge = 'Digest realm="librq", nonce="n1", qop="auth", algorithm=MD5'
  answer(response, 401, { 'WWW-Authenticate': challenge }, 'who?')
}

test('a digest challenge is answered, and then no more asked for', async () => {
  const { url, asked } = await origin(guard)
  const session = new Session({ auth: { digest: ['ann', 'secret'] } })
  const hooked = []
  const hooks = { response: ({ status }) => { hooked.push(status) } }
  const response = await session.post(`${url}/a`, { body: () => ['body'], hooks })
  assert.deepEqual([response.status, await response.text()], [200, 'in: body'])
  assert.deepEqual(response.history.map(({ status }) => status), [401])
  assert.equal(await response.history[0].text(), 'who?')
  assert.match(response.request.header('Authorization'), /^Digest /)
  assert.equal(hooked.at(-1), 200)
  assert.deepEqual((await session.get(`${url}/b`)).history, [])
  assert.equal(asked.length, 3)
})

test('wrong digest credentials are refused once', async () => {
  const { url, asked } = await origin(guard)
  const response = await new Session().get(url, { auth: { digest: ['ann', 'wrong'] } })
  assert.equal(response.status, 401)
  assert.equal(asked.length, 2)
})

// ---- Expect ----

test('expectContinue asks before it sends the body', async () => {
  const session = new Session({ expectContinue: true })
  const fine = await origin((request, response, body) => answer(response, 200, {}, body))
  assert.equal(await (await session.post(fine.url, { body: 'body' })).text(), 'body')
  assert.equal(fine.asked[0].headers.expect, '100-continue')
  const strict = await origin(() => {})
  strict.server.removeAllListeners('checkExpectation')
  strict.server.on('checkContinue', (request, response) => {
    response.shouldKeepAlive = false
    answer(response, 413, { Connection: 'close' }, 'too large')
  })
  let read = false
  const body = async function * () { read = true; yield 'body' }
  assert.equal((await session.post(strict.url, { body })).status, 413)
  assert.equal(read, false)
})

// ---- the fault matrix ----

for (const [scheme, base] of [['http', HTTP], ['https', HTTPS]]) {
  const session = new Session({ verify: CA_FILE })
  const isUsable = async () => assert.equal((await session.get(`${base}/json`)).status, 200)

  test(`fault_51_an_abort_while_sending over ${scheme}`, async () => {
    const controller = new AbortController()
    let aborted
    const body = async function * () {
      yield Buffer.alloc(100_000)
      setTimeout(() => {
        aborted = performance.now()
        controller.abort('enough')
      }, 20)
      for (;;) yield Buffer.alloc(100_000)
    }
    const sending = session.post(`${base}/no-read`, { body, signal: controller.signal })
    await assert.rejects(sending, (reason) => reason === 'enough')
    assert.ok(performance.now() - aborted < 2000)
    await isUsable()
  })

  test(`fault_55_a_server_that_stalls_before_the_head over ${scheme}`, async () => {
    const begin = performance.now()
    const sending = session.get(`${base}/stall-head`, { timeout: [5, 0.2] })
    const stalled = { code: 'read_timeout', exception: 'ReadTimeout', phase: 'head' }
    await assert.rejects(sending, stalled)
    const took = performance.now() - begin
    assert.ok(took >= 195 && took < 2000)
    await isUsable()
  })

  test(`fault_67_a_body_that_is_cut_off over ${scheme}`, async () => {
    const cut = { code: 'incomplete', exception: 'ChunkedEncodingError', phase: 'body' }
    let length = 0
    await assert.rejects(async () => {
      for await (const piece of await session.get(`${base}/truncated`)) length += piece.length
    }, cut)
    assert.equal(length, 500)
    const response = await session.get(`${base}/truncated`)
    for (const read of ['bytes', 'text', 'json', 'apparentEncoding', 'bytes']) {
      await assert.rejects(response[read](), cut)
    }
    await isUsable()
  })
}
