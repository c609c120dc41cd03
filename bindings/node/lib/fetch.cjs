'use strict'

// fetch() as https://fetch.spec.whatwg.org has it, over a session: a URL or a Request goes in, a
// Response of the global class comes out, and what fails on the network is a TypeError. What init
// says is read, and refused, by the global Request; redirects, cookies and everything else on the
// way are the session's. The bodies of requests are fetch-body.cjs's.

const { RequestError } = require('./errors.cjs')
const { bodyOptions } = require('./fetch-body.cjs')
const { webStream } = require('./streams.cjs')

const NULL_BODY = [101, 103, 204, 205, 304]

// The connection's business, which the standard does not leave to its callers.
const FORBIDDEN = ['content-length', 'transfer-encoding']

// ---- the request ----

/** A Request of this process's class, for clients that bring one of their own. */
function known (input, init) {
  if (input?.[Symbol.toStringTag] !== 'Request' || input instanceof Request) return [input, init]
  const { url, method, headers, body, redirect, signal } = input
  const own = { method, headers: [...headers], redirect, signal }
  return [url, { ...own, ...(body && { body, duplex: 'half' }), ...init }]
}

const isEmpty = (init) =>
  Object.keys(init).length === 0 && Object.getPrototypeOf(init) === Object.prototype

/** An init without its signal; it may have all it says from its class. */
function without (init) {
  return Object.create(init, { signal: { value: undefined } })
}

/** What is to be sent, and the signal that ends it: not the Request's, which follows that one. */
function read (given, init) {
  const [input, settings] = known(given, init)
  const isRequest = input instanceof Request
  const signal = settings.signal === undefined && isRequest ? input.signal : settings.signal
  if (signal !== undefined && signal !== null && typeof signal.throwIfAborted !== 'function') {
    throw new TypeError('signal must be an AbortSignal')
  }
  // The body of a Request made of another would come through a pipe.
  const asIs = isRequest && isEmpty(settings)
  const request = asIs ? input : new Request(input, without(settings))
  if (request.bodyUsed) throw new TypeError('the body of the Request was read already')
  if (request.integrity) throw new TypeError('fetch() of librq does not check integrity')
  const { body, headers = isRequest ? input.headers : undefined } = settings
  const typed = new Headers(headers).has('content-type')
  return { request, body, typed, signal: signal ?? undefined }
}

async function optionsOf ({ request, body, typed, signal }) {
  const sent = await bodyOptions(body, request, typed)
  const omitted = sent.files ? [...FORBIDDEN, 'content-type'] : FORBIDDEN
  return {
    headers: [...request.headers].filter(([name]) => !omitted.includes(name)),
    signal,
    followRedirects: request.redirect !== 'manual',
    ...(request.redirect === 'error' && { maxRedirects: 0 }),
    ...sent
  }
}

// ---- the response ----

/** What librq reports as clients of fetch() look for it; reasons and what hooks throw as it is. */
function failure (message, error) {
  return error instanceof RequestError ? new TypeError(message, { cause: error }) : error
}

async function * piecesOf (response) {
  try {
    yield * response
  } catch (error) {
    throw failure('terminated', error)
  }
}

/** Says of itself, and of its clones, what the constructor cannot be told. */
function dressed (made, facts) {
  const clone = () => dressed(Response.prototype.clone.call(made), facts)
  for (const [name, value] of Object.entries({ ...facts, clone })) {
    Object.defineProperty(made, name, { value, configurable: true })
  }
  return made
}

function standard (response, method) {
  const { status, reason } = response
  const empty = method === 'HEAD' || NULL_BODY.includes(status)
  if (empty) response.close()
  const headers = new Headers()
  for (const field of response.headers) headers.append(...field)
  const body = empty ? null : webStream(piecesOf(response), () => response.close())
  const known = status >= 200 && status <= 599
  const facts = {
    type: 'basic',
    url: response.url.replace(/#.*$/s, ''),
    redirected: response.history.some((hop) => hop.isRedirect),
    statusText: reason
  }
  const made = new Response(body, { status: known ? status : 200, headers })
  return dressed(made, known ? facts : { ...facts, status, ok: false })
}

// ---- both ----

// The signal of a Request hears of the one that it follows only as long as the Request lives.
const asked = new WeakMap() // response of the session → what it was asked for by

/** settings are options of the session's requests, beside what the standard asks for. */
async function fetchOver (session, input, init, settings) {
  if (typeof (init ?? {}) !== 'object') throw new TypeError('the init must be an object')
  const asking = read(input, init ?? {})
  const { request, signal } = asking
  signal?.throwIfAborted()
  const options = { ...settings, ...await optionsOf(asking) }
  let response
  try {
    response = await session.request(request.method, request.url, options)
    asked.set(response, input)
    return standard(response, request.method)
  } catch (error) {
    response?.close()
    throw failure('fetch failed', error)
  }
}

module.exports = { fetchOver }
