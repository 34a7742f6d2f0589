package edit

import (
	"bytes"
	"fmt"
)

// shellScan cuts a shell script into simple commands, with an eye for quotes, comments, substitutions and here-documents. It knows no
// grammar: reserved words are words.
type shellScan struct {
	name string
	data []byte
	at   int
	docs []shellDoc // here-documents that begin after the next line end
}

type shellDoc struct {
	delimiter string
	tabs      bool
}

// commands calls visit for every simple command with a word.
func (x *shellScan) commands(visit func(shellCommand)) error {
	c := shellCommand{redirect: -1}
	done := func() {
		if len(c.words) > 0 {
			visit(c)
		}
		c = shellCommand{redirect: -1}
	}
	for x.at < len(x.data) {
		switch b := x.data[x.at]; {
		case b == ' ' || b == '\t':
			x.at++
		case bytes.HasPrefix(x.data[x.at:], []byte("\\\n")):
			x.at += 2
		case b == '\n':
			done()
			x.at++
			x.skipDocs()
		case b == '#':
			x.skipLine()
		case bytes.HasPrefix(x.data[x.at:], []byte("((")):
			done()
			if err := x.skipArithmetic(); err != nil {
				return err
			}
		case b == '<' || b == '>':
			if c.redirect < 0 {
				c.redirect = len(c.words)
			}
			if err := x.redirection(); err != nil {
				return err
			}
		case isShellOperator(b):
			done()
			x.at++
		default:
			w, err := x.word()
			if err != nil {
				return err
			}
			c.words = append(c.words, w)
		}
	}
	done()
	return nil
}

func isShellOperator(b byte) bool {
	return b == ';' || b == '&' || b == '|' || b == '(' || b == ')' || b == '<' || b == '>'
}

func (x *shellScan) skipLine() {
	if i := bytes.IndexByte(x.data[x.at:], '\n'); i >= 0 {
		x.at += i
	} else {
		x.at = len(x.data)
	}
}

func (x *shellScan) skipArithmetic() error {
	w := shellWordScan{data: x.data, at: x.at}
	if err := w.skipTo(')', false, 0); err != nil {
		return x.unclosed(err, x.at)
	}
	x.at = w.at
	return nil
}

func (x *shellScan) word() (scriptWord, error) {
	w := shellWordScan{data: x.data, at: x.at, stop: -1}
	if err := w.run(); err != nil {
		return scriptWord{}, x.unclosed(err, x.at)
	}
	word := scriptWord{start: x.at, end: w.end, marked: string(w.out)}
	x.at = w.at
	return word, nil
}

func (x *shellScan) unclosed(err error, from int) *Error {
	return &Error{
		File: x.name, Line: lineAt(x.data, from), What: fmt.Sprintf("the file cannot be read as a shell script: in the word that begins here, %v", err),
		Fix: "run `bash -n` on it and mend it",
	}
}

// redirection reads < > << >> <& >& and the like; the target is left to be read as a word.
func (x *shellScan) redirection() error {
	rest := x.data[x.at:]
	if !bytes.HasPrefix(rest, []byte("<<")) || bytes.HasPrefix(rest, []byte("<<<")) {
		for x.at < len(x.data) && (x.data[x.at] == '<' || x.data[x.at] == '>' || x.data[x.at] == '&' || x.data[x.at] == '|') {
			x.at++
		}
		return nil
	}
	x.at += 2
	doc := shellDoc{}
	if x.at < len(x.data) && x.data[x.at] == '-' {
		doc.tabs = true
		x.at++
	}
	for x.at < len(x.data) && (x.data[x.at] == ' ' || x.data[x.at] == '\t') {
		x.at++
	}
	w, err := x.word()
	if err != nil {
		return err
	}
	doc.delimiter = w.text()
	x.docs = append(x.docs, doc)
	return nil
}

// skipDocs skips the bodies of the here-documents that begin here.
func (x *shellScan) skipDocs() {
	for _, doc := range x.docs {
		for x.at < len(x.data) {
			line := x.data[x.at:]
			next := len(x.data)
			if i := bytes.IndexByte(line, '\n'); i >= 0 {
				line, next = line[:i], x.at+i+1
			}
			x.at = next
			if doc.tabs {
				line = bytes.TrimLeft(line, "\t")
			}
			if string(line) == doc.delimiter {
				break
			}
		}
	}
	x.docs = nil
}
