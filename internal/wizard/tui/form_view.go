package tui

import (
	"strings"

	"charm.land/lipgloss/v2"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/texts"
)

// A field is three lines high: label and input, what is to be said about it, and a blank line unless that takes two. It stays so whatever is
// said, so nothing jumps.
const fieldRows = 3

// The column of the inputs is as wide as the longest label, within these bounds.
const (
	minLabel = 22
	maxLabel = 36
)

// labelWidth is the width of the labels' column.
func (f *form) labelWidth() int {
	longest := minLabel
	for _, fl := range f.fields {
		longest = max(longest, lipgloss.Width(fl.label())+2)
	}
	return min(longest, maxLabel)
}

// fit gives the inputs their width in w columns.
func (f *form) fit(w int) {
	f.within = w
	if w < tightWidth {
		f.setWidth(w - 2*margin - 3)
		return
	}
	f.setWidth(min(w-f.labelWidth()-2*margin-4, 58))
}

// view draws the fields into w times h cells, scrolled so that the one with the focus is seen. A tight view shows that one only.
func (f *form) view(w, h int, scroll *window, tight bool) []string {
	if len(f.fields) == 0 {
		return nil
	}
	if tight || w < tightWidth {
		return f.stacked(f.fields[f.focus], w, h)
	}
	per := max(1, h/fieldRows)
	from, to := scroll.show(f.focus, len(f.fields), per)
	var lines []string
	for i := from; i < to; i++ {
		lines = append(lines, f.row(f.fields[i], i == f.focus, w)...)
	}
	return fill(lines, h)
}

// row draws a field: the label at the left, the input beside it, and below what is wrong or what is so now, in two lines at the most.
func (f *form) row(fl *field, focus bool, w int) []string {
	column := f.labelWidth()
	label := cut(fl.label(), column-1, f.marks.More)
	cursor := "  "
	if focus {
		cursor = f.marks.Cursor + " "
		label = f.st.Focus.Render(label)
	}
	left := margin + column + 2
	lines := []string{indent(pad(label, column)) + cursor + f.input(fl, focus)}
	style := f.noteStyle(fl, focus)
	for _, l := range short(f.plainNote(fl, focus), w-left-1, fieldRows-1, f.marks.More) {
		lines = append(lines, strings.Repeat(" ", left)+style.Render(l))
	}
	return fill(lines, fieldRows)
}

// stacked draws one field for a small window: label, input and note below one another.
func (f *form) stacked(fl *field, w, h int) []string {
	lines := []string{indent(f.st.Focus.Render(cut(fl.label(), w-2*margin, f.marks.More))), indent(f.marks.Cursor + " " + f.input(fl, true))}
	for _, l := range wrap(f.plainNote(fl, true), w-2*margin-2) {
		lines = append(lines, indent("  "+f.noteStyle(fl, true).Render(l)))
	}
	return fill(lines, h)
}

func (fl *field) label() string {
	if fl.repeats != nil {
		return texts.Again(fl.q.Label)
	}
	return fl.q.Label
}

// input draws what is in a field. huh draws the one with the focus, with its cursor.
func (f *form) input(fl *field, focus bool) string {
	switch {
	case fl.choice != nil:
		return f.choices(fl, focus)
	case focus:
		return clip(strings.TrimRight(fl.input.View(), " \n"), f.width)
	case fl.q.Kind == answers.Secret && !f.reveal:
		return strings.Repeat("*", min(len([]rune(fl.text)), f.width))
	}
	if fl.q.Kind == answers.Path {
		return cutHead(printable(fl.text), f.width, f.marks.More)
	}
	return cut(printable(fl.text), f.width, f.marks.More)
}

// choices draws all options beside one another when they fit, else the one that is chosen.
func (f *form) choices(fl *field, focus bool) string {
	var all, plain []string
	chosen := ""
	for _, o := range options(fl.q) {
		label := "( ) " + o.Key
		if o.Value == fl.text {
			label = "(*) " + o.Key
			chosen = "< " + o.Key + " >"
		}
		plain = append(plain, label)
		if o.Value == fl.text && focus {
			label = f.st.Focus.Render(label)
		}
		all = append(all, label)
	}
	if lipgloss.Width(strings.Join(plain, "  ")) <= f.width {
		return strings.Join(all, "  ")
	}
	return cut(chosen, f.width, f.marks.More)
}

// plainNote is the line under a field.
func (f *form) plainNote(fl *field, focus bool) string {
	switch {
	case focus && f.waits != "":
		return f.waits
	case focus && f.hint != "":
		return "! " + f.hint
	case fl.problem != nil:
		return severityMark(fl.problem.Severity) + " " + printable(fl.problem.Message)
	case fl.repeats != nil:
		return texts.SecretRepeat
	case fl.q.Kind == answers.Secret:
		return f.secretNote(fl)
	case fl.q.About != "":
		return printable(fl.q.About)
	}
	now := printable(fl.q.NowText())
	if now != "" {
		return texts.NowWord + now
	}
	if fl.q.Kind == answers.List {
		return texts.ListHint
	}
	if !fl.q.Required {
		return texts.Optional
	}
	return ""
}

func (f *form) secretNote(fl *field) string {
	if fl.text != "" {
		if fl.q.Strength != nil {
			return texts.Strength + fl.q.Strength(secret.New(fl.text))
		}
		return ""
	}
	switch {
	case fl.q.HaveKept:
		return texts.KeptAsTyped
	case fl.q.TypeAgain:
		return texts.TypeAgainNote
	case fl.q.Generate != nil:
		return texts.SecretGenerate
	}
	if now := printable(fl.q.NowText()); now != "" {
		return texts.NowWord + now
	}
	return ""
}

func severityMark(s steps.Severity) string {
	switch s {
	case steps.Error:
		return "!"
	case steps.Warning:
		return "?"
	case steps.Note:
	}
	return "-"
}

func (f *form) noteStyle(fl *field, focus bool) lipgloss.Style {
	switch {
	case focus && f.hint != "":
		return f.st.Warn
	case fl.problem == nil:
		return f.st.Plain
	case fl.problem.Severity == steps.Error:
		return f.st.Bad
	case fl.problem.Severity == steps.Warning:
		return f.st.Warn
	}
	return f.st.Plain
}

// help is what is said about the field with the focus, in a fixed area: its problem with the remedy, or its help.
func (f *form) help() string {
	cur := f.current()
	switch {
	case cur == nil:
		return ""
	case f.hint != "":
		return f.hint
	case cur.problem != nil:
		return printable(strings.TrimSpace(cur.problem.Message + " " + cur.problem.Fix))
	case cur.q.About != "":
		return printable(cur.q.About)
	}
	return printable(cur.q.Help)
}
