package steps

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/database"
)

func (s datasources) Validate(w *Workspace, a *answers.Set) []Problem {
	var all []Problem
	_, unread := readBlocks(w)
	for _, u := range unread {
		all = append(all, Problem{Severity: Warning, Key: sectionDatasources, Message: u.String() + ". Its datasources are left as they are.", Fix: "Mend the file, and plan again."})
	}
	wanted := wishes(w, a)
	for _, d := range wanted {
		all = append(all, d.problems(w)...)
	}
	return append(all, together(w, wanted)...)
}

// problems judges the answers about one datasource.
func (d *dsWish) problems(w *Workspace) []Problem {
	var all []Problem
	say := func(key, message, fix string) {
		all = append(all, Problem{Severity: Error, Key: dsKey(d.name, key), Message: message, Fix: fix})
	}
	if d.block == nil {
		all = append(all, d.newProblems(w)...)
	} else {
		all = append(all, d.wiredProblems()...)
	}
	for _, f := range d.faults {
		say(f.key, f.what, f.fix)
	}
	if d.keeps() || len(all) > 0 {
		return append(all, d.keepsH2()...)
	}
	for _, f := range d.target.Faults() {
		p := faultProblem(dsKey(d.name, f.Field), f)
		if f.Field == "kind" {
			p.Key = dsKey(d.name, dsType)
		}
		if option, of := strings.CutPrefix(f.Field, dsParameters+"."); of { // all of them are one question
			p.Key = dsKey(d.name, dsParameters)
			if !strings.Contains(p.Message, option) {
				p.Message = option + ": " + p.Message
			}
		}
		all = append(all, p)
	}
	if !d.target.Password.IsSet() && (d.block == nil || d.block.sealed == "") {
		say(dsPassword, "The password of the database user is missing.", "Give "+dsKey(d.name, dsPassword)+".")
	}
	if d.block != nil && d.block.sealed != "" && d.target.Password.IsSet() {
		say(dsPassword, d.block.place.String()+": the password is in the secure vault (alias "+d.block.sealed+"), which cannot be opened.", "Give the password of the vault as "+keyVaultKeyPassword+".")
	}
	for _, p := range d.replaced() {
		say(p, "The value has ${ in it, which Carbon takes for the start of a system property when it reads the file: it puts another text there, or hangs looking for its end.", replacedFix[p])
	}
	all = append(all, d.driverProblems(w)...)
	if _, err := scriptsFor(w, d); err != nil && d.schema != schemaSkip && d.kind().Known() {
		say(dsSchema, "The tables cannot be told: "+strings.TrimSuffix(scriptError(err), ".")+".", "Put back the scripts of the distribution, or give "+dsKey(d.name, dsSchema)+": skip and make the tables by other means.")
	}
	return all
}

// replacedFix says what to do about ${ in an answer.
var replacedFix = map[string]string{
	dsHost: "Give the name or address itself.", dsDatabase: "Have the DBA give the database another name.", dsService: "Have the DBA give the service another name.",
	dsUsername: "Have the DBA make a user with another name.", dsPassword: "Have the DBA set another password.", dsParameters: "Write the value itself.", dsDescriptor: "Write the values themselves.",
}

// replaced are the answers that go into the file and that CarbonUtils.replaceSystemVariablesInXml would change there.
func (d *dsWish) replaced() []string {
	var all []string
	var has database.Target // what stands there already may be meant, and is not written
	if d.block != nil {
		has = d.block.target
	}
	for _, v := range []struct{ key, text, has string }{
		{dsHost, d.target.Host, has.Host},
		{dsDatabase, d.target.Database, has.Database},
		{dsService, d.target.Service, has.Service},
		{dsDescriptor, d.target.Descriptor, has.Descriptor},
		{dsUsername, d.target.Username, has.Username},
		{dsPassword, d.target.Password.Reveal(), ""},
		{dsParameters, answers.JoinMap(d.target.Parameters), answers.JoinMap(has.Parameters)},
	} {
		if strings.Contains(v.text, "${") && v.text != v.has {
			all = append(all, v.key)
		}
	}
	return all
}

// keepsH2 says what it means to stay with H2.
func (d *dsWish) keepsH2() []Problem {
	if d.typed != typeH2 {
		return nil
	}
	p := Problem{Severity: Warning, Key: dsKey(d.name, dsType), Message: d.name + " stays in the embedded H2 database, which is not for production.", Fix: "This is right for the local registry of a node that mounts a shared one; name a database server otherwise."}
	if d.block != nil && !d.block.h2 {
		p.Severity, p.Message, p.Fix = Error, d.name+" leads to "+d.block.present()+" already; this tool does not lead it back to H2.", "Leave the datasource out."
	}
	return []Problem{p}
}

// wiredProblems judges what is answered about the names and the use of a datasource that the install has: as after an earlier run of the same answers.
func (d *dsWish) wiredProblems() []Problem {
	switch {
	case d.jndi != "" && d.jndi != d.block.jndi:
		return []Problem{{
			Severity: Error, Key: dsKey(d.name, dsJNDI), Message: d.block.place.String() + ": the install has the datasource " + d.name + " already, and its JNDI name stays: others look it up by that.",
			Fix: "Leave jndi out; or give the datasource another name.",
		}}
	case len(d.use) > 0 && d.block.jndi == "":
		return []Problem{{
			Severity: Error, Key: dsKey(d.name, dsUse), Message: d.block.place.String() + ": " + d.name + " has no JNDI name, so that nothing can look it up.",
			Fix: "Leave use out; or give the datasource another name, and jndi.",
		}}
	}
	return d.useProblems()
}

// newProblems judges a datasource that the install does not have.
func (d *dsWish) newProblems(w *Workspace) []Problem {
	blocks, _ := readBlocks(w)
	names := make([]string, len(blocks))
	for i, b := range blocks {
		names[i] = b.name
	}
	key := func(k string) string { return dsKey(d.name, k) }
	if d.jndi == "" || len(d.use) == 0 {
		return []Problem{{
			Severity: Error, Key: key(dsType), Message: "This install has no datasource " + d.name + ".",
			Fix: "Its datasources are " + strings.Join(names, ", ") + ". For a new one, give " + key(dsJNDI) + " and " + key(dsUse) + ".",
		}}
	}
	all := d.useProblems()
	for _, b := range blocks {
		if b.jndi == d.jndi {
			all = append(all, Problem{Severity: Error, Key: key(dsJNDI), Message: "The datasource " + b.name + " (" + b.place.String() + ") has the JNDI name " + d.jndi + " already.", Fix: "Give another name, or answer for " + b.name + "."})
		}
	}
	return all
}

// useProblems judges what a datasource is to be used for.
func (d *dsWish) useProblems() []Problem {
	key := func(k string) string { return dsKey(d.name, k) }
	var all []Problem
	for _, use := range d.use {
		if !slices.Contains([]string{useRegistry, useUsers, useMount}, use) {
			all = append(all, Problem{Severity: Error, Key: key(dsUse), Message: fmt.Sprintf("%q is nothing that a datasource is used for.", use), Fix: "Use registry, users or mount."})
		}
	}
	if slices.Contains(d.use, useMount) && slices.Contains(d.use, useRegistry) {
		all = append(all, Problem{Severity: Error, Key: key(dsUse), Message: "A registry database is either the local one or mounted beside it.", Fix: "Use registry or mount."})
	}
	if len(d.mount) > 0 && !slices.Contains(d.use, useMount) {
		all = append(all, Problem{Severity: Error, Key: key(dsMount), Message: "Paths are mounted from a datasource that is used for mount.", Fix: "Add mount to " + key(dsUse) + ", or leave " + key(dsMount) + " out."})
	}
	for _, path := range d.mount {
		if !strings.HasPrefix(path, "/") {
			all = append(all, Problem{Severity: Error, Key: key(dsMount), Message: fmt.Sprintf("%q is no path of the registry: it has to begin with a slash.", path), Fix: "Give paths such as /_system/governance."})
		}
	}
	return all
}

// driverProblems judges the jar that the server would load.
func (d *dsWish) driverProblems(w *Workspace) []Problem {
	key := dsKey(d.name, dsDriver)
	jar := driverFor(w, d)
	switch {
	case jar == nil:
		return []Problem{{
			Severity: Error, Key: key, Message: "No jar in " + carbon.ComponentsLib + " holds a JDBC driver for " + d.kind().Title() + ". Without it the server stops with \"cannot be found by jdbc-pool\".",
			Fix: "Give the path of the driver's jar as " + key + ".",
		}}
	case jar.err != nil:
		p := driverProblem(d.driver, jar.err)
		p.Key = key
		return []Problem{*p}
	}
	var all []Problem
	for _, f := range jar.jar.Fits(d.kind(), w.Install.Java.Major) {
		all = append(all, faultProblem(key, f))
	}
	return all
}

// together judges the datasources with each other.
func together(w *Workspace, wanted []*dsWish) []Problem {
	var all []Problem
	for i, d := range wanted {
		all = append(all, d.besideDrivers(w, wanted[:i])...)
	}
	blocks, _ := readBlocks(w)
	for i, b := range blocks {
		if twin := block(blocks[:i], b.name); twin != nil && slices.ContainsFunc(wanted, func(d *dsWish) bool { return d.name == b.name && !d.keeps() }) {
			all = append(all, Problem{
				Severity: Error, Key: dsKey(b.name, dsType), Message: "Two datasources have the name " + b.name + ": " + twin.place.String() + " and " + b.place.String() + ". The server keeps the one that it reads last.",
				Fix: "Remove one of them from its file.",
			})
		}
	}
	if w.Install.Started.Yes && slices.ContainsFunc(wanted, func(d *dsWish) bool { return !d.keeps() && d.block != nil && d.block.h2 }) {
		all = append(all, Problem{
			Severity: Warning, Key: sectionDatasources,
			Message: "This server has been started before (" + w.Install.Started.Evidence + "). What is in its H2 databases since then is left behind: users, roles, permissions, registry resources, APIs, applications, tokens.",
			Fix:     "Export what is needed before, or begin anew with the empty database; the files in " + carbon.DatabaseDir + " are not touched.",
		})
	}
	return all
}

// besideDrivers judges the driver of a datasource beside those of the ones before it.
func (d *dsWish) besideDrivers(w *Workspace, before []*dsWish) []Problem {
	if d.keeps() || d.driver == "" {
		return nil
	}
	key := dsKey(d.name, dsDriver)
	mine := w.driverAt(d.driver)
	for _, o := range before {
		if o.keeps() || o.driver == "" {
			continue
		}
		theirs := w.driverAt(o.driver)
		switch {
		case mine.full == theirs.full || mine.err != nil || theirs.err != nil:
		case filepath.Base(mine.full) == filepath.Base(theirs.full) && mine.jar.SHA256 != theirs.jar.SHA256:
			return []Problem{{Severity: Error, Key: key, Message: "Two drivers have the file name " + filepath.Base(mine.full) + ": " + o.driver + " and " + d.driver + ".", Fix: "Name one of them."}}
		case filepath.Base(mine.full) != filepath.Base(theirs.full) && theirs.class(d.target) != "":
			return []Problem{{Severity: Error, Key: key, Message: o.driver + " and " + d.driver + " hold the same driver; Carbon would load one of the two for both datasources.", Fix: "Name one of them."}}
		}
	}
	return nil
}

// scriptError says what is wrong with a script.
func scriptError(err error) string {
	var missing *fs.PathError
	if errors.As(err, &missing) && isMissing(err) {
		if i := strings.Index(missing.Path, carbon.DBScripts+"/"); i >= 0 {
			return missing.Path[i:] + " does not exist"
		}
	}
	return whyUnread(err)
}
