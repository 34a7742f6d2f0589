package flow

import (
	"context"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// maxCompletions bounds what Complete returns.
const maxCompletions = 200

// Complete returns what a typed path can go on as: the names in its folder that begin with its last part, folders with a slash at the end, hidden
// ones only when a dot was typed. common is the text that all of them share, to put into the field. ~ and $VAR are understood and kept as typed.
// A file system that does not answer until the context is done completes nothing.
func (e *Engine) Complete(ctx context.Context, typed string) (common string, names []string) {
	type completion struct {
		common string
		names  []string
	}
	c, err := inTime(ctx, func() (completion, error) {
		common, names := e.complete(typed)
		return completion{common, names}, nil
	})
	if err != nil {
		return typed, nil
	}
	return c.common, c.names
}

func (e *Engine) complete(typed string) (common string, names []string) {
	dir, prefix := filepath.Split(typed)
	folder, err := absolute(dir+".", e.cfg.Getenv)
	if err != nil {
		return typed, nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return typed, nil
	}
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasPrefix(name, prefix) || (strings.HasPrefix(name, ".") && !strings.HasPrefix(prefix, ".")) {
			continue
		}
		if isDir(folder, entry) {
			name += "/"
		}
		names = append(names, name)
		if len(names) == maxCompletions {
			break
		}
	}
	sort.Strings(names)
	if len(names) == 0 {
		return typed, nil
	}
	common = names[0]
	for _, n := range names[1:] {
		common = commonPrefix(common, n)
	}
	return dir + common, names
}

func isDir(folder string, entry os.DirEntry) bool {
	if entry.Type()&os.ModeSymlink == 0 {
		return entry.IsDir()
	}
	info, err := os.Stat(filepath.Join(folder, entry.Name()))
	return err == nil && info.IsDir()
}

func commonPrefix(a, b string) string {
	ra, rb := []rune(a), []rune(b)
	n := 0
	for n < len(ra) && n < len(rb) && ra[n] == rb[n] {
		n++
	}
	return string(ra[:n])
}

// absolute expands ~ and $VAR and makes a path absolute.
func absolute(path string, getenv func(string) (string, bool)) (string, error) {
	get := func(name string) string {
		if getenv == nil {
			return os.Getenv(name)
		}
		v, _ := getenv(name)
		return v
	}
	path = os.Expand(path, get)
	if path == "~" || strings.HasPrefix(path, "~/") {
		path = get("HOME") + path[1:]
	}
	return filepath.Abs(path)
}
