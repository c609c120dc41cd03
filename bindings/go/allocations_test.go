// The race detector and the collector of rqdebug allocate by themselves.

//go:build !race && !rqdebug

package rq

import "testing"

// The head of a response is copied at once: what is allocated does not grow with its fields.
func TestSmallGetAllocatesLittle(t *testing.T) {
	session := open(t)
	small(t, session)
	if count := testing.AllocsPerRun(100, func() { small(t, session) }); count > 20 {
		t.Fatalf("%v allocations", count)
	}
}
