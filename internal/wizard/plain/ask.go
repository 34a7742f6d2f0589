package plain

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"carbon-setup/internal/wizard/texts"
)

// The letters that are understood at questions.
const (
	keyHelp     = "?"
	keyFindings = "??"
	keyBack     = "b"
	keyLeave    = "q"
	keySkip     = "s"
)

// tooMany is how many answers in a row may be of no use when nobody sits at the input.
const tooMany = 3

// prompt is what a question says last, and what Enter takes; "" = nothing, or the empty text.
type prompt struct{ says, enter string }

// read shows a prompt and returns the line that answers it.
func (t *talk) read(ctx context.Context, p prompt) (typed, error) {
	if !t.refused {
		t.bad = 0
	}
	t.refused = false
	t.out.prompt(p.says, p.enter)
	if t.out.err != nil {
		return typed{}, errGone
	}
	line, err := t.in.wait(ctx)
	if err != nil {
		t.out.blank()
	}
	return line, t.endOf(err)
}

// endOf is what an error of waiting for a line means: the end of the input is the operator's wish to leave, unless his terminal is gone.
func (t *talk) endOf(err error) error {
	switch {
	case err == nil, errors.Is(err, errInterrupted):
		return err
	case errors.Is(err, io.EOF) && !t.tty.gone():
		return errLeft
	}
	return errGone
}

// line asks for a text. Blanks round it are dropped. When the input is no terminal, what was read is shown: the output is then the whole conversation.
func (t *talk) line(ctx context.Context, p prompt) (string, error) {
	for {
		l, err := t.read(ctx, p)
		if err != nil {
			return "", err
		}
		if !t.tty.is() {
			t.out.line(l.text)
		}
		why := unusable(l)
		if why == "" {
			return strings.TrimSpace(l.text), nil
		}
		if err := t.refuse(why); err != nil {
			return "", err
		}
	}
}

// hidden asks for a password, which is taken as it is typed and not shown.
func (t *talk) hidden(ctx context.Context, p prompt) (string, error) {
	for {
		if err := t.tty.hide(); err != nil {
			t.out.say(texts.PlainEcho)
		}
		l, err := t.read(ctx, p)
		t.tty.show()
		if err != nil {
			return "", err
		}
		t.out.blank()
		why := unusable(l)
		if why == "" && strings.Contains(l.text, "\t") {
			why = texts.PlainControls
		}
		if why == "" {
			return l.text, nil
		}
		if err := t.refuse(why); err != nil {
			return "", err
		}
	}
}

// unusable says why a line cannot be an answer whatever is asked.
func unusable(l typed) string {
	text, controls := isText(l.text)
	switch {
	case l.long:
		return texts.PlainEndless
	case text:
		return ""
	case controls:
		return texts.PlainControls
	}
	return texts.PlainNotUTF8
}

// refuse says why an answer is not taken. The caller asks again, unless the error is set: nobody there seems to understand.
func (t *talk) refuse(why string) error {
	t.out.item("! ", why)
	t.bad, t.refused = t.bad+1, true
	if t.bad >= tooMany && !t.tty.is() {
		t.out.say(texts.PlainTooMany)
		return errTooMany
	}
	return nil
}

// verb is something that can be answered where a command is asked for.
type verb struct {
	key    string // "" = Enter, "#" = a number alone
	number bool   // a number may follow
	what   string // for the list of possible answers; "" = understood, but not listed
}

// command is an answer to a menu.
type command struct {
	key string
	n   int // 0 = none
}

// number is the key of a number alone.
const number = "#"

// possible lists what can be answered.
func (t *talk) possible(verbs []verb) {
	t.out.line(texts.PlainPossible)
	for _, v := range verbs {
		if v.what == "" {
			continue
		}
		key := v.key
		switch {
		case key == "":
			key = texts.PlainEnter
		case key == number:
			key = texts.PlainCount
		case v.number:
			key += " " + texts.PlainCount
		}
		t.out.item("  "+pad(key, 9)+" ", v.what)
	}
}

// always are the answers that every question has.
func always(verbs ...verb) []verb {
	return append(verbs, verb{key: keyLeave, what: texts.PlainLeaveKey})
}

// command asks for one of the verbs; ? alone gives help, if there is any, and lists them.
func (t *talk) command(ctx context.Context, p prompt, help func(), verbs []verb) (command, error) {
	verbs = always(verbs...)
	for {
		text, err := t.line(ctx, p)
		if err != nil {
			return command{}, err
		}
		if text == keyHelp {
			if help != nil {
				help()
			}
			t.possible(verbs)
			continue
		}
		c, ok := parse(text, verbs)
		switch {
		case ok && c.key == keyLeave:
			return c, errLeft
		case ok:
			return c, nil
		}
		if err := t.refuse(texts.PlainUnknown); err != nil {
			return command{}, err
		}
		t.possible(verbs)
	}
}

// parse finds the verb of an answer: a letter, a number, or both with or without a blank between them.
func parse(text string, verbs []verb) (command, bool) {
	key := strings.TrimSpace(strings.TrimRight(text, "0123456789"))
	n := 0
	if digits := strings.TrimSpace(text[len(key):]); digits != "" {
		var err error
		if n, err = strconv.Atoi(digits); err != nil || n < 1 {
			return command{}, false
		}
	}
	if key == "" && n > 0 {
		key = number
	}
	for _, v := range verbs {
		takes := v.number || v.key == number
		if v.key == key && (n == 0 || takes) {
			return command{key, n}, true
		}
	}
	return command{}, false
}

// option is an answer of a list.
type option struct {
	label string
	value string // accepted as well as the number, when it is no number itself
}

// choice asks for one of a list, by number; enter is the one that Enter takes, -1 = none. A key of verbs comes back as such; ? gives help, if there
// is any, and the list again.
func (t *talk) choice(ctx context.Context, says string, options []option, enter int, help func(), verbs []verb) (i int, key string, err error) {
	def := ""
	if enter >= 0 {
		def = strconv.Itoa(enter+1) + ", " + options[enter].label
	}
	t.options(options)
	for {
		text, err := t.line(ctx, prompt{says, def})
		if err != nil {
			return 0, "", err
		}
		if text == "" && enter >= 0 {
			return enter, "", nil
		}
		if i, ok := pick(text, options); ok {
			return i, "", nil
		}
		c, ok := parse(text, always(verbs...))
		switch {
		case ok && c.key == keyLeave:
			return 0, "", errLeft
		case ok:
			return 0, c.key, nil
		case text != keyHelp:
			err = t.refuse(texts.PlainUnknown)
		case help != nil:
			help()
		}
		if err != nil {
			return 0, "", err
		}
		t.possible(choiceVerbs(def, verbs))
		t.options(options)
	}
}

func (t *talk) options(options []option) {
	for n, o := range options {
		t.out.item("  "+strconv.Itoa(n+1)+"  ", o.label)
	}
}

func choiceVerbs(def string, verbs []verb) []verb {
	all := []verb{{key: number, what: texts.PlainNumber}}
	if def != "" {
		all = append(all, verb{what: texts.PlainTakes + def})
	}
	return always(append(append(all, verbHelp), verbs...)...)
}

// pick finds an option by its number, or by what it is.
func pick(text string, options []option) (int, bool) {
	if n, err := strconv.Atoi(text); err == nil {
		return n - 1, n >= 1 && n <= len(options)
	}
	for i, o := range options {
		if text != "" && (strings.EqualFold(text, o.value) || strings.EqualFold(text, o.label)) {
			return i, true
		}
	}
	return 0, false
}

// sure asks a question whose answer is no unless yes is chosen.
func (t *talk) sure(ctx context.Context, question string) (bool, error) {
	t.out.say(question)
	i, key, err := t.choice(ctx, texts.PlainChoosePrompt, []option{{label: texts.Yes}, {label: texts.No}}, 1, nil,
		[]verb{{key: keyBack, what: texts.PlainBackKey}})
	return err == nil && key == "" && i == 0, err
}

// pause waits for Enter. back is true when the operator would rather go to the list.
func (t *talk) pause(ctx context.Context, says string) (back bool, err error) {
	c, err := t.command(ctx, prompt{says: says}, nil, []verb{{what: texts.PlainGoOn}, {key: keyBack, what: texts.PlainToList}})
	return c.key == keyBack, err
}

func pad(s string, n int) string { return s + strings.Repeat(" ", max(0, n-len([]rune(s)))) }

// work runs what may take long, with signs of life. It waits for its end: fn heeds the context.
func (t *talk) work(ctx context.Context, fn func(context.Context) error) error {
	done := make(chan error, 1)
	go func() { done <- fn(ctx) }()
	begun := time.Now()
	tick := time.NewTicker(t.still)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			if ctx.Err() != nil {
				return errInterrupted
			}
			return err
		case <-tick.C:
			t.out.line(texts.PlainStill(int(time.Since(begun).Seconds())))
		}
	}
}

// stopper is what an interrupt stops instead of the conversation.
type stopper struct {
	mu   sync.Mutex
	stop func()
}

func (s *stopper) set(stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop = stop
}

// now stops it, and reports whether there was anything.
func (s *stopper) now() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop == nil {
		return false
	}
	s.stop()
	return true
}
