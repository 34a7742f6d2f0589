package edit

import (
	"bytes"
	"errors"
)

var (
	errSingleQuote  = errors.New("a single quote is not closed")
	errDoubleQuote  = errors.New("a double quote is not closed")
	errBackquote    = errors.New("a backquote is not closed")
	errSubstitution = errors.New("a substitution is not closed")
	errDepth        = errors.New("substitutions are nested too deeply")
)

// maxShellDepth is how deep substitutions may nest.
const maxShellDepth = 50

// shellWordScan reads one word: at moves on, out collects its marked text.
type shellWordScan struct {
	data       []byte
	at         int
	end        int // where the word ends: a continuation behind it is none of it
	out        []byte
	quote      byte // 0, ' or "
	stop       int  // stop once out has this length; -1 = never
	onlyQuoted bool // stop at the quote that closes
}

func (w *shellWordScan) run() error {
	for {
		if len(w.out) == w.stop {
			return nil
		}
		if w.at >= len(w.data) {
			return w.ended()
		}
		was, continues := w.quote, w.quote == 0 && bytes.HasPrefix(w.data[w.at:], []byte("\\\n"))
		var err error
		switch w.quote {
		case '\'':
			w.single()
		case '"':
			err = w.double()
		default:
			var more bool
			if more, err = w.bare(); !more {
				return err
			}
		}
		if !continues {
			w.end = w.at
		}
		if err != nil || w.onlyQuoted && was != 0 && w.quote == 0 {
			return err
		}
	}
}

// ended judges the end of the file.
func (w *shellWordScan) ended() error {
	switch w.quote {
	case '\'':
		return errSingleQuote
	case '"':
		return errDoubleQuote
	}
	return nil
}

func (w *shellWordScan) single() {
	b := w.data[w.at]
	w.at++
	if b == '\'' {
		w.quote = 0
		return
	}
	w.out = append(w.out, b)
}

func (w *shellWordScan) double() error {
	b := w.data[w.at]
	switch b {
	case '"':
		w.quote = 0
		w.at++
		return nil
	case '$', '`':
		return w.expansion()
	case '\\':
		if w.at+1 < len(w.data) && bytes.IndexByte([]byte("$`\"\\\n"), w.data[w.at+1]) >= 0 {
			w.at += 2
			if b = w.data[w.at-1]; b != '\n' {
				w.out = append(w.out, b)
			}
			return nil
		}
	}
	w.out = append(w.out, b)
	w.at++
	return nil
}

// bare reads on outside of quotes; more is false at the end of the word.
func (w *shellWordScan) bare() (more bool, err error) {
	b := w.data[w.at]
	switch {
	case b == ' ' || b == '\t' || b == '\n' || isShellOperator(b):
		return false, nil
	case b == '\'' || b == '"':
		w.quote = b
		w.at++
		return true, nil
	case b == '$' || b == '`':
		return true, w.expansion()
	case b == '\\' && w.at+1 < len(w.data):
		if w.data[w.at+1] != '\n' {
			w.out = append(w.out, w.data[w.at+1])
		}
		w.at += 2
		return true, nil
	}
	w.out = append(w.out, b)
	w.at++
	return true, nil
}

// expansion reads $name, ${…}, $(…), $'…' or `…` and puts it into out as it is written, behind a mark. Any other $ is a character.
func (w *shellWordScan) expansion() error {
	from := w.at
	literal, err := w.skipExpansion(w.quote == '"', 0)
	if err != nil {
		return err
	}
	if literal {
		w.out = append(w.out, '$')
		return nil
	}
	w.out = append(append(w.out, mark...), w.data[from:w.at]...)
	return nil
}

func (w *shellWordScan) skipExpansion(quoted bool, depth int) (literal bool, err error) {
	if depth > maxShellDepth {
		return false, errDepth
	}
	if w.data[w.at] == '`' {
		return false, w.skipString('`', errBackquote)
	}
	w.at++
	behind := w.at
	w.skipContinuations()
	if w.at >= len(w.data) {
		w.at = behind
		return true, nil
	}
	switch b := w.data[w.at]; {
	case b == '{':
		return false, w.skipTo('}', quoted, depth)
	case b == '(':
		return false, w.skipTo(')', false, depth)
	case b == '\'' && !quoted:
		return false, w.skipString('\'', errSingleQuote)
	case b == '"' && !quoted:
		return false, nil // bash drops the $ in front of a double quote, dash keeps it
	case isShellName(b):
		w.skipName()
		return false, nil
	case b >= '0' && b <= '9' || bytes.IndexByte([]byte("@*#?-$!"), b) >= 0:
		w.at++
		return false, nil
	}
	w.at = behind
	return true, nil
}

// skipName skips the name of a variable, over continuations within it.
func (w *shellWordScan) skipName() {
	for end := w.at; ; {
		if w.at >= len(w.data) || !isShellName(w.data[w.at]) && (w.data[w.at] < '0' || w.data[w.at] > '9') {
			w.at = end
			return
		}
		w.at++
		end = w.at
		w.skipContinuations()
	}
}

// skipContinuations skips line ends behind a backslash.
func (w *shellWordScan) skipContinuations() {
	for bytes.HasPrefix(w.data[w.at:], []byte("\\\n")) {
		w.at += 2
	}
}

func isShellName(b byte) bool { return b == '_' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

// skipString skips from an opening quote to the same, unescaped.
func (w *shellWordScan) skipString(quote byte, unclosed error) error {
	for w.at++; w.at < len(w.data); w.at++ {
		switch w.data[w.at] {
		case '\\':
			w.at++
		case quote:
			w.at++
			return nil
		}
	}
	w.at = len(w.data)
	return unclosed
}

// skipTo skips from an opening { ( or " to what closes it. Inside of double quotes a single quote is a character in ${…}.
func (w *shellWordScan) skipTo(closing byte, quoted bool, depth int) error {
	if depth > maxShellDepth {
		return errDepth
	}
	w.at++
	for w.at < len(w.data) {
		var err error
		switch b := w.data[w.at]; {
		case b == closing:
			w.at++
			return nil
		case b == '\\':
			w.at += 2
		case b == '$' || b == '`':
			_, err = w.skipExpansion(quoted || closing == '"', depth+1)
		case b == '"':
			err = w.skipTo('"', true, depth+1)
		case b == '\'' && !quoted && closing != '"':
			i := bytes.IndexByte(w.data[w.at+1:], '\'')
			if i < 0 {
				return errSingleQuote
			}
			w.at += i + 2
		case b == '(' && closing == ')':
			err = w.skipTo(')', false, depth+1)
		default:
			w.at++
		}
		if err != nil {
			return err
		}
	}
	w.at = len(w.data)
	if closing == '"' {
		return errDoubleQuote
	}
	return errSubstitution
}
