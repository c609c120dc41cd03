// POST a form with files, one from the disk and one from memory: multipart/form-data.
import { file, post } from 'librq'

const base = process.argv[2]

const response = await post(`${base}/echo`, {
  form: { title: 'Week 12' },
  files: {
    note: ['note.txt', file('note.txt'), 'text/plain'],
    data: ['data.csv', '1,2,3\n', 'text/csv']
  }
})
response.raise()
process.stdout.write(await response.text())
