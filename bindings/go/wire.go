//go:build !race

package rq

func toWire()   {}
func fromWire() {}
