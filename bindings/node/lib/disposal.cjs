'use strict'

// What `using` and `await using` call. Older Node 20 lacks the symbols, which the programs that
// compilers make of `using` look for where the language has them.

/** Gives Symbol what it lacks. */
function complete (symbols) {
  for (const name of ['dispose', 'asyncDispose']) {
    if (symbols[name] !== undefined) continue
    Object.defineProperty(symbols, name, { value: Symbol(`Symbol.${name}`) })
  }
  return symbols
}

const { asyncDispose, dispose } = complete(Symbol)

module.exports = { asyncDispose, complete, dispose }
