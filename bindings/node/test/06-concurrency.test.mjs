// Many at once: the JS thread and libuv's threads stay free, and the addon's threads leave when
// idle.

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import test from 'node:test'
import { Session } from 'librq'
import { eventually, testd } from './testd.mjs'

const { HTTP } = await testd()
const LIBUV_THREADS = 4 // start with the first readFile
const threads = () => process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0
const before = threads()

test('blocked requests stop neither fs.readFile nor timers', async () => {
  const session = new Session()
  const controller = new AbortController()
  const { signal } = controller
  const blocked = Array.from({ length: 8 }, () => session.get(`${HTTP}/stall-head`, { signal }))
  const begin = performance.now()
  assert.ok((await readFile(new URL(import.meta.url))).length > 0)
  await new Promise((resolve) => setTimeout(resolve, 10))
  assert.ok(performance.now() - begin < 1000)
  controller.abort()
  for (const { status } of await Promise.allSettled(blocked)) assert.equal(status, 'rejected')
})

test('1000 requests, 32 at a time, on 32 connections', async () => {
  const session = new Session({ pool: { idle: 32, idlePerHost: 32 } })
  const seen = new Map()
  let started = 0
  await Promise.all(Array.from({ length: 32 }, async () => {
    while (started++ < 1000) {
      const answer = await (await session.get(`${HTTP}/json`)).json()
      seen.set(`${answer.connection}/${answer.request}`, answer.hello)
    }
  }))
  assert.equal(seen.size, 1000)
  assert.deepEqual(new Set(seen.values()), new Set(['librq']))
  assert.ok(new Set([...seen.keys()].map((key) => key.split('/')[0])).size <= 32)
})

test('more requests than threads: all are answered', async () => {
  const session = new Session()
  const use = async () => (await session.get(`${HTTP}/delay/20`)).text()
  const texts = await Promise.all(Array.from({ length: 200 }, use))
  assert.deepEqual(new Set(texts), new Set(['slept']))
})

const skip = process.platform !== 'linux' && 'the threads are counted in /proc'

test('idle threads leave', { skip }, async () => {
  const session = new Session()
  const sent = Array.from({ length: 40 }, () => session.get(`${HTTP}/delay/100`))
  await eventually(() => threads() >= before + 40, 'threads start')
  await Promise.all(sent)
  await eventually(() => threads() <= before + LIBUV_THREADS, 'threads leave')
  assert.equal((await session.get(`${HTTP}/json`)).status, 200)
})
