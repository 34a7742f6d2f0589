package carbon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"carbon-setup/internal/edit"
)

// judge refuses a folder that is no home whose carbon.xml can be read.
func judge(ctx context.Context, dir string) error {
	if filepath.Dir(dir) == dir {
		return &RefusedError{Kind: NotAnInstall, Path: dir, Found: "This is the root of the file system, not the home of a server.", Fix: giveHome}
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrPermission) && !exists(dir, CarbonXML) {
		return noPermission(dir, err)
	}
	if err := refuseGenerated(dir); err != nil {
		return err
	}
	if exists(dir, CarbonXML) {
		return nil
	}
	if looksLikeHome(dir) {
		return refuseIncomplete(dir)
	}
	if what := otherServer(dir); what != nil {
		return what
	}
	if home, ok := Find(filepath.Dir(dir)); ok {
		if err := refuseGenerated(home); err != nil {
			return err
		}
		return &RefusedError{
			Kind: NotAnInstall, Path: dir, Homes: []string{home},
			Found: fmt.Sprintf("This is a folder inside %s, which is %s.", home, titleOf(home)),
			Fix:   "Give " + home + " instead.",
		}
	}
	homes, err := homesBelow(ctx, dir, searchDepth)
	if err != nil {
		return err
	}
	return refuseFolder(dir, entries, homes)
}

// refuseGenerated refuses a product whose XML is not what the operator edits.
func refuseGenerated(dir string) error {
	toml := generatedFrom(dir)
	if toml == "" {
		return nil
	}
	return &RefusedError{
		Kind: Generated, Path: dir,
		Found: fmt.Sprintf("This is %s, which generates its XML configuration from %s at every start.", titleOf(dir), toml),
		Fix: "Edited XML would be overwritten at the next start: make the settings in deployment.toml instead. " +
			"carbon-setup is for Carbon 4.2.0 only.",
	}
}

// generatedFrom returns the slash path of what a newer product generates its configuration from: deployment.toml, or the templates.
func generatedFrom(dir string) string {
	for _, rel := range []string{DeploymentTOML, "conf/deployment.toml"} {
		if exists(dir, rel) {
			return rel
		}
	}
	const templates = "repository/resources/conf/templates"
	if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(templates))); err == nil && info.IsDir() {
		return templates
	}
	return ""
}

// refuseIncomplete refuses what has the scripts of a home but no carbon.xml.
func refuseIncomplete(dir string) error {
	path := filepath.Join(dir, filepath.FromSlash(CarbonXML))
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrPermission) {
		return noPermission(path, err)
	}
	in := &Install{Home: dir, Kernel: kernelOf(dir)}
	if err := in.refuseKernel(); err != nil {
		return err
	}
	return &RefusedError{
		Kind: Broken, Path: dir,
		Found: fmt.Sprintf("This is %s, but %s is not there.", titleOf(dir), CarbonXML),
		Fix:   "Put the file back from the product's zip, or unpack the product again.",
	}
}

// otherServer recognizes servers that people take for a Carbon home. nil = none of them.
func otherServer(dir string) error {
	refuse := func(kind Kind, found, fix string) error {
		return &RefusedError{Kind: kind, Path: dir, Found: found, Fix: fix}
	}
	switch {
	case exists(dir, "conf/server.xml") && (exists(dir, "bin/catalina.sh") || exists(dir, "bin/catalina.bat") || exists(dir, "lib/catalina.jar")):
		return refuse(NotAnInstall, "This is an Apache Tomcat, not a WSO2 Carbon server.", giveHome)
	case exists(dir, "conf/carbon.xml") && exists(dir, "bin/integrator.sh"):
		return refuse(TooNew, "This is a WSO2 Enterprise Integrator 6, which stands on Carbon 4.4.",
			"carbon-setup is for Carbon 4.2.0 only.")
	case exists(dir, "conf/carbon.yml") || exists(dir, "conf/deployment.yaml"):
		return refuse(TooNew, "This is a server on Carbon 5.", "carbon-setup is for Carbon 4.2.0 only.")
	}
	return nil
}

// refuseFolder refuses a folder that is no home and lies in none; homes are those below it.
func refuseFolder(dir string, entries []fs.DirEntry, homes []string) error {
	e := &RefusedError{Kind: NotAnInstall, Path: dir, Homes: homes}
	switch {
	case len(homes) == 1:
		e.Found = fmt.Sprintf("This folder is not a home itself, it holds one: %s, in %s.", titleOf(homes[0]), homes[0])
		e.Fix = "Give " + homes[0] + " instead."
	case len(homes) > 1:
		e.Kind = Several
		e.Found = fmt.Sprintf("This folder holds %d installs:", len(homes))
		e.Fix = "Give one of them; each is set up on its own."
		e.list()
	case len(entries) == 0:
		e.Found = "This folder is empty."
		e.Fix = "Unpack the product first, then give the folder that holds bin and repository."
	default:
		e.Found = "This is not the home of a Carbon server: it holds neither " + CarbonXML + " nor " + ServerSH + "."
		e.Fix = giveHome
		if archive := archiveIn(dir, entries); archive != "" {
			e.Found = fmt.Sprintf("This folder holds the archive %s, but no unpacked server.", archive)
			e.Fix = "Unpack it first, then give the folder that holds bin and repository."
		}
	}
	return e
}

// Bounds of the search below a folder that is no home: a mistyped path must not cost a walk over a whole disk.
const (
	searchDepth   = 2
	searchFolders = 2000
)

// homesBelow returns the homes in the folders below dir, absolute, links resolved, each once.
func homesBelow(ctx context.Context, dir string, depth int) ([]string, error) {
	var homes []string
	seen := map[string]bool{}
	budget := searchFolders
	var search func(dir string, depth int)
	search = func(dir string, depth int) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return
		}
		for _, entry := range entries {
			if budget == 0 || ctx.Err() != nil {
				return
			}
			if !entry.IsDir() && entry.Type()&fs.ModeSymlink == 0 {
				continue
			}
			budget--
			sub := filepath.Join(dir, entry.Name())
			if looksLikeHome(sub) {
				if home, err := filepath.EvalSymlinks(sub); err == nil && !seen[home] {
					seen[home] = true
					homes = append(homes, home)
				}
				continue
			}
			if depth > 1 && entry.IsDir() {
				search(sub, depth-1)
			}
		}
	}
	search(dir, depth)
	return homes, ctx.Err()
}

// titleOf describes a home in a few words, for lists: "WSO2 API Manager 1.8.0 (Carbon 4.2.0)".
func titleOf(home string) string {
	name, version := productTXT(home)
	if data, err := (&Install{Home: home}).Read(CarbonXML); err == nil {
		if doc, err := edit.ParseXML(CarbonXML, data); err == nil {
			if s := textAt(doc, "/Server/Name"); s != "" {
				name = s
			}
			if s := textAt(doc, "/Server/Version"); s != "" {
				version = s
			}
		}
	}
	title := strings.TrimSpace(name + " " + version)
	if title == "" {
		title = "the home of a WSO2 product"
	}
	if kernel := kernelOf(home); kernel != "" {
		title += " (Carbon " + kernel + ")"
	}
	return title
}

// refuseFile refuses a file given as home; a zip is told by its content.
func refuseFile(path string, info fs.FileInfo) error {
	e := &RefusedError{Kind: NotAnInstall, Path: path, Fix: giveHome}
	if !info.Mode().IsRegular() {
		e.Found = "This is " + kindOf(info) + ", not the home of a server."
		return e
	}
	switch archive, err := archiveKind(path); {
	case errors.Is(err, fs.ErrPermission):
		return noPermission(path, err)
	case archive != "":
		e.Found = "This is a " + archive + ", not an unpacked server."
		e.Fix = "Unpack it first, then give the folder that holds bin and repository."
		return e
	}
	if home, ok := Find(filepath.Dir(path)); ok {
		e.Homes = []string{home}
		e.Found = fmt.Sprintf("This is a file of %s, which is %s.", home, titleOf(home))
		e.Fix = "Give " + home + " instead."
		return e
	}
	e.Found = "This is a file, not the home of a server."
	return e
}

// archiveKind names the kind of archive by the first bytes: "zip archive", "compressed archive"; "" = none.
func archiveKind(path string) (string, error) {
	head, err := readSmall(path)
	if err != nil {
		return "", err
	}
	b := []byte(head)
	switch {
	case bytes.HasPrefix(b, []byte("PK\x03\x04")), bytes.HasPrefix(b, []byte("PK\x05\x06")):
		return "zip archive", nil
	case bytes.HasPrefix(b, []byte("\x1f\x8b")), bytes.HasPrefix(b, []byte("BZh")), bytes.HasPrefix(b, []byte("\xfd7zXZ\x00")),
		len(b) > 262 && string(b[257:262]) == "ustar":
		return "compressed archive", nil
	}
	return "", nil
}

// archiveIn returns the name of the first archive among the entries.
func archiveIn(dir string, entries []fs.DirEntry) string {
	for _, entry := range entries {
		name := strings.ToLower(entry.Name())
		if !strings.HasSuffix(name, ".zip") && !strings.HasSuffix(name, ".tar.gz") && !strings.HasSuffix(name, ".tgz") {
			continue
		}
		if kind, err := archiveKind(filepath.Join(dir, entry.Name())); err == nil && kind != "" {
			return entry.Name()
		}
	}
	return ""
}

// notThere refuses a path that does not exist, and names the homes beside it: most such paths are mistyped.
func notThere(ctx context.Context, path string) error {
	e := &RefusedError{Kind: NotAnInstall, Path: path, Fix: giveHome}
	if target, err := os.Readlink(path); err == nil {
		e.Found = "This is a link to " + target + ", which does not exist."
		return e
	}
	parent := filepath.Dir(path)
	if !exists(parent, "") {
		for !exists(parent, "") && filepath.Dir(parent) != parent {
			parent = filepath.Dir(parent)
		}
		e.Found = fmt.Sprintf("There is no such folder; %s is as far as the path exists.", parent)
		return e
	}
	homes, err := homesBelow(ctx, parent, 1)
	if err != nil {
		return err
	}
	e.Homes = homes
	switch len(homes) {
	case 0:
		e.Found = "There is no such folder."
	case 1:
		e.Found = fmt.Sprintf("There is no such folder; %s is %s.", homes[0], titleOf(homes[0]))
		e.Fix = "If that is the one you mean, give " + homes[0] + "."
	default:
		e.Found = fmt.Sprintf("There is no such folder; %s holds %d installs:", parent, len(homes))
		e.Fix = "Give the one you mean."
		e.list()
	}
	return e
}

// refuseUnresolved refuses a path that cannot be followed: links that go round in a circle, a file in the place of a folder.
func refuseUnresolved(path string, err error) error {
	return &RefusedError{
		Kind: NotAnInstall, Path: path, cause: err,
		Found: "This path cannot be followed: " + strings.TrimPrefix(reason(err), "EvalSymlinks: ") + ".", Fix: giveHome,
	}
}

// refuseUnreadable refuses a home whose carbon.xml is there and cannot be read.
func (in *Install) refuseUnreadable(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return noPermission(filepath.Join(in.Home, filepath.FromSlash(CarbonXML)), err)
	}
	why := in.unreadable(CarbonXML)
	if why == "" {
		why = "cannot be read: " + reason(err)
	}
	return &RefusedError{
		Kind: Broken, Path: in.Home, cause: err,
		Found: CarbonXML + " " + why + ".",
		Fix:   "Put the file back from the product's zip, or unpack the product again.",
	}
}
