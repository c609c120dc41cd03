// A server whose bodies have no end, except at /short, and which knows its connections: what a
// client gave up is seen here.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { after } from 'node:test'

/** { url, open: connections that are open, total: how many there were, empty(): none is open } */
export async function endless () {
  const server = createServer((request, response) => {
    if (request.url === '/short') return response.end('short')
    const timer = setInterval(() => response.write('more '), 2)
    response.once('close', () => clearInterval(timer))
  })
  server.keepAliveTimeout = 0 // only clients close
  const seen = { open: new Set(), total: 0, empty }
  server.on('connection', (socket) => {
    seen.total++
    seen.open.add(socket)
    socket.once('close', () => {
      seen.open.delete(socket)
      server.emit('left')
    })
  })
  async function empty () {
    const signal = AbortSignal.timeout(10_000)
    while (seen.open.size > 0) await once(server, 'left', { signal })
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => {
    server.close()
    server.closeAllConnections()
  })
  seen.url = `http://127.0.0.1:${server.address().port}`
  return seen
}
