'use strict'

// The header fields of a response.

/** In the order and case in which they came; look-ups ignore the case. */
class Headers {
  #flat

  constructor (flat) {
    this.#flat = flat
  }

  * entries () {
    for (let i = 0; i < this.#flat.length; i += 2) yield [this.#flat[i], this.#flat[i + 1]]
  }

  [Symbol.iterator] () {
    return this.entries()
  }

  getAll (name) {
    const wanted = String(name).toLowerCase()
    return this.#flat.filter((_, i) => i % 2 === 1 && this.#flat[i - 1].toLowerCase() === wanted)
  }

  get (name) {
    const values = this.getAll(name)
    return values.length > 0 ? values.join(', ') : null
  }

  has (name) {
    return this.getAll(name).length > 0
  }

  /** What console.log shows. */
  [Symbol.for('nodejs.util.inspect.custom')] (depth, options, inspect) {
    return `Headers ${inspect([...this], options)}`
  }
}

module.exports = { Headers }
