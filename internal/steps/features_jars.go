package steps

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"

	"carbon-setup/internal/carbon"
)

const (
	// maxDropins is the most jars of dropins whose manifest is read; a folder with more is not one that people fill.
	maxDropins = 200
	// maxJar is the largest jar that is opened, and maxManifest the most of its manifest that is read.
	maxJar      = 256 << 20
	maxManifest = 256 << 10
)

// dropin is a jar that was laid into the dropins folder.
type dropin struct {
	rel           string
	name, version string // as its manifest says; "" = none, or it cannot be read
	fault         string // why not, a clause
}

// readDropins reads the manifests of the jars in dropins.
func readDropins(w *Workspace) (all []dropin, more int) {
	jars := w.glob(carbon.Dropins + "/*.jar")
	if len(jars) > maxDropins {
		more = len(jars) - maxDropins
		jars = jars[:maxDropins]
	}
	for _, rel := range jars {
		d := dropin{rel: rel}
		d.read(w)
		all = append(all, d)
	}
	return all, more
}

func (d *dropin) read(w *Workspace) {
	info, err := w.Install.Stat(d.rel)
	switch {
	case err != nil:
		d.fault = "it cannot be read"
		return
	case !info.Mode().IsRegular():
		d.fault = "it is not a file"
		return
	case info.Size() > maxJar:
		d.fault = fmt.Sprintf("it is larger than %d MB", maxJar>>20)
		return
	}
	name, version, err := manifestOf(filepath.Join(w.Install.Home, filepath.FromSlash(d.rel)))
	switch {
	case errors.Is(err, zip.ErrFormat), errors.Is(err, zip.ErrAlgorithm), errors.Is(err, zip.ErrChecksum), errors.Is(err, io.ErrUnexpectedEOF):
		d.fault = "it is not a jar, or it is damaged"
	case err != nil:
		d.fault = "it cannot be read"
	case name == "":
		d.fault = "its manifest names no bundle, so that OSGi does not load it"
	}
	d.name, d.version = name, version
}

// manifestOf returns what the manifest of a jar calls the bundle; "" for a jar that is none.
func manifestOf(file string) (name, version string, err error) {
	z, err := zip.OpenReader(file)
	if err != nil {
		return "", "", err
	}
	defer func() { err = errors.Join(err, z.Close()) }()
	for _, f := range z.File {
		if f.Name != "META-INF/MANIFEST.MF" {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return "", "", err
		}
		name, version = manifestNames(io.LimitReader(r, maxManifest))
		return name, version, r.Close()
	}
	return "", "", nil
}

// manifestNames reads the main section of a manifest, in which a line that begins with a blank goes on the one before it.
func manifestNames(r io.Reader) (name, version string) {
	values := map[string]string{}
	key := ""
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		if line == "" {
			break
		}
		if line[0] == ' ' {
			if key != "" {
				values[key] += line[1:]
			}
			continue
		}
		k, v, _ := strings.Cut(line, ":")
		key = ""
		if k = strings.ToLower(k); k == "bundle-symbolicname" || k == "bundle-version" {
			key = k
			values[key] = strings.TrimPrefix(v, " ")
		}
	}
	name, _, _ = strings.Cut(values["bundle-symbolicname"], ";")
	return strings.TrimSpace(name), strings.TrimSpace(values["bundle-version"])
}

// jarNames are the names of files, for people.
func jarNames(rels []string) []string {
	names := make([]string, 0, len(rels))
	for _, rel := range rels {
		names = append(names, path.Base(rel))
	}
	return names
}
