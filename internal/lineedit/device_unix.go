//go:build unix

package lineedit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// unixDevice is a terminal of a Unix system. Signals and contexts wake its
// reads through a pipe.
type unixDevice struct {
	in, out      *os.File
	fd           int
	saved        unix.Termios
	wakeR, wakeW *os.File
	resizes      chan os.Signal
	done         chan struct{}
}

func openDevice(in, out *os.File) (device, error) {
	d := &unixDevice{in: in, out: out, fd: int(in.Fd()), resizes: make(chan os.Signal, 1), done: make(chan struct{})}
	saved, err := unix.IoctlGetTermios(d.fd, getTermios)
	if err != nil {
		return nil, fmt.Errorf("%s is not a terminal: %w", in.Name(), err)
	}
	d.saved = *saved
	if d.wakeR, d.wakeW, err = os.Pipe(); err != nil {
		return nil, err
	}
	signal.Notify(d.resizes, unix.SIGWINCH)
	go func() {
		for {
			select {
			case <-d.resizes:
				d.wakeW.Write([]byte{'r'})
			case <-d.done:
				return
			}
		}
	}()
	return d, nil
}

func (d *unixDevice) set(change func(*unix.Termios)) error {
	t := d.saved
	change(&t)
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	return d.setTo(&t)
}

// setTo leaves what was typed and not yet read where it is.
func (d *unixDevice) setTo(t *unix.Termios) error {
	for {
		if err := unix.IoctlSetTermios(d.fd, setTermios, t); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// quiet are the modes in which keys come as they are, at once, and are not shown.
func quiet(t *unix.Termios) {
	t.Iflag &^= unix.BRKINT | unix.ICRNL | unix.INLCR | unix.IGNCR | unix.INPCK | unix.ISTRIP
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.IEXTEN
}

func (d *unixDevice) raw() error {
	return d.set(func(t *unix.Termios) {
		quiet(t)
		t.Iflag &^= unix.IXON
		t.Lflag &^= unix.ISIG
	})
}

// waiting keeps the system from throwing away what was written when an
// interrupt is typed: a write that waits for room then, on a thread that does
// not get the signal, would not be told of the room and wait for ever.
func (d *unixDevice) waiting() error {
	return d.set(func(t *unix.Termios) {
		quiet(t)
		t.Lflag |= unix.NOFLSH
	})
}

func (d *unixDevice) forget() { _ = flushInput(d.fd) }

func (d *unixDevice) restore() error { return d.setTo(&d.saved) }

func (d *unixDevice) read(ctx context.Context, buf []byte, wait time.Duration) (int, error) {
	defer context.AfterFunc(ctx, func() { d.wakeW.Write([]byte{'c'}) })()
	end := time.Now().Add(wait)
	for {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		var limit *unix.Timeval
		if wait >= 0 {
			tv := unix.NsecToTimeval(max(time.Until(end), 0).Nanoseconds())
			limit = &tv
		}
		var set unix.FdSet
		wake := int(d.wakeR.Fd())
		set.Set(d.fd)
		set.Set(wake)
		n, err := unix.Select(max(d.fd, wake)+1, &set, nil, nil, limit)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return 0, err
		case n == 0:
			return 0, errTimeout
		}
		if set.IsSet(wake) {
			var b [64]byte
			n, _ := unix.Read(wake, b[:])
			for _, c := range b[:max(n, 0)] {
				if c == 'r' {
					return 0, errResized
				}
			}
			continue
		}
		n, err = unix.Read(d.fd, buf)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
			continue
		case errors.Is(err, unix.EIO), err == nil && n <= 0: // the terminal has gone
			return 0, io.EOF
		}
		return max(n, 0), err
	}
}

func (d *unixDevice) write(s string) error {
	_, err := io.WriteString(d.out, s)
	return err
}

func (d *unixDevice) size() (width, height int) {
	ws, err := unix.IoctlGetWinsize(int(d.out.Fd()), unix.TIOCGWINSZ)
	if err != nil || ws.Col == 0 || ws.Row == 0 {
		return 80, 24
	}
	return int(ws.Col), int(ws.Row)
}

// stop gives the terminal back and stops the process with its group, as the
// terminal would; the shell that started it wakes it up again.
func (d *unixDevice) stop() {
	d.restore()
	resumed := make(chan os.Signal, 1)
	signal.Notify(resumed, syscall.SIGCONT)
	defer signal.Stop(resumed)
	if syscall.Kill(0, syscall.SIGTSTP) == nil {
		select { // the signal takes a moment
		case <-resumed:
		case <-time.After(time.Second):
		}
	}
	d.raw()
}

func (d *unixDevice) close() error {
	signal.Stop(d.resizes)
	close(d.done)
	return errors.Join(d.wakeR.Close(), d.wakeW.Close())
}
