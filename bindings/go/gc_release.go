// Without the tag rqdebug the collector runs when it wants to.

//go:build !rqdebug

package rq

func collectGarbage() {}
