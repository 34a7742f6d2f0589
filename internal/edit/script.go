package edit

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// MainClass is the main class of every Carbon 4.2.0 server: the last word of the java command line before the arguments.
const MainClass = "org.wso2.carbon.bootstrap.Bootstrap"

// Script is a start script that runs java: wso2server.sh (POSIX shell) or wso2server.bat.
//
// Its java command line is found by its words: a command that runs $JAVACMD or java and names MainClass, over all of its continuation
// lines; in a batch file also the variables on that line that the file sets itself. The words between java and the main class are the
// options. Everything else in the file is left alone.
type Script struct {
	name  string
	data  []byte
	lang  scriptLanguage
	words []scriptWord // java, the options, MainClass: as java gets them
	sets  []scriptSet  // variables that the script sets

	edits map[int]wordEdit
	added []*optionAdd
	known map[string]foundOptions // what assigned has found in data
}

// scriptLanguage is what the shell and the batch language differ in.
type scriptLanguage interface {
	// refuse says why a value cannot be written safely; "" = it can.
	refuse(value string) string
	// rewrite returns the bytes of raw, a word, to replace so that the text behind its first n characters becomes value, and their replacement.
	rewrite(raw []byte, n int, value string) (start, end int, replacement []byte)
	// quote returns value as part of a word.
	quote(value string) []byte
	// variables returns the names of the variables that are expanded in a marked text.
	variables(marked string) []string
	// tooLong returns an *Error for a line of the command that is longer than the language allows.
	tooLong(s *Script) error
	// read is the second reader: the words as java gets them, marked.
	read(name string, data []byte) ([]string, error)
}

// mark stands before each expansion in the text of a word, to tell it from the same characters in quotes. ParseScript refuses NUL bytes.
const mark = "\x00"

// scriptWord is one word. Words of one row stand on one line with nothing but blanks between them.
type scriptWord struct {
	start, end int
	marked     string // without quotes; expansions as they are written, each behind a mark
	row        int
}

func (w scriptWord) text() string { return strings.ReplaceAll(w.marked, mark, "") }

// scriptSet is a variable that the script sets.
type scriptSet struct {
	name, marked string
	at           int
	isWords      bool // its value is among the words (in a batch file)
}

// wordEdit is what becomes of a word.
type wordEdit struct {
	remove bool
	prefix int // length of what stays
	value  string
	opts   opts
}

// optionAdd is an option that is not on the command line yet.
type optionAdd struct {
	prefix, value string
	opts          opts
}

// ParseScript parses data; name ending in .bat makes it a batch file. Errors are *Error. A script without a java command line is an *Error.
func ParseScript(name string, data []byte) (*Script, error) {
	if len(data) > MaxFileSize {
		return nil, tooLarge(name, len(data))
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return nil, &Error{File: name, Line: lineAt(data, i), What: "the file holds a NUL byte, so it is no script", Fix: "put back the script of the product"}
	}
	s := &Script{name: name, data: data, edits: map[int]wordEdit{}}
	var err error
	if strings.HasSuffix(strings.ToLower(name), ".bat") {
		err = parseBatch(s)
	} else {
		err = parseShell(s)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// lineAt returns the number of the line that the byte stands on.
func lineAt(data []byte, at int) int { return 1 + bytes.Count(data[:min(at, len(data))], []byte("\n")) }

// Name returns the path given to ParseScript.
func (s *Script) Name() string { return s.name }

// Bytes returns the bytes as of the last Commit. Callers do not change them.
func (s *Script) Bytes() []byte { return s.data }

// Pending reports whether edits wait for Commit.
func (s *Script) Pending() bool { return len(s.edits) > 0 || len(s.added) > 0 }

// Option is one word of the java command line, unquoted: -Xms256m, -XX:MaxPermSize=256m, -Dname=value.
type Option struct {
	Prefix, Value string // Prefix as asked for, e.g. "-Xms", "-XX:MaxPermSize=", "-Dhttp.proxyHost="
	Line          int    // 0 = recorded, not yet in the file
	Expands       bool   // Value holds a variable such as $CARBON_HOME, which the script replaces when it runs
}

// Option returns the option that is in force on the script's own command line (the last with that prefix; Java, too, takes the last).
// $JAVA_OPTS is not looked into; see Assigned. Reads see recorded edits.
func (s *Script) Option(prefix string) (Option, bool) {
	for i := len(s.words) - 1; i >= 0; i-- {
		if edit, ok := s.edits[i]; s.matches(i, prefix) && !edit.remove {
			o := option(s.words[i].marked, prefix)
			o.Line = lineAt(s.data, s.words[i].start)
			if ok {
				o.Value, o.Expands = s.wordText(i)[len(prefix):], false
			}
			return o, true
		}
	}
	for i := len(s.added) - 1; i >= 0; i-- {
		if text := s.added[i].prefix + s.added[i].value; strings.HasPrefix(text, prefix) {
			return Option{Prefix: prefix, Value: text[len(prefix):]}, true
		}
	}
	return Option{}, false
}

func option(marked, prefix string) Option {
	value := marked[len(prefix):]
	return Option{Prefix: prefix, Value: strings.ReplaceAll(value, mark, ""), Expands: strings.Contains(value, mark)}
}

// wordText returns the text of a word with its edit.
func (s *Script) wordText(i int) string {
	if edit, ok := s.edits[i]; ok {
		return s.words[i].marked[:edit.prefix] + edit.value
	}
	return s.words[i].text()
}

// matches reports whether word i is an option that begins with prefix, written out and not by way of a variable.
func (s *Script) matches(i int, prefix string) bool {
	return i > 0 && i < len(s.words)-1 && strings.HasPrefix(s.words[i].marked, prefix)
}

// Assigned returns the options with that prefix that the script itself puts into variables of the java command line, such as an operator's
// JAVA_OPTS="-Xmx4g $JAVA_OPTS" or the JVM_MEM_OPTS of Carbon 4.4. What the environment brings is not known here.
func (s *Script) Assigned(prefix string) []Option {
	options, _ := s.assigned(prefix, 0)
	return options
}

// foundOptions is what assigned has returned for a prefix and a word to begin with.
type foundOptions struct {
	options []Option
	first   string
}

// assigned looks into the variables of the words from on, and into the variables that those are made of. Several steps ask for the same.
func (s *Script) assigned(prefix string, from int) ([]Option, string) {
	key := prefix + "\x00" + strconv.Itoa(from)
	known, ok := s.known[key]
	if !ok {
		known.options, known.first = s.lookUp(prefix, from)
		if s.known == nil {
			s.known = map[string]foundOptions{}
		}
		s.known[key] = known
	}
	return slices.Clone(known.options), known.first
}

func (s *Script) lookUp(prefix string, from int) ([]Option, string) {
	var queue []string
	for i := max(from, 1); i < len(s.words)-1; i++ {
		if strings.HasPrefix(s.words[i].marked, mark) {
			queue = append(queue, s.lang.variables(s.words[i].marked)...)
		}
	}
	if len(queue) == 0 {
		return nil, ""
	}
	var lines []int // where they end
	for i, b := range s.data {
		if b == '\n' {
			lines = append(lines, i)
		}
	}
	byName := map[string][]scriptSet{}
	for _, set := range s.sets {
		byName[set.name] = append(byName[set.name], set)
	}
	var options []Option
	first := ""
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		for _, set := range byName[name] {
			for _, word := range strings.Fields(set.marked) {
				if strings.HasPrefix(word, prefix) && !set.isWords {
					if first == "" {
						first = name
					}
					o := option(word, prefix)
					o.Line = 1 + sort.SearchInts(lines, set.at)
					options = append(options, o)
				}
			}
			queue = append(queue, s.lang.variables(set.marked)...)
		}
		delete(byName, name) // once each
	}
	return options, first
}

var optionPrefix = regexp.MustCompile(`^-[A-Za-z][A-Za-z0-9._:/+-]*=?$`)

// SetOption sets the value of every option with that prefix, quoted for the script's language, and touches nothing but the value. A missing
// option is added: a -X option behind the other memory options, any other on a line of its own in front of $JAVA_OPTS. There it is before
// what the operator has in JAVA_OPTS, which therefore still wins (Java takes the last of duplicates); and it survives `wso2server.sh start`
// and `restart`, which run the script again without arguments and so lose what was typed on the command line.
//
// value is taken literally: a $ is no variable. Values that cannot be quoted safely are an *Error; so is an option that the script gives
// to java by way of a variable it sets, because what is set here would not be in force or would be there twice.
func (s *Script) SetOption(prefix, value string, o ...Opt) error {
	if !optionPrefix.MatchString(prefix) {
		return &Error{File: s.name, What: fmt.Sprintf("%q is no option of the java command", prefix), Fix: "report this to the authors of carbon-setup"}
	}
	if why := s.lang.refuse(value); why != "" {
		return &Error{
			File: s.name, Line: lineAt(s.data, s.words[0].start), What: fmt.Sprintf("the value for %s cannot be written into this script: %s", prefix, why),
			Fix: "choose another value",
		}
	}
	var at []int
	for i := range s.words {
		if s.matches(i, prefix) {
			at = append(at, i)
		}
	}
	if err := s.refuseAssigned(prefix, at); err != nil {
		return err
	}
	for _, i := range at {
		if s.words[i].marked == prefix+value {
			delete(s.edits, i)
		} else {
			s.edits[i] = wordEdit{prefix: len(prefix), value: value, opts: qualify(o)}
		}
	}
	if len(at) > 0 {
		return nil
	}
	add := optionAdd{prefix, value, qualify(o)}
	found := false
	for _, a := range s.added {
		if strings.HasPrefix(a.prefix+a.value, prefix) {
			*a, found = add, true
		}
	}
	if !found {
		s.added = append(s.added, &add)
	}
	return nil
}

// refuseAssigned returns an *Error when a variable behind the last of the options at, or any variable when there is none, is set by the
// script to hold such an option.
func (s *Script) refuseAssigned(prefix string, at []int) error {
	from := 0
	if len(at) > 0 {
		from = at[len(at)-1] + 1
	}
	options, name := s.assigned(prefix, from)
	if len(options) == 0 {
		return nil
	}
	return &Error{
		File: s.name, Line: options[0].Line,
		What: fmt.Sprintf("the script sets %s in the variable %s, which it puts on the java command line", prefix, name),
		Fix:  fmt.Sprintf("change it there by hand, or take it out of %s", name),
	}
}

// RemoveOption removes every option with that prefix, and its line when alone on it. Removing what SetOption added gives back the bytes.
func (s *Script) RemoveOption(prefix string, o ...Opt) error {
	for i := range s.words {
		if s.matches(i, prefix) {
			s.edits[i] = wordEdit{remove: true, opts: qualify(o)}
		}
	}
	kept := s.added[:0]
	for _, a := range s.added {
		if !strings.HasPrefix(a.prefix+a.value, prefix) {
			kept = append(kept, a)
		}
	}
	s.added = kept
	return nil
}

// Commit applies the pending edits. A second reader, which shares no code with the editor, reads the old and the new bytes and has to find
// exactly the wanted words. On error the document is as before the edits.
func (s *Script) Commit() ([]Splice, error) {
	splices, wanted := s.splices()
	s.edits, s.added = map[int]wordEdit{}, nil
	if len(splices) == 0 {
		return nil, nil
	}
	after := spliced(s.data, splices)
	fresh, err := ParseScript(s.name, after)
	if err != nil {
		return nil, err
	}
	if err := s.confirm(after, wanted); err != nil {
		return nil, err
	}
	if err := fresh.lang.tooLong(fresh); err != nil {
		return nil, err
	}
	*s = *fresh
	return splices, nil
}

// confirm has the second reader read the bytes before and after.
func (s *Script) confirm(after []byte, wanted []string) error {
	before := make([]string, len(s.words))
	for i, w := range s.words {
		before[i] = w.marked
	}
	old, errOld := s.lang.read(s.name, s.data)
	got, errNew := s.lang.read(s.name, after)
	if errOld == nil && errNew == nil && equalWords(old, before) && equalWords(got, wanted) {
		return nil
	}
	return &Error{
		File: s.name, Line: lineAt(s.data, s.words[0].start), What: "the java command line is written in a way that cannot be edited safely, so the edit was given up",
		Fix: "make the change by hand",
	}
}

func equalWords(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
