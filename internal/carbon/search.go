package carbon

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// searchSkips are folders that no server reads its files from: what p2 has unpacked, logs, and what is thrown away.
var searchSkips = map[string]bool{
	"repository/components/plugins": true, "repository/components/features": true, "repository/components/p2": true,
	"repository/components/configuration": true, "repository/logs": true, "tmp": true, ".carbon-setup": true,
}

// The bounds of a Search. Web applications have folders by the thousand; their configuration lies in WEB-INF/classes at the deepest.
const (
	maxFound = 500
	maxDepth = 6 // folders below the home
)

// Search is a walk through a home that goes on beside other work.
type Search struct {
	done  chan struct{}
	files []string
}

// StartSearch begins to look for the files whose names match: in the home, six folders deep, but for what p2 has unpacked, logs and temporary folders.
// Links are not followed. The walk ends with ctx; whoever starts it waits for it with Files.
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

func (s *Search) walk(ctx context.Context, home string, match func(name string) bool) {
	level := []string{"."}
	for depth := 0; depth <= maxDepth && len(level) > 0; depth++ {
		var below []string
		for _, dir := range level {
			if ctx.Err() != nil {
				return
			}
			below = append(below, s.folder(home, dir, match)...)
		}
		level = below
	}
	slices.Sort(s.files)
}

// folder keeps the matching files of one folder and returns its folders. What cannot be read is passed over.
func (s *Search) folder(home, dir string, match func(name string) bool) (below []string) {
	entries, err := os.ReadDir(filepath.Join(home, filepath.FromSlash(dir)))
	if err != nil {
		return nil
	}
	for _, e := range entries {
		rel := path.Join(dir, e.Name())
		switch {
		case e.IsDir() && !searchSkips[rel]:
			below = append(below, rel)
		case e.Type().IsRegular() && match(e.Name()) && len(s.files) < maxFound:
			s.files = append(s.files, rel)
		}
	}
	return below
}
