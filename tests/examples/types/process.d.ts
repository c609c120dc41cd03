// What the programs of examples/node use of Node itself, so that no further package is needed.
declare const process: {
  argv: string[]
  exitCode?: number
  stdout: { write (text: string): boolean }
}
