package database

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Statement is one statement of a script.
type Statement struct {
	Text string // lines joined by blanks, without the delimiter
	Line int    // of its first line in the script, from 1
}

// Split cuts a script into statements just as DatabaseCreator.executeSQLScript of Carbon's user-core does, which fills an empty database on -Dsetup: lines
// are trimmed; those that begin with // or --, or whose first word is REM, are left out; the others are joined with a blank before each and a line feed behind those
// that contain --; where what was gathered ends with the delimiter, "/" for Oracle and ";" for all others, a statement ends, blank ones do not count;
// what is left at the end is the last one. It follows that ";" and "/" end a statement at the end of a line only, in quotes too.
//
// Unlike Carbon it leaves out a byte order mark, and reads a script that is no UTF-8 as ISO 8859-1 whatever the locale.
func Split(kind Kind, script []byte) []Statement {
	delimiter := byte(';')
	if kind == Oracle {
		delimiter = '/'
	}
	var (
		statements []Statement
		buffer     []byte
		first      int // line of the first word in buffer, 0 for none
	)
	end := func() {
		if text := javaTrim(string(buffer)); text != "" {
			statements = append(statements, Statement{Text: text, Line: first})
		}
		buffer, first = buffer[:0], 0
	}
	rest, number := decodeScript(script), 0
	for len(rest) > 0 {
		var line string
		line, rest = cutLine(rest)
		number++
		line = javaTrim(line)
		if leftOut(line) {
			continue
		}
		if line != "" && first == 0 {
			first = number
		}
		buffer = append(append(buffer, ' '), line...)
		if strings.Contains(line, "--") {
			buffer = append(buffer, '\n')
		}
		if buffer[len(buffer)-1] == delimiter {
			buffer = buffer[:len(buffer)-1]
			end()
		}
	}
	end()
	return statements
}

// leftOut reports whether Carbon leaves the trimmed line out.
func leftOut(line string) bool {
	if strings.HasPrefix(line, "//") || strings.HasPrefix(line, "--") {
		return true
	}
	if len(line) < 3 || !strings.EqualFold(line[:3], "REM") {
		return false
	}
	return len(line) == 3 || strings.IndexByte(" \t\n\r\f", line[3]) >= 0
}

// javaTrim does what String.trim does: it cuts everything up to the blank, control characters included.
func javaTrim(s string) string {
	start, end := 0, len(s)
	for start < end && s[start] <= ' ' {
		start++
	}
	for end > start && s[end-1] <= ' ' {
		end--
	}
	return s[start:end]
}

// cutLine does what BufferedReader.readLine does: LF, CR and CRLF end a line.
func cutLine(s string) (line, rest string) {
	i := strings.IndexAny(s, "\r\n")
	switch {
	case i < 0:
		return s, ""
	case s[i] == '\r' && i+1 < len(s) && s[i+1] == '\n':
		return s[:i], s[i+2:]
	}
	return s[:i], s[i+1:]
}

var byteOrderMark = []byte("\xEF\xBB\xBF")

// decodeScript returns the text of a script.
func decodeScript(script []byte) string {
	script = bytes.TrimPrefix(script, byteOrderMark)
	if utf8.Valid(script) {
		return string(script)
	}
	var b strings.Builder
	b.Grow(len(script) + len(script)/8)
	for _, c := range script {
		b.WriteRune(rune(c))
	}
	return b.String()
}
