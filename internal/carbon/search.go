package carbon

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// searchSkips are folders that no server reads its files from: what p2 has unpacked, logs, and what is thrown away.
var searchSkips = map[string]bool{
	"repository/components/plugins": true, "repository/components/features": true, "repository/components/p2": true,
	"repository/components/configuration": true, "repository/logs": true, "tmp": true, ".carbon-setup": true,
}

// maxFound bounds what one Search keeps.
const maxFound = 500

// Search is a walk through a home that goes on beside other work.
type Search struct {
	done  chan struct{}
	files []string
}

// StartSearch begins to look for the files whose names match, in the whole home but for what p2 has unpacked, logs and temporary folders. Links are
// not followed. The walk ends with ctx; whoever starts it waits for it with Files.
func (in *Install) StartSearch(ctx context.Context, match func(name string) bool) *Search {
	s := &Search{done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.walk(ctx, in.Home, match)
	}()
	return s
}

// Files waits for the end of the walk and returns what it has found, relative to the home, sorted.
func (s *Search) Files() []string {
	<-s.done
	return s.files
}

// walk goes through the folders side by side: on a cold cache each waits for the disk.
func (s *Search) walk(ctx context.Context, home string, match func(name string) bool) {
	var lock sync.Mutex
	var all sync.WaitGroup
	tops, err := os.ReadDir(home)
	if err != nil {
		return
	}
	visit := func(path string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || d.IsDir() && skipped(home, path) {
			return fs.SkipDir
		}
		if d.Type().IsRegular() && match(d.Name()) {
			lock.Lock()
			defer lock.Unlock()
			if rel, err := filepath.Rel(home, path); err == nil && len(s.files) < maxFound {
				s.files = append(s.files, filepath.ToSlash(rel))
			}
		}
		return nil
	}
	for _, top := range tops {
		all.Go(func() { _ = filepath.WalkDir(filepath.Join(home, top.Name()), visit) }) // what cannot be read is passed over
	}
	all.Wait()
	slices.Sort(s.files)
}

func skipped(home, path string) bool {
	rel, err := filepath.Rel(home, path)
	return err == nil && searchSkips[filepath.ToSlash(rel)]
}
