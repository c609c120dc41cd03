'use strict'

// Options become a list of calls of rq.h's setters, [name, …arguments], which src/calls.c makes;
// here only their JavaScript types are checked. Merging, defaults and the check of every text are
// librq's. The bodies of requests are body.cjs's, certificates and pins tls.cjs's.

const body = require('./body.cjs')
const { hooksCall, hooksOf } = require('./hooks.cjs')
const tls = require('./tls.cjs')
const {
  bytes, fields, flag, flat, list, milliseconds, pairs, pause, scalar, text, textOrNull, url, whole
} = require('./values.cjs')

/** The first of a name replaces what was there, the next ones are added to it. */
function repeatable (calls, setter, given, key = (name) => name) {
  const seen = new Set()
  for (const [name, value] of given) {
    const again = value !== null && seen.has(key(name))
    calls.push([again ? `${setter}_add` : setter, name, value])
    if (value !== null) seen.add(key(name))
  }
}

// ---- authentication ----

function credentials (name, given) {
  if (!Array.isArray(given) || given.length !== 2) {
    throw new TypeError(`${name} must be a list of user and password`)
  }
  return [text(`${name}: the user`, given[0]), text(`${name}: the password`, given[1])]
}

const schemes = {
  __proto__: null,
  basic: (given) => ['auth_basic', ...credentials('auth.basic', given)],
  latin1: (given) => ['auth_latin1', flag('auth.latin1', given)],
  bearer: (token) => ['auth_bearer', text('auth.bearer', token)],
  digest: (given) => ['auth_digest', ...credentials('auth.digest', given)]
}

function auth (calls, given) {
  if (given === null) {
    calls.push(['auth_none'])
  } else if (typeof given === 'function') {
    calls.push(['auth_callback'])
  } else if (Array.isArray(given)) {
    calls.push(['auth_basic', ...credentials('auth', given)])
  } else if (typeof given === 'object') {
    for (const [scheme, value] of Object.entries(given)) {
      if (schemes[scheme] === undefined) throw new TypeError(`auth: there is no scheme ${scheme}`)
      calls.push(schemes[scheme](value))
    }
  } else {
    throw new TypeError('auth must be [user, password], an object, a function or null')
  }
}

// ---- retries ----

const tries = {
  __proto__: null,
  count: (calls, count) => calls.push(['retries', whole('retries.count', count)]),
  statuses (calls, statuses) {
    for (const status of list('retries.statuses', statuses)) {
      calls.push(['retry_status', whole('retries.statuses: a status', status, 999)])
    }
  },
  methods (calls, methods) {
    for (const method of list('retries.methods', methods)) {
      calls.push(['retry_method', text('retries.methods: a method', method)])
    }
  },
  backoff (calls, first, { backoffMax = 120 }) {
    const most = pause('retries.backoffMax', backoffMax)
    calls.push(['retry_backoff_ms', pause('retries.backoff', first), most])
  },
  backoffMax (calls, most, { backoff }) {
    pause('retries.backoffMax', most)
    if (backoff === undefined) throw new TypeError('retries.backoffMax needs retries.backoff')
  },
  retryAfterMax: (calls, most) =>
    calls.push(['retry_after_max_ms', pause('retries.retryAfterMax', most)])
}

function retries (calls, given) {
  if (given === null || typeof given !== 'object') {
    calls.push(['retries', whole('retries', given)])
    return
  }
  for (const [name, value] of Object.entries(given)) {
    if (tries[name] === undefined) throw new TypeError(`retries: there is no option ${name}`)
    if (value !== undefined) tries[name](calls, value, given)
  }
}

// ---- options ----

const both = {
  auth,
  headers (calls, headers) {
    repeatable(calls, 'header', fields(headers), (name) => name.toLowerCase())
  },
  params (calls, params) {
    if (typeof params === 'string') calls.push(['params_raw', params])
    else repeatable(calls, 'param', flat('params', params))
  },
  jar (calls, used) {
    calls.push(['jar', flag('jar', used)])
  },
  pathAsIs (calls, asIs) {
    calls.push(['path_as_is', flag('pathAsIs', asIs)])
  },
  proxies (calls, proxies) {
    for (const [key, value] of pairs('proxies', proxies)) {
      textOrNull(`proxies: ${key}`, value)
      calls.push(key === 'no_proxy' ? ['no_proxy', value] : ['proxy', key, value])
    }
  },
  timeout (calls, timeout) {
    const [connect, read] = Array.isArray(timeout) ? timeout : [timeout, timeout]
    calls.push(['timeout_ms', milliseconds('timeout', connect), milliseconds('timeout', read)])
  },
  deadline (calls, seconds) {
    calls.push(['deadline_ms', milliseconds('deadline', seconds)])
  },
  verify (calls, verify) {
    if (typeof verify === 'string') calls.push(['verify', true], ['ca_file', verify])
    else if (typeof verify === 'boolean') calls.push(['verify', verify])
    else throw new TypeError('verify must be true, false or the path of a CA file')
  },
  ca (calls, pem) {
    calls.push(['ca_pem', bytes('ca', pem)])
  },
  ...tls.setters,
  sourceAddress (calls, address) {
    calls.push(['source_address', textOrNull('sourceAddress', address)])
  },
  unixSocket (calls, path) {
    calls.push(['unix_socket', textOrNull('unixSocket', path)])
  },
  followRedirects (calls, follow) {
    calls.push(['follow_redirects', flag('followRedirects', follow)])
  },
  maxRedirects (calls, max) {
    calls.push(['redirects_max', whole('maxRedirects', max)])
  },
  sensitiveHeaders (calls, names) {
    for (const name of list('sensitiveHeaders', names)) {
      calls.push(['sensitive_header', text('a name in sensitiveHeaders', name)])
    }
  },
  retries,
  decode (calls, decode) {
    calls.push(['decode', flag('decode', decode)])
  },
  maxBody (calls, max) {
    calls.push(['body_max', max === null ? 0 : whole('maxBody', max, Number.MAX_SAFE_INTEGER)])
  },
  maxDecoded (calls, max) {
    const bytes = max === null ? 0 : whole('maxDecoded', max, Number.MAX_SAFE_INTEGER)
    calls.push(['decoded_max', bytes])
  },
  expectContinue (calls, expect) {
    calls.push(['expect_continue', flag('expectContinue', expect)])
  },
  proxyDigest (calls, digest) {
    calls.push(['proxy_digest', flag('proxyDigest', digest)])
  },
  hooks (calls, given, later) {
    later.hooks = hooksOf(given)
    calls.push(hooksCall(later.level, later.hooks))
  }
}

const ofSession = {
  __proto__: null,
  ...both,
  trustEnv (calls, trust) {
    calls.push(['trust_env', flag('trustEnv', trust)])
  },
  env (calls, variables) {
    for (const [name, value] of pairs('env', variables)) {
      calls.push(['env', name, textOrNull(`env: ${name}`, value)])
    }
  },
  resolve (calls, addresses) {
    for (const [host, address] of pairs('resolve', addresses)) {
      const colon = host.lastIndexOf(':')
      if (colon < 1) throw new TypeError(`resolve: ${host} must be host:port`)
      const port = whole('resolve: the port', Number(host.slice(colon + 1) || NaN))
      calls.push(['resolve', host.slice(0, colon), port, text('resolve: an address', address)])
    }
  },
  pool (calls, { idle, idlePerHost, openPerHost = 0 }) {
    calls.push(['pool', whole('pool.idle', idle), whole('pool.idlePerHost', idlePerHost),
      whole('pool.openPerHost', openPerHost)])
  },
  idleAge (calls, seconds) {
    calls.push(['idle_age_ms', milliseconds('idleAge', seconds)])
  }
}

// What was prepared stays as it is: these are about its way.
const ofSending = { __proto__: null, ...tls.setters, signal () {} }
for (const name of ['jar', 'proxies', 'timeout', 'deadline', 'verify', 'ca', 'sourceAddress',
  'unixSocket', 'followRedirects', 'maxRedirects', 'sensitiveHeaders', 'retries', 'decode',
  'maxBody', 'maxDecoded', 'proxyDigest']) {
  ofSending[name] = both[name]
}

const ofRequest = {
  __proto__: null,
  ...both,
  ...body.setters,
  cookies (calls, cookies) {
    for (const [name, value] of pairs('cookies', cookies)) {
      calls.push(['cookie', name, scalar(`cookie ${name}`, value)])
    }
  },
  signal () {} // see exchange.cjs
}

/** The calls; what is read or called later goes to later. */
function callsOf (options, setters, later) {
  if (options === null || typeof options !== 'object') {
    throw new TypeError('options must be an object')
  }
  const calls = []
  for (const [name, value] of Object.entries(options)) {
    if (setters[name] === undefined) throw new TypeError(`there is no option ${name}`)
    if (value !== undefined) setters[name](calls, value, later, options)
  }
  if (typeof options.verify === 'string' && options.ca !== undefined) {
    throw new TypeError('either verify names a CA file or ca holds one, not both')
  }
  return calls
}

/** The calls, and the hooks if there are any. */
function sessionOf (options) {
  const later = { level: 0, hooks: undefined }
  return { calls: callsOf(options, ofSession, later), hooks: later.hooks }
}

/** The calls for one sending; undefined if there are none. */
function sendingCalls (options) {
  const calls = callsOf(options, ofSending)
  return calls.length > 0 ? calls : undefined
}

/** The addon's arguments method, url, calls; and what is read and called when it is sent. */
function requestOf (method, address, options) {
  const later = { level: 1, sources: [], onProgress: undefined, hooks: undefined }
  const request = [text('method', method), url(address), callsOf(options, ofRequest, later)]
  const asks = later.sources.length > 0 || later.onProgress || later.hooks
  return { request, later: asks ? later : undefined }
}

module.exports = { requestOf, sendingCalls, sessionOf }
