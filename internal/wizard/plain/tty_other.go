//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd

package plain

import (
	"errors"
	"os"
)

var continued []os.Signal

func hideEcho(int) (restore func() error, err error) { return nil, errors.ErrUnsupported }
