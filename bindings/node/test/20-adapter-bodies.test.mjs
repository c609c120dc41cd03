// What adapters find of requests' bodies, streamed ones too.

import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Session } from 'librq'

const mirror = async (prepared) => {
  await sleep(1)
  return { body: prepared.body ?? 'nothing' }
}

async function * slowly () {
  for (const piece of ['a ', 'stream']) {
    await sleep(1)
    yield Buffer.from(piece)
  }
}

test('an adapter finds the whole body, however it is given', async () => {
  const session = new Session({ trustEnv: false })
  session.mount('mock://', mirror)
  const post = async (options) => (await session.post('mock://x', options)).text()
  assert.equal(await post({ body: 'memory' }), 'memory')
  assert.equal(await post({ body: slowly() }), 'a stream')
  assert.equal(await post({ form: { a: '1' } }), 'a=1')
  assert.equal(await (await session.get('mock://x')).text(), 'nothing')
  session.close()
})

test('a body that fails is never answered', async () => {
  const session = new Session({ trustEnv: false })
  let asked = 0
  session.mount('mock://', () => { asked++; return {} })
  const torn = new Error('torn')
  async function * tears () {
    yield Buffer.from('a')
    throw torn
  }
  await assert.rejects(session.post('mock://x', { body: tears() }), (error) => error === torn)
  assert.equal(asked, 0)
  session.close()
})
