// Adapters: functions that answer for servers. What they see and may give, what becomes of what
// they throw, who serves which URL, and how they end with what waits for them.

import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { Prepared, Session } from 'librq'
import { answer, origin } from './origin.mjs'
import { eventually, testd } from './testd.mjs'

const { HTTP } = await testd()

const fails = (reason) => (error) => error === reason

/** A session whose mock:// is served by that function. */
function mocked (adapter, options) {
  const session = new Session({ trustEnv: false, ...options })
  session.mount('mock://', adapter)
  return session
}

// ---- what they see and give ----

test('an adapter sees the request as it would be sent', async () => {
  const session = mocked(async (prepared) => {
    assert.ok(prepared instanceof Prepared)
    await sleep(1)
    const { method, url, headers, bodyLength } = prepared
    return { body: JSON.stringify({ method, url, headers, bodyLength, body: `${prepared.body}` }) }
  }, { headers: { 'X-A': '1' }, auth: ['ann', 'secret'] })
  session.cookies.set('c', '1')
  const options = { body: 'text', params: { q: 'ü' } }
  const seen = await (await session.post('mock://a.test/path', options)).json()
  assert.equal(seen.method, 'POST')
  assert.match(seen.url, /^mock:\/\/a\.test\/path/)
  assert.deepEqual([seen.bodyLength, seen.body], [4, 'text'])
  const headers = new Map(seen.headers)
  assert.equal(headers.get('X-A'), '1')
  assert.equal(headers.get('Cookie'), 'c=1')
  assert.match(headers.get('Authorization'), /^Basic /)
})

for (const [form, reply, expected] of [
  ['nothing but an object', {}, [200, 'OK', [], '']],
  ['a status', { status: 404 }, [404, 'Not Found', [], '']],
  ['a status and a reason', { status: 299, reason: 'Fine' }, [299, 'Fine', [], '']],
  ['headers as an object', { headers: { A: 1, B: true, C: null, D: ['x', 'y'] } },
    [200, 'OK', [['A', '1'], ['B', 'true'], ['D', 'x'], ['D', 'y']], '']],
  ['headers as pairs', { headers: [['A', '1'], ['A', '2']] },
    [200, 'OK', [['A', '1'], ['A', '2']], '']],
  ['a header that is not ASCII', { headers: { A: 'gr\xfc\xdf' } },
    [200, 'OK', [['A', 'gr\xfc\xdf']], '']],
  ['a body of text', { body: 'süß' }, [200, 'OK', [], 'süß']],
  ['a body of bytes', { body: Buffer.from('süß') }, [200, 'OK', [], 'süß']],
  ['no body', { body: null, reason: undefined, headers: undefined }, [200, 'OK', [], '']]
]) {
  test(`an adapter gives ${form}, at once or later`, async () => {
    for (const adapter of [() => reply, async () => reply, () => sleep(1, reply)]) {
      const session = mocked(adapter)
      for (const response of [await session.get('mock://a/'),
        await session.send(session.prepare('GET', 'mock://a/'))]) {
        assert.equal(response.url, 'mock://a/')
        response.encoding = 'utf-8'
        const { status, reason, headers } = response
        assert.deepEqual([status, reason, [...headers], await response.text()], expected)
        assert.equal(response.reused, false)
        assert.deepEqual(response.certificates, [])
      }
    }
  })
}

test('a body of any length, with its coding, read in every way', async () => {
  const text = 'a line\n'.repeat(100_000)
  const session = mocked(() => ({
    headers: { 'Content-Encoding': 'gzip' }, body: gzipSync(text)
  }))
  assert.equal(await (await session.get('mock://a/')).text(), text)
  let length = 0
  for await (const line of (await session.get('mock://a/')).lines()) length += line.length + 1
  assert.equal(length, text.length)
  const large = mocked(() => ({ body: new Uint8Array(3_000_000) }))
  assert.equal((await (await large.get('mock://a/')).bytes()).length, 3_000_000)
  const head = await large.head('mock://a/')
  assert.equal((await head.bytes()).length, 0)
})

for (const [form, reply, message] of [
  ['nothing', undefined, /must give an object/],
  ['null', null, /must give an object/],
  ['text', 'text', /must give an object/],
  ['an unknown part', { statusCode: 200 }, /has no statusCode/],
  ['a status of text', { status: '200' }, /status of a reply must be a whole number/],
  ['a reason that is a number', { reason: 1 }, /reason of a reply must be a string/],
  ['headers that are text', { headers: 'A: 1' }, /headers of a reply must be/],
  ['a header that is an object', { headers: { A: {} } }, /headers of a reply: A must be/],
  ['a header beyond bytes', { headers: { A: '\u20ac' } }, /A must have no character beyond/],
  ['a header with a NUL', { headers: { A: 'a\0b' } }, /NUL/],
  ['a body that is an object', { body: {} }, /body of a reply must be a string or bytes/],
  ['a body that is a stream', { body: new Blob(['a']).stream() }, /body of a reply must be/]
]) {
  test(`an adapter that gives ${form}: TypeError`, async () => {
    const session = mocked(async () => reply)
    await assert.rejects(session.get('mock://a/'), { name: 'TypeError', message })
  })
}

for (const [form, reply, code] of [
  ['a status that is none', { status: 99 }, 'invalid_argument'],
  ['an interim status', { status: 100 }, 'invalid_argument'],
  ['a reason with a line end', { reason: 'a\r\nB: c' }, 'invalid_header'],
  ['a header with a line end', { headers: { A: 'b\r\nC: d' } }, 'invalid_header'],
  ['a header name with a space', { headers: { 'A B': 'c' } }, 'invalid_header']
]) {
  test(`an adapter that gives ${form}: ${code}`, async () => {
    const session = mocked(() => reply)
    await assert.rejects(session.get('mock://a/'), { name: 'RequestError', code })
    session.mount('mock://', () => ({}))
    assert.equal((await session.get('mock://a/')).status, 200)
  })
}

test('what an adapter throws, or rejects with, comes back as it is', async () => {
  for (const reason of [new Error('no mock'), 'text', undefined, { name: 'object' }]) {
    for (const adapter of [() => { throw reason }, async () => { throw reason },
      async () => { await sleep(1); throw reason }]) {
      const session = mocked(adapter)
      await assert.rejects(session.get('mock://a/'), fails(reason))
      await assert.rejects(session.send(session.prepare('GET', 'mock://a/')), fails(reason))
    }
  }
})

test('an adapter may only read what it is lent, and for its call only', async () => {
  let kept
  const session = mocked(async (prepared) => {
    kept = prepared
    const expected = { code: 'misuse', message: /read only/ }
    assert.throws(() => { prepared.url = 'mock://b/' }, expected)
    assert.throws(() => prepared.setHeader('A', '1'), expected)
    assert.throws(() => { prepared.body = 'text' }, expected)
    await assert.rejects(session.send(prepared), { code: 'misuse' })
    return {}
  })
  assert.equal((await session.get('mock://a/')).status, 200)
  assert.throws(() => kept.url, { code: 'misuse', message: /lent/ })
})

// ---- who serves what ----

test('the longest prefix counts, in any case; the same one again replaces', async () => {
  const session = new Session({ trustEnv: false })
  const says = (body) => () => ({ body })
  session.mount('http://a.test/', says('host'))
  session.mount('HTTP://A.test/Path/', says('path'))
  session.mount('http://', says('scheme'))
  const get = async (url) => (await session.get(url)).text()
  assert.equal(await get('http://a.test/path/x'), 'path')
  assert.equal(await get('http://a.test/other'), 'host')
  assert.equal(await get('http://b.test/'), 'scheme')
  session.mount('HTTP://a.TEST/', says('other host'))
  assert.equal(await get('http://a.test/other'), 'other host')
  assert.equal(session.unmount('http://A.TEST/path/'), true)
  assert.equal(session.unmount('http://a.test/path/'), false)
  assert.equal(await get('http://a.test/path/x'), 'other host')
  assert.equal(session.unmount('http://'), true)
  assert.equal(session.unmount('http://nothing/'), false)
})

test('a scheme that nothing serves any more', async () => {
  const session = mocked(() => ({}))
  const prepared = session.prepare('GET', 'mock://a/')
  session.unmount('mock://')
  await assert.rejects(session.get('mock://a/'), { code: 'invalid_schema' })
  await assert.rejects(session.send(prepared), { code: 'invalid_schema' })
})

test('without a function: connections of its own', async () => {
  const session = new Session()
  const reused = async (path) => {
    const response = await session.get(HTTP + path)
    await response.bytes()
    return response.reused
  }
  session.mount(`${HTTP}/bytes/`)
  assert.deepEqual([await reused('/json'), await reused('/bytes/10')], [false, false])
  assert.deepEqual([await reused('/json'), await reused('/bytes/10')], [true, true])
  session.closeIdle()
  assert.deepEqual([await reused('/json'), await reused('/bytes/10')], [false, false])
  assert.equal(session.unmount(`${HTTP}/bytes/`), true)
  assert.equal(await reused('/bytes/10'), true)
})

test('mounts of another kind are refused', async () => {
  const session = new Session()
  for (const adapter of [undefined, null, 'text', {}, { send () {} }]) {
    assert.throws(() => session.mount('mock://', adapter), /an adapter must be a function/)
  }
  for (const prefix of [undefined, null, 1, {}]) {
    assert.throws(() => session.mount(prefix, () => ({})), /prefix must be a string/)
    assert.throws(() => session.unmount(prefix), /prefix must be a string/)
  }
  assert.throws(() => session.mount('', () => ({})), { code: 'invalid_argument' })
  assert.throws(() => session.mount('a\0b', () => ({})), TypeError)
  session.close()
  assert.throws(() => session.mount('mock://', () => ({})), { code: 'misuse' })
  assert.throws(() => session.unmount('mock://'), { code: 'misuse' })
})

// ---- in a session ----

test('redirects, cookies and hooks are as ever', async () => {
  const { url, asked } = await origin((request, response) => {
    answer(response, 302, { Location: 'http://b.test/end', 'Set-Cookie': 'from=server' })
  })
  const seen = []
  const hooks = {
    request: (prepared) => { seen.push(prepared.url) },
    response: async (response) => { seen.push(response.status, (await response.text()).length) }
  }
  const session = new Session({ trustEnv: false, hooks })
  session.mount('http://b.test/', (prepared) => {
    if (prepared.url.endsWith('/end')) {
      return { headers: { 'Set-Cookie': ['x=1', 'y=2'] }, body: prepared.header('Cookie') }
    }
    return { status: 302, headers: { Location: `${url}/real`, 'Set-Cookie': 'from=mock' } }
  })
  const response = await session.get('http://b.test/start')
  assert.deepEqual(response.history.map(({ url }) => url), ['http://b.test/start', `${url}/real`])
  assert.deepEqual(seen,
    ['http://b.test/start', 302, 0, `${url}/real`, 302, 0, 'http://b.test/end', 200, 9])
  assert.equal(await response.text(), 'from=mock')
  assert.equal(asked.length, 1)
  const kept = new Map([...session.cookies].map(({ name, value }) => [name, value]))
  assert.deepEqual([kept.get('x'), kept.get('y')], ['1', '2'])
  assert.deepEqual(response.cookies.map(({ name }) => name), ['x', 'y'])
})

test('statuses of an adapter are tried again', async () => {
  const statuses = [500, 503, 200]
  const session = mocked(() => ({ status: statuses.shift() }))
  const retries = { count: 2, statuses: [500, 503] }
  assert.equal((await session.get('mock://a/', { retries })).status, 200)
  assert.equal(statuses.length, 0)
})

test('an adapter sends requests on its own session', async () => {
  const session = mocked(async ({ method, url }) => {
    const inner = await session.request(method, url.replace('mock://server', HTTP))
    return { status: inner.status, headers: [['X-Inner', inner.url]], body: await inner.bytes() }
  })
  const response = await session.get('mock://server/json')
  assert.equal(response.headers.get('X-Inner'), `${HTTP}/json`)
  assert.equal((await response.json()).hello, 'librq')
})

test('200 requests at once, whose adapters all send requests', async () => {
  const session = mocked(async ({ url }) => {
    const { length } = await (await session.get(`${HTTP}/bytes/100000`)).bytes()
    return { body: `${length} ${url}` }
  }, { pool: { idle: 500, idlePerHost: 500 } })
  const use = async (i) => (await session.get(`mock://a/${i}`)).text()
  const all = await Promise.all(Array.from({ length: 200 }, (_, i) => use(i)))
  assert.ok(all.every((text, i) => text === `100000 mock://a/${i}`))
})

test('an adapter that a hook mounts serves the redirect that comes', async () => {
  const headers = { Location: 'mock://a' }
  const server = await origin((request, response) => answer(response, 302, headers))
  const hooks = { request: () => { session.mount('mock://', () => ({ body: 'mock' })) } }
  const session = new Session({ hooks })
  assert.equal(await (await session.get(server.url)).text(), 'mock')
})

test('an adapter that is mounted when the request is on its way', async () => {
  let reply
  const asked = new Promise((resolve) => {
    reply = origin((request, response) => resolve(() =>
      answer(response, 302, { Location: 'mock://a' })))
  })
  const session = new Session()
  const sending = session.get((await reply).url)
  const redirect = await asked
  session.mount('mock://', () => ({}))
  redirect()
  await assert.rejects(sending, { code: 'callback', message: /mount it before/ })
  assert.equal((await session.get('mock://a')).status, 200)
})

// ---- how they end ----

/** A session whose adapter never answers, and a promise of what it is asked. */
function pending () {
  let tell
  const asked = new Promise((resolve) => { tell = resolve })
  return { asked, session: mocked((prepared) => { tell(prepared); return new Promise(() => {}) }) }
}

test('an abort while an adapter is pending ends the request with its reason', async () => {
  const controller = new AbortController()
  const { asked, session } = pending()
  const sending = session.get('mock://a/', { signal: controller.signal })
  const prepared = await asked
  assert.equal(prepared.url, 'mock://a/')
  controller.abort('enough')
  await assert.rejects(sending, fails('enough'))
  assert.throws(() => prepared.url, { code: 'misuse' })
})

test('200 aborts while adapters are pending', async () => {
  const session = mocked(() => sleep(5, {}))
  const ended = await Promise.allSettled(Array.from({ length: 200 }, (_, i) =>
    session.get('mock://a/', { signal: AbortSignal.timeout(i % 10) })))
  for (const { status, value, reason } of ended) {
    assert.equal(status === 'fulfilled' ? value.status : reason.name,
      status === 'fulfilled' ? 200 : 'TimeoutError')
  }
})

test('an adapter that answers after the abort, or throws, disturbs nobody', async () => {
  for (const end of ['resolve', 'reject']) {
    const late = Promise.withResolvers?.() ?? (() => {
      const made = {}
      made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }))
      return made
    })()
    const controller = new AbortController()
    const session = mocked(() => { setImmediate(() => controller.abort()); return late.promise })
    const sending = session.get('mock://a/', { signal: controller.signal })
    await assert.rejects(sending, { name: 'AbortError' })
    late[end]({})
    await sleep(10)
    session.mount('mock://', () => ({ body: 'next' }))
    assert.equal(await (await session.get('mock://a/')).text(), 'next')
  }
})

test('a deadline that passes in an adapter is told on the way to a server', async () => {
  const session = mocked(() => sleep(50, { status: 302, headers: { Location: `${HTTP}/json` } }))
  await assert.rejects(session.get('mock://a/', { deadline: 0.01 }), { code: 'total_timeout' })
})

test('what is in flight keeps its adapter: unmounted, replaced, closed', async () => {
  for (const end of [(session) => session.unmount('mock://'), (session) => session.close(),
    (session) => session.mount('mock://', () => ({ status: 500 }))]) {
    const session = mocked(async ({ url }) => {
      if (url === 'mock://a/end') return { body: 'the end' }
      end(session)
      await sleep(1)
      return { status: 201 }
    })
    assert.equal((await session.get('mock://a/')).status, 201)
  }
})

test('adapters are released: unmounted, replaced, their session closed or dropped', async () => {
  const made = (session, prefix) => {
    const adapter = () => ({ body: session.cookies }) // refers to its own session
    session.mount(prefix, adapter)
    return new WeakRef(adapter)
  }
  const kept = [new Session(), new Session()]
  const refs = [made(kept[0], 'a://'), made(kept[0], 'b://'), made(kept[1], 'a://')]
  const dropped = () => {
    const session = new Session()
    return [made(session, 'a://'), new WeakRef(session)]
  }
  kept[0].unmount('A://')
  kept[0].mount('B://')
  kept[1].close()
  refs.push(...dropped(), ...dropped())
  await eventually(() => {
    globalThis.gc()
    return refs.every((ref) => ref.deref() === undefined)
  }, 'all adapters released')
  assert.equal(kept.length, 2)
})

test('a session that is dropped while its adapter is pending', async () => {
  const use = () => {
    const session = mocked(() => sleep(20, { body: 'done' }))
    return [session.get('mock://a/'), new WeakRef(session)]
  }
  const [sending, ref] = use()
  globalThis.gc()
  assert.equal(await (await sending).text(), 'done')
  await eventually(() => {
    globalThis.gc()
    return ref.deref() === undefined
  }, 'the session is collected')
})

test('an open response keeps no adapter', async () => {
  let ref
  const use = async () => {
    const adapter = () => ({ body: 'text' })
    ref = new WeakRef(adapter)
    return mocked(adapter).get('mock://a/')
  }
  const response = await use()
  await eventually(() => {
    globalThis.gc()
    return ref.deref() === undefined
  }, 'the adapter is released')
  assert.equal(await response.text(), 'text')
})

test('memory stays flat over many requests to an adapter', async () => {
  const body = Buffer.alloc(50_000)
  const session = mocked(async () => ({ body }))
  const many = async (count) => {
    for (let i = 0; i < count; i++) await (await session.post('mock://a/', { body })).bytes()
    globalThis.gc()
    return process.memoryUsage().rss
  }
  const before = await many(1000)
  const more = await many(4000) - before
  assert.ok(more < 128 << 20, `${more} bytes more`) // of one that stays each time: 200 MB
})
