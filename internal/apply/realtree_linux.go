package apply

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func fillInfo(info *Info, fi fs.FileInfo) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return
	}
	info.UID, info.GID = int(st.Uid), int(st.Gid)
	info.Links = uint64(st.Nlink)                    //nolint:unconvert // its type differs between architectures
	info.Device, info.Inode = uint64(st.Dev), st.Ino //nolint:unconvert // its type differs between architectures
	info.Changed = time.Unix(st.Ctim.Unix())
}

// unsupported reports whether an error says that the file system does not know the operation.
func unsupported(err error) bool {
	return errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOLCK)
}

func flock(f *os.File, exclusive bool) error {
	how := unix.LOCK_SH | unix.LOCK_NB
	if exclusive {
		how = unix.LOCK_EX | unix.LOCK_NB
	}
	err := unix.Flock(int(f.Fd()), how)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errHeld
	}
	return err
}

func (t *realTree) Writable(dir string) error {
	d, err := t.root.Open(dir)
	if err != nil {
		return err
	}
	// AT_EACCESS asks with the effective rights; a read-only mount and an immutable folder are told to root, too.
	err = unix.Faccessat(int(d.Fd()), ".", unix.W_OK|unix.X_OK, unix.AT_EACCESS)
	return errors.Join(pathError("access", dir, err), d.Close())
}

func (t *realTree) Special(name string) (Special, error) {
	dir, base, err := t.parent(name)
	if err != nil {
		return Special{}, err
	}
	var st unix.Statx_t
	err = unix.Statx(int(dir.Fd()), base, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BASIC_STATS, &st)
	if err != nil {
		return Special{}, errors.Join(pathError("statx", name, err), dir.Close())
	}
	has := func(flag uint64) bool { return st.Attributes_mask&flag != 0 && st.Attributes&flag != 0 }
	return Special{
		Immutable:  has(unix.STATX_ATTR_IMMUTABLE),
		AppendOnly: has(unix.STATX_ATTR_APPEND),
		Mount:      has(unix.STATX_ATTR_MOUNT_ROOT),
	}, dir.Close()
}

func (t *realTree) Free(dir string) (Space, error) {
	d, err := t.root.Open(dir)
	if err != nil {
		return Space{}, err
	}
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(d.Fd()), &st); err != nil {
		return Space{}, errors.Join(pathError("statfs", dir, err), d.Close())
	}
	fi, err := d.Stat()
	if err != nil {
		return Space{}, errors.Join(err, d.Close())
	}
	var info Info
	fillInfo(&info, fi)
	blocks := st.Bavail
	if os.Geteuid() == 0 {
		blocks = st.Bfree
	}
	block := uint64(st.Bsize)
	return Space{Known: st.Blocks > 0, Device: info.Device, Bytes: blocks * block, Files: st.Ffree, Block: block}, d.Close()
}

// accessList is the extended attribute that holds a POSIX access list.
const accessList = "system.posix_acl_access"

// kept reports whether a replaced file has to keep an extended attribute. Those of the integrity subsystem sign the old content.
func kept(name string) bool {
	return name == accessList || name == "security.selinux" || strings.HasPrefix(name, "user.")
}

func (t *realTree) Xattrs(name string) (map[string][]byte, error) {
	f, err := t.root.Open(name)
	if err != nil {
		return nil, err
	}
	attrs, err := xattrs(int(f.Fd()))
	return attrs, errors.Join(pathError("listxattr", name, err), f.Close())
}

func xattrs(fd int) (map[string][]byte, error) {
	names, err := sized(func(buf []byte) (int, error) { return unix.Flistxattr(fd, buf) })
	if err != nil || len(names) == 0 {
		if err != nil && unsupported(err) {
			err = nil
		}
		return nil, err
	}
	attrs := map[string][]byte{}
	for name := range strings.SplitSeq(strings.TrimRight(string(names), "\x00"), "\x00") {
		if !kept(name) {
			continue
		}
		value, err := sized(func(buf []byte) (int, error) { return unix.Fgetxattr(fd, name, buf) })
		switch {
		case err == nil:
			attrs[name] = value
		case errors.Is(err, unix.ENODATA) || unsupported(err):
		default:
			return nil, err
		}
	}
	return attrs, nil
}

// sized calls get with room for what it returns.
func sized(get func(buf []byte) (int, error)) ([]byte, error) {
	for {
		n, err := get(nil)
		if err != nil || n == 0 {
			return nil, err
		}
		buf := make([]byte, n)
		n, err = get(buf)
		if errors.Is(err, unix.ERANGE) {
			continue // it grew between the calls
		}
		return buf[:max(n, 0)], err
	}
}

func (t *realTree) SetXattrs(name string, attrs map[string][]byte) (lost []string, err error) {
	f, err := t.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	fd := int(f.Fd())
	has, err := xattrs(fd)
	if err != nil {
		return nil, pathError("listxattr", name, err)
	}
	// A folder's default access list is given to every new file in it; the file that is replaced may have had none.
	if _, inherited := has[accessList]; inherited && attrs[accessList] == nil {
		if err := unix.Fremovexattr(fd, accessList); err != nil {
			return nil, pathError("removexattr", name, err)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(attrs)) {
		if string(has[key]) == string(attrs[key]) && has[key] != nil {
			continue
		}
		err := unix.Fsetxattr(fd, key, attrs[key], 0)
		switch {
		case err == nil:
		case key == accessList:
			return lost, pathError("setxattr", name, err)
		default:
			lost = append(lost, key)
		}
	}
	return lost, nil
}
