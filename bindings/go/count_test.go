// How many requests flat_test.go cancels.

//go:build !rqdebug

package rq

const cancelledRequests = 10_000
