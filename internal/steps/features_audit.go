package steps

import (
	"fmt"
	"path"
	"strings"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

func (features) Audit(w *Workspace) []Result {
	all := []Result{auditRepository(w)}
	profiles := readProfiles(w)
	names := installedFeatures(w)
	all = append(all, auditBundles(w, profiles, names)...)
	all = append(all, auditKnown(w, names, profiles)...)
	all = append(all, auditAdded(w, profiles)...)
	return append(all, auditRemembered(w)...)
}

const whyHTTP = "What is installed from there runs inside the server, with all its rights; over plain http, whoever sits in between can hand out other code."

// auditRepository is CS-15.1.
func auditRepository(w *Workspace) Result {
	res := Result{ID: "CS-15.1", Status: OK, Place: carbon.Place{File: carbon.CarbonXML}}
	r, err := readRepository(w)
	if err != nil {
		res.Status, res.Message = Unknown, notChecked(carbon.CarbonXML, err)
		return res
	}
	fix := "Set " + keyRepository + " to a repository with https or on this machine, or to none."
	if r.element != nil {
		res.Place = r.place
	}
	switch {
	case r.element == nil || r.url == "":
		res.Message = "carbon.xml names no P2 repository: an administrator types one when a feature is to be installed."
	case r.token():
		res.Status, res.Severity, res.Fix = Warn, Note, fix
		res.Message = "The P2 repository is " + r.url + ", a placeholder that the build of the product has left behind."
		res.Why = "Carbon cannot read it as a URL: the feature manager reports an error instead of a repository."
	case checkRepository(r.url) != nil:
		p := checkRepository(r.url)
		res.Status, res.Severity, res.Why, res.Fix = Warn, Warning, p.Message, fix
		res.Message = "The P2 repository " + shownURL(r.url) + " cannot be used as it stands."
	case strings.HasPrefix(strings.ToLower(r.url), "http://"):
		res.Status, res.Severity, res.Why, res.Fix = Warn, Warning, whyHTTP, fix
		res.Message = "The feature manager installs from " + r.url + ", over plain http."
	case !r.offered():
		res.Message = "The P2 repository " + r.url + " has no name, and Carbon ignores it."
	default:
		res.Message = "The feature manager offers the P2 repository " + r.url + "."
	}
	return res
}

// Cure leaves the repository to the operator where the present one, which the step proposes, is what the audit finds fault with.
func (features) Cure(w *Workspace) map[string]string {
	if r, err := readRepository(w); err == nil && checkRepository(r.url) == nil && auditRepository(w).Status == Warn {
		return map[string]string{keyRepository: ""}
	}
	return nil
}

// auditBundles is CS-15.2: what the profiles install at start, and whether it is there.
func auditBundles(w *Workspace, profiles []profile, names []string) []Result {
	if len(profiles) == 0 {
		return []Result{{
			ID: "CS-15.2", Status: Unknown, Place: carbon.Place{File: componentsDir + "/" + defaultProfile + "/" + bundlesInfo},
			Message: "There is no list of bundles: which features are installed cannot be told.",
		}}
	}
	var all []Result
	there, told := pluginFiles(w), map[string]bool{}
	for i := range profiles {
		p := &profiles[i]
		if p.unread != nil {
			all = append(all, Result{ID: "CS-15.2", Status: Unknown, Place: placeAt(p.file, 0), Message: notChecked(p.file, p.unread), Fix: "Run the audit as a user who may read it."})
			continue
		}
		if p.fault != "" {
			all = append(all, Result{
				ID: "CS-15.2", Status: Fail, Severity: Error, Place: placeAt(p.file, p.line), Message: "The list of bundles of the profile " + p.name + " is damaged. " + p.fault,
				Why: "The server installs at start what stands there.", Fix: "Put the file of the last backup, or of the distribution with your features, back.",
			})
		}
		if gone := p.absent(w, there, told); len(gone) > 0 {
			all = append(all, goneResult(p, gone))
		}
		if again := p.twice(); len(again) > 0 {
			all = append(all, Result{
				ID: "CS-15.2", Status: Warn, Severity: Warning, Place: placeAt(p.file, again[0].line),
				Message: fmt.Sprintf("%s %s stands twice in the list of bundles of the profile %s.", again[0].name, again[0].version, p.name),
				Why:     "OSGi installs a bundle of one name and version once; which of the two files it is cannot be told.", Fix: "Remove the line that is not of the distribution, and its jar.",
			})
		}
	}
	if len(all) > 0 {
		return all
	}
	p := &profiles[0]
	message := fmt.Sprintf("%s installed, and %s in the profile %s, all of them there", plural(len(names), "feature"), plural(len(p.bundles), "bundle"), p.name)
	if several := p.severalVersions(); len(several) > 0 {
		message += fmt.Sprintf(" (%d in more than one version, as bundles may be: %s)", len(several), firstFew(several))
	}
	message += "."
	if early := unfinished(names); len(early) > 0 {
		message += " By their own version these were not finished when they were shipped: " + firstFew(early) + "."
	}
	return []Result{{ID: "CS-15.2", Status: OK, Place: placeAt(p.file, 0), Message: message}}
}

func goneResult(p *profile, gone []bundle) Result {
	files := make([]string, 0, len(gone))
	for _, b := range gone {
		files = append(files, path.Base(b.rel))
	}
	return Result{
		ID: "CS-15.2", Status: Fail, Severity: Error, Place: placeAt(p.file, gone[0].line),
		Message: fmt.Sprintf("%s not there: %s.", isAre(len(gone), "file", " in the list of bundles of the profile "+p.name), firstFew(files)),
		Why:     "What needs them does not start, and says so only as an error of OSGi somewhere in the log.",
		Fix:     "Take the jars from the distribution, or uninstall the feature that they belong to.",
	}
}

func isAre(n int, one, of string) string {
	if n == 1 {
		return "1 " + one + of + " is"
	}
	return plural(n, one) + of + " are"
}

// auditKnown is CS-15.3: what is there for trying the product out.
func auditKnown(w *Workspace, names []string, profiles []profile) []Result {
	var all []Result
	for _, f := range findKnown(w, names, profiles) {
		r := Result{ID: "CS-15.3", Status: Warn, Severity: Note, Place: f.place, Message: f.what + " is installed.", Why: f.why}
		r.Fix = "Uninstall it in the feature manager, after a backup; or keep it, and keep its page and its service from everybody but developers."
		if f.file != "" {
			r.Message = f.what + " is deployed: " + path.Base(f.place.File) + "."
			r.Fix = "Stop the server, move " + f.place.File + " out of the install, and start it again."
		}
		all = append(all, r)
	}
	if e := h2Console(w); e != nil {
		all = append(all, Result{
			ID: "CS-15.3", Status: Warn, Severity: Warning, Place: placeAt(carbon.CarbonXML, e.Line()), Message: "The web console of the H2 database is switched on.",
			Why: "It is a tool for development: who reaches it and has the database's login, which is well known as shipped, can run any SQL.",
			Fix: "Put the element H2DatabaseConfiguration of carbon.xml back into its comment.",
		})
	}
	if len(all) == 0 && len(profiles) > 0 {
		all = append(all, Result{ID: "CS-15.3", Status: OK, Message: "None of the samples and developers' tools that are known here is installed."})
	}
	return all
}

// h2Console is the element that starts the H2 console, which carbon.xml ships inside a comment.
func h2Console(w *Workspace) *edit.Element {
	x, err := w.XML(carbon.CarbonXML)
	if err != nil {
		return nil
	}
	return x.First("/Server/H2DatabaseConfiguration/property[@name='web']")
}

// auditAdded is CS-15.4, the patches, and CS-15.5, the jars that somebody has laid there.
func auditAdded(w *Workspace, profiles []profile) []Result {
	var all []Result
	if patches := w.glob(carbon.Patches + "/*"); len(patches) > 0 {
		all = append(all, Result{
			ID: "CS-15.4", Status: OK, Place: carbon.Place{File: carbon.Patches},
			Message: fmt.Sprintf("%s in the folder of patches; the last one is %s.", plural(len(patches), "patch", "patches"), path.Base(patches[len(patches)-1])),
		})
	}
	dropins, more := readDropins(w)
	for _, d := range dropins {
		if r, bad := judgeDropin(d, profiles); bad {
			all = append(all, r)
		}
	}
	message := addedJars("dropins", len(dropins)+more, jarNames(relsOf(dropins)))
	libs := w.glob(carbon.ComponentsLib + "/*.jar")
	if text := addedJars("lib", len(libs), jarNames(libs)); text != "" {
		message = strings.TrimSpace(message + " " + text)
	}
	if message != "" {
		all = append(all, Result{
			ID: "CS-15.5", Status: OK, Place: carbon.Place{File: componentsDir},
			Message: message + " The feature manager knows nothing of them: take them along to every node and through every upgrade.",
		})
	}
	return all
}

func relsOf(dropins []dropin) []string {
	rels := make([]string, 0, len(dropins))
	for _, d := range dropins {
		rels = append(rels, d.rel)
	}
	return rels
}

func addedJars(folder string, n int, names []string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%s in %s: %s.", plural(n, "jar"), folder, firstFew(names))
}

// judgeDropin compares a jar of dropins with the bundles of the plugins folder.
func judgeDropin(d dropin, profiles []profile) (Result, bool) {
	r := Result{ID: "CS-15.5", Status: Warn, Severity: Warning, Place: carbon.Place{File: d.rel}}
	if d.fault != "" {
		r.Message = fmt.Sprintf("%s is of no use in dropins: %s.", path.Base(d.rel), d.fault)
		r.Why, r.Fix = "Who laid it there counts on it.", "Put a whole jar there, or remove it; a jar that is no bundle belongs into "+carbon.ComponentsLib+"."
		return r, true
	}
	for _, p := range profiles {
		for _, b := range p.bundles {
			if b.name != d.name || b.rel == d.rel || !strings.HasPrefix(b.rel, carbon.Plugins+"/") {
				continue
			}
			r.Message = fmt.Sprintf("%s is %s %s, and the plugins have %s (%s:%d).", path.Base(d.rel), d.name, d.version, b.version, p.file, b.line)
			if b.version == d.version {
				r.Message = fmt.Sprintf("%s is %s %s, which the plugins have already (%s:%d).", path.Base(d.rel), d.name, d.version, p.file, b.line)
			}
			r.Why = "Both are enabled: which of the two the other bundles get is up to OSGi, and may differ from start to start."
			r.Fix = "Keep one of them. A correction of a shipped bundle comes as a patch, in " + carbon.Patches + "."
			return r, true
		}
	}
	return r, false
}

// auditRemembered is CS-15.6: repositories that p2 has kept, whatever carbon.xml says now.
func auditRemembered(w *Workspace) []Result {
	const engine = componentsDir + "/p2/org.eclipse.equinox.p2.engine/"
	const prefs = ".settings/org.eclipse.equinox.p2.metadata.repository.prefs"
	var all []Result
	files := append(w.glob(engine+prefs), w.glob(engine+"profileRegistry/*.profile/.data/"+prefs)...)
	for _, file := range files {
		data, err := w.Install.Read(file)
		if err != nil {
			continue
		}
		p, err := edit.ParseProperties(file, data)
		if err != nil {
			continue
		}
		for _, e := range p.Entries() {
			if !strings.HasPrefix(e.Key, "repositories/") || !strings.HasSuffix(e.Key, "/uri") || !strings.HasPrefix(strings.ToLower(e.Value), "http://") {
				continue
			}
			all = append(all, Result{
				ID: "CS-15.6", Status: Warn, Severity: Warning, Place: placeAt(file, e.Line), Why: whyHTTP,
				Message: "The feature manager has kept the repository " + shownURL(e.Value) + ", over plain http.",
				Fix:     "Remove it in the management console: Configure, Features, Repository Management.",
			})
		}
	}
	return all
}
