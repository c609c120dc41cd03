// Through a proxy to a server that wants a client certificate. The proxy only sees a tunnel; what
// is wrong with a certificate is the reason of a RequestError: 'expired', 'unknown_issuer', …
import { Session } from 'librq'

const [base, proxy] = process.argv.slice(2)

const session = new Session({
  proxies: { https: proxy },
  verify: 'ca.pem',
  cert: ['client.pem', 'client.key']
})
const response = await session.get(`${base}/sha256/0`)
response.raise()
for (const [i, { subject }] of response.certificates.entries()) {
  console.log(`certificate ${i}: ${subject}`)
}
console.log(response.status, response.reason)
session.close()
