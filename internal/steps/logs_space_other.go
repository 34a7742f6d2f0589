//go:build !linux

package steps

// spaceBelow cannot be told here.
func spaceBelow(string) (bytes int64, ok bool) { return 0, false }
