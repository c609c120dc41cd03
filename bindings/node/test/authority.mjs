// Certificates of a test's own, made by openssl in a folder that goes with the file of tests.

import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

function openssl (...given) {
  execFileSync('openssl', given, { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** { folder, file, pem, issue(name, names) }: an authority of that name. */
export function authority (name) {
  const folder = mkdtempSync(join(tmpdir(), 'librq-'))
  after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'ca.pem')
  const key = join(folder, 'ca.key')
  openssl('req', '-x509', ...NEW_KEY, '-days', '30', '-subj', `/CN=${name}`,
    '-keyout', key, '-out', file)
  const issue = (subject, names = []) => issued(join(folder, subject), subject, names, file, key)
  return { folder, file, pem: readFileSync(file), issue }
}

/**
 * The paths { cert, key, both, sealed } and what is in the first three: { pem: { … } }. sealed is
 * the key encrypted with the password "secret".
 */
function issued (path, subject, names, ca, caKey) {
  const [cert, key, both, sealed] = ['cert', 'key', 'both', 'sealed'].map((it) => `${path}.${it}`)
  const alternative = names.length > 0 ? ['-addext', `subjectAltName=${names.join()}`] : []
  openssl('req', '-x509', ...NEW_KEY, '-days', '30', '-subj', `/CN=${subject}`,
    '-addext', 'basicConstraints=critical,CA:FALSE', ...alternative,
    '-CA', ca, '-CAkey', caKey, '-keyout', key, '-out', cert)
  openssl('pkcs8', '-topk8', '-v2', 'aes256', '-in', key, '-out', sealed, '-passout', 'pass:secret')
  const pem = { cert: readFileSync(cert), key: readFileSync(key) }
  pem.both = Buffer.concat([pem.cert, pem.key])
  writeFileSync(both, pem.both)
  return { cert, key, both, sealed, pem }
}

/** The pin of a certificate's public key, as curl spells it. */
export function pinOf (pem) {
  const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' })
  return `sha256//${createHash('sha256').update(key).digest('base64')}`
}
