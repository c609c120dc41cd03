// PUT a file: it is streamed from the disk, with its length, and never held in memory.
import { file, put } from 'librq'

const base = process.argv[2]

const response = await put(`${base}/upload`, {
  body: file('report.txt'),
  headers: { 'Content-Type': 'text/plain' }
})
response.raise()
console.log(await response.text())
