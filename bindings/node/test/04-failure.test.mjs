// What goes wrong on the way, and how it is told: certificates, names, connections, time.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import test from 'node:test'
import { RequestError, Session } from 'librq'
import { testd } from './testd.mjs'

const server = await testd()
const session = new Session({ verify: server.CA_FILE })

for (const [name, options] of [
  ['a CA file', { verify: server.CA_FILE }],
  ['PEM bytes', { ca: readFileSync(server.CA_FILE) }],
  ['PEM text', { ca: readFileSync(server.CA_FILE, 'utf8') }],
  ['no verification', { verify: false }]
]) {
  test(`https with ${name}, of the session or of the request`, async () => {
    const url = `${server.HTTPS}/json`
    assert.equal((await (await new Session(options).get(url)).json()).hello, 'librq')
    assert.equal((await (await new Session().get(url, options)).json()).hello, 'librq')
    const alone = new Session()
    assert.equal((await alone.send(alone.prepare('GET', url, options))).status, 200)
  })
}

test('without the CA the server is not trusted', async () => {
  await assert.rejects(new Session().get(`${server.HTTPS}/json`), { code: 'tls' })
})

for (const name of ['UNTRUSTED', 'EXPIRED', 'WRONG_HOST']) {
  test(`a certificate that is ${name.toLowerCase().replace('_', ' ')}`, async () => {
    const url = `${server[`HTTPS_${name}`]}/json`
    await assert.rejects(session.get(url), (error) => {
      assert.ok(error instanceof RequestError && error instanceof Error)
      assert.equal(error.name, 'RequestError')
      assert.equal(error.code, 'tls')
      assert.equal(error.phase, 'tls')
      assert.equal(error.exception, 'SSLError')
      assert.equal(error.url, url)
      assert.match(error.message, /certificate/)
      return true
    })
  })
}

test('a server that speaks no TLS', async () => {
  await assert.rejects(session.get(server.PLAIN_AS_TLS), { code: 'tls' })
})

test('a host that does not exist', async () => {
  const expected = { code: 'dns', phase: 'dns', exception: 'ConnectionError' }
  await assert.rejects(session.get('http://missing.invalid/'), expected)
})

test('a port where nothing listens', async () => {
  const expected = { code: 'connect', errno: constants.errno.ECONNREFUSED }
  await assert.rejects(session.get(server.REFUSED), expected)
})

test('a CA file that is missing', async () => {
  const verify = '/missing/ca.pem'
  assert.throws(() => new Session({ verify }), { name: 'RequestError', code: 'file' })
  await assert.rejects(session.get(`${server.HTTPS}/json`, { verify }), { code: 'file' })
})

test('a connection that is never accepted: connect timeout', async () => {
  const connecting = session.get(server.BLACKHOLE, { timeout: [0.1, 30] })
  await assert.rejects(connecting, { code: 'connect_timeout', exception: 'ConnectTimeout' })
})

test('a head that never comes: read timeout', async () => {
  const waiting = session.get(`${server.HTTP}/stall-head`, { timeout: [30, 0.1] })
  await assert.rejects(waiting, { code: 'read_timeout', exception: 'ReadTimeout' })
})

test('a body that stops: the response is there, reading it fails', async () => {
  const response = await session.get(`${server.HTTP}/stall-body`, { timeout: 0.1 })
  assert.equal(response.status, 200)
  await assert.rejects(response.bytes(), { code: 'read_timeout', phase: 'body' })
})

test('a deadline counts the body too', async () => {
  const response = await session.get(`${server.HTTP}/drip/100000/10`, { deadline: 0.2 })
  await assert.rejects(response.bytes(), { code: 'total_timeout' })
  const waiting = new Session({ deadline: 0.1 }).get(`${server.HTTP}/stall-head`)
  await assert.rejects(waiting, { code: 'total_timeout' })
})

test('a peer that closes instead of answering', async () => {
  const prepared = session.prepare('POST', `${server.HTTP}/rst-head`)
  await assert.rejects(session.send(prepared), { name: 'RequestError' })
})
