package local

import (
	"os/exec"
	"syscall"
)

// detach puts an executor in a process group of its own, so that Ctrl-C in
// the console reaches the driver alone, which decides what it means.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
