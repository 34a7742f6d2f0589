package steps

import (
	"errors"
	"slices"
	"strings"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// mountedPaths are what servers of a cluster share: the local part of a registry stays with its server.
var mountedPaths = []string{"/_system/config", "/_system/governance"}

const (
	realmConfig   = "/UserManager/Realm/Configuration"
	mountDBConfig = "sharedregistry"
	mountInstance = "shared"

	mountConfigAt   = "dbConfig[@name='" + mountDBConfig + "']"
	mountInstanceAt = "remoteInstance[dbConfig='" + mountDBConfig + "']"
)

// wire makes registry.xml and user-mgt.xml look a new datasource up.
func (d *dsWish) wire(w *Workspace) error {
	var errs []error
	for _, use := range d.use {
		switch use {
		case useUsers:
			errs = append(errs, d.wireUsers(w))
		case useRegistry:
			errs = append(errs, d.wireRegistry(w))
		case useMount:
			errs = append(errs, d.wireMount(w))
		}
	}
	return errors.Join(errs...)
}

// wireUsers: the realm takes its tables of users, roles and permissions from the datasource of its property.
func (d *dsWish) wireUsers(w *Workspace) error {
	doc, err := w.XML(carbon.UserMgtXML)
	if err != nil {
		return err
	}
	holder := doc.First(realmConfig)
	if holder == nil {
		return &edit.Error{File: carbon.UserMgtXML, What: "there is no <Configuration> in <Realm>", Fix: "put back the file of the distribution"}
	}
	child := edit.New{Name: "Property", Attrs: []edit.Attr{{Name: "name", Value: "dataSource"}}, Text: d.jndi}
	return doc.SetChild(holder, child, []string{"EveryOneRoleName"}, edit.Because("users and permissions in "+d.name))
}

func (d *dsWish) wireRegistry(w *Workspace) error {
	doc, err := w.XML(carbon.RegistryXML)
	if err != nil {
		return err
	}
	now := doc.First("/wso2registry/currentDBConfig").Text()
	for _, e := range doc.Find("/wso2registry/dbConfig") {
		if name, _ := e.Attr("name"); name == now && e.First("dataSource") != nil {
			return doc.SetText(e.First("dataSource"), d.jndi, edit.Because("the registry in "+d.name))
		}
	}
	return &edit.Error{File: carbon.RegistryXML, What: "there is no <dbConfig name=\"" + now + "\"> with a <dataSource>", Fix: "put back the file of the distribution"}
}

// wireMount keeps the local registry and mounts the shared one into it, as the comments of registry.xml show it.
func (d *dsWish) wireMount(w *Workspace) error {
	doc, err := w.XML(carbon.RegistryXML)
	if err != nil {
		return err
	}
	cache, err := d.cacheID()
	if err != nil {
		return err
	}
	root := doc.Root()
	why := edit.Because("the registry of " + d.name + ", which the servers share")
	if there := root.First(mountConfigAt); there != nil {
		if name := there.First("dataSource").Text(); name != d.jndi {
			return &edit.Error{File: carbon.RegistryXML, Line: there.Line(), What: "the mounted registry is in " + name + " already", Fix: "leave use: [mount] out, or change the file by hand"}
		}
		return d.remount(doc, cache, why)
	}
	leaf := func(name, text string) edit.New { return edit.New{Name: name, Text: text} }
	blocks := []edit.New{
		{Name: "dbConfig", Attrs: []edit.Attr{{Name: "name", Value: mountDBConfig}}, Children: []edit.New{leaf("dataSource", d.jndi)}},
		{Name: "remoteInstance", Attrs: []edit.Attr{{Name: "url", Value: "https://localhost:9443/registry"}}, Children: []edit.New{
			leaf("id", mountInstance), leaf("dbConfig", mountDBConfig), leaf("readOnly", "false"), leaf("enableCache", "true"), leaf("registryRoot", "/"),
			leaf("cacheId", cache),
		}},
	}
	for _, path := range d.mounts(root) {
		blocks = append(blocks, mountOf(path))
	}
	at := edit.FirstIn(root)
	if all := root.Find("dbConfig"); len(all) > 0 {
		at = edit.After(all[len(all)-1])
	}
	for _, b := range blocks {
		if err := doc.Insert(at, b, why); err != nil {
			return err
		}
	}
	return nil
}

// cacheID is user@url, so that all nodes tell each other of changes.
func (d *dsWish) cacheID() (string, error) {
	url, err := d.target.URL()
	return d.target.Username + "@" + url, err
}

func mountOf(path string) edit.New {
	return edit.New{Name: "mount", Attrs: []edit.Attr{{Name: "path", Value: path}, {Name: "overwrite", Value: "true"}}, Children: []edit.New{
		{Name: "instanceId", Text: mountInstance}, {Name: "targetPath", Text: path},
	}}
}

// remount makes what an earlier run has mounted follow the answers: the database, and the paths.
func (d *dsWish) remount(doc *edit.XML, cache string, why edit.Opt) error {
	root := doc.Root()
	instance := root.First(mountInstanceAt)
	if instance == nil {
		return &edit.Error{File: carbon.RegistryXML, Line: root.First(mountConfigAt).Line(), What: "there is no <remoteInstance> of " + mountDBConfig, Fix: "remove the <dbConfig>, so that all of it is written anew"}
	}
	var errs []error
	if id := instance.First("cacheId"); id != nil && id.Text() != cache {
		errs = append(errs, doc.SetText(id, cache, why))
	}
	wanted, at := d.mounts(root), edit.After(instance)
	for _, e := range mountsOf(root) {
		if path, _ := e.Attr("path"); !slices.Contains(wanted, path) {
			errs = append(errs, doc.Remove(e, why))
		} else {
			at = edit.After(e)
		}
	}
	there := mountPaths(root)
	for _, path := range wanted {
		if !slices.Contains(there, path) {
			errs = append(errs, doc.Insert(at, mountOf(path), why))
		}
	}
	return errors.Join(errs...)
}

// mountsOf are the <mount>s of the shared registry.
func mountsOf(root *edit.Element) []*edit.Element {
	return slices.DeleteFunc(root.Find("mount"), func(e *edit.Element) bool { return strings.TrimSpace(e.First("instanceId").Text()) != mountInstance })
}

func mountPaths(root *edit.Element) []string {
	var all []string
	for _, e := range mountsOf(root) {
		path, _ := e.Attr("path")
		all = append(all, path)
	}
	slices.Sort(all)
	return all
}

// mounted reports whether registry.xml mounts what the answers want from the database that they name; true for a datasource that is not mounted.
func (d *dsWish) mounted(w *Workspace) bool {
	if !slices.Contains(d.use, useMount) {
		return true
	}
	doc, err := w.XML(carbon.RegistryXML)
	if err != nil {
		return false
	}
	cache, err := d.cacheID()
	return err == nil && slices.Equal(mountPaths(doc.Root()), d.mounts(doc.Root())) && doc.Root().First(mountInstanceAt+"/cacheId").Text() == cache
}

// wired reports whether registry.xml and user-mgt.xml look the datasource up for all that it is used for.
func (d *dsWish) wired(w *Workspace, jndi string) bool {
	text := func(file, at string) string {
		doc, err := w.XML(file)
		if err != nil {
			return ""
		}
		return strings.TrimSpace(doc.First(at).Text())
	}
	for _, use := range d.use {
		at := "/wso2registry/" + mountConfigAt + "/dataSource"
		file := carbon.RegistryXML
		switch use {
		case useUsers:
			file, at = carbon.UserMgtXML, realmConfig+"/Property[@name='dataSource']"
		case useRegistry:
			at = "/wso2registry/dbConfig[@name='" + text(carbon.RegistryXML, "/wso2registry/currentDBConfig") + "']/dataSource"
		}
		if text(file, at) != jndi {
			return false
		}
	}
	return true
}

// mounts are the paths to mount: those of the answers, or else those that are mounted already, or else what servers of a cluster share.
func (d *dsWish) mounts(root *edit.Element) []string {
	if len(d.mount) == 0 {
		if there := mountPaths(root); len(there) > 0 {
			return there
		}
		return mountedPaths
	}
	paths := slices.Clone(d.mount)
	slices.Sort(paths)
	return slices.Compact(paths)
}
