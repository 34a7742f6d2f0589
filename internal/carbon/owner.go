package carbon

import (
	"os"
	"os/user"
	"strconv"
)

// Owner returns the user and the group that the home belongs to: by name, or by number where this machine has no name for them. Both are "" when they
// cannot be told, or the system has no such thing.
func (in *Install) Owner() (owner, group string) {
	info, err := os.Stat(in.Home)
	if err != nil {
		return "", ""
	}
	uid, gid, ok := ownerIDs(info)
	if !ok {
		return "", ""
	}
	owner, group = strconv.Itoa(uid), strconv.Itoa(gid)
	if u, err := user.LookupId(owner); err == nil {
		owner = u.Username
	}
	if g, err := user.LookupGroupId(group); err == nil {
		group = g.Name
	}
	return owner, group
}
