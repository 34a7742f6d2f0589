package apply

import (
	"fmt"
	"path"
	"slices"
)

// need is what a run takes on one file system.
type need struct {
	dir   string
	space Space
	bytes uint64
	files uint64
}

// book adds up the room that a change takes: the new file beside the target, and the backup.
func (in *inspector) book(it *item) {
	if it.entry.After != nil {
		in.take(it.entry.dir(), it.entry.After.Size, 2)
	}
	if it.entry.Before != nil {
		dir := StateDir
		if _, err := in.tree.Stat(dir); err != nil {
			dir = "."
		}
		in.take(dir, it.entry.Before.Size, 2)
	}
}

func (in *inspector) take(dir string, size int64, files uint64) {
	for in.making[dir].Mode != 0 {
		dir = path.Dir(dir)
	}
	space, ok := in.places[dir]
	if !ok {
		var err error
		if space, err = in.tree.Free(dir); err != nil {
			space = Space{}
		}
		in.places[dir] = space
	}
	if !space.Known {
		return
	}
	n := in.needs[space.Device]
	if n == nil {
		n = &need{dir: dir, space: space}
		in.needs[space.Device] = n
	}
	block := max(space.Block, 512)
	n.bytes += (uint64(max(size, 0)) + block) / block * block
	n.files += files
}

// room compares what the run takes with what is there.
func (in *inspector) room() {
	needs := make([]*need, 0, len(in.needs))
	for _, n := range in.needs {
		needs = append(needs, n)
	}
	slices.SortFunc(needs, func(a, b *need) int { return int(a.space.Device) - int(b.space.Device) })
	for _, n := range needs {
		if n.bytes > n.space.Bytes {
			in.problem(n.dir, fmt.Sprintf("There is not enough room on its file system: %d KiB are needed for the new files and the backup, %d KiB are free.", kib(n.bytes), n.space.Bytes>>10),
				"Make room and try again.")
		}
		if n.space.Files != 0 && n.files > n.space.Files {
			in.problem(n.dir, fmt.Sprintf("Its file system has only %d file entries (inodes) left; %d are needed.", n.space.Files, n.files), "Remove files and try again.")
		}
	}
}

func kib(n uint64) uint64 { return (n + 1023) >> 10 }
