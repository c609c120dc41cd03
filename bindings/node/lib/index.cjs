'use strict'

// librq for Node: what is exported, and the functions that share one session.

const { version } = require('../build/rq_node.node')
const { file } = require('./body.cjs')
const { Cookies } = require('./cookies.cjs')
const { RequestError } = require('./errors.cjs')
const { fetchOver } = require('./fetch.cjs')
const { Headers } = require('./headers.cjs')
const { Prepared } = require('./prepared.cjs')
const { Response } = require('./response.cjs')
const { Session } = require('./session.cjs')

let shared

function session () {
  shared ??= new Session()
  return shared
}

/** As fetch() of Node: no cookies are kept, and a peer may be silent for five minutes. */
const FETCH = { jar: false, timeout: [10, 300] }

module.exports = {
  Cookies,
  Headers,
  Prepared,
  RequestError,
  Response,
  Session,
  file,
  fetch: (input, init) => fetchOver(session(), input, init, FETCH),
  version,
  request: (...given) => session().request(...given),
  get: (...given) => session().get(...given),
  head: (...given) => session().head(...given),
  options: (...given) => session().options(...given),
  post: (...given) => session().post(...given),
  put: (...given) => session().put(...given),
  patch: (...given) => session().patch(...given),
  delete: (...given) => session().delete(...given)
}
