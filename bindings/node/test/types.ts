// Compiled, not run: the types of index.d.ts as a program in TypeScript meets them.
import * as librq from 'librq'
import {
  Adapter, Certificate, Cookie, Prepared, RequestError, Response, Session, file
} from 'librq'

export async function everything (signal: AbortSignal): Promise<void> {
  using session = new Session({
    headers: { 'X-Trace': '1', Accept: null },
    timeout: [3.05, 27],
    deadline: 60,
    verify: '/etc/ssl/ca.pem',
    resolve: { 'example.org:443': '127.0.0.1:8443' },
    pool: { idle: 10, idlePerHost: 2 },
    idleAge: 30
  })
  const prepared: Prepared = session.prepare('POST', new URL('https://example.org/'), {
    headers: [['A', '1'], ['A', 2]], json: { hello: 'librq' }
  })
  prepared.method = 'PUT'
  prepared.url = new URL('https://example.org/other')
  prepared.setHeader('A', null)
  prepared.body = new ArrayBuffer(8)
  const sent: [string, string][] = prepared.headers
  const length: number | undefined = prepared.body?.length

  using response: Response = (await session.send(prepared, { signal })).raise()
  for await (const piece of response) piece.subarray(0, 1)
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader()
  const trailer: string | null | undefined = response.trailers?.get('X-Checksum')
  const names: string[] = [...response.headers].map(([name]) => name)

  const answer = await (await librq.get('https://example.org/')).json<{ hello: string }>()
  await librq.delete('https://example.org/', { headers: new Map([['A', '1']]), body: 'text' })
  console.log(sent, length, reader, trailer, names, answer.hello, librq.version)
}

export async function bodies (stream: ReadableStream<Uint8Array>): Promise<void> {
  const session = new Session({
    auth: { basic: ['ann', 'sécret'], latin1: true },
    params: { page: 1, tag: ['a', 'b'], old: null },
    proxies: { https: 'http://127.0.0.1:3128', 'http://example.org': null, no_proxy: '.test' },
    trustEnv: false,
    env: { NETRC: null }
  })
  const url = 'https://example.org/'
  await session.post(url, { body: stream, bodyLength: 5, auth: null, cookies: { a: '1', b: null } })
  await session.post(url, { body: async function * () { yield 'piece' }, auth: ['ann', 'secret'] })
  await session.post(url, { body: file(new URL('file:///etc/hosts')), auth: { bearer: 'token' } })
  await session.post(url, { body: new FormData(), onProgress: (sent, total) => sent / total })
  await session.post(url, { body: { fd: 0 }, params: 'raw', pathAsIs: true })
  await session.post(url, {
    form: new URLSearchParams('a=1'),
    files: {
      short: 'text',
      blob: new Blob(['text']),
      long: ['name.txt', file('/etc/hosts'), 'text/plain', { 'X-A': 1 }],
      none: null
    }
  })
  await session.post(url, { files: [{ name: 'a', path: '/etc/hosts' }, ['b', [null, 'text']]] })
  const prepared = session.prepare('PUT', url, {
    jsonText: '{}', auth: (prepared) => prepared.addHeader('Authorization', 'mine')
  })
  const shown: [string, string | null, number] =
    [prepared.curl({ secrets: true }), prepared.proxy(session), prepared.bodyLength]

  session.cookies.set('a', 1, { domain: 'example.org', secure: true })
  session.cookies.receive(new URL(url), 'b=2; Path=/')
  session.cookies.clock = new Date(0)
  await session.cookies.load('cookies.txt')
  const kept: Cookie[] = [...session.cookies]
  console.log(shown, kept[0]?.expires?.getTime())
  session.cookies.clear({ domain: 'example.org' })
}

export async function exchanges (): Promise<void> {
  const session = new Session({
    followRedirects: true,
    maxRedirects: 5,
    sensitiveHeaders: ['X-Key'],
    retries: { count: 3, statuses: [500], methods: ['POST'], backoff: 0.1, retryAfterMax: 30 },
    decode: true,
    maxBody: 1 << 30,
    maxDecoded: null,
    hooks: {
      request: [(prepared) => { prepared.setHeader('A', '1') }, async (prepared) => {
        prepared.setHeader('B', (await session.get('https://example.org/token')).url)
      }],
      response: async (response) => response.status === 401 ? session.get(response.url) : undefined,
      trace: ({ step, elapsed, detail }) => step === 'connect' && elapsed > 1000 && detail,
      download: (received, total) => received / total
    }
  })
  const options = { retries: 2, expectContinue: true, proxyDigest: true, followRedirects: false }
  const response = await session.post('https://example.org/', options)
  const next: Prepared | null = response.next()
  if (response.isRedirect && next !== null) {
    await session.send(next, { maxRedirects: 1, retries: 2 })
  }
  for (const { status, isPermanentRedirect, request } of response.history) {
    console.log(status, isPermanentRedirect, request.url)
  }
  const names: string[] = response.cookies.map(({ name }) => name)
  const [link] = response.links
  const url: string | null = response.link('next') ?? link?.url ?? null
  response.encoding = response.encoding ?? await response.apparentEncoding()
  for await (const line of response.lines({ delimiter: new Uint8Array(1) })) line.subarray(0, 1)
  for await (const line of response.textLines({ delimiter: '--' })) line.trim()
  for await (const piece of response.textStream()) piece.trim()
  for await (const chunk of response.chunks(8)) chunk.subarray(0, 1)
  const read: number = await response.readInto(new Uint8Array(16))
  if (read === 0) response.close()
  for await (const piece of response.raw()) piece.subarray(0, 1)
  const saved: number = await response.save('body')
  console.log(names, url, saved)
}

export async function standard (body: ReadableStream<Uint8Array>): Promise<void> {
  const { fetch } = new Session()
  const clients: (typeof globalThis.fetch)[] = [fetch, librq.fetch]
  const init: librq.FetchInit = { method: 'POST', body, duplex: 'half', headers: new Headers() }
  const response: globalThis.Response = await fetch(new Request('https://example.org/'), init)
  const text: string = await response.clone().text()
  await using session = new Session({ auth: async (prepared) => { prepared.method = 'PUT' } })
  const answer = await session.get(new URL('https://example.org/'))
  const byob: ReadableStreamBYOBReader = answer.body.getReader({ mode: 'byob' })
  console.log(clients.length, text, byob)
}

// @ts-expect-error: the standard has no such option
librq.fetch('https://example.org/', { timeout: 1 })

export async function ways (pem: Uint8Array): Promise<void> {
  const session = new Session({
    cert: ['client.pem', 'client.key'],
    serverName: 'example.org',
    tlsMin: '1.3',
    pins: ['sha256//AAAA'],
    proxies: { all: 'socks5h://ann:secret@127.0.0.1:1080' },
    proxyVerify: { ca: pem },
    proxyCert: pem,
    sourceAddress: '127.0.0.1',
    unixSocket: '/run/app.sock'
  })
  const options = { cert: { cert: pem, key: pem, password: 'secret' }, proxyVerify: 'ca.pem' }
  const response = await session.get('https://example.org/', { ...options, unixSocket: null })
  await session.send(response.request, { cert: null, pins: 'sha256//AAAA', sourceAddress: null })
  const [own]: readonly Certificate[] = response.certificates
  const until: Date | undefined = own?.notAfter

  const adapter: Adapter = async ({ url }) => ({ status: 201, headers: { A: [url, 2] }, body: pem })
  session.mount('mock://', adapter)
  session.mount('http://local/', ({ url }) => ({ body: url }))
  session.mount('https://own.test/')
  const was: boolean = session.unmount('mock://')
  console.log(until, own?.subject, own?.der.length, was)
}

// @ts-expect-error: an adapter gives an object
new Session().mount('mock://', () => 'text')
// @ts-expect-error: nothing older is spoken
new Session({ tlsMin: '1.1' })
// @ts-expect-error: a list of certificate and key has both
new Session({ cert: ['client.pem'] })

// @ts-expect-error: a hook is a function
new Session({ hooks: { request: 'sign' } })
// @ts-expect-error: a response hook gives a response, or nothing
new Session({ hooks: { response: () => 'replaced' } })
// @ts-expect-error: hooks are prepared with a request
new Session().send(new Session().prepare('GET', 'https://example.org/'), { hooks: {} })

export function told (error: unknown): string {
  if (!(error instanceof RequestError)) return String(error)
  // @ts-expect-error: there is no such code
  if (error.code === 'ECONNREFUSED') return ''
  // @ts-expect-error: there is no such reason
  if (error.reason === 'late') return ''
  const wanted = error.answer?.headers.get('Proxy-Authenticate')
  if (error.reason === 'authentication' && wanted) return wanted
  return `${error.code} while ${error.phase}: ${error.message} (${error.errno ?? 0})`
}

// @ts-expect-error: a signal belongs to send()
new Session().prepare('GET', 'https://example.org/', { signal: AbortSignal.timeout(1) })
// @ts-expect-error: a timeout is a number of seconds
new Session({ timeout: '3 s' })
// @ts-expect-error: user and password are two
new Session({ auth: { basic: 'ann:secret' } })
// @ts-expect-error: an environment is a session's
new Session().prepare('GET', 'https://example.org/', { env: {} })
