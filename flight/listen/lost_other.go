//go:build !linux

package listen

import "net"

// looks says that nothing is known here of what is on its way: a client that is
// gone is noticed when it gives no sign of life.
const looks = false

func attempts(*net.TCPConn) int { return 0 }
