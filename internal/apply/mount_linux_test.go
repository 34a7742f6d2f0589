package apply

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// mount mounts for the time of a test. ok is false when we may not.
func mount(t *testing.T, source, target, kind string, flags uintptr, data string) (ok bool) {
	t.Helper()
	if err := unix.Mount(source, target, kind, flags, data); err != nil {
		t.Logf("mounts are not allowed here (%v); the faulty system stands for them", err)
		return false
	}
	t.Cleanup(func() { must(t, unix.Unmount(target, unix.MNT_DETACH)) })
	return true
}

// TestFullFileSystem applies on file systems that are too small, found by preflight or only when the bytes are written.
func TestFullFileSystem(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		blind      bool // preflight cannot tell how much room there is
		want       string
	}{
		{"told by preflight", "size=96k", false, "There is not enough room on its file system"},
		{"no inodes left", "size=4m,nr_inodes=20", false, "file entries (inodes) left"},
		{"full while writing", "size=64k", true, "no space left on device"},
		{"no inodes while writing", "size=4m,nr_inodes=20", true, "no space left on device"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := &lab{root: t.TempDir()}
			l.home, l.world = filepath.Join(l.root, "home"), filepath.Join(l.root, "world")
			must(t, os.Mkdir(l.home, 0o755))
			if !mount(t, "tmpfs", l.home, "tmpfs", 0, tt.data) {
				return
			}
			l.fill(t)
			before := l.tree(t, false)
			sys := Real()
			if tt.blind {
				sys = wrapped{Real(), func(tree Tree) Tree { return spacious{tree} }}
			}
			_, err := Apply(t.Context(), l.plan(), l.options(sys))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v", err)
			}
			var back *RolledBackError
			if tt.blind != errors.As(err, &back) {
				t.Errorf("%T %v", err, err)
			}
			sameTree(t, "tree", before, l.tree(t, false))
			if _, err := Recover(t.Context(), l.home, l.options(Real())); err != nil {
				t.Errorf("recovery: %v", err)
			}
			sameTree(t, "recovered", before, l.tree(t, false))
		})
	}
}

// TestDiskFillsUpBehindTheSwap fills the disk before the verification fails: taking back needs no room.
func TestDiskFillsUpBehindTheSwap(t *testing.T) {
	l := &lab{root: t.TempDir()}
	l.home, l.world = filepath.Join(l.root, "home"), filepath.Join(l.root, "world")
	must(t, os.Mkdir(l.home, 0o755))
	if !mount(t, "tmpfs", l.home, "tmpfs", 0, "size=2m") {
		return
	}
	l.fill(t)
	before := l.tree(t, false)
	o := l.options(Real())
	filler := filepath.Join(l.home, StateDir, "filler")
	o.Verify = func(context.Context) error {
		if err := os.WriteFile(filler, make([]byte, 4<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
			t.Errorf("the disk is not full: %v", err)
		}
		return errors.New("does not parse")
	}
	_, err := Apply(t.Context(), l.plan(), o)
	var back *RolledBackError
	if !errors.As(err, &back) {
		t.Errorf("%v", err)
	}
	sameTree(t, "tree", before, l.tree(t, false))
	must(t, os.Remove(filler))
	if _, err := Recover(t.Context(), l.home, l.options(Real())); err != nil {
		t.Errorf("recovery: %v", err)
	}
	sameTree(t, "recovered", before, l.tree(t, false))
	if u, err := Unfinished(l.home); err != nil || u != nil {
		t.Errorf("%v %v", u, err)
	}
}

func TestReadOnlyMounts(t *testing.T) {
	l := newLab(t)
	conf := filepath.Join(l.home, "repository/conf")
	if !mount(t, conf, conf, "", unix.MS_BIND, "") {
		return
	}
	must(t, unix.Mount("", conf, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	got := l.problems(t, l.options(Real()), l.plan())
	if !strings.Contains(got, "repository/conf/carbon.xml: Its folder cannot be written to: the file system is mounted read-only. Mount the file system writable") {
		t.Error(got)
	}
	before := l.tree(t, false)
	_, err := Apply(t.Context(), l.plan(), l.options(Real()))
	var preflight *PreflightError
	if !errors.As(err, &preflight) {
		t.Errorf("%v", err)
	}
	sameTree(t, "tree", before, l.tree(t, false))
}

// TestReadOnlyHome has no place for the lock: that is told with everything else.
func TestReadOnlyHome(t *testing.T) {
	l := newLab(t)
	if !mount(t, l.home, l.home, "", unix.MS_BIND, "") {
		return
	}
	must(t, unix.Mount("", l.home, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	_, err := Apply(t.Context(), l.plan(), l.options(Real()))
	var preflight *PreflightError
	if !errors.As(err, &preflight) || len(preflight.Problems) != 4 || preflight.Problems[0].Path != StateDir {
		t.Errorf("%v", err)
	}
}

// TestMountedFile has one file mounted over another, as containers do it: preflight refuses; were it not to, the rename would.
func TestMountedFile(t *testing.T) {
	l := newLab(t)
	outside := filepath.Join(l.world, "carbon.xml")
	must(t, os.WriteFile(outside, []byte(carbonBefore), 0o600))
	target := filepath.Join(l.home, "repository/conf/carbon.xml")
	if !mount(t, outside, target, "", unix.MS_BIND, "") {
		return
	}
	if got := l.problems(t, l.options(Real()), l.plan()); !strings.Contains(got, "repository/conf/carbon.xml: It is a mount of its own") {
		t.Error(got)
	}
	before := l.tree(t, false)
	blind := wrapped{Real(), func(tree Tree) Tree { return plain{tree} }}
	_, err := Apply(t.Context(), l.plan(), l.options(blind))
	var back *RolledBackError
	if !errors.As(err, &back) || !errors.Is(err, unix.EBUSY) && !errors.Is(err, unix.EXDEV) {
		t.Errorf("%v", err)
	}
	sameTree(t, "tree", before, l.tree(t, false))
}

// plain is a tree in which nothing is special.
type plain struct{ Tree }

func (plain) Special(string) (Special, error) { return Special{}, nil }

// Flags of FS_IOC_SETFLAGS.
const (
	flagImmutable = 0x10
	flagAppend    = 0x20
)

func TestImmutable(t *testing.T) {
	for flag, want := range map[int]string{flagImmutable: "It is marked immutable. Take the mark off: chattr -i", flagAppend: "It is marked append-only. Take the mark off: chattr -a"} {
		l := newLab(t)
		f, err := os.Open(filepath.Join(l.home, "repository/conf/carbon.xml"))
		must(t, err)
		fd := int(f.Fd())
		if err := unix.IoctlSetPointerInt(fd, unix.FS_IOC_SETFLAGS, flag); err != nil {
			t.Logf("the flag cannot be set here: %v", err)
			must(t, f.Close())
			continue
		}
		got := l.problems(t, l.options(Real()), l.plan())
		must(t, unix.IoctlSetPointerInt(fd, unix.FS_IOC_SETFLAGS, 0))
		must(t, f.Close())
		if !strings.Contains(got, "repository/conf/carbon.xml: "+want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

// acl is the extended attribute of an access list in which one more user has rights.
func acl(user, group, other uint16, name uint32, rights, mask uint16) []byte {
	var b bytes.Buffer
	put := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	put(uint32(2))
	for _, e := range []struct {
		tag, rights uint16
		id          uint32
	}{{1, user, 1<<32 - 1}, {2, rights, name}, {4, group, 1<<32 - 1}, {0x10, mask, 1<<32 - 1}, {0x20, other, 1<<32 - 1}} {
		put(e.tag)
		put(e.rights)
		put(e.id)
	}
	return b.Bytes()
}

// TestExtendedAttributes keeps access lists and the user's attributes, and does not take over the default access list of a folder.
func TestExtendedAttributes(t *testing.T) {
	l := newLab(t)
	conf := filepath.Join(l.home, "repository/conf")
	carbon, users := filepath.Join(conf, "carbon.xml"), filepath.Join(conf, "user-mgt.xml")
	if err := unix.Setxattr(carbon, accessList, acl(6, 0, 0, 1234, 4, 4), 0); err != nil {
		t.Logf("no access lists here: %v", err)
		return
	}
	must(t, unix.Setxattr(conf, "system.posix_acl_default", acl(7, 5, 5, 4321, 7, 7), 0))
	user := unix.Setxattr(carbon, "user.note", []byte("of mine"), 0)
	state := func() string {
		var out strings.Builder
		for _, file := range []string{carbon, users} {
			fi, err := os.Stat(file)
			must(t, err)
			fmt.Fprintf(&out, "%s %s", filepath.Base(file), fi.Mode())
			for _, name := range []string{accessList, "user.note"} {
				buf := make([]byte, 200)
				if n, err := unix.Getxattr(file, name, buf); err == nil {
					fmt.Fprintf(&out, " %s=%x", name, buf[:n])
				}
			}
			out.WriteByte('\n')
		}
		return out.String()
	}
	before := state()
	if !strings.Contains(before, accessList+"=") || user == nil && !strings.Contains(before, "user.note=6f66206d696e65") {
		t.Fatal(before)
	}
	_, err := Apply(t.Context(), l.plan(), l.options(Real()))
	must(t, err)
	if got := state(); got != before {
		t.Errorf("applied\n%swas\n%s", got, before)
	}
	_, _, err = Restore(t.Context(), l.home, RestoreOptions{Options: l.options(Real())})
	must(t, err)
	if got := state(); got != before {
		t.Errorf("restored\n%swas\n%s", got, before)
	}
	// From the backup alone, as where there are no hard links.
	o := l.options(wrapped{Real(), func(tree Tree) Tree { return linkless{tree} }})
	o.Verify = func(context.Context) error { return errors.New("no") }
	_, err = Apply(t.Context(), l.plan(), o)
	var back *RolledBackError
	if !errors.As(err, &back) {
		t.Errorf("%v", err)
	}
	if got := state(); got != before {
		t.Errorf("taken back\n%swas\n%s", got, before)
	}
}

// linkless is a tree on a file system without hard links.
type linkless struct{ Tree }

func (linkless) Link(from, _ string) error { return pathError("link", from, unix.EPERM) }

// TestWithoutHardLinks takes back from the backup alone.
func TestWithoutHardLinks(t *testing.T) {
	l := newLab(t)
	before := l.tree(t, false)
	o := l.options(wrapped{Real(), func(tree Tree) Tree { return linkless{tree} }})
	o.Verify = func(context.Context) error { return errors.New("no") }
	_, err := Apply(t.Context(), l.plan(), o)
	var back *RolledBackError
	if !errors.As(err, &back) {
		t.Errorf("%v", err)
	}
	sameTree(t, "tree", before, l.tree(t, false))
}
