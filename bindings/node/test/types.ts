// Compiled, not run: the types of index.d.ts as a program in TypeScript meets them.
import * as librq from 'librq'
import { Prepared, RequestError, Response, Session } from 'librq'

export async function everything (signal: AbortSignal): Promise<void> {
  using session = new Session({
    headers: { 'X-Trace': '1', Accept: null },
    timeout: [3.05, 27],
    deadline: 60,
    verify: '/etc/ssl/ca.pem',
    resolve: { 'example.org:443': '127.0.0.1:8443' },
    pool: { idle: 10, idlePerHost: 2 },
    idleAge: 30
  })
  const prepared: Prepared = session.prepare('POST', new URL('https://example.org/'), {
    headers: [['A', '1'], ['A', 2]], json: { hello: 'librq' }
  })
  prepared.method = 'PUT'
  prepared.url = new URL('https://example.org/other')
  prepared.setHeader('A', null)
  prepared.body = new ArrayBuffer(8)
  const sent: [string, string][] = prepared.headers
  const length: number | undefined = prepared.body?.length

  using response: Response = (await session.send(prepared, { signal })).raise()
  for await (const piece of response) piece.subarray(0, 1)
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader()
  const trailer: string | null | undefined = response.trailers?.get('X-Checksum')
  const names: string[] = [...response.headers].map(([name]) => name)

  const answer = await (await librq.get('https://example.org/')).json<{ hello: string }>()
  await librq.delete('https://example.org/', { headers: new Map([['A', '1']]), body: 'text' })
  console.log(sent, length, reader, trailer, names, answer.hello, librq.version)
}

export function told (error: unknown): string {
  if (!(error instanceof RequestError)) return String(error)
  // @ts-expect-error: there is no such code
  if (error.code === 'ECONNREFUSED') return ''
  return `${error.code} while ${error.phase}: ${error.message} (${error.errno ?? 0})`
}

// @ts-expect-error: a signal belongs to send()
new Session().prepare('GET', 'https://example.org/', { signal: AbortSignal.timeout(1) })
// @ts-expect-error: a timeout is a number of seconds
new Session({ timeout: '3 s' })
