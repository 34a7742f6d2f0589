package apply

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestApplyAndRestore(t *testing.T) {
	l := newLab(t)
	before := l.tree(t, false)
	p := l.plan()
	o := l.options(Real())
	var stages []Stage
	o.Progress = func(e Event) {
		if len(stages) == 0 || stages[len(stages)-1] != e.Stage {
			stages = append(stages, e.Stage)
		}
	}
	o.Report = func(r Result) []byte { return []byte("# Report of " + r.Run + "\n") }
	res, err := Apply(t.Context(), p, o)
	must(t, err)
	if res.Run != "20261122-140233-001" || res.Files != 6 || res.Actions != 1 || len(res.Warnings) != 0 || res.Plan != p.Hash() {
		t.Errorf("result %+v", res)
	}
	want := []Stage{StageLock, StagePreflight, StageStage, StageBackup, StageActions, StageSwap, StageVerify, StageCommit}
	if len(stages) != len(want) {
		t.Errorf("stages %v, want %v", stages, want)
	}
	after := l.tree(t, true)
	for file, content := range map[string]string{
		"repository/conf/carbon.xml": carbonAfter, "repository/conf/user-mgt.xml": usersAfter, "repository/conf/linked.properties": linkedAfter,
		"repository/shared/real.properties": linkedAfter, "bin/wso2server.sh": scriptAfter, "repository/conf/new/deep/created.xml": newContent,
	} {
		if got := l.read(t, file); got != content {
			t.Errorf("%s is %q", file, got)
		}
	}
	if _, err := os.Lstat(filepath.Join(l.home, "repository/conf/old.xml")); err == nil {
		t.Error("old.xml is still there")
	}
	if !strings.Contains(after, "created.xml -rw------- ") || !strings.Contains(after, "wso2server.sh -rwxr-xr-x ") || !strings.Contains(after, "carbon.xml -rw-r----- ") {
		t.Error("modes:\n" + after)
	}
	runs, err := Runs(l.home)
	must(t, err)
	if len(runs) != 1 || runs[0].State != "applied" || runs[0].Kind != "apply" || len(runs[0].Files) != 6 || runs[0].Who.User != "tester" || runs[0].Plan != p.Hash() {
		t.Errorf("runs %+v", runs)
	}
	if text, err := os.ReadFile(res.Report); err != nil || string(text) != "# Report of 20261122-140233-001\n" {
		t.Errorf("report %q %v", text, err)
	}
	if u, err := Unfinished(l.home); err != nil || u != nil {
		t.Errorf("unfinished %v %v", u, err)
	}

	res2, diffs, err := Restore(t.Context(), l.home, RestoreOptions{Options: l.options(Real())})
	must(t, err)
	if res2.Run != "20261122-140233-002" || len(diffs) != 6 {
		t.Errorf("%+v, %d diffs", res2, len(diffs))
	}
	sameTree(t, "restored", before, l.tree(t, false))
	runs, err = Runs(l.home)
	must(t, err)
	if len(runs) != 2 || runs[0].State != "restored" || runs[1].Kind != "restore" || runs[1].Restores != runs[0].ID || runs[1].State != "applied" {
		t.Errorf("runs %+v", runs)
	}

	// A restore is a run: undoing it brings the plan's result back.
	_, _, err = Restore(t.Context(), l.home, RestoreOptions{Options: l.options(Real()), Run: res2.Run})
	must(t, err)
	schema := "schema -rw------- "
	sameTree(t, "redone", withoutLine(after, schema), withoutLine(l.tree(t, true), schema))
}

// withoutLine drops the lines that begin with text.
func withoutLine(tree, text string) string {
	var kept []string
	for line := range strings.Lines(tree) {
		if !strings.HasPrefix(line, text) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}
