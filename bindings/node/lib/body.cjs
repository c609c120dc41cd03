'use strict'

// What a request carries: body, JSON, form fields, files. Each becomes calls of rq.h's setters, as
// the options do. Bytes are handed over at once, a file is named for librq to read, and anything
// that gives its bytes piece by piece becomes a source, read while the request is sent: see
// upload.cjs.

const { basename } = require('node:path')
const { fileURLToPath } = require('node:url')
const { bytesIn, flat, pairs, text, textOrNull, whole } = require('./values.cjs')

const UNKNOWN = -1

const KINDS = 'a string, bytes, a Blob, a stream, an iterable, a function or file(path)'

// ---- kinds of content ----

/** A file to be sent as a body or as a part, read by librq itself. */
function file (path) {
  if (typeof path !== 'string' && !(path instanceof URL)) {
    throw new TypeError('file() takes a path or a file: URL')
  }
  return Object.freeze({ path: typeof path === 'string' ? path : fileURLToPath(path) })
}

/** Whether it is a FormData, a Blob, …: by name, for Node loads some of them when asked for. */
function isA (value, ...classes) {
  return value !== null && typeof value === 'object' && classes.includes(value[Symbol.toStringTag])
}

/** What gives a fresh iterable again and again, or one once; undefined for what gives none. */
function sourceOf (value) {
  if (isA(value, 'Blob', 'File')) {
    return { open: () => value.stream(), length: value.size, rewindable: true }
  }
  if (typeof value === 'function') return { open: value, length: UNKNOWN, rewindable: true }
  if (Array.isArray(value)) return { open: () => value, length: UNKNOWN, rewindable: true }
  const iterable = typeof value?.[Symbol.asyncIterator] === 'function' ||
    typeof value?.[Symbol.iterator] === 'function'
  return iterable ? { open: once(value), length: UNKNOWN, rewindable: false } : undefined
}

function once (iterable) {
  let opened = false
  return () => {
    if (opened) throw new TypeError('the body was read already and cannot be read again')
    opened = true
    return iterable
  }
}

/** What hands content over: the end of a setter's name, and its arguments. */
function handOver (name, value, later, length) {
  const bytes = bytesIn(value)
  if (bytes !== undefined) return ['bytes', bytes]
  const source = sourceOf(value)
  if (source !== undefined) {
    if (source.length === UNKNOWN) source.length = length ?? UNKNOWN
    const index = later.sources.push(source) - 1
    return ['callback', index, source.length, source.rewindable]
  }
  if (typeof value?.path === 'string') return ['file', value.path]
  if (Number.isInteger(value?.fd)) return ['fd', whole('fd', value.fd)]
  throw new TypeError(`${name} must be ${KINDS}`)
}

function content (prefix, name, value, later, length) {
  const [kind, ...given] = handOver(name, value, later, length)
  if (length !== undefined && given[1] !== length) {
    throw new TypeError(`the length of ${name} is known without being told`)
  }
  if (prefix === 'part' && kind === 'fd') throw new TypeError(`${name} must be ${KINDS}`)
  return [prefix === 'body' && kind === 'bytes' ? 'body' : `${prefix}_${kind}`, ...given]
}

// ---- parts ----

/** What Requests calls a file that was given without a name. */
function filenameOf (name, value) {
  if (isA(value, 'File')) return value.name
  const path = value?.path
  return typeof path === 'string' && path !== '' ? basename(path) : name
}

function addPart (calls, later, { name, filename, type, headers, length, path, ...part }) {
  text('a name in files', name)
  if (part.content === null) return
  const value = path === undefined ? part.content : file(path)
  const kind = type === undefined && isA(value, 'Blob', 'File') ? value.type || null : type ?? null
  const called = filename === undefined ? filenameOf(name, value) : filename
  calls.push(['part', name], ['part_filename', textOrNull(`files: ${name}: filename`, called)])
  if (kind !== null) calls.push(['part_type', text(`files: ${name}: type`, kind)])
  for (const header of flat(`headers of ${name}`, headers ?? {})) {
    calls.push(['part_header', ...header])
  }
  calls.push(content('part', `files: ${name}`, value, later, length))
}

function addNamed (calls, later, [name, given]) {
  if (!Array.isArray(given)) return addPart(calls, later, { name, content: given })
  if (given.length < 2 || given.length > 4) {
    throw new TypeError(`files: ${name} must be content or [filename, content, type, headers]`)
  }
  const [filename, value, type, headers] = given
  addPart(calls, later, { name, filename, content: value, type, headers })
}

function files (calls, given, later) {
  if (!Array.isArray(given)) {
    for (const pair of pairs('files', given)) addNamed(calls, later, pair)
    return
  }
  for (const item of given) {
    if (Array.isArray(item)) addNamed(calls, later, pairs('files', [item])[0])
    else if (item !== null && typeof item === 'object') addPart(calls, later, item)
    else throw new TypeError('each of files must be an object or a pair [name, content]')
  }
}

/** As a browser sends it: every entry a part, text without a filename. */
function formData (calls, form, later) {
  for (const [name, entry] of form) {
    const filename = typeof entry === 'string' ? null : entry.name
    addPart(calls, later, { name, filename, content: entry })
  }
}

// ---- options ----

function form (calls, given) {
  for (const [name, value] of flat('form', given)) calls.push(['field', name, value])
}

function body (calls, value, later, { bodyLength }) {
  if (value === null) return
  if (isA(value, 'FormData')) formData(calls, value, later)
  else if (isA(value, 'URLSearchParams')) form(calls, value)
  else calls.push(content('body', 'body', value, later, bodyLength))
}

const setters = {
  body,
  bodyLength (calls, length, later, { body }) {
    whole('bodyLength', length, Number.MAX_SAFE_INTEGER)
    if (body === undefined || body === null) throw new TypeError('bodyLength needs a body')
  },
  json (calls, value) {
    const content = JSON.stringify(value)
    if (content === undefined) throw new TypeError('json cannot be written as JSON')
    calls.push(['json', Buffer.from(content)])
  },
  jsonText (calls, value) {
    calls.push(['json', Buffer.from(text('jsonText', value))])
  },
  form,
  files,
  onProgress (calls, told, later) {
    if (typeof told !== 'function') throw new TypeError('onProgress must be a function')
    later.onProgress = told
    calls.push(['progress'])
  }
}

module.exports = { file, setters }
