// Waiting until a descriptor of the library's is readable, without a thread: they are in one epoll,
// which Go's own poller watches in turn. Whatever goes wrong here ends the wait early: the call
// that follows waits by itself.

package rq

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
)

// waits are the goroutines that wait. While there are any, one more tells them.
type waits struct {
	epoll int
	file  *os.File
	conn  syscall.RawConn
	mu    sync.Mutex
	of    map[int32]*wait // by descriptor, of which each has one that waits; nil: nobody can
	runs  bool            // the one that tells them
}

// wait is one of them.
type wait struct {
	over  chan struct{}
	timer *time.Timer
}

var idleWaits = sync.Pool{New: func() any {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return &wait{make(chan struct{}, 1), timer}
}}

// sharedWaits are the process's, nil where it cannot have them.
var sharedWaits = sync.OnceValue(func() *waits {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil
	}
	if syscall.SetNonblock(epoll, true) != nil { // for Go's poller
		syscall.Close(epoll)
		return nil
	}
	file := os.NewFile(uintptr(epoll), "epoll")
	conn, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return nil
	}
	return &waits{epoll: epoll, file: file, conn: conn, of: make(map[int32]*wait)}
})

// run tells those who wait until nobody does.
func (w *waits) run() {
	for {
		err := w.conn.Read(w.take)
		w.mu.Lock()
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			w.giveUp() // it cannot be watched
		}
		w.runs = len(w.of) > 0
		if !w.runs {
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		w.file.SetReadDeadline(time.Time{})
	}
}

// until waits until descriptor is readable, or for so long; negative: without a limit.
func (w *waits) until(descriptor int, limit time.Duration) {
	one := idleWaits.Get().(*wait)
	defer idleWaits.Put(one)
	if !w.add(int32(descriptor), one) {
		return
	}
	if limit < 0 {
		<-one.over
		return
	}
	one.timer.Reset(limit)
	select {
	case <-one.over:
		one.timer.Stop()
	case <-one.timer.C:
		w.remove(int32(descriptor), one)
	}
}

// add has one told when descriptor is readable, once.
func (w *waits) add(descriptor int32, one *wait) bool {
	w.mu.Lock()
	if w.of == nil {
		w.mu.Unlock()
		return false
	}
	w.of[descriptor] = one
	if !w.runs {
		w.runs = true
		go w.run()
	}
	w.mu.Unlock()
	event := syscall.EpollEvent{
		Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | syscall.EPOLLONESHOT, Fd: descriptor,
	}
	// Most have been waited for before.
	err := syscall.EpollCtl(w.epoll, syscall.EPOLL_CTL_MOD, int(descriptor), &event)
	if err == syscall.ENOENT {
		err = syscall.EpollCtl(w.epoll, syscall.EPOLL_CTL_ADD, int(descriptor), &event)
	}
	if err != nil {
		w.remove(descriptor, one)
	}
	return err == nil
}

// remove forgets one, and what it has been told meanwhile.
func (w *waits) remove(descriptor int32, one *wait) {
	w.mu.Lock()
	if w.of[descriptor] == one {
		delete(w.of, descriptor)
	}
	if len(w.of) == 0 && w.runs {
		w.file.SetReadDeadline(time.Now()) // it has nobody to tell
	}
	w.mu.Unlock()
	select {
	case <-one.over:
	default:
	}
}

// take tells those whose descriptors are readable now; true: nobody else waits.
func (w *waits) take(uintptr) bool {
	var events [128]syscall.EpollEvent
	for {
		count, err := syscall.EpollWait(w.epoll, events[:], 0)
		w.mu.Lock()
		if err != nil && err != syscall.EINTR {
			w.giveUp()
		}
		for i := range max(count, 0) {
			w.tell(events[i].Fd)
		}
		nobody := len(w.of) == 0
		w.mu.Unlock()
		if count == 0 || nobody {
			return nobody
		}
	}
}

// tell ends the wait for descriptor, if there is one. The lock is held, as it is in giveUp.
func (w *waits) tell(descriptor int32) {
	if one := w.of[descriptor]; one != nil {
		delete(w.of, descriptor)
		one.over <- struct{}{} // there is room: it is told once
	}
}

// giveUp ends all waits, those to come too: the calls wait by themselves.
func (w *waits) giveUp() {
	for descriptor := range w.of {
		w.tell(descriptor)
	}
	w.of = nil
}
