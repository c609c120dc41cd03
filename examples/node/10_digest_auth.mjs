// Digest authentication: the first request is challenged and answered within one call; those after
// it carry the answer from the start. The password is never sent.
import { Session } from 'librq'

const base = process.argv[2]

const session = new Session({ auth: { digest: ['ann', 'secret'] } })
for (let i = 0; i < 2; i++) {
  const response = await session.get(`${base}/digest/ann/secret`)
  response.raise()
  const { status, history } = response
  console.log(`${status}, challenges: ${history.length}, ${await response.text()}`)
}
session.close()
