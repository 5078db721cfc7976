package shell

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/volley-sql/volley/internal/output"
	"github.com/volley-sql/volley/internal/session"
)

// page shows a result through the pager if it is longer than the screen. Rows
// go there as they come; when the pager is left, the query ends.
func (r *Runner) page(res *session.Result, format string, o output.Options, height int, stop func()) error {
	p := &pagerWriter{screen: &firstWrite{w: r.out.f, f: stop}, most: max(height-2, 1), start: func() (io.WriteCloser, func() error, error) {
		stop()
		return r.startPager()
	}}
	o.MaxRows = r.maxRows
	err := r.out.result(format, func(io.Writer) error {
		_, err := output.Write(p, format, res.Schema, res.Rows, o)
		return err
	})
	quit, perr := p.finish()
	if quit && (errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)) {
		err = nil // it was left before the end
	}
	return errors.Join(err, perr)
}

// pagerWriter holds what fits the screen back. What is longer goes to the
// pager, or to the screen if there is none.
type pagerWriter struct {
	screen io.Writer
	most   int // lines
	start  func() (io.WriteCloser, func() error, error)
	held   bytes.Buffer
	lines  int
	pager  io.WriteCloser
	wait   func() error
	direct bool
}

// Write implements io.Writer.
func (p *pagerWriter) Write(b []byte) (int, error) {
	switch {
	case p.pager != nil:
		return p.pager.Write(b)
	case p.direct:
		return p.screen.Write(b)
	}
	p.held.Write(b)
	if p.lines += bytes.Count(b, []byte{'\n'}); p.lines <= p.most {
		return len(b), nil
	}
	dst := p.screen
	var err error
	if p.pager, p.wait, err = p.start(); err != nil {
		p.pager, p.direct = nil, true
	} else {
		dst = p.pager
	}
	_, err = dst.Write(p.held.Bytes())
	p.held.Reset()
	return len(b), err
}

// finish shows what is held back, or waits until the pager is left. paged says that there was one.
func (p *pagerWriter) finish() (paged bool, err error) {
	if p.pager == nil {
		_, err = p.screen.Write(p.held.Bytes())
		return false, err
	}
	p.pager.Close()
	p.wait() // its exit code is nobody's business
	return true, nil
}

var errNoPager = errors.New("there is no pager")

// startPager starts the pager with the terminal lent to it. wait returns when it has been left.
func (r *Runner) startPager() (w io.WriteCloser, wait func() error, err error) {
	cmd := pagerCommand(os.Getenv("PAGER"))
	if cmd == nil {
		return nil, nil, errNoPager
	}
	in, out, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, os.Stdout, os.Stderr
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		ended <- r.lend(func() error {
			err := cmd.Start()
			in.Close()
			started <- err
			if err != nil {
				return err
			}
			return cmd.Wait()
		})
	}()
	select {
	case err = <-started:
	case err = <-ended: // the terminal could not be lent
		in.Close()
	}
	if err != nil {
		out.Close()
		return nil, nil, err
	}
	return out, func() error { return <-ended }, nil
}

// pagerCommand is the program of $PAGER, else less without wrapping and
// without leaving the screen empty; nil if there is none.
func pagerCommand(env string) *exec.Cmd {
	words := strings.Fields(env)
	if len(words) == 0 {
		words = []string{"less", "-S", "-F", "-X", "-R"}
	}
	if _, err := exec.LookPath(words[0]); err != nil {
		return nil
	}
	return exec.Command(words[0], words[1:]...)
}
