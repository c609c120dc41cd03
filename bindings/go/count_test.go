//go:build !rqdebug

package rq

const cancelledRequests = 10_000
