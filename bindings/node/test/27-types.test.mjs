// The types: index.d.ts as tsc --strict meets it, in a program for browsers' types and one for
// Node's, in the example and in the programs of README.md; and `using`, compiled and run.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as librq from 'librq'
import { testd } from './testd.mjs'

const { HTTP } = await testd()
const here = fileURLToPath(new URL('..', import.meta.url))
const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
const readme = new URL('../build/readme/', import.meta.url)
after(() => rm(readme, { recursive: true }))

/** What tsc says: nothing, if all is well. */
async function compile (...given) {
  try {
    return (await promisify(execFile)(process.execPath, [tsc, ...given], { cwd: here })).stdout
  } catch ({ stdout, stderr }) {
    return stdout + stderr
  }
}

test('the types of browsers', async () => {
  assert.equal(await compile('-p', 'test'), '')
})

test('the types of Node, the example, the programs of the README', async () => {
  const text = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const programs = [...text.matchAll(/```js\n([^]*?)```/g)].map(([, program]) => program)
  assert.ok(programs.length >= 4)
  await mkdir(readme, { recursive: true })
  await Promise.all(programs.map((program, i) => writeFile(new URL(`${i}.mjs`, readme), program)))
  assert.equal(await compile('-p', 'test/tsconfig.node.json'), '')
})

const declared = await readFile(new URL('../lib/index.d.ts', import.meta.url), 'utf8')

test('the types name what is exported', () => {
  const names = [...declared.matchAll(/^export (?:class|function|const) (\w+)/gm)]
    .map(([, name]) => name)
  assert.deepEqual([...names, 'delete'].toSorted(), Object.keys(librq).toSorted())
})

/** The names of the members of a class in the types; of those of an instance, or of the class. */
function members (name, isStatic) {
  const [, body] = new RegExp(`^export class ${name} [^]*?{\\n([^]*?)^}`, 'm').exec(declared)
  const found = body.matchAll(/^  (static )?(?:readonly |get |set )?(\[?[\w.]+\]?) ?[(:?<]/gm)
  return [...found].filter(([, own]) => isStatic === (own !== undefined)).map(([, , name]) => name)
    .filter((name) => !['private', 'constructor'].includes(name))
}

/** Those that there are. */
function there (value) {
  const known = ['dispose', 'asyncDispose', 'asyncIterator', 'iterator']
  const named = (symbol) => known.find((name) => Symbol[name] === symbol)
  const own = (object) => Reflect.ownKeys(object).map((key) =>
    typeof key === 'symbol' ? `[Symbol.${named(key)}]` : key)
  const hidden = ['constructor', '[Symbol.undefined]'] // what console.log looks for
  return [...own(value), ...own(Object.getPrototypeOf(value))]
    .filter((name) => !hidden.includes(name))
}

test('the types name every member', async () => {
  const session = new librq.Session()
  const response = await session.get(`${HTTP}/json`)
  for (const [name, value] of Object.entries({
    Session: session, Response: response, Prepared: response.request, Headers: response.headers,
    Cookies: session.cookies
  })) {
    assert.deepEqual([...new Set(members(name, false))].toSorted(), there(value).toSorted(), name)
  }
  assert.deepEqual(members('Prepared', true), ['of'])
})

test('a program that is wrong is told so', async () => {
  await mkdir(readme, { recursive: true })
  const wrong = "import { get } from 'librq'\nget('https://example.org/', { timeout: '3 s' })\n"
  await writeFile(new URL('wrong.mjs', readme), wrong)
  assert.match(await compile('-p', 'test/tsconfig.node.json'), /wrong\.mjs.*TS2322/)
  await rm(new URL('wrong.mjs', readme))
})

test('using, compiled for a runtime without it, closes what it leaves', async () => {
  const given = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node',
    '--lib', 'es2022,esnext.disposable', '--rootDir', '.', '--outDir', 'build/readme',
    'test/using.mts']
  assert.equal(await compile('--ignoreConfig', ...given), '')
  const program = fileURLToPath(new URL('test/using.mjs', readme))
  const { stdout } = await promisify(execFile)(process.execPath, [program, `${HTTP}/bytes/100000`])
  assert.equal(stdout, '200\nthe session is closed\n')
})
