// Where there is no epoll, calls wait in C.

//go:build !linux

package rq

import "time"

type waits struct{}

func sharedWaits() *waits { return nil }

func (*waits) until(int, time.Duration) {}
