package tui

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// pickScreen is the second way to fill a path field: the folder as a list, over the form. It serves every field of the kind Path.
//
// The filepicker of bubbles 2.2.1, which huh's is made of, is not used. It drops the error of a folder that cannot be read, leaves out entries that
// cannot be looked at and treats links to nowhere and pipes as files, so nothing can be refused with its reason; it calls Info of every entry and follows
// links while it draws; its reading cannot be stopped, an answer that comes late is taken for the present folder's; names go to the terminal
// as they are; and it has neither a filter nor ages.
type pickScreen struct {
	id    string // of the step
	label string // of the field
	typed string // what stood in the field
	done  func(c *common, path string) tea.Cmd

	loaded  bool
	listing flow.Listing
	failed  string // why there is no listing of the folder
	hidden  bool
	filter  string
	rows    []int // indexes of listing.Entries
	cursor  int   // in rows
	list    window
	per     int // rows in sight

	reading *reading
	reads   int // begun so far: an answer to an earlier one is stale
}

// reading is a folder being read.
type reading struct {
	folder string
	from   string // name to put the cursor on
	slow   bool   // it takes long enough to say so
	ahead  string // filter typed meanwhile
	cancel context.CancelFunc
}

// sayReading is how long a reading takes before it is told of: most are done in a moment, and nothing should flicker.
const sayReading = 300 * time.Millisecond

// listedMsg brings a folder; slowMsg says that one is still awaited. Both carry the number of the reading.
type (
	listedMsg struct {
		read    int
		listing flow.Listing
		err     error
	}
	slowMsg struct{ read int }
)

// The keys of the picker. None is a letter: letters go into the filter.
var (
	pickEnter  = bind("enter", texts.KeyOpen, "enter")
	pickBack   = bind("esc", texts.KeyBack, "esc")
	pickUp     = bind("left", texts.KeyParent, "left")
	pickInto   = bind("right", texts.KeyInto, "right")
	pickErase  = bind("backspace", texts.KeyErase, "backspace", "ctrl+h")
	pickClear  = bind("ctrl+u", texts.KeyClear, "ctrl+u")
	pickHidden = bind("F6", texts.KeyHidden, "f6", "ctrl+r")
	pickPrev   = bind("up", texts.KeyMove, "up")
	pickNext   = bind("down", texts.KeyMove, "down")
	pickPageUp = bind("pgup", texts.KeyPage, "pgup", "ctrl+b")
	pickPageDn = bind("pgdn", texts.KeyPage, "pgdown", "ctrl+f")
	pickTop    = bind("home", texts.KeyEnds, "home")
	pickBottom = bind("end", texts.KeyEnds, "end")
	pickMove   = both("up/down", texts.KeyMove, pickPrev, pickNext)
	pickPage   = both("pgup/pgdown", texts.KeyPage, pickPageUp, pickPageDn)
	pickEnds   = both("home/end", texts.KeyEnds, pickTop, pickBottom)
	pickFilter = bind("a-z", texts.KeyFilter)
)

func newPick(id, label, typed string, done func(c *common, path string) tea.Cmd) *pickScreen {
	return &pickScreen{id: id, label: label, typed: typed, done: done}
}

func (s *pickScreen) name() string        { return "pick" }
func (s *pickScreen) typing() bool        { return true }
func (s *pickScreen) step(*common) string { return s.id }
func (s *pickScreen) leaving(*common)     { s.stop() }

func (s *pickScreen) title(*common) (left, right string) {
	if len(s.rows) > s.per && s.per > 0 {
		right = texts.RowsOf(s.list.top+1, min(s.list.top+s.per, len(s.rows)), len(s.rows))
	}
	return texts.PickTitle(s.label), right
}

func (s *pickScreen) keys(*common) []key.Binding {
	return []key.Binding{pickEnter, pickBack, pickUp, pickHidden, pickFilter, pickErase, pickClear, pickInto, pickMove, pickPage, pickEnds}
}

func (s *pickScreen) init(c *common) action {
	eng, typed := c.eng, s.typed
	return action{cmd: s.read(c, typed, "", func(ctx context.Context) (flow.Listing, error) { return eng.Browse(ctx, typed) })}
}

// open reads a folder. from is the name that the cursor is put on, if it is there.
func (s *pickScreen) open(c *common, folder, from string) tea.Cmd {
	eng := c.eng
	return s.read(c, folder, from, func(ctx context.Context) (flow.Listing, error) { return eng.List(ctx, folder) })
}

func (s *pickScreen) read(c *common, folder, from string, work func(context.Context) (flow.Listing, error)) tea.Cmd {
	s.stop()
	s.reads++
	n := s.reads
	ctx, cancel := context.WithCancel(c.ctx)
	s.reading = &reading{folder: folder, from: from, cancel: cancel}
	cmd := c.do(s, func(context.Context) tea.Msg {
		defer cancel()
		l, err := work(ctx)
		return listedMsg{n, l, err}
	})
	return tea.Batch(cmd, c.after(s, sayReading, slowMsg{n}))
}

// stop gives up the reading under way.
func (s *pickScreen) stop() {
	if s.reading != nil {
		s.reading.cancel()
		s.reading = nil
	}
}

func (s *pickScreen) update(c *common, msg tea.Msg) action {
	switch msg := msg.(type) {
	case listedMsg:
		if s.reading == nil || msg.read != s.reads {
			return action{} // of a reading that was given up
		}
		return s.listed(msg)
	case slowMsg:
		if s.reading != nil && msg.read == s.reads {
			s.reading.slow = true
		}
	case tea.PasteMsg:
		line, _, _ := strings.Cut(strings.TrimLeft(msg.Content, " \r\n"), "\n")
		s.narrow(s.filter + strings.TrimRight(line, " \r"))
	case tea.KeyPressMsg:
		if s.reading != nil {
			return s.pressWhileReading(msg)
		}
		return s.press(c, msg)
	}
	return action{}
}

func (s *pickScreen) listed(msg listedMsg) action {
	was := s.reading
	s.reading = nil
	if msg.err != nil {
		if errors.Is(msg.err, context.Canceled) {
			return action{}
		}
		if s.loaded {
			return action{notice: msg.err.Error()} // the list stays as it is
		}
		s.listing, s.failed = msg.listing, msg.err.Error()
		return action{}
	}
	s.loaded, s.failed, s.listing = true, "", msg.listing
	at := was.from
	if at == "" {
		at = msg.listing.At
	}
	s.list = window{}
	s.narrow(was.ahead)
	s.goTo(at)
	return action{notice: msg.listing.Note}
}

// narrow shows the entries whose names hold the filter, and puts the cursor on the first that begins with it. A filter that begins with a dot
// shows hidden ones, too.
func (s *pickScreen) narrow(filter string) {
	s.filter = filter
	want := strings.ToLower(filter)
	hidden := s.hidden || strings.HasPrefix(want, ".")
	s.rows, s.cursor = nil, 0
	begins := -1
	for i, d := range s.listing.Entries {
		name := strings.ToLower(d.Label())
		if d.Hidden() && !hidden || !strings.Contains(name, want) {
			continue
		}
		if begins < 0 && strings.HasPrefix(name, want) {
			begins = len(s.rows)
		}
		s.rows = append(s.rows, i)
	}
	s.cursor = max(0, begins)
}

// goTo puts the cursor on a name. A hidden one has the hidden ones shown.
func (s *pickScreen) goTo(name string) {
	if name == "" {
		return
	}
	if strings.HasPrefix(name, ".") && !s.hidden {
		s.hidden = true
		s.narrow(s.filter)
	}
	for i, row := range s.rows {
		if s.listing.Entries[row].Name == name {
			s.cursor = i
		}
	}
}

func (s *pickScreen) current() (flow.DirEntry, bool) {
	if s.cursor < 0 || s.cursor >= len(s.rows) {
		return flow.DirEntry{}, false
	}
	return s.listing.Entries[s.rows[s.cursor]], true
}

// pressWhileReading: esc stops the reading, and goes back to the field when there is no list to stay with. What is typed ahead is the filter of
// the folder to come.
func (s *pickScreen) pressWhileReading(msg tea.KeyPressMsg) action {
	r := s.reading
	switch {
	case key.Matches(msg, pickBack):
		s.stop()
		if !s.loaded {
			return action{pop: true}
		}
		return action{notice: texts.ReadingStopped(flow.Shown(r.folder))}
	case key.Matches(msg, pickErase):
		r.ahead = withoutLast(r.ahead)
	case key.Matches(msg, pickClear):
		r.ahead = ""
	case msg.Text != "":
		r.ahead += msg.Text
	}
	return action{}
}

func (s *pickScreen) press(c *common, msg tea.KeyPressMsg) action {
	last := max(0, len(s.rows)-1)
	page := max(1, s.per-1)
	switch {
	case key.Matches(msg, pickBack):
		return action{pop: true}
	case key.Matches(msg, pickEnter):
		return s.take(c, true)
	case key.Matches(msg, pickInto):
		return s.take(c, false)
	case key.Matches(msg, pickUp), key.Matches(msg, pickErase) && s.filter == "":
		return s.parent(c)
	case key.Matches(msg, pickErase):
		s.narrow(withoutLast(s.filter))
	case key.Matches(msg, pickClear):
		s.narrow("")
	case key.Matches(msg, pickHidden):
		s.toggleHidden()
	case key.Matches(msg, pickPrev):
		s.cursor = max(0, s.cursor-1)
	case key.Matches(msg, pickNext):
		s.cursor = min(last, s.cursor+1)
	case key.Matches(msg, pickPageUp):
		s.cursor = max(0, s.cursor-page)
	case key.Matches(msg, pickPageDn):
		s.cursor = min(last, s.cursor+page)
	case key.Matches(msg, pickTop):
		s.cursor = 0
	case key.Matches(msg, pickBottom):
		s.cursor = last
	case msg.Text != "":
		s.narrow(s.filter + msg.Text)
	}
	return action{}
}

func withoutLast(s string) string {
	r := []rune(s)
	return string(r[:max(0, len(r)-1)])
}

func (s *pickScreen) toggleHidden() {
	on, _ := s.current()
	s.hidden = !s.hidden
	s.narrow(s.filter)
	if s.hidden || !on.Hidden() {
		s.goTo(on.Name)
	}
}

// take opens the folder under the cursor, or gives the file to the field. What cannot be is refused with the reason.
func (s *pickScreen) take(c *common, files bool) action {
	d, ok := s.current()
	switch {
	case !ok:
		return action{}
	case d.Refused != "":
		return action{notice: d.Refused}
	case d.Kind == flow.Folder:
		return action{cmd: s.open(c, s.listing.Path(d), "")}
	case !files:
		return action{}
	}
	path := s.listing.Path(d)
	c.eng.Picked(path)
	return action{pop: true, cmd: s.done(c, path)}
}

// parent opens the folder above, with the cursor on the one that it comes from.
func (s *pickScreen) parent(c *common) action {
	folder := s.listing.Folder
	above := filepath.Dir(folder)
	if above == folder || folder == "" {
		return action{notice: texts.PickVanished}
	}
	return action{cmd: s.open(c, above, filepath.Base(folder))}
}
