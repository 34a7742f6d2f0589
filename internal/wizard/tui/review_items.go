package tui

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// itemList makes the lines of a review.
type itemList struct {
	items []item
	w     int // of running text
	wide  int // of a line
	st    *Styles
}

func (b *itemList) head(text string) {
	if len(b.items) > 0 {
		b.items = append(b.items, item{file: -1})
	}
	b.items = append(b.items, item{text: text, head: true, file: -1})
}

// text adds running text.
func (b *itemList) text(style lipgloss.Style, mark, text string) {
	for i, l := range wrapLines(printableLines(text), b.w-2) {
		if i > 0 {
			mark = strings.Repeat(" ", lipgloss.Width(mark))
		}
		b.items = append(b.items, item{text: mark + l, style: style, file: -1})
	}
}

func (b *itemList) blocked(r *flow.Review) {
	if len(r.Blocked) == 0 && r.Running == nil {
		return
	}
	if r.Empty {
		b.head(texts.ReviewNothing)
	} else {
		b.head(texts.ReviewPreflight)
	}
	for _, why := range r.Blocked {
		b.text(b.st.Warn, "! ", why)
	}
	if r.Running != nil && !mentions(r.Blocked, fmt.Sprintf("process %d", r.Running.PID)) {
		b.text(b.st.Warn, "! ", texts.ServerRuns(r.Running.PID))
	}
}

func mentions(all []string, what string) bool {
	for _, s := range all {
		if strings.Contains(s, what) {
			return true
		}
	}
	return false
}

// rows lists the guidelines, grouped by what the plan does about them.
func (b *itemList) rows(c *common, r *flow.Review) {
	groups := []struct {
		head   string
		fates  []flow.Fate
		blocks bool // of those that cannot be planned: they stand in the way, or this version has no step for them
	}{
		{texts.ReviewCannot, []flow.Fate{flow.FateCannot}, true},
		{texts.ReviewChanges, []flow.Fate{flow.FateChange}, false},
		{texts.ReviewSkipped, []flow.Fate{flow.FateSkipped}, false},
		{texts.ReviewOpen, []flow.Fate{flow.FateOpen}, false},
		{texts.ReviewMet, []flow.Fate{flow.FateSame, flow.FateMet}, false},
		{texts.ReviewNotBuilt, []flow.Fate{flow.FateCannot}, false},
	}
	for _, g := range groups {
		first := true
		for _, row := range r.Rows {
			if row.Fate != g.fates[0] && row.Fate != g.fates[len(g.fates)-1] || row.Blocks != g.blocks {
				continue
			}
			if first {
				b.head(g.head)
				first = false
			}
			style := b.st.Plain
			switch {
			case row.Fate == flow.FateChange:
				style = b.st.Good
			case row.Blocks, row.Fate == flow.FateOpen:
				style = b.st.Warn
			}
			text := fmt.Sprintf("%2d  %s %s", row.Guideline, pad(cut(row.Title, 26, c.marks.More), 26), printable(row.Text))
			b.items = append(b.items, item{
				text: text, style: style, step: row.ID, guide: row.Guideline, file: -1, out: row.Fate == flow.FateSkipped,
			})
		}
	}
}

func (b *itemList) files(r *flow.Review, more string) {
	if len(r.Files) == 0 {
		return
	}
	b.head(texts.ReviewFiles)
	for i, f := range r.Files {
		sign := map[string]string{"create": "+", "remove": "-"}[string(f.Op)]
		if sign == "" {
			sign = "~"
		}
		tail := fmt.Sprintf("  +%d -%d  %s", f.Added, f.Removed, texts.GuidelineList(f.Guidelines))
		room := b.wide - lipgloss.Width(sign+" "+tail)
		text := sign + " " + cutHead(printable(f.Path), max(room, minInput), more) + tail
		b.items = append(b.items, item{text: text, file: i})
	}
}

func (b *itemList) actions(r *flow.Review) {
	if len(r.Actions) == 0 {
		return
	}
	b.head(texts.ReviewActions)
	for _, a := range r.Actions {
		text := a.Name + ": " + a.Detail
		if a.Undo == nil {
			text += " (" + texts.NoUndo + ")"
		}
		b.text(b.st.Plain, "~ ", text)
	}
}

func (b *itemList) problems(r *flow.Review) {
	if len(r.Problems) == 0 {
		return
	}
	b.head(texts.ReviewWarnings)
	for _, p := range distinct(r.Problems) {
		style := b.st.Plain
		if p.Severity != steps.Note {
			style = b.st.Warn
		}
		b.text(style, severityMark(p.Severity)+" ", strings.TrimSpace(p.Message+" "+p.Fix))
	}
}

func (b *itemList) checks(c *common, r *flow.Review, done []flow.CheckResult, ended bool) {
	if len(r.Checks) == 0 {
		return
	}
	b.head(texts.ReviewChecks)
	said := map[string]bool{} // several guidelines may look at the same name
	for i, t := range r.Checks {
		if i >= len(done) {
			mark := ".. "
			if ended {
				mark = "?  "
			}
			b.text(b.st.Plain, mark, t.Title)
			continue
		}
		mark, style := c.statusMark(done[i].Result.Status)
		text := done[i].Result.Message
		if text == "" {
			text = t.Title
		}
		if said[text] {
			continue
		}
		said[text] = true
		b.text(style, pad(mark, 2)+" ", text)
	}
}

// attachment names a file for the operator; where nothing is changed there is no run whose report has it, and it is shown in full.
func (b *itemList) attachment(f steps.Attachment, inFull bool) {
	if !inFull {
		b.text(b.st.Plain, "    ", texts.InReport(f.Name))
		return
	}
	b.text(b.st.Plain, "    ", texts.InFull(f.Name))
	for line := range strings.Lines(f.Content) {
		b.items = append(b.items, item{text: "      " + printable(strings.TrimRight(line, "\r\n")), file: -1})
	}
}

func (b *itemList) advice(r *flow.Review) {
	if len(r.Advice) == 0 {
		return
	}
	b.head(texts.ReviewAdvice)
	for _, a := range r.Advice {
		b.text(b.st.Focus, fmt.Sprintf("%d ", a.Guideline), a.Title)
		b.text(b.st.Plain, "  ", a.Text)
		for _, cmd := range a.Commands {
			b.items = append(b.items, item{text: "    " + printable(cmd), file: -1})
		}
		for _, f := range a.Attachments {
			b.attachment(f, r.Empty)
		}
	}
}
