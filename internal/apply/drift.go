package apply

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// DriftItem is a file that runs have written, and whether it is as the last of them left it.
type DriftItem struct {
	Path    string
	Run     string // the last run that wrote or removed it
	Changed string // what is so instead, "" = as the run left it: "changed", "removed", "created again", "mode is 0640 and was 0600"
}

// Drift compares every file of the history with what the last committed run made of it, in order of path. It reads only.
func Drift(home string) ([]DriftItem, error) {
	tree, err := ReadOnly().Open(home)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	runs, err := history(tree)
	if err != nil {
		return nil, err
	}
	last := map[string]lastWritten{}
	for i := range runs {
		if runs[i].State != stateApplied {
			continue // what was restored is as an earlier run, or nobody, has left it
		}
		if err := addLastWritten(tree, runs[i].ID, last); err != nil {
			return nil, err
		}
	}
	items := make([]DriftItem, 0, len(last))
	for name, l := range last {
		changed, err := drifted(tree, l.entry)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		items = append(items, DriftItem{Path: name, Run: l.run, Changed: changed})
	}
	slices.SortFunc(items, func(a, b DriftItem) int { return strings.Compare(a.Path, b.Path) })
	return items, nil
}

type lastWritten struct {
	run   string
	entry entry
}

func addLastWritten(tree Reader, id string, last map[string]lastWritten) error {
	h, err := readRun(tree, id)
	if err != nil {
		return err
	}
	m, err := loadManifest(tree, h)
	if err != nil {
		return err
	}
	for _, e := range m.Files {
		last[e.Path] = lastWritten{run: id, entry: e}
	}
	return nil
}

func drifted(tree Reader, e entry) (string, error) {
	info, err := tree.Stat(e.Target)
	switch {
	case errors.Is(err, fs.ErrNotExist) && e.After == nil:
		return "", nil
	case errors.Is(err, fs.ErrNotExist):
		return "removed", nil
	case err != nil:
		return "", err
	case e.After == nil:
		return "created again", nil
	}
	data, err := tree.ReadFile(e.Target)
	if err != nil {
		return "", err
	}
	if sum(data) != e.After.SHA256 {
		return "changed", nil
	}
	if got, want := info.Mode.Perm(), e.After.Mode.perm(); got != want {
		return fmt.Sprintf("mode is %04o and was %04o", got, want), nil
	}
	return "", nil
}
