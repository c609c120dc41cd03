// TLS: client certificates, names, versions, pins, what a server has shown of itself, and why it
// was refused. The ways to it are those of 19.

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { createRequire } from 'node:module'
import test from 'node:test'
import { Session } from 'librq'
import { authority, pinOf } from './authority.mjs'
import { listen } from './proxies.mjs'
import { testd } from './testd.mjs'

const server = await testd()
const native = createRequire(import.meta.url)('../build/rq_node.node')

const ca = authority('test authority')
const here = ca.issue('here', ['DNS:localhost', 'IP:127.0.0.1'])
const inner = ca.issue('inner', ['DNS:inner.test'])
const [ann, bob] = [ca.issue('ann'), ca.issue('bob')]

/** A server that tells what it has seen of the handshake; without settings, of this machine. */
async function telling ({ pem = here.pem, ...settings } = {}) {
  const made = https.createServer({ ...pem, ca: ca.pem, ...settings }, (request, response) => {
    const { socket } = request
    const client = socket.getPeerCertificate?.().subject?.CN ?? null
    response.end(JSON.stringify({
      client, name: socket.servername || null, version: socket.getProtocol()
    }))
  })
  return `https://127.0.0.1:${await listen(made)}/`
}

const asking = await telling({ requestCert: true, rejectUnauthorized: false })
const demanding = await telling({ requestCert: true, rejectUnauthorized: true })

const client = async (response) => (await (await response).json()).client

// ---- client certificates ----

for (const [form, cert] of Object.entries({
  'a file with both': ann.both,
  'two files': [ann.cert, ann.key],
  'two files by name': { cert: ann.cert, key: ann.key },
  'a file and an encrypted key': { cert: ann.cert, key: ann.sealed, password: 'secret' },
  'bytes with both': ann.pem.both,
  'bytes of each': [ann.pem.cert, ann.pem.key],
  'bytes and an encrypted key':
    { cert: ann.pem.cert, key: readFileSync(ann.sealed), password: 'secret' }
})) {
  test(`a client certificate from ${form}: of the session, the request, the sending`, async () => {
    const plain = new Session({ ca: ca.pem })
    assert.equal(await client(new Session({ ca: ca.pem, cert }).get(demanding)), 'ann')
    assert.equal(await client(plain.get(demanding, { cert })), 'ann')
    assert.equal(await client(plain.send(plain.prepare('GET', demanding, { cert }))), 'ann')
    assert.equal(await client(plain.send(plain.prepare('GET', demanding), { cert })), 'ann')
    assert.equal(await client(plain.get(asking)), null)
  })
}

test('a request has another client certificate than its session, or none', async () => {
  const session = new Session({ ca: ca.pem, cert: ann.both })
  assert.equal(await client(session.get(asking)), 'ann')
  assert.equal(await client(session.get(asking, { cert: bob.both })), 'bob')
  assert.equal(await client(session.get(asking, { cert: null })), null)
  assert.equal(await client(session.get(asking)), 'ann')
})

test('a server that wants a client certificate and gets none', async () => {
  const alert = { code: 'tls', reason: 'alert' }
  await assert.rejects(new Session({ ca: ca.pem }).get(demanding), alert)
  const session = new Session({ verify: server.CA_FILE, pins: server.SERVER_PIN })
  await assert.rejects(session.get(`${server.MTLS}/json`), alert)
  const [cert, key, password] = [server.CLIENT_CERT, server.CLIENT_KEY_LOCKED,
    server.CLIENT_PASSWORD]
  const response = await session.get(`${server.MTLS}/json`, { cert: { cert, key, password } })
  assert.equal((await response.json()).hello, 'librq')
})

for (const [name, cert, message] of [
  ['a file that is missing', '/missing/cert.pem', /missing/],
  ['a certificate without its key', ann.cert, /no private key/],
  ['a key of another', [ann.cert, bob.key], /does not belong/],
  ['bytes that are no PEM', Buffer.from('no PEM'), /no certificate/],
  ['an encrypted key without its password', [ann.cert, ann.sealed], /password/],
  ['a wrong password', { cert: ann.cert, key: ann.sealed, password: 'wrong' }, /password/]
]) {
  test(`a client certificate from ${name} is refused`, async () => {
    const expected = { name: 'RequestError', code: 'file', message }
    const session = new Session({ ca: ca.pem })
    assert.throws(() => new Session({ cert }), expected)
    assert.throws(() => new Session({ proxyCert: cert }), expected)
    await assert.rejects(session.get(asking, { cert }), expected)
    await assert.rejects(session.get(asking, { proxyCert: cert }), expected)
    await assert.rejects(session.send(session.prepare('GET', asking), { cert }), expected)
    assert.equal(await client(session.get(asking)), null)
  })
}

// ---- names, versions, pins ----

test('serverName is what is asked for, and what the certificate must have', async () => {
  const url = await telling({ pem: inner.pem })
  const session = new Session({ ca: ca.pem })
  await assert.rejects(session.get(url), { code: 'tls', reason: 'wrong_host' })
  const told = await (await session.get(url, { serverName: 'inner.test' })).json()
  assert.equal(told.name, 'inner.test')
  const other = { code: 'tls', reason: 'wrong_host' }
  await assert.rejects(session.get(url, { serverName: 'other.test' }), other)
  await assert.rejects(session.get(url, { serverName: 'a b' }), { code: 'invalid_argument' })
  assert.throws(() => new Session({ serverName: '' }), { code: 'invalid_argument' })
})

test('tlsMin refuses what is older', async () => {
  const url = await telling({ maxVersion: 'TLSv1.2' })
  const session = new Session({ ca: ca.pem, tlsMin: '1.3' })
  await assert.rejects(session.get(url), { code: 'tls' })
  const version = async (response) => (await (await response).json()).version
  assert.equal(await version(session.get(url, { tlsMin: '1.2' })), 'TLSv1.2')
  assert.equal(await version(session.get(asking)), 'TLSv1.3')
})

test('pins: one of them must be the server\'s, also without verification', async () => {
  const [own, other] = [pinOf(here.pem.cert), pinOf(ann.pem.cert)]
  const session = new Session({ ca: ca.pem })
  const mismatch = { code: 'tls', reason: 'pin_mismatch' }
  for (const pins of [own, [own], [other, own], new Set([own])]) {
    assert.equal((await session.get(asking, { pins })).status, 200)
  }
  await assert.rejects(session.get(asking, { pins: other }), mismatch)
  await assert.rejects(session.get(asking, { pins: [other], verify: false }), mismatch)
  const pinned = new Session({ ca: ca.pem, pins: other })
  await assert.rejects(pinned.get(asking), mismatch)
  assert.equal((await pinned.get(asking, { pins: own })).status, 200)
  await assert.rejects(session.get(asking, { pins: 'sha1//AAAA' }), { code: 'invalid_argument' })
})

// ---- what a server has shown ----

test('certificates are those of the server, its own first', async () => {
  const response = await new Session({ ca: ca.pem }).get(asking)
  const [own, ...more] = response.certificates
  const expected = new X509Certificate(here.pem.cert)
  assert.deepEqual(Buffer.from(own.der), expected.raw)
  assert.match(own.subject, /CN=here/)
  assert.match(own.issuer, /CN=test authority/)
  assert.deepEqual(own.notBefore, new Date(expected.validFrom))
  assert.deepEqual(own.notAfter, new Date(expected.validTo))
  assert.deepEqual(more, [])
  assert.equal(response.certificates, response.certificates)
})

test('certificates can be asked for at any time', async () => {
  const session = new Session({ verify: server.CA_FILE })
  const seen = []
  const hooks = { response: ({ certificates }) => { seen.push(certificates.length) } }
  const first = await session.get(`${server.HTTPS}/bytes/1000000`, { hooks })
  const reading = first.bytes()
  assert.ok(first.certificates.length > 0)
  await reading
  const kept = await session.get(`${server.HTTPS}/bytes/1000000`)
  assert.equal(kept.reused, true)
  kept.close()
  assert.deepEqual(kept.certificates, first.certificates)
  const redirected = await session.get(`${server.HTTPS}/redirect/1`)
  assert.deepEqual(redirected.history[0].certificates, first.certificates)
  assert.deepEqual(seen, [first.certificates.length])
})

test('certificates without verification are as they were sent, without TLS none', async () => {
  const chain = { cert: Buffer.concat([here.pem.cert, ca.pem]), key: here.pem.key }
  const { certificates } = await new Session({ verify: false }).get(await telling({ pem: chain }))
  const subjects = certificates.map(({ subject }) => subject)
  assert.deepEqual(subjects, ['CN=here', 'CN=test authority'])
  const plain = await new Session().get(`${server.HTTP}/json`)
  assert.deepEqual(plain.certificates, [])
})

// ---- reasons ----

test('fault_19_a_bad_certificate_is_refused_with_its_reason', async () => {
  const session = new Session({ verify: server.CA_FILE })
  for (const [name, reason] of [
    ['UNTRUSTED', 'unknown_issuer'], ['EXPIRED', 'expired'], ['WRONG_HOST', 'wrong_host']
  ]) {
    const url = `${server[`HTTPS_${name}`]}/json`
    const expected = { code: 'tls', phase: 'tls', exception: 'SSLError', reason, answer: null, url }
    const begin = performance.now()
    await assert.rejects(session.get(url), expected)
    assert.ok(performance.now() - begin < 2000)
    assert.equal((await session.get(url, { verify: false })).status, 200)
  }
})

test('reasons of other failures, and none where there is none', async () => {
  const session = new Session()
  await assert.rejects(session.get(server.PLAIN_AS_TLS), { code: 'tls', reason: 'not_tls' })
  await assert.rejects(session.get('http://missing.invalid/'), { code: 'dns', reason: 'not_found' })
  await assert.rejects(session.get(server.REFUSED), (error) => !('reason' in error))
})

test('the types know every reason', () => {
  const types = readFileSync(new URL('../lib/index.d.ts', import.meta.url), 'utf8')
  const [, union] = /type RequestErrorReason =([^/]*)\n\n/.exec(types)
  assert.deepEqual([...union.matchAll(/'(\w+)'/g)].map(([, word]) => word), native.reasons)
})
