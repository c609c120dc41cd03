// POST JSON and read a JSON answer, which may come in any UTF.
import { post } from 'librq'

const base = process.argv[2]

const response = await post(`${base}/upload`, { json: { name: 'tea', price: 3 } })
response.raise()
const { bytes } = await response.json()
console.log(bytes, 'bytes received')
