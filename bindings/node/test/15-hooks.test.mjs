// Hooks: who is called when and with what, what they may do meanwhile, and what becomes of what
// they throw.

import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Prepared, Response, Session } from 'librq'
import { answer, origin } from './origin.mjs'
import { testd } from './testd.mjs'

const { HTTP } = await testd()

const fails = (reason) => (error) => error === reason

test('all run in order: of the session, of the request, before and after each hop', async () => {
  const seen = []
  const hook = (name) => async (given) => {
    await sleep(1)
    const url = given.url.slice(HTTP.length)
    seen.push(given instanceof Prepared ? `${name} ${url}` : `${name} ${given.status}`)
  }
  const hooksOf = (name) => ({ request: [hook(name + 1), hook(name + 2)], response: hook(name) })
  const session = new Session({ hooks: hooksOf('s') })
  await session.get(`${HTTP}/redirect/0`, { hooks: hooksOf('r') })
  const before = (path) => ['s1', 's2', 'r1', 'r2'].map((name) => `${name} ${path}`)
  assert.deepEqual(seen, [...before('/redirect/0'), 's 302', 'r 302',
    ...before('/echo'), 's 200', 'r 200'])
})

test('a prepared request has its hooks with it', async () => {
  const seen = []
  const maker = new Session({ hooks: { request: () => seen.push('maker') } })
  const sender = new Session({ hooks: { request: () => seen.push('sender') } })
  const prepared = maker.prepare('GET', `${HTTP}/json`, {
    hooks: { request: () => seen.push('request') }
  })
  assert.deepEqual(seen, [])
  await sender.send(prepared)
  await sender.send(prepared)
  assert.deepEqual(seen, ['sender', 'request', 'sender', 'request'])
})

test('a request hook changes what is sent, and nothing else', async () => {
  const session = new Session()
  const prepared = session.prepare('POST', `${HTTP}/upload`, {
    body: 'before',
    hooks: {
      request: async (prepared) => {
        await sleep(1)
        prepared.url = `${HTTP}/echo`
        prepared.setHeader('X-Signed', String(prepared.body.length))
        prepared.body = 'after the hook'
      }
    }
  })
  const echo = await (await session.send(prepared)).text()
  assert.match(echo, /^POST \/echo .*\r\nX-Signed: 6\r\n.*\r\n\r\nafter the hook$/s)
  assert.equal(prepared.header('X-Signed'), null)
})

test('a request hook has what it is lent for its call only', async () => {
  let kept
  await new Session().get(`${HTTP}/json`, { hooks: { request: (prepared) => { kept = prepared } } })
  assert.throws(() => kept.url, { code: 'misuse' })
  assert.throws(() => kept.setHeader('A', '1'), { code: 'misuse' })
})

test('a response hook reads the body, and it can be read again', async () => {
  const read = []
  const hooks = {
    response: async (response) => {
      read.push((await response.bytes()).length, response.headers.get('Content-Length'))
      read.push((await response.text()).length, await response.apparentEncoding())
    }
  }
  for (const size of [1000, 1_000_000]) {
    const response = await new Session().get(`${HTTP}/bytes/${size}`, { hooks })
    const { length } = await response.bytes()
    assert.equal(length, size)
    assert.equal(read.shift(), size)
    assert.equal(read.shift(), String(size))
    assert.ok(read.shift() > 0)
    assert.equal(typeof read.shift(), 'string')
  }
})

test('a response hook has what it is lent for its call only', async () => {
  let kept
  const hooks = { response: (response) => { kept = response } }
  const response = await new Session().get(`${HTTP}/bytes/1000000`, { hooks })
  assert.equal(kept.status, 200)
  await assert.rejects(kept.bytes(), { code: 'misuse' })
  assert.throws(() => kept.request, { code: 'misuse' })
  assert.throws(() => { kept.encoding = 'utf-8' }, { code: 'misuse' })
  assert.equal((await response.bytes()).length, 1_000_000)
})

test('a read that its hook does not wait for ends before the response goes on', async () => {
  let reading
  const hooks = {
    response: (response) => { reading = Promise.allSettled([response.bytes()]) }
  }
  const response = await new Session().get(`${HTTP}/bytes/1000000`, { hooks })
  assert.equal((await response.bytes()).length, 1_000_000)
  const [{ status, value, reason }] = await reading
  assert.equal(status === 'fulfilled' ? value.length : reason.code,
    status === 'fulfilled' ? 1_000_000 : 'misuse')
})

test('a response hook puts another response in the place of its own', async () => {
  const session = new Session()
  const replace = async (response) => {
    assert.equal(response.status, 404)
    return session.get(`${HTTP}/bytes/1000000`)
  }
  const next = (response) => assert.equal(response.status, 200)
  const url = `${HTTP}/status/404`
  const response = await session.get(url, { hooks: { response: [replace, next] } })
  assert.equal(response.url, `${HTTP}/bytes/1000000`)
  assert.equal((await response.bytes()).length, 1_000_000)
})

test('what a hook gave away is gone, what is lent cannot be given', async () => {
  const session = new Session()
  const other = await session.get(`${HTTP}/redirect/0`)
  await session.get(`${HTTP}/json`, { hooks: { response: () => other } })
  await assert.rejects(other.text(), { code: 'misuse' })
  const { history } = await session.get(`${HTTP}/redirect/0`)
  const give = (what) => session.get(`${HTTP}/json`, { hooks: { response: () => what } })
  await assert.rejects(give(history[0]), { code: 'misuse' })
  await assert.rejects(give(other), { code: 'misuse' })
  await assert.rejects(give('a string'), TypeError)
})

test('an abort ends the reading of a response that took another one\'s place', async () => {
  const session = new Session()
  const controller = new AbortController()
  const response = await session.get(`${HTTP}/json`, {
    signal: controller.signal,
    hooks: { response: () => session.get(`${HTTP}/drip/100000/1000`) }
  })
  const reading = response.bytes()
  controller.abort('enough')
  await assert.rejects(reading, fails('enough'))
})

for (const kind of ['request', 'response', 'trace', 'download']) {
  const reason = new Error('the hook failed')
  const fail = { sync: () => { throw reason } }
  if (kind.startsWith('re')) fail.async = async () => { await sleep(1); throw reason }
  for (const [name, hook] of Object.entries(fail)) {
    test(`what a ${kind} hook throws is what the request throws (${name})`, async () => {
      const session = new Session({ hooks: { [kind]: hook } })
      await assert.rejects(session.get(`${HTTP}/json`), fails(reason))
      await assert.rejects(session.send(session.prepare('GET', `${HTTP}/json`)), fails(reason))
    })
  }
}

for (const read of ['bytes', 'text', 'apparentEncoding']) {
  test(`what a download hook throws ends ${read}()`, async () => {
    const reason = new Error('too slow')
    const download = (received) => { if (received > 100_000) throw reason }
    const response = await new Session().get(`${HTTP}/bytes/10000000`, { hooks: { download } })
    await assert.rejects(response[read](), fails(reason))
    await assert.rejects(response[read](), fails(reason))
  })
}

test('a hook sends requests on its own session', async () => {
  const hooks = {
    request: async (prepared) => {
      if (prepared.url.endsWith('/json')) return
      const { hello } = await (await session.get(`${HTTP}/json`)).json()
      prepared.setHeader('X-Hello', hello)
    }
  }
  const session = new Session({ hooks })
  assert.match(await (await session.get(`${HTTP}/echo`)).text(), /\r\nX-Hello: librq\r\n/)
})

test('200 requests whose hooks all send requests and read responses', async () => {
  const session = new Session({ pool: { idle: 500, idlePerHost: 500 } })
  const inner = async () => (await session.get(`${HTTP}/bytes/100000`)).bytes()
  const hooks = {
    request: async (prepared) => {
      prepared.setHeader('X-Read', String((await inner()).length))
    },
    response: async (response) => {
      assert.equal((await inner()).length, 100_000)
      assert.equal((await response.bytes()).length, 200_000)
    }
  }
  const use = async () => (await session.get(`${HTTP}/bytes/200000`, { hooks })).bytes()
  const bodies = await Promise.all(Array.from({ length: 200 }, use))
  assert.deepEqual(new Set(bodies.map(({ length }) => length)), new Set([200_000]))
})

test('bodies that come from responses wait for no thread', async () => {
  const session = new Session({ pool: { idle: 500, idlePerHost: 500 } })
  const pass = async () => {
    const body = await session.get(`${HTTP}/bytes/300000`)
    return (await session.post(`${HTTP}/upload`, { body })).json()
  }
  const passed = await Promise.all(Array.from({ length: 100 }, pass))
  assert.deepEqual(new Set(passed.map(({ bytes }) => bytes)), new Set([300_000]))
})

test('trace tells each step in order', async () => {
  const session = new Session()
  const trace = []
  const steps = () => trace.splice(0).map(({ step }) => step)
  const options = { hooks: { trace: (event) => trace.push(event) } }
  await (await session.get(`${HTTP}/bytes/1000`, options)).bytes()
  assert.ok(trace.every(({ elapsed }, i) => elapsed >= (trace[i - 1]?.elapsed ?? 0)))
  assert.ok(trace.every(({ detail }) => typeof detail === 'string'))
  assert.deepEqual(steps(), ['connect', 'sent', 'head', 'body'])
  const hop = ['reused', 'sent', 'head', 'body']
  const response = await session.get(`${HTTP}/redirect/0`, options)
  assert.deepEqual(steps(), [...hop, 'redirect', ...hop])
  assert.equal(response.history.length, 1)
  const { port } = new URL(HTTP)
  await (await session.get(`http://localhost:${port}/bytes/1000`, options)).bytes()
  assert.equal(trace[0].detail, 'localhost')
  assert.deepEqual(steps(), ['dns', 'connect', 'sent', 'head', 'body'])
})

test('download tells how much came, of the body that is read', async () => {
  const told = []
  const download = [(received, total) => told.push([received, total])]
  const session = new Session({ hooks: { download } })
  const large = await session.get(`${HTTP}/bytes/3000000`)
  await large.bytes()
  assert.deepEqual(told.at(-1), [3_000_000, 3_000_000])
  assert.ok(told.every(([received], i) => received >= (told[i - 1]?.[0] ?? 0)))
  told.length = 0
  for await (const piece of await session.get(`${HTTP}/chunked/300000`)) assert.ok(piece)
  assert.deepEqual(told.at(-1), [300_000, -1])
})

test('an abort while a hook waits ends the request with its reason', async () => {
  const server = await origin((request, response) => answer(response, 200))
  for (const kind of ['request', 'response']) {
    const controller = new AbortController()
    let called
    const inHook = new Promise((resolve) => { called = resolve })
    const hooks = { [kind]: () => { called(); return new Promise(() => {}) } }
    const sending = new Session().get(server.url, { hooks, signal: controller.signal })
    await inHook
    controller.abort('enough')
    await assert.rejects(sending, fails('enough'))
  }
})

test('an abort while a hook reads ends that read too', async () => {
  const controller = new AbortController()
  let reading
  const hooks = {
    response: async (response) => {
      reading = response.bytes()
      setImmediate(() => controller.abort('enough'))
      await reading
    }
  }
  const url = `${HTTP}/drip/100000/1000`
  const sending = new Session().get(url, { hooks, signal: controller.signal })
  await assert.rejects(sending, fails('enough'))
  await assert.rejects(reading, fails('enough'))
})

test('hooks of another kind are refused', async () => {
  for (const hooks of [null, 1, { before: () => {} }, { request: 'no' }, { response: [1] }]) {
    assert.throws(() => new Session({ hooks }), TypeError)
    await assert.rejects(new Session().get(HTTP, { hooks }), TypeError)
  }
  const session = new Session()
  const prepared = session.prepare('GET', HTTP)
  await assert.rejects(session.send(prepared, { hooks: {} }), TypeError)
  const unhooked = await session.get(`${HTTP}/json`, { hooks: { request: undefined } })
  assert.ok(unhooked instanceof Response)
})
