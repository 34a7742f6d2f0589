package answers

import (
	"fmt"
	"regexp"
	"strings"

	"carbon-setup/internal/secret"
)

// secretForms are the ways to name a secret, the best first.
var secretForms = []string{"{env: NAME}", "{file: PATH}", "{prompt: true}"}

const howToRefer = "Write {env: NAME}, {file: PATH} or {prompt: true}."

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func secretOf(text string) secret.Secret { return secret.New(text) }

// value reads the value of a key. spec.Key is the concrete key.
func (p *reading) value(e entry, spec Spec) {
	v, n := Value{At: p.src.position(e.value.at)}, e.value
	ok := false
	switch spec.Kind {
	case Secret:
		ok = p.secret(&v, n, spec)
	case List:
		ok = p.list(&v, n, spec)
	case Map:
		ok = p.texts(&v, n, spec)
	case Text, Bool, Int, Size, Choice, Path:
		ok = p.scalar(&v, n, spec)
	}
	if ok {
		p.set.values[spec.Key] = v
	}
}

func (p *reading) scalar(v *Value, n *node, spec Spec) bool {
	switch n.kind {
	case listNode:
		p.fault(n.at, spec.Key, fmt.Sprintf("This takes one value (%s), not a list.", spec.Kind), spec.howTo())
		return false
	case mappingNode:
		p.fault(n.at, spec.Key, fmt.Sprintf("This takes one value (%s), not keys of its own.", spec.Kind), spec.howTo())
		return false
	case nullNode:
		p.noValue(n, spec)
		return false
	case textNode:
	}
	text := trimBlock(n.scalar)
	if n.scalar.style == plain && (spec.Kind == Text || spec.Kind == Path) && isTruth(text) {
		p.truth(n, spec.Key, "This", leaf(spec.Key)+": ")
		return false
	}
	read, fault := spec.Read(text)
	if fault != nil {
		p.fault(n.at, fault.Key, fault.Message, fault.Fix)
		return false
	}
	read.At = v.At
	*v = read
	return true
}

// truth refuses a plain word that YAML takes for true or false where a text is meant. what names it at the beginning of a sentence.
func (p *reading) truth(n *node, key, what, before string) {
	word := n.scalar.text
	p.fault(n.at, key, fmt.Sprintf("%s is meant as a text, but YAML reads %s without quotes as true or false.", what, word), "Put it in quotes: "+before+quoteDouble(word))
}

func (p *reading) noValue(n *node, spec Spec) {
	message := "There is no value here."
	if !n.bare {
		message = "This is null, which is no value."
	}
	fix := "Give one, or take the line out."
	if spec.Kind == Text {
		fix = `Give one, write "" for an empty text, or take the line out.`
	}
	p.fault(n.at, spec.Key, message, fix)
}

// trimBlock takes the one line end off that every text beneath | or > has at its end.
func trimBlock(sc scalar) string {
	if sc.style == blockText {
		return trimNewline(sc.text)
	}
	return sc.text
}

// trimNewline takes exactly one line end, LF or CRLF, off the end of a text.
func trimNewline(text string) string {
	if rest, ok := strings.CutSuffix(text, "\r\n"); ok {
		return rest
	}
	return strings.TrimSuffix(text, "\n")
}

func (p *reading) list(v *Value, n *node, spec Spec) bool {
	switch n.kind {
	case nullNode:
		p.fault(n.at, spec.Key, "There is no value here.", "Write [] for an empty list, or take the line out.")
		return false
	case mappingNode:
		p.fault(n.at, spec.Key, "This is a list of texts and takes no keys.", spec.howTo())
		return false
	case textNode:
		if n.scalar.style == plain && strings.Contains(n.scalar.text, ",") {
			p.fault(n.at, spec.Key, "This is a list, but here stands one text with commas.", "Write it in brackets: ["+n.scalar.text+"]")
			return false
		}
		n = &node{kind: listNode, at: n.at, list: []*node{n}}
	case listNode:
	}
	v.List = []string{}
	ok := true
	for _, entry := range n.list {
		text, fine := p.plainText(entry, spec.Key, "An entry of the list")
		ok = ok && fine
		v.List = append(v.List, text)
	}
	v.Text = JoinList(v.List)
	return ok
}

func (p *reading) texts(v *Value, n *node, spec Spec) bool {
	if n.kind == nullNode && n.bare {
		n = &node{kind: mappingNode, at: n.at}
	}
	if n.kind != mappingNode {
		p.fault(n.at, spec.Key, "This takes keys and texts.", spec.howTo())
		return false
	}
	v.Map = map[string]string{}
	ok := true
	lines := map[string]int{}
	for _, e := range n.entries {
		if first, twice := lines[e.key]; twice {
			p.fault(e.at, spec.Key, fmt.Sprintf("%s stands here for the second time; the first is in line %d.", quoted(e.key), first), "Keep one of the two.")
			ok = false
			continue
		}
		lines[e.key] = e.at.line
		if e.value.kind == textNode && (e.value.scalar.text == "true" || e.value.scalar.text == "false") {
			v.Map[e.key] = e.value.scalar.text // the text is the same, however it is read
			continue
		}
		text, fine := p.plainText(e.value, spec.Key, quoted(e.key))
		ok = ok && fine
		v.Map[e.key] = text
	}
	return ok
}

// plainText reads an entry of a list or a map. what names it at the beginning of a sentence.
func (p *reading) plainText(n *node, key, what string) (string, bool) {
	switch {
	case n.kind == nullNode:
		p.fault(n.at, key, what+" has no value.", `Give one, or write "" for an empty text.`)
	case n.kind != textNode:
		p.fault(n.at, key, what+" must be a text.", "Put it in quotes if it has a colon or brackets in it.")
	case n.scalar.style == plain && isTruth(n.scalar.text):
		p.truth(n, key, what, "")
	default:
		return trimBlock(n.scalar), true
	}
	return "", false
}

// secret reads a reference or a literal. No message holds anything that is written there: it may be a secret in a wrong place.
func (p *reading) secret(v *Value, n *node, spec Spec) bool {
	switch n.kind {
	case nullNode:
		p.fault(n.at, spec.Key, "There is no value here.", howToRefer+" Put a literal secret that reads null or ~ in quotes.")
		return false
	case listNode:
		p.fault(n.at, spec.Key, "This is a secret, not a list.", howToRefer+" Put a literal secret that begins with a bracket in quotes.")
		return false
	case mappingNode:
		return p.secretRef(v, n, spec)
	case textNode:
	}
	sc := n.scalar
	text := trimBlock(sc)
	switch {
	case sc.style == plain && isTruth(text):
		p.fault(n.at, spec.Key, "The secret is a word that YAML reads as true or false.", howToRefer+" Put a literal secret in quotes.")
		return false
	case text == "":
		p.fault(n.at, spec.Key, "The secret is empty.", howToRefer)
		return false
	}
	v.Secret = secretOf(text)
	message := "The secret is written in the file itself: everyone who reads the file knows it."
	if sc.style == plain && sc.commented {
		message += " What follows the # is a comment and not part of it."
	}
	p.warn(n.at, spec.Key, message, howToRefer)
	return true
}

func (p *reading) secretRef(v *Value, n *node, spec Spec) bool {
	if len(n.entries) != 1 {
		p.fault(n.at, spec.Key, fmt.Sprintf("A secret takes exactly one of env, file and prompt, and here stand %d keys.", len(n.entries)), howToRefer+" Put a literal secret that begins with { in quotes.")
		return false
	}
	e := n.entries[0]
	text := e.value.scalar.text
	isText := e.value.kind == textNode && e.value.scalar.style != blockText
	switch e.key {
	case "env":
		if !isText || !envName.MatchString(text) {
			p.fault(e.value.at, spec.Key, "env takes the name of an environment variable: letters, digits and _, without $.", "Write {env: NAME}.")
			return false
		}
		v.Ref.Env = text
	case "file":
		if !isText || text == "" {
			p.fault(e.value.at, spec.Key, "file takes the path of a file.", "Write {file: PATH}.")
			return false
		}
		v.Ref.File = text
	case "prompt":
		if !isText || text != "true" {
			p.fault(e.value.at, spec.Key, "prompt takes true and nothing else.", "Write {prompt: true}, or name the secret in another way.")
			return false
		}
		v.Ref.Prompt = true
	default:
		fix := howToRefer
		if near := nearest(e.key, []string{"env", "file", "prompt"}); near != "" {
			fix = fmt.Sprintf("Did you mean %q? %s", near, howToRefer)
		}
		p.fault(e.at, spec.Key, "A secret takes env, file or prompt, and here stands another key.", fix+" Put a literal secret that has a colon or brackets in quotes.")
		return false
	}
	return true
}
