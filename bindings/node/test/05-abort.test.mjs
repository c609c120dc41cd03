// Aborting: in every phase, at once, with the signal's reason, and leaving nothing on the signal.

import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'node:test'
import { Session } from 'librq'
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
  const total = async () => (await (await session.get(`${HTTP}/connections`)).json()).total
  const before = await total()
  const fresh = new Session()
  const signal = AbortSignal.abort('no')
  await assert.rejects(fresh.get(`${HTTP}/json`, { signal }), (reason) => reason === 'no')
  assert.equal(await total(), before)
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

test('AbortSignal.timeout', async () => {
  const waiting = session.get(`${HTTP}/stall-head`, { signal: AbortSignal.timeout(50) })
  await assert.rejects(waiting, { name: 'TimeoutError' })
})

test('the session goes on', async () => {
  assert.equal((await session.get(`${HTTP}/json`)).status, 200)
})
