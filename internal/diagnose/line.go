package diagnose

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
)

// maxLine is how much of a line is looked at, in bytes. What follows is passed over: memory stays the same for a line without end.
const maxLine = 64 << 10

// eachLine calls do with every line and its number, 1-based, without its end. The bytes are valid during the call only.
func eachLine(ctx context.Context, r io.Reader, do func(n int, line []byte)) (lines int, err error) {
	in := bufio.NewReaderSize(r, maxLine)
	for n := 1; ; n++ {
		if n&0xfff == 1 {
			if err := ctx.Err(); err != nil {
				return n - 1, err
			}
		}
		line, err := in.ReadSlice('\n')
		if len(line) > 0 {
			do(n, bytes.TrimRight(line, "\r\n"))
		} else {
			n--
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			if ctx.Err() != nil {
				return n, ctx.Err()
			}
			_, err = in.ReadSlice('\n')
		}
		switch {
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil:
			return n, err
		}
	}
}
