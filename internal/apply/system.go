package apply

import (
	"errors"
	"io/fs"
	"time"
)

// System opens homes. Real does everything that is asked of it; ReadOnly refuses every write, so that what holds it cannot write;
// tests inject faults with theirs.
type System interface {
	// Open returns the tree of a home. Errors are those of the file system.
	Open(home string) (Tree, error)
}

// Tree is every operation on the file system that a transaction makes, on slash paths relative to one home. Errors are *fs.PathError or
// *os.LinkError around the system's own. No operation reaches out of the home: a link that leads out of it is an error.
//
// The operations are small on purpose: each is one step that happens or does not, and that a test can make fail or be the last one.
type Tree interface {
	Reader
	Writer
	// Close gives back what Open took. It does not release a lock.
	Close() error
}

// Reader is what a Tree does without changing anything.
type Reader interface {
	// Home is the absolute path of the home.
	Home() string
	// Me says as whom the operations are made.
	Me() Identity
	// Stat describes a file without following a link at its end.
	Stat(name string) (Info, error)
	ReadFile(name string) ([]byte, error)
	ReadDir(name string) ([]string, error) // names, sorted
	Readlink(name string) (string, error)
	// Writable reports why files cannot be made in a folder, nil when they can.
	Writable(dir string) error
	// Special tells what hinders replacing a file besides its rights.
	Special(name string) (Special, error)
	// Free returns the room on the file system of a folder.
	Free(dir string) (Space, error)
	// Xattrs returns the extended attributes that a replaced file has to keep: access lists, labels, the user's own.
	Xattrs(name string) (map[string][]byte, error)
	// LockHolder returns the content of a lock file, and whether somebody alive holds it.
	LockHolder(name string) (content []byte, held bool, err error)
}

// Writer is what a Tree does to the home. Nothing is durable before Sync, of the file and of its folder.
type Writer interface {
	// WriteNew creates a file that must not be there yet and writes it. On an error a part of it may be there.
	WriteNew(name string, perm fs.FileMode, data []byte) error
	// Append adds to the end of a file, which it creates with perm when it is not there.
	Append(name string, perm fs.FileMode, data []byte) error
	Mkdir(name string, perm fs.FileMode) error
	// Rename puts a file in the place of another, at once.
	Rename(from, to string) error
	// Link gives a file a second name.
	Link(from, to string) error
	// Remove removes a file or an empty folder.
	Remove(name string) error
	Chmod(name string, mode fs.FileMode) error
	Chown(name string, uid, gid int) error
	Chtimes(name string, mtime time.Time) error
	// SetXattrs makes the extended attributes those of attrs. It returns those that could not be set besides access lists, which must be.
	SetXattrs(name string, attrs map[string][]byte) (lost []string, err error)
	// Sync makes a file or a folder durable.
	Sync(name string) error
	// Lock creates or takes over a lock file and writes content into it. unlock removes it. Errors: errHeld, errUnsure.
	Lock(name string, content []byte) (unlock func() error, err error)
}

// Errors of the seam.
var (
	// ErrReadOnly is what every write of a ReadOnly system fails with.
	ErrReadOnly = errors.New("a dry run does not write")
	// errHeld says that a living process holds the lock.
	errHeld = errors.New("the lock is held")
	// errUnsure says that there is a lock file on a file system that cannot tell whether its holder lives.
	errUnsure = errors.New("the lock may be held")
)

// Identity is the user whose rights count.
type Identity struct {
	UID, GID int
	Groups   []int // without GID
}

// root reports whether the rights of files do not bind.
func (i Identity) root() bool { return i.UID == 0 }

// inGroup reports whether a file can be given to a group.
func (i Identity) inGroup(gid int) bool {
	if i.root() || i.GID == gid {
		return true
	}
	for _, g := range i.Groups {
		if g == gid {
			return true
		}
	}
	return false
}

// Info describes a file.
type Info struct {
	Mode     fs.FileMode // type and permission bits
	Size     int64
	MTime    time.Time
	UID, GID int
	Links    uint64
	// Device and Inode are the file's identity; Changed moves with every change of content or attributes. Zero where the system has none.
	Device, Inode uint64
	Changed       time.Time
}

// same reports whether nothing has happened to a file between two looks.
func (i Info) same(o Info) bool {
	return i.Mode == o.Mode && i.Size == o.Size && i.MTime.Equal(o.MTime) && i.Device == o.Device && i.Inode == o.Inode && i.Changed.Equal(o.Changed)
}

// Special is what hinders replacing a file.
type Special struct {
	Immutable  bool // chattr +i
	AppendOnly bool // chattr +a
	Mount      bool // a file system of its own, such as one file mounted into a container: rename is refused with EBUSY
}

// Space is the room on a file system. Device tells file systems apart; Known is false where it cannot be told.
type Space struct {
	Known  bool
	Device uint64
	Bytes  uint64
	Files  uint64 // 0 = the file system does not count them
	Block  uint64
}
