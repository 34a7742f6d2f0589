package steps

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const (
	kilobyte = uint64(1) << 10
	megabyte = uint64(1) << 20
	gigabyte = uint64(1) << 30
)

// memorySize is what Java reads after -Xmx: digits and at most one letter, with no blank between.
var memorySize = regexp.MustCompile(`^([0-9]{1,18})([kKmMgGtT]?)$`)

// parseMemory returns the bytes of a size as Java reads it. Without a letter it is bytes.
func parseMemory(text string) (bytes uint64, ok bool) {
	m := memorySize.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseUint(m[1], 10, 64)
	if err != nil {
		return 0, false
	}
	unit := map[string]uint64{"": 1, "k": kilobyte, "m": megabyte, "g": gigabyte, "t": gigabyte << 10}[strings.ToLower(m[2])]
	if n > 1<<60/unit {
		return 0, false
	}
	return n * unit, true
}

// memoryText writes a size in megabytes where it is a whole number of them: the start-up check of Carbon (JVMValidator) reads digits before an "m" and
// gives up on any other letter.
func memoryText(bytes uint64) string {
	switch {
	case bytes%megabyte == 0:
		return fmt.Sprintf("%dm", bytes/megabyte)
	case bytes%kilobyte == 0:
		return fmt.Sprintf("%dk", bytes/kilobyte)
	}
	return strconv.FormatUint(bytes, 10)
}

// memoryForPeople writes an amount of memory: "3.8 GB", "512 MB".
func memoryForPeople(bytes uint64) string {
	switch {
	case bytes >= gigabyte && bytes%gigabyte == 0:
		return fmt.Sprintf("%d GB", bytes/gigabyte)
	case bytes >= gigabyte:
		return fmt.Sprintf("%.1f GB", float64(bytes)/float64(gigabyte))
	case bytes >= megabyte:
		return fmt.Sprintf("%d MB", bytes/megabyte)
	}
	return fmt.Sprintf("%d bytes", bytes)
}

// smallestMemory is below anything that Carbon starts with: what is smaller has lost its letter.
const smallestMemory = 16 * megabyte

// checkMemory judges one size as typed.
func checkMemory(text string) *Problem {
	text = strings.TrimSpace(text)
	bytes, ok := parseMemory(text)
	switch {
	case !ok:
		return &Problem{
			Severity: Error, Message: fmt.Sprintf("%q is not a size that Java reads: it wants a whole number and one of the letters k, m and g, with no blank between.", text),
			Fix: "Write it like 2048m or 2g.",
		}
	case bytes < smallestMemory && !strings.ContainsAny(text, "kKmMgGtT"):
		return &Problem{
			Severity: Error, Message: fmt.Sprintf("%s without a letter means %s bytes to Java, far too little to start.", text, text),
			Fix: fmt.Sprintf("Write %sm if you mean megabytes.", text),
		}
	case bytes < smallestMemory:
		return &Problem{Severity: Error, Message: fmt.Sprintf("%s is far too little for a Carbon server to start.", text), Fix: "Give at least 256m."}
	}
	return nil
}
