package apply

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// errCrash is what every operation returns once the faulty system has crashed: the code that is left to run can do nothing any more, which is
// what a kill comes to.
var errCrash = errors.New("crashed")

// faulty makes one operation fail, or be the last one. The operations of a run are counted from 1.
type faulty struct {
	mu sync.Mutex

	failAt   int           // this operation fails, having done half of it when it writes
	failFrom int           // so does every operation of the kinds in failOps from this one on
	failOps  string        // "write append mkdir link": what a full disk refuses
	errno    syscall.Errno // the error
	crashAt  int           // after this operation the process is gone
	half     bool          // it is gone in the midst of it: half of what it writes is there
	power    *power        // and what was not made durable may be lost
	before   func(op, name string)

	n       int
	crashed bool
	trace   []string
	home    string
}

func (f *faulty) Open(home string) (Tree, error) {
	tree, err := Real().Open(home)
	if err != nil {
		return nil, err
	}
	f.home = tree.Home()
	if f.power != nil && f.power.home == "" {
		f.power.open(f.home)
	}
	return &faultyTree{Tree: tree, f: f}, nil
}

// step counts an operation. fail: it must not succeed. half: and what it writes is cut off in the middle.
func (f *faulty) step(op, name string) (half bool, fail error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crashed {
		return false, errCrash
	}
	f.n++
	f.trace = append(f.trace, fmt.Sprintf("%d %s %s", f.n, op, name))
	if f.before != nil {
		f.before(op, name)
	}
	switch {
	case f.n == f.failAt, f.failFrom > 0 && f.n >= f.failFrom && strings.Contains(f.failOps, op):
		return true, &fs.PathError{Op: op, Path: name, Err: f.errno}
	case f.n == f.crashAt && f.half:
		f.crashed = true
		return true, errCrash
	}
	return false, nil
}

// done ends an operation that was made.
func (f *faulty) done(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.n == f.crashAt && !f.crashed {
		f.crashed = true
		return errCrash
	}
	return err
}

func (f *faulty) describe() string {
	at := max(f.failAt, f.crashAt)
	if at == 0 || at > len(f.trace) {
		return "no fault"
	}
	return f.trace[at-1]
}

type faultyTree struct {
	Tree
	f *faulty
}

func (t *faultyTree) do(op, name string, call func() error) error {
	if _, fail := t.f.step(op, name); fail != nil {
		return fail
	}
	return t.f.done(call())
}

func (t *faultyTree) Stat(name string) (info Info, err error) {
	err = t.do("stat", name, func() (err error) { info, err = t.Tree.Stat(name); return err })
	return info, err
}

func (t *faultyTree) ReadFile(name string) (data []byte, err error) {
	err = t.do("read", name, func() (err error) { data, err = t.Tree.ReadFile(name); return err })
	return data, err
}

func (t *faultyTree) ReadDir(name string) (names []string, err error) {
	err = t.do("readdir", name, func() (err error) { names, err = t.Tree.ReadDir(name); return err })
	return names, err
}

func (t *faultyTree) Readlink(name string) (dest string, err error) {
	err = t.do("readlink", name, func() (err error) { dest, err = t.Tree.Readlink(name); return err })
	return dest, err
}

func (t *faultyTree) Writable(dir string) error {
	return t.do("access", dir, func() error { return t.Tree.Writable(dir) })
}

func (t *faultyTree) Special(name string) (s Special, err error) {
	err = t.do("statx", name, func() (err error) { s, err = t.Tree.Special(name); return err })
	return s, err
}

func (t *faultyTree) Free(dir string) (s Space, err error) {
	err = t.do("statfs", dir, func() (err error) { s, err = t.Tree.Free(dir); return err })
	return s, err
}

func (t *faultyTree) Xattrs(name string) (attrs map[string][]byte, err error) {
	err = t.do("getxattr", name, func() (err error) { attrs, err = t.Tree.Xattrs(name); return err })
	return attrs, err
}

func (t *faultyTree) LockHolder(name string) (content []byte, held bool, err error) {
	err = t.do("lockholder", name, func() (err error) { content, held, err = t.Tree.LockHolder(name); return err })
	return content, held, err
}

func (t *faultyTree) WriteNew(name string, perm fs.FileMode, data []byte) error {
	half, fail := t.f.step("write", name)
	if fail == nil {
		return t.f.done(t.f.power.wrote(name, t.Tree.WriteNew(name, perm, data)))
	}
	if half {
		_ = t.f.power.wrote(name, t.Tree.WriteNew(name, perm, data[:len(data)/2]))
	}
	return fail
}

func (t *faultyTree) Append(name string, perm fs.FileMode, data []byte) error {
	half, fail := t.f.step("append", name)
	if fail == nil {
		return t.f.done(t.f.power.appended(name, func() error { return t.Tree.Append(name, perm, data) }))
	}
	if half {
		_ = t.f.power.appended(name, func() error { return t.Tree.Append(name, perm, data[:len(data)/2]) })
	}
	return fail
}

func (t *faultyTree) Mkdir(name string, perm fs.FileMode) error {
	return t.do("mkdir", name, func() error { return t.f.power.made(name, t.Tree.Mkdir(name, perm)) })
}

func (t *faultyTree) Rename(from, to string) error {
	return t.do("rename", from, func() error { return t.f.power.rename(from, to, func() error { return t.Tree.Rename(from, to) }) })
}

func (t *faultyTree) Link(from, to string) error {
	return t.do("link", from, func() error { return t.f.power.made(to, t.Tree.Link(from, to)) })
}

func (t *faultyTree) Remove(name string) error {
	return t.do("remove", name, func() error { return t.f.power.remove(name, func() error { return t.Tree.Remove(name) }) })
}

func (t *faultyTree) Chmod(name string, mode fs.FileMode) error {
	return t.do("chmod", name, func() error { return t.f.power.chmod(name, func() error { return t.Tree.Chmod(name, mode) }) })
}

func (t *faultyTree) Chown(name string, uid, gid int) error {
	return t.do("chown", name, func() error { return t.Tree.Chown(name, uid, gid) })
}

func (t *faultyTree) Chtimes(name string, mtime time.Time) error {
	return t.do("chtimes", name, func() error { return t.Tree.Chtimes(name, mtime) })
}

func (t *faultyTree) SetXattrs(name string, attrs map[string][]byte) (lost []string, err error) {
	err = t.do("setxattr", name, func() (err error) { lost, err = t.Tree.SetXattrs(name, attrs); return err })
	return lost, err
}

// Sync does not wait for the disk: what would be lost is worked out by power.
func (t *faultyTree) Sync(name string) error {
	return t.do("sync", name, func() error {
		if _, err := t.Tree.Stat(name); err != nil {
			return err
		}
		t.f.power.synced(name)
		return nil
	})
}

func (t *faultyTree) Lock(name string, content []byte) (func() error, error) {
	var unlock func() error
	err := t.do("lock", name, func() (err error) { unlock, err = t.Tree.Lock(name, content); return err })
	if unlock == nil {
		return nil, err
	}
	release := func() error {
		_, fail := t.f.step("unlock", name)
		if fail == nil {
			return t.f.done(unlock())
		}
		// The kernel takes the lock away from a process that is gone; the file stays.
		_ = unlock()
		_ = t.Tree.WriteNew(name, 0o600, content)
		return fail
	}
	if err != nil { // crashed with the lock in hand
		_ = release()
		return nil, err
	}
	return release, nil
}

// power models what a power cut may lose: the content and mode of files that were written since their last sync, and what was done in a
// folder since its last sync, from any moment on. A nil power loses nothing.
type power struct {
	rnd    *rand.Rand // decides what is lost; nil = everything that can be
	deaf   bool       // syncs are not heeded: to see that the test would notice
	home   string
	shadow string

	sizes map[string]int64 // by path: how much of a file's content is durable
	modes map[string]fs.FileMode
	ops   []dirOp
	count int
}

// dirOp is an entry of a folder that is not durable yet, and how to undo it.
type dirOp struct {
	dir  string
	undo func()
}

func (p *power) open(home string) {
	p.home, p.shadow = home, home+".shadow"
	p.sizes, p.modes = map[string]int64{}, map[string]fs.FileMode{}
	_ = os.MkdirAll(p.shadow, 0o700)
}

func (p *power) abs(name string) string { return filepath.Join(p.home, filepath.FromSlash(name)) }

func (p *power) op(name string, undo func()) {
	p.ops = append(p.ops, dirOp{dir: path.Dir(name), undo: undo})
}

func (p *power) wrote(name string, err error) error {
	if p == nil || err != nil {
		return err
	}
	p.sizes[name] = 0
	return p.made(name, nil)
}

func (p *power) made(name string, err error) error {
	if p == nil || err != nil {
		return err
	}
	p.op(name, func() { _ = os.RemoveAll(p.abs(name)) })
	return nil
}

func (p *power) appended(name string, call func() error) error {
	if p == nil {
		return call()
	}
	fi, err := os.Lstat(p.abs(name))
	if err != nil {
		return p.wrote(name, call())
	}
	if _, pending := p.sizes[name]; !pending {
		p.sizes[name] = fi.Size()
	}
	return call()
}

// keep gives the file that a name stands for a name outside the home, so that it can come back.
func (p *power) keep(name string) (back func()) {
	fi, err := os.Lstat(p.abs(name))
	if err != nil {
		return func() {}
	}
	if fi.IsDir() {
		return func() { _ = os.Mkdir(p.abs(name), fi.Mode().Perm()) }
	}
	p.count++
	kept := filepath.Join(p.shadow, fmt.Sprint(p.count))
	_ = os.Link(p.abs(name), kept)
	return func() {
		_ = os.Remove(p.abs(name))
		_ = os.Link(kept, p.abs(name))
	}
}

func (p *power) rename(from, to string, call func() error) error {
	if p == nil {
		return call()
	}
	back := p.keep(to)
	_, err := os.Lstat(p.abs(to))
	existed := err == nil
	if err := call(); err != nil {
		return err
	}
	if size, ok := p.sizes[from]; ok {
		p.sizes[to] = size
		delete(p.sizes, from)
	} else {
		delete(p.sizes, to)
	}
	p.op(to, func() {
		_ = os.Rename(p.abs(to), p.abs(from))
		if existed {
			back()
		}
	})
	return nil
}

func (p *power) remove(name string, call func() error) error {
	if p == nil {
		return call()
	}
	back := p.keep(name)
	if err := call(); err != nil {
		return err
	}
	delete(p.sizes, name)
	p.op(name, back)
	return nil
}

func (p *power) chmod(name string, call func() error) error {
	if p == nil {
		return call()
	}
	if fi, err := os.Lstat(p.abs(name)); err == nil {
		if _, pending := p.modes[name]; !pending {
			p.modes[name] = fi.Mode().Perm()
		}
	}
	return call()
}

func (p *power) synced(name string) {
	if p == nil || p.deaf {
		return
	}
	delete(p.sizes, name)
	delete(p.modes, name)
	kept := p.ops[:0]
	for _, op := range p.ops {
		if op.dir != name {
			kept = append(kept, op)
		}
	}
	p.ops = kept
}

// cut is the power cut: it undoes, from the last back, the entries that are lost. In one folder they are lost from some moment on; folders
// lose independently of each other.
func (p *power) cut() {
	for name, size := range p.sizes {
		fi, err := os.Lstat(p.abs(name))
		if err != nil {
			continue
		}
		switch {
		case p.rnd == nil || p.rnd.IntN(3) == 0: // all is lost
		case p.rnd.IntN(2) == 0: // nothing is
			size = fi.Size()
		default:
			size += p.rnd.Int64N(fi.Size() - size + 1)
		}
		_ = os.Truncate(p.abs(name), size)
	}
	for name, mode := range p.modes {
		if p.rnd == nil || p.rnd.IntN(2) == 0 {
			_ = os.Chmod(p.abs(name), mode)
		}
	}
	keep := map[string]int{}
	for _, op := range p.ops {
		keep[op.dir]++
	}
	lose := map[string]int{}
	for dir, n := range keep {
		lose[dir] = n
		switch {
		case p.rnd == nil || p.rnd.IntN(3) == 0:
		case p.rnd.IntN(2) == 0:
			lose[dir] = 0
		default:
			lose[dir] = p.rnd.IntN(n + 1)
		}
	}
	for i := len(p.ops) - 1; i >= 0; i-- {
		op := p.ops[i]
		if lose[op.dir] > 0 {
			lose[op.dir]--
			op.undo()
		}
	}
	_ = os.RemoveAll(p.shadow)
}
