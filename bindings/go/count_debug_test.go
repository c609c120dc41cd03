// Where each call runs the collector, there are fewer.

//go:build rqdebug

package rq

const cancelledRequests = 500
