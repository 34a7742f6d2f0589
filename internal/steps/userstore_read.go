package steps

import (
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/directory"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

const (
	realmPath    = "/UserManager/Realm"
	classJDBC    = "org.wso2.carbon.user.core.jdbc.JDBCUserStoreManager"
	tenantsJDBC  = "org.wso2.carbon.user.core.tenant.JDBCTenantManager"
	embeddedLDAP = "EmbeddedLDAP" // in ${Ports.EmbeddedLDAP.LDAPServerPort}
)

// presentStore is the primary user store as it is: the first live UserStoreManager without a domain.
type presentStore struct {
	doc        *edit.XML
	err        error
	element    *edit.Element
	primaries  []*edit.Element // more than one is a fault
	class      string
	kind       directory.Kind // of a directory
	properties map[string]string
	password   secret.Secret // of the account
	sealed     string
	place      carbon.Place
}

func readStore(w *Workspace) *presentStore {
	s := &presentStore{properties: map[string]string{}, place: carbon.Place{File: carbon.UserMgtXML}}
	if s.doc, s.err = w.XML(carbon.UserMgtXML); s.err != nil {
		return s
	}
	for _, e := range s.doc.Find(realmPath + "/UserStoreManager") {
		if e.First("Property[@name='DomainName']").Text() == "" || len(s.primaries) == 0 && strings.EqualFold(e.First("Property[@name='DomainName']").Text(), "PRIMARY") {
			s.primaries = append(s.primaries, e)
		}
	}
	if len(s.primaries) == 0 {
		return s
	}
	s.element = s.primaries[0]
	s.place.Line = s.element.Line()
	s.class, _ = s.element.Attr("class")
	s.kind, _ = directory.KindOf(s.class)
	for _, p := range s.element.Find("Property") {
		name, _ := p.Attr("name")
		s.properties[name] = p.Text()
		if name == "ConnectionPassword" {
			if s.sealed = w.sealed(p); s.sealed == "" {
				s.password = secret.New(p.Text())
			}
		}
	}
	return s
}

func (s *presentStore) isDirectory() bool { return s.kind != "" }

// embedded reports whether the directory is the one inside the product, as in Identity Server.
func (s *presentStore) embedded() bool {
	return strings.Contains(s.properties["ConnectionURL"], embeddedLDAP)
}

func (s *presentStore) typeName() string {
	if s.isDirectory() {
		return string(s.kind)
	}
	return typeJDBC
}

func (s *presentStore) title() string {
	switch {
	case s.element == nil:
		return "none"
	case s.embedded():
		return "the directory inside the product"
	case s.isDirectory():
		return s.kind.Title() + " at " + s.properties["ConnectionURL"]
	case s.class == classJDBC:
		return "the database"
	}
	return s.class
}

// datasource is the name of the datasource of the realm.
func (s *presentStore) datasource(w *Workspace) string {
	blocks, _ := readBlocks(w)
	jndi := s.doc.First(realmConfig + "/Property[@name='dataSource']").Text()
	for _, b := range blocks {
		if b.jndi == jndi {
			return b.name
		}
	}
	return jndi
}

// server and store are those of a directory that is in force.
func (s *presentStore) server() directory.Server {
	return directory.Server{URL: s.properties["ConnectionURL"], BindDN: s.properties["ConnectionName"], Password: s.password}
}

func (s *presentStore) store() directory.Store {
	p := s.properties
	on := func(name string) bool { return strings.EqualFold(p[name], "true") }
	return directory.Store{
		Kind: s.kind, UserSearchBase: p["UserSearchBase"], UserNameListFilter: p["UserNameListFilter"], UserNameSearchFilter: p["UserNameSearchFilter"],
		UserNameAttribute: p["UserNameAttribute"], UserDNPattern: p["UserDNPattern"], UserEntryObjectClass: p["UserEntryObjectClass"],
		ReadGroups: on("ReadGroups") || on("ReadLDAPGroups"), WriteGroups: on("WriteGroups") || on("WriteLDAPGroups"), EmptyRolesAllowed: on("EmptyRolesAllowed"),
		GroupSearchBase: p["GroupSearchBase"], GroupNameListFilter: p["GroupNameListFilter"], GroupNameSearchFilter: p["GroupNameSearchFilter"],
		GroupNameAttribute: p["GroupNameAttribute"], GroupEntryObjectClass: p["GroupEntryObjectClass"], MembershipAttribute: p["MembershipAttribute"],
		MemberOfAttribute: p["MemberOfAttribute"], BackLinksEnabled: on("BackLinksEnabled"), Referral: p["Referral"], PasswordHashMethod: p["passwordHashMethod"],
		DefaultRealmName: p["defaultRealmName"], UserAccountControl: p["userAccountControl"], ADLDS: on("isADLDSRole"),
	}
}

// storeWish is the store that the answers want.
type storeWish struct {
	typed    string
	server   directory.Server
	store    directory.Store
	addAdmin bool
	asksAdd  bool
	users    string // the datasource of a JDBC store, "" = the present one
	userRule string
	passRule string
}

// wishedStore reads the answers. What is left out is what the directory has already, when its kind stays, and else the usual of the vendor.
func wishedStore(w *Workspace, a *answers.Set) *storeWish {
	d := &storeWish{typed: a.Text(keyUsersType), users: a.Text(keyUsersData), userRule: a.Text(keyUsersUserRegex), passRule: a.Text(keyUsersPassRegex)}
	kind := directory.Kind(d.typed)
	d.addAdmin, d.asksAdd = a.Bool(keyUsersAddAdmin)
	if !kind.Known() {
		return d
	}
	now := readStore(w)
	if now.kind == kind && !now.embedded() {
		d.server, d.store = now.server(), now.store()
	} else {
		vendor := directory.Vendor(a.Text(keyUsersVendor))
		if vendor == "" {
			vendor = directory.Vendors(kind)[0]
		}
		d.store = directory.Defaults(kind, vendor, a.Text(keyUsersSuffix))
	}
	d.fill(a)
	return d
}

// fill puts the answers in.
func (d *storeWish) fill(a *answers.Set) {
	for key, to := range map[string]*string{
		keyUsersURL: &d.server.URL, keyUsersBindDN: &d.server.BindDN, keyUsersUserBase: &d.store.UserSearchBase, keyUsersUserAttr: &d.store.UserNameAttribute,
		keyUsersUserList: &d.store.UserNameListFilter, keyUsersUserFind: &d.store.UserNameSearchFilter, keyUsersUserClass: &d.store.UserEntryObjectClass,
		keyUsersPattern: &d.store.UserDNPattern, keyUsersGroupBase: &d.store.GroupSearchBase, keyUsersGroupAttr: &d.store.GroupNameAttribute,
		keyUsersGroupList: &d.store.GroupNameListFilter, keyUsersGroupFind: &d.store.GroupNameSearchFilter, keyUsersGroupObj: &d.store.GroupEntryObjectClass,
		keyUsersMember: &d.store.MembershipAttribute, keyUsersMemberOf: &d.store.MemberOfAttribute, keyUsersReferral: &d.store.Referral,
		keyUsersRealm: &d.store.DefaultRealmName, keyUsersHash: &d.store.PasswordHashMethod,
	} {
		if v, ok := a.Lookup(key); ok {
			*to = v.Text
		}
	}
	if v, ok := a.Lookup(keyUsersPass); ok {
		d.server.Password = v.Secret
	}
	switch a.Text(keyUsersGroups) {
	case groupsRead:
		d.store.ReadGroups, d.store.WriteGroups = true, false
	case groupsWrite:
		d.store.ReadGroups, d.store.WriteGroups = true, true
	case groupsNone:
		d.store.ReadGroups, d.store.WriteGroups = false, false
	}
}

// isDirectory reports whether users are to lie in a directory.
func (d *storeWish) isDirectory() bool { return directory.Kind(d.typed).Known() }

// wantsAddAdmin is what AddAdmin is to say: a store that cannot be written never gets the administrator from Carbon.
func (d *storeWish) wantsAddAdmin() (add, set bool) {
	switch {
	case directory.Kind(d.typed) == directory.ReadOnly:
		return false, true
	case d.asksAdd:
		return d.addAdmin, true
	}
	return false, false
}
