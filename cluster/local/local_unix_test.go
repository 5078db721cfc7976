//go:build unix

package local_test

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/volley-sql/volley/cluster"
	"github.com/volley-sql/volley/cluster/clustertest"
	"github.com/volley-sql/volley/cluster/local"
)

// TestCloseEndsWhatHangs: a process that does not react is ended all the same.
func TestCloseEndsWhatHangs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // somebody to wait for
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	m := open(t, clustertest.Setup{Driver: l.Addr().String(), Token: []byte("x")}).(*local.Manager)
	if err := m.SetTarget(t.Context(), map[cluster.Profile]int{{Cores: 1, Memory: 1 << 20}: 1}); err != nil {
		t.Fatal(err)
	}
	if c, err := l.Accept(); err != nil {
		t.Fatal(err)
	} else {
		defer c.Close()
	}
	var pid int
	for _, p := range m.PIDs() {
		pid = p
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("Close took %v", d)
	}
	if err := syscall.Kill(pid, 0); err == nil {
		t.Errorf("process %d lives", pid)
	}
}
