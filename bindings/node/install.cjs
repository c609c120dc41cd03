'use strict'

// Builds the addon with CMake, against the librq that pkg-config knows, or against the one that was
// built in the checkout around this folder. `npm install` and `npm run build` run it. What is
// missing is named, with what to do about it; what the compiler says is shown as it is.

const { spawnSync } = require('node:child_process')
const { existsSync } = require('node:fs')
const { delimiter, join, resolve } = require('node:path')
const { version } = require('./package.json')

const CHECKOUT = resolve(__dirname, '../..')
const BUILT = join(CHECKOUT, 'target/release')

function fail (what, advice) {
  console.error(`librq: ${what}\n${advice}`)
  process.exit(1)
}

const lacks = (missing, advice) => fail(`the addon cannot be built: ${missing}`, advice)

/** What the command printed; undefined if it failed, or is not there. */
function printed (command, ...given) {
  const { status, stdout } = spawnSync(command, given, { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

/** Where pkg-config looks before it looks at the system's places. */
function lookIn (...folders) {
  process.env.PKG_CONFIG_PATH = folders.filter(Boolean).join(delimiter)
}

/** Has pkg-config find librq: where RQ_PREFIX says, where it is told to look, in the checkout. */
function findLibrq () {
  const { RQ_PREFIX: prefix, PKG_CONFIG_PATH: told, INIT_CWD: from = '.' } = process.env
  if (prefix) lookIn(join(resolve(from, prefix), 'lib/pkgconfig'), told)
  else if (existsSync(join(BUILT, 'rq.pc'))) lookIn(told, BUILT)
  if (printed('pkg-config', '--version') === undefined) {
    lacks('pkg-config is missing.', 'Install it: the package pkg-config of most systems.')
  }
  const found = printed('pkg-config', '--modversion', 'rq')
  if (found === undefined) lacks('there is no librq that pkg-config knows.', adviceOn(prefix))
  const minor = (version) => version.split('.').slice(0, 2).join('.')
  if (minor(found) !== minor(version)) {
    lacks(`the librq that pkg-config knows is ${found}, this package needs ${minor(version)}.`,
      'Install that version, or set RQ_PREFIX to where it is installed.')
  }
}

function adviceOn (prefix) {
  if (prefix) return `RQ_PREFIX is ${prefix}, where there is no lib/pkgconfig/rq.pc.`
  if (existsSync(join(CHECKOUT, 'bindings/c/Cargo.toml'))) {
    return 'This is a checkout of librq: run scripts/build.sh in its root, and then this again.'
  }
  return 'Install it (in a checkout of it: make install PREFIX=/opt/rq), and say where it is:\n' +
    'RQ_PREFIX=/opt/rq npm install librq'
}

function checkTools () {
  const found = /\d+\.\d+/.exec(printed('cmake', '--version'))?.[0]
  const [major, minor] = (found ?? '0.0').split('.').map(Number)
  if (major < 3 || (major === 3 && minor < 20)) {
    const what = found === undefined ? 'CMake is missing.' : `CMake is ${found}, which is too old.`
    lacks(what, 'Install CMake 3.20 or newer, and a C compiler: ' +
      'the packages cmake and gcc of most systems.')
  }
  try {
    require('node-api-headers')
  } catch {
    lacks('the package node-api-headers is missing.', 'It is a dependency: npm install.')
  }
}

function run (command, ...given) {
  const { status } = spawnSync(command, given, { cwd: __dirname, stdio: 'inherit' })
  if (status !== 0) lacks(`${command} ${given.join(' ')} failed.`, 'Why is shown above.')
}

function load () {
  try {
    require('./build/rq_node.node')
  } catch (error) {
    fail(`the addon was built, but does not load: ${error.message}`,
      'If librq.so was not found: it must stay where it was when this was built.')
  }
}

findLibrq()
checkTools()
run('cmake', '-S', '.', '-B', 'build')
run('cmake', '--build', 'build', '--parallel', '4')
load()
