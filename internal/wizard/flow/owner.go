package flow

import (
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"sync"

	"carbon-setup/internal/wizard/texts"
)

// owners names users and groups, each looked up once: a directory service may be asked for them.
type owners struct {
	mu    sync.Mutex
	names map[string]string
}

// of names who a file belongs to; "" where the system does not say.
func (o *owners) of(info fs.FileInfo) (owner, group string) {
	uid, gid, ok := idsOf(info)
	if !ok {
		return "", ""
	}
	return o.user(uid), o.group(gid)
}

// us is the user that files are opened as.
func (o *owners) us() string { return o.user(os.Geteuid()) }

func (o *owners) user(id int) string {
	return o.named("u", id, func(text string) (string, error) {
		u, err := user.LookupId(text)
		if err != nil {
			return "", err
		}
		return u.Username, nil
	})
}

func (o *owners) group(id int) string {
	return o.named("g", id, func(text string) (string, error) {
		g, err := user.LookupGroupId(text)
		if err != nil {
			return "", err
		}
		return g.Name, nil
	})
}

func (o *owners) named(kind string, id int, look func(string) (string, error)) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := strconv.Itoa(id)
	if name, ok := o.names[kind+text]; ok {
		return name
	}
	name, err := look(text)
	if err != nil {
		name = texts.UnnamedID(text)
	}
	if o.names == nil {
		o.names = map[string]string{}
	}
	o.names[kind+text] = name
	return name
}
