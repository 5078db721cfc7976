package listen

import (
	"net"

	"golang.org/x/sys/unix"
)

const looks = true

// attempts is how often what was sent last, or the question whether more may be sent, has been repeated without an answer.
func attempts(c *net.TCPConn) (n int) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	raw.Control(func(fd uintptr) {
		if i, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			n = int(i.Probes)
			if i.Unacked > 0 {
				n = max(n, int(i.Retransmits))
			}
		}
	})
	return n
}
