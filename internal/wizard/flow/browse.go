package flow

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/keystore"
	"carbon-setup/internal/wizard/texts"
)

// What reading a folder may cost.
const (
	mostEntries = 20000    // of a folder; what is beyond is told of and not shown
	mostTold    = 1000     // files of a folder whose kind is told by their content; the others by their names
	headBytes   = 16 << 10 // of a file that are read for it; openssl writes some KiB of text before a certificate
	lookers     = 8        // entries looked at side by side: a network file system answers slowly, but many at once
)

// EntryKind parts what can be opened from what can be chosen.
type EntryKind int

// The kinds of entries.
const (
	Folder EntryKind = iota + 1
	File
	Other // a device, a pipe, a socket, a link to nowhere: never opened
)

// DirEntry is one entry of a folder.
type DirEntry struct {
	Name     string // as it is on disk, whatever bytes
	Kind     EntryKind
	What     string // "folder", "PKCS#12", "pipe": for a column
	Link     string // where a symbolic link points; "" = it is none
	Size     int64
	Modified time.Time
	Refused  string // why it can be neither opened nor chosen, sentences that begin with its name; "" = it can
}

// Hidden reports whether the entry is shown on demand only.
func (d DirEntry) Hidden() bool { return strings.HasPrefix(d.Name, ".") }

// Label is the name fit to be shown, that of a folder with a slash.
func (d DirEntry) Label() string {
	if d.Kind == Folder {
		return Shown(d.Name) + "/"
	}
	return Shown(d.Name)
}

// Listing is a folder that has been read.
type Listing struct {
	Folder  string     // absolute
	Entries []DirEntry // folders first, each kind by name
	At      string     // the name that was typed, if there is such an entry
	More    bool       // the folder has more entries than these
	Note    string     // what has to be said about it, a sentence
}

// Path is what a field gets when an entry is chosen: the very bytes of its name.
func (l Listing) Path(d DirEntry) string { return filepath.Join(l.Folder, d.Name) }

// Browse reads the folder that a picker begins with: that of what was typed, or the one nearest above it that is there; with nothing typed, the
// folder of the last choice, or else the user's own. ~ and $VAR are understood as by Complete. The error is a sentence.
func (e *Engine) Browse(ctx context.Context, typed string) (Listing, error) {
	return inTime(ctx, func() (Listing, error) {
		folder, at, note := e.beginning(typed)
		l, err := e.list(ctx, folder)
		l.Note = note
		if slices.ContainsFunc(l.Entries, func(d DirEntry) bool { return d.Name == at }) {
			l.At = at
		}
		return l, err
	})
}

// List reads a folder. The Listing names it even with an error, which is a sentence.
func (e *Engine) List(ctx context.Context, folder string) (Listing, error) {
	l, err := inTime(ctx, func() (Listing, error) { return e.list(ctx, folder) })
	l.Folder = folder
	return l, err
}

// Picked remembers the folder of a choice, for the next Browse.
func (e *Engine) Picked(path string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lastFolder = filepath.Dir(path)
}

// inTime does not wait for a file system that has stopped answering: the reading is left behind and ends with the answer that no longer matters.
func inTime[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type outcome struct {
		l   T
		err error
	}
	got := make(chan outcome, 1)
	go func() {
		l, err := read()
		got <- outcome{l, err}
	}()
	select {
	case o := <-got:
		return o.l, o.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// beginning finds the folder to begin with, and the name in it that was typed.
func (e *Engine) beginning(typed string) (folder, at, note string) {
	if strings.TrimSpace(typed) == "" {
		return e.usualFolder(), "", ""
	}
	path, err := absolute(typed, e.cfg.Getenv)
	if err != nil {
		return e.usualFolder(), "", ""
	}
	if isFolder(path) {
		return path, "", ""
	}
	folder, at = filepath.Dir(path), filepath.Base(path)
	if strings.HasSuffix(typed, "/") {
		folder, at = path, "" // meant as a folder
	}
	for why := noFolder(folder); why != "" && folder != filepath.Dir(folder); why = noFolder(folder) {
		note, at, folder = why, "", filepath.Dir(folder)
	}
	return folder, at, note
}

// noFolder says why a path cannot be begun with; "" when it is a folder, or may be one.
func noFolder(path string) string {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return texts.FolderMissing(Shown(path))
	case err == nil && !info.IsDir():
		return texts.NotAFolder(Shown(path))
	}
	return ""
}

// usualFolder is where somebody begins who has typed nothing.
func (e *Engine) usualFolder() string {
	e.mu.Lock()
	last := e.lastFolder
	e.mu.Unlock()
	home, _ := absolute("~", e.cfg.Getenv)
	for _, folder := range []string{last, home} {
		if folder != "" && isFolder(folder) && e.back.Readable(folder, true) == nil {
			return folder
		}
	}
	return e.home
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// list reads a folder and looks at every entry.
func (e *Engine) list(ctx context.Context, folder string) (Listing, error) {
	l := Listing{Folder: folder}
	names, more, err := namesIn(ctx, folder)
	if err != nil {
		return l, e.folderRefused(folder, err)
	}
	l.More = more
	if more {
		l.Note = texts.FolderLong(mostEntries)
	}
	slices.Sort(names)
	l.Entries = make([]DirEntry, len(names))
	looker := &looker{folder: folder, readable: e.back.Readable, owners: &owners{}}
	var wait sync.WaitGroup
	for first := range lookers {
		wait.Go(func() {
			for i := first; i < len(names) && ctx.Err() == nil; i += lookers {
				l.Entries[i] = looker.look(names[i], i < mostTold)
			}
		})
	}
	wait.Wait()
	if ctx.Err() != nil {
		return Listing{Folder: folder}, ctx.Err()
	}
	slices.SortStableFunc(l.Entries, func(a, b DirEntry) int {
		if (a.Kind == Folder) == (b.Kind == Folder) {
			return 0
		}
		if a.Kind == Folder {
			return -1
		}
		return 1
	})
	return l, nil
}

// namesIn reads the names of a folder. Only a folder is opened: opening a pipe would wait for somebody to write into it.
func namesIn(ctx context.Context, folder string) (names []string, more bool, err error) {
	info, err := os.Stat(folder)
	if err != nil {
		return nil, false, err
	}
	if !info.IsDir() {
		return nil, false, &fs.PathError{Op: "read", Path: folder, Err: syscall.ENOTDIR}
	}
	f, err := os.Open(folder)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = f.Close() }() // it was only read
	for ctx.Err() == nil && len(names) <= mostEntries {
		some, err := f.Readdirnames(1000)
		names = append(names, some...)
		if errors.Is(err, io.EOF) {
			return names, false, nil
		}
		if err != nil {
			return nil, false, err
		}
	}
	return names[:min(len(names), mostEntries)], true, ctx.Err()
}

// folderRefused says why a folder cannot be read.
func (e *Engine) folderRefused(folder string, err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrPermission):
		info, _ := os.Stat(folder)
		return errors.New(denied(folder, info, &owners{}))
	case errors.Is(err, fs.ErrNotExist):
		return errors.New(texts.FolderMissing(Shown(folder)))
	}
	return errors.New(texts.FolderUnread(Shown(folder), innermost(err)))
}

// denied says why this user may not read a file or folder: whose it is, its mode, and who we are. A nil info: not even that may be looked at.
func denied(path string, info fs.FileInfo, who *owners) string {
	if info == nil {
		return texts.NoWay(Shown(path), who.us())
	}
	owner, group := who.of(info)
	return texts.NoAccess(Shown(path), info.IsDir(), who.us(), owner, group, info.Mode().String())
}

func innermost(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// looker looks at the entries of one folder.
type looker struct {
	folder   string
	readable func(path string, folder bool) error
	owners   *owners
}

// look tells what an entry is. told: by its content, where that is cheap.
func (k *looker) look(name string, told bool) DirEntry {
	d := DirEntry{Name: name, Kind: Other}
	path := filepath.Join(k.folder, name)
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		d.Link, _ = os.Readlink(path)
		info, err = os.Stat(path)
		if err != nil {
			d.What, d.Refused = texts.WhatBadLink, k.badLink(name, d.Link, err)
			return d
		}
	}
	if err != nil {
		d.What, d.Refused = texts.WhatNoAccess, denied(name, nil, k.owners)
		if !errors.Is(err, fs.ErrPermission) {
			d.Refused = texts.EntryUnread(Shown(name), innermost(err))
		}
		return d
	}
	d.Size, d.Modified = info.Size(), info.ModTime()
	switch mode := info.Mode(); {
	case mode.IsDir():
		d.Kind, d.What = Folder, texts.WhatFolder
	case mode.IsRegular():
		d.Kind = File
	default:
		d.What, d.Refused = special(mode, Shown(name))
		return d
	}
	if k.readable(path, d.Kind == Folder) != nil {
		d.What, d.Refused = texts.WhatNoAccess, denied(name, info, k.owners)
		return d
	}
	if d.Kind == File {
		d.What = kindOf(path, info.Size(), told)
		if readAsVariable(path) {
			d.Refused = texts.PathVariable(d.Label())
		}
	}
	return d
}

func (k *looker) badLink(name, to string, err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return texts.LinkNowhere(Shown(name), Shown(to))
	case errors.Is(err, fs.ErrPermission):
		return texts.LinkDenied(Shown(name), Shown(to), k.owners.us())
	}
	return texts.EntryUnread(Shown(name), innermost(err))
}

// special tells what is neither a file nor a folder.
func special(mode fs.FileMode, name string) (what, why string) {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		what = texts.WhatPipe
	case mode&fs.ModeSocket != 0:
		what = texts.WhatSocket
	default:
		what = texts.WhatDevice
	}
	return what, texts.NotAFile(name, what)
}

// readAsVariable reports whether a path that is there would be read as another one: a $ begins a variable wherever paths are read.
func readAsVariable(path string) bool {
	read, err := answers.Expand(path, func(string) (string, bool) { return "", false })
	return err != nil || read != path
}

// kindOf tells the kind of a file by its content; one that is too large, or one of too many, by its name and with a question mark.
func kindOf(path string, size int64, told bool) string {
	if size == 0 {
		return texts.WhatEmpty
	}
	if !told || size > keystore.MaxSize {
		return kindByName(path)
	}
	head, err := headOf(path)
	if err != nil {
		return texts.WhatNoAccess
	}
	if format := keystore.Detect(head); format != keystore.Unknown {
		return format.String()
	}
	return texts.WhatFile
}

// headOf reads the first bytes of a file. The file is looked at once more when it is open, and the open waits for nobody: what was a file a moment
// ago may be a pipe now.
func headOf(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:forbidigo // it only reads
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.New("no longer a file")
	}
	return io.ReadAll(io.LimitReader(f, headBytes))
}

var kindsByName = map[string]keystore.Format{
	".p12": keystore.PKCS12, ".pfx": keystore.PKCS12, ".jks": keystore.JKS, ".pem": keystore.PEM, ".der": keystore.DER,
}

func kindByName(path string) string {
	if format, ok := kindsByName[strings.ToLower(filepath.Ext(path))]; ok {
		return texts.Guessed(format.String())
	}
	return texts.WhatFile
}
