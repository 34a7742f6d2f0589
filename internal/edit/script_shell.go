package edit

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// shellLanguage is the POSIX shell, as far as both bash and dash agree.
type shellLanguage struct{}

func (shellLanguage) refuse(value string) string { return refuseCharacters(value) }

func (shellLanguage) tooLong(*Script) error { return nil }

// refuseCharacters names what neither language can carry to java.
func refuseCharacters(value string) string {
	for _, r := range value {
		switch {
		case r == '\n' || r == '\r':
			return "it holds a line break"
		case r < ' ' || r == 0x7f:
			return "it holds a control character"
		case r > '~':
			return "it holds a character that is not ASCII, which java reads by the language settings of whoever starts the server"
		}
	}
	return ""
}

var plainShell = regexp.MustCompile(`^[A-Za-z0-9._:/+,=@%-]*$`)

// quote returns value as it is when no character means anything to the shell, else in double quotes.
func (shellLanguage) quote(value string) []byte {
	if plainShell.MatchString(value) {
		return []byte(value)
	}
	return append(append([]byte{'"'}, shellQuoted(value)...), '"')
}

// shellQuoted escapes for the inside of double quotes. A ! needs no escape: history expansion is for people at a prompt.
func shellQuoted(value string) []byte {
	var out []byte
	for i := range len(value) {
		if strings.IndexByte("$`\"\\", value[i]) >= 0 {
			out = append(out, '\\')
		}
		out = append(out, value[i])
	}
	return out
}

func (l shellLanguage) rewrite(raw []byte, n int, value string) (start, end int, replacement []byte) {
	w := shellWordScan{data: raw, stop: n}
	_ = w.run() // the word was read before
	start, end = w.at, len(raw)
	switch w.quote {
	case '"':
		return start, end, append(shellQuoted(value), '"')
	case '\'':
		if !strings.Contains(value, "'") {
			return start, end, append([]byte(value), '\'')
		}
		return start, end, append(append([]byte(`'"`), shellQuoted(value)...), '"')
	}
	if rest := raw[start:]; len(rest) >= 2 && rest[0] == '"' {
		inside := shellWordScan{data: raw, at: start + 1, quote: '"', stop: -1, onlyQuoted: true}
		if inside.run() == nil && inside.at == end {
			return start + 1, end - 1, shellQuoted(value)
		}
	}
	return start, end, l.quote(value)
}

var (
	shellVariable   = regexp.MustCompile(mark + `\$\{?([A-Za-z_][A-Za-z0-9_]*)`)
	shellAssignment = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)=`)
	javaWord        = regexp.MustCompile(`(^|/|\\)java(\.exe)?$|^` + mark + `[$%]\{?JAVA(CMD)?[}%]?$`)
)

func (shellLanguage) variables(marked string) []string {
	if !strings.Contains(marked, mark) {
		return nil
	}
	var names []string
	for _, m := range shellVariable.FindAllStringSubmatch(marked, -1) {
		names = append(names, m[1])
	}
	return names
}

// shellCommand is a simple command. Reserved words such as do and then count as words of the command behind them.
type shellCommand struct {
	words    []scriptWord
	redirect int // words before its first redirection; -1 = none
}

// windowsLines refuses a script that no shell runs any more: with a carriage return behind it, a backslash does not continue the line.
func windowsLines(s *Script) error {
	at := bytes.Index(s.data, []byte("\\\r\n"))
	if at < 0 {
		return nil
	}
	return &Error{
		File: s.name, Line: lineAt(s.data, at), What: "the lines end as on Windows (CR LF), and no shell runs the script like that",
		Fix: "take the carriage returns out, with: sed -i 's/\\r$//' " + s.name,
	}
}

// parseShell finds the java command line.
func parseShell(s *Script) error {
	s.lang = shellLanguage{}
	var found []shellCommand
	var start error
	x := shellScan{name: s.name, data: s.data}
	err := x.commands(func(c shellCommand) {
		s.sets = append(s.sets, assignments(c)...)
		main := wordIndex(c.words, MainClass)
		if main < 0 || isSaying(c.words[0].marked) {
			return
		}
		java := javaIndex(c.words[:main])
		switch {
		case java < 0:
			start = &Error{
				File: s.name, Line: lineAt(s.data, c.words[0].start),
				What: "the command with the main class " + MainClass + " does not run $JAVACMD or java",
				Fix:  "see whether a comment, or a blank behind a backslash, cuts the java command line in two",
			}
		case c.redirect > java && c.redirect <= main:
			start = &Error{
				File: s.name, Line: lineAt(s.data, c.words[java].start), What: "a redirection stands among the options of the java command line",
				Fix: "move it behind the main class",
			}
		default:
			found = append(found, shellCommand{words: c.words[java : main+1]})
		}
	})
	switch {
	case (err != nil || start != nil || len(found) == 0) && windowsLines(s) != nil:
		return windowsLines(s)
	case err != nil:
		return err
	case start != nil:
		return start
	case len(found) == 0:
		return noJava(s)
	case len(found) > 1:
		return twoJava(s, found[0].words[0].start, found[1].words[0].start)
	}
	s.words = found[0].words
	for i := 1; i < len(s.words); i++ {
		s.words[i].row = s.words[i-1].row
		if bytes.IndexByte(s.data[s.words[i-1].end:s.words[i].start], '\n') >= 0 {
			s.words[i].row++
		}
	}
	return nil
}

func noJava(s *Script) *Error {
	e := &Error{
		File: s.name, What: "no java command line was found: looked for a command that runs $JAVACMD or java and names the main class " + MainClass,
		Fix: "put back the script of the product, or make the change by hand",
	}
	if _, shell := s.lang.(shellLanguage); shell && bytes.Contains(s.data, []byte("\\\r\n")) {
		e.What += "; the lines end in CR LF, which no shell takes for a continued line"
		e.Fix = "convert the script to LF line ends"
	}
	return e
}

func twoJava(s *Script, first, second int) *Error {
	return &Error{
		File: s.name, Line: lineAt(s.data, second),
		What: fmt.Sprintf("the script has more than one java command line; the first is on line %d", lineAt(s.data, first)),
		Fix:  "make the change by hand in both",
	}
}

// isSaying reports whether a command only prints its words.
func isSaying(command string) bool {
	switch strings.ToLower(command) {
	case "echo", "printf", ":", "title", "set":
		return true
	}
	return false
}

func wordIndex(words []scriptWord, marked string) int {
	for i, w := range words {
		if w.marked == marked {
			return i
		}
	}
	return -1
}

// javaIndex returns the word that is the java command: words such as do, exec or nohup may stand before it.
func javaIndex(words []scriptWord) int {
	for i, w := range words {
		if javaWord.MatchString(w.marked) {
			return i
		}
	}
	return -1
}

// assignments returns the variables that a command sets: NAME=value in front of it, or behind export.
func assignments(c shellCommand) []scriptSet {
	var all []scriptSet
	for _, w := range c.words {
		var m []string
		if strings.IndexByte(w.marked, '=') > 0 {
			m = shellAssignment.FindStringSubmatch(w.marked)
		}
		switch {
		case m != nil:
			all = append(all, scriptSet{name: m[1], marked: w.marked[len(m[0]):], at: w.start})
		case w.marked != "export" && w.marked != "readonly" && w.marked != "local" && w.marked != "then" && w.marked != "do" && w.marked != "else":
			return all
		}
	}
	return all
}
