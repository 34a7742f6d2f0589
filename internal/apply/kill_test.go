package apply

import (
	"bufio"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// helperEnv makes the test binary a process that applies and restores for ever, until it is killed. It is of the test, not of the product.
const helperEnv = "APPLY_TEST_HELPER_ROOT"

func TestMain(m *testing.M) {
	if root := os.Getenv(helperEnv); root != "" {
		helper(root)
	}
	os.Exit(m.Run())
}

func say(text string) { _, _ = os.Stdout.WriteString(text) }

func helper(root string) {
	l := &lab{root: root, home: filepath.Join(root, "wso2 am"), world: filepath.Join(root, "world")}
	o := l.options(Real())
	o.Now, o.syncers = time.Now, 0
	switch os.Getenv(helperEnv + "_MODE") {
	case "lock":
		o.Who = CurrentWho("")
		if _, err := AcquireLock(l.home, o); err != nil {
			os.Exit(1)
		}
		say("locked")
		time.Sleep(time.Hour)
	case "once":
		if _, err := Apply(context.Background(), l.plan(), o); err != nil {
			say(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	say("ready\n")
	for {
		_, _, err := Restore(context.Background(), l.home, RestoreOptions{Options: o})
		if err != nil {
			_, err = Apply(context.Background(), l.plan(), o)
		}
		if err != nil {
			say("error: " + err.Error())
			os.Exit(1)
		}
	}
}

// TestKill kills a real process that applies and restores, with SIGKILL at a random moment, again and again on the same home. After every
// kill the next start leads to the old files or the new ones.
func TestKill(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	before := l.tree(t, false)
	_, err := Apply(t.Context(), l.plan(), l.options(Real()))
	must(t, err)
	after := l.tree(t, true)
	self, err := os.Executable()
	must(t, err)
	rnd := rand.New(rand.NewPCG(1, 2))
	cut, outcomes := 0, map[string]int{}
	for round := range pick(80, 15) {
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), helperEnv+"="+l.root)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewScanner(out)
		if !lines.Scan() || lines.Text() != "ready" {
			t.Fatalf("round %d: the helper says %q", round, lines.Text())
		}
		time.Sleep(time.Duration(rnd.IntN(60_000)) * time.Microsecond)
		must(t, cmd.Process.Kill())
		for lines.Scan() {
			t.Errorf("round %d: the helper says %q", round, lines.Text())
		}
		_ = cmd.Wait()
		if u, err := Unfinished(l.home); err != nil {
			t.Fatal(err)
		} else if u != nil {
			cut++
		}
		r, err := Recover(t.Context(), l.home, l.options(Real()))
		must(t, err)
		if r != nil {
			outcomes[r.Outcome]++
		}
		strict, loose := l.tree(t, false), l.tree(t, true)
		if strict != before && loose != after {
			t.Fatalf("round %d: between:\nfrom before\n%sfrom after\n%s", round, diffText(before, strict), diffText(after, loose))
		}
	}
	runs, err := Runs(l.home)
	must(t, err)
	if cut == 0 {
		t.Error("no run was cut off in the midst")
	}
	t.Logf("%d runs, %d of them cut off: %v", len(runs), cut, outcomes)
}
