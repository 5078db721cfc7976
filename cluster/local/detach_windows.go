package local

import (
	"os"
	"os/exec"
	"syscall"
)

// detach puts an executor in a process group of its own, so that Ctrl-C in
// the console reaches the driver alone, which decides what it means.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// terminate ends a process: there is no asking here.
func terminate(p *os.Process) { _ = p.Kill() }

// killed reports whether a process was ended from outside, which cannot be told from other ends here.
func killed(*exec.ExitError) bool { return false }
