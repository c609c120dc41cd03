// What the race detector has to be told: whatever happened before bytes were sent happens before
// what follows their arrival. Of a connection of Go's it knows that by itself; librq's it does not
// see. So a test whose server notes something that the client then looks at would be taken for a
// race.

//go:build race

package rq

import (
	"os"
	"syscall"
)

var emptiness, _ = os.Open(os.DevNull)

// toWire comes before the library may send: for the detector, a write that reaches nobody.
func toWire() { syscall.Write(-1, nil) }

// fromWire comes after the library may have received: for the detector, a read.
func fromWire() { syscall.Read(int(emptiness.Fd()), nil) }
