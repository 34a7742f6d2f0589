package diagnose

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"slices"
)

// Diagnosis gathers what one or more logs have. Its memory does not grow with them. It is not safe for concurrent use.
type Diagnosis struct {
	found   []*Finding // by the index of the matcher; nil = not found
	unknown []*Unknown
	others  int // unknown events that are not among those shown
	lines   int
}

// New returns a Diagnosis of nothing yet.
func New() *Diagnosis { return &Diagnosis{found: make([]*Finding, len(matchers()))} }

// Read reads one log to its end, or to the error that it returns; what came before the error counts. Name is what the log is called in the report.
// A log that is compressed with gzip is told by its first bytes.
func (d *Diagnosis) Read(ctx context.Context, name string, r io.Reader) error {
	in := bufio.NewReader(r)
	// What cannot be peeked is read below, with the same error.
	if magic, err := in.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return err
		}
		defer func() { _ = unpacked.Close() }() // every fault of the data was told by a read
		return d.read(ctx, name, unpacked)
	}
	return d.read(ctx, name, in)
}

func (d *Diagnosis) read(ctx context.Context, name string, r io.Reader) error {
	s := &scanner{d: d, file: name, tried: make([]int, len(matchers()))}
	n, err := eachLine(ctx, r, s.line)
	s.flush()
	d.lines += n
	return err
}

// hit is a signature recognized in the present event.
type hit struct {
	matcher int
	line    int
	text    []byte // the whole line: secrets are told by what stands before them
}

// event is a line that a logger wrote and what belongs to it.
type event struct {
	level level
	time  string
	line  int
	head  []byte // from the level on
	cause []byte // the last "Caused by:"
	hits  []hit
	// waiting are hits on an exception below a line of the level INFO. They count when the frames of a stack trace follow: a trace is not a mention.
	waiting []hit
}

// scanner reads one log.
type scanner struct {
	d       *Diagnosis
	file    string
	now     event
	headers bool // a logger wrote in this log: what has no header belongs to the line before
	// tried holds by matcher how often its pattern was tried on the present line, which may have its anchor thousands of times.
	tried []int
}

func (s *scanner) line(n int, line []byte) {
	if h := parseHeader(line); h.level != noLevel {
		s.flush()
		s.headers = true
		s.begin(n, h)
		if h.level >= warn {
			s.now.hits = s.match(s.now.hits, n, line, false)
		}
		return
	}
	switch trimmed := bytes.TrimLeft(line, " \t"); {
	case len(trimmed) == 0:
	case bytes.HasPrefix(trimmed, []byte("at ")) && len(trimmed) < len(line):
		s.now.hits = append(s.now.hits, s.now.waiting...)
		s.now.waiting = nil
	case bytes.HasPrefix(line, []byte("Exception in thread ")), !s.headers && exception(line):
		s.flush()
		s.begin(n, header{level: bad, rest: line})
		s.now.hits = s.match(s.now.hits, n, line, false)
	default:
		s.more(n, line)
	}
}

func (s *scanner) begin(n int, h header) {
	s.now = event{level: h.level, time: h.time, line: n, hits: s.now.hits[:0], waiting: s.now.waiting[:0]}
	if h.level >= warn {
		s.now.head = bytes.Clone(h.rest)
	}
}

// more takes a line that no logger began: part of the event before, or the words of a script.
func (s *scanner) more(n int, line []byte) {
	switch {
	case s.now.level >= warn:
		if bytes.HasPrefix(bytes.TrimLeft(line, " \t"), []byte("Caused by:")) {
			s.now.cause = bytes.Clone(line)
		}
		s.now.hits = s.match(s.now.hits, n, line, false)
	case !s.headers:
		s.single(n, s.match(nil, n, line, false))
	default:
		s.single(n, s.match(nil, n, line, true))
		if s.now.level == info && exception(line) {
			s.now.waiting = s.match(s.now.waiting, n, line, false)
		}
	}
}

// single records what stands on a line by itself.
func (s *scanner) single(n int, hits []hit) {
	if len(hits) > 0 {
		s.record(event{line: n, hits: hits})
	}
}

// A pattern is tried on what stands around its anchor, and on a few anchors of a line: the time that a line takes is bounded.
const (
	leftOfAnchor  = 256
	rightOfAnchor = 1 << 10
	maxTries      = 8
)

// match adds the signatures that a line has and the event has not yet.
func (s *scanner) match(hits []hit, n int, line []byte, looseOnly bool) []hit {
	all, anchors := ready()
	clear(s.tried)
	anchors.each(line, func(i, at int) {
		if s.tried[i] >= maxTries || looseOnly && !all[i].Loose {
			return
		}
		s.tried[i]++
		if slices.ContainsFunc(hits, func(h hit) bool { return h.matcher == i }) {
			return
		}
		if all[i].pattern.Match(line[max(0, at-leftOfAnchor):min(len(line), at+rightOfAnchor)]) {
			hits = append(hits, hit{i, n, bytes.Clone(line)})
		}
	})
	return hits
}

// flush ends the present event.
func (s *scanner) flush() {
	if len(s.now.hits) > 0 {
		s.record(s.now)
	} else if s.now.level >= bad {
		s.d.addUnknown(s.file, &s.now)
	}
	s.now = event{hits: s.now.hits[:0], waiting: s.now.waiting[:0]}
}

// record tells the diagnosis what an event has. What only follows from another message is left out beside it.
func (s *scanner) record(e event) {
	all := matchers()
	causes := slices.ContainsFunc(e.hits, func(h hit) bool { return !all[h.matcher].Consequence })
	for _, h := range e.hits {
		if !causes || !all[h.matcher].Consequence {
			s.d.add(s.file, &e, h)
		}
	}
}

// exception reports whether a line begins with the name of an exception, or of what was caused by one: java.io.IOException: message.
func exception(line []byte) bool {
	line = bytes.TrimPrefix(line, []byte("Caused by: "))
	end := 0
	for end < len(line) && (wordByte(line[end]) || line[end] == '$') {
		end++
	}
	name := line[:end]
	return bytes.IndexByte(name, '.') > 0 && (end == len(line) || line[end] == ':') &&
		(bytes.HasSuffix(name, []byte("Exception")) || bytes.HasSuffix(name, []byte("Error")))
}
