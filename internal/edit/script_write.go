package edit

import (
	"bytes"
	"regexp"
	"sort"
	"strings"
)

// splices returns what the recorded edits come to, in file order, and the words that java should get afterwards.
func (s *Script) splices() ([]Splice, []string) {
	anchors := s.placeAdded()
	splices := s.removals()
	var wanted []string
	for i, w := range s.words {
		for _, a := range anchors[i].before {
			wanted = append(wanted, a.prefix+a.value)
		}
		edit, ok := s.edits[i]
		switch {
		case !ok:
			wanted = append(wanted, w.marked)
		case !edit.remove:
			wanted = append(wanted, w.marked[:edit.prefix]+edit.value)
			splices = append(splices, s.valueSplice(w, edit))
		}
		for _, a := range anchors[i].after {
			wanted = append(wanted, a.prefix+a.value)
			splices = append(splices, s.addedSplice(w.end, []byte(" "), a, nil))
		}
		splices = append(splices, s.addedBefore(i, anchors[i].before)...)
	}
	// Stable: at one offset the end of a value comes before what is put behind it.
	sort.SliceStable(splices, func(a, b int) bool {
		if splices[a].Start != splices[b].Start {
			return splices[a].Start < splices[b].Start
		}
		return splices[a].End < splices[b].End
	})
	return splices, wanted
}

// anchored are the new options around a word.
type anchored struct{ before, after []*optionAdd }

var memoryOption = regexp.MustCompile(`^-(Xms|Xmx|Xmn|Xss|XX:(Max)?(Perm|Metaspace)Size=)`)

// placeAdded decides where the new options go, by index of the word.
func (s *Script) placeAdded() map[int]anchored {
	anchors := map[int]anchored{}
	if len(s.added) == 0 {
		return anchors
	}
	end := s.optionsEnd()
	memory := -1
	for i := 1; i < end; i++ {
		if !s.edits[i].remove && memoryOption.MatchString(s.words[i].marked) {
			memory = i
		}
	}
	for i := 1; i < end && memory < 0; i++ {
		if !s.edits[i].remove && strings.HasPrefix(s.words[i].marked, "-XX:") {
			memory = i
		}
	}
	for _, a := range s.added {
		at := end
		if strings.HasPrefix(a.prefix, "-X") && memory >= 0 {
			at = memory
		}
		here := anchors[at]
		if at == memory {
			here.after = append(here.after, a)
		} else {
			here.before = append(here.before, a)
		}
		anchors[at] = here
	}
	return anchors
}

// optionsEnd returns the index of the first word that is $JAVA_OPTS, else of the main class.
func (s *Script) optionsEnd() int {
	for i := 1; i < len(s.words)-1; i++ {
		if !strings.HasPrefix(s.words[i].marked, mark) {
			continue
		}
		for _, name := range s.lang.variables(s.words[i].marked) {
			if name == "JAVA_OPTS" {
				return i
			}
		}
	}
	return len(s.words) - 1
}

func (s *Script) valueSplice(w scriptWord, edit wordEdit) Splice {
	start, end, replacement := s.lang.rewrite(s.data[w.start:w.end], edit.prefix, edit.value)
	return Splice{
		Start: w.start + start, End: w.start + end, New: replacement, Secrets: secretRange(edit.opts, 0, len(replacement)),
		OldSecret: edit.opts.secret, Reason: edit.opts.reason,
	}
}

// addedBefore returns the splices that put new options in front of word i: behind the word before it that stays on its row, else each on
// a line of its own, else right before it.
func (s *Script) addedBefore(i int, added []*optionAdd) []Splice {
	if len(added) == 0 {
		return nil
	}
	var all []Splice
	w, kept, first := s.words[i], -1, i
	for j := i - 1; j >= 0; j-- {
		if s.words[j].row != w.row {
			continue
		}
		first = j
		if !s.edits[j].remove {
			kept = j
			break
		}
	}
	leads := s.words[first].start
	line := bytes.LastIndexByte(s.data[:leads], '\n') + 1
	for _, a := range added {
		switch {
		case kept >= 0:
			all = append(all, s.addedSplice(s.words[kept].end, []byte(" "), a, nil))
		case s.continues(line, leads):
			all = append(all, s.addedSplice(line, s.data[line:leads], a, []byte(" \\\n")))
		default:
			all = append(all, s.addedSplice(w.start, nil, a, []byte(" ")))
		}
	}
	return all
}

// continues reports whether the line goes on a shell command and holds only blanks up to at.
func (s *Script) continues(line, at int) bool {
	return bytes.HasSuffix(s.data[:line], []byte("\\\n")) && len(bytes.Trim(s.data[line:at], " \t")) == 0
}

func (s *Script) addedSplice(at int, head []byte, a *optionAdd, foot []byte) Splice {
	out := append(bytes.Clone(head), a.prefix...)
	from := len(out)
	out = append(out, s.lang.quote(a.value)...)
	secrets := secretRange(a.opts, from, len(out))
	return Splice{Start: at, End: at, New: append(out, foot...), Secrets: secrets, Reason: a.opts.reason}
}

// removals returns the splices that take out the words to be removed. A row of which nothing is left goes with its line; elsewhere a word
// goes with the blanks before it, or with those behind it when it leads its row.
func (s *Script) removals() []Splice {
	rows := map[int][]int{}
	for i, w := range s.words {
		rows[w.row] = append(rows[w.row], i)
	}
	var all []Splice
	for i := range s.words {
		row := rows[s.words[i].row]
		if row[0] == i {
			all = append(all, s.rowRemovals(row)...)
		}
	}
	return all
}

func (s *Script) rowRemovals(row []int) []Splice {
	var all []Splice
	kept := -1 // the last word that stays
	for n, i := range row {
		w := s.words[i]
		edit := s.edits[i]
		if !edit.remove {
			kept = i
			continue
		}
		splice := Splice{Start: w.start, End: w.end, OldSecret: edit.opts.secret, Reason: edit.opts.reason}
		switch {
		case kept >= 0:
			splice.Start = s.words[row[n-1]].end
		case n+1 < len(row):
			splice.End = s.words[row[n+1]].start
		}
		all = append(all, splice)
	}
	if kept < 0 && len(all) > 0 {
		s.widenToLine(all)
	}
	return all
}

// widenToLine makes removals that leave nothing of a row take the line of the shell script, too.
func (s *Script) widenToLine(row []Splice) {
	first, last := &row[0], &row[len(row)-1]
	line := bytes.LastIndexByte(s.data[:first.Start], '\n') + 1
	rest := s.data[last.End:]
	blanks := len(rest) - len(bytes.TrimLeft(rest, " \t"))
	if s.continues(line, first.Start) && bytes.HasPrefix(rest[blanks:], []byte("\\\n")) {
		first.Start = line
		last.End += blanks + 2
	}
}
