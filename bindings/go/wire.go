// Where the race detector does not run, there is nothing to tell it: see wire_race.go.

//go:build !race

package rq

func toWire()   {}
func fromWire() {}
