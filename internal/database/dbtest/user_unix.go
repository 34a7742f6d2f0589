//go:build unix

package dbtest

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// nobody is who servers run as where the tests run as root, which PostgreSQL refuses; nil is whoever runs the tests.
func nobody() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return nil
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// own gives a file to that user.
func own(file string) error {
	c := nobody()
	if c == nil {
		return nil
	}
	return os.Chown(file, int(c.Uid), int(c.Gid))
}

// demote makes a command run as that user, out of reach of a Ctrl-C for the tests: its end is that of its standard input.
func demote(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: nobody(), Setpgid: true}
}
