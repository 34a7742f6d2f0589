package apply

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// wrapped changes what a tree says.
type wrapped struct {
	sys  System
	wrap func(Tree) Tree
}

func (w wrapped) Open(home string) (Tree, error) {
	tree, err := w.sys.Open(home)
	if err != nil {
		return nil, err
	}
	return w.wrap(tree), nil
}

// asUser is a tree that says that somebody else asks.
type asUser struct {
	Tree
	me Identity
}

func (t asUser) Me() Identity { return t.me }

// spacious is a tree that does not know how much room there is.
type spacious struct{ Tree }

func (spacious) Free(string) (Space, error) { return Space{}, nil }

// problems runs a preflight of the lab's plan, and makes sure that it leaves no trace.
func (l *lab) problems(t *testing.T, o Options, p *Plan) string {
	t.Helper()
	before := describeAll(t, l.root)
	var out []string
	for _, p := range Preflight(t.Context(), p, o) {
		if p.Message == "" || p.Fix == "" || !strings.HasSuffix(p.Message, ".") {
			t.Errorf("%+v is no advice", p)
		}
		out = append(out, p.String())
	}
	sameTree(t, "preflight", before, describeAll(t, l.root))
	return strings.Join(out, "\n")
}

// describeAll describes a folder with everything in it, our own files as well.
func describeAll(t testing.TB, root string) string {
	t.Helper()
	text := describe(t, root, false)
	for _, dir := range []string{filepath.Join(root, StateDir), filepath.Join(root, "wso2 am", StateDir)} {
		if _, err := os.Stat(dir); err == nil {
			text += "state:\n" + describe(t, dir, false)
		}
	}
	return text
}

func TestPreflightFindsNothing(t *testing.T) {
	l := newLab(t)
	if got := l.problems(t, l.options(Real()), l.plan()); got != "" {
		t.Error(got)
	}
	if got := l.problems(t, l.options(ReadOnly()), l.plan()); got != "" {
		t.Error(got)
	}
}

func TestPreflightTellsAllAtOnce(t *testing.T) {
	l := newLab(t)
	conf := filepath.Join(l.home, "repository/conf")
	must(t, os.Remove(filepath.Join(conf, "linked.properties")))
	must(t, os.Symlink("/etc/passwd", filepath.Join(conf, "linked.properties")))
	must(t, os.Remove(filepath.Join(conf, "old.xml")))
	must(t, os.Mkdir(filepath.Join(conf, "old.xml"), 0o755))
	must(t, os.Chmod(filepath.Join(l.home, "bin/wso2server.sh"), 0o755|os.ModeSetuid))
	must(t, os.WriteFile(filepath.Join(conf, "new"), []byte("a file"), 0o600))
	l.write(t, "repository/conf/user-mgt.xml", usersBefore+"\n")
	must(t, os.Remove(filepath.Join(conf, "carbon.xml")))
	o := l.options(Real())
	o.Running = func(context.Context) (int, error) { return 4711, nil }
	got := l.problems(t, o, l.plan())
	for _, want := range []string{
		"A server runs from this install (process 4711)", "bin/wso2server.sh stop",
		"bin/wso2server.sh: It has the set-user-id",
		"repository/conf/linked.properties: It leads out of the install: repository/conf/linked.properties is a link to /etc/passwd.",
		"repository/conf/new/deep/created.xml: It cannot be looked at: a part of its path is not a folder. Put the folders",
		"repository/conf/old.xml: It is not a file.",
		"repository/conf/user-mgt.xml: The file has changed since the plan was made.",
		"repository/conf/carbon.xml: The file has changed since the plan was made.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	_, err := Apply(t.Context(), l.plan(), o)
	var preflight *PreflightError
	if !errors.As(err, &preflight) || len(preflight.Problems) != 7 {
		t.Errorf("%v", err)
	}
}

func TestStalePlan(t *testing.T) {
	for name, edit := range map[string]func(l *lab){
		"changed":  func(l *lab) { l.write(t, "repository/conf/carbon.xml", carbonBefore+" ") },
		"gone":     func(l *lab) { must(t, os.Remove(filepath.Join(l.home, "repository/conf/carbon.xml"))) },
		"appeared": func(l *lab) { l.write(t, "repository/conf/new.xml", "mine") },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			p := l.plan()
			p.Changes[3].Path = "repository/conf/new.xml"
			edit(l)
			before := l.tree(t, false)
			_, err := Apply(t.Context(), p, l.options(Real()))
			var stale *StaleError
			if !errors.As(err, &stale) || len(stale.Files) != 1 {
				t.Errorf("%v", err)
			}
			sameTree(t, "tree", before, l.tree(t, false))
			if _, err := os.Stat(filepath.Join(l.home, StateDir)); err == nil {
				t.Error("the state folder was left behind")
			}
		})
	}
}

// TestStaleBeforeSwap edits a file after the preflight: nothing is swapped.
func TestStaleBeforeSwap(t *testing.T) {
	l := newLab(t)
	p := l.plan()
	do := p.Actions[0].Do
	p.Actions[0].Do = func(ctx context.Context) error {
		l.write(t, "repository/conf/carbon.xml", "edited by hand")
		return do(ctx)
	}
	_, err := Apply(t.Context(), p, l.options(Real()))
	var stale *StaleError
	if !errors.As(err, &stale) || !slices.Equal(stale.Files, []string{"repository/conf/carbon.xml"}) {
		t.Errorf("%v", err)
	}
	if l.read(t, "repository/conf/carbon.xml") != "edited by hand" || l.read(t, "repository/conf/user-mgt.xml") != usersBefore {
		t.Error("a file was touched")
	}
	if _, err := os.Stat(filepath.Join(l.world, "schema")); err == nil {
		t.Error("the action was not undone")
	}
}

func TestExpectPlan(t *testing.T) {
	l := newLab(t)
	o := l.options(Real())
	o.ExpectPlan = "0000-0000-0000-0000"
	_, err := Apply(t.Context(), l.plan(), o)
	var stale *StaleError
	if !errors.As(err, &stale) || stale.Got != l.plan().Hash() || stale.Want != o.ExpectPlan {
		t.Errorf("%v", err)
	}
	o.ExpectPlan = strings.ToUpper(l.plan().Hash())
	_, err = Apply(t.Context(), l.plan(), o)
	must(t, err)
}

func TestPlansThatNobodyShouldMake(t *testing.T) {
	l := newLab(t)
	for name, edit := range map[string]func(p *Plan){
		"out of the home":  func(p *Plan) { p.Changes[0].Path = "../x" },
		"absolute":         func(p *Plan) { p.Changes[0].Path = "/etc/passwd" },
		"the home itself":  func(p *Plan) { p.Changes[0].Path = "." },
		"not clean":        func(p *Plan) { p.Changes[0].Path = "bin//x" },
		"a zero byte":      func(p *Plan) { p.Changes[0].Path = "bin/\x00" },
		"our own folder":   func(p *Plan) { p.Changes[0].Path = StateDir + "/lock" },
		"twice":            func(p *Plan) { p.Changes[1].Path = p.Changes[0].Path },
		"no change":        func(p *Plan) { p.Changes[0].After = p.Changes[0].Before },
		"no operation":     func(p *Plan) { p.Changes[0].Op = "" },
		"a nameless deed":  func(p *Plan) { p.Actions[0].Name = "" },
		"a deed of nobody": func(p *Plan) { p.Actions[0].Do = nil },
	} {
		p := l.plan()
		edit(p)
		before := l.tree(t, false)
		if _, err := Apply(t.Context(), p, l.options(Real())); !errors.Is(err, errPlan) {
			t.Errorf("%s: %v", name, err)
		}
		if len(Preflight(t.Context(), p, l.options(Real()))) != 1 {
			t.Errorf("%s: preflight", name)
		}
		sameTree(t, name, before, l.tree(t, false))
	}
}

func TestEmptyPlanIsNoRun(t *testing.T) {
	l := newLab(t)
	before := describeAll(t, l.root)
	res, err := Apply(t.Context(), &Plan{Home: l.home}, l.options(Real()))
	must(t, err)
	if res.Run != "" {
		t.Errorf("%+v", res)
	}
	sameTree(t, "tree", before, describeAll(t, l.root))
}

// TestLinks applies through links of every kind that stays inside the home, and refuses those that do not.
func TestLinks(t *testing.T) {
	for _, tt := range []struct{ name, link, dest, want string }{
		{"relative", "repository/conf/l", "../shared/real.properties", ""},
		{"absolute inside", "repository/conf/l", "HOME/repository/shared/real.properties", ""},
		{"through another link", "repository/conf/l", "linked.properties", ""},
		{"through a linked folder", "repository/conf/l", "../lf/real.properties", ""},
		{"out and in again", "repository/conf/l", "../../../wso2 am/repository/shared/real.properties", ""},
		{"absolute outside", "repository/conf/l", "/etc/hostname", "leads out of the install"},
		{"relative outside", "repository/conf/l", "../../../world/x", "leads out of the install"},
		{"loop", "repository/conf/l", "l", "its links lead in a circle"},
		{"to a folder", "repository/conf/l", "../shared", "It is not a file"},
		{"dangling", "repository/conf/l", "nowhere", "has changed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t)
			must(t, os.Symlink("shared", filepath.Join(l.home, "repository/lf")))
			must(t, os.Symlink(strings.Replace(tt.dest, "HOME", l.home, 1), filepath.Join(l.home, tt.link)))
			p := &Plan{Home: l.home, Changes: []Change{{Path: tt.link, Op: Modify, Before: []byte(linkedBefore), After: []byte(linkedAfter)}}}
			got := l.problems(t, l.options(Real()), p)
			if tt.want != "" {
				if !strings.Contains(got, tt.want) {
					t.Errorf("%q is not in %q", tt.want, got)
				}
				return
			}
			before := l.tree(t, false)
			_, err := Apply(t.Context(), p, l.options(Real()))
			must(t, err)
			if l.read(t, "repository/shared/real.properties") != linkedAfter {
				t.Error("what the link leads to was not changed")
			}
			if dest, err := os.Readlink(filepath.Join(l.home, tt.link)); err != nil || dest != strings.Replace(tt.dest, "HOME", l.home, 1) {
				t.Errorf("the link is %q %v", dest, err)
			}
			_, _, err = Restore(t.Context(), l.home, RestoreOptions{Options: l.options(Real())})
			must(t, err)
			sameTree(t, "restored", before, l.tree(t, false))
		})
	}
}

// TestHomeBehindALink opens the home by a link to it, with links inside that name it either way.
func TestHomeBehindALink(t *testing.T) {
	l := newLab(t)
	other := filepath.Join(l.root, "current")
	must(t, os.Symlink("wso2 am", other))
	must(t, os.Symlink(other+"/repository/shared/real.properties", filepath.Join(l.home, "repository/conf/l")))
	p := &Plan{Home: other, Changes: []Change{{Path: "repository/conf/l", Op: Modify, Before: []byte(linkedBefore), After: []byte(linkedAfter)}}}
	_, err := Apply(t.Context(), p, l.options(Real()))
	must(t, err)
	if l.read(t, "repository/shared/real.properties") != linkedAfter {
		t.Error("not changed")
	}
}

func TestSameFileTwice(t *testing.T) {
	l := newLab(t)
	p := &Plan{Home: l.home, Changes: []Change{
		{Path: "repository/conf/linked.properties", Op: Modify, Before: []byte(linkedBefore), After: []byte(linkedAfter)},
		{Path: "repository/shared/real.properties", Op: Modify, Before: []byte(linkedBefore), After: []byte("x")},
	}}
	if got := l.problems(t, l.options(Real()), p); !strings.Contains(got, "It is the same file as repository/conf/linked.properties, by a link") {
		t.Error(got)
	}
}

func TestHardLinks(t *testing.T) {
	l := newLab(t)
	other := filepath.Join(l.home, "other.xml")
	must(t, os.Link(filepath.Join(l.home, "repository/conf/carbon.xml"), other))
	res, err := Apply(t.Context(), l.plan(), l.options(Real()))
	must(t, err)
	if len(res.Warnings) != 1 || !strings.Contains(res.Warnings[0], "repository/conf/carbon.xml has 2 names") {
		t.Errorf("%q", res.Warnings)
	}
	if l.read(t, "other.xml") != carbonBefore || l.read(t, "repository/conf/carbon.xml") != carbonAfter {
		t.Error("content")
	}
}

// TestRollbackKeepsTheInode fails behind the swap: the old files are there again, not copies of them.
func TestRollbackKeepsTheInode(t *testing.T) {
	l := newLab(t)
	inode := func() uint64 {
		fi, err := os.Stat(filepath.Join(l.home, "repository/conf/carbon.xml"))
		must(t, err)
		return fi.Sys().(*syscall.Stat_t).Ino
	}
	before, tree := inode(), l.tree(t, false)
	o := l.options(Real())
	o.Verify = func(context.Context) error { return errors.New("does not parse") }
	_, err := Apply(t.Context(), l.plan(), o)
	var back *RolledBackError
	if !errors.As(err, &back) || back.Run == "" || !strings.Contains(back.Error(), "does not parse") {
		t.Fatalf("%v", err)
	}
	if inode() != before {
		t.Error("another inode")
	}
	sameTree(t, "tree", tree, l.tree(t, false))
	if text, err := os.ReadFile(back.Log); err != nil || !strings.Contains(string(text), "taking back") {
		t.Errorf("log: %s %v", text, err)
	}
	runs, err := Runs(l.home)
	must(t, err)
	if len(runs) != 1 || runs[0].State != "rolled-back" {
		t.Errorf("%+v", runs)
	}
	audit, err := os.ReadFile(filepath.Join(l.home, auditFile))
	must(t, err)
	if strings.Count(string(audit), `"result":"rolled-back"`) != 8 {
		t.Errorf("%s", audit)
	}
}

// TestPanics ends a run whose caller panics.
func TestPanics(t *testing.T) {
	l := newLab(t)
	before := l.tree(t, false)
	o := l.options(Real())
	o.Verify = func(context.Context) error { panic("of the caller") }
	_, err := Apply(t.Context(), l.plan(), o)
	var back *RolledBackError
	if !errors.As(err, &back) {
		t.Errorf("%v", err)
	}
	sameTree(t, "tree", before, l.tree(t, false))
	o = l.options(Real())
	o.Report = func(Result) []byte { panic("of the caller") }
	res, err := Apply(t.Context(), l.plan(), o)
	must(t, err)
	if len(res.Warnings) != 1 {
		t.Errorf("%q", res.Warnings)
	}
}

func TestOtherUsers(t *testing.T) {
	l := newLab(t)
	if os.Getuid() != 0 {
		t.Log("not run as root: the lab belongs to us")
	}
	nobody := wrapped{Real(), func(tree Tree) Tree {
		return asUser{tree, Identity{UID: 65533, GID: 65533}}
	}}
	got := l.problems(t, l.options(nobody), l.plan())
	who := fmt.Sprintf("It belongs to %s:%s, mode 0640, and we run as 65533", userName(os.Getuid()), groupName(os.Getgid()))
	if !strings.Contains(got, "repository/conf/carbon.xml: "+who) || !strings.Contains(got, strings.TrimSuffix(runAs(userName(os.Getuid())), ".")) {
		t.Error(got)
	}
	member := wrapped{Real(), func(tree Tree) Tree {
		return asUser{tree, Identity{UID: os.Getuid() + 1, GID: 65533, Groups: []int{7}}}
	}}
	if os.Getuid() == 0 {
		must(t, os.Chown(filepath.Join(l.home, "repository/conf/carbon.xml"), 1, 8))
		if got := l.problems(t, l.options(member), l.plan()); !strings.Contains(got, "carbon.xml: It belongs to "+userName(1)+":"+groupName(8)+", mode 0640, and "+userName(1)+" is not in that group") {
			t.Error(got)
		}
	}
}

// TestAsAnotherUser runs a real process as nobody on an install that belongs to somebody else.
func TestAsAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("only root can become somebody else; TestOtherUsers covers what can be covered")
		return
	}
	l := newLab(t)
	must(t, os.Chmod(l.root, 0o755))
	self, err := os.Executable()
	must(t, err)
	binary, err := os.ReadFile(self)
	must(t, err)
	program := filepath.Join(l.root, "program")
	must(t, os.WriteFile(program, binary, 0o700))
	must(t, os.Chmod(program, 0o755))
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = []string{helperEnv + "=" + l.root, helperEnv + "_MODE=once"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65533, Gid: 65533, NoSetGroups: true}}
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("nobody could apply")
	}
	for _, want := range []string{
		".carbon-setup: Backups cannot be written: permission is denied; . belongs to root:root, mode 0755, and we run as 65533.",
		"repository/conf/carbon.xml: It belongs to root:root, mode 0640, and we run as 65533: the new file could not be given back to its owner. Run carbon-setup as root.",
		"bin/wso2server.sh: It belongs to root:root, mode 0755, and we run as 65533",
		"bin/wso2server.sh: Its folder cannot be written to: permission is denied; bin belongs to root:root, mode 0755",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}

// TestOwners applies as root to an install of somebody else: files stay whose they are, and our own folder is theirs.
func TestOwners(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("only root can give files away")
		return
	}
	l := newLab(t)
	must(t, filepath.WalkDir(l.home, func(name string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(name, 1234, 5678))
	}))
	must(t, os.Lchown(filepath.Join(l.home, "repository/conf/carbon.xml"), 4321, 8765))
	before := l.tree(t, false)
	_, err := Apply(t.Context(), l.plan(), l.options(Real()))
	must(t, err)
	after := l.tree(t, true)
	for _, want := range []string{"carbon.xml -rw-r----- 4321:8765", "created.xml -rw------- 1234:5678", "conf/new drwxr-xr-x 1234:5678", "conf/new/deep drwxr-xr-x 1234:5678", "user-mgt.xml -rw------- 1234:5678"} {
		if !strings.Contains(after, want) {
			t.Errorf("%q is not in\n%s", want, after)
		}
	}
	must(t, filepath.WalkDir(filepath.Join(l.home, StateDir), func(name string, d os.DirEntry, err error) error {
		must(t, err)
		fi, err := d.Info()
		must(t, err)
		if st := fi.Sys().(*syscall.Stat_t); st.Uid != 1234 || st.Gid != 5678 {
			t.Errorf("%s belongs to %d:%d", name, st.Uid, st.Gid)
		}
		return nil
	}))
	_, _, err = Restore(t.Context(), l.home, RestoreOptions{Options: l.options(Real())})
	must(t, err)
	sameTree(t, "restored", before, l.tree(t, false))
}

func TestCancel(t *testing.T) {
	for _, stage := range []Stage{StagePreflight, StageStage, StageBackup, StageActions, StageSwap, StageVerify, StageCommit} {
		t.Run(string(stage), func(t *testing.T) {
			l := newLab(t)
			before := l.tree(t, false)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			o := l.options(Real())
			o.Progress = func(e Event) {
				if e.Stage == stage && e.Done > 0 {
					cancel()
				}
			}
			_, err := Apply(ctx, l.plan(), o)
			late := stage == StageSwap || stage == StageVerify || stage == StageCommit
			switch {
			case late && err != nil:
				t.Errorf("behind the swap: %v", err)
			case !late && !errors.Is(err, context.Canceled):
				t.Errorf("before the swap: %v", err)
			case !late:
				sameTree(t, "tree", before, l.tree(t, false))
			}
			if u, err := Unfinished(l.home); err != nil || u != nil {
				t.Errorf("%v %v", u, err)
			}
		})
	}
	l := newLab(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	before := describeAll(t, l.root)
	if _, err := Apply(ctx, l.plan(), l.options(Real())); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	sameTree(t, "tree", before, describeAll(t, l.root))
}

// TestActions looks at the order of actions and of their undoing.
func TestActions(t *testing.T) {
	for _, tt := range []struct {
		name         string
		fail         int // index of the action that fails, 9 = the verification
		undo, noUndo map[int]bool
		want         string
		left         []string
	}{
		{name: "all is well", fail: -1, want: "do0 do1 do2"},
		{name: "the second fails", fail: 1, want: "do0 do1 undo1 undo0"},
		{name: "the verification fails", fail: 9, want: "do0 do1 do2 undo2 undo1 undo0"},
		{name: "one cannot be undone", fail: 9, noUndo: map[int]bool{1: true}, want: "do0 do1 do2 undo2 undo0", left: []string{"a1"}},
		{name: "undoing fails", fail: 9, undo: map[int]bool{2: true}, want: "do0 do1 do2 undo2 undo1 undo0", left: []string{"a2"}},
		{name: "the one that fails has no undo", fail: 1, noUndo: map[int]bool{1: true}, want: "do0 do1 undo0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t)
			before := l.tree(t, false)
			p := l.plan()
			p.Actions = nil
			var calls []string
			for i := range 3 {
				a := Action{Name: fmt.Sprintf("a%d", i), Do: func(context.Context) error {
					calls = append(calls, fmt.Sprintf("do%d", i))
					if i == tt.fail {
						return errors.New("no")
					}
					return nil
				}}
				if !tt.noUndo[i] {
					a.Undo = func(context.Context) error {
						calls = append(calls, fmt.Sprintf("undo%d", i))
						if tt.undo[i] {
							return errors.New("no")
						}
						return nil
					}
				}
				p.Actions = append(p.Actions, a)
			}
			o := l.options(Real())
			if tt.fail == 9 {
				o.Verify = func(context.Context) error { return errors.New("no") }
			}
			_, err := Apply(t.Context(), p, o)
			if got := strings.Join(calls, " "); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			var incomplete *IncompleteError
			var back *RolledBackError
			switch {
			case tt.fail == -1:
				must(t, err)
				return
			case tt.left != nil:
				if !errors.As(err, &incomplete) || !slices.Equal(incomplete.Actions, tt.left) || len(incomplete.Files) != 0 {
					t.Errorf("%v", err)
				}
			case !errors.As(err, &back):
				t.Errorf("%v", err)
			}
			sameTree(t, "tree", before, l.tree(t, false))
			runs, err := Runs(l.home)
			must(t, err)
			if want := map[bool]string{true: "incomplete", false: "rolled-back"}[tt.left != nil]; runs[0].State != want {
				t.Errorf("state %s", runs[0].State)
			}
			if u, err := Unfinished(l.home); err != nil || u != nil {
				t.Errorf("%v %v", u, err)
			}
		})
	}
}

func TestDryRunCannotWrite(t *testing.T) {
	l := newLab(t)
	before := describeAll(t, l.root)
	o := l.options(ReadOnly())
	if _, err := Apply(t.Context(), l.plan(), o); !errors.Is(err, ErrReadOnly) {
		t.Errorf("apply: %v", err)
	}
	if _, err := Apply(t.Context(), l.plan(), Options{}); !errors.Is(err, ErrReadOnly) {
		t.Errorf("apply without a system: %v", err)
	}
	if _, err := AcquireLock(l.home, o); !errors.Is(err, ErrReadOnly) {
		t.Errorf("lock: %v", err)
	}
	if err := OpenState(l.home, ReadOnly()).Write("session.json", nil); !errors.Is(err, ErrReadOnly) {
		t.Errorf("state: %v", err)
	}
	sameTree(t, "tree", before, describeAll(t, l.root))
	tree, err := ReadOnly().Open(l.home)
	must(t, err)
	_, lockErr := tree.Lock("x", nil)
	_, attrErr := tree.SetXattrs("bin", nil)
	for i, err := range []error{
		tree.WriteNew("x", 0o600, nil), tree.Append("x", 0o600, nil), tree.Mkdir("x", 0o700), tree.Rename("bin", "x"), tree.Link("bin/version.txt", "x"), tree.Remove("bin/version.txt"),
		tree.Chmod("bin", 0), tree.Chown("bin", 1, 1), tree.Chtimes("bin", old), tree.Sync("bin"), lockErr, attrErr,
	} {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("write %d: %v", i, err)
		}
	}
	must(t, tree.Close())
	sameTree(t, "tree", before, describeAll(t, l.root))
}

func TestPreflightErrorGroupsFilesThatShareAProblem(t *testing.T) {
	e := &PreflightError{Problems: []Problem{
		{Path: "a.xml", Message: "It belongs to root.", Fix: "Run as root."},
		{Path: "b.xml", Message: "It is immutable.", Fix: "Run chattr -i."},
		{Path: "c.xml", Message: "It belongs to root.", Fix: "Run as root."},
	}}
	want := "nothing was written, because the install cannot be changed as it is:\n" +
		"2 files: It belongs to root. Run as root.\n    a.xml\n    c.xml\n" +
		"b.xml: It is immutable. Run chattr -i."
	if got := e.Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
