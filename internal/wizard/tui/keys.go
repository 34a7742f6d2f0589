package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/lipgloss/v2"

	"carbon-setup/internal/wizard/texts"
)

func bind(help, what string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(help, what))
}

// both is for the footer and the help: two bindings in one place. What is matched is each of them.
func both(help, what string, a, b key.Binding) key.Binding {
	return bind(help, what, append(a.Keys(), b.Keys()...)...)
}

// The keys that work on every screen.
var (
	keyHelp  = bind("F1", texts.KeyHelp, "f1")
	keyQuest = bind("?", texts.KeyHelp, "?")
	keyWhy   = bind("F2", texts.KeyWhy, "f2", "ctrl+g")
	keySave  = bind("F10", texts.KeySaveLeave, "f10", "ctrl+x")
	keyExit  = bind("F10", texts.KeyLeave, "f10", "ctrl+x") // the same in few words
	keyStop  = bind("ctrl+c", texts.KeyLeave, "ctrl+c")
)

// The keys of more than one screen.
var (
	keyBack   = bind("esc", texts.KeyBack, "esc")
	keyUp     = bind("up", texts.KeyMove, "up", "k")
	keyDown   = bind("down", texts.KeyMove, "down", "j")
	keyMove   = both("up/down", texts.KeyMove, keyUp, keyDown)
	keyPageUp = bind("pgup", texts.KeyPage, "pgup", "ctrl+b", "b")
	keyPageDn = bind("pgdn", texts.KeyPage, "pgdown", "ctrl+f", "space")
	keyTop    = bind("home", texts.KeyEnds, "home", "g")
	keyBottom = bind("home/end", texts.KeyEnds, "end", "G")
	keyEnter  = bind("enter", texts.KeyOpen, "enter")
)

// footer sets the bindings in one line: the key bold, what it does beside it. Those in last always stand at its end; of the others, those
// that do not fit are left to the help.
func footer(st *Styles, bindings, last []key.Binding, width int) string {
	tail := 0
	for _, b := range last {
		tail += helpWidth(b) + 3
	}
	var shown []string
	used := 0
	for _, b := range bindings {
		w := helpWidth(b)
		if !b.Enabled() || used+w+3 > width-tail+3 {
			continue
		}
		shown = append(shown, helpText(st, b))
		used += w + 3
	}
	for _, b := range last {
		shown = append(shown, helpText(st, b))
	}
	return strings.Join(shown, "   ")
}

func helpWidth(b key.Binding) int {
	return lipgloss.Width(b.Help().Key) + 1 + lipgloss.Width(b.Help().Desc)
}

func helpText(st *Styles, b key.Binding) string {
	return st.Key.Render(b.Help().Key) + " " + b.Help().Desc
}
