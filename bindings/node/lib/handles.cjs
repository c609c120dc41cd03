'use strict'

// The addon's handles of sessions, for the classes beside Session that need one.

const handles = new WeakMap()

function keep (session, handle) {
  handles.set(session, handle)
}

function of (session) {
  const handle = handles.get(session)
  if (handle === undefined) throw new TypeError('a Session was expected')
  return handle
}

module.exports = { keep, of }
