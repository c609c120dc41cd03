// A deadline for a whole call, and a cancel from elsewhere in the program: both end a request
// wherever it is, and the session serves the next one.
import { RequestError, Session } from 'librq'

const base = process.argv[2]
const session = new Session()

try {
  await session.get(`${base}/delay/60000`, { deadline: 0.1 })
} catch (error) {
  if (!(error instanceof RequestError) || error.code !== 'total_timeout') throw error
  console.log('the deadline passed')
}

const controller = new AbortController()
setTimeout(() => controller.abort(), 100)
try {
  await session.get(`${base}/delay/60000`, { signal: controller.signal })
} catch (error) {
  if (error !== controller.signal.reason) throw error
  console.log('cancelled')
}
session.close()
