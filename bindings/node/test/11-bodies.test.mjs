// Bodies that are described rather than given: JSON, form fields, files and parts; as the server
// received them.

import assert from 'node:assert/strict'
import { mkdtempSync, openSync, closeSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Session, file } from 'librq'
import { testd } from './testd.mjs'

const { HTTP } = await testd()
const session = new Session()
const folder = mkdtempSync(join(tmpdir(), 'rq-bodies-'))
const path = join(folder, 'small.txt')
writeFileSync(path, 'from a file')
after(() => rmSync(folder, { recursive: true }))

/** { head, body } as the server received them. */
async function echoed (options) {
  const text = await (await session.post(`${HTTP}/echo`, options)).text()
  const end = text.indexOf('\r\n\r\n')
  return { head: text.slice(0, end + 2), body: text.slice(end + 4) }
}

/** The parts of a multipart body, each { head, body }. */
async function parts (options) {
  const { head, body } = await echoed(options)
  const [, boundary] = /\r\nContent-Type: multipart\/form-data; boundary=(.*)\r\n/.exec(head)
  const split = body.split(`--${boundary}`)
  assert.equal(split.shift(), '')
  assert.equal(split.pop(), '--\r\n')
  return split.map((part) => {
    const [, fields, content] = /^\r\n([^]*?)\r\n\r\n([^]*)\r\n$/.exec(part)
    return { head: fields, body: content }
  })
}

const disposition = (rest) => `Content-Disposition: form-data; ${rest}`

// ---- JSON ----

test('jsonText is sent as it is', async () => {
  const { head, body } = await echoed({ jsonText: '{"a": [1.0,\t2]}' })
  assert.match(head, /\r\nContent-Type: application\/json\r\n/)
  assert.equal(body, '{"a": [1.0,\t2]}')
})

test('jsonText that is no JSON', async () => {
  const expected = { code: 'invalid_json', exception: 'InvalidJSONError' }
  await assert.rejects(session.post(HTTP, { jsonText: '{"a": NaN}' }), expected)
})

test('body wins over form and json, form over json', async () => {
  assert.equal((await echoed({ body: 'body', form: { a: '1' }, json: {} })).body, 'body')
  assert.equal((await echoed({ json: {}, form: { a: '1' } })).body, 'a=1')
})

// ---- form ----

for (const [kind, form] of Object.entries({
  object: { a: ['1', '2'], 'b c': 'ü&', d: null, e: 3 },
  pairs: [['a', '1'], ['a', '2'], ['b c', 'ü&'], ['d', null], ['e', 3]],
  URLSearchParams: new URLSearchParams([['a', '1'], ['a', '2'], ['b c', 'ü&'], ['e', '3']])
})) {
  test(`a form from ${kind}`, async () => {
    const { head, body } = await echoed({ form })
    assert.match(head, /\r\nContent-Type: application\/x-www-form-urlencoded\r\n/)
    assert.equal(body, 'a=1&a=2&b+c=%C3%BC%26&e=3')
  })
}

test('a body of URLSearchParams is a form', async () => {
  const { head, body } = await echoed({ body: new URLSearchParams({ a: '1' }) })
  assert.match(head, /\r\nContent-Type: application\/x-www-form-urlencoded\r\n/)
  assert.equal(body, 'a=1')
})

// ---- files ----

test('files in every form', async () => {
  const found = await parts({
    form: { first: 'field' },
    files: {
      text: 'content',
      bytes: ['b.bin', new Uint8Array([97, 98])],
      typed: ['t.txt', 'typed', 'text/plain'],
      headers: ['h.txt', 'headers', 'text/plain', { 'X-A': '1', 'X-B': 2 }],
      unnamed: [null, 'no file'],
      none: null,
      path: file(path),
      url: file(pathToFileURL(path))
    }
  })
  assert.deepEqual(found, [
    { head: disposition('name="first"'), body: 'field' },
    { head: disposition('name="text"; filename="text"'), body: 'content' },
    { head: disposition('name="bytes"; filename="b.bin"'), body: 'ab' },
    { head: `${disposition('name="typed"; filename="t.txt"')}\r\nContent-Type: text/plain`,
      body: 'typed' },
    { head: `${disposition('name="headers"; filename="h.txt"')}\r\nContent-Type: text/plain\r\n` +
      'X-A: 1\r\nX-B: 2', body: 'headers' },
    { head: disposition('name="unnamed"'), body: 'no file' },
    { head: disposition('name="path"; filename="small.txt"'), body: 'from a file' },
    { head: disposition('name="url"; filename="small.txt"'), body: 'from a file' }
  ])
})

test('files as a list of parts and of pairs, in order, names repeated', async () => {
  const found = await parts({
    files: [
      { name: 'a', content: '1', filename: null },
      ['a', ['2.txt', '2']],
      { name: 'a', path, type: 'text/x' },
      { name: 'b', content: new Blob(['blob'], { type: 'text/blob' }), filename: 'b' },
      ['c', new File(['file'], 'own.txt')]
    ]
  })
  assert.deepEqual(found, [
    { head: disposition('name="a"'), body: '1' },
    { head: disposition('name="a"; filename="2.txt"'), body: '2' },
    { head: `${disposition('name="a"; filename="small.txt"')}\r\nContent-Type: text/x`,
      body: 'from a file' },
    { head: `${disposition('name="b"; filename="b"')}\r\nContent-Type: text/blob`, body: 'blob' },
    { head: disposition('name="c"; filename="own.txt"'), body: 'file' }
  ])
})

test('FormData is multipart, text without a filename', async () => {
  const body = new FormData()
  body.append('a', '1')
  body.append('b', new File(['file'], 'b.txt', { type: 'text/plain' }))
  assert.deepEqual(await parts({ body }), [
    { head: disposition('name="a"'), body: '1' },
    { head: `${disposition('name="b"; filename="b.txt"')}\r\nContent-Type: text/plain`,
      body: 'file' }
  ])
})

test('parts that are read piece by piece; with all lengths known, the whole has one', async () => {
  const pieces = async function * () { yield 'pie'; yield 'ces' }
  const known = [{ name: 'a', filename: 'a', content: pieces, length: 6 }]
  const one = session.prepare('POST', HTTP, { files: known })
  assert.ok(one.bodyLength > 0)
  assert.equal(one.body, null)
  assert.equal(session.prepare('POST', HTTP, { files: { a: pieces } }).bodyLength, -1)
  const [part] = await parts({ files: known })
  assert.equal(part.body, 'pieces')
})

// ---- files as bodies ----

test('a file as body, sent as often as asked', async () => {
  const body = file(path)
  const { head, body: sent } = await echoed({ body })
  assert.match(head, /\r\nContent-Length: 11\r\n/)
  assert.equal(sent, 'from a file')
  const prepared = session.prepare('POST', `${HTTP}/echo`, { body })
  assert.equal(prepared.bodyLength, 11)
  for (let i = 0; i < 2; i++) {
    assert.match(await (await session.send(prepared)).text(), /\r\n\r\nfrom a file$/)
  }
})

test('an open file as body, from where it stands', async () => {
  const fd = openSync(path)
  readSync(fd, new Uint8Array(5))
  const prepared = session.prepare('POST', `${HTTP}/echo`, { body: { fd } })
  closeSync(fd)
  assert.match(await (await session.send(prepared)).text(), /\r\n\r\na file$/)
  const handle = await open(path)
  assert.equal((await echoed({ body: handle })).body, 'from a file')
  await handle.close()
})

test('a file that is missing', async () => {
  const missing = file(join(folder, 'missing'))
  for (const options of [{ body: missing }, { files: { a: missing } }]) {
    await assert.rejects(session.post(HTTP, options), { code: 'file' })
    assert.throws(() => session.prepare('POST', HTTP, options), { code: 'file' })
  }
})
