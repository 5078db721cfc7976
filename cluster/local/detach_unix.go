//go:build unix

package local

import (
	"os"
	"os/exec"
	"syscall"
)

// detach puts an executor in a process group of its own, so that Ctrl-C in
// the terminal reaches the driver alone, which decides what it means.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// terminate asks a process to end. One that is stopped or hangs will not.
func terminate(p *os.Process) { _ = p.Signal(syscall.SIGTERM) }

// killed reports whether a process was ended by the signal that leaves no choice.
func killed(e *exec.ExitError) bool {
	s, ok := e.Sys().(syscall.WaitStatus)
	return ok && s.Signaled() && s.Signal() == syscall.SIGKILL
}
