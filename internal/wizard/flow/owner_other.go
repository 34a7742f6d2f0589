//go:build !unix

package flow

import (
	"io/fs"
	"os"
)

// readable finds out by opening: there are no pipes among files here.
func readable(path string, _ bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return f.Close()
}

func idsOf(fs.FileInfo) (uid, gid int, ok bool) { return 0, 0, false }
