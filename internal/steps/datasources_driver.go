package steps

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/database"
)

// maxDriver is the largest driver, in bytes, that is looked into; that of Oracle has about 5 MiB.
const maxDriver = 64 << 20

// driverJar is a jar that may hold a JDBC driver.
type driverJar struct {
	path string // as given, or relative to the home
	full string // absolute
	jar  database.Jar
	data []byte
	err  error

	mod  time.Time
	size int64
}

// driverCache keeps the jars that were looked into: they are large, and a form asks often.
type driverCache map[string]*driverJar

// driverAt reads a jar outside of the home, or inside by its absolute path.
func (w *Workspace) driverAt(path string) *driverJar {
	full, err := answers.Expand(path, os.LookupEnv)
	if err == nil {
		full, err = filepath.Abs(full) // Java runs in another folder
	}
	if err != nil {
		return &driverJar{path: path, err: err}
	}
	info, err := os.Stat(full)
	switch {
	case err != nil:
		return &driverJar{path: path, err: err}
	case !info.Mode().IsRegular():
		return &driverJar{path: path, err: &fs.PathError{Op: "read", Path: path, Err: fs.ErrInvalid}}
	case info.Size() > maxDriver:
		return &driverJar{path: path, err: fmt.Errorf("%s has %d MiB, more than any driver", path, info.Size()>>20)}
	}
	if d := w.drivers[full]; d != nil && d.mod.Equal(info.ModTime()) && d.size == info.Size() {
		return d
	}
	d := &driverJar{path: path, full: full, mod: info.ModTime(), size: info.Size()}
	if d.data, d.err = os.ReadFile(full); d.err == nil { // #nosec G304 -- the operator names it
		d.jar, d.err = database.InspectJar(filepath.Base(full), d.data)
	}
	if w.drivers == nil {
		w.drivers = driverCache{}
	}
	w.drivers[full] = d
	return d
}

// driversThere are the jars in repository/components/lib that hold a driver.
func driversThere(w *Workspace) []*driverJar {
	var all []*driverJar
	for _, rel := range w.glob(carbon.ComponentsLib + "/*.jar") {
		d := w.driverAt(filepath.Join(w.Install.Home, filepath.FromSlash(rel)))
		if d.err == nil && len(d.jar.Drivers) > 0 {
			here := *d
			here.path = rel
			all = append(all, &here)
		}
	}
	return all
}

// driverThere is the kind of the first driver in the home, "" without any.
func driverThere(w *Workspace) database.Kind {
	for _, d := range driversThere(w) {
		return d.jar.Drivers[0].Kind
	}
	return ""
}

// driverFor returns the jar that the server will load the driver of a wish from: the one that the answers name, or the one that is there. nil without any.
func driverFor(w *Workspace, d *dsWish) *driverJar {
	if d.driver != "" {
		return w.driverAt(d.driver)
	}
	for _, j := range driversThere(w) {
		if j.class(d.target) != "" {
			return j
		}
	}
	return nil
}

// adopt takes the driver that the answers name for another datasource, where they name none for this one.
func (d *dsWish) adopt(w *Workspace, all []*dsWish) {
	if d.driver != "" || d.keeps() {
		return
	}
	for _, o := range all {
		if o.name != d.name && o.typed != typeSame && o.driver != "" && !o.keeps() && w.driverAt(o.driver).class(d.target) != "" {
			d.driver, d.adopted = o.driver, o.driver
			return
		}
	}
}

// class is the name of the driver class for a target, "" when the jar has none.
func (j *driverJar) class(t database.Target) string {
	if j == nil || j.err != nil {
		return ""
	}
	d, _ := j.jar.DriverFor(t)
	return d.Class
}

func (s datasources) driverField(w *Workspace, q *Field, d *dsWish) {
	there := driverFor(w, &dsWish{target: d.target})
	if there == nil && d.adopted != "" {
		there = w.driverAt(d.adopted)
		q.Help += " " + d.adopted + " of another datasource fits."
	} else if there != nil {
		q.Now = Present{Text: path.Base(there.path), Place: carbon.Place{File: there.path}}
		q.Help += " " + there.path + " fits."
	}
	q.Required = there == nil
	q.Check = func(text string) *Problem {
		jar := w.driverAt(text)
		if jar.err != nil {
			return driverProblem(text, jar.err)
		}
		return worstFault(jar.jar.Fits(d.kind(), w.Install.Java.Major))
	}
}

// driverProblem says why a jar cannot be used.
func driverProblem(name string, err error) *Problem {
	switch {
	case isMissing(err):
		return &Problem{Severity: Error, Message: name + " does not exist.", Fix: "Check the path; a relative one starts in the folder of the answers file."}
	default:
		return &Problem{Severity: Error, Message: strings.TrimSuffix(err.Error(), ".") + ".", Fix: "Give the jar as its maker delivers it."}
	}
}

// worstFault is the worst of faults as the problem of one value, nil without any.
func worstFault(all []database.Fault) *Problem {
	if len(all) == 0 {
		return nil
	}
	worst := slices.MaxFunc(all, func(a, b database.Fault) int { return int(a.Severity) - int(b.Severity) })
	p := faultProblem("", worst)
	return &p
}

func faultProblem(key string, f database.Fault) Problem {
	return Problem{Severity: f.Severity, Key: key, Message: f.What, Fix: f.Fix}
}

// planDriver copies the driver into the home and takes away what an older one has left there.
func planDriver(w *Workspace, d *dsWish) {
	if d.driver == "" {
		return
	}
	jar := w.driverAt(d.driver)
	rel := carbon.ComponentsLib + "/" + filepath.Base(d.driver)
	if data, err := w.driverBytes(rel); err == nil && bytes.Equal(data, jar.data) {
		return
	}
	w.driverOverlay(rel)
	w.Create(rel, jar.data, 0o644, false, "the JDBC driver of "+d.kind().Title())
	for _, old := range driversThere(w) {
		if old.path != rel && old.class(d.target) != "" {
			w.dropDriver(old.path, "another jar with the same driver; Carbon would load one of the two")
		}
	}
	w.dropGenerated(rel)
}

// driverBytes is Bytes for a file that may be larger than a configuration file.
func (w *Workspace) driverBytes(rel string) ([]byte, error) {
	if o, ok := w.files[rel]; ok && o.readErr == nil && !o.removed {
		return o.after, nil
	}
	if !w.Install.Has(rel) {
		return nil, fs.ErrNotExist
	}
	j := w.driverAt(filepath.Join(w.Install.Home, filepath.FromSlash(rel)))
	return j.data, j.err
}

// dropDriver removes a jar and the bundle that the server has made of it.
func (w *Workspace) dropDriver(rel, reason string) {
	w.driverOverlay(rel)
	w.Delete(rel, false, reason)
	w.dropGenerated(rel)
}

// driverOverlay reads a jar of the home that is larger than a configuration file may be.
func (w *Workspace) driverOverlay(rel string) {
	o := w.overlay(rel)
	if o.readErr == nil || o.created || !w.Install.Has(rel) {
		return
	}
	if jar := w.driverAt(filepath.Join(w.Install.Home, filepath.FromSlash(rel))); jar.data != nil {
		o.before, o.after, o.readErr = jar.data, jar.data, nil
		o.origin = []piece{{0, 0, len(jar.data)}}
	}
}

// dropGenerated removes the bundle that LibraryArtifactsWrapper made of a jar in components/lib at an earlier start: it is not made anew while it is there.
func (w *Workspace) dropGenerated(rel string) {
	name := strings.TrimSuffix(path.Base(rel), ".jar")
	for _, bundle := range []string{name, strings.ReplaceAll(name, "-", "_")} {
		if generated := carbon.Dropins + "/" + bundle + "_1.0.0.jar"; w.Has(generated) {
			w.Delete(generated, false, "made from the old driver at an earlier start; the next start makes it anew")
		}
	}
}
