//go:build unix

package main

import (
	"context"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// TestManyConnections is fault 36: many connections that idle, then one query
// on each; one more than there may be is refused and nobody else; and
// connections that come and go without pause leave nothing. With VOLLEY_SOAK
// they are 10,000.
func TestManyConnections(t *testing.T) {
	n, goers := 300, 2000
	if os.Getenv("VOLLEY_SOAK") != "" {
		n, goers = 10_000, 60_000
	}
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err == nil && files.Cur < uint64(n)+500 {
		t.Skipf("SKIP: %d files may be open, and %d are needed", files.Cur, n+500)
	}
	s := startServer(t, "--max-connections", "10000", "--max-queued", "20000", "--queue-timeout", "5m")
	before := s.number("go_goroutines")
	conns := make([]*grpc.ClientConn, n)
	for i := range conns {
		c, err := grpc.NewClient("passthrough:///"+s.address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithIdleTimeout(0), grpc.WithReadBufferSize(1<<10), grpc.WithWriteBufferSize(1<<10))
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = c
		defer c.Close()
		c.Connect()
		if i%200 == 199 { // no more at once than the listener's queue takes
			s.reaches("volley_connections", float64(i+1))
		}
	}
	s.reaches("volley_connections", float64(n))
	if grown := s.number("go_goroutines") - before; grown > float64(n)*5 {
		t.Errorf("%d idle connections hold %v goroutines", n, grown)
	}
	if n == 10_000 {
		c, err := net.Dial("tcp", s.address)
		if err == nil {
			c.SetReadDeadline(time.Now().Add(10 * time.Second))
			if _, err = c.Read(make([]byte, 1)); os.IsTimeout(err) {
				t.Error("one connection more is neither served nor refused")
			}
			c.Close()
		}
	}
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	next := make(chan *grpc.ClientConn)
	for range 64 {
		wg.Go(func() {
			for c := range next {
				if err := selectOne(c); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	for _, c := range conns {
		next <- c
	}
	close(next)
	wg.Wait()
	if err := failed.Load(); err != nil {
		t.Fatal(*err)
	}
	for _, c := range conns {
		c.Close()
	}
	s.reaches("volley_connections", 0)
	for range 8 {
		wg.Go(func() {
			for range goers / 8 {
				c, err := net.DialTimeout("tcp", s.address, 10*time.Second)
				if err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				c.(*net.TCPConn).SetLinger(0) // ports must not run out
				c.Close()
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		t.Fatal(*err)
	}
	s.reaches("volley_connections", 0)
	for end := time.Now().Add(30 * time.Second); s.number("go_goroutines") > before+50; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%v goroutines are left, %v there were", s.number("go_goroutines"), before)
		}
	}
}

// selectOne runs a query on a connection.
func selectOne(c *grpc.ClientConn) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	client := &flightsql.Client{Client: flight.NewClientFromConn(c, nil)}
	i, err := client.Execute(ctx, "SELECT 1")
	if err != nil {
		return err
	}
	r, err := client.DoGet(ctx, i.GetEndpoint()[0].GetTicket())
	if err != nil {
		return err
	}
	defer r.Release()
	for r.Next() {
	}
	return r.Err()
}
