package apply

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// outsideError is a link that leads out of the home.
type outsideError struct {
	Link string // relative to the home
	Dest string // as it stands in the link
}

func (e *outsideError) Error() string {
	return fmt.Sprintf("%s is a link to %s, outside the home", e.Link, e.Dest)
}

// problem is what it means for a file that is to be changed.
func (e *outsideError) problem(file string) Problem {
	return Problem{
		Path:    file,
		Message: "It leads out of the install: " + e.Link + " is a link to " + e.Dest + ". What it leads to may serve other installs, and a backup here would not be found there.",
		Fix:     "Put a copy of the file in the place of the link, or change the other file by hand.",
	}
}

// maxLinks is how many links Linux follows before it says ELOOP.
const maxLinks = 40

// resolver follows links inside a home, part by part as the kernel does, and remembers the folders it has been through.
type resolver struct {
	tree    Reader
	folders map[string]bool // that are no links
}

func newResolver(tree Reader) *resolver { return &resolver{tree: tree, folders: map[string]bool{}} }

// resolve returns the path of the file that name leads to, without any link in it. What does not exist is returned as it would be made.
func (r *resolver) resolve(name string) (string, error) {
	at, todo := ".", strings.Split(name, "/")
	var link, dest string
	for links := 0; len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		next := path.Join(at, part)
		switch {
		case part == "" || part == "." || r.folders[next]:
			at = next
			continue
		case next == "..":
			rel, ok := r.inside(filepath.Join(append([]string{r.tree.Home(), ".."}, todo...)...))
			if !ok {
				return "", &outsideError{Link: link, Dest: dest}
			}
			at, todo = ".", strings.Split(rel, "/")
			continue
		}
		info, err := r.tree.Stat(next)
		switch {
		case errors.Is(err, fs.ErrNotExist) && !slices.Contains(todo, ".."):
			return path.Join(append([]string{next}, todo...)...), nil
		case err != nil:
			return "", err
		case info.Mode&fs.ModeSymlink == 0:
			r.folders[next] = info.Mode.IsDir()
			at = next
			continue
		}
		if links++; links > maxLinks {
			return "", &fs.PathError{Op: "open", Path: name, Err: syscall.ELOOP}
		}
		if dest, err = r.tree.Readlink(next); err != nil {
			return "", err
		}
		link = next
		lead := dest
		if path.IsAbs(dest) {
			rel, ok := r.inside(dest)
			if !ok {
				return "", &outsideError{Link: link, Dest: dest}
			}
			at, lead = ".", rel
		}
		todo = append(strings.Split(lead, "/"), todo...)
	}
	return at, nil
}

// inside returns an absolute path relative to the home.
func (r *resolver) inside(abs string) (string, bool) {
	candidates := []string{filepath.Clean(abs)}
	if resolved, err := filepath.EvalSymlinks(abs); err == nil {
		candidates = append(candidates, resolved) // the home may have another name
	}
	for _, c := range candidates {
		rel, err := filepath.Rel(r.tree.Home(), c)
		if err == nil && rel != ".." && !strings.HasPrefix(rel, "../") {
			return filepath.ToSlash(rel), true
		}
	}
	return "", false
}
