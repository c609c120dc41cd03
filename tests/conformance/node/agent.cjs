'use strict'

// The agent for Node: runs the driver's lines over the public API of bindings/node. It knows
// nothing of vectors, expectations and servers. A line that the protocol does not have ends it.

const { createInterface } = require('node:readline')
const { RequestError, Session, file } = require('../../../bindings/node')

// ---- lines ----

/** The fields of a line as bytes; null for null. */
function decoded (line) {
  return line.split('\t').map((field) => {
    if (field === '%') return null
    const byte = (_, hex) => String.fromCharCode(parseInt(hex, 16))
    return Buffer.from(field.replace(/%(..)/g, byte), 'latin1')
  })
}

function encoded (field) {
  if (field === null) return '%'
  const byte = (character) => '%' + character.charCodeAt(0).toString(16).padStart(2, '0')
  const bytes = Buffer.isBuffer(field) ? field : Buffer.from(String(field))
  return bytes.toString('latin1').replace(/[^\x21-\x7e]|%/g, byte)
}

function reply (lines) {
  const written = [...lines, ['.']].map((line) => line.map(encoded).join('\t') + '\n')
  process.stdout.write(written.join(''))
}

// ---- the case at hand ----

let session, ofSession, jar, request, ofRequest, prepared, failure

/** Before the first request the session's options, then those of the request. */
const options = () => ofRequest ?? ofSession

function begin () {
  [session, ofSession, jar, request, ofRequest, prepared, failure] = [null, {}, []]
}

/** The session is made when its options are complete: with the first request. */
function made () {
  if (session !== null) return session
  session = new Session(ofSession)
  for (const change of jar) change(session.cookies)
  return session
}

function change (cookies) {
  if (session === null) jar.push(cookies)
  else cookies(session.cookies)
}

/** Sets a pair in the place of the first of its name, as headers and params are set. */
function replace (option, name, value, key = (name) => name) {
  const list = options()[option] ??= []
  const same = ([other]) => key(other) === key(name)
  const first = list.findIndex(same)
  if (first < 0) return list.push([name, value])
  list[first] = [name, value]
  options()[option] = list.filter((item, i) => i <= first || !same(item))
}

function add (option, ...item) {
  (options()[option] ??= []).push(item)
}

const auth = (given) => { options().auth = { ...options().auth, ...given } }
const proxy = (key, url) => { options().proxies = { ...options().proxies, [key]: url } }

/** A body that can be read once, as the pieces of a socket. */
async function * once (pieces) {
  yield * pieces
}

// ---- words of the protocol; fields are text unless a word is in `bytes` ----

const bytes = new Set(['body', 'chunk', 'part'])

const setters = {
  __proto__: null,
  case: begin,
  request (method, url) {
    made()
    ;[request, ofRequest, prepared] = [[method, url], {}, null]
  },
  header: (name, value) => replace('headers', name, value, (name) => name.toLowerCase()),
  header_add: (name, value) => add('headers', name, value),
  param: (name, value) => replace('params', name, value),
  param_add: (name, value) => add('params', name, value),
  params_raw: (text) => { options().params = text },
  path_as_is: () => { options().pathAsIs = true },
  basic: (...basic) => auth({ basic }),
  latin1: () => auth({ latin1: true }),
  digest: (...digest) => auth({ digest }),
  bearer: (bearer) => auth({ bearer }),
  cookie: (name, value) => add('cookies', name, value),
  proxy,
  no_proxy: (list) => proxy('no_proxy', list),
  trust_env: (trust) => { ofSession.trustEnv = trust === '1' },
  env: (name, value) => { ofSession.env = { ...ofSession.env, [name]: value } },
  resolve (host, port, address) {
    ofSession.resolve = { ...ofSession.resolve, [`${host}:${port}`]: address }
  },
  timeout (...ms) { options().timeout = ms.map((ms) => Number(ms) / 1000) },
  follow_redirects: (follow) => { options().followRedirects = follow === '1' },
  redirects_max: (count) => { options().maxRedirects = Number(count) },
  jar_set (name, value, domain, path, secure) {
    change((cookies) => cookies.set(name, value, { domain, path, secure: secure === '1' }))
  },
  jar_clock (seconds) {
    change((cookies) => { cookies.clock = seconds === '-1' ? null : new Date(seconds * 1000) })
  },
  body: (body) => { ofRequest.body = body },
  json: (text) => { ofRequest.jsonText = text },
  field: (name, value) => add('form', name, value),
  body_file: (path) => { ofRequest.body = file(path) },
  chunk: (piece) => { (ofRequest.chunks ??= []).push(piece) },
  part (name, filename, type, content) {
    const text = (field) => field === null ? null : field.toString()
    const part = { name: text(name), filename: text(filename), type: text(type), content }
    ;(ofRequest.files ??= []).push({ ...part, headers: [] })
  },
  part_header: (name, value) => { ofRequest.files.at(-1).headers.push([name, value]) }
}

function prepare () {
  const { chunks, ...given } = ofRequest
  if (chunks !== undefined) given.body = once(chunks)
  prepared = made().prepare(...request, given)
  return prepared
}

const actions = {
  __proto__: null,
  prepare () {
    const { method, url, headers, body, bodyLength } = prepare()
    const streamed = body === null && bodyLength !== 0
    return [['method', method], ['url', url], ...headers.map((pair) => ['header', ...pair]),
      streamed ? ['stream', bodyLength] : ['body', body]]
  },
  proxy: () => [['proxy', prepare().proxy(session)]],
  async send () {
    return answer(await session.send(prepared ?? prepare()))
  },
  jar: () => cookies(made().cookies)
}

/** Reads the body, then tells everything of a response. */
async function answer (response) {
  const [content, text] = [await response.bytes(), await response.text()]
  return [['status', response.status], ['reason', latin1(response.reason)], ['url', response.url],
    ...[...response.headers].map(([name, value]) => ['header', latin1(name), latin1(value)]),
    ...response.history.map(({ status, url }) => ['history', status, url]),
    ['ok', bit(response.ok)], ['is_redirect', bit(response.isRedirect)],
    ['is_permanent_redirect', bit(response.isPermanentRedirect)],
    ['encoding', response.encoding],
    ...response.links.flatMap(({ key, url, params }) => [['link', key, url],
      ...params.map(([name, value]) => ['link_param', key, name, value])]),
    ...cookies(response.cookies), ['content', content], ['text', text]]
}

const cookies = (jar) => Array.from(jar, ({ name, value, domain, path, secure }) =>
  ['cookie', name, value, domain ?? '', path, bit(secure)])

const bit = (on) => on ? '1' : '0'

/** Header text is bytes, each of them a character. */
const latin1 = (text) => Buffer.from(text, 'latin1')

function failed (error) {
  const isOwn = error instanceof RequestError
  return [['error', isOwn ? error.exception : error.name, error.code ?? '', error.message]]
}

async function act (action) {
  if (failure) return reply(failed(failure))
  try {
    reply(await action())
  } catch (error) {
    reply(failed(error))
  }
}

function set (word, fields) {
  if (setters[word] === undefined) throw new Error(`the protocol has no word ${word}`)
  if (failure && word !== 'case') return
  try {
    setters[word](...fields.map((field) => bytes.has(word) ? field : field?.toString() ?? null))
  } catch (error) {
    failure = error
  }
}

async function main () {
  begin()
  for await (const line of createInterface({ input: process.stdin })) {
    const [word, ...fields] = decoded(line)
    // `proxy` alone asks, with fields it sets.
    const action = fields.length === 0 ? actions[word.toString()] : undefined
    if (action !== undefined) await act(action)
    else set(word.toString(), fields)
  }
}

main()
