package apply

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"unicode"
)

// Who runs: recorded in the lock, the manifest and the audit trail.
type Who struct {
	User     string `json:"user,omitempty"`
	SudoUser string `json:"sudo_user,omitempty"`
	Terminal string `json:"terminal,omitempty"`
	Client   string `json:"client,omitempty"`
	Host     string `json:"host,omitempty"`
	Version  string `json:"version,omitempty"`
	PID      int    `json:"pid,omitempty"`
}

// String names the holder for people: "root (sudo by alice), process 4711 on am01, terminal /dev/pts/3, from 10.0.0.7".
func (w Who) String() string {
	parts := []string{w.User}
	if w.SudoUser != "" {
		parts[0] += " (sudo by " + w.SudoUser + ")"
	}
	if w.PID != 0 {
		parts[0] = strings.TrimSpace(parts[0]) + fmt.Sprintf(", process %d", w.PID)
	}
	if w.Host != "" {
		parts[0] += " on " + w.Host
	}
	if w.Terminal != "" {
		parts = append(parts, "terminal "+w.Terminal)
	}
	if w.Client != "" {
		parts = append(parts, "from "+w.Client)
	}
	return strings.Join(parts, ", ")
}

// CurrentWho fills Who from the process.
func CurrentWho(version string) Who {
	who := Who{
		User:     strconv.Itoa(os.Geteuid()),
		SudoUser: printable(os.Getenv("SUDO_USER")),
		Version:  version,
		PID:      os.Getpid(),
	}
	if u, err := user.LookupId(who.User); err == nil {
		who.User = printable(u.Username)
	}
	if host, err := os.Hostname(); err == nil {
		who.Host = printable(host)
	}
	// sshd sets SSH_CONNECTION to "client port server port".
	if fields := strings.Fields(os.Getenv("SSH_CONNECTION")); len(fields) > 0 {
		who.Client = printable(fields[0])
	}
	if tty, err := os.Readlink("/proc/self/fd/0"); err == nil && (strings.HasPrefix(tty, "/dev/pts/") || strings.HasPrefix(tty, "/dev/tty")) {
		who.Terminal = printable(tty)
	}
	return who
}

// printable drops control characters: the environment is not ours, and what it says is shown on terminals.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
}
