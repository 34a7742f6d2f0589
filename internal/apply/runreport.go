package apply

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// maxReport is more than any report of ours has, in bytes.
const maxReport = 16 << 20

// ReadReport returns the report that a run has left, as Markdown; nil for a run without one: a restore, or one that was rolled back.
func ReadReport(home string, run Run) ([]byte, error) {
	tree, err := ReadOnly().Open(home)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	name := path.Join(runsDir, run.ID, reportFile)
	info, err := tree.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && (!info.Mode.IsRegular() || info.Size > maxReport) {
		err = errors.New("it is not the file that was written")
	}
	if err != nil {
		return nil, fmt.Errorf("the report of run %s cannot be read: %w", run.ID, err)
	}
	data, err := tree.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("the report of run %s cannot be read: %w", run.ID, err)
	}
	return data, nil
}
