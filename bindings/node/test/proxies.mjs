// Proxies of a test's own, which keep what they were asked and bring everything to this machine:
// HTTP's, plain or over TLS, and SOCKS'.

import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { after } from 'node:test'

/** Has the server listen until the tests of this file are over: its port. */
export async function listen (server, ...where) {
  const open = new Set()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.on('error', () => {}) // whoever goes away in the middle is no failure of the server's
    socket.once('close', () => open.delete(socket))
  })
  server.listen(...(where.length > 0 ? where : [0, '127.0.0.1']))
  await once(server, 'listening')
  after(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  return server.address().port
}

/** Connects both ways; what one end does to it, the other end sees. */
function join (client, port, ready) {
  const server = net.connect(port, '127.0.0.1')
  for (const [one, other] of [[client, server], [server, client]]) {
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
  }
  server.once('connect', () => {
    ready()
    client.pipe(server)
    server.pipe(client)
  })
}

/**
 * { port, asked: [{ method, url, headers, socket }] }; over TLS if there are settings of it.
 * refuse(request, socket) may answer a CONNECT in place of the tunnel: true if it has.
 */
export async function httpProxy ({ tls, refuse = () => false } = {}) {
  const asked = []
  const note = ({ method, url, headers, socket }) => asked.push({ method, url, headers, socket })
  const server = tls === undefined ? http.createServer() : https.createServer(tls)
  server.on('request', (request, response) => {
    note(request)
    const { method, headers } = request
    const { port, pathname } = new URL(request.url)
    const forward = http.request({ port, path: pathname, method, headers, host: '127.0.0.1' })
    forward.once('response', (got) => {
      response.writeHead(got.statusCode, got.rawHeaders)
      got.pipe(response)
    })
    request.pipe(forward)
  })
  server.on('connect', (request, socket) => {
    note(request)
    if (refuse(request, socket)) return
    join(socket, Number(request.url.split(':').at(-1)), () => {
      socket.write('HTTP/1.1 200 Open\r\n\r\n')
    })
  })
  return { port: await listen(server), asked }
}

/** Gives what has come, so many bytes at a time. */
class Input {
  #socket
  constructor (socket) { this.#socket = socket }

  async take (count) {
    for (;;) {
      const got = this.#socket.read(count)
      if (got !== null) return got
      await once(this.#socket, 'readable')
    }
  }

  async text () {
    const [length] = await this.take(1)
    return length === 0 ? '' : (await this.take(length)).toString()
  }

  async untilNul () {
    let text = ''
    for (;;) {
      const [byte] = await this.take(1)
      if (byte === 0) return text
      text += String.fromCharCode(byte)
    }
  }
}

async function serve5 (socket, input, note, reply) {
  const [count] = await input.take(1)
  const methods = [...await input.take(count)]
  note.methods = methods
  if (methods.includes(2)) {
    socket.write(Buffer.of(5, 2))
    await input.take(1)
    note.user = await input.text()
    note.password = await input.text()
    const known = note.password === 'secret'
    socket.write(Buffer.of(1, known ? 0 : 1))
    if (!known) return
  } else {
    socket.write(Buffer.of(5, 0))
  }
  const [, , , kind] = await input.take(4)
  note.host = kind === 3 ? await input.text() : [...await input.take(4)].join('.')
  const port = (await input.take(2)).readUInt16BE()
  const say = (code) => socket.write(Buffer.of(5, code, 0, 1, 0, 0, 0, 0, 0, 0))
  if (reply !== 0) say(reply)
  else join(socket, port, () => say(0))
}

async function serve4 (socket, input, note) {
  await input.take(1)
  const port = (await input.take(2)).readUInt16BE()
  const address = [...await input.take(4)].join('.')
  note.user = await input.untilNul()
  note.host = address.startsWith('0.0.0.') ? await input.untilNul() : address
  join(socket, port, () => socket.write(Buffer.of(0, 90, 0, 0, 0, 0, 0, 0)))
}

/** { port, asked: [{ version, host, user, password }] }; reply: SOCKS 5's, 0 for success. */
export async function socksProxy (reply = 0) {
  const asked = []
  const serve = async (socket) => {
    const input = new Input(socket)
    const [version] = await input.take(1)
    const note = { version }
    asked.push(note)
    await (version === 5 ? serve5(socket, input, note, reply) : serve4(socket, input, note))
  }
  const server = net.createServer((socket) => serve(socket).catch(() => socket.destroy()))
  return { port: await listen(server), asked }
}
