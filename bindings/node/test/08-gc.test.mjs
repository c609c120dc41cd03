// Handles that are dropped without being closed: collected, and their connections with them.

import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import test from 'node:test'
import { Session } from 'librq'
import { endless } from './endless.mjs'
import { eventually, testd } from './testd.mjs'

const { HTTP } = await testd()
const server = await endless()

async function collected (refs, what) {
  await eventually(() => {
    globalThis.gc()
    return refs.every((ref) => ref.deref() === undefined)
  }, `${what} collected`)
}

test('dropped sessions are collected and close their connections', async () => {
  const use = async () => {
    const session = new Session()
    await (await session.get(`${server.url}/short`)).text()
    return new WeakRef(session)
  }
  const refs = await Promise.all(Array.from({ length: 10 }, use))
  await collected(refs, 'sessions')
  await server.empty()
})

test('dropped responses are collected and close their connections', async () => {
  const session = new Session()
  const use = async () => new WeakRef(await session.get(server.url))
  const refs = await Promise.all(Array.from({ length: 10 }, use))
  assert.equal(server.open.size, 10)
  await collected(refs, 'responses')
  await server.empty()
})

test('responses read to the end leave one connection, whether collected or not', async () => {
  const session = new Session()
  const use = async () => {
    const response = await session.get(`${HTTP}/bytes/100000`)
    await response.bytes()
    return [new WeakRef(response), response.headers.get('X-Connection')]
  }
  const used = []
  for (let i = 0; i < 10; i++) used.push(await use())
  await collected(used.map(([ref]) => ref), 'responses')
  assert.equal(new Set(used.map(([, connection]) => connection)).size, 1)
  assert.equal((await session.get(`${HTTP}/json`)).reused, true)
})

test('a signal that lives on holds no dropped response', async () => {
  const session = new Session()
  const { signal } = new AbortController()
  const use = async () => new WeakRef(await session.get(server.url, { signal }))
  const refs = await Promise.all([use(), use(), use()])
  assert.equal(getEventListeners(signal, 'abort').length, 1)
  await collected(refs, 'responses')
  await server.empty()
  await eventually(() => getEventListeners(signal, 'abort').length === 0, 'no listener is left')
})

test('prepared requests are collected, a request in flight keeps what it needs', async () => {
  let prepared = new Session().prepare('GET', `${HTTP}/delay/200`)
  let session = new Session()
  const sent = session.send(prepared)
  const refs = [new WeakRef(prepared), new WeakRef(session)]
  prepared = session = null
  globalThis.gc()
  assert.equal(await (await sent).text(), 'slept')
  await collected(refs, 'the prepared request and its session')
})

test('garbage is collected during reads', async () => {
  const session = new Session()
  const response = await session.get(`${HTTP}/bytes/4000000`)
  let length = 0
  for await (const piece of response) {
    globalThis.gc()
    length += piece.length
  }
  assert.equal(length, 4_000_000)
})
