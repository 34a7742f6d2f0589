package apply

import (
	"errors"
	"fmt"
	"io/fs"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Problem is something preflight found.
type Problem struct {
	Path    string
	Message string // what and why
	Fix     string
}

func (p Problem) String() string {
	s := p.Message
	if p.Path != "" {
		s = p.Path + ": " + s
	}
	if p.Fix != "" {
		s += " " + p.Fix
	}
	return s
}

// StaleError is files changed since they were read, or a hash that is not the expected one. Exit code 10.
type StaleError struct {
	Files     []string
	Want, Got string // hashes, when that is the reason
}

func (e *StaleError) Error() string {
	if e.Want != "" {
		return fmt.Sprintf("the plan is %s, not %s as expected: review it and give its hash", e.Got, e.Want)
	}
	return strings.Join(e.Files, ", ") + ": changed since the plan was made; nothing was written, plan again"
}

// PreflightError is what hinders a run. Nothing was written. Exit code 6.
type PreflightError struct{ Problems []Problem }

// Error names every problem; files that share one stand together beneath it.
func (e *PreflightError) Error() string {
	var order []Problem
	paths := map[Problem][]string{}
	for _, p := range e.Problems {
		key := Problem{Message: p.Message, Fix: p.Fix}
		if _, seen := paths[key]; !seen {
			order = append(order, key)
		}
		paths[key] = append(paths[key], p.Path)
	}
	lines := []string{"nothing was written, because the install cannot be changed as it is:"}
	for _, key := range order {
		files := paths[key]
		if len(files) == 1 {
			key.Path = files[0]
			lines = append(lines, key.String())
			continue
		}
		lines = append(lines, fmt.Sprintf("%d files: %s", len(files), key.String()), "    "+strings.Join(files, "\n    "))
	}
	return strings.Join(lines, "\n")
}

// LockedError names the holder of the lock. Exit code 7.
type LockedError struct {
	Holder Who
	Since  time.Time
	// Unsure: the file system cannot tell whether the holder lives. File is the lock file to remove when he does not.
	Unsure bool
	File   string
}

func (e *LockedError) Error() string {
	holder := "another carbon-setup"
	if e.Holder != (Who{}) {
		holder += " (" + e.Holder.String() + ")"
	}
	s := holder + " is at work on this install"
	if !e.Since.IsZero() {
		s += " since " + e.Since.Format(time.RFC3339)
	}
	if e.Unsure {
		s += "; this file system cannot tell whether it is still running: if it is not, remove " + e.File
	}
	return s
}

// RolledBackError is a run that failed and was undone: every file is as before. Exit code 8.
type RolledBackError struct {
	Run string
	Log string
	Err error
}

func (e *RolledBackError) Error() string {
	return "the run failed and was taken back, every file is as before: " + e.Err.Error()
}

func (e *RolledBackError) Unwrap() error { return e.Err }

// IncompleteError is a run that failed, and so did undoing it: a human is needed. Exit code 9.
type IncompleteError struct {
	Run     string
	Journal string // path
	Files   []string
	Actions []string // that could not be undone
	Err     error
}

func (e *IncompleteError) Error() string {
	left := append(append([]string(nil), e.Files...), e.Actions...)
	return "the run failed and could not be taken back completely (" + strings.Join(left, ", ") + "): " + e.Err.Error()
}

func (e *IncompleteError) Unwrap() error { return e.Err }

// EditedError is files changed since the run that is to be restored; restoring would destroy that. Exit code 10.
type EditedError struct {
	Run   string
	Files []string
	// Later names the runs that changed the files since, oldest first; they have to be restored before. Empty: the files were edited by hand.
	Later []string
}

func (e *EditedError) Error() string {
	files := strings.Join(e.Files, ", ")
	if len(e.Later) > 0 {
		return fmt.Sprintf("%s: changed again by a later run; restore first, in this order: %s", files, strings.Join(reversed(e.Later), ", "))
	}
	return fmt.Sprintf("%s: changed since run %s, and restoring would destroy that; it can be saved aside", files, e.Run)
}

// TamperedError is a backup that is not what the run wrote. Exit code 6.
type TamperedError struct {
	Run   string
	Files []string
}

func (e *TamperedError) Error() string {
	return fmt.Sprintf("%s: the backup of run %s is not what the run has written; nothing was restored", strings.Join(e.Files, ", "), e.Run)
}

// NoRunError is a run that cannot be restored because there is nothing to undo. Exit code 4.
type NoRunError struct {
	Run string // "" = the last one was asked for
	Why string
}

func (e *NoRunError) Error() string {
	if e.Run == "" {
		return e.Why
	}
	return "run " + e.Run + ": " + e.Why
}

func reversed(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[len(list)-1-i] = s
	}
	return out
}

// reason says in a few words why the operating system refused, without its path.
func reason(err error) string {
	switch {
	case errors.Is(err, ErrReadOnly):
		return ErrReadOnly.Error()
	case errors.Is(err, syscall.EROFS):
		return "the file system is mounted read-only"
	case errors.Is(err, syscall.ENOSPC):
		return "no space is left on the file system"
	case errors.Is(err, syscall.EDQUOT):
		return "the disk quota is used up"
	case errors.Is(err, syscall.EPERM):
		return "the operation is not permitted"
	case errors.Is(err, fs.ErrPermission):
		return "permission is denied"
	case errors.Is(err, syscall.ENOTDIR):
		return "a part of its path is not a folder"
	case errors.Is(err, syscall.ELOOP):
		return "its links lead in a circle"
	case errors.Is(err, fs.ErrNotExist):
		return "it does not exist"
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// ownerOf shows owner, group and mode of a file: "carbon:carbon, mode 0644".
func ownerOf(i Info) string {
	return fmt.Sprintf("%s:%s, mode %04o", userName(i.UID), groupName(i.GID), i.Mode.Perm())
}

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}

func groupName(gid int) string {
	if g, err := user.LookupGroupId(strconv.Itoa(gid)); err == nil {
		return g.Name
	}
	return strconv.Itoa(gid)
}
