// The ways to a server: proxies of HTTP, over TLS or not, and of SOCKS; unix sockets; from which
// address. And the rows of the fault matrix about ways that every language has a test of.

import assert from 'node:assert/strict'
import http from 'node:http'
import https from 'node:https'
import { constants } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { Session } from 'librq'
import { authority } from './authority.mjs'
import { httpProxy, listen, socksProxy } from './proxies.mjs'
import { testd } from './testd.mjs'

const server = await testd()

const ca = authority('test authority')
const here = ca.issue('here', ['DNS:localhost', 'IP:127.0.0.1'])
const ann = ca.issue('ann')

const hello = (request, response) => response.end(`hello ${request.headers.host}`)
const plain = await listen(http.createServer(hello))
const secure = await listen(https.createServer(here.pem, hello))
const [PLAIN, SECURE] = [`http://127.0.0.1:${plain}`, `https://127.0.0.1:${secure}`]

/** A session whose requests all go through that proxy. */
const through = (proxy, options) => new Session({ trustEnv: false, proxies: { all: proxy },
  ...options })

const text = async (response) => (await response).text()

// ---- proxies of HTTP ----

test('a proxy forwards http, and opens tunnels for https', async () => {
  const proxy = await httpProxy()
  const session = through(`http://ann:secret@127.0.0.1:${proxy.port}`, { ca: ca.pem })
  assert.equal(await text(session.get(PLAIN)), `hello 127.0.0.1:${plain}`)
  assert.equal(await text(session.get(SECURE)), `hello 127.0.0.1:${secure}`)
  assert.deepEqual(proxy.asked.map(({ method, url }) => [method, url]),
    [['GET', `${PLAIN}/`], ['CONNECT', `127.0.0.1:${secure}`]])
  const basic = `Basic ${Buffer.from('ann:secret').toString('base64')}`
  assert.ok(proxy.asked.every(({ headers }) => headers['proxy-authorization'] === basic))
})

test('an https proxy is trusted as the server is, or by proxyVerify', async () => {
  const proxy = await httpProxy({ tls: here.pem })
  const url = `https://127.0.0.1:${proxy.port}`
  for (const options of [
    { ca: ca.pem }, { verify: ca.file }, { verify: false },
    { ca: ca.pem, proxyVerify: false }, { ca: ca.pem, proxyVerify: ca.file },
    { ca: ca.pem, proxyVerify: { ca: ca.pem } }
  ]) {
    assert.equal(await text(through(url, options).get(SECURE)), `hello 127.0.0.1:${secure}`)
    assert.equal(await text(through(url).get(SECURE, options)), `hello 127.0.0.1:${secure}`)
    const session = through(url)
    const prepared = session.prepare('GET', PLAIN)
    assert.equal(await text(session.send(prepared, options)), `hello 127.0.0.1:${plain}`)
  }
  const untrusted = { reason: 'unknown_issuer' }
  await assert.rejects(through(url).get(PLAIN), untrusted)
  await assert.rejects(through(url, { ca: ca.pem, proxyVerify: true }).get(SECURE), untrusted)
  const other = { ca: ca.pem, proxyVerify: server.CA_FILE }
  await assert.rejects(through(url, other).get(SECURE), untrusted)
  await assert.rejects(through(url).get(SECURE, { proxyVerify: '/missing' }), { code: 'file' })
  await assert.rejects(through(url).get(SECURE, { proxyVerify: { ca: '' } }), { code: 'file' })
})

test('an https proxy is shown proxyCert, never the certificate for servers', async () => {
  const tls = { ...here.pem, ca: ca.pem, requestCert: true, rejectUnauthorized: false }
  const proxy = await httpProxy({ tls })
  const url = `https://127.0.0.1:${proxy.port}`
  const shown = () => proxy.asked.at(-1).socket.getPeerCertificate().subject?.CN
  const session = through(url, { ca: ca.pem, cert: ann.both })
  await text(session.get(SECURE))
  assert.equal(shown(), undefined)
  for (const proxyCert of [ann.both, [ann.cert, ann.key], ann.pem.both]) {
    await text(session.get(PLAIN, { proxyCert }))
    assert.equal(shown(), 'ann')
    assert.equal(await text(through(url, { ca: ca.pem, proxyCert }).get(SECURE)),
      `hello 127.0.0.1:${secure}`)
    assert.equal(shown(), 'ann')
  }
  const named = through(url, { ca: ca.pem, proxyCert: ann.both })
  await text(named.get(PLAIN, { proxyCert: null }))
  assert.equal(shown(), undefined)
})

// ---- proxies of SOCKS ----

for (const [scheme, host, expected] of [
  ['socks5h', 'inside.test', { version: 5, host: 'inside.test' }],
  ['socks5', '127.0.0.1', { version: 5, host: '127.0.0.1' }],
  ['socks4a', 'inside.test', { version: 4, host: 'inside.test' }],
  ['socks4', '127.0.0.1', { version: 4, host: '127.0.0.1' }]
]) {
  test(`${scheme}: who looks the name up, and as whom`, async () => {
    const proxy = await socksProxy()
    const own = { version: 5, user: 'ann', password: 'secret' }
    const session = through(`${scheme}://ann:secret@127.0.0.1:${proxy.port}`, { ca: ca.pem })
    const url = `http://${host}:${plain}/`
    assert.equal(await text(session.get(url)), `hello ${host}:${plain}`)
    const options = { serverName: 'localhost' }
    const over = `https://${host}:${secure}/`
    assert.equal(await text(session.get(over, options)), `hello ${host}:${secure}`)
    assert.equal(proxy.asked.length, 2)
    for (const { methods, ...asked } of proxy.asked) {
      if (expected.version === 5) assert.deepEqual(asked, { ...own, ...expected })
      else assert.deepEqual(asked, { user: 'ann', ...expected })
    }
  })
}

test('what a SOCKS proxy refuses has a reason, and no password in it', async () => {
  const wrong = await socksProxy()
  const url = `socks5h://ann:guessed@127.0.0.1:${wrong.port}`
  await assert.rejects(through(url).get(PLAIN), (error) => {
    assert.deepEqual([error.code, error.reason], ['socks', 'authentication'])
    assert.doesNotMatch(JSON.stringify(error) + error.message, /guessed/)
    return true
  })
  for (const [reply, reason] of [[2, 'refused'], [4, 'host_unreachable'], [9, 'bad_reply'],
    [5, 'connection_refused']]) {
    const proxy = await socksProxy(reply)
    const session = through(`socks5h://127.0.0.1:${proxy.port}`)
    await assert.rejects(session.get(PLAIN), { code: 'socks', reason, answer: null })
  }
})

test('an abort while a SOCKS proxy says nothing', async () => {
  const controller = new AbortController()
  const session = through(`socks5h://${server.SILENT}`)
  const sending = session.get(PLAIN, { signal: controller.signal })
  setTimeout(() => controller.abort('enough'), 50)
  await assert.rejects(sending, (reason) => reason === 'enough')
})

// ---- unix sockets, source addresses ----

test('a unix socket, by option or by URL', async () => {
  const path = join(ca.folder, 'http sock')
  await listen(http.createServer((request, response) => {
    response.end(`${request.url} at ${request.headers.host}`)
  }), path)
  const session = new Session({ trustEnv: false, unixSocket: path })
  assert.equal(await text(session.get('http://inside.test/a?b')), '/a?b at inside.test')
  assert.match(await text(session.get(PLAIN, { unixSocket: null })), /^hello/)
  const other = new Session({ trustEnv: false })
  const unixSocket = path
  assert.equal(await text(other.get('http://a.test/', { unixSocket })), '/ at a.test')
  const prepared = other.prepare('GET', 'http://b.test/')
  assert.equal(await text(other.send(prepared, { unixSocket })), '/ at b.test')
  const url = `http+unix://${encodeURIComponent(path)}/c?d`
  assert.match(await text(other.get(url)), /^\/c\?d at /)
  assert.match(await text(other.get(new URL(url))), /^\/c\?d at /)
})

test('a unix socket where nothing listens', async () => {
  const expected = { code: 'connect', errno: constants.errno.ENOENT }
  const unixSocket = join(ca.folder, 'missing')
  await assert.rejects(new Session({ unixSocket }).get(PLAIN), expected)
  const url = `http+unix://${encodeURIComponent(unixSocket)}/`
  await assert.rejects(new Session({ trustEnv: false }).get(url), expected)
  const long = '/'.repeat(200)
  await assert.rejects(new Session().get(PLAIN, { unixSocket: long }), { name: 'RequestError' })
})

test('sourceAddress is where connections come from', async () => {
  const port = await listen(http.createServer(({ socket }, response) => {
    response.end(socket.remoteAddress)
  }))
  const url = `http://127.0.0.1:${port}/`
  const session = new Session({ trustEnv: false, sourceAddress: '127.0.0.2' })
  assert.equal(await text(session.get(url)), '127.0.0.2')
  assert.equal(await text(session.get(url, { sourceAddress: '127.0.0.3' })), '127.0.0.3')
  assert.equal(await text(session.get(url, { sourceAddress: null })), '127.0.0.1')
  const invalid = { code: 'invalid_argument' }
  await assert.rejects(session.get(url, { sourceAddress: 'localhost' }), invalid)
  assert.throws(() => new Session({ sourceAddress: '' }), invalid)
  const foreign = { code: 'connect', errno: constants.errno.EADDRNOTAVAIL }
  await assert.rejects(session.get(url, { sourceAddress: '192.0.2.1' }), foreign)
})

// ---- the fault matrix ----

test('fault_07_a_port_that_refuses', async () => {
  const begin = performance.now()
  const expected = { code: 'connect', phase: 'connect', exception: 'ConnectionError',
    errno: constants.errno.ECONNREFUSED }
  const steps = []
  const options = { retries: 2, hooks: { trace: ({ step }) => steps.push(step) } }
  await assert.rejects(new Session().post(server.REFUSED, options), expected)
  assert.equal(steps.filter((step) => step === 'retry').length, 2)
  assert.ok(performance.now() - begin < 2000)
})

test('fault_26_a_proxy_that_wants_credentials_can_be_read', async () => {
  const refuse = (request, socket) => {
    socket.end('HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm="p"\r\nX-Why: you\r\n' +
      'X-Why: again\r\nContent-Length: 9\r\n\r\nthe proxy')
    return true
  }
  const proxy = await httpProxy({ refuse })
  const session = through(`http://ann:guessed@127.0.0.1:${proxy.port}`, { ca: ca.pem, retries: 2 })
  const begin = performance.now()
  await assert.rejects(session.get(SECURE), (error) => {
    const { code, reason, status, exception, answer } = error
    assert.deepEqual([code, reason, status], ['proxy', 'authentication', 407])
    assert.equal(exception, 'ProxyError')
    assert.equal(answer.headers.get('proxy-authenticate'), 'Basic realm="p"')
    assert.deepEqual(answer.headers.getAll('X-Why'), ['you', 'again'])
    assert.equal(answer.body.toString(), 'the proxy')
    assert.doesNotMatch(error.message, /guessed/)
    return true
  })
  assert.equal(proxy.asked.length, 1)
  assert.ok(performance.now() - begin < 2000)
})

test('what a proxy answers without a body has an empty one', async () => {
  const refuse = (request, socket) => socket.end('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n')
  const proxy = await httpProxy({ refuse })
  const session = through(`http://127.0.0.1:${proxy.port}`)
  await assert.rejects(session.get(SECURE), (error) => {
    assert.deepEqual([error.reason, error.status], ['refused', 403])
    assert.deepEqual([...error.answer.body], [])
    return true
  })
})
