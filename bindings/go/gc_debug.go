// The collector as an adversary, for tests: see handle.go.

//go:build rqdebug

package rq

import "runtime"

// collectGarbage makes the collector attack every pointer that is about to be given to C.
func collectGarbage() { runtime.GC() }
