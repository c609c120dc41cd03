// Save a large body to a file, and show how far it is. The file appears whole or not at all, and
// the body is never held in memory.
import { get } from 'librq'

const base = process.argv[2]
let quarter = 1

const response = await get(`${base}/bytes/10000000`, {
  hooks: {
    download: (received, total) => { // what it throws ends the download
      for (; quarter <= 4 && received * 4 >= total * quarter; quarter++) {
        console.log(25 * quarter, '%')
      }
    }
  }
})
response.raise()
const written = await response.save('download.bin')
console.log(written, 'bytes saved')
