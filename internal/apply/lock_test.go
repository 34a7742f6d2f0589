package apply

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLock(t *testing.T) {
	l := newLab(t)
	before := describeAll(t, l.root)
	o := l.options(Real())
	o.Who = Who{User: "root", SudoUser: "alice", Terminal: "/dev/pts/3", Client: "10.0.0.7", Host: "am01", PID: 4711}
	lock, err := AcquireLock(l.home, o)
	must(t, err)
	ours(t, l)

	_, err = AcquireLock(l.home, l.options(Real()))
	var held *LockedError
	if !errors.As(err, &held) || held.Holder != o.Who || !held.Since.Equal(o.Now()) || held.Unsure {
		t.Errorf("%v", err)
	}
	if want := "another carbon-setup (root (sudo by alice), process 4711 on am01, terminal /dev/pts/3, from 10.0.0.7) is at work on this install since 2026-11-22T14:02:33Z"; held.Error() != want {
		t.Errorf("%q", held.Error())
	}
	if h, err := Holder(l.home); err != nil || h == nil || h.Holder != o.Who {
		t.Errorf("%v %v", h, err)
	}
	if _, err := Apply(t.Context(), l.plan(), l.options(Real())); !errors.As(err, &held) {
		t.Errorf("%v", err)
	}
	if _, _, err := Restore(t.Context(), l.home, RestoreOptions{Options: l.options(Real())}); !errors.As(err, &held) {
		t.Errorf("%v", err)
	}
	must(t, lock.Release())
	if h, err := Holder(l.home); err != nil || h != nil {
		t.Errorf("%v %v", h, err)
	}
	sameTree(t, "released", before, describeAll(t, l.root))
}

// TestHeldLock applies, restores and recovers under the lock of the caller, and leaves it to him.
func TestHeldLock(t *testing.T) {
	l := newLab(t)
	before := l.tree(t, false)
	lock, err := AcquireLock(l.home, l.options(Real()))
	must(t, err)
	o := l.options(Real())
	o.Held = lock
	_, err = Apply(t.Context(), l.plan(), o)
	must(t, err)
	if h, err := Holder(l.home); err != nil || h == nil {
		t.Errorf("%v %v", h, err)
	}
	_, _, err = Restore(t.Context(), l.home, RestoreOptions{Options: o})
	must(t, err)
	sameTree(t, "restored", before, l.tree(t, false))
	if _, err := Recover(t.Context(), l.home, o); err != nil {
		t.Errorf("%v", err)
	}
	must(t, lock.Release())
}

// TestDeadHolder takes over what a killed process has left, even when that was killed while writing its name.
func TestDeadHolder(t *testing.T) {
	for _, content := range []string{`{"who":{"user":"root","pid":1},"since":"2026-01-01T00:00:00Z"}`, `{"who":{"us`, ""} {
		l := newLab(t)
		must(t, os.Mkdir(filepath.Join(l.home, StateDir), 0o700))
		l.write(t, lockFile, content)
		if h, err := Holder(l.home); err != nil || h != nil {
			t.Errorf("%v %v", h, err)
		}
		lock, err := AcquireLock(l.home, l.options(Real()))
		must(t, err)
		must(t, lock.Release())
	}
}

// TestKilledHolder asks the kernel: a process holds the lock until it is killed.
func TestKilledHolder(t *testing.T) {
	l := newLab(t)
	self, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), helperEnv+"="+l.root, helperEnv+"_MODE=lock")
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	buf := make([]byte, 6)
	if _, err := out.Read(buf); err != nil || string(buf) != "locked" {
		t.Fatalf("%q %v", buf, err)
	}
	h, err := Holder(l.home)
	must(t, err)
	if h == nil || h.Holder.PID != cmd.Process.Pid {
		t.Errorf("%v", h)
	}
	if u, err := Unfinished(l.home); err != nil || u != nil {
		t.Errorf("%v %v", u, err)
	}
	must(t, cmd.Process.Kill())
	_ = cmd.Wait()
	if h, err := Holder(l.home); err != nil || h != nil {
		t.Errorf("%v %v", h, err)
	}
	lock, err := AcquireLock(l.home, l.options(Real()))
	must(t, err)
	must(t, lock.Release())
}

// lockless is a tree on a file system without advisory locks.
type lockless struct{ Tree }

func (t lockless) Lock(name string, content []byte) (func() error, error) {
	err := t.WriteNew(name, 0o600, content)
	if errors.Is(err, fs.ErrExist) {
		return nil, errUnsure
	}
	return func() error { return t.Remove(name) }, err
}

func (t lockless) LockHolder(name string) ([]byte, bool, error) {
	content, err := t.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return content, false, errUnsure
}

func TestLockWithoutAdvisoryLocks(t *testing.T) {
	l := newLab(t)
	host := CurrentWho("").Host
	o := l.options(wrapped{Real(), func(tree Tree) Tree { return lockless{tree} }})
	o.Who = Who{User: "tester", Host: host, PID: os.Getpid()}
	lock, err := AcquireLock(l.home, o)
	must(t, err)
	_, err = AcquireLock(l.home, o)
	var held *LockedError
	if !errors.As(err, &held) || !held.Unsure || !strings.HasSuffix(held.Error(), "if it is not, remove "+filepath.Join(l.home, lockFile)) {
		t.Errorf("%v", err)
	}
	must(t, lock.Release())

	dead := exec.CommandContext(t.Context(), "true")
	must(t, dead.Run())
	for _, tt := range []struct {
		who   Who
		taken bool
	}{
		{Who{Host: host, PID: dead.Process.Pid}, true},
		{Who{Host: "elsewhere", PID: dead.Process.Pid}, false},
		{Who{Host: host, PID: os.Getpid()}, false},
	} {
		must(t, os.MkdirAll(filepath.Join(l.home, StateDir), 0o700))
		content, err := json.Marshal(holder{Who: tt.who, Since: time.Now()})
		must(t, err)
		l.write(t, lockFile, string(content))
		lock, err := AcquireLock(l.home, o)
		if (err == nil) != tt.taken {
			t.Errorf("%+v: %v", tt.who, err)
		}
		if lock != nil {
			must(t, lock.Release())
		}
	}
}

// TestLockExcludes has many take the lock at once: never two hold it.
func TestLockExcludes(t *testing.T) {
	l := newLab(t)
	var holders, taken atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 25 {
				lock, err := AcquireLock(l.home, l.options(Real()))
				if err != nil {
					var held *LockedError
					if !errors.As(err, &held) {
						t.Errorf("%v", err)
					}
					continue
				}
				if holders.Add(1) != 1 {
					t.Error("two hold the lock")
				}
				taken.Add(1)
				time.Sleep(time.Millisecond)
				holders.Add(-1)
				if err := lock.Release(); err != nil {
					t.Errorf("%v", err)
				}
			}
		})
	}
	wg.Wait()
	if taken.Load() == 0 {
		t.Error("nobody got it")
	}
}

func TestStateFolderThatIsNone(t *testing.T) {
	l := newLab(t)
	must(t, os.Symlink(l.world, filepath.Join(l.home, StateDir)))
	_, err := Apply(t.Context(), l.plan(), l.options(Real()))
	var preflight *PreflightError
	if !errors.As(err, &preflight) || !strings.Contains(err.Error(), "The name is taken by something that is not a folder") {
		t.Errorf("%v", err)
	}
	if names, err := os.ReadDir(l.world); err != nil || len(names) != 0 {
		t.Errorf("%v %v", names, err)
	}
	must(t, os.Remove(filepath.Join(l.home, StateDir)))
	must(t, os.Mkdir(filepath.Join(l.home, StateDir), 0o755))
	_, err = Apply(t.Context(), l.plan(), l.options(Real()))
	must(t, err)
	ours(t, l)
}

func TestWho(t *testing.T) {
	t.Setenv("SUDO_USER", "al\x1b[31mice\n")
	t.Setenv("SSH_CONNECTION", "10.0.0.7 50000 10.0.0.1 22")
	who := CurrentWho("1.2.3")
	if who.SudoUser != "al[31mice" || who.Client != "10.0.0.7" || who.Version != "1.2.3" || who.PID != os.Getpid() || who.User == "" || who.Host == "" {
		t.Errorf("%+v", who)
	}
	if s := (Who{}).String(); s != "" {
		t.Errorf("%q", s)
	}
}

func TestState(t *testing.T) {
	l := newLab(t)
	s := OpenState(l.home, Real())
	if _, err := s.Read("session.json"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	must(t, s.Remove("session.json"))
	for _, text := range []string{"one", "two, longer", ""} {
		must(t, s.Write("session.json", []byte(text)))
		if data, err := s.Read("session.json"); err != nil || string(data) != text {
			t.Errorf("%q %v", data, err)
		}
	}
	ours(t, l)
	must(t, s.Remove("session.json"))
	for _, name := range []string{"", ".", "..", "../x", "a/b", "lock", "audit.jsonl", "runs", ".hidden"} {
		if err := s.Write(name, nil); err == nil {
			t.Errorf("%q was written", name)
		}
	}
	names, err := os.ReadDir(filepath.Join(l.home, StateDir))
	must(t, err)
	if len(names) != 0 {
		t.Errorf("left: %v", names)
	}
}

// TestStateIsAtomic cuts off a write at every operation: there is the old content or the new one, and the next write works.
func TestStateIsAtomic(t *testing.T) {
	for n, more := 1, true; more; n++ {
		for _, half := range []bool{false, true} {
			l := newLab(t)
			must(t, OpenState(l.home, Real()).Write("session.json", []byte("old content")))
			p := &power{}
			sys := &faulty{crashAt: n, half: half, power: p}
			err := OpenState(l.home, sys).Write("session.json", []byte("new content"))
			p.cut()
			more = sys.crashed
			data, rerr := OpenState(l.home, Real()).Read("session.json")
			if got := string(data); rerr != nil || got != "old content" && got != "new content" || err == nil && got != "new content" {
				t.Errorf("%s: %v, then %q %v", sys.describe(), err, data, rerr)
			}
			must(t, OpenState(l.home, Real()).Write("session.json", []byte("third")))
			l.clear()
		}
	}
}
