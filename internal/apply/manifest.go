package apply

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"time"
)

const (
	runsDir      = StateDir + "/runs"
	manifestFile = "manifest.json"
	journalFile  = "journal"
	backupDir    = "before"
	editedDir    = "edited"
	reportFile   = "report.md"
	logFile      = "log"
)

// manifest is what a run knows about the files it changes, enough to undo it without the program that made it. It is written once, before the
// first file is swapped; its hash stands in the journal.
type manifest struct {
	Version     int             `json:"version"`
	Run         string          `json:"run"`
	Kind        string          `json:"kind"`
	Restores    string          `json:"restores,omitempty"`
	Plan        string          `json:"plan"`
	Time        time.Time       `json:"time"`
	Who         Who             `json:"who"`
	Files       []entry         `json:"files"`
	MadeDirs    []dirState      `json:"made_dirs,omitempty"`    // outermost first
	RemovedDirs []dirState      `json:"removed_dirs,omitempty"` // innermost first, if they are empty
	Actions     []actionSummary `json:"actions,omitempty"`
	Undoes      []actionSummary `json:"undoes,omitempty"` // actions of the restored run, undone once the files are back
}

const manifestVersion = 1

// entry is one file: what it was, and what the run makes of it.
type entry struct {
	Path       string     `json:"path"`   // as the plan names it
	Target     string     `json:"target"` // the file itself, links followed
	Op         Op         `json:"op"`
	Before     *fileState `json:"before,omitempty"` // nil: was not there
	After      *fileState `json:"after,omitempty"`  // nil: is not there afterwards
	Temp       string     `json:"temp"`             // beside the target: the prefix of the names that the run uses there
	Guidelines []int      `json:"guidelines,omitempty"`
	// Where secrets stand in Before and After, so that a restore can mask them; never what they are.
	SecretsBefore []Span `json:"secrets_before,omitempty"`
	SecretsAfter  []Span `json:"secrets_after,omitempty"`
}

// staged, kept and undone are the files that a run has beside a target for a moment: the new one, a second name of the old one while the
// run may still be taken back, and the old one made anew from the backup.
func (e *entry) staged() string { return e.Temp + ".new" }
func (e *entry) kept() string   { return e.Temp + ".old" }
func (e *entry) undone() string { return e.Temp + ".undo" }

func (e *entry) dir() string { return path.Dir(e.Target) }

// backup is where the old content is kept, relative to the home.
func (e *entry) backup(run string) string {
	return path.Join(runsDir, run, backupDir, e.Path)
}

// fileState is a file as it is or has to be.
type fileState struct {
	SHA256 string            `json:"sha256"`
	Size   int64             `json:"size"`
	Mode   octal             `json:"mode"`
	UID    int               `json:"uid"`
	GID    int               `json:"gid"`
	MTime  *time.Time        `json:"mtime,omitempty"` // nil: whenever it is written
	Xattrs map[string][]byte `json:"xattrs,omitempty"`
}

// dirState is a folder that a run makes or removes.
type dirState struct {
	Path string `json:"path"`
	Mode octal  `json:"mode"`
	UID  int    `json:"uid"`
	GID  int    `json:"gid"`
}

type actionSummary struct {
	Name       string `json:"name"`
	Detail     string `json:"detail,omitempty"`
	Guidelines []int  `json:"guidelines,omitempty"`
	Undoable   bool   `json:"undoable"`
	Number     int    `json:"number,omitempty"` // of an action that is undone: in its run, counted from 1
}

// octal is permission bits, written as people know them. The bits for set-user-id, set-group-id and sticky have no place in it: a forged
// manifest must not make root hand them out.
type octal fs.FileMode

func (o octal) perm() fs.FileMode { return fs.FileMode(o).Perm() }

// MarshalText writes "0644".
func (o octal) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%04o", o.perm()), nil }

// UnmarshalText reads "0644".
func (o *octal) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 8, 12)
	if err != nil || n > 0o777 {
		return fmt.Errorf("%q is no file mode", text)
	}
	*o = octal(n)
	return nil
}

func (m *manifest) encode() ([]byte, error) {
	data, err := json.MarshalIndent(m, "", " ")
	return append(data, '\n'), err
}

// parseManifest reads a manifest and refuses paths that a run cannot have written.
func parseManifest(data []byte) (*manifest, error) {
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", manifestFile, err)
	}
	if m.Version != manifestVersion {
		return nil, fmt.Errorf("%s has version %d, this program knows version %d", manifestFile, m.Version, manifestVersion)
	}
	for i := range m.Files {
		e := &m.Files[i]
		for _, name := range []string{e.Path, e.Target, e.Temp} {
			if !fs.ValidPath(name) || name == "." {
				return nil, fmt.Errorf("%s: %q is no path inside the home", manifestFile, name)
			}
		}
		if path.Dir(e.Temp) != e.dir() || e.Before == nil && e.After == nil {
			return nil, fmt.Errorf("%s: the entry for %s makes no sense", manifestFile, e.Path)
		}
	}
	for _, list := range [][]dirState{m.MadeDirs, m.RemovedDirs} {
		for _, d := range list {
			if !fs.ValidPath(d.Path) || d.Path == "." {
				return nil, fmt.Errorf("%s: %q is no folder inside the home", manifestFile, d.Path)
			}
		}
	}
	return &m, nil
}
