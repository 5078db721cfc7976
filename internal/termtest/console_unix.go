//go:build unix

package termtest

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// Console is a program at a terminal.
type Console struct {
	t      testing.TB
	f      *os.File
	cmd    *exec.Cmd
	mu     sync.Mutex
	screen *Screen
	raw    strings.Builder
	closed chan struct{}
}

// Start starts a program at a terminal of its own. Errors end the test. What
// the screen does not like does, too.
func Start(t testing.TB, cmd *exec.Cmd, width, height int) *Console {
	t.Helper()
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: uint16(height), Cols: uint16(width)})
	if err == nil {
		f, err = closable(f)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := &Console{t: t, f: f, cmd: cmd, screen: NewScreen(width, height), closed: make(chan struct{})}
	c.screen.Fail = func(s string) { t.Error(s) }
	t.Cleanup(func() {
		cmd.Process.Kill()
		f.Close()
		<-c.closed
	})
	go c.listen()
	return c
}

// closable makes a file anew so that closing it ends its reads.
func closable(f *os.File) (*os.File, error) {
	defer f.Close()
	fd, err := unix.Dup(int(f.Fd()))
	if err != nil {
		return nil, err
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

func (c *Console) listen() {
	defer close(c.closed)
	buf := make([]byte, 4096)
	for {
		n, err := c.f.Read(buf)
		c.mu.Lock()
		c.screen.Write(buf[:n])
		c.raw.Write(buf[:n])
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Type sends keys.
func (c *Console) Type(keys string) {
	c.t.Helper()
	if _, err := c.f.WriteString(keys); err != nil {
		c.t.Fatal(err)
	}
}

// Paste pastes a text as terminals do: marked, if the program wants that, and with CR at the ends of lines.
func (c *Console) Paste(text string) {
	c.t.Helper()
	text = strings.ReplaceAll(text, "\n", "\r")
	c.mu.Lock()
	marked := c.screen.Paste
	c.mu.Unlock()
	if marked {
		text = "\x1b[200~" + text + "\x1b[201~"
	}
	c.Type(text)
}

// patience is when a test gives up; it never decides whether one passes.
const patience = 60 * time.Second

// Wait waits until the screen is as f wants it; what says what that is.
func (c *Console) Wait(what string, f func(s *Screen) bool) {
	c.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		c.mu.Lock()
		ok, shown := f(c.screen), c.screen.String()
		c.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(end) {
			c.t.Fatalf("%s: that does not come; the screen is\n%s\n%s", what, shown, c.stacks())
		}
	}
}

// stacks ends a program of Go and returns what it says about its goroutines.
func (c *Console) stacks() string {
	c.mu.Lock()
	from := c.raw.Len()
	c.mu.Unlock()
	c.cmd.Process.Signal(unix.SIGQUIT)
	select {
	case <-c.closed:
	case <-time.After(5 * time.Second):
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.raw.String()[from:]
}

// See waits until text is on the screen, or above it.
func (c *Console) See(text string) {
	c.t.Helper()
	c.Wait("see "+text, func(s *Screen) bool { return strings.Contains(strings.Join(s.All(), "\n"), text) })
}

// SeeLast waits until the last line of the screen is line.
func (c *Console) SeeLast(line string) {
	c.t.Helper()
	c.Wait("see "+line+" last", func(s *Screen) bool {
		lines := s.Lines()
		return len(lines) > 0 && lines[len(lines)-1] == line
	})
}

// Look calls f with the screen as it is.
func (c *Console) Look(f func(s *Screen)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c.screen)
}

// Raw is all that the program has sent, once it has ended.
func (c *Console) Raw() string {
	<-c.closed
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.raw.String()
}

// Clear empties the screen and forgets what was above it, as if the cursor were at its top.
func (c *Console) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	fresh := NewScreen(c.screen.Width, c.screen.Height)
	fresh.Fail, fresh.Paste, fresh.Hidden = c.screen.Fail, c.screen.Paste, c.screen.Hidden
	c.screen = fresh
}

// Resize gives the terminal another size, of which the program is told.
func (c *Console) Resize(width, height int) {
	c.t.Helper()
	c.mu.Lock()
	c.screen.Resize(width, height)
	c.mu.Unlock()
	conn, err := c.f.SyscallConn()
	if err != nil {
		c.t.Fatal(err)
	}
	conn.Control(func(fd uintptr) {
		err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(height), Col: uint16(width)})
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// HangUp takes the terminal away.
func (c *Console) HangUp() { c.f.Close() }
