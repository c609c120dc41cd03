// Compiled, not run: what only the types of Node know, without those of browsers.
import { pipeline } from 'node:stream/promises'
import { createReadStream, createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { Session, fetch } from 'librq'

export async function streams (signal: AbortSignal): Promise<void> {
  await using session = new Session({ auth: async (prepared) => {
    prepared.setHeader('Authorization', await Promise.resolve('token'))
  } })
  const response = await session.get('https://example.org/', { signal })
  await pipeline(response.stream(), createWriteStream('copy'))
  const readable: Readable = response.stream().setEncoding('utf8')
  readable.destroy()

  await session.post('https://example.org/', { body: createReadStream('copy') })
  await session.post('https://example.org/', { body: Readable.from(['a', 'b']), bodyLength: 2 })
  await session.post('https://example.org/', { body: await open('copy') })
  await session.post('https://example.org/', { body: new Blob(['a']).stream() })
  await session.post('https://example.org/', { files: { a: createReadStream('copy') } })
}

/** As it is handed to clients that take a fetch of Node's types. */
export const clients: (typeof globalThis.fetch)[] = [fetch, new Session().fetch]

export async function fetched (body: ReadableStream<Uint8Array>): Promise<string[]> {
  const response: Response = await fetch(new Request('https://example.org/'), {
    method: 'POST', body, duplex: 'half', redirect: 'manual', signal: null
  })
  return response.headers.getSetCookie()
}
