package steps

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"carbon-setup/internal/carbon"
)

// folders books the folders that may not be looked into: what they hold cannot be told, and is not missing.
func (c *comparing) folders() {
	closedA, closedB := closedFolders(c.a.in), closedFolders(c.b.in)
	c.closed = union(closedA, closedB)
	side := func(closed []string, rel string) DifferenceSide {
		if slices.Contains(closed, rel) {
			return DifferenceSide{Value: "may not be read by this user"}
		}
		return DifferenceSide{Value: "read, or not there"}
	}
	for _, rel := range c.closed {
		c.add(Difference{Kind: NotComparable, File: rel, A: side(closedA, rel), B: side(closedB, rel), Reason: "What is in the folder cannot be compared."})
	}
}

// isClosed reports whether a file lies in a folder that cannot be looked into on one of the sides.
func (c *comparing) isClosed(rel string) bool {
	return slices.ContainsFunc(c.closed, func(folder string) bool { return strings.HasPrefix(rel, folder+"/") })
}

// closedFolders are the folders of the configuration and the code that may not be read.
func closedFolders(in *carbon.Install) []string {
	patterns := []string{userStoresDir, carbon.Patches + "/*"}
	for below := "repository/conf"; strings.Count(below, "/") < 6; below += "/*" {
		patterns = append(patterns, below)
	}
	for _, f := range jarFolders {
		folder, _, _ := strings.Cut(f.pattern, "/*")
		patterns = append(patterns, folder)
	}
	var closed []string
	for _, p := range patterns {
		for _, rel := range in.Glob(p) {
			info, err := in.Stat(rel)
			if err != nil || !info.IsDir() {
				continue
			}
			if _, err := os.ReadDir(filepath.Join(in.Home, filepath.FromSlash(rel))); err != nil {
				closed = append(closed, rel)
			}
		}
	}
	slices.Sort(closed)
	return slices.Compact(closed)
}

// unseen reports whether it cannot be told if a file is there.
func unseen(in *carbon.Install, rel string) bool {
	_, err := in.Stat(rel)
	return err != nil && !isMissing(err)
}
