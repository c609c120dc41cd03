// A server of a test's own: what it answers is the test's, and it keeps what it was asked.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { after } from 'node:test'

/** { url, asked: [{ method, url, headers, body }] }; handler(request, response, body) answers. */
export async function origin (handler) {
  const asked = []
  const server = createServer(async (request, response) => {
    const pieces = []
    for await (const piece of request) pieces.push(piece)
    const body = Buffer.concat(pieces).toString()
    const { method, url, headers } = request
    asked.push({ method, url, headers, body })
    handler(request, response, body)
  })
  server.keepAliveTimeout = 0 // only clients close
  server.on('checkExpectation', (request, response) => {
    response.writeContinue()
    server.emit('request', request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${server.address().port}`, asked, server }
}

/** Answers with that status, header fields and body. */
export function answer (response, status, headers = {}, body = '') {
  response.writeHead(status, headers)
  response.end(body)
}
