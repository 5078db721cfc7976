package lineedit

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// windowsDevice is a console that speaks the escape sequences of terminals
// (Windows 10 and later). A goroutine reads it, one read for each that is asked for.
type windowsDevice struct {
	in, out       *os.File
	hin, hout     windows.Handle
	inMode, oMode uint32
	ask           chan struct{}
	got           chan chunk
	asked         bool
	left          []byte
	width, height int
}

type chunk struct {
	b   []byte
	err error
}

func openDevice(in, out *os.File) (device, error) {
	d := &windowsDevice{in: in, out: out, hin: windows.Handle(in.Fd()), hout: windows.Handle(out.Fd()), ask: make(chan struct{}, 1), got: make(chan chunk, 1)}
	if err := windows.GetConsoleMode(d.hin, &d.inMode); err != nil {
		return nil, fmt.Errorf("%s is not a console: %w", in.Name(), err)
	}
	if err := windows.GetConsoleMode(d.hout, &d.oMode); err != nil {
		return nil, fmt.Errorf("%s is not a console: %w", out.Name(), err)
	}
	if err := windows.SetConsoleMode(d.hout, d.oMode|windows.ENABLE_PROCESSED_OUTPUT|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING); err != nil {
		return nil, fmt.Errorf("the console knows no escape sequences: %w", err)
	}
	d.width, d.height = d.size()
	go func() {
		for range d.ask {
			buf := make([]byte, 16<<10)
			n, err := in.Read(buf)
			d.got <- chunk{buf[:n], err}
		}
	}()
	return d, nil
}

const lineModes = windows.ENABLE_ECHO_INPUT | windows.ENABLE_LINE_INPUT | windows.ENABLE_PROCESSED_INPUT

func (d *windowsDevice) raw() error {
	return windows.SetConsoleMode(d.hin, d.inMode&^lineModes|windows.ENABLE_VIRTUAL_TERMINAL_INPUT)
}

func (d *windowsDevice) waiting() error {
	return windows.SetConsoleMode(d.hin, d.inMode&^lineModes|windows.ENABLE_PROCESSED_INPUT|windows.ENABLE_VIRTUAL_TERMINAL_INPUT)
}

// forget does nothing: consoles keep what was typed before an interrupt.
func (d *windowsDevice) forget() {}

func (d *windowsDevice) restore() error { return windows.SetConsoleMode(d.hin, d.inMode) }

// sizeCheck is how often the size is looked at: consoles send no signal.
const sizeCheck = 250 * time.Millisecond

func (d *windowsDevice) read(ctx context.Context, buf []byte, wait time.Duration) (int, error) {
	if len(d.left) == 0 {
		if !d.asked {
			d.asked = true
			d.ask <- struct{}{}
		}
		var limit <-chan time.Time
		if wait >= 0 {
			limit = time.After(wait)
		}
		look := time.NewTicker(sizeCheck)
		defer look.Stop()
		for d.asked {
			select {
			case c := <-d.got:
				d.asked, d.left = false, c.b
				if len(c.b) == 0 {
					if c.err == nil {
						c.err = io.EOF
					}
					return 0, c.err
				}
			case <-look.C:
				if w, h := d.size(); w != d.width || h != d.height {
					d.width, d.height = w, h
					return 0, errResized
				}
			case <-limit:
				return 0, errTimeout
			case <-ctx.Done():
				return 0, context.Cause(ctx)
			}
		}
	}
	n := copy(buf, d.left)
	d.left = d.left[n:]
	return n, nil
}

func (d *windowsDevice) write(s string) error {
	_, err := io.WriteString(d.out, s)
	return err
}

func (d *windowsDevice) size() (width, height int) {
	var info windows.ConsoleScreenBufferInfo
	if windows.GetConsoleScreenBufferInfo(d.hout, &info) != nil {
		return 80, 24
	}
	return int(info.Window.Right-info.Window.Left) + 1, int(info.Window.Bottom-info.Window.Top) + 1
}

func (d *windowsDevice) stop() {}

func (d *windowsDevice) close() error {
	close(d.ask)
	return windows.SetConsoleMode(d.hout, d.oMode)
}
