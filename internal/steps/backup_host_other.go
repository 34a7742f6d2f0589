//go:build !linux

package steps

import "io/fs"

// freeSpace is not known here.
func freeSpace(string) (uint64, bool) { return 0, false }

// ownerOf is not known here.
func ownerOf(fs.FileInfo) (uid int, known bool) { return 0, false }
