// The race detector and the collector of rqdebug allocate by themselves.

//go:build !race && !rqdebug

package rq

import "testing"

// What a small GET allocates does not grow with the fields of its response.
func TestSmallGetAllocatesLittle(t *testing.T) {
	session := open(t)
	small(t, session)
	if count := testing.AllocsPerRun(100, func() { small(t, session) }); count > 20 {
		t.Fatalf("%v allocations", count)
	}
}
