package carbon

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"carbon-setup/internal/edit"
)

// Options replaces what Open looks at, for tests. The zero value is the real machine.
type Options struct {
	Getenv func(string) string
	Proc   string                                                            // "/proc"
	Cgroup string                                                            // "/sys/fs/cgroup"
	Etc    string                                                            // "/etc", where services are looked for
	Java   func(ctx context.Context, home string) (output string, err error) // java -version
	Free   func(path string) (bytes uint64, err error)                       // free space of a file system
}

func (o Options) withDefaults() Options {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Proc == "" {
		o.Proc = "/proc"
	}
	if o.Cgroup == "" {
		o.Cgroup = "/sys/fs/cgroup"
	}
	if o.Etc == "" {
		o.Etc = "/etc"
	}
	if o.Java == nil {
		o.Java = runJava
	}
	if o.Free == nil {
		o.Free = freeSpace
	}
	return o
}

// Open reads the home that dir is or is a link to. Errors: *RefusedError, or an error of the file system with its path.
func Open(ctx context.Context, dir string, o Options) (*Install, error) {
	o = o.withDefaults()
	home, err := locate(ctx, dir)
	if err != nil {
		return nil, err
	}
	if err := judge(ctx, home); err != nil {
		return nil, err
	}
	in := &Install{Home: home, options: o}
	if err := in.identify(); err != nil {
		return nil, err
	}
	in.Transport, in.Missing = in.transport(in.missing())
	in.Env = Env{JavaOpts: o.Getenv("JAVA_OPTS"), CarbonHome: o.Getenv("CARBON_HOME")}
	in.Host = readHost(o)
	in.Started = in.started()
	in.Running = in.running(ctx)
	in.Java = in.java(ctx)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return in, nil
}

// Find returns the home that contains dir (dir or a parent of it), for the default of --home.
func Find(dir string) (home string, ok bool) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", false
	}
	// The way the operator came, then the way it really is: they differ below a link.
	if home, ok := findAbove(abs); ok {
		return home, true
	}
	resolved, err := filepath.EvalSymlinks(abs)
	if err != nil || resolved == abs {
		return "", false
	}
	return findAbove(resolved)
}

func findAbove(dir string) (string, bool) {
	for {
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false // the root of the file system is no home, whatever lies in it
		}
		if looksLikeHome(dir) {
			return dir, true
		}
		dir = parent
	}
}

// looksLikeHome reports whether dir deserves a closer look as a home: it has carbon.xml, or what generates it, or the start script beside
// a repository.
func looksLikeHome(dir string) bool {
	if exists(dir, CarbonXML) || exists(dir, DeploymentTOML) {
		return true
	}
	if !exists(dir, ServerSH) && !exists(dir, ServerBAT) && !exists(dir, KernelVersion) {
		return false
	}
	info, err := os.Stat(filepath.Join(dir, "repository"))
	return err == nil && info.IsDir()
}

// exists reports whether there is anything of that name, be it a dangling link.
func exists(dir, rel string) bool {
	_, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(rel)))
	return err == nil
}

// locate returns the folder that dir names, absolute and without links.
func locate(ctx context.Context, dir string) (string, error) {
	if dir == "" {
		return "", &RefusedError{Kind: NotAnInstall, Path: "(no folder)", Found: "No folder was given.", Fix: giveHome}
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	home, err := filepath.EvalSymlinks(abs)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrPermission):
		return "", noPermission(abs, err)
	case errors.Is(err, fs.ErrNotExist):
		return "", notThere(ctx, abs)
	default:
		return "", refuseUnresolved(abs, err)
	}
	info, err := os.Stat(home)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return "", refuseFile(home, info)
	}
	return home, nil
}

// transport tells the transport from the classes of the live receivers. A broken axis2.xml is added to missing.
func (in *Install) transport(missing []Unreadable) (Transport, []Unreadable) {
	for _, m := range missing {
		if m.File == Axis2XML {
			return TransportUnknown, missing
		}
	}
	data, err := in.Read(Axis2XML)
	if err != nil {
		return TransportUnknown, append(missing, Unreadable{Axis2XML, "cannot be read: " + reason(err)})
	}
	doc, err := edit.ParseXML(Axis2XML, data)
	if err != nil {
		return TransportUnknown, append(missing, Unreadable{Axis2XML, "cannot be understood: " + whatIsWrong(err)})
	}
	return transportOf(doc), missing
}
