// The package as others install it: packed, unpacked into an empty folder, built against an
// installed librq; and what it says where something is missing. Nothing is asked of a registry: the
// one dependency is packed too.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { testd } from './testd.mjs'

const { HTTP } = await testd()
const here = fileURLToPath(new URL('..', import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'rq-package-'))
after(() => rm(folder, { recursive: true }))
const prefix = join(folder, 'prefix')

/** Of this process, without what shows the way to librq, and what npm said when it began this. */
const { PKG_CONFIG_PATH, RQ_PREFIX, INIT_CWD, ...rest } = process.env
const env = {
  ...Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith('npm_'))),
  PKG_CONFIG_LIBDIR: join(folder, 'nothing'),
  npm_config_cache: join(folder, 'cache'),
  npm_config_update_notifier: 'false'
}

const run = (cwd, command, given, more) =>
  promisify(execFile)(command, given, { cwd, env: { ...env, ...more }, timeout: 300_000 })

async function pack (what) {
  const given = ['pack', what, '--json', '--ignore-scripts', '--pack-destination', folder]
  const [{ filename, files }] = JSON.parse((await run(here, 'npm', given)).stdout)
  return { file: join(folder, filename), files: files.map(({ path }) => path) }
}

const [own, headers] = [await pack('.'), await pack('./node_modules/node-api-headers')]
await run(here, '../c/install.sh', [prefix])

async function empty (name) {
  const made = join(folder, name)
  await mkdir(made)
  await writeFile(join(made, 'package.json'), '{ "private": true }')
  return made
}

const install = (into, more) => run(into, 'npm',
  ['install', '--offline', '--no-audit', '--no-fund', headers.file, own.file], more)

/** What install.cjs says in that folder; it has to fail. */
async function says (where, more) {
  try {
    await run(where, process.execPath, ['install.cjs'], more)
  } catch ({ code, stderr }) {
    assert.equal(code, 1)
    return stderr
  }
  throw new Error('it was built')
}

test('the package has what it needs, and nothing else', async () => {
  const sources = async (name) => (await readdir(join(here, name))).map((file) => `${name}/${file}`)
  const wanted = ['CMakeLists.txt', 'README.md', 'install.cjs', 'package.json',
    ...await sources('lib'), ...await sources('src')]
  assert.deepEqual(own.files.toSorted(), wanted.toSorted())
})

test('npm install builds against an installed librq, by RQ_PREFIX or by pkg-config', async () => {
  const way = { RQ_PREFIX: prefix, PKG_CONFIG_PATH: join(prefix, 'lib/pkgconfig') }
  for (const [name, value] of Object.entries(way)) {
    const into = await empty(name)
    await install(into, { [name]: value })
    const program = `get('${HTTP}/json').then((r) => r.json()).then((j) => console.log(j.hello))`
    for (const [type, taken] of [['module', "import { get } from 'librq'"],
      ['commonjs', "const { get } = require('librq')"]]) {
      const given = [`--input-type=${type}`, '-e', `${taken}; ${program}`]
      assert.equal((await run(into, process.execPath, given)).stdout, 'librq\n')
    }
  }
})

test('npm install without librq says what is missing, and what to do', async () => {
  await assert.rejects(install(await empty('without')), ({ stderr, stdout }) => {
    assert.match(stdout + stderr, /librq: the addon cannot be built: there is no librq/)
    assert.match(stdout + stderr, /RQ_PREFIX=\/opt\/rq npm install librq/)
    return true
  })
})

// ---- what install.cjs says ----

const [unpacked, checkout] = [join(folder, 'unpacked'), join(folder, 'checkout')]
const inCheckout = join(checkout, 'bindings/node')
for (const where of [unpacked, inCheckout]) {
  await mkdir(where, { recursive: true })
  for (const name of ['CMakeLists.txt', 'install.cjs', 'package.json', 'src']) {
    await cp(join(here, name), join(where, name), { recursive: true })
  }
}
await mkdir(join(checkout, 'bindings/c'))
await writeFile(join(checkout, 'bindings/c/Cargo.toml'), '')

/** A PATH with these programs alone. */
async function only (...names) {
  const bin = await mkdtemp(join(folder, 'bin-'))
  const given = ['-c', `for name; do command -v $name; done`, 'sh', ...names]
  const found = (await run(folder, 'sh', given)).stdout.trim().split('\n').filter(Boolean)
  await Promise.all(found.map((path, i) => symlink(path, join(bin, names[i]))))
  return { PATH: bin }
}

test('where pkg-config or CMake is missing', async () => {
  assert.match(await says(unpacked, await only()), /pkg-config is missing\.\nInstall it/)
  const more = { RQ_PREFIX: prefix, ...await only('pkg-config') }
  assert.match(await says(unpacked, more), /CMake is missing\.\nInstall CMake 3\.20/)
})

test('where node-api-headers is missing, or the prefix is wrong', async () => {
  assert.match(await says(unpacked, { RQ_PREFIX: prefix }), /node-api-headers is missing/)
  const wrong = await says(unpacked, { RQ_PREFIX: '/nowhere' })
  assert.match(wrong, /there is no librq .*\nRQ_PREFIX is \/nowhere, where there is no lib/)
})

test('where librq is of another version', async () => {
  const old = join(folder, 'old')
  await mkdir(old)
  await writeFile(join(old, 'rq.pc'), 'Name: rq\nDescription: old\nVersion: 0.0.9\n')
  const said = await says(unpacked, { PKG_CONFIG_PATH: old })
  assert.match(said, /is 0\.0\.9, this package needs 0\.1/)
})

test('in a checkout: built or not', async () => {
  assert.match(await says(inCheckout), /no librq .*\nThis is a checkout.* scripts\/build\.sh/)
  const built = join(checkout, 'target/release')
  await mkdir(built, { recursive: true })
  await cp(join(prefix, 'lib/pkgconfig/rq.pc'), join(built, 'rq.pc'))
  assert.match(await says(inCheckout, await only('pkg-config')), /CMake is missing/)
})

test('where the compiler fails, it is heard', async () => {
  const broken = join(folder, 'broken')
  await cp(unpacked, broken, { recursive: true })
  await mkdir(join(broken, 'node_modules'))
  const needed = 'node_modules/node-api-headers'
  await symlink(join(here, needed), join(broken, needed))
  await writeFile(join(broken, 'src/send.c'), '#error "broken on purpose"\n')
  const heard = await says(broken, { RQ_PREFIX: prefix })
  assert.match(heard, /broken on purpose[^]*cannot be built: cmake --build .* failed/)
})
