package steps

import (
	"errors"
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
	if d.isDirectory() {
		errs = append(errs, d.planDirectory(now))
	} else {
		errs = append(errs, d.planJDBC(w, now))
	}
	if add, set := d.wantsAddAdmin(); set {
		holder := now.doc.First(realmConfig)
		errs = append(errs, now.doc.SetChild(holder, edit.New{Name: "AddAdmin", Text: strconv.FormatBool(add)}, nil, edit.Because("whether the first start makes the administrator")))
	}
	return errors.Join(errs...)
}

// planJDBC sets the datasource of the realm and the rules; a directory makes room for the database.
func (d *storeWish) planJDBC(w *Workspace, now *presentStore) error {
	var errs []error
	if d.users != "" {
		blocks, _ := readBlocks(w)
		if b := block(blocks, d.users); b != nil {
			child := edit.New{Name: "Property", Attrs: []edit.Attr{{Name: "name", Value: "dataSource"}}, Text: b.jndi}
			errs = append(errs, now.doc.SetChild(now.doc.First(realmConfig), child, []string{"EveryOneRoleName"}, edit.Because("users and permissions in "+d.users)))
		}
	}
	if now.class != classJDBC {
		return errors.Join(append(errs, replaceStore(now, jdbcStore(d)))...)
	}
	return errors.Join(append(errs, setProperties(now, d.rules()))...)
}

// planDirectory changes the store that is there, when its class stays, or puts another into its place.
func (d *storeWish) planDirectory(now *presentStore) error {
	wanted := append(d.store.Properties(d.server), d.rules()...)
	if now.kind != d.store.Kind {
		return replaceStore(now, directoryStore(d, wanted))
	}
	err := setProperties(now, wanted)
	if now.sealed == "" && d.server.Password.IsSet() {
		err = errors.Join(err, now.doc.SetChild(now.element, passwordProperty(d), []string{"Property"}, edit.Secret(), edit.Because("the account of Carbon in the directory")))
	}
	return err
}

// rules are the patterns of the answers; Java's and that of the browser belong together.
func (d *storeWish) rules() []directory.Property {
	var all []directory.Property
	if d.userRule != "" {
		all = append(all, directory.Property{Name: "UsernameJavaRegEx", Value: d.userRule}, directory.Property{Name: "UsernameJavaScriptRegEx", Value: d.userRule})
	}
	if d.passRule != "" {
		all = append(all, directory.Property{Name: "PasswordJavaRegEx", Value: d.passRule}, directory.Property{Name: "PasswordJavaScriptRegEx", Value: d.passRule})
	}
	return all
}

func setProperties(now *presentStore, wanted []directory.Property) error {
	var errs []error
	for _, p := range wanted {
		if has, ok := now.properties[p.Name]; ok && has == p.Value || !ok && p.Value == "" {
			continue
		}
		errs = append(errs, now.doc.SetChild(now.element, storeProperty(p), []string{"Property"}, edit.Because("the user store of the answers")))
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

// replaceStore puts a store into the place of the live one.
func replaceStore(now *presentStore, with edit.New) error {
	why := edit.Because("the one live primary user store")
	return errors.Join(now.doc.Insert(edit.After(now.element), with, why), now.doc.Remove(now.element, why))
}

// commonProperties are those of the shipped blocks that do not depend on the store.
func commonProperties(has map[string]bool) []directory.Property {
	var all []directory.Property
	for _, p := range []directory.Property{
		{Name: "UsernameJavaRegEx", Value: `[a-zA-Z0-9._-|//]{3,30}$`},
		{Name: "UsernameJavaScriptRegEx", Value: `^[\S]{3,30}$`},
		{Name: "PasswordJavaScriptRegEx", Value: `^[\S]{5,30}$`},
		{Name: "RolenameJavaRegEx", Value: `[a-zA-Z0-9._-|//]{3,30}$`},
		{Name: "RolenameJavaScriptRegEx", Value: `^[\S]{3,30}$`},
		{Name: "UserRolesCacheEnabled", Value: "true"},
		{Name: "SCIMEnabled", Value: "false"},
	} {
		if !has[p.Name] {
			all = append(all, p)
		}
	}
	return all
}

// directoryStore is the whole element for a directory.
func directoryStore(d *storeWish, wanted []directory.Property) edit.New {
	n := edit.New{Name: "UserStoreManager", Attrs: []edit.Attr{{Name: "class", Value: d.store.Kind.Class()}}}
	has := map[string]bool{}
	for _, p := range wanted {
		has[p.Name] = true
	}
	for _, p := range append(wanted, commonProperties(has)...) {
		n.Children = append(n.Children, storeProperty(p))
		if p.Name == "ConnectionName" {
			n.Children = append(n.Children, passwordProperty(d))
		}
	}
	return n
}

// jdbcStore is the element for the database, as it is shipped.
func jdbcStore(d *storeWish) edit.New {
	n := edit.New{Name: "UserStoreManager", Attrs: []edit.Attr{{Name: "class", Value: classJDBC}}}
	rules := map[string]string{}
	for _, p := range d.rules() {
		rules[p.Name] = p.Value
	}
	for _, p := range []directory.Property{
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
	} {
		if rule, ok := rules[p.Name]; ok {
			p.Value = rule
		}
		n.Children = append(n.Children, storeProperty(p))
	}
	return n
}
