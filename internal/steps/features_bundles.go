package steps

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strconv"
	"strings"

	"carbon-setup/internal/carbon"
)

const (
	componentsDir = "repository/components"
	featuresDir   = componentsDir + "/features"
	bundlesInfo   = "configuration/org.eclipse.equinox.simpleconfigurator/bundles.info"
	// defaultProfile is the one that runs unless the server is started with -Dprofile.
	defaultProfile = "default"
	// maxBundles is the most lines of a bundles.info that are read; products have about 500.
	maxBundles = 20000
)

// bundle is a line of bundles.info: an OSGi bundle that the simple configurator installs at start.
type bundle struct {
	name, version string
	rel           string // of the jar, below the home; "" = outside of it
	line          int
}

// profile is a P2 profile of the install with its bundles. Other profiles than default are chosen by -Dprofile.
type profile struct {
	name    string
	file    string // its bundles.info
	bundles []bundle
	fault   string // what is wrong in it, a sentence; the place is line
	line    int
	unread  error // why this user may not read the file
}

// readProfiles reads the bundles.info of every profile, default first.
func readProfiles(w *Workspace) []profile {
	var all []profile
	for _, file := range w.glob(componentsDir + "/*/" + bundlesInfo) {
		name, _, _ := strings.Cut(strings.TrimPrefix(file, componentsDir+"/"), "/")
		p := profile{name: name, file: file}
		switch data, err := w.Install.Read(file); {
		case errors.Is(err, fs.ErrPermission):
			p.unread = err
		case err != nil:
			p.fault = "The list " + whyUnread(err) + "."
		default:
			p.parse(data)
		}
		if name == defaultProfile {
			all = append([]profile{p}, all...)
			continue
		}
		all = append(all, p)
	}
	return all
}

// parse reads the lines as SimpleConfiguratorUtils does: symbolic name, version, location, start level and whether to start, parted by commas; # begins
// a comment. A line with fewer than five parts stops the start of the server.
func (p *profile) parse(data []byte) {
	p.bundles = make([]bundle, 0, bytes.Count(data, []byte{'\n'})+1)
	line := 0
	for text := range strings.Lines(string(data)) {
		line++
		text = strings.TrimSpace(text)
		if text == "" || text[0] == '#' {
			continue
		}
		b, ok := bundleLine(text, p.name)
		if !ok {
			p.fault, p.line = fmt.Sprintf("The line is not a bundle: it needs a name, a version, a location, a start level and true or false, parted by commas. %s", "The server does not start with it."), line
			return
		}
		if len(p.bundles) == maxBundles {
			p.fault, p.line = fmt.Sprintf("It has more than %d lines; only those were looked at.", maxBundles), line
			return
		}
		b.line = line
		p.bundles = append(p.bundles, b)
	}
}

// bundleLine reads one line. The location is relative to the folder of the profile.
func bundleLine(text, profile string) (bundle, bool) {
	name, rest, _ := strings.Cut(text, ",")
	version, rest, _ := strings.Cut(rest, ",")
	location, rest, more := strings.Cut(rest, ",")
	level, start, last := strings.Cut(rest, ",")
	if !more || !last || name == "" || version == "" || location == "" || start == "" || strings.ContainsRune(text, 0) {
		return bundle{}, false
	}
	if _, err := strconv.Atoi(strings.TrimSpace(level)); err != nil {
		return bundle{}, false
	}
	return bundle{name: name, version: version, rel: bundlePath(location, profile)}, true
}

// bundlePath is a location as a path below the home, "" for one that leads elsewhere.
func bundlePath(location, profile string) string {
	location = strings.TrimPrefix(location, "file:")
	if strings.Contains(location, "%") {
		if plain, err := url.PathUnescape(location); err == nil {
			location = plain
		}
	}
	if strings.Contains(location, ":") || strings.HasPrefix(location, "/") {
		return ""
	}
	if rest, ok := strings.CutPrefix(location, "../plugins/"); ok && !strings.Contains(rest, "/") {
		return carbon.Plugins + "/" + rest // almost all of them
	}
	rel := path.Join(componentsDir, profile, location)
	if !strings.HasPrefix(rel, "repository/") {
		return ""
	}
	return rel
}

// absent returns the bundles whose file is not there, but for those that were told of another profile. The plugins are known from one look at their
// folder.
func (p *profile) absent(w *Workspace, there, told map[string]bool) []bundle {
	var gone []bundle
	for _, b := range p.bundles {
		if b.rel == "" {
			continue
		}
		known, seen := there[b.rel]
		if !seen {
			_, err := w.Install.Stat(b.rel)
			known = err == nil
			there[b.rel] = known
		}
		if !known && !told[b.rel] {
			told[b.rel] = true
			gone = append(gone, b)
		}
	}
	return gone
}

// pluginFiles are the jars of the plugins folder, for absent.
func pluginFiles(w *Workspace) map[string]bool {
	jars := w.plugins()
	there := make(map[string]bool, len(jars))
	for _, jar := range jars {
		there[jar] = true
	}
	return there
}

// twice returns the bundles that stand there a second time with the same name and version, of which OSGi installs one only.
func (p *profile) twice() []bundle {
	var again []bundle
	seen := make(map[string]bool, len(p.bundles))
	for _, b := range p.bundles {
		key := b.name + "," + b.version
		if seen[key] {
			again = append(again, b)
		}
		seen[key] = true
	}
	return again
}

// severalVersions returns the names of the bundles that are there in more than one version, sorted by their first line.
func (p *profile) severalVersions() []string {
	first := make(map[string]string, len(p.bundles))
	told := map[string]bool{}
	var names []string
	for _, b := range p.bundles {
		switch v, seen := first[b.name]; {
		case !seen:
			first[b.name] = b.version
		case v != b.version && !told[b.name]:
			told[b.name] = true
			names = append(names, b.name)
		}
	}
	return names
}

// find returns the first bundle of that name.
func (p *profile) find(name string) (bundle, bool) {
	for _, b := range p.bundles {
		if b.name == name {
			return b, true
		}
	}
	return bundle{}, false
}
