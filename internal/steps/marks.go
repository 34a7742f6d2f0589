package steps

import (
	"carbon-setup/internal/apply"
	"carbon-setup/internal/edit"
)

// book moves the marks of earlier steps to where their bytes are after the splices, and adds the marks of the new ones.
func (o *overlay) book(splices []edit.Splice, by Info) {
	o.move(splices)
	shift := 0
	for _, s := range splices {
		start := s.Start + shift
		reason := s.Reason
		if reason == "" {
			reason = by.Title
		}
		o.marks = append(o.marks, apply.Mark{Start: start, End: start + len(s.New), Guideline: by.Guideline, Reason: reason})
		shift += len(s.New) - (s.End - s.Start)
	}
}

// move keeps marks, secrets and origins where their bytes are after the splices; nobody is booked for the new bytes.
func (o *overlay) move(splices []edit.Splice) {
	if len(splices) == 0 {
		return
	}
	for _, s := range splices {
		if s.OldSecret {
			o.secretsBefore = append(o.secretsBefore, o.backToBefore(s.Start, s.End)...)
		}
	}
	o.marks = moveMarks(o.marks, splices)
	o.secretsAfter = moveSpans(o.secretsAfter, splices)
	o.origin = movePieces(o.origin, splices)
	shift := 0
	for _, s := range splices {
		start := s.Start + shift
		for _, r := range s.Secrets {
			o.secretsAfter = append(o.secretsAfter, apply.Span{Start: start + r.Start, End: start + r.End})
		}
		shift += len(s.New) - (s.End - s.Start)
	}
}

// backToBefore returns the spans of the file on disk that the span [start,end) of the present bytes comes from.
func (o *overlay) backToBefore(start, end int) []apply.Span {
	var spans []apply.Span
	for _, p := range o.origin {
		from, to := max(start, p.after), min(end, p.after+p.length)
		if from < to {
			spans = append(spans, apply.Span{Start: p.before + from - p.after, End: p.before + to - p.after})
		}
	}
	return spans
}

// moved returns where an offset is after the splices; an offset inside replaced bytes goes to the start of the replacement.
func moved(at int, splices []edit.Splice) int {
	shift := 0
	for _, s := range splices {
		if s.End <= at && (s.Start < s.End || s.Start < at) {
			shift += len(s.New) - (s.End - s.Start)
			continue
		}
		if s.Start < at {
			return s.Start + shift
		}
		break
	}
	return at + shift
}

func moveMarks(marks []apply.Mark, splices []edit.Splice) []apply.Mark {
	for i := range marks {
		marks[i].Start, marks[i].End = moved(marks[i].Start, splices), moved(marks[i].End, splices)
	}
	return marks
}

// moveSpans drops the spans whose bytes have been replaced: the new bytes bring their own.
func moveSpans(spans []apply.Span, splices []edit.Splice) []apply.Span {
	kept := spans[:0]
	for _, s := range spans {
		m := apply.Span{Start: moved(s.Start, splices), End: moved(s.End, splices)}
		if m.Start < m.End {
			kept = append(kept, m)
		}
	}
	return kept
}

// movePieces cuts the replaced bytes out of the map of unchanged bytes.
func movePieces(pieces []piece, splices []edit.Splice) []piece {
	var kept []piece
	for _, p := range pieces {
		from := p.after
		for _, s := range splices {
			if s.End <= from || s.Start >= p.after+p.length {
				continue
			}
			if s.Start > from {
				kept = append(kept, piece{from, p.before + from - p.after, s.Start - from})
			}
			from = max(from, s.End)
		}
		if end := p.after + p.length; from < end {
			kept = append(kept, piece{from, p.before + from - p.after, end - from})
		}
	}
	for i := range kept {
		kept[i].after = movedStart(kept[i].after, splices)
	}
	return kept
}

// movedStart is moved for the first byte of unchanged bytes: an insertion right at it pushes it on.
func movedStart(at int, splices []edit.Splice) int {
	shift := 0
	for _, s := range splices {
		if s.End <= at {
			shift += len(s.New) - (s.End - s.Start)
		}
	}
	return at + shift
}
