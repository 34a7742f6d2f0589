//go:build unix

package database

import (
	"os/exec"
	"syscall"
)

// ownGroup has cmd run in a process group of its own, which ends as a whole with its context.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		killGroup(cmd.Process.Pid)
		return nil
	}
}

// killGroup ends every process of a group.
func killGroup(leader int) { _ = syscall.Kill(-leader, syscall.SIGKILL) }
