// Aborting: in every phase, at once, with the signal's reason, and leaving nothing on the signal.

import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'node:test'
import { Session } from 'librq'
import { endless } from './endless.mjs'
import { testd } from './testd.mjs'

const { HTTP, BLACKHOLE, SILENT } = await testd()
const session = new Session({ verify: false })

async function rejectsAtOnce (promise, controller) {
  const reason = new Error('enough')
  await sleep(100) // the request is on its way by then, and if it is not, the test is as good
  const begin = performance.now()
  controller.abort(reason)
  await assert.rejects(promise, (error) => error === reason)
  assert.ok(performance.now() - begin < 1000)
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
}

for (const [name, url] of [
  ['waiting for the head', `${HTTP}/stall-head`],
  ['reading a small body with the head', `${HTTP}/stall-body`],
  ['connecting', BLACKHOLE],
  ['the TLS handshake', `https://${SILENT}/`]
]) {
  test(`while ${name}`, async () => {
    const controller = new AbortController()
    const { signal } = controller
    await rejectsAtOnce(session.get(url, { signal }), controller)
    const again = new AbortController()
    const prepared = session.prepare('GET', url)
    await rejectsAtOnce(session.send(prepared, { signal: again.signal }), again)
  })
}

for (const [name, read] of [
  ['bytes', (response) => response.bytes()],
  ['a loop', async (response) => { for await (const piece of response) assert.ok(piece) }],
  ['a Web stream', async (response) => new globalThis.Response(response.body).text()]
]) {
  test(`in the middle of a body read by ${name}`, async () => {
    const controller = new AbortController()
    const response = await session.get(`${HTTP}/drip/100000/5`, { signal: controller.signal })
    assert.equal(getEventListeners(controller.signal, 'abort').length, 1)
    await rejectsAtOnce(read(response), controller)
  })
}

test('one signal for many requests: all end, those done before stay', async () => {
  const controller = new AbortController()
  const { signal } = controller
  const twenty = (path) => Array.from({ length: 20 }, () => session.get(HTTP + path, { signal }))
  const done = await Promise.all(twenty('/json'))
  const waiting = Promise.allSettled(twenty('/stall-head'))
  assert.equal(getEventListeners(signal, 'abort').length, 1)
  controller.abort('enough')
  for (const { reason } of await waiting) assert.equal(reason, 'enough')
  assert.equal(getEventListeners(signal, 'abort').length, 0)
  for (const response of done) assert.equal((await response.json()).hello, 'librq')
})

test('while waiting for a thread', async () => {
  const holding = new AbortController()
  const held = Array.from({ length: 64 }, () =>
    session.get(`${HTTP}/stall-head`, { signal: holding.signal }).catch((reason) => reason))
  const controller = new AbortController()
  await rejectsAtOnce(session.get(`${HTTP}/json`, { signal: controller.signal }), controller)
  holding.abort('done')
  assert.deepEqual(new Set(await Promise.all(held)), new Set(['done']))
})

test('before the start: nothing is sent', async () => {
  const server = await endless()
  const signal = AbortSignal.abort('no')
  await assert.rejects(session.get(`${server.url}/short`, { signal }), (reason) => reason === 'no')
  assert.equal(await (await session.get(`${server.url}/short`)).text(), 'short')
  assert.equal(server.total, 1)
})

test('after the end: the body stays, the signal is let go', async () => {
  const controller = new AbortController()
  const { signal } = controller
  const small = await session.get(`${HTTP}/json`, { signal })
  const large = await session.get(`${HTTP}/bytes/1000000`, { signal })
  const bytes = await large.bytes()
  assert.equal(getEventListeners(signal, 'abort').length, 0)
  controller.abort()
  assert.equal((await small.json()).hello, 'librq')
  assert.equal(await large.bytes(), bytes)
})

test('any reason is a reason, even null', async () => {
  const controller = new AbortController()
  const response = await session.get(`${HTTP}/drip/100000/5`, { signal: controller.signal })
  controller.abort(null)
  await assert.rejects(response.bytes(), (reason) => reason === null)
  await assert.rejects(response.bytes(), (reason) => reason === null)
})

test('AbortSignal.timeout', async () => {
  const waiting = session.get(`${HTTP}/stall-head`, { signal: AbortSignal.timeout(50) })
  await assert.rejects(waiting, { name: 'TimeoutError' })
})

test('the session goes on', async () => {
  assert.equal((await session.get(`${HTTP}/json`)).status, 200)
})
