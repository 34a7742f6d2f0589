package steps

import (
	"errors"
	"maps"
	"slices"
	"strconv"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/directory"
	"carbon-setup/internal/edit"
)

// Plan makes the wanted store the one live primary UserStoreManager. The shipped alternatives stay in their comments.
func (s userstore) Plan(w *Workspace, a *answers.Set) error {
	now := readStore(w)
	if now.err != nil {
		return now.err
	}
	if now.element == nil {
		return &edit.Error{File: carbon.UserMgtXML, What: "there is no live <UserStoreManager> in <Realm>", Fix: "put back the file of the distribution"}
	}
	d := wishedStore(w, a)
	var errs []error
	if d.users != "" {
		errs = append(errs, d.planDatasource(w, now))
	}
	switch {
	case !now.holds(d):
		errs = append(errs, d.planAnother(now))
	case d.isDirectory():
		errs = append(errs, d.planSame(now))
	default:
		errs = append(errs, setProperties(now, d.rules(now)))
	}
	if add, set := d.wantsAddAdmin(now); set {
		holder := now.doc.First(realmConfig)
		errs = append(errs, now.doc.SetChild(holder, edit.New{Name: "AddAdmin", Text: strconv.FormatBool(add)}, nil, edit.Because("what the first start makes of the administrator")))
	}
	return errors.Join(errs...)
}

// planDatasource has the realm take its tables from the datasource of the answers. Roles of Carbon's own and permissions lie there with every store.
func (d *storeWish) planDatasource(w *Workspace, now *presentStore) error {
	blocks, _ := readBlocks(w)
	b := block(blocks, d.users)
	if b == nil || b.jndi == "" {
		return &edit.Error{File: carbon.MasterDS, What: "there is no datasource " + d.users + " with a JNDI name", Fix: "answer guideline 6 (Registry and governance) for it"}
	}
	child := edit.New{Name: "Property", Attrs: []edit.Attr{{Name: "name", Value: "dataSource"}}, Text: b.jndi}
	return now.doc.SetChild(now.doc.First(realmConfig), child, []string{"EveryOneRoleName"}, edit.Because("users and permissions in "+d.users))
}

// planSame changes the properties of the directory that the answers change, and nothing else of its element.
func (d *storeWish) planSame(now *presentStore) error {
	err := errors.Join(setProperties(now, append(d.changes(now), d.rules(now)...)), removeProperties(now, d.dropped(now)))
	if now.sealed == "" && d.server.Password.IsSet() && !d.server.Password.Equal(now.password) {
		err = errors.Join(err, now.doc.SetChild(now.element, passwordProperty(d), []string{"Property"}, edit.Secret(), edit.Because("the account of Carbon in the directory")))
	}
	return err
}

// changes are the properties of the present directory that are not as the answers want them. Without a TenantManager the server does not start; without
// PasswordHashMethod the passwords of new users are stored as they are typed.
func (d *storeWish) changes(now *presentStore) []directory.Property {
	was := map[string]string{}
	for _, p := range now.store().Properties(now.server()) {
		was[p.Name] = p.Value
	}
	var all []directory.Property
	for _, p := range d.store.Properties(d.server) {
		_, has := now.properties[p.Name]
		needed := !has && (p.Name == "TenantManager" || p.Name == "PasswordHashMethod" && d.writes())
		if value, ok := was[p.Name]; !ok || value != p.Value || needed {
			all = append(all, p)
		}
	}
	return all
}

// dropped are the properties of the present directory that the wanted one does without: UserDNPattern, MemberOfAttribute, BackLinksEnabled. They go as a
// whole: an empty one is not always read as none.
func (d *storeWish) dropped(now *presentStore) []string {
	var all []string
	wanted := d.store.Properties(d.server)
	for _, p := range now.store().Properties(now.server()) {
		if !slices.ContainsFunc(wanted, func(w directory.Property) bool { return w.Name == p.Name }) {
			all = append(all, p.Name)
		}
	}
	return all
}

// rules are the patterns of the answers that are not in force yet. The server judges by the one for Java; the console's pages judge by that for JavaScript
// before they send anything.
func (d *storeWish) rules(now *presentStore) []directory.Property {
	var all []directory.Property
	for _, r := range []struct{ name, text string }{{"Username", d.userRule}, {"Password", d.passRule}} {
		if r.text == "" || now.properties[r.name+"JavaRegEx"] == r.text {
			continue
		}
		all = append(all, directory.Property{Name: r.name + "JavaRegEx", Value: r.text})
		if script, ok := scriptPattern(r.text); ok {
			all = append(all, directory.Property{Name: r.name + "JavaScriptRegEx", Value: script})
		}
	}
	return all
}

// setProperties sets properties of the live store; one that stands there twice is set twice.
func setProperties(now *presentStore, wanted []directory.Property) error {
	var errs []error
	why := edit.Because("the user store of the answers")
	for _, p := range wanted {
		all := now.element.Find("Property[@name=" + edit.Quote(p.Name) + "]")
		for _, e := range all {
			errs = append(errs, now.doc.SetText(e, p.Value, why))
		}
		if len(all) == 0 && p.Value != "" {
			errs = append(errs, now.doc.SetChild(now.element, storeProperty(p), []string{"Property"}, why))
		}
	}
	return errors.Join(errs...)
}

func removeProperties(now *presentStore, names []string) error {
	var errs []error
	for _, name := range names {
		for _, e := range now.element.Find("Property[@name=" + edit.Quote(name) + "]") {
			errs = append(errs, now.doc.Remove(e, edit.Because("the user store of the answers")))
		}
	}
	return errors.Join(errs...)
}

func storeProperty(p directory.Property) edit.New {
	return edit.New{Name: "Property", Attrs: []edit.Attr{{Name: "name", Value: p.Name}}, Text: p.Value}
}

func passwordProperty(d *storeWish) edit.New {
	n := storeProperty(directory.Property{Name: "ConnectionPassword", Value: d.server.Password.Reveal()})
	n.Secret = true
	return n
}

// planAnother puts another store into the place of the live one.
func (d *storeWish) planAnother(now *presentStore) error {
	with := edit.New{Name: "UserStoreManager", Attrs: []edit.Attr{{Name: "class", Value: d.class()}}}
	for _, p := range d.whole(now) {
		with.Children = append(with.Children, storeProperty(p))
		if p.Name == "ConnectionName" {
			with.Children = append(with.Children, passwordProperty(d))
		}
	}
	why := edit.Because("the one live primary user store")
	remove := []edit.Opt{why}
	if now.password.IsSet() {
		remove = append(remove, edit.Secret())
	}
	return errors.Join(now.doc.Insert(edit.After(now.element), with, why), now.doc.Remove(now.element, remove...))
}

func (d *storeWish) class() string {
	if d.isDirectory() {
		return d.store.Kind.Class()
	}
	return classJDBC
}

// whole are all properties of another store but its password: its own, the rules of the answers, what the present store has that is no matter of its kind,
// and what is shipped.
func (d *storeWish) whole(now *presentStore) []directory.Property {
	shipped := jdbcProperties
	var own []directory.Property
	if d.isDirectory() {
		shipped, own = directoryProperties, d.store.Properties(d.server)
	}
	value := map[string]string{}
	for _, name := range []string{"DomainName", "UserCoreCacheIdentifier", "UserRolesCacheEnabled", "SharedGroupEnabled", "SCIMEnabled"} {
		if v, ok := now.properties[name]; ok {
			value[name] = v
		}
	}
	for _, p := range d.rules(&presentStore{}) {
		value[p.Name] = p.Value
	}
	var all []directory.Property
	has := map[string]bool{}
	add := func(p directory.Property) {
		if v, ok := value[p.Name]; ok {
			p.Value = v
		}
		if !has[p.Name] {
			all, has[p.Name] = append(all, p), true
		}
	}
	for _, p := range append(own, shipped...) {
		add(p)
	}
	for _, name := range slices.Sorted(maps.Keys(value)) {
		add(directory.Property{Name: name})
	}
	return all
}

// directoryProperties are those of the shipped blocks that do not depend on the directory.
var directoryProperties = []directory.Property{
	{Name: "UsernameJavaRegEx", Value: `[a-zA-Z0-9._-|//]{3,30}$`},
	{Name: "UsernameJavaScriptRegEx", Value: `^[\S]{3,30}$`},
	{Name: "PasswordJavaScriptRegEx", Value: `^[\S]{5,30}$`},
	{Name: "RolenameJavaRegEx", Value: `[a-zA-Z0-9._-|//]{3,30}$`},
	{Name: "RolenameJavaScriptRegEx", Value: `^[\S]{3,30}$`},
	{Name: "UserRolesCacheEnabled", Value: "true"},
	{Name: "SCIMEnabled", Value: "false"},
}

// jdbcProperties are those of the database, as they are shipped.
var jdbcProperties = []directory.Property{
	{Name: "TenantManager", Value: tenantsJDBC},
	{Name: "ReadOnly", Value: "false"},
	{Name: "MaxUserNameListLength", Value: "100"},
	{Name: "IsEmailUserName", Value: "false"},
	{Name: "DomainCalculation", Value: "default"},
	{Name: "PasswordDigest", Value: "SHA-256"},
	{Name: "StoreSaltedPassword", Value: "true"},
	{Name: "ReadGroups", Value: "true"},
	{Name: "WriteGroups", Value: "true"},
	{Name: "UserNameUniqueAcrossTenants", Value: "false"},
	{Name: "PasswordJavaRegEx", Value: `^[\S]{5,30}$`},
	{Name: "PasswordJavaScriptRegEx", Value: `^[\S]{5,30}$`},
	{Name: "UsernameJavaRegEx", Value: `^[^~!#$;%^*+={}\\|\\\\<>,\'\"]{3,30}$`},
	{Name: "UsernameJavaScriptRegEx", Value: `^[\S]{3,30}$`},
	{Name: "RolenameJavaRegEx", Value: `^[^~!#$;%^*+={}\\|\\\\<>,\'\"]{3,30}$`},
	{Name: "RolenameJavaScriptRegEx", Value: `^[\S]{3,30}$`},
	{Name: "UserRolesCacheEnabled", Value: "true"},
	{Name: "MaxRoleNameListLength", Value: "100"},
	{Name: "SharedGroupEnabled", Value: "false"},
	{Name: "SCIMEnabled", Value: "false"},
}
