package plain

import (
	"context"
	"path/filepath"
	"strings"

	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// mostRows is how many entries of a folder are listed at once. A part of a name finds the others.
const mostRows = 100

// browser lists folders until a file is taken, or the operator would rather type.
type browser struct {
	t       *talk
	listing flow.Listing
	hidden  bool
	filter  string
	rows    []flow.DirEntry
}

var browseVerbs = []verb{
	{key: number, what: texts.PlainOpenEntry},
	{key: texts.PlainText, what: texts.PlainFilterKey},
	{key: "u", what: texts.PlainParentKey},
	{key: "h", what: texts.PlainHiddenKey},
	verbHelp,
	{key: keyBack, what: texts.PlainToQuestion},
}

// browse lists the folder that was typed, and asks for a file by its number. The path is "" when the question is to be asked again.
func (t *talk) browse(ctx context.Context, typed string) (path string, err error) {
	b := &browser{t: t}
	read, err := b.read(ctx, func(ctx context.Context) (flow.Listing, error) { return t.eng.Browse(ctx, typed) })
	if !read || err != nil {
		return "", err
	}
	b.list()
	for {
		text, err := t.line(ctx, prompt{says: texts.PlainBrowsePrompt})
		if err != nil {
			return "", err
		}
		path, done, err := b.answer(ctx, text)
		if done || err != nil {
			return path, err
		}
	}
}

// read reads a folder, with signs of life. ok is false when it cannot be read, which has been said.
func (b *browser) read(ctx context.Context, work func(context.Context) (flow.Listing, error)) (ok bool, err error) {
	var l flow.Listing
	var why error
	err = b.t.work(ctx, func(ctx context.Context) error {
		l, why = work(ctx)
		return nil
	})
	if err != nil {
		return false, err
	}
	if why != nil {
		return false, b.t.refuse(why.Error())
	}
	b.listing, b.filter = l, ""
	return true, nil
}

func (b *browser) open(ctx context.Context, folder string) error {
	ok, err := b.read(ctx, func(ctx context.Context) (flow.Listing, error) { return b.t.eng.List(ctx, folder) })
	if ok {
		b.list()
	}
	return err
}

// answer does what was answered. done: a file was taken, or "" = back to the question.
func (b *browser) answer(ctx context.Context, text string) (path string, done bool, err error) {
	c, known := parse(text, always(browseVerbs...))
	switch {
	case known && c.key == keyLeave:
		return "", true, errLeft
	case known && c.key == keyBack:
		return "", true, nil
	case known && c.key == keyHelp:
		b.t.possible(always(browseVerbs...))
	case known && c.key == "u":
		return "", false, b.open(ctx, filepath.Dir(b.listing.Folder))
	case known && c.key == "h":
		b.hidden = !b.hidden
		b.list()
	case known && c.key == number && c.n > len(b.rows):
		return "", false, b.t.refuse(texts.PlainNotBetween(c.n, 1, len(b.rows)))
	case known && c.key == number:
		return b.take(ctx, b.rows[c.n-1])
	case text == "":
		return "", false, b.t.refuse(texts.PlainUnknown)
	default:
		return b.named(ctx, text)
	}
	return "", false, nil
}

// named takes the entry of that name, opens a path, or lists the entries whose names hold the text.
func (b *browser) named(ctx context.Context, text string) (path string, done bool, err error) {
	for _, d := range b.listing.Entries {
		if d.Name == text || d.Label() == text {
			return b.take(ctx, d)
		}
	}
	if strings.Contains(text, "/") {
		ok, err := b.read(ctx, func(ctx context.Context) (flow.Listing, error) { return b.t.eng.Browse(ctx, text) })
		if ok {
			b.list()
		}
		return "", false, err
	}
	b.filter = text
	b.list()
	return "", false, nil
}

func (b *browser) take(ctx context.Context, d flow.DirEntry) (path string, done bool, err error) {
	path = b.listing.Path(d)
	switch {
	case d.Refused != "":
		return "", false, b.t.refuse(d.Refused)
	case d.Kind == flow.Folder:
		return "", false, b.open(ctx, path)
	}
	b.t.eng.Picked(path)
	b.t.out.line(texts.PlainPicked(flow.Shown(path)))
	return path, true, nil
}

// list says what is in the folder.
func (b *browser) list() {
	out := b.t.out
	out.blank()
	if b.listing.Note != "" {
		out.say(b.listing.Note)
	}
	out.line(texts.PlainFolder(flow.Shown(b.listing.Folder), b.filter))
	b.rows = nil
	more, hidden := 0, 0
	want := strings.ToLower(b.filter)
	for _, d := range b.listing.Entries {
		switch {
		case d.Hidden() && !b.hidden && !strings.HasPrefix(want, "."):
			hidden++
		case !strings.Contains(strings.ToLower(d.Label()), want):
		case len(b.rows) == mostRows:
			more++
		default:
			b.rows = append(b.rows, d)
		}
	}
	options := make([]option, 0, len(b.rows))
	for _, d := range b.rows {
		options = append(options, option{label: b.row(d)})
	}
	b.t.options(options)
	switch {
	case len(b.rows) > 0:
	case b.filter != "":
		out.item("  ", texts.PickNoMatch)
	case hidden == 0:
		out.item("  ", texts.PickEmpty)
	}
	if more > 0 {
		out.item("  ", texts.PlainMoreEntries(more))
	}
	if hidden > 0 && b.filter == "" {
		out.item("  ", texts.HiddenToo(hidden))
	}
}

// row is an entry in one line, and why it cannot be taken below it.
func (b *browser) row(d flow.DirEntry) string {
	parts := []string{d.Label(), d.What}
	if d.Kind == flow.File {
		parts = append(parts, texts.FileSize(d.Size))
	}
	if !d.Modified.IsZero() {
		parts = append(parts, texts.Age(b.t.eng.Now().Sub(d.Modified)))
	}
	if d.Link != "" {
		parts = append(parts, texts.LinkTo(flow.Shown(d.Link)))
	}
	row := strings.Join(parts, ", ")
	if d.Refused != "" {
		row += "\n" + d.Refused
	}
	return row
}
