// GET a page: its status, a header, its text. A status such as 404 is an error only once raise()
// asks. What librq refuses, or what fails, is a RequestError with a code.
import { RequestError, get } from 'librq'

const base = process.argv[2]

try {
  const response = await get(`${base}/json`)
  response.raise()
  const text = await response.text()
  console.log(response.status, response.reason)
  console.log('Content-Type:', response.headers.get('content-type'))
  console.log(text)
} catch (error) {
  if (!(error instanceof RequestError)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exitCode = 1
}
