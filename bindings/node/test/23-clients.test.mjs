// Clients that others wrote, ky, ofetch and openai, over this fetch, unchanged: JSON, retries,
// timeouts, aborts, uploads and streams, against a server of the test's own.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import ky, { HTTPError, TimeoutError } from 'ky'
import { FetchError, createFetch } from 'ofetch'
import OpenAI, {
  APIConnectionError, APIConnectionTimeoutError, APIUserAbortError, BadRequestError, toFile
} from 'openai'
import { RequestError, Session, fetch } from 'librq'
import { endless } from './endless.mjs'
import { answer, origin } from './origin.mjs'
import { testd } from './testd.mjs'

const { HTTP, REFUSED } = await testd()
const server = await endless()

const json = (response, value, status = 200, headers = {}) =>
  answer(response, status, { 'Content-Type': 'application/json', ...headers },
    JSON.stringify(value))

/** Fails twice, then says what it was sent. */
async function flaky (status, headers) {
  const { asked, url } = await origin((request, response, body) => {
    if (asked.length < 3) return json(response, { error: { message: 'later' } }, status, headers)
    json(response, { method: request.method, body })
  })
  return { asked, url }
}

const isRefusal = (error) => {
  for (; error !== undefined; error = error.cause) {
    if (error instanceof RequestError) return error.code === 'connect'
  }
  return false
}

// ---- ky ----

const over = (session) => ky.create({ fetch: session.fetch, retry: { limit: 2, delay: () => 1 } })

test('ky: JSON out and in, a prefix, parameters, hooks', async () => {
  const { url, asked } = await origin((request, response, body) =>
    json(response, { body, at: request.url }))
  let seen
  const client = over(new Session()).extend({
    prefixUrl: url,
    headers: { 'X-A': 'ky' },
    hooks: { afterResponse: [(request, options, response) => { seen = response.url }] }
  })
  const sent = await client.post('path', { json: { a: 'ü' }, searchParams: { q: '1 2' } }).json()
  assert.deepEqual(sent, { body: '{"a":"ü"}', at: '/path?q=1+2' })
  assert.equal(seen, `${url}/path?q=1+2`)
  const [{ headers }] = asked
  assert.deepEqual([headers['x-a'], headers['content-type'], headers['content-length']],
    ['ky', 'application/json', '10'])
})

test('ky: retries after statuses, with the body, and after refused connections', async () => {
  const { url, asked } = await flaky(503)
  const client = over(new Session())
  assert.equal((await client.put(url, { json: [1] }).json()).body, '[1]')
  assert.equal(asked.length, 3)
  let retried = 0
  const hooks = { beforeRetry: [({ error }) => { retried += isRefusal(error) ? 1 : 0 }] }
  await assert.rejects(client.get(REFUSED, { hooks }), isRefusal)
  assert.equal(retried, 2)
})

test('ky: errors of statuses, timeouts, aborts', async () => {
  const client = over(new Session()).extend({ retry: 0 })
  await assert.rejects(client.get(`${HTTP}/status/404`), HTTPError)
  await assert.rejects(client.get(`${HTTP}/stall-head`, { timeout: 50 }), TimeoutError)
  const controller = new AbortController()
  const waiting = client.get(`${HTTP}/stall-head`, { signal: controller.signal })
  setTimeout(() => controller.abort(new Error('enough')), 30)
  await assert.rejects(waiting, { message: 'enough' })
})

test('ky: progress of a download, a form', async () => {
  const client = over(new Session())
  let last
  const onDownloadProgress = ({ transferredBytes }) => { last = transferredBytes }
  const buffer = await client.get(`${HTTP}/bytes/300000`, { onDownloadProgress }).arrayBuffer()
  assert.deepEqual([buffer.byteLength, last], [300_000, 300_000])
  const body = new FormData()
  body.append('file', new Blob(['content']), 'name.txt')
  const echo = await client.post(`${HTTP}/echo`, { body }).text()
  assert.match(echo, /name="file"; filename="name\.txt"/)
})

// ---- ofetch ----

const ofetch = createFetch({ fetch, defaults: { retry: 2, retryDelay: 1 } })

test('ofetch: JSON out and in, parameters, hooks', async () => {
  const { url } = await origin((request, response, body) =>
    json(response, { body, at: request.url }))
  let status
  const onResponse = ({ response }) => { status = response.status }
  const sent = await ofetch('/path', {
    baseURL: url, method: 'POST', body: { a: 1 }, query: { q: '1' }, onResponse
  })
  assert.deepEqual([sent, status], [{ body: '{"a":1}', at: '/path?q=1' }, 200])
  const { headers, _data } = await ofetch.raw(url)
  assert.deepEqual([headers.get('content-type'), _data.at], ['application/json', '/'])
})

test('ofetch: retries, errors of statuses and of connections, timeouts', async () => {
  const { url, asked } = await flaky(500)
  assert.equal((await ofetch(url)).method, 'GET')
  assert.equal(asked.length, 3)
  await assert.rejects(ofetch(`${HTTP}/status/404`), (error) =>
    error instanceof FetchError && error.status === 404)
  await assert.rejects(ofetch(REFUSED), isRefusal)
  const late = ofetch(`${HTTP}/stall-head`, { timeout: 50, retry: 0 })
  await assert.rejects(late, (error) => error.cause?.name === 'TimeoutError')
})

test('ofetch: a stream', async () => {
  const stream = await ofetch(server.url, { responseType: 'stream' })
  for await (const piece of stream) {
    assert.ok(piece.length > 0)
    break
  }
  await server.empty()
})

// ---- openai ----

const completion = { id: '1', object: 'chat.completion', choices: [{ message: { content: 'hi' } }] }
const question = { model: 'small', messages: [{ role: 'user', content: 'hello' }] }
const client = (url, session = new Session()) =>
  new OpenAI({ apiKey: 'key', baseURL: `${url}/v1`, fetch: session.fetch, maxRetries: 2 })

test('openai: a question and its answer, with the key', async () => {
  const { url, asked } = await origin((request, response) => json(response, completion))
  const { choices } = await client(url).chat.completions.create(question)
  assert.equal(choices[0].message.content, 'hi')
  const [{ method, url: path, headers, body }] = asked
  assert.deepEqual([method, path, headers.authorization],
    ['POST', '/v1/chat/completions', 'Bearer key'])
  assert.equal(headers['content-length'], String(body.length))
  assert.deepEqual(JSON.parse(body), question)
})

test('openai: a stream of events, each when it comes', async () => {
  let go
  const { url } = await origin((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    const event = (content) => response.write(
      `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`)
    event('é')
    go = () => {
      event('n')
      go = () => response.end('data: [DONE]\n\n')
    }
  })
  const stream = await client(url).chat.completions.create({ ...question, stream: true })
  let text = ''
  for await (const { choices } of stream) {
    text += choices[0].delta.content
    go() // the next comes only when this one was seen
  }
  assert.equal(text, 'én')
})

test('openai: leaving a stream, or aborting it, closes its connection', async () => {
  const events = await origin((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    const timer = setInterval(() => response.write(
      `data: ${JSON.stringify({ choices: [{ delta: { content: 'x' } }] })}\n\n`), 2)
    response.once('close', () => {
      clearInterval(timer)
      events.server.emit('left')
    })
  })
  for (const leave of ['break', 'abort']) {
    const left = new Promise((resolve) => events.server.once('left', resolve))
    const stream = await client(events.url).chat.completions.create({ ...question, stream: true })
    for await (const { choices } of stream) {
      assert.equal(choices[0].delta.content, 'x')
      if (leave === 'break') break
      stream.controller.abort()
    }
    await left
  }
})

test('openai: retries as the server asks for them', async () => {
  const { url, asked } = await flaky(429, { 'retry-after-ms': '1' })
  assert.equal((await client(url).models.retrieve('small')).method, 'GET')
  assert.equal(asked.length, 3)
  assert.equal(asked[2].headers['x-stainless-retry-count'], '2')
})

test('openai: errors of statuses and of connections, timeouts, aborts', async () => {
  const { url } = await origin((request, response) =>
    json(response, { error: { message: 'no such model' } }, 400))
  await assert.rejects(client(url).chat.completions.create(question), BadRequestError)
  const refused = client(REFUSED)
  const once = { maxRetries: 0 }
  await assert.rejects(refused.models.list(once), (error) =>
    error instanceof APIConnectionError && isRefusal(error))
  const stalled = await origin(() => {})
  const late = client(stalled.url).models.list({ ...once, timeout: 50 })
  await assert.rejects(late, APIConnectionTimeoutError)
  const controller = new AbortController()
  const waiting = client(stalled.url).models.list({ ...once, signal: controller.signal })
  setTimeout(() => controller.abort(), 30)
  await assert.rejects(waiting, APIUserAbortError)
})

test('openai: a file is uploaded as a part', async () => {
  const { url, asked } = await origin((request, response) => json(response, { id: 'file' }))
  const file = await toFile(Buffer.from('{"a": 1}\n'), 'data.jsonl')
  assert.equal((await client(url).files.create({ file, purpose: 'batch' })).id, 'file')
  const [{ headers, body }] = asked
  assert.match(headers['content-type'], /^multipart\/form-data; boundary=/)
  assert.equal(headers['content-length'], String(body.length))
  assert.match(body, /name="purpose"\r\n\r\nbatch\r\n/)
  assert.match(body, /name="file"; filename="data\.jsonl"\r\n[^]*\r\n\r\n\{"a": 1\}\n\r\n/)
})
