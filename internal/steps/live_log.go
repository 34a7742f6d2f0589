package steps

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/diagnose"
)

const ruleLiveLog = "live.log"

// The lines of a start: CarbonCoreActivator begins with the first, StartupFinalizerServiceComponent ends with the second.
var (
	startLine   = []byte("Starting WSO2 Carbon...")
	startedLine = []byte("WSO2 Carbon started in ")
)

// starting is how long a start may take before its not having ended is a fault.
const starting = 15 * time.Minute

// liveLog reads what the server has logged since its last start.
type liveLog struct {
	*liveServer
	home    string
	files   []string  // the log and those it was rotated into, newest first
	started time.Time // when the present process wrote its id; zero = not known
}

// maxRotated is how many files back the start of the server is looked for.
const maxRotated = 30

func newLiveLog(w *Workspace, l *liveServer) *liveLog {
	g := &liveLog{liveServer: l, home: w.Install.Home}
	if info, err := w.Install.Stat(carbon.PIDFile); err == nil {
		g.started = info.ModTime()
	}
	written := map[string]time.Time{}
	for _, rel := range w.glob(carbon.CarbonLog + "*") {
		if info, err := w.Install.Stat(rel); err == nil && info.Mode().IsRegular() && !strings.HasSuffix(rel, ".lck") {
			g.files, written[rel] = append(g.files, rel), info.ModTime()
		}
	}
	slices.SortFunc(g.files, func(a, b string) int {
		if a == carbon.CarbonLog || b == carbon.CarbonLog {
			return cmp.Compare(len(a), len(b)) // the present one first
		}
		return written[b].Compare(written[a])
	})
	g.files = g.files[:min(len(g.files), maxRotated)]
	return g
}

// part is what of a log belongs to the last start.
type part struct {
	file string
	from int64 // offset
	line int   // lines before it
}

func (g *liveLog) check(ctx context.Context) []Result {
	r := Result{ID: ruleLiveLog, Guideline: 5, Place: carbon.Place{File: carbon.CarbonLog}}
	if len(g.files) == 0 {
		r.Status, r.Message = Unknown, carbon.CarbonLog+" is not there, so what the server has said is not known."
		return []Result{r}
	}
	parts, took, err := g.lastStart(ctx)
	if stopped, yes := ending(ctx, ruleLiveLog, 5, "The log"); yes {
		return []Result{stopped}
	}
	switch {
	case err != nil:
		r.Status, r.Message = Unknown, fmt.Sprintf("The log of the last start cannot be read: %s %s.", carbon.CarbonLog, whyUnread(err))
		return []Result{r}
	case len(parts) == 0:
		r.Status = Unknown
		r.Message = fmt.Sprintf("%s and %s rotated from it have no line %q, so the part of the last start is not known.", carbon.CarbonLog, counted(len(g.files)-1, "file"), startLine)
		r.Fix = "Look at the log as a whole: carbon-setup diagnose " + carbon.CarbonLog
		return []Result{r}
	}
	r.Place = carbon.Place{File: parts[0].file, Line: parts[0].line + 1}
	all := []Result{g.judgeStart(r, parts[0], took)}
	return append(all, g.messages(ctx, parts)...)
}

// judgeStart tells whether the start came to its end; took is the line that says so, "" without one.
func (g *liveLog) judgeStart(r Result, first part, took string) Result {
	if took != "" {
		r.Status, r.Message = OK, fmt.Sprintf("The last start, at %s:%d, came to its end: %s.", first.file, first.line+1, took)
		return r
	}
	if !g.started.IsZero() && g.now().Sub(g.started) < starting {
		r.Status = Unknown
		r.Message = placed(r.Place, fmt.Sprintf("The log does not say yet that the server has started; it was begun %s ago.", g.now().Sub(g.started).Round(time.Second)))
		r.Fix = "Wait, and verify again."
		return r
	}
	r.Status, r.Severity = Fail, Error
	r.Message = placed(r.Place, "The log never says that the server has started.")
	r.Why = "Databases, user stores and keystores that cannot be opened stop a start without ending the process."
	r.Fix = "See the errors that follow it in the log."
	return r
}

// messages tells what is known of the errors and warnings since the start.
func (g *liveLog) messages(ctx context.Context, parts []part) []Result {
	d := diagnose.New()
	before := map[string]int{}
	for _, p := range parts {
		before[p.file] = p.line
		if err := g.read(ctx, d, p); err != nil {
			if stopped, yes := ending(ctx, ruleLiveLog, 5, "The log"); yes {
				return []Result{stopped}
			}
			return []Result{{ID: ruleLiveLog, Guideline: 5, Status: Unknown, Place: carbon.Place{File: p.file}, Message: p.file + " " + whyUnread(err) + "."}}
		}
	}
	report := d.Report()
	var all []Result
	for _, f := range report.Findings {
		place := carbon.Place{File: f.First.File, Line: before[f.First.File] + f.First.Line}
		r := Result{ID: ruleLiveLog + "." + f.ID, Guideline: f.Guideline, Place: place, Why: f.Why, Fix: f.Fix, Message: placed(place, f.Title+times(f.Count))}
		switch f.Severity {
		case diagnose.Error:
			r.Status, r.Severity = Fail, Error
		case diagnose.Warning:
			r.Status, r.Severity = Warn, Warning
		case diagnose.Note:
			r.Status, r.Severity = OK, Note
		}
		all = append(all, r)
	}
	if n := report.UnknownCount(); n > 0 {
		first := report.Unknown[0].First
		place := carbon.Place{File: first.File, Line: before[first.File] + first.Line}
		all = append(all, Result{
			ID: ruleLiveLog + ".unknown", Guideline: 5, Status: Unknown, Place: place,
			Message: placed(place, fmt.Sprintf("%s since the start %s not recognized; this is the first.", counted(n, "error"), wereOf(n))),
			Fix:     "Read it; carbon-setup diagnose " + first.File + " lists them.",
		})
	}
	if len(report.Findings) == 0 && report.UnknownCount() == 0 {
		all = append(all, Result{ID: ruleLiveLog + ".errors", Guideline: 5, Status: OK, Place: carbon.Place{File: parts[0].file}, Message: fmt.Sprintf("No error is logged since the start (%s).", counted(report.Lines, "line"))})
	}
	return all
}

func times(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(" (%d times since the start)", n)
}

func (g *liveLog) open(rel string) (*os.File, error) {
	return os.Open(filepath.Join(g.home, filepath.FromSlash(rel)))
}

func (g *liveLog) read(ctx context.Context, d *diagnose.Diagnosis, p part) error {
	f, err := g.open(p.file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	if _, err := f.Seek(p.from, io.SeekStart); err != nil {
		return err
	}
	return d.Read(ctx, p.file, f)
}

// lastStart finds the last start: in the present log, or in one that it was rotated into; what was written later belongs to it. The parts are in the order of time. took is what the log says
// of the end of that start.
func (g *liveLog) lastStart(ctx context.Context) (parts []part, took string, err error) {
	var later []part
	for _, rel := range g.files {
		s, err := g.search(ctx, rel)
		if err != nil {
			return nil, "", err
		}
		if s.took != "" && took == "" {
			took = s.took
		}
		if s.found {
			return append([]part{s.part}, later...), took, nil
		}
		later = append([]part{{file: rel}}, later...)
	}
	return nil, "", nil
}

// startSearch is what a file has of starts.
type startSearch struct {
	part  part
	found bool
	took  string // of the last start in the file, or of one before the file
}

// search reads a file for its last start.
func (g *liveLog) search(ctx context.Context, rel string) (s startSearch, err error) {
	f, err := g.open(rel)
	if err != nil {
		return s, err
	}
	defer func() { _ = f.Close() }() // it was only read
	in := bufio.NewReaderSize(f, 64<<10)
	offset, whole := int64(0), true // whole: the piece begins a line
	for n := 0; ; {
		piece, err := in.ReadSlice('\n')
		if whole {
			if n&0xfff == 0 && ctx.Err() != nil {
				return s, ctx.Err()
			}
			if bytes.Contains(piece, startLine) {
				s = startSearch{part: part{rel, offset, n}, found: true}
			} else if i := bytes.Index(piece, startedLine); i >= 0 {
				s.took = took(piece[i:])
			}
		}
		offset += int64(len(piece))
		switch {
		case err == nil:
			n++
			whole = true
		case errors.Is(err, bufio.ErrBufferFull):
			whole = false
		case errors.Is(err, io.EOF):
			return s, nil
		default:
			return s, err
		}
	}
}

// took is "WSO2 Carbon started in 41 sec" out of the line.
func took(line []byte) string {
	const most = 60
	if i := bytes.Index(line, []byte(" sec")); i >= 0 {
		line = line[:i+len(" sec")]
	}
	return strings.TrimSpace(printable(string(line[:min(len(line), most)])))
}
