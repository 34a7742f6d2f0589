package edit

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// maxBatchLine is the longest line that cmd.exe reads.
const maxBatchLine = 8191

// batchLanguage is that of cmd.exe, and how java.exe cuts its command line into words.
type batchLanguage struct {
	delayed bool // setlocal EnableDelayedExpansion: an exclamation mark begins a variable, in quotes, too
	bang    bool // the java command line holds an exclamation mark
}

func (l batchLanguage) refuse(value string) string {
	why := refuseCharacters(value)
	switch {
	case why != "":
	case strings.Contains(value, `"`):
		why = "it holds a double quote, which a batch file cannot pass on"
	case l.delayed && strings.Contains(value, "!"):
		why = "it holds an exclamation mark, which this script takes for a variable (EnableDelayedExpansion)"
	case l.delayed && l.bang && strings.Contains(value, "^"):
		why = "it holds a caret, which cmd.exe drops on a line with an exclamation mark (EnableDelayedExpansion)"
	}
	return why
}

func (batchLanguage) tooLong(s *Script) error {
	for _, w := range s.words {
		from := bytes.LastIndexByte(s.data[:w.start], '\n') + 1
		if end, _ := batchLine(s.data, from); end-from > maxBatchLine {
			return &Error{
				File: s.name, Line: lineAt(s.data, from), What: fmt.Sprintf("the line would be %d characters long, and cmd.exe reads no more than %d", end-from, maxBatchLine),
				Fix: "choose shorter values",
			}
		}
	}
	return nil
}

var plainBatch = regexp.MustCompile(`^[A-Za-z0-9._:/\\+,=@-]*$`)

// quote returns value as it is when no character means anything to cmd.exe or java.exe, else in double quotes.
func (batchLanguage) quote(value string) []byte {
	if plainBatch.MatchString(value) {
		return []byte(value)
	}
	return append(append([]byte{'"'}, batchQuoted(value)...), '"')
}

// batchQuoted escapes for the inside of double quotes that close behind it: % is doubled for cmd.exe, and so are backslashes at the end
// for java.exe, which would take them to escape the quote. & | < > ^ are characters there.
func batchQuoted(value string) []byte {
	trailing := len(value) - len(strings.TrimRight(value, `\`))
	return []byte(strings.ReplaceAll(value, "%", "%%") + strings.Repeat(`\`, trailing))
}

func (l batchLanguage) rewrite(raw []byte, n int, value string) (start, end int, replacement []byte) {
	w := batchWordScan{data: raw, stop: n, delayed: l.delayed}
	w.run()
	start, end = w.at, len(raw)
	if w.quoted {
		return start, end, append(batchQuoted(value), '"')
	}
	if rest := raw[start:]; len(rest) >= 2 && rest[0] == '"' && bytes.IndexByte(rest[1:], '"') == len(rest)-2 {
		return start + 1, end - 1, batchQuoted(value)
	}
	return start, end, l.quote(value)
}

var batchVariable = regexp.MustCompile(mark + `[%!]([^%!:=]+)`)

// variables returns names in upper case: cmd.exe makes no difference.
func (batchLanguage) variables(marked string) []string {
	if !strings.Contains(marked, mark) {
		return nil
	}
	var names []string
	for _, m := range batchVariable.FindAllStringSubmatch(marked, -1) {
		names = append(names, strings.ToUpper(m[1]))
	}
	return names
}

// batchSet is a `set NAME=text` line.
type batchSet struct {
	name     string
	at, end  int // of the text
	unusable string
	nth      int // in Script.sets
}

// parseBatch finds the java command line and the variables on it.
func parseBatch(s *Script) error {
	lang := batchLanguage{delayed: bytes.Contains(bytes.ToLower(s.data), []byte("enabledelayedexpansion"))}
	sets := map[string][]batchSet{}
	java, main := -1, -1
	var line []scriptWord
	for at := 0; at < len(s.data); {
		end, next := batchLine(s.data, at)
		if set, ok := readSet(s.data, at, end); ok {
			set.nth = len(s.sets)
			sets[set.name] = append(sets[set.name], set)
			words, _ := batchWords(s.data, set.at, set.end, lang.delayed)
			s.sets = append(s.sets, scriptSet{name: set.name, marked: joinMarked(words), at: set.at})
		} else if !isRemark(s.data[at:end]) {
			words, _ := batchWords(s.data, at, end, lang.delayed)
			if m := wordIndex(words, MainClass); m >= 0 && !isSaying(strings.TrimPrefix(words[0].marked, "@")) {
				if main >= 0 {
					return twoJava(s, line[0].start, words[0].start)
				}
				java, main, line = javaIndex(words[:m]), m, words
			}
		}
		at = next
	}
	s.lang = lang
	if java < 0 {
		return noJava(s)
	}
	if err := s.collectBatch(line[java:main+1], sets); err != nil {
		return err
	}
	for _, w := range s.words {
		lang.bang = lang.bang || bytes.IndexByte(s.data[w.start:w.end], '!') >= 0
	}
	s.lang = lang
	return nil
}

// collectBatch puts together the words that java gets: those on its line, and in front of a variable those that it is set to.
func (s *Script) collectBatch(line []scriptWord, sets map[string][]batchSet) error {
	row := 0
	for i, w := range line {
		names := s.lang.variables(w.marked)
		if i > 0 && len(names) == 1 && isWholeVariable(w.marked) && names[0] != "JAVA_OPTS" {
			for n, set := range sets[names[0]] {
				row++
				if err := s.collectSet(set, n == 0, row); err != nil {
					return err
				}
			}
		}
		s.words = append(s.words, w)
	}
	return nil
}

var wholeVariable = regexp.MustCompile(`^` + mark + `%[^%:]+%$`)

func isWholeVariable(marked string) bool { return wholeVariable.MatchString(marked) }

// collectSet adds the words of a `set NAME=…` line. A second one has to begin with %NAME%, so that it adds to the first.
func (s *Script) collectSet(set batchSet, first bool, row int) error {
	refuse := func(what string) error {
		return &Error{
			File: s.name, Line: lineAt(s.data, set.at), What: fmt.Sprintf("the line sets %s, which holds java options, %s", set.name, what),
			Fix: "write it as set NAME=options, or make the change by hand",
		}
	}
	if set.unusable != "" {
		return refuse(set.unusable)
	}
	words, special := batchWords(s.data, set.at, set.end, s.lang.(batchLanguage).delayed)
	if special >= 0 {
		return refuse("and goes on with an & | < > or ^ outside of quotes")
	}
	if !first && (len(words) == 0 || strings.ToUpper(words[0].marked) != mark+"%"+set.name+"%") {
		return refuse("for a second time and does not begin with what it holds")
	}
	s.sets[set.nth].isWords = true
	for _, w := range words {
		w.row = row
		s.words = append(s.words, w)
	}
	return nil
}

// batchLine returns the end of the line without and with its line end.
func batchLine(data []byte, at int) (end, next int) {
	next = len(data)
	if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
		next = at + i + 1
	}
	return at + len(bytes.TrimRight(data[at:next], "\r\n")), next
}

func isRemark(line []byte) bool {
	text := strings.ToLower(strings.TrimLeft(string(line), " \t@"))
	return strings.HasPrefix(text, ":") || text == "rem" || strings.HasPrefix(text, "rem ") || strings.HasPrefix(text, "rem\t")
}

var setLine = regexp.MustCompile(`(?i)^[ \t]*@?[ \t]*set[ \t]+`)

// readSet reads a `set NAME=text` line.
func readSet(data []byte, at, end int) (batchSet, bool) {
	head := setLine.FindIndex(data[at:end])
	if head == nil {
		return batchSet{}, false
	}
	from := at + head[1]
	equals := bytes.IndexByte(data[from:end], '=')
	if equals < 0 || data[from] == '/' {
		return batchSet{}, false
	}
	set := batchSet{name: strings.ToUpper(string(data[from : from+equals])), at: from + equals + 1, end: end}
	if strings.HasPrefix(set.name, `"`) {
		set.name, set.unusable = set.name[1:], "in quotes"
	}
	return set, true
}

func joinMarked(words []scriptWord) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.marked
	}
	return strings.Join(texts, " ")
}

// batchWords cuts data[at:end] into words; special is where & | < > or a ^ at the end stands outside of quotes, and -1 when none does.
func batchWords(data []byte, at, end int, delayed bool) (words []scriptWord, special int) {
	for at < end {
		switch b := data[at]; {
		case b == ' ' || b == '\t':
			at++
		case isBatchSpecial(b), b == '^' && at+1 == end:
			return words, at
		default:
			w := batchWordScan{data: data[:end], at: at, stop: -1, delayed: delayed}
			w.run()
			words = append(words, scriptWord{start: at, end: w.at, marked: string(w.out)})
			at = w.at
		}
	}
	return words, -1
}

func isBatchSpecial(b byte) bool { return b == '&' || b == '|' || b == '<' || b == '>' }

// batchWordScan reads one word of one line: at moves on, out collects its marked text.
type batchWordScan struct {
	data    []byte
	at      int
	out     []byte
	quoted  bool
	delayed bool
	stop    int // stop once out has this length; -1 = never
}

func (w *batchWordScan) run() {
	for w.at < len(w.data) && len(w.out) != w.stop {
		b := w.data[w.at]
		switch {
		case !w.quoted && (b == ' ' || b == '\t' || isBatchSpecial(b)):
			return
		case b == '"':
			w.quoted = !w.quoted
			w.at++
		case b == '\\':
			w.backslashes()
		case b == '%', b == '!' && w.delayed:
			w.variable(b)
		case b == '^' && !w.quoted:
			if w.at++; w.at == len(w.data) {
				w.at--
				return
			}
			w.out = append(w.out, w.data[w.at])
			w.at++
		default:
			w.out = append(w.out, b)
			w.at++
		}
	}
}

// backslashes reads a run of them: in front of a double quote two stand for one, and an odd one makes the quote a character.
func (w *batchWordScan) backslashes() {
	n := 0
	for w.at+n < len(w.data) && w.data[w.at+n] == '\\' {
		n++
	}
	if w.at+n == len(w.data) || w.data[w.at+n] != '"' {
		w.out = append(w.out, w.data[w.at:w.at+n]...)
		w.at += n
		return
	}
	w.out = append(w.out, w.data[w.at:w.at+n/2]...)
	w.at += n
	if n%2 == 1 {
		w.out = append(w.out, '"')
		w.at++
	}
}

// variable reads %name%, %1, %*, %~dp0, %% or !name!; a single one is dropped by cmd.exe and counts as an empty variable.
func (w *batchWordScan) variable(sign byte) {
	from := w.at
	w.at++
	rest := w.data[w.at:]
	switch {
	case len(rest) > 0 && sign == '%' && rest[0] == '%':
		w.at++
		w.out = append(w.out, '%')
		return
	case len(rest) > 0 && sign == '%' && (rest[0] == '*' || rest[0] >= '0' && rest[0] <= '9'):
		w.at++
	case len(rest) > 0 && sign == '%' && rest[0] == '~':
		for w.at++; w.at < len(w.data) && w.data[w.at-1] != ' ' && (w.data[w.at-1] < '0' || w.data[w.at-1] > '9'); {
			w.at++
		}
	default:
		if i := bytes.IndexByte(rest, sign); i >= 0 {
			w.at += i + 1
		}
	}
	w.out = append(append(w.out, mark...), w.data[from:w.at]...)
}
