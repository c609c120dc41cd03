// A session keeps the cookies that servers set, and yours; a file keeps them for the next run.
import { Session } from 'librq'

const base = process.argv[2]
const session = new Session()
const { cookies } = session

cookies.set('theme', 'dark')
for (const path of ['/headers', '/echo']) { // the first one sets two cookies
  const response = await session.get(base + path)
  console.log(path, 'was sent', response.request.header('Cookie'))
  response.close()
}
for (const { name, value } of cookies) console.log(name, 'is', value)
await cookies.save('cookies.txt') // load() brings them back
session.close()
