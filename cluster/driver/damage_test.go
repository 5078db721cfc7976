package driver_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// damagingProxy stands before a shuffle server and damages what it sends:
// every few megabytes it flips a bit, leaves a byte out, or cuts the
// connection. It returns its address.
func damagingProxy(server string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	var conns atomic.Uint64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", server)
			if err != nil {
				c.Close()
				continue
			}
			go func() {
				io.Copy(s, c)
				s.Close()
			}()
			r := rand.New(rand.NewPCG(uint64(os.Getpid()), conns.Add(1)))
			go func() {
				io.Copy(&damager{w: c, r: r, left: r.IntN(8 << 20)}, s)
				c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

type damager struct {
	w    io.Writer
	r    *rand.Rand
	left int // bytes until the next damage
}

func (d *damager) Write(b []byte) (int, error) {
	if d.left > len(b) || len(b) == 0 {
		d.left -= len(b)
		return d.w.Write(b)
	}
	at := min(d.left, len(b)-1)
	if dir := os.Getenv(damages); dir != "" {
		f, err := os.CreateTemp(dir, "damage-")
		if err == nil {
			f.Close()
		}
	}
	d.left = 5<<20 + d.r.IntN(12<<20)
	bad := append([]byte(nil), b...)
	switch d.r.IntN(3) {
	case 0:
		bad[at] ^= 1 << d.r.IntN(8)
	case 1:
		bad = append(bad[:at], bad[at+1:]...)
	default:
		d.w.Write(bad[:at])
		return 0, io.ErrClosedPipe
	}
	if _, err := d.w.Write(bad); err != nil {
		return 0, err
	}
	return len(b), nil
}

// wide moves about 25 MB between executors.
const (
	wide     = "SELECT count(*), sum(length(s)), sum(crc32(s)), min(s), max(s) FROM (SELECT a.k, a.s FROM (SELECT id, k, repeat(cast(id AS string), 3) AS s FROM $SOURCE WHERE id < 1000000) a JOIN (SELECT DISTINCT k FROM $SOURCE) b ON a.k = b.k)"
	wideRows = "1000000 17666670 2147329675887417 000 999999999999999999 \n"
)

// TestDamagedFrames: whatever connections do to shuffled rows, the answer is
// the right one or a clean error, and the next query is right.
func TestDamagedFrames(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(damages, dir)
	t.Setenv("VOLLEY_SPARK_SQL_AUTOBROADCASTJOINTHRESHOLD", "-1")
	t.Setenv(behaviour, "damages frames on their way")
	a := open(t, 3)
	right, failed := 0, 0
	for range 2 {
		got, err := run(t.Context(), a, wide)
		switch {
		case sqlerr.Is(err, sqlerr.TaskFailures) || sqlerr.Is(err, sqlerr.ShuffleLost):
			failed++
		case err != nil:
			t.Errorf("error %v", err)
		case got != wideRows:
			t.Fatalf("rows %q", got)
		default:
			right++
		}
	}
	done, _ := os.ReadDir(dir)
	t.Logf("%d right, %d clean errors, %d damages", right, failed, len(done))
	if right == 0 || len(done) == 0 {
		t.Error("no query got through, or hardly anything was damaged")
	}
}

// TestDamagedFiles: outputs at rest whose bytes change are made again.
func TestDamagedFiles(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("SKIP: needs /proc to get at the files of executors")
	}
	t.Setenv("VOLLEY_SPARK_SQL_AUTOBROADCASTJOINTHRESHOLD", "-1")
	t.Setenv(behaviour, "keeps outputs on disk")
	a := open(t, 3)
	wait(t, "three executors", 20*time.Second, func() bool { return len(pids(a)) == 3 })
	r := rand.New(rand.NewPCG(1, 1))
	damaged := 0
	for range 20 {
		done := make(chan error, 1)
		go func() {
			got, err := run(t.Context(), a, wide)
			if err == nil && got != wideRows {
				err = fmt.Errorf("rows %q", got)
			}
			done <- err
		}()
		hit := false
		for over := false; !over; {
			select {
			case err := <-done:
				if err != nil && !sqlerr.Is(err, sqlerr.TaskFailures) {
					t.Fatal(err)
				}
				over = true
			case <-time.After(time.Millisecond):
				if hit {
					continue
				}
				for _, pid := range pids(a)[:1] {
					hit = damageFile(r, pid)
				}
			}
		}
		if hit {
			damaged++
		}
		if damaged == 1 {
			return
		}
	}
	if damaged == 0 {
		t.Error("no file was ever damaged")
	}
}

// damageFile changes bytes in each shuffle file of a process and reports whether there was one.
func damageFile(r *rand.Rand, pid int) (done bool) {
	fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, fd := range fds {
		name, err := os.Readlink(fd)
		if err != nil || !strings.Contains(name, "/store/output-") {
			continue
		}
		f, err := os.OpenFile(fd, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if st, err := f.Stat(); err == nil && st.Size() > 1<<20 {
			for at := r.Int64N(1 << 19); at < st.Size(); at += 1 << 19 {
				var b [1]byte
				f.ReadAt(b[:], at)
				b[0] ^= 0x10
				_, err = f.WriteAt(b[:], at)
				done = done || err == nil
			}
		}
		f.Close()
	}
	return done
}
