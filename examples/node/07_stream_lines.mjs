// Read a feed line by line, each when it has come, however the network cut it.
import { get } from 'librq'

const base = process.argv[2]

const response = await get(`${base}/lines/3/50`)
response.raise()
for await (const line of response.textLines()) console.log(line)
