// Compiled for a runtime without `using`, and run: what it leaves is closed.
import { Session } from 'librq'

const [url] = process.argv.slice(2)
if (url === undefined) throw new Error('usage: using URL')

async function status (session: Session): Promise<number> {
  await using response = await session.get(url!)
  return response.status
}

let kept: Session
{
  using session = new Session()
  kept = session
  console.log(await status(session))
}
try {
  await status(kept)
} catch (error) {
  console.log((error as Error).message)
}
