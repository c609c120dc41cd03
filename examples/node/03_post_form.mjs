// POST a form, as a browser does; names may be repeated. The server answers with what it got.
import { post } from 'librq'

const base = process.argv[2]

const response = await post(`${base}/echo`, {
  form: { name: 'Ann Lee', drink: ['tea', 'café'] }
})
response.raise()
console.log(await response.text())
