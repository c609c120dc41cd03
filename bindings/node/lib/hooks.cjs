'use strict'

// The option `hooks`: functions on the way of a request. When they are called is librq's business
// and dialog.cjs's.

const KINDS = ['request', 'response', 'trace', 'download']

function listOf (kind, given) {
  const list = Array.isArray(given) ? given : [given]
  if (list.every((hook) => typeof hook === 'function')) return list
  throw new TypeError(`hooks.${kind} must be a function or a list of functions`)
}

/** The functions of each kind. */
function hooksOf (given) {
  if (given === null || typeof given !== 'object') throw new TypeError('hooks must be an object')
  const unknown = Object.keys(given).find((kind) => !KINDS.includes(kind))
  if (unknown !== undefined) throw new TypeError(`hooks: there is no hook ${unknown}`)
  return Object.fromEntries(KINDS.map((kind) => [kind, listOf(kind, given[kind] ?? [])]))
}

/** The call that has librq call them; level 0 is the session's, 1 the request's. */
function hooksCall (level, hooks) {
  return ['hooks', level, ...KINDS.map((kind) => hooks[kind].length > 0)]
}

module.exports = { hooksCall, hooksOf }
