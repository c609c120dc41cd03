// The ways to read a body: decoded or as transferred, within limits, as text, lines and JSON, into
// a file; and what the head says of links.

import assert from 'node:assert/strict'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { Session } from 'librq'
import { answer, origin } from './origin.mjs'
import { testd } from './testd.mjs'

const { HTTP } = await testd()
const plain = Buffer.from('a line\n'.repeat(50_000))
const coded = {
  gzip: gzipSync(plain),
  deflate: deflateSync(plain),
  'raw-deflate': deflateRawSync(plain),
  br: brotliCompressSync(plain),
  'gzip, br': brotliCompressSync(gzipSync(plain)),
  'x-gzip': gzipSync(plain)
}
const texts = {
  'text/html; charset=windows-1252': Buffer.from([0x80, 0x93]),
  'text/plain': Buffer.from([0xe9]),
  'application/json': Buffer.from('"é"'),
  'application/octet-stream': Buffer.from('Žluťoučký kůň úpěl ďábelské ódy'),
  'text/x-none': Buffer.alloc(0)
}
const links = '</2>; rel="next last"; title="two", <http://example.org/>; rel=prev'
let pause
const { url } = await origin((request, response) => {
  const [, way, rest] = decodeURIComponent(request.url).match(/^\/(\w+)\/?(.*)$/s)
  if (way === 'coded') {
    const coding = rest.replace('raw-', '')
    return answer(response, 200, { 'Content-Encoding': coding }, coded[rest])
  }
  if (way === 'text') return answer(response, 200, { 'Content-Type': rest }, texts[rest])
  if (way === 'links') return answer(response, 200, { Link: links })
  if (way === 'body') return answer(response, 200, {}, Buffer.from(rest, 'latin1'))
  response.write('first\nsec')
  pause = () => response.end('ond\nthird')
})
const session = new Session()
const folder = await mkdtemp(join(tmpdir(), 'librq-'))
after(() => rm(folder, { recursive: true }))

const all = async (pieces) => {
  const found = []
  for await (const piece of pieces) found.push(piece)
  return found
}
const body = (text, options) => session.get(`${url}/body/${encodeURIComponent(text)}`, options)

for (const [name, bytes] of Object.entries(coded)) {
  test(`${name} is taken off, unless the bytes are wanted as they came`, async () => {
    const path = `${url}/coded/${encodeURIComponent(name)}`
    assert.ok((await (await session.get(path)).bytes()).equals(plain))
    assert.ok(Buffer.concat(await all(await session.get(path))).equals(plain))
    assert.equal(await (await session.get(path)).text(), plain.toString())
    assert.ok(Buffer.concat(await all((await session.get(path)).raw())).equals(bytes))
    assert.ok((await (await session.get(path, { decode: false })).bytes()).equals(bytes))
  })
}

test('raw reads do not mix with others', async () => {
  const response = await session.get(`${url}/coded/gzip`)
  await response.bytes()
  await assert.rejects(response.raw().next(), { code: 'misuse' })
})

test('what is not in its coding is an error', async () => {
  coded.broken = Buffer.from('this is no gzip')
  const lying = await origin((request, response) =>
    answer(response, 200, { 'Content-Encoding': 'gzip' }, 'this is no gzip'))
  const response = await session.get(lying.url)
  await assert.rejects(response.bytes(), { code: 'decode', exception: 'ContentDecodingError' })
})

test('limits of what is transferred and of what is decoded', async () => {
  const limit = { code: 'limit', phase: 'body' }
  const get = async (path, options) => (await session.get(path, options)).bytes()
  const small = `${HTTP}/bytes/1000`
  await assert.rejects(get(small, { maxBody: 999 }), limit)
  assert.equal((await get(small, { maxBody: 1000, maxDecoded: 1000 })).length, 1000)
  await assert.rejects(get(`${HTTP}/bomb/1000000000`, { maxDecoded: 1_000_000 }), limit)
  await assert.rejects(get(`${HTTP}/chunked/100000`, { maxBody: 99_999 }), limit)
  const prepared = session.prepare('GET', small)
  const sent = session.send(prepared, { maxBody: 999 }).then((response) => response.bytes())
  await assert.rejects(sent, limit)
  assert.equal((await (await session.send(prepared)).bytes()).length, 1000)
  const limited = new Session({ maxDecoded: 10 })
  assert.equal((await (await limited.get(small, { maxDecoded: null })).bytes()).length, 1000)
})

test('text is in the encoding that is declared, or set, or likely', async () => {
  const get = (type) => session.get(`${url}/text/${encodeURIComponent(type)}`)
  for (const [type, encoding, text] of [
    ['text/html; charset=windows-1252', 'windows-1252', '€“'], ['text/plain', 'ISO-8859-1', 'é'],
    ['application/json', 'utf-8', '"é"'], ['text/x-none', 'ISO-8859-1', ''],
    ['application/octet-stream', null, 'Žluťoučký kůň úpěl ďábelské ódy']
  ]) {
    const response = await get(type)
    assert.equal(response.encoding, encoding)
    assert.equal(await response.text(), text)
    assert.equal(await response.text(), text)
  }
  const response = await get('text/html; charset=windows-1252')
  response.encoding = 'cp1251'
  assert.equal(await response.text(), 'Ђ“')
  response.encoding = null
  assert.equal(response.encoding, 'windows-1252')
  assert.equal(await response.text(), '€“')
  assert.throws(() => { response.encoding = 'no-such' }, { code: 'invalid_argument' })
  assert.throws(() => { response.encoding = 1 }, TypeError)
})

test('apparentEncoding looks at the bytes', async () => {
  const response = await session.get(`${url}/text/application%2Foctet-stream`)
  assert.equal(await response.apparentEncoding(), 'utf-8')
  assert.equal((await response.bytes()).length, texts['application/octet-stream'].length)
})

test('whole bodies may be asked for in all ways at once', async () => {
  const response = await session.get(`${HTTP}/chunked/300000`)
  const [bytes, text, again] = await Promise.all(
    [response.bytes(), response.text(), response.bytes(), response.apparentEncoding()])
  assert.equal(bytes, again)
  assert.equal(bytes.length, 300_000)
  assert.ok(text.length > 0)
})

test('json in any UTF, and what is none', async () => {
  const value = { text: 'é' }
  const types = { 'Content-Type': 'application/json' }
  const server = await origin((request, response) => {
    const bytes = Buffer.from(JSON.stringify(value), request.url === '/16' ? 'utf16le' : 'utf8')
    answer(response, 200, types, request.url === '/no' ? 'no' : bytes)
  })
  for (const path of ['/8', '/16']) {
    assert.deepEqual(await (await session.get(server.url + path)).json(), value)
  }
  await assert.rejects((await session.get(`${server.url}/no`)).json(), SyntaxError)
})

for (const path of ['/body/', '/coded/gzip']) {
  test(`lines of ${path}`, async () => {
    if (path === '/coded/gzip') {
      const lines = await all((await session.get(url + path)).lines())
      assert.equal(lines.length, 50_000)
      assert.ok(lines.every((line) => line.equals(Buffer.from('a line'))))
      const texts = await all((await session.get(url + path)).textLines())
      assert.deepEqual([texts.length, texts[49_999]], [50_000, 'a line'])
    } else {
      const lines = await all((await body('a\nb\r\n\rc')).lines())
      assert.deepEqual(lines.map(String), ['a', 'b', '', 'c'])
      assert.deepEqual(await all((await body('')).lines()), [])
    }
  })
}

test('lines end where the delimiter is', async () => {
  for (const delimiter of ['--', Buffer.from('--')]) {
    const lines = await all((await body('a--b\n--c-d')).lines({ delimiter }))
    assert.deepEqual(lines.map(String), ['a', 'b\n', 'c-d'])
    const texts = await all((await body('a--b')).textLines({ delimiter }))
    assert.deepEqual(texts, ['a', 'b'])
  }
  const response = await body('a')
  for (const delimiter of ['', 1, null]) {
    assert.throws(() => response.lines({ delimiter }), TypeError)
  }
})

test('a line comes when it has come, not with the next', async () => {
  const lines = (await session.get(`${url}/slow`)).textLines()
  assert.deepEqual(await lines.next(), { done: false, value: 'first' })
  pause()
  assert.deepEqual(await all(lines), ['second', 'third'])
})

test('leaving the lines gives the connection up', async () => {
  const response = await session.get(`${url}/slow`)
  for await (const line of response.lines()) {
    assert.equal(String(line), 'first')
    break
  }
  await assert.rejects(response.bytes(), TypeError)
})

test('the lines before a failure come before it', async () => {
  const lines = []
  await assert.rejects(async () => {
    for await (const line of (await session.get(`${HTTP}/truncated`)).lines()) lines.push(line)
  }, { code: 'incomplete' })
  assert.ok(lines.length > 0)
})

test('text comes in pieces of whole characters', async () => {
  const type = encodeURIComponent('application/json')
  const pieces = await all((await session.get(`${url}/text/${type}`)).textStream())
  assert.equal(pieces.join(''), '"é"')
  const long = await all((await session.get(`${url}/coded/br`)).textStream())
  assert.ok(long.length > 1)
  assert.equal(long.join(''), plain.toString())
})

test('save writes all of the body, or nothing', async () => {
  const path = join(folder, 'saved')
  await writeFile(path, 'old')
  await assert.rejects((await session.get(`${HTTP}/truncated`)).save(path), { code: 'incomplete' })
  assert.equal(await readFile(path, 'latin1'), 'old')
  for (const size of [0, 1000, 3_000_000]) {
    const response = await session.get(`${HTTP}/bytes/${size}`)
    assert.equal(await response.save(path), size)
    assert.equal((await readFile(path)).length, size)
    assert.ok(response.trailers)
    await assert.rejects(response.save(path), TypeError)
  }
  assert.deepEqual(await readdir(folder), ['saved'])
  const nowhere = (await session.get(`${HTTP}/json`)).save(join(folder, 'no', 'where'))
  await assert.rejects(nowhere, { code: 'file' })
  await assert.rejects((await session.get(`${HTTP}/json`)).save(1), TypeError)
})

test('links', async () => {
  const response = await session.get(`${url}/links`)
  assert.deepEqual(response.links.map(({ key, url }) => [key, url]),
    [['next last', '/2'], ['prev', 'http://example.org/']])
  assert.deepEqual(response.links[0].params, [['rel', 'next last'], ['title', 'two']])
  assert.equal(response.link('prev'), 'http://example.org/')
  assert.equal(response.link('LAST'), '/2')
  assert.equal(response.link('first'), null)
  assert.deepEqual((await session.get(`${HTTP}/json`)).links, [])
})

test('ok is what raise does not throw for', async () => {
  for (const [status, ok] of [[204, true], [399, true], [400, false], [599, false], [600, true]]) {
    const response = await session.get(`${HTTP}/status/${status}`, { followRedirects: false })
    assert.equal(response.ok, ok)
    if (ok) assert.equal(response.raise(), response)
    else assert.throws(() => response.raise(), { code: 'status', status })
  }
})

test('readInto fills one buffer again and again', async () => {
  for (const way of ['gzip', 'raw-deflate']) {
    const response = await session.get(`${url}/coded/${way}`)
    const buffer = new Uint8Array(1000)
    const pieces = []
    for (let count; (count = await response.readInto(buffer)) > 0;) {
      assert.ok(count <= buffer.length)
      pieces.push(Buffer.from(buffer.subarray(0, count)))
    }
    assert.ok(Buffer.concat(pieces).equals(plain), way)
    assert.equal(await response.readInto(buffer), 0)
    await assert.rejects(response.bytes(), TypeError)
  }
})

test('readInto takes only bytes with room, and only one way of reading', async () => {
  const response = await session.get(`${url}/coded/gzip`)
  for (const none of [new Uint8Array(0), [], 'text', new ArrayBuffer(8), undefined]) {
    await assert.rejects(response.readInto(none), TypeError)
  }
  assert.equal(await response.readInto(Buffer.alloc(5)), 5)
  response.close()
  await assert.rejects(response.readInto(Buffer.alloc(5)), { code: 'misuse' })
  const given = new Uint8Array(100_000)
  const other = await session.get(`${HTTP}/bytes/1000000`)
  const read = other.readInto(given)
  structuredClone(given.buffer, { transfer: [given.buffer] })
  await assert.rejects(read, { code: 'misuse' })
  other.close()
})

test('chunks are of one size but the last', async () => {
  for (const [way, size] of [['gzip', 1000], ['br', 65537], ['x-gzip', 1], ['gzip', 1 << 20]]) {
    const pieces = await all((await session.get(`${url}/coded/${way}`)).chunks(size))
    assert.ok(pieces.slice(0, -1).every((piece) => piece.length === size), way)
    assert.ok(pieces.at(-1).length <= size)
    assert.ok(Buffer.concat(pieces).equals(plain), `${way} ${size}`)
  }
  const response = await session.get(`${url}/coded/gzip`)
  for (const size of [0, -1, 1.5, '8', undefined]) {
    await assert.rejects(response.chunks(size).next(), TypeError)
  }
  const broken = await session.get(`${HTTP}/truncated`)
  await assert.rejects(all(broken.chunks(10)), { code: 'incomplete' })
  response.close()
})

// ---- how large pieces are ----

const KIB = 1024

/** A body of that many bytes, all of it there at once. */
async function there (size, use) {
  const session = new Session({ trustEnv: false })
  const bytes = Buffer.alloc(size)
  for (let i = 0; i < size; i++) bytes[i] = i * 31 >> 3
  session.mount('mock://', () => ({ body: bytes }))
  await use(await session.get('mock://a/'), bytes)
  session.close()
}

const sizes = (pieces) => pieces.map((piece) => piece.length / KIB)

test('pieces become larger while each read is filled, to 128 KiB, and smaller again', async () => {
  for (const way of [(response) => response, (response) => response.raw()]) {
    await there(484 * KIB, async (response, bytes) => {
      const pieces = await all(way(response))
      assert.deepEqual(sizes(pieces), [64, 128, 128, 128, 36])
      assert.ok(pieces.every(Buffer.isBuffer))
      assert.ok(Buffer.concat(pieces).equals(bytes))
    })
  }
  let go
  const server = await origin(async (request, response) => {
    response.write(Buffer.alloc(512 * KIB))
    for (let i = 0; i < 8; i++) {
      await new Promise((resolve) => { go = resolve })
      response.write('few')
    }
    response.end()
  })
  let [largest, total, slow] = [0, 0, 0]
  for await (const piece of await session.get(server.url)) {
    largest = Math.max(largest, piece.length)
    total += piece.length
    if (total < 512 * KIB) continue
    if (total > 512 * KIB) assert.deepEqual([piece.length, piece.buffer.byteLength], [3, 3])
    slow++
    go()
  }
  assert.deepEqual([total, slow], [512 * KIB + 8 * 3, 9])
  assert.ok(largest <= 128 * KIB)
})

test('pieces are Buffers with memory of their own, which can be given away', async () => {
  await there((64 + 128 + 100) * KIB, async (response, bytes) => {
    const given = []
    for await (const piece of response) {
      const copy = structuredClone(piece, { transfer: [piece.buffer] })
      assert.equal(piece.length, 0)
      given.push(copy)
    }
    assert.deepEqual(sizes(given), [64, 128, 100])
    assert.ok(Buffer.concat(given).equals(bytes))
  })
  await there((64 + 128 + 100) * KIB, async ({ body }, bytes) => {
    const pieces = await all(body)
    assert.deepEqual(sizes(pieces), [64, 128, 100])
    assert.ok(Buffer.concat(pieces).equals(bytes))
  })
})
