package diagnose

import "bytes"

// level of a line that a logger wrote.
type level int

const (
	noLevel level = iota // no logger wrote the line
	debug                // TRACE to DEBUG
	info
	warn
	bad
	fatal
)

var levels = []struct {
	word  string
	level level
}{
	{"INFO", info},
	{"DEBUG", debug},
	{"WARN", warn},
	{"ERROR", bad},
	{"FATAL", fatal},
	{"TRACE", debug},
	{"SEVERE", bad},
	{"WARNING", warn},
	{"CONFIG", debug},
	{"FINE", debug},
	{"FINER", debug},
	{"FINEST", debug},
	{"NOTICE", info},
}

// header is what the beginning of a line says.
type header struct {
	level level
	time  string // as it stands in the log; "" = none
	rest  []byte // from the level on
}

// maxHead is where the level of a line stands at the latest: after TID, tenant, product, time and thread.
const maxHead = 160

// parseHeader reads the beginning of a line. It takes the layouts of Carbon 4.2.0,
//
//	TID: [0] [AM] [2015-03-01 10:11:12,345] ERROR {class} -  message {class}
//	[2015-03-01 10:11:12,345] ERROR - Class message
//
// and every other that writes a time before the level, and those of java.util.logging and of start scripts: "SEVERE: message", "[ERROR] message".
func parseHeader(line []byte) header {
	if len(line) == 0 || blank(line[0]) {
		return header{} // lines of a stack trace are set in
	}
	head := line[:min(len(line), maxHead)]
	if h, ok := bareLevel(head); ok {
		h.rest = line
		return h
	}
	start, end := findTime(head)
	if end == 0 || !opens(head[:start]) {
		return header{}
	}
	for i := end; i < len(head); i++ {
		if c := head[i]; c < 'A' || c > 'Z' || !boundary(head, i) {
			continue
		}
		word := upper(head[i:])
		if l := levelOf(word); l != noLevel && (i+len(word) == len(head) || !wordByte(head[i+len(word)])) {
			return header{level: l, time: string(head[start:end]), rest: line[i:]}
		}
		i += len(word)
	}
	return header{}
}

// bareLevel reads "SEVERE: message" and "[ERROR] message".
func bareLevel(head []byte) (header, bool) {
	after := byte(':')
	if head[0] == '[' {
		head, after = head[1:], ']'
	}
	word := upper(head)
	if len(word) < len("INFO") || len(word) == len(head) || head[len(word)] != after {
		return header{}, false
	}
	l := levelOf(word)
	return header{level: l}, l != noLevel
}

func levelOf(word []byte) level {
	for _, l := range levels {
		if string(word) == l.word {
			return l.level
		}
	}
	return noLevel
}

// findTime returns the range of the first time of day in head, with its date when one stands before it; end 0 = none.
func findTime(head []byte) (start, end int) {
	for i := 2; i+6 <= len(head); i++ {
		if head[i] != ':' || !clock(head, i) {
			continue
		}
		start, end = i-2, i+6
		for start > 0 && (digit(head[start-1]) || head[start-1] == '-' || head[start-1] == '/') {
			start--
		}
		if n := len("2015-03-01 "); start >= n && date(head[start-n:start]) {
			start -= n
		} else if n := len("2015-03-01T"); start >= n && head[start-1] == 'T' && date(head[start-n:start]) {
			start -= n
		}
		if end < len(head) && (head[end] == ',' || head[end] == '.') {
			end++
		}
		for end < len(head) && digit(head[end]) {
			end++
		}
		return start, end
	}
	return 0, 0
}

// clock reports whether 10:11:12 stands around the colon at i.
func clock(b []byte, i int) bool {
	return digit(b[i-2]) && digit(b[i-1]) && digit(b[i+1]) && digit(b[i+2]) && b[i+3] == ':' && digit(b[i+4]) && digit(b[i+5])
}

// date reports whether b is 2015-03-01 and one byte.
func date(b []byte) bool {
	for i, c := range b[:10] {
		if i == 4 || i == 7 {
			if c != '-' && c != '/' {
				return false
			}
		} else if !digit(c) {
			return false
		}
	}
	return b[10] == ' ' || b[10] == 'T'
}

// opens reports whether what stands before the time is what a layout puts there: nothing, brackets, TID. A sentence with a time in it is no header.
func opens(before []byte) bool {
	depth := 0
	for i, c := range before {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case depth > 0, blank(c), c == '-', c == '|':
		case bytes.HasPrefix(before[i:], []byte("TID:")):
			return opens(before[i+len("TID:"):])
		default:
			return false
		}
	}
	return true
}

// upper returns the capital letters that b begins with.
func upper(b []byte) []byte {
	n := 0
	for n < len(b) && b[n] >= 'A' && b[n] <= 'Z' {
		n++
	}
	return b[:n]
}

func boundary(b []byte, i int) bool { return i == 0 || !wordByte(b[i-1]) }
func digit(c byte) bool             { return c >= '0' && c <= '9' }
func blank(c byte) bool             { return c == ' ' || c == '\t' }
func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || digit(c) || c == '_' || c == '.'
}
