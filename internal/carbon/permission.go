package carbon

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
)

// noPermission refuses a path that may not be read, with owner and mode of what stands in the way.
func noPermission(path string, cause error) error {
	fix := "Run carbon-setup as a user who may read it, or with sudo."
	if name := ownerName(obstacle(path)); name != "" && name != currentUser() {
		fix = fmt.Sprintf("Run carbon-setup as %s, or with sudo.", name)
	}
	return &RefusedError{
		Kind: NoPermission, Path: path, cause: cause,
		Found: "This may not be read: " + denied(path) + ".",
		Fix:   fix,
	}
}

// denied says who owns what stands in the way of reading path, and who we are. It has no final stop.
func denied(path string) string {
	what := obstacle(path)
	info, err := os.Lstat(what)
	if err != nil {
		return "permission denied to " + currentUser()
	}
	subject := "it"
	if what != path {
		subject = what
	}
	if owner := ownership(info); owner != "" {
		return fmt.Sprintf("%s belongs to %s with mode %s, and this is %s", subject, owner, info.Mode(), currentUser())
	}
	return fmt.Sprintf("%s has mode %s, and this is %s", subject, info.Mode(), currentUser())
}

// obstacle returns the first folder on the way to path that may not be entered, else path.
func obstacle(path string) string {
	volume := filepath.VolumeName(path)
	at := volume + string(filepath.Separator)
	for _, name := range strings.Split(strings.TrimPrefix(path, at), string(filepath.Separator)) {
		next := filepath.Join(at, name)
		info, err := os.Lstat(next)
		if err != nil {
			return at
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			target, err := filepath.EvalSymlinks(next)
			if err != nil {
				return next
			}
			next = target
		}
		at = next
	}
	return path
}

// currentUser names the user whose rights count.
func currentUser() string {
	uid := os.Geteuid()
	if uid < 0 {
		if u, err := user.Current(); err == nil {
			return u.Username
		}
		return "another user"
	}
	return userName(uid)
}

// userName returns the login name of a user id, or the number.
func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return "uid " + strconv.Itoa(uid)
}

func groupName(gid int) string {
	if g, err := user.LookupGroupId(strconv.Itoa(gid)); err == nil {
		return g.Name
	}
	return "gid " + strconv.Itoa(gid)
}

// ownerName returns the login name of the owner of path, "" when it cannot be told.
func ownerName(path string) string {
	info, err := os.Lstat(path)
	if err != nil {
		return ""
	}
	uid, _, ok := ownerIDs(info)
	if !ok {
		return ""
	}
	return userName(uid)
}

// ownership returns "user:group", "" when the system has no such thing.
func ownership(info fs.FileInfo) string {
	uid, gid, ok := ownerIDs(info)
	if !ok {
		return ""
	}
	return userName(uid) + ":" + groupName(gid)
}
