package apply

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cutOff is a lab whose run was cut off behind an operation: the last one that matches.
func cutOff(t *testing.T, op, name string) *lab {
	t.Helper()
	dry := newLab(t)
	sys := &faulty{}
	_, err := Apply(t.Context(), dry.plan(), dry.options(sys))
	must(t, err)
	at := 0
	for i, line := range sys.trace {
		fields := strings.SplitN(line, " ", 3)
		if fields[1] == op && strings.HasSuffix(fields[2], name) {
			at = i + 1
		}
	}
	if at == 0 {
		t.Fatalf("no %s of %s", op, name)
	}
	dry.clear()
	l := newLab(t)
	if _, err := Apply(t.Context(), l.plan(), l.options(&faulty{crashAt: at})); err == nil {
		t.Fatal("not cut off")
	}
	return l
}

// TestRecoverSavesAside has somebody edit a file between the kill and the recovery.
func TestRecoverSavesAside(t *testing.T) {
	l := cutOff(t, "rename", "006.new")
	l.write(t, "repository/conf/carbon.xml", "by hand")
	l.write(t, "repository/conf/new/deep/created.xml", "mine")
	r, err := Recover(t.Context(), l.home, l.options(Real()))
	must(t, err)
	if r.Outcome != Undone || len(r.SavedAside) != 2 {
		t.Fatalf("%+v", r)
	}
	if l.read(t, "repository/conf/carbon.xml") != carbonBefore || l.read(t, "repository/conf/user-mgt.xml") != usersBefore {
		t.Error("not undone")
	}
	for i, want := range []string{"mine", "by hand"} {
		if data, err := os.ReadFile(r.SavedAside[i]); err != nil || string(data) != want {
			t.Errorf("%s: %q %v", r.SavedAside[i], data, err)
		}
	}
	if _, err := os.Stat(filepath.Join(l.home, "repository/conf/new")); err == nil {
		t.Error("the folder is still there")
	}
}

// TestRecoverBeforeTheSwapLeavesTargetsAlone has somebody edit a file after a kill that came before anything was swapped.
func TestRecoverBeforeTheSwapLeavesTargetsAlone(t *testing.T) {
	l := cutOff(t, "write", manifestFile)
	l.write(t, "repository/conf/carbon.xml", "by hand")
	r, err := Recover(t.Context(), l.home, l.options(Real()))
	must(t, err)
	if r.Outcome != Undone || len(r.SavedAside) != 0 || l.read(t, "repository/conf/carbon.xml") != "by hand" {
		t.Errorf("%+v", r)
	}
}

func TestRecoverFinishes(t *testing.T) {
	l := cutOff(t, "sync", journalFile)
	o := l.options(Real())
	o.Report = func(r Result) []byte { return []byte(r.Run) }
	r, err := Recover(t.Context(), l.home, o)
	must(t, err)
	if r.Outcome != Finished || len(r.Files) != 6 || len(r.Warnings) != 0 {
		t.Errorf("%+v", r)
	}
	if l.read(t, "repository/conf/carbon.xml") != carbonAfter {
		t.Error("not finished")
	}
	if data, err := os.ReadFile(filepath.Join(l.home, runsDir, r.Run, reportFile)); err != nil || string(data) != r.Run {
		t.Errorf("%q %v", data, err)
	}
	if r, err := Recover(t.Context(), l.home, o); r != nil || err != nil {
		t.Errorf("%v %v", r, err)
	}
	if runs, err := Runs(l.home); err != nil || runs[0].State != "applied" {
		t.Errorf("%v %v", runs, err)
	}
}

func TestRecoverNamesActions(t *testing.T) {
	l := cutOff(t, "rename", "006.new")
	before := readJournal(t, l)
	o := l.options(Real())
	o.UndoAction = nil
	_, err := Recover(t.Context(), l.home, o)
	var incomplete *IncompleteError
	if !errors.As(err, &incomplete) || !slices.Equal(incomplete.Actions, []string{"create schema"}) || len(incomplete.Files) != 0 || incomplete.Run == "" {
		t.Fatalf("%v", err)
	}
	if data, err := os.ReadFile(incomplete.Journal); err != nil || !bytes.HasPrefix(data, before) {
		t.Errorf("journal: %v", err)
	}
	if l.read(t, "repository/conf/carbon.xml") != carbonBefore {
		t.Error("not undone")
	}
	// It is told once.
	if r, err := Recover(t.Context(), l.home, o); r != nil || err != nil {
		t.Errorf("%v %v", r, err)
	}
	if runs, err := Runs(l.home); err != nil || runs[0].State != "incomplete" {
		t.Errorf("%v %v", runs, err)
	}
}

func readJournal(t *testing.T, l *lab) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(l.home, runsDir, "20261122-140233-001", journalFile))
	must(t, err)
	return data
}

// TestRecoverWithoutManifest cannot go on, says so, and goes on once the manifest is there again.
func TestRecoverWithoutManifest(t *testing.T) {
	l := cutOff(t, "rename", "006.new")
	name := filepath.Join(l.home, runsDir, "20261122-140233-001", manifestFile)
	data, err := os.ReadFile(name)
	must(t, err)
	must(t, os.WriteFile(name, append(data, ' '), 0o600))
	_, err = Recover(t.Context(), l.home, l.options(Real()))
	var incomplete *IncompleteError
	if !errors.As(err, &incomplete) || len(incomplete.Files) != 6 {
		t.Errorf("%v", err)
	}
	must(t, os.WriteFile(name, data, 0o600))
	_, err = Recover(t.Context(), l.home, l.options(Real()))
	must(t, err)
	if l.read(t, "repository/conf/carbon.xml") != carbonBefore {
		t.Error("not undone")
	}
}

// TestRecoverRefusesForgedJournals does not remove what a journal has no business with.
func TestRecoverRefusesForgedJournals(t *testing.T) {
	for _, forge := range []func(f *begunFile, r *record){
		func(f *begunFile, _ *record) { f.Temp = "../../etc/passwd" },
		func(f *begunFile, _ *record) { f.Temp = "bin/wso2server.sh" },
		func(_ *begunFile, r *record) { r.Dirs = []string{"../.."} },
	} {
		l := cutOff(t, "write", manifestFile)
		name := filepath.Join(l.home, runsDir, "20261122-140233-001", journalFile)
		records, err := parseJournal(readJournal(t, l))
		must(t, err)
		forge(&records[0].Files[0], &records[0])
		line, err := json.Marshal(records[0])
		must(t, err)
		must(t, os.WriteFile(name, append(line, '\n'), 0o600))
		_, err = Recover(t.Context(), l.home, l.options(Real()))
		var incomplete *IncompleteError
		if !errors.As(err, &incomplete) || !errors.Is(err, errJournal) {
			t.Errorf("%v", err)
		}
	}
}

// TestRecoverTriesAgain cannot put a file back at first.
func TestRecoverTriesAgain(t *testing.T) {
	l := cutOff(t, "rename", "006.new")
	sys := &faulty{errno: syscall.EACCES, failFrom: 1, failOps: "rename"}
	_, err := Recover(t.Context(), l.home, l.options(sys))
	var incomplete *IncompleteError
	if !errors.As(err, &incomplete) || len(incomplete.Files) == 0 {
		t.Fatalf("%v", err)
	}
	if u, err := Unfinished(l.home); err != nil || u == nil {
		t.Errorf("%v %v", u, err)
	}
	_, err = Recover(t.Context(), l.home, l.options(Real()))
	must(t, err)
	if l.read(t, "repository/conf/carbon.xml") != carbonBefore {
		t.Error("not undone")
	}
}

func TestParseJournal(t *testing.T) {
	line := func(seq int, event string) string {
		data, err := json.Marshal(record{Seq: seq, Event: event})
		must(t, err)
		return string(data) + "\n"
	}
	for _, tt := range []struct {
		name, text string
		want       string
		damaged    bool
	}{
		{"nothing", "", "", false},
		{"whole", line(1, "begin") + line(2, "swap"), "begin swap", false},
		{"torn", line(1, "begin") + line(2, "swap")[:20], "begin", false},
		{"all but the newline", line(1, "begin") + strings.TrimSuffix(line(2, "swap"), "\n"), "begin", false},
		{"torn and written again", line(1, "begin") + line(2, "commit")[:20] + "\n" + line(2, "rollback"), "begin rollback", false},
		{"said to have failed, yet there", line(1, "begin") + line(2, "commit") + "\n" + line(2, "rollback"), "begin rollback", false},
		{"zeros after a power cut", line(1, "begin") + "\x00\x00\x00", "begin", false},
		{"a record is missing", line(1, "begin") + line(3, "commit"), "begin", true},
		{"a line cannot be read", line(1, "begin") + "{\"seq\":2,\"ev\n" + line(3, "commit"), "begin", true},
		{"the first is missing", line(2, "swap"), "", true},
		{"not ours", "hello\nworld\n", "", false},
		{"nameless", "{\"seq\":1}\n", "", true},
	} {
		records, err := parseJournal([]byte(tt.text))
		var events []string
		for _, r := range records {
			events = append(events, r.Event)
		}
		if got := strings.Join(events, " "); got != tt.want || (err != nil) != tt.damaged {
			t.Errorf("%s: %q %v", tt.name, got, err)
		}
	}
}

func FuzzParseJournal(f *testing.F) {
	f.Add([]byte("{\"seq\":1,\"event\":\"begin\"}\n{\"seq\":2,\"event\":\"commit\"}\n"))
	f.Add([]byte("{\"seq\":1,\"event\":\"begin\"}\n{\"seq\":"))
	f.Fuzz(func(t *testing.T, data []byte) {
		records, _ := parseJournal(data)
		for i, r := range records {
			if r.Seq != i+1 || r.Event == "" {
				t.Fatalf("record %d: %+v", i, r)
			}
		}
		readProgress(records)
		lastEnd(data)
	})
}

func FuzzParseManifest(f *testing.F) {
	l := &lab{home: "/x"}
	m := manifest{Version: manifestVersion, Run: "20261122-140233-001", Files: []entry{{Path: "a", Target: "a", Op: Modify, Temp: ".carbon-setup-x-001", Before: &fileState{Mode: 0o644}}}, MadeDirs: []dirState{{Path: "b", Mode: 0o755}}}
	data, err := m.encode()
	if err != nil {
		f.Fatal(err)
	}
	_ = l
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseManifest(data)
		if err != nil {
			return
		}
		for _, e := range m.Files {
			for _, name := range []string{e.Path, e.Target, e.staged(), e.backup("x")} {
				if strings.HasPrefix(name, "/") || slices.Contains(strings.Split(name, "/"), "..") {
					t.Fatalf("%q leads out of the home", name)
				}
			}
			if e.Before != nil && e.Before.Mode.perm() > 0o777 {
				t.Fatalf("mode %o", e.Before.Mode)
			}
		}
	})
}

func TestManifestModes(t *testing.T) {
	var o octal
	for _, bad := range []string{"4755", "1777", "-1", "x", "0888", ""} {
		if o.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%q is taken for a mode", bad)
		}
	}
	must(t, o.UnmarshalText([]byte("0640")))
	if text, err := o.MarshalText(); err != nil || string(text) != "0640" {
		t.Errorf("%q %v", text, err)
	}
}

// TestAuditTrail reads the trail of an apply, a failed apply and a restore: every line is a record, none holds a value.
func TestAuditTrail(t *testing.T) {
	l, _, res := applied(t)
	_, _, err := l.restore(t, RestoreOptions{})
	must(t, err)
	name := filepath.Join(l.home, auditFile)
	data, err := os.ReadFile(name)
	must(t, err)
	got := map[string]int{}
	for line := range bytes.Lines(data) {
		var r auditRecord
		must(t, json.Unmarshal(line, &r))
		if r.Schema != 1 || r.Who.User != "tester" || r.Run == "" || r.Plan == "" || r.Time.IsZero() || r.Guideline == 0 {
			t.Errorf("%s", line)
		}
		got[r.Kind+" "+r.Action+" "+r.Result]++
	}
	want := map[string]int{
		"apply modify applied": 5, "apply create applied": 1, "apply remove applied": 1, "apply create schema applied": 1, // the linked file is for two guidelines
		"restore modify restored": 5, "restore create restored": 1, "restore remove restored": 1, "restore undo: create schema restored": 1,
	}
	for key, n := range want {
		if got[key] != n {
			t.Errorf("%s: %d, want %d", key, got[key], n)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%v", got)
	}

	// Nothing of ours that is not a backup holds a value of a file, secret or not.
	for _, file := range []string{name, filepath.Join(res.Dir, journalFile), filepath.Join(res.Dir, manifestFile), filepath.Join(res.Dir, logFile)} {
		data, err := os.ReadFile(file)
		must(t, err)
		for _, value := range []string{"c0rrect-horse", "s3cret-too", "am01.example.com", "2048"} {
			if bytes.Contains(data, []byte(value)) {
				t.Errorf("%s holds %q", file, value)
			}
		}
	}
}

// TestAuditTrailIsAppendedOnce goes on after a finish that was cut off in the midst of a line.
func TestAuditTrailIsAppendedOnce(t *testing.T) {
	m := &manifest{Run: "20261122-140233-001", Kind: kindApply, Files: []entry{{Path: "a", Op: Modify, Guidelines: []int{1, 2}}, {Path: "b", Op: Create}}}
	records := auditRecords(m, stateApplied, time.Unix(0, 0).UTC())
	l := newLab(t)
	tree, err := Real().Open(l.home)
	must(t, err)
	must(t, makePrivateDir(tree, StateDir))
	must(t, appendAudit(tree, records, false))
	whole := l.read(t, auditFile)
	for cut := range len(whole) {
		l.write(t, auditFile, "{\"run\":\"other\"}\n"+whole[:cut])
		must(t, appendAudit(tree, records, true))
		text := l.read(t, auditFile)
		if n := countAudit([]byte(text), m.Run); n != len(records) {
			t.Fatalf("cut at %d: %d records in\n%s", cut, n, text)
		}
	}
	must(t, appendAudit(tree, records, true))
	if n := countAudit([]byte(l.read(t, auditFile)), m.Run); n != len(records) {
		t.Errorf("%d records", n)
	}
	must(t, tree.Close())
}

// TestFalseVerification has a file change between the swap and the look at it: the run is taken back, the stranger's bytes are kept.
func TestFalseVerification(t *testing.T) {
	l := newLab(t)
	sys := &faulty{}
	sys.before = func(op, name string) {
		if op == "sync" && name == "repository/conf" && l.read(t, "repository/conf/carbon.xml") == carbonAfter {
			l.write(t, "repository/conf/carbon.xml", "of another program")
			sys.before = nil
		}
	}
	_, err := Apply(t.Context(), l.plan(), l.options(sys))
	var back *RolledBackError
	if !errors.As(err, &back) || !strings.Contains(err.Error(), "repository/conf/carbon.xml is not as it was written") {
		t.Fatalf("%v", err)
	}
	if l.read(t, "repository/conf/carbon.xml") != carbonBefore {
		t.Error("not taken back")
	}
	aside := filepath.Join(l.home, runsDir, back.Run, editedDir, "repository/conf/carbon.xml."+back.Run+".edited")
	if data, err := os.ReadFile(aside); err != nil || string(data) != "of another program" {
		t.Errorf("%q %v", data, err)
	}
}

func TestTwoAppliesInOneSecond(t *testing.T) {
	l, _, first := applied(t)
	second := l.second(t)
	if first.Run != "20261122-140233-001" || second.Run != "20261122-140233-002" {
		t.Errorf("%s %s", first.Run, second.Run)
	}
}

// TestProgress sees every stage begin at nothing and end at all, in order.
func TestProgress(t *testing.T) {
	l := newLab(t)
	last := map[Stage]Event{}
	o := l.options(Real())
	o.Progress = func(e Event) {
		if p, ok := last[e.Stage]; ok && e.Done < p.Done || e.Done > e.Total {
			t.Errorf("%+v after %+v", e, p)
		}
		last[e.Stage] = e
	}
	_, err := Apply(t.Context(), l.plan(), o)
	must(t, err)
	for stage, e := range last {
		if e.Done != e.Total || e.Total == 0 {
			t.Errorf("%s ends at %d of %d", stage, e.Done, e.Total)
		}
	}
}

// TestRecordsHinderNothing cannot write the audit trail: the run counts, the next start tries again, and then it is over.
func TestRecordsHinderNothing(t *testing.T) {
	l := newLab(t)
	trail := filepath.Join(l.home, auditFile)
	o := l.options(nosync())
	o.Verify = func(context.Context) error { return os.Mkdir(trail, 0o700) }
	res, err := Apply(t.Context(), l.plan(), o)
	must(t, err)
	if len(res.Warnings) != 1 || !strings.HasPrefix(res.Warnings[0], "The audit trail could not be written: ") || !strings.HasSuffix(res.Warnings[0], " The next start of carbon-setup tries again.") {
		t.Errorf("%q", res.Warnings)
	}
	if u, err := Unfinished(l.home); err != nil || u == nil {
		t.Errorf("%v %v", u, err)
	}
	r, err := Recover(t.Context(), l.home, l.options(nosync()))
	must(t, err)
	if r.Outcome != Finished || len(r.Warnings) != 1 {
		t.Errorf("%+v", r)
	}
	if u, err := Unfinished(l.home); err != nil || u != nil {
		t.Errorf("%v %v", u, err)
	}
	if got := l.problems(t, l.options(Real()), &Plan{Home: l.home, Changes: []Change{{Path: "x", Op: Create}}}); !strings.Contains(got, "The audit trail cannot be written") {
		t.Error(got)
	}
}
