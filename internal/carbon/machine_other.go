//go:build !linux

package carbon

import "errors"

// freeSpace does not know about file systems of other systems than Linux.
func freeSpace(string) (uint64, error) { return 0, errors.ErrUnsupported }
