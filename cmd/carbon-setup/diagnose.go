package main

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/diagnose"
	"carbon-setup/internal/steps"
)

func (a *app) diagnoseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "diagnose FILE...", Short: "What the errors in a log mean, and what to do",
		Long: `diagnose reads logs of the server, its scripts or its Java and names the messages that it knows: what they mean, which guideline they
belong to and how to mend them. The same message is told once, with its first and last line. Give wso2carbon.log, rotated files with it,
compressed ones as they are (.gz), or - for standard input. Nothing is written, and no install is needed; with one (--home, the install
that the log lies in, CARBON_HOME or the working directory) the places of its configuration that matter are named, too.

Exit code 0: nothing recognized; 2: something was; 4: a file cannot be read.`,
		Example: `  carbon-setup diagnose /opt/wso2am-1.8.0/repository/logs/wso2carbon.log*
  journalctl -u wso2am | carbon-setup diagnose -`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.diagnose(cmd.Context(), args) },
	}
	cmd.Flags().BoolVar(&a.json, "json", false, "one JSON object per line on stdout")
	return cmd
}

func (a *app) diagnose(ctx context.Context, files []string) error {
	if err := usableLogs(files); err != nil {
		return err
	}
	in, err := a.logHome(ctx, files)
	if err != nil {
		return err
	}
	d := diagnose.New()
	var failed error
	for _, file := range files {
		if err := a.readLog(ctx, d, file); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			failed = errors.Join(failed, err)
		}
	}
	report := d.Report()
	if failed == nil || report.Lines > 0 {
		code := exitDone
		switch {
		case failed != nil:
			code = exitUsage
		case len(report.Findings) > 0:
			code = exitChanges
		}
		if err := a.printDiagnosis(report, lookIn(ctx, in, report), code); err != nil {
			return err
		}
		if failed == nil {
			return done(code)
		}
	}
	return failed
}

// usableLogs refuses a command line without a log, and standard input asked for twice.
func usableLogs(files []string) error {
	stdin := 0
	for _, file := range files {
		switch file {
		case "":
			return &usageError{"the name of a log is empty", "In a script, see whether the variable behind it is set."}
		case "-":
			stdin++
		}
	}
	switch {
	case len(files) == 0:
		return &usageError{"diagnose needs a log", "Name it, or - for standard input: carbon-setup diagnose /opt/wso2am-1.8.0/repository/logs/wso2carbon.log"}
	case stdin > 1:
		return &usageError{"- is standard input and can be read once", "Give - once."}
	}
	return nil
}

// logHome opens the install that the logs are of: the one that is named, or that a log lies in, or that is found. nil = none. Only an install that is
// named has to be one.
func (a *app) logHome(ctx context.Context, files []string) (*carbon.Install, error) {
	if a.home != "" {
		return a.open(ctx)
	}
	home := ""
	for _, file := range files {
		if found, ok := carbon.Find(filepath.Dir(file)); ok && file != "-" {
			home = found
			break
		}
	}
	if home == "" {
		found, err := a.findHome()
		if err != nil {
			return nil, nil // none is needed
		}
		home = found
	}
	in, err := carbon.Open(ctx, home, carbon.Options{Getenv: a.getenv})
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		fmt.Fprintf(a.err, "note: %s: no install that could be looked at; the log is read without one\n", home)
		return nil, nil
	}
	return in, nil
}

// readLog reads one log; an error is one of usage. What was read before an error counts.
func (a *app) readLog(ctx context.Context, d *diagnose.Diagnosis, name string) error {
	if name == "-" {
		if a.in == nil {
			return &usageError{"standard input is closed", "Name a file."}
		}
		return logFault("stdin", d.Read(ctx, "stdin", a.in))
	}
	f, err := os.Open(name)
	if err != nil {
		return logFault(name, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	return logFault(name, d.Read(ctx, name, f))
}

// logFault says why a log cannot be read, and what to do.
func logFault(name string, err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EISDIR):
		return &usageError{name + ": a folder is no log.", "Name the file in it: wso2carbon.log lies in repository/logs."}
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &corrupt):
		return &usageError{name + ": the compressed data are damaged or cut short; what stands before that was read.", "Compress the log anew, or give it as it was."}
	case errors.Is(err, fs.ErrNotExist):
		return &usageError{name + ": the log is not there.", "Check the path."}
	case errors.Is(err, fs.ErrPermission):
		return &usageError{name + ": the log may not be read.", "Run as the server's user, or as root."}
	}
	return &usageError{fmt.Sprintf("%s: the log cannot be read: %v", name, unwrapPath(err)), "Check the disk or the connection it comes over."}
}

// sight is something of the install that a message is about.
type sight struct {
	place   carbon.Place
	message string
	audit   bool // a finding of the audit: it goes with the guideline, not with the message alone
}

// maxSights is how many findings of the audit are told with a message.
const maxSights = 3

// lookIn returns for each finding, by its id, what the install has to do with it: the values that the message is about, and what the audit holds wrong with
// the same guideline.
func lookIn(ctx context.Context, in *carbon.Install, report *diagnose.Report) map[string][]sight {
	seen := map[string][]sight{}
	if in == nil || len(report.Findings) == 0 {
		return seen
	}
	work := steps.NewWorkspace(in)
	results := steps.RunAudit(ctx, work)
	for _, f := range report.Findings {
		for _, where := range f.Where {
			seen[f.ID] = append(seen[f.ID], sightsAt(work, where)...)
		}
		wrong, more := 0, 0
		for _, r := range results {
			switch {
			case r.Guideline != f.Guideline || r.Status != steps.Fail:
			case wrong == maxSights:
				more++
			default:
				wrong++
				seen[f.ID] = append(seen[f.ID], sight{r.Place, r.ID + ": " + r.Message, true})
			}
		}
		if more > 0 {
			seen[f.ID] = append(seen[f.ID], sight{message: fmt.Sprintf("And %d more: carbon-setup audit.", more), audit: true})
		}
	}
	return seen
}

// sightsAt finds a place of a signature in the install. Only where it stands is told, never what.
func sightsAt(work *steps.Workspace, where diagnose.Place) []sight {
	if !work.Has(where.File) {
		return nil
	}
	if where.Path == "" {
		return []sight{{place: carbon.Place{File: where.File}}}
	}
	doc, err := work.XML(where.File)
	if err != nil {
		return []sight{{place: carbon.Place{File: where.File}, message: "The file cannot be read as XML; carbon-setup verify says why."}}
	}
	var all []sight
	for _, e := range doc.Find(where.Path) {
		all = append(all, sight{place: carbon.Place{File: where.File, Line: e.Line()}, message: strings.TrimLeft(where.Path, "/")})
	}
	return all
}

// diagnosisRecord is a finding in a log: file and line are those of its first occurrence.
type diagnosisRecord struct {
	findingRecord
	Count    int           `json:"count"`
	Time     string        `json:"time"`
	LastFile string        `json:"last_file"`
	LastLine int           `json:"last_line"`
	LastTime string        `json:"last_time"`
	Text     string        `json:"text"`
	Source   string        `json:"source"`
	Install  []sightRecord `json:"install,omitempty"`
}

type sightRecord struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Message string `json:"message"`
}

// unknownID is that of errors that no signature knows. They are told as checks of the guideline on logs: it is not known whether they matter.
const unknownID = "D-5.0"

func (a *app) printDiagnosis(report *diagnose.Report, sights map[string][]sight, code int) error {
	if !a.json {
		return printDiagnosisText(a.out, report, sights)
	}
	for _, f := range report.Findings {
		r := diagnosisRecord{
			findingRecord: findingRecord{
				record("finding"), f.ID, f.Guideline, f.Severity.String(), f.First.File, f.First.Line, f.Title, f.Why, f.Fix,
			},
			Count: f.Count, Time: f.First.Time, LastFile: f.Last.File, LastLine: f.Last.Line, LastTime: f.Last.Time, Text: f.Text, Source: f.Source,
		}
		for _, s := range sights[f.ID] {
			r.Install = append(r.Install, sightRecord{s.place.File, s.place.Line, s.message})
		}
		if err := a.emit(r); err != nil {
			return err
		}
	}
	for _, u := range report.Unknown {
		message := fmt.Sprintf("Not recognized: %s (%s)", u.Text, occurrences(u.Count, u.First, u.Last))
		if err := a.emit(checkRecord{record("check"), unknownID, 5, steps.Unknown, message}); err != nil {
			return err
		}
	}
	if report.Others > 0 {
		message := fmt.Sprintf("Not recognized: %d more errors.", report.Others)
		if err := a.emit(checkRecord{record("check"), unknownID, 5, steps.Unknown, message}); err != nil {
			return err
		}
	}
	return a.emit(resultRecord{header: record("result"), ExitCode: code})
}

// printDiagnosisText writes the findings, worst first, then what is not recognized.
func printDiagnosisText(w io.Writer, report *diagnose.Report, sights map[string][]sight) error {
	var b strings.Builder
	for i, f := range report.Findings {
		same := i > 0 && slices.ContainsFunc(report.Findings[:i], func(g diagnose.Finding) bool { return g.Guideline == f.Guideline })
		writeFinding(&b, f, sights[f.ID], !same)
	}
	for _, u := range report.Unknown {
		fmt.Fprintf(&b, "[? ] %-7s Not recognized: %s\n%sat %s\n", unknownID, u.Text, diagnosisIndent, occurrences(u.Count, u.First, u.Last))
		if u.Cause != "" {
			fmt.Fprintf(&b, "%s%s\n", diagnosisIndent, u.Cause)
		}
	}
	if report.Others > 0 {
		fmt.Fprintf(&b, "[? ] %-7s Not recognized: %d more errors.\n", unknownID, report.Others)
	}
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%s read: %s recognized, %s not.\n", counted(report.Lines, "line"), counted(len(report.Findings), "message"), counted(report.UnknownCount(), "error"))
	_, err := io.WriteString(w, b.String())
	return err
}

const diagnosisIndent = "             "

var severityMarks = map[diagnose.Severity]string{diagnose.Error: "[x ]", diagnose.Warning: "[! ]", diagnose.Note: "[- ]"}

// writeFinding writes one message. What the audit holds wrong with its guideline is told with the first message of that guideline.
func writeFinding(b *strings.Builder, f diagnose.Finding, sights []sight, first bool) {
	fmt.Fprintf(b, "%s %-7s %s\n", severityMarks[f.Severity], f.ID, f.Title)
	line := func(what, text string) { fmt.Fprintf(b, "%s%s%s\n", diagnosisIndent, what, text) }
	line("at ", occurrences(f.Count, f.First, f.Last))
	line("log: ", f.Text)
	if f.Head != "" {
		line("", fmt.Sprintf("in what begins on line %d: %s", f.HeadLine, f.Head))
	}
	line("said by: ", f.Source)
	line("guideline: ", fmt.Sprintf("%d, %s", f.Guideline, guidelineTitle(f.Guideline)))
	line("why: ", f.Why)
	line("fix: ", f.Fix)
	for _, s := range sights {
		if s.audit && !first {
			continue
		}
		line("in this install: ", strings.Trim(s.place.String()+": "+s.message, ": "))
	}
}

func guidelineTitle(n int) string {
	for _, s := range steps.All() {
		if info := s.Info(); info.Guideline == n {
			return info.Title
		}
	}
	return ""
}

// occurrences says where and when a message stands: once, or its first and last.
func occurrences(count int, first, last diagnose.Occurrence) string {
	if count == 1 {
		return occurrence(first)
	}
	return fmt.Sprintf("%s; %d times, last %s", occurrence(first), count, occurrence(last))
}

func occurrence(o diagnose.Occurrence) string {
	at := fmt.Sprintf("%s:%d", o.File, o.Line)
	if o.Time != "" {
		at += " (" + o.Time + ")"
	}
	return at
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
