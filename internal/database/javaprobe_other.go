//go:build !unix

package database

import (
	"os"
	"os/exec"
)

// ownGroup leaves cmd as it is: its process alone ends with its context.
func ownGroup(*exec.Cmd) {}

func killGroup(leader int) {
	if p, err := os.FindProcess(leader); err == nil {
		_ = p.Kill()
	}
}
