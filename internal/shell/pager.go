package shell

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/volley-sql/volley/internal/output"
	"github.com/volley-sql/volley/internal/session"
)

// page shows a result through the pager if it is longer than the screen.
func (r *Runner) page(res *session.Result, format string, o output.Options, height int, stop func()) error {
	var b bytes.Buffer
	if _, err := output.Write(&b, format, res.Schema, res.Rows, o); err != nil {
		return err
	}
	stop()
	if height > 0 && bytes.Count(b.Bytes(), []byte{'\n'}) >= height {
		if cmd := pagerCommand(os.Getenv("PAGER")); cmd != nil {
			cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(b.Bytes()), os.Stdout, os.Stderr
			if r.lend(cmd.Run) == nil {
				return nil
			}
		}
	}
	return r.out.result(format, func(w io.Writer) error {
		_, err := w.Write(b.Bytes())
		return err
	})
}

// pagerCommand is the program of $PAGER, else less without wrapping and
// without leaving the screen empty; nil if there is none.
func pagerCommand(env string) *exec.Cmd {
	words := strings.Fields(env)
	if len(words) == 0 {
		words = []string{"less", "-S", "-F", "-X"}
	}
	if _, err := exec.LookPath(words[0]); err != nil {
		return nil
	}
	return exec.Command(words[0], words[1:]...)
}
