package local

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/volley-sql/volley/cluster"
)

// process is one executor. What may change is guarded by Manager.mu.
type process struct {
	id      string
	number  int // in order of start
	profile cluster.Profile
	cmd     *exec.Cmd
	in      io.WriteCloser
	log     string // file
	started time.Time
	gone    chan struct{} // closed at its end
	oom     int64         // processes the system had killed for want of memory before it started

	stopping bool // the manager ends it
	leaving  bool // its place is taken away
}

// Args are the flags an executor process is started with. The token comes on
// standard input, since command lines can be read by everyone; the process
// must leave when its standard input ends, which it does with the driver.
func Args(l cluster.Launch) []string {
	return []string{
		"--id", l.ID, "--driver", l.Driver, "--cores", strconv.Itoa(l.Profile.Cores), "--memory", strconv.FormatInt(l.Profile.Memory, 10),
	}
}

// ReadToken reads the token an executor is given on its standard input.
func ReadToken(r io.Reader) ([]byte, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 4096)).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("no token on standard input: %w", err)
	}
	return base64.StdEncoding.DecodeString(line[:len(line)-1])
}

func (m *Manager) logFile(id string) string {
	return filepath.Join(m.o.LogDir, filepath.Base(id)+".log")
}

// launch starts the process and gives it its token. Its output goes to its log.
func (p *process) launch(token []byte) error {
	log, err := os.OpenFile(p.log, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	// One that does not take its token ends, which is seen.
	_, _ = fmt.Fprintln(p.in, base64.StdEncoding.EncodeToString(token))
	return nil
}

func (p *process) kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// stop tells the process to end, and ends it after grace. m.mu is held.
func (p *process) stop(m *Manager, grace time.Duration) {
	if p.stopping {
		return
	}
	p.stopping = true
	terminate(p.cmd.Process)
	m.wg.Go(func() {
		select {
		case <-p.gone:
		case <-time.After(grace):
			_ = p.kill()
		}
	})
}

// end describes the process's end. A kill from outside is not the
// application's fault, a crash is, and so is taking more memory than there is.
func (p *process) end(err error) cluster.Event {
	ev := cluster.Event{Executor: p.id, State: cluster.Exited, ExitCode: p.cmd.ProcessState.ExitCode(), Reason: "the process ended"}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return ev
	}
	ev.Reason = "the process ended: " + exit.String()
	if p.stopping || p.leaving {
		return ev
	}
	switch {
	case exit.Exited():
		ev.Fault = true
	case killed(exit) && oomKills() > p.oom:
		ev.Fault = true
		ev.Reason = "the system ended the process for want of memory"
	}
	if words := lastWords(p.log); words != "" {
		ev.Reason += "; its log ends:\n" + words
	}
	return ev
}

// lastWords are the last lines of a log.
func lastWords(path string) string {
	const bytes, lines = 2 << 10, 10
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	cut := false
	if st, err := f.Stat(); err == nil && st.Size() > bytes {
		_, _ = f.Seek(-bytes, io.SeekEnd)
		cut = true
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return ""
	}
	all := strings.Split(strings.TrimSpace(strings.ToValidUTF8(string(b), "?")), "\n")
	if cut && len(all) > 1 {
		all = all[1:] // the first one lacks its beginning
	}
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// oomKills is how many processes the system has killed for want of memory
// since it was started; 0 where that is not known.
func oomKills() int64 {
	b, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if n, ok := strings.CutPrefix(line, "oom_kill "); ok {
			k, _ := strconv.ParseInt(strings.TrimSpace(n), 10, 64)
			return k
		}
	}
	return 0
}
