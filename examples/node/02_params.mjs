// Query parameters and a header of one request: they are escaped, and a name may be repeated.
import { get } from 'librq'

const base = process.argv[2]

const response = await get(`${base}/echo`, {
  params: { q: 'tea & cake', lang: ['en', 'de'] },
  headers: { Accept: 'text/plain' }
})
response.raise()
process.stdout.write(`${response.url}\n${await response.text()}`)
