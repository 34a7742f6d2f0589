// Package carbon knows a Carbon 4.2.0 home: what it is, which files and values it has, which Java starts it, whether it runs.
// It decides by the presence of files and elements, never by product name. It reads only.
package carbon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strconv"

	"carbon-setup/internal/edit"
)

// Place is where a value stands.
type Place struct {
	File string // slash path relative to the home
	Line int    // 1-based; 0 = the file as a whole
}

// String returns "repository/conf/carbon.xml:47", without the line when it is not known, or "" for the zero Place.
func (p Place) String() string {
	if p.Line <= 0 || p.File == "" {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line)
}

// Transport says which HTTP listeners axis2.xml declares.
type Transport int

// The transports of Carbon 4.2.0 products.
const (
	// TransportUnknown means that axis2.xml cannot be read or declares no listener known here.
	TransportUnknown Transport = iota
	// TransportServlet means that services are reached through Tomcat, on the ports of catalina-server.xml.
	TransportServlet
	// TransportPassThrough means listeners with ports of their own (8280 and 8243): pass-through, or the older NIO transport, which is
	// configured by the same parameters.
	TransportPassThrough
)

// String returns "servlet", "pass-through" or "unknown".
func (t Transport) String() string {
	switch t {
	case TransportServlet:
		return "servlet"
	case TransportPassThrough:
		return "pass-through"
	case TransportUnknown:
	}
	return "unknown"
}

// Install is an opened home. Everything in it was read by Open; the methods that read files cache nothing.
type Install struct {
	Home      string // absolute, symlinks resolved
	Product   string // "WSO2 API Manager", from carbon.xml Name; "" = not named there nor in bin/version.txt
	Version   string // "1.8.0"
	Kernel    string // "4.2.0"
	ServerKey string // "AM"
	Transport Transport
	Started   Started
	Running   *Process // nil = no server runs from this home
	Java      Java
	Host      Host
	Env       Env
	Missing   []Unreadable // files that exist in every 4.2.0 home but could not be read here

	options Options
}

// Unreadable names a file and why it cannot be read.
type Unreadable struct {
	File string // slash path relative to the home
	Why  string // "is not there", "cannot be read: ..."; follows the file name in a sentence
}

// String returns the two as one sentence without a final stop.
func (u Unreadable) String() string { return u.File + " " + u.Why }

// Env is the environment that matters to the server.
type Env struct {
	JavaOpts   string // JAVA_OPTS in the caller's environment
	CarbonHome string // CARBON_HOME in the caller's environment
}

// Title returns product and version for a heading: "WSO2 API Manager 1.8.0", or what is known of it.
func (in *Install) Title() string {
	name := in.Product
	if name == "" {
		name = in.ServerKey
	}
	if name == "" {
		name = "Carbon " + in.Kernel + " server"
	}
	if in.Version == "" {
		return name
	}
	return name + " " + in.Version
}

// path returns the place of a file on this machine.
func (in *Install) path(op, rel string) (string, error) {
	if !fs.ValidPath(rel) {
		return "", &fs.PathError{Op: op, Path: rel, Err: fs.ErrInvalid}
	}
	return filepath.Join(in.Home, filepath.FromSlash(rel)), nil
}

// Read returns the bytes of a file of the home. Errors name the path. Larger than edit.MaxFileSize is an error.
func (in *Install) Read(rel string) ([]byte, error) {
	p, err := in.path("read", rel)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(p)
	if err != nil {
		return nil, err
	}
	// Opening a pipe would wait for its other end.
	if !info.Mode().IsRegular() {
		return nil, &edit.Error{File: rel, What: "is " + kindOf(info) + ", not a file"}
	}
	if info.Size() > edit.MaxFileSize {
		return nil, tooLarge(rel)
	}
	f, err := os.Open(p)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, edit.MaxFileSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > edit.MaxFileSize {
		return nil, tooLarge(rel)
	}
	return data, nil
}

func tooLarge(rel string) error {
	return &edit.Error{File: rel, What: fmt.Sprintf("is larger than %d MB, which no configuration file of Carbon is", edit.MaxFileSize>>20)}
}

// kindOf says what a thing that is not a file is.
func kindOf(info fs.FileInfo) string {
	switch {
	case info.IsDir():
		return "a folder"
	case info.Mode()&fs.ModeNamedPipe != 0:
		return "a pipe"
	case info.Mode()&fs.ModeSocket != 0:
		return "a socket"
	case info.Mode()&fs.ModeDevice != 0:
		return "a device"
	case info.Mode().IsRegular():
		return "a file"
	}
	return "a special file"
}

// Has reports whether the home has a regular file (or a link to one) there.
func (in *Install) Has(rel string) bool {
	info, err := in.Stat(rel)
	return err == nil && info.Mode().IsRegular()
}

// Stat describes a file of the home; links are followed.
func (in *Install) Stat(rel string) (fs.FileInfo, error) {
	p, err := in.path("stat", rel)
	if err != nil {
		return nil, err
	}
	return os.Stat(p)
}

// Link returns where a symbolic link of the install leads, as it is written in it; an error when the path is no link.
func (in *Install) Link(rel string) (string, error) {
	path, err := in.path("readlink", rel)
	if err != nil {
		return "", err
	}
	return os.Readlink(path)
}

// Glob returns the slash paths of the home that match, sorted. The pattern is one of path.Match; a malformed one matches nothing.
func (in *Install) Glob(pattern string) []string {
	found, err := fs.Glob(os.DirFS(in.Home), pattern)
	if err != nil {
		return nil
	}
	sort.Strings(found)
	return found
}

// List returns what lies in a folder, sorted by name; none of a folder that cannot be read.
func (in *Install) List(dir string) []fs.DirEntry {
	p, err := in.path("open", dir)
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir(p)
	if err != nil {
		return nil
	}
	return entries
}

// Refresh reads again what changes while a wizard is open: Running and Started. It is not safe for concurrent use with reads of the two.
func (in *Install) Refresh(ctx context.Context) error {
	running := in.running(ctx)
	started := in.started()
	if err := ctx.Err(); err != nil {
		return err
	}
	in.Running, in.Started = running, started
	return nil
}

// missing lists the files that cannot be read, with the reason.
func (in *Install) missing() []Unreadable {
	var all []Unreadable
	for _, rel := range everywhere {
		if why := in.unreadable(rel); why != "" {
			all = append(all, Unreadable{rel, why})
		}
	}
	for _, rel := range somewhere {
		// Below a closed folder nobody knows whether it is there.
		if !exists(in.Home, rel) {
			continue
		}
		if why := in.unreadable(rel); why != "" {
			all = append(all, Unreadable{rel, why})
		}
	}
	return all
}

const isNotThere = "is not there"

func (in *Install) unreadable(rel string) string {
	p, err := in.path("open", rel)
	if err != nil {
		return err.Error()
	}
	info, err := os.Stat(p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if target, err := os.Readlink(p); err == nil {
			return "is a link to " + target + ", which does not exist"
		}
		return isNotThere
	case errors.Is(err, fs.ErrPermission):
		return "cannot be read: " + denied(p)
	case err != nil:
		return "cannot be read: " + reason(err)
	case !info.Mode().IsRegular():
		return "is " + kindOf(info) + ", not a file"
	case info.Size() > edit.MaxFileSize && path.Ext(rel) != ".jks":
		return fmt.Sprintf("is larger than %d MB", edit.MaxFileSize>>20)
	}
	f, err := os.Open(p)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return "cannot be read: " + denied(p)
		}
		return "cannot be read: " + reason(err)
	}
	_ = f.Close()
	return ""
}

// reason is the innermost cause of a file system error, without operation and path.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
