package tui

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"charm.land/bubbles/v2/key"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/steps"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// password is typed in tests; it must not be seen unless asked for.
const password = "Kestrel-47-over-Quay"

func start(t *testing.T) *driver {
	t.Helper()
	return drive(t, openEngine(t, testConfig(t, sampleHome(t))), options4{})
}

func TestHubShowsEveryGuidelineAndWhatToDo(t *testing.T) {
	d := start(t).on("hub")
	built := 0
	for _, r := range d.r.rows {
		d.sees(r.Title)
		if r.Mark != flow.MarkNotBuilt {
			built++
		}
	}
	d.sees("Guidelines", fmt.Sprintf("of %d settled", built), "Review and apply", "enter open", "F1 help", "F2 why", "F10 save and leave")
	if i := slices.IndexFunc(d.r.rows, func(r flow.Row) bool { return r.Mark == flow.MarkNotBuilt }); i >= 0 {
		d.sees("not in this version").press(times("down", i)...).press("enter").on("hub").sees(texts.NotBuilt(d.r.rows[i].Guideline))
	}
	d.press("home", "enter").on("step:admin").press("esc").on("hub")
	d.press("end", "enter").on("review")
}

func TestWalkFromTheFirstGuidelineToTheResult(t *testing.T) {
	home := sampleHome(t)
	d := drive(t, openEngine(t, testConfig(t, home)), options4{})
	d.press("enter").on("step:admin").sees("1 of 16", "User name", "now: admin in repository/conf/user-mgt.xml")
	d.press("ctrl+u").typed("opsadmin").press("enter").typed(password).seesNot(password).sees("strength:")
	d.press("enter").typed(password).press("enter")
	if d.r.top().name() == "warnings" {
		d.press("y")
	}
	d.seesNot(password).sees(texts.AcceptedNotice(1, "Administrator account"))
	for range 20 {
		if d.r.top().name() == "review" {
			break
		}
		if strings.HasPrefix(d.r.top().name(), "step:hostname") {
			d.press("ctrl+u").typed("am01.example.com").press("enter", "ctrl+u").typed("am01.example.com")
		}
		if d.r.top().name() == "step:datasources" { // PostgreSQL is proposed; H2 is the first choice
			for range 3 {
				d.press("home").sees("H2, inside the product").press("enter")
			}
			continue
		}
		if d.r.top().name() == "step:keystore" {
			d.sees("a key and certificate that I have").press("right", "right", "right").sees("leave the keystores as they are")
		}
		d.press("ctrl+s")
		if d.r.top().name() == "warnings" {
			d.press("y")
		}
	}
	d.on("review").sees("Will change", "Administrator account", "a apply", "d diff")
	d.press("d").on("diff").sees("hunk ", "for: 1 Administrator account").seesNot(password).press("esc")
	d.press("a").on("apply").sees("Type apply to write:", "am01")
	d.typed("apply").press("enter").on("result").sees("Applied", "verified", "undo", "carbon-setup restore", "report", "log")
	d.press("enter").on("hub").sees(texts.AppliedNow)
	data, err := os.ReadFile(filepath.Join(home, carbon.CarbonXML))
	if err != nil || !strings.Contains(string(data), "<HostName>am01.example.com</HostName>") {
		t.Errorf("carbon.xml was not changed: %v", err)
	}
}

func TestNothingButTheWordApplies(t *testing.T) {
	home := sampleHome(t)
	eng := openEngine(t, testConfig(t, home))
	accept(t, eng)
	d := drive(t, eng, options4{})
	for _, typed := range []string{"", "y", "yes", "Apply", "apply now", "aply"} {
		d.press("r", "a").on("apply").typed(typed).press("enter").on("review").sees(texts.ApplyMistyped)
	}
	d.press("a").on("apply").paste("apply\n").press("enter").on("review")
	if eng.Last() != nil {
		t.Error("something was applied")
	}
	d.press("a").typed("apply").press("esc").on("review")
	if eng.Last() != nil {
		t.Error("something was applied")
	}
}

func accept(t *testing.T, eng *flow.Engine) {
	t.Helper()
	v, err := eng.Accept(t.Context(), "hostname", flow.Values{Text: map[string]string{
		"hostname.name": "am01.example.com", "hostname.management": "am01.example.com",
	}}, true)
	if err != nil || !v.OK {
		t.Fatalf("%+v, %v", v, err)
	}
}

func TestKeysTypedAheadDoNotReachAScreenThatAppearsByItself(t *testing.T) {
	d := start(t)
	d.press("down", "down", "down", "enter").on("step:hostname").press("ctrl+u").typed("am01").press("tab", "ctrl+u").typed("am01")
	d.send(keyOf("enter"))
	d.idle()
	d.on("warnings").sees(texts.ConfirmQuestion)
	d.send(keyOf("y")) // typed before it was there: no pause
	d.idle()
	d.on("warnings")
	d.press("y") // after a second of quiet
	d.seesNot(texts.ConfirmQuestion)
}

func TestBackAlwaysWorksAndKeepsDrafts(t *testing.T) {
	d := start(t)
	d.press("down", "down", "down", "enter").on("step:hostname")
	d.press("ctrl+u").typed("no good!").press("enter").sees("! ").on("step:hostname")
	d.press("esc").on("hub").sees(texts.DraftKept, "[!] 4 Host name")
	d.press("enter").on("step:hostname").sees("no good!", texts.DraftNote)
	d.press("esc").on("hub")
	if d.r.stack[0].(*hub).cursor != 3 {
		t.Error("the hub has forgotten its cursor")
	}
}

func TestProblemStandsUnderItsField(t *testing.T) {
	d := start(t)
	d.press("down", "down", "down", "enter").on("step:hostname").press("ctrl+u").typed("am01_internal").press("enter")
	d.on("step:hostname").sees("am01_internal")
	lines := strings.Split(d.screen(), "\n")
	for i, l := range lines {
		if strings.Contains(l, "am01_internal") && strings.Contains(l, "Host name") {
			if !strings.Contains(lines[i+1], "! ") {
				t.Errorf("nothing under the field:\n%s", d.screen())
			}
			return
		}
	}
	t.Errorf("the field is gone:\n%s", d.screen())
}

func TestSkipAsksTheReason(t *testing.T) {
	d := start(t)
	d.press("s").on("skip").sees("Why is guideline 1", "Reason").typed("another team").press("enter").on("hub").sees(`skipped: "another team"`, "[-]")
	d.press("s").on("hub").seesNot("another team")
	d.press("enter").on("step:admin").press("f4").on("skip").press("esc").on("step:admin").press("f4").typed("x").press("enter").on("hub").sees(`skipped: "x"`)
}

func TestWhyAndHelp(t *testing.T) {
	d := start(t)
	d.press("f2").on("why").sees("Why: 1 Administrator account").press("esc").on("hub")
	d.press("?").on("help").sees("enter", "open", "F10 (ctrl+x)").press("q").on("hub")
	d.press("enter").on("step:admin").press("?").on("step:admin").sees("admin?")
	d.press("f1").on("help").sees("ctrl+s", "accept").press("esc").press("f2").on("why").press("esc").on("step:admin")
}

func TestHelpNamesEveryKeyOfEveryScreen(t *testing.T) {
	eng := openEngine(t, testConfig(t, sampleHome(t)))
	accept(t, eng)
	d := drive(t, eng, options4{w: 120, h: 60})
	screens := map[string][]string{"hub": nil, "step:admin": {"enter"}, "skip": {"s"}, "review": {"r"}, "diff": {"r", "d"}, "apply": {"r", "a"}, "leave": {"ctrl+c"}}
	for name, keys := range screens {
		d.press(keys...).on(name)
		bindings := d.r.top().keys(&d.r.common)
		if len(bindings) == 0 {
			t.Errorf("%s has no keys", name)
		}
		d.press("f1").on("help")
		for _, b := range bindings {
			d.sees(b.Help().Desc)
			if len(b.Keys()) == 0 {
				t.Errorf("%s: %q matches no key", name, b.Help().Desc)
			}
		}
		for d.r.top().name() != "hub" {
			d.press("esc")
		}
		d.press("home")
	}
}

func TestEveryKeyOfTheDiffIsHeard(t *testing.T) {
	eng := openEngine(t, testConfig(t, sampleHome(t)))
	accept(t, eng)
	d := drive(t, eng, options4{})
	d.press("r", "d").on("diff")
	s := d.r.top().(*diffScreen)
	s.match = "host"
	for _, b := range []key.Binding{diffHunk, diffFile, diffMatch, diffSide, diffMargin, diffLines, diffPages, diffEnds} {
		for _, k := range b.Keys() {
			if _, heard := s.scroll(&d.r.common, keyOf(k)); !heard {
				t.Errorf("%s is in the help and does nothing", k)
			}
		}
	}
}

func TestPathIsCompleted(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"store-one.jks", "store-two.jks"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := standInConfig(t, sampleHome(t))
	all := standIns()
	jvm := all[2].(standIn)
	jvm.fields = []steps.Field{
		{Spec: answers.Spec{Key: "jvm.store", Kind: answers.Path, Label: "Store"}}, {Spec: answers.Spec{Key: "jvm.other", Kind: answers.Text, Label: "Other"}},
	}
	all[2] = jvm
	cfg.Backend.Steps = func() []steps.Step { return all }
	cfg.Backend.Schema = func() answers.Schema {
		return append(answers.Schema{{Key: "version", Kind: answers.Int}}, jvm.Specs()...)
	}
	d := drive(t, openEngine(t, cfg), options4{w: 100, h: 30})
	d.press("home", "down", "down", "enter").on("step:jvm").sees("tab complete the path").paste(dir + "/st")
	d.press("tab").sees("field 1 of 2", "store-one.jks store-two.jks").typed("t").press("tab").sees("store-two.jks", "field 1 of 2").press("tab").sees("field 2 of 2")
	d.press("shift+tab").sees("field 1 of 2").press("down").sees("field 2 of 2")
	if got := d.r.top().(*stepScreen).values().Text["jvm.store"]; got != filepath.Join(dir, "store-two.jks") {
		t.Errorf("path %q", got)
	}
}

func TestReviewLeadsToStepsAndDiffs(t *testing.T) {
	eng := openEngine(t, testConfig(t, sampleHome(t)))
	accept(t, eng)
	d := drive(t, eng, options4{h: 60, w: 100})
	d.press("r").on("review").sees("Will change", "4 Host name", "Files", carbon.CarbonXML, "+1 -1")
	d.press("enter").on("step:hostname").press("esc").on("review")
	d.press("d").on("diff").press("esc").on("review")
	for !strings.Contains(d.r.top().(*reviewScreen).here().text, carbon.CarbonXML) {
		d.press("down")
	}
	d.press("enter").on("diff").sees(carbon.CarbonXML, "<HostName>am01.example.com</HostName>")
	without := openEngine(t, standInConfig(t, sampleHome(t)))
	accept(t, without)
	drive(t, without, options4{h: 60, w: 100}).press("r").on("review").sees(texts.ReviewNotBuilt, "2 SSL keys", "not in this version")
}

func TestReviewSaysWhatIsInTheWay(t *testing.T) {
	cfg := testConfig(t, sampleHome(t))
	cfg.DryRun = true
	eng := openEngine(t, cfg)
	accept(t, eng)
	d := drive(t, eng, options4{}).sees("DRY RUN")
	d.press("r").on("review").sees("DRY RUN", "In the way of an apply", "dry run").seesNot("a apply")
	d.press("a").on("review").sees(texts.DryRunApply)
	d.press("d").sees("DRY RUN").press("f1").sees("DRY RUN").press("esc", "esc", "esc").on("hub").press("enter").sees("DRY RUN")
}

func TestSaveAnswersFromTheReview(t *testing.T) {
	cfg := testConfig(t, sampleHome(t))
	var saved string
	cfg.WriteFile = func(path string, data []byte, replace bool) error {
		if saved != "" && !replace {
			return &fs.PathError{Op: "write", Path: path, Err: fs.ErrExist}
		}
		saved = string(data)
		return nil
	}
	eng := openEngine(t, cfg)
	accept(t, eng)
	file := filepath.Join(t.TempDir(), "answers.yaml")
	d := drive(t, eng, options4{})
	d.press("r", "w").on("save").sees(texts.SaveDefault).press("ctrl+u").paste(file + "\n").press("enter").on("review").sees("The answers are in")
	if !strings.Contains(saved, "am01.example.com") {
		t.Errorf("saved:\n%s", saved)
	}
	d.press("w", "ctrl+u").paste(file).press("enter").on("save").sees("there already").press("enter").on("review")
}

func TestDiffScreen(t *testing.T) {
	eng := openEngine(t, testConfig(t, sampleHome(t)))
	accept(t, eng)
	if _, err := eng.Accept(t.Context(), "jmx", flow.Values{Text: map[string]string{"jmx.enabled": "false"}}, true); err != nil {
		t.Fatal(err)
	}
	d := drive(t, eng, options4{})
	d.press("r", "d").on("diff").sees("hunk 1 of", "file 1 of")
	s := d.r.top().(*diffScreen)
	changed := false
	for _, l := range s.lines[s.top : s.top+s.rows] {
		changed = changed || l.op == '+' || l.op == '-'
	}
	if !changed {
		t.Errorf("it does not begin at a change:\n%s", d.screen())
	}
	first := d.screen()
	d.press("n").sees("hunk 2 of").press("p").sees("hunk 1 of").press("]").sees("file 2 of").press("[").sees("file 1 of")
	for _, keys := range [][]string{{"down", "up"}, {"space", "b"}, {"ctrl+f", "ctrl+b"}, {"end", "home"}} {
		d.press("home")
		before := d.screen()
		d.press(keys[0])
		if d.screen() == before {
			t.Errorf("%s does not scroll", keys[0])
		}
		d.press(keys[1])
		if d.screen() != before {
			t.Errorf("%s does not scroll back", keys[1])
		}
	}
	d.press("right").press("right").press("0")
	d.press("home", "/").typed("am01.example").press("enter").sees("am01.example.com").press("N")
	d.press("/").typed("no such text").press("enter").sees("no such text: not found.")
	d.press("v", "v", "c", "c", "esc").on("review").press("d")
	_ = first
}

func TestDiffLeavesAGuidelineOutAndTakesItBack(t *testing.T) {
	eng := openEngine(t, testConfig(t, sampleHome(t)))
	accept(t, eng)
	if _, err := eng.Accept(t.Context(), "jmx", flow.Values{Text: map[string]string{"jmx.enabled": "false"}}, true); err != nil {
		t.Fatal(err)
	}
	d := drive(t, eng, options4{})
	d.press("r", "d").on("diff")
	for !strings.Contains(d.screen(), "for: 8 JMX") {
		before := d.screen()
		if d.press("n"); d.screen() == before {
			t.Fatalf("no hunk of JMX:\n%s", before)
		}
	}
	d.press("x").on("skip").sees("Why is guideline 8").press("enter").on("diff").seesNot("for: 8 JMX").sees("u take back")
	if reason, ok := eng.Skipped("jmx"); !ok || reason != texts.SkipDefault {
		t.Errorf("skipped %q, %v", reason, ok)
	}
	files := len(d.r.top().(*diffScreen).files)
	d.press("u").on("diff")
	if got := len(d.r.top().(*diffScreen).files); got <= files {
		t.Errorf("%d files, %d before", got, files)
	}
	if _, ok := eng.Skipped("jmx"); ok {
		t.Error("it is still left out")
	}
	d.press("esc").on("review")
}

func TestChecksCanBeStoppedAndKeepTheAnswers(t *testing.T) {
	d := start(t)
	d.press("down", "down", "down", "enter").on("step:hostname").press("ctrl+u").typed("am01.example.com")
	s := d.r.top().(*stepScreen)
	if !s.asked.Checks {
		t.Fatal("the step has no checks")
	}
	d.press("ctrl+t").on("checks")
	d.advance(2 * time.Second)
	d.sees("Checks: Host name").press("esc").on("step:hostname").sees("am01.example.com", "Checked 14:02")
	d.typed("x").sees("Not checked since you changed a value")
}

// TestChecksAreOfferedWhenThereAreSome: the key is offered as soon as what is typed can be checked, not only when the step began with it.
func TestChecksAreOfferedWhenThereAreSome(t *testing.T) {
	d := start(t)
	d.press(times("down", 6)...).press("enter").on("step:user_store")
	s := d.r.top().(*stepScreen)
	if s.asked.Checks {
		t.Error("a database that is kept is offered a check")
	}
	d.press("right", "right", "tab", "tab").typed("ldaps://ldap.example.com:636").press("tab").typed("cn=carbon,dc=example,dc=com").press("tab").typed(password)
	d.press("tab").typed("dc=example,dc=com").press("tab").sees("ou=Users,dc=example,dc=com")
	if !s.asked.Checks {
		t.Error("a directory is not offered its checks")
	}
	d.press("f1").sees("ctrl+t")
}

func TestLeaving(t *testing.T) {
	d := start(t)
	d.press("ctrl+c").on("leave").sees("saved").press("esc").on("hub")
	if d.quit {
		t.Fatal("ctrl+c once left")
	}
	d.press("ctrl+c", "ctrl+c")
	if !d.quit || d.r.end == nil || d.r.end.End != flow.EndLeft {
		t.Errorf("ctrl+c twice: %v, %+v", d.quit, d.r.end)
	}
	for _, k := range []string{"f10", "ctrl+x"} {
		d := start(t)
		if d.press("enter", k); !d.quit {
			t.Errorf("%s does not leave", k)
		}
	}
}

func TestLeavingWithNothingToDo(t *testing.T) {
	cfg := standInConfig(t, sampleHome(t))
	eng := openEngine(t, cfg)
	for _, r := range eng.Rows() {
		if r.Todo() {
			if err := eng.Skip(t.Context(), r.ID, "not ours"); err != nil {
				t.Fatal(err)
			}
		}
	}
	d := drive(t, eng, options4{})
	d.sees(texts.HubAllSettled).press("r").on("review").sees(texts.ReviewNothing).press("f10")
	if d.r.end.End != flow.EndNothing {
		t.Errorf("end %d", d.r.end.End)
	}
}

func TestFirstScreenSaysHowToBegin(t *testing.T) {
	start(t).sees(texts.HubBegin(1)).press("down").seesNot(texts.HubBegin(1))
}

func TestTmuxAdviceOnceOverSSH(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		said bool
	}{
		{map[string]string{"SSH_TTY": "/dev/pts/3"}, true},
		{map[string]string{"SSH_TTY": "/dev/pts/3", "TMUX": "x"}, false},
		{map[string]string{"SSH_TTY": "/dev/pts/3", "STY": "x"}, false},
		{map[string]string{}, false},
	} {
		d := drive(t, openEngine(t, testConfig(t, sampleHome(t))), options4{env: c.env})
		if got := strings.Contains(d.screen(), "tmux"); got != c.said {
			t.Errorf("%v: said %v", c.env, got)
		}
		d.sees("enter begins with guideline 1.")
		if lines := strings.Split(d.screen(), "\n"); c.said && !strings.Contains(lines[len(lines)-2], texts.HubBeginBare(1)) {
			t.Errorf("the line above the keys is %q", lines[len(lines)-2])
		}
		d.press("down").seesNot("tmux")
	}
}

func TestSizes(t *testing.T) {
	eng := openEngine(t, testConfig(t, sampleHome(t)))
	d := drive(t, eng, options4{})
	d.press("down", "down", "down", "enter").typed("x")
	d.resize(38, 9).sees("make the window larger (now 38x9)")
	d.typed("lost") // nobody sees what he types there
	d.resize(80, 24).on("step:hostname").seesNot("lost")
	d.resize(0, 0).sees("4 of 16")
	d.resize(50, 14).sees("field 1 of 2", "Host name").seesNot("management")
	d.press("tab").sees("field 2 of 2", "management")
	d.resize(120, 40).sees("Plain-text passwords")
	for w := 1; w < 140; w += 9 {
		for h := 1; h < 50; h += 4 {
			d.resize(w, h)
			fits(t, d, w, h)
		}
	}
}

// fits asserts that no line is wider than the window and that there are no more lines than it has.
func fits(t *testing.T, d *driver, w, h int) {
	t.Helper()
	lines := strings.Split(d.screen(), "\n")
	if len(lines) > h {
		t.Fatalf("%s at %dx%d: %d lines", d.r.top().name(), w, h, len(lines))
	}
	for _, l := range lines {
		if got := cells(l); got > w {
			t.Fatalf("%s at %dx%d: %d cells: %q", d.r.top().name(), w, h, got, l)
		}
	}
}

func TestEveryScreenFitsEverySize(t *testing.T) {
	eng := openEngine(t, testConfig(t, sampleHome(t)))
	accept(t, eng)
	d := drive(t, eng, options4{})
	for name, keys := range map[string][]string{
		"hub": {}, "step:admin": {"enter"}, "review": {"r"}, "diff": {"r", "d"}, "apply": {"r", "a"}, "help": {"r", "d", "f1"}, "why": {"f2"},
		"skip": {"s"}, "leave": {"ctrl+c"},
	} {
		d.resize(80, 24).press(keys...).on(name)
		for _, w := range []int{40, 41, 59, 60, 61, 79, 80, 99, 100, 101, 200} {
			for _, h := range []int{10, 11, 15, 16, 24, 25, 60} {
				d.resize(w, h)
				fits(t, d, w, h)
			}
		}
		d.resize(80, 24)
		for d.r.top().name() != "hub" {
			d.press("esc")
		}
		d.press("home")
	}
}

func TestSlowShowsNoSignsOfLife(t *testing.T) {
	d := drive(t, openEngine(t, testConfig(t, sampleHome(t))), options4{w: 120, h: 40, slow: true})
	d.press("down", "down", "down", "enter").on("step:hostname").seesNot("Plain-text passwords").press("ctrl+t").on("checks")
	if len(d.timers) != 0 {
		t.Errorf("%d timers", len(d.timers))
	}
}

func TestIdleScreensWaitForNothing(t *testing.T) {
	eng := openEngine(t, testConfig(t, sampleHome(t)))
	accept(t, eng)
	d := drive(t, eng, options4{})
	for _, keys := range [][]string{{}, {"enter"}, {"esc", "r"}, {"d"}, {"esc", "a"}} {
		d.press(keys...)
		d.advance(time.Minute)
		if len(d.timers) != 0 || d.r.busy != 0 {
			t.Errorf("%s: %d timers, %d commands", d.r.top().name(), len(d.timers), d.r.busy)
		}
	}
}

func TestFailedApplyIsExplained(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		says []string
	}{
		"rolled back": {&apply.RolledBackError{Run: "r1", Log: "/x/run.log", Err: errors.New("no space is left")}, []string{"Failed and put back", "no space is left", "/x/run.log"}},
		"incomplete":  {&apply.IncompleteError{Run: "r1", Journal: "/x/journal", Files: []string{"a.xml"}}, []string{"could not be put back", "/x/journal", "a.xml", "Do not start the server"}},
		"stale":       {&apply.StaleError{Files: []string{"b.xml"}}, []string{"Out of date", "b.xml"}},
		"preflight":   {&apply.PreflightError{Problems: []apply.Problem{{Path: "c.xml", Message: "It cannot be written.", Fix: "Change its owner."}}}, []string{"Not applied", "c.xml", "Change its owner."}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig(t, sampleHome(t))
			cfg.Backend.Apply = applyFails(c.err)
			eng := openEngine(t, cfg)
			accept(t, eng)
			d := drive(t, eng, options4{}).press("r", "a").typed("apply").press("enter").on("result").sees(c.says...)
			d.press("r").on("review")
			if out := finish(eng, d.r, false, false); out.End != flow.EndFailed || !errors.Is(out.Applied.Err, c.err) {
				t.Errorf("outcome %+v", out)
			}
		})
	}
}

func TestWarningsOfAStepAreDistinct(t *testing.T) {
	got := distinct([]steps.Problem{{Message: "a"}, {Message: "b"}, {Message: "a"}})
	if len(got) != 2 {
		t.Errorf("%v", got)
	}
}

// times is a key pressed several times.
func times(key string, n int) []string { return slices.Repeat([]string{key}, n) }
