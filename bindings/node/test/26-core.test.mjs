// What the core has once, its codes, steps, versions and defaults, is what this binding says of
// them; and nothing that rq.h offers is left out.

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import test from 'node:test'
import { Session, version } from 'librq'
import { testd } from './testd.mjs'

const { HTTP } = await testd()
const require = createRequire(import.meta.url)
const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8')
const header = read('../../../include/rq.h')
const types = read('../lib/index.d.ts') + read('../lib/options.d.ts')
const { codes } = require('../build/rq_node.node')
const { STEPS } = require('../lib/dialog.cjs')
const { VERSIONS } = require('../lib/tls.cjs')

/** [name without its beginning, number] of each value of an enum of rq.h. */
function enumOf (name, beginning) {
  const [, body] = new RegExp(`typedef enum {((?:(?!typedef)[^])*)} ${name};`).exec(header)
  return [...body.matchAll(new RegExp(`\\b${beginning}(\\w+) = (\\d+)`, 'g'))]
    .map(([, value, number]) => [value.toLowerCase(), Number(number)])
}

/** The strings of a union in the types, from that text on. */
function union (from) {
  const [, text] = new RegExp(`${from}((?:\\s*\\|?\\s*'[\\w.]+')+)`).exec(types)
  return [...text.matchAll(/'([\w.]+)'/g)].map(([, word]) => word)
}

test('the codes of errors', () => {
  const names = enumOf('rq_code', 'RQ_ERR_').map(([name]) => name)
  assert.ok(names.length > 30)
  assert.deepEqual(codes.map((name) => name.replace('RQ_ERR_', '').toLowerCase()), names)
  assert.deepEqual(union('type RequestErrorCode =').toSorted(), names.toSorted())
})

test('the steps of a trace', () => {
  assert.deepEqual(STEPS.map((step, i) => [step, i + 1]), enumOf('rq_step', 'RQ_STEP_'))
  assert.deepEqual(union('readonly step:'), STEPS)
})

test('the versions of TLS', () => {
  const known = Object.entries(VERSIONS).map(([name, number]) => [name.replace('.', '_'), number])
  assert.deepEqual(known, enumOf('rq_tls', 'RQ_TLS_'))
  assert.deepEqual(union('tlsMin\\?:'), Object.keys(VERSIONS))
})

test('the version of the package', () => {
  assert.equal(require('../package.json').version, version)
})

// ---- defaults ----

const plain = (comment) => comment.replace(/\s*\n\s*\* ?/g, ' ').replaceAll(',000', '000')

/** The comment that stands before that, in either. */
const before = (text, what) =>
  plain(new RegExp(`/\\*\\*((?:(?!\\*/)[^])*)\\*/\\s*(?:[\\w ]+[ *])?${what}`).exec(text)[1])

/** The numbers that a pattern finds; times come in milliseconds. */
const numbers = (text, pattern, per = 1) => {
  const found = pattern.exec(text)
  assert.ok(found, `${pattern} is not in: ${text}`)
  return found.slice(1).map((number) => Number(number) / per)
}

for (const [option, said, setter, meant, per] of [
  ['maxRedirects', /(\d+); one more/, 'rq_opts_redirects_max', /default (\d+)/],
  ['count', /(\d+) is the default/, 'rq_opts_retries', /default (\d+)/],
  ['backoff', /(\d+) is the default/, 'rq_opts_retry_backoff_ms', /Defaults: (\d+)/, 1000],
  ['backoffMax', /(\d+) unless/, 'rq_opts_retry_backoff_ms', /and (\d+)/, 1000],
  ['retryAfterMax', /for, (\d+);/, 'rq_opts_retry_after_max_ms', /default (\d+)/, 1000],
  ['pool', /(\d+) and (\d+) unless/, 'rq_opts_pool', /defaults (\d+) and (\d+)/],
  ['pool', /(\d+) for no limit, the default/, 'rq_opts_pool', /(\d+) open: no limit, the default/],
  ['idleAge', /(\d+) unless/, 'rq_opts_idle_age_ms', /default (\d+)/, 1000]
]) {
  test(`the default of ${option}: ${said.source}`, () => {
    const [own, core] = [before(types, `${option}\\?:`), before(header, `${setter}\\(`)]
    assert.deepEqual(numbers(own, said), numbers(core, meant, per))
  })
}

test('the one default that the setter has to be told', () => {
  const own = numbers(read('../lib/options.cjs'), /backoffMax = (\d+)/)
  assert.deepEqual(own, numbers(before(header, 'rq_opts_retry_backoff_ms\\('), /and (\d+)/, 1000))
})

test('the defaults of timeouts', () => {
  const own = before(types, 'timeout\\?:')
  const timeouts = numbers(plain(header), /\(default (\d+)\)\. read: .*? \(default (\d+)\)/, 1000)
  assert.deepEqual(numbers(own, /\((\d+)\).*\((\d+)\)/), timeouts)
  assert.match(before(types, 'deadline\\?:'), /no limit, the default/)
  assert.match(plain(header), /deadline: the whole call, body included \(default none\)/)
})

for (const [option, setter] of [['followRedirects', 'rq_opts_follow_redirects'],
  ['decode', 'rq_opts_decode'], ['verify', 'rq_opts_verify'], ['jar', 'rq_opts_jar']]) {
  test(`${option} is true by default`, () => {
    assert.match(before(types, `${option}\\?:`), /^ true(,| is) the default/)
    assert.match(before(header, `${setter}\\(`), /by default/)
  })
}

for (const [option, setter] of [['maxBody', 'rq_opts_body_max'],
  ['maxDecoded', 'rq_opts_decoded_max']]) {
  test(`${option} is not limited by default`, () => {
    assert.match(before(types, `${option}\\?:`), /null for any number, the default/)
    assert.match(before(header, `${setter}\\(`), /0: any number, the default/)
  })
}

test('the default of the oldest version of TLS', () => {
  const [own] = /\d\.\d/.exec(before(types, 'tlsMin\\?:'))
  assert.match(before(header, 'rq_opts_tls_min\\('),
    new RegExp(`RQ_TLS_${own.replace('.', '_')}\` \\(the default\\)`))
})

test('what is left out is the default', async () => {
  const session = new Session()
  assert.equal((await session.get(`${HTTP}/redirect/29`)).history.length, 30)
  await assert.rejects(session.get(`${HTTP}/redirect/30`), { code: 'too_many_redirects' })
})

// ---- the functions of rq.h ----

/** What JavaScript has in another way, or need not have. */
const ELSEWHERE = ['rq_body_read_full', 'rq_download', 'rq_error_answer_header', 'rq_get',
  'rq_opts_clear_hooks', 'rq_pending_fd', 'rq_pending_finish', 'rq_pending_free',
  'rq_pending_wait_ms', 'rq_perform_begin', 'rq_post_json', 'rq_response_link', 'rq_send',
  'rq_send_begin', 'rq_version_number']

test('nothing of rq.h is left out', () => {
  const folder = new URL('../src/', import.meta.url)
  const sources = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'))
    .join('')
  const functions = [...header.matchAll(/^[a-z](?!.*typedef).*?\b(rq_\w+)\(/gm)]
    .map(([, name]) => name)
  assert.ok(functions.length > 100)
  // The tables of setters have them by the ends of their names.
  const known = (name) => new RegExp(`\\b${name}\\b`).test(sources) ||
    new RegExp(`\\bSETTER\\(\\w+, \\w+, ${name.replace('rq_opts_', '')}\\)`).test(sources)
  const missing = functions.filter((name) => !known(name))
  assert.deepEqual(missing.toSorted(), ELSEWHERE)
})
