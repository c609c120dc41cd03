'use strict'

// The options of TLS: who to be, which name, which version, which keys; and the leg to a proxy,
// whose settings are its own. Whom to trust, `verify` and `ca`, is with the others in options.cjs.

const { bytes, bytesIn, list, text } = require('./values.cjs')

const KINDS = 'a path, [certificate, key], { cert, key, password } or null'
const VERSIONS = { __proto__: null, 1.2: 12, 1.3: 13 }

/** Certificate, key and password of whatever form was given. */
function identity (name, given) {
  if (typeof given === 'string' || given instanceof Uint8Array) return { cert: given }
  if (Array.isArray(given)) {
    if (given.length !== 2) throw new TypeError(`${name} must be a list of certificate and key`)
    return { cert: given[0], key: given[1] }
  }
  if (given === null || typeof given !== 'object') throw new TypeError(`${name} must be ${KINDS}`)
  const known = ['cert', 'key', 'password']
  const unknown = Object.keys(given).find((part) => !known.includes(part))
  if (unknown !== undefined) throw new TypeError(`${name}: there is no option ${unknown}`)
  return given
}

/** A string is a path; bytes are PEM. */
function pemOrPath (name, value) {
  if (typeof value === 'string') return value
  const pem = bytesIn(value)
  if (pem === undefined) throw new TypeError(`${name} must be a path, or bytes of PEM`)
  return pem
}

/** The call that sets a client certificate, null for none at all. */
function certificateCall (name, setter, given) {
  if (given === null) return [setter, null]
  const { cert, key = null, password = null } = identity(name, given)
  const first = pemOrPath(`${name}: the certificate`, cert)
  const second = key === null ? null : pemOrPath(`${name}: the key`, key)
  if (password !== null) text(`${name}: the password`, password)
  const isPath = typeof first === 'string'
  if (second !== null && isPath !== (typeof second === 'string')) {
    throw new TypeError(`${name} must be two paths, or two buffers with PEM`)
  }
  return [isPath ? setter : `${setter}_pem`, first, second, password]
}

/** The calls that say whom to trust at an https:// proxy. */
function proxyTrust (given) {
  if (typeof given === 'boolean') return [['proxy_verify', given]]
  if (typeof given === 'string') return [['proxy_verify', true], ['proxy_ca_file', given]]
  if (given !== null && typeof given === 'object' && Object.keys(given).join() === 'ca') {
    return [['proxy_ca_pem', bytes('proxyVerify: ca', given.ca)]]
  }
  throw new TypeError('proxyVerify must be true, false, the path of a CA file, or { ca }')
}

const setters = {
  cert (calls, given) {
    calls.push(certificateCall('cert', 'cert', given))
  },
  serverName (calls, name) {
    calls.push(['server_name', text('serverName', name)])
  },
  tlsMin (calls, version) {
    if (VERSIONS[version] === undefined || typeof version !== 'string') {
      throw new TypeError("tlsMin must be '1.2' or '1.3'")
    }
    calls.push(['tls_min', VERSIONS[version]])
  },
  pins (calls, given) {
    const pins = typeof given === 'string' ? [given] : list('pins', given)
    for (const pin of pins) calls.push(['pin', text('a pin in pins', pin)])
  },
  proxyVerify (calls, given) {
    calls.push(...proxyTrust(given))
  },
  proxyCert (calls, given) {
    calls.push(certificateCall('proxyCert', 'proxy_cert', given))
  }
}

module.exports = { VERSIONS, setters }
