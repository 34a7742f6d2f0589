package assets_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// latin1 is the charset reader of etree for the encodings that Carbon's files declare.
func latin1(label string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf-8", "us-ascii":
		return input, nil
	case "iso-8859-1":
		data, err := io.ReadAll(input)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		for _, c := range data {
			b.WriteRune(rune(c))
		}
		return &b, nil
	}
	return nil, fmt.Errorf("unknown encoding %s", label)
}
