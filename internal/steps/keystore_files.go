package steps

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/secret"
)

// keyFiles keeps what was read of the operator's files, by path, time and size: a form asks for them at every key that is pressed.
type keyFiles struct {
	files    map[string]*keyFile
	loaded   []*loadedKey
	patience time.Duration
}

// How much is kept.
const (
	mostKeyFiles = 32
	mostLoaded   = 8
)

// keyFile is a file outside of the install.
type keyFile struct {
	path string // as read
	mod  time.Time
	size int64
	data []byte
	err  *Problem
}

// loadedKey is what came of a set of files under the passwords given.
type loadedKey struct {
	from               string // paths, times and sizes
	alias              string
	password, keySpare secret.Secret
	source             *ks.Source
	id                 *ks.Identity
	err                error
}

func (w *Workspace) keyFiles() *keyFiles {
	if w.keys == nil {
		w.keys = &keyFiles{files: map[string]*keyFile{}, patience: patience}
	}
	return w.keys
}

// read returns a file that an answer names; written is the path as it was answered.
func (c *keyFiles) read(written string) *keyFile {
	path, err := answers.Expand(written, os.LookupEnv)
	if err != nil {
		return &keyFile{path: written, err: &Problem{Severity: Error, Message: fmt.Sprintf("The path %s cannot be used: %v.", written, err), Fix: "Set the variable, or write the whole path."}}
	}
	known := c.files[path]
	if known == nil {
		known = &keyFile{}
	}
	look := outside.at(path, *known)
	err = look.within(c.patience)
	if err == nil && look.data == nil && readable(look.info) && !known.is(look.info) { // joined one of somebody who knew the file
		look = outside.at(path, *known)
		err = look.within(c.patience)
	}
	switch {
	case errors.Is(err, errNoAnswer):
		return unreadKey(path, err)
	case look.info == nil:
		return unreadKey(path, err)
	case look.info.IsDir():
		return &keyFile{path: path, err: &Problem{Severity: Error, Message: path + " is a folder.", Fix: "Name the file in it."}}
	case !look.info.Mode().IsRegular():
		return &keyFile{path: path, err: &Problem{Severity: Error, Message: path + " is a pipe, a socket or a device.", Fix: "Name a file."}}
	case look.info.Size() > ks.MaxSize:
		return &keyFile{path: path, err: &Problem{Severity: Error, Message: path + " is larger than 8 MiB; no keystore or certificate is.", Fix: "Name the file that holds the key or the certificate."}}
	case err != nil:
		return unreadKey(path, err)
	case known.is(look.info):
		return known
	case look.data == nil:
		return unreadKey(path, errNoAnswer) // it changes while it is looked at
	}
	if len(c.files) >= mostKeyFiles {
		clear(c.files)
	}
	f := &keyFile{path: path, mod: look.info.ModTime(), size: look.info.Size(), data: look.data}
	c.files[path] = f
	return f
}

// is reports whether a file is as it was when it was read.
func (f *keyFile) is(info fs.FileInfo) bool {
	return f.path != "" && f.mod.Equal(info.ModTime()) && f.size == info.Size()
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(f, ks.MaxSize+1))
}

func unreadKey(path string, err error) *keyFile {
	p := &Problem{Severity: Error, Fix: "Check the path; a relative one starts in the folder of the answers file."}
	var failed *fs.PathError
	switch {
	case errors.Is(err, errNoAnswer):
		p.Message, p.Fix = path+" cannot be looked at: its file system does not answer.", "Try again when it does, or name a copy of the file on another file system."
	case errors.Is(err, fs.ErrNotExist):
		p.Message = path + " does not exist."
	case errors.Is(err, fs.ErrPermission):
		p.Message, p.Fix = path+" may not be read by this user.", "Let the user who runs carbon-setup read it, and every folder above it be entered."
	case errors.As(err, &failed):
		p.Message = path + " cannot be read: " + failed.Err.Error() + "."
	default:
		p.Message = path + " cannot be read."
	}
	return &keyFile{path: path, err: p}
}

func (f *keyFile) file() ks.File { return ks.File{Name: f.path, Data: f.data} }

// load opens the files and takes the key of the alias. Results, failures too, are kept.
func (c *keyFiles) load(files []*keyFile, alias string, password, keySpare secret.Secret) *loadedKey {
	var from strings.Builder
	all := make([]ks.File, len(files))
	for i, f := range files {
		fmt.Fprintf(&from, "%s\x00%d\x00%d\x00", f.path, f.mod.UnixNano(), f.size)
		all[i] = f.file()
	}
	for _, l := range c.loaded {
		if l.from == from.String() && l.alias == alias && l.password.Equal(password) && l.keySpare.Equal(keySpare) {
			return l
		}
	}
	l := &loadedKey{from: from.String(), alias: alias, password: password, keySpare: keySpare}
	if l.source, l.err = ks.Load(ks.Passwords{Store: password, Key: keySpare}, all...); l.err == nil {
		l.id, l.err = l.source.Identity(alias, keySpare)
	}
	if len(c.loaded) >= mostLoaded {
		c.loaded = c.loaded[1:]
	}
	c.loaded = append(c.loaded, l)
	return l
}

// listedPath makes a path out of a list start in the folder of the answers file, as that of a single answer does.
func listedPath(a *answers.Set, key, path string) string {
	v, _ := a.Lookup(key)
	if path == "" || filepath.IsAbs(path) || path[0] == '~' || path[0] == '$' || v.At.File == "" {
		return path
	}
	return filepath.Join(filepath.Dir(v.At.File), path)
}

// kindOfKeyError is the kind of an error of the keystore package, 0 for any other.
func kindOfKeyError(err error) ks.ErrorKind {
	var told *ks.Error
	if errors.As(err, &told) {
		return told.Kind
	}
	return 0
}

// storeFault says why a store cannot be used, a sentence.
func storeFault(err error) string {
	var told *ks.Error
	switch {
	case err == nil:
		return "It could not be looked at."
	case errors.As(err, &told):
		return told.What
	case isMissing(err):
		return "The file is not there."
	}
	text := whyUnread(err)
	if text == "" {
		return err.Error()
	}
	return "The file " + text + "."
}

// keyProblem turns an error of the keystore package into a problem with an answer.
func keyProblem(err error) *Problem {
	var told *ks.Error
	if !errors.As(err, &told) {
		return &Problem{Severity: Error, Message: "The keystore could not be made: " + err.Error() + ".", Fix: "Try again."}
	}
	message := told.What
	if told.File != "" {
		message = told.File + ": " + message
	}
	return &Problem{Severity: Error, Message: message, Fix: told.Fix}
}

// findingProblem turns a finding about a key into a problem with an answer.
func findingProblem(key string, f ks.Finding) Problem {
	p := Problem{Key: key, Message: f.Message, Fix: f.Fix}
	switch f.Severity {
	case ks.Bad:
		p.Severity = Error
		if f.ID == "name-missing" || f.ID == "not-yet-valid" || f.ID == "signature-weak" {
			p.Severity = Warning // right for a name that only a proxy has, for tomorrow, or for old clients
		}
	case ks.Warning:
		p.Severity = Warning
	case ks.Note:
		p.Severity = Note
	}
	return p
}
