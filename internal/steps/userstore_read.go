package steps

import (
	"cmp"
	"slices"
	"strconv"
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

// presentStore is the primary user store as it is: the first live UserStoreManager, whatever its DomainName. RealmConfigXMLProcessor takes it for the primary
// one, needs a DomainName of every further one, and of two properties with the same name the last.
type presentStore struct {
	doc        *edit.XML
	err        error
	element    *edit.Element
	primaries  []*edit.Element // more than one is a fault
	class      string
	kind       directory.Kind // of a directory
	properties map[string]string
	addAdmin   bool
	password   secret.Secret // of the account
	sealed     string
	place      carbon.Place
}

func readStore(w *Workspace) *presentStore {
	s := &presentStore{properties: map[string]string{}, place: carbon.Place{File: carbon.UserMgtXML}}
	if s.doc, s.err = w.XML(carbon.UserMgtXML); s.err != nil {
		return s
	}
	for i, e := range s.doc.Find(realmPath + "/UserStoreManager") {
		if domain := e.First("Property[@name='DomainName']").Text(); i == 0 || domain == "" || strings.EqualFold(domain, "PRIMARY") {
			s.primaries = append(s.primaries, e)
		}
	}
	s.addAdmin = strings.EqualFold(s.doc.First(realmConfig+"/AddAdmin").Text(), "true")
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

// holds reports whether the present store is of the kind that the answers want. The directory inside the product is of a kind of its own.
func (s *presentStore) holds(d *storeWish) bool {
	if d.isDirectory() {
		return s.kind == d.store.Kind && !s.embedded()
	}
	return s.class == classJDBC
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
	number := func(name string) int {
		n, _ := strconv.Atoi(p[name])
		return n
	}
	return directory.Store{
		Kind: s.kind, UserSearchBase: p["UserSearchBase"], UserNameListFilter: p["UserNameListFilter"], UserNameSearchFilter: p["UserNameSearchFilter"],
		UserNameAttribute: p["UserNameAttribute"], UserDNPattern: p["UserDNPattern"], UserEntryObjectClass: p["UserEntryObjectClass"],
		ReadGroups: on("ReadGroups") || on("ReadLDAPGroups"), WriteGroups: on("WriteGroups") || on("WriteLDAPGroups"), EmptyRolesAllowed: on("EmptyRolesAllowed"),
		GroupSearchBase: p["GroupSearchBase"], GroupNameListFilter: p["GroupNameListFilter"], GroupNameSearchFilter: p["GroupNameSearchFilter"],
		GroupNameAttribute: p["GroupNameAttribute"], GroupEntryObjectClass: p["GroupEntryObjectClass"], MembershipAttribute: p["MembershipAttribute"],
		MemberOfAttribute: p["MemberOfAttribute"], BackLinksEnabled: on("BackLinksEnabled"), Referral: p["Referral"],
		PasswordHashMethod:    cmp.Or(p["PasswordHashMethod"], p["passwordHashMethod"]),
		MaxUserNameListLength: number("MaxUserNameListLength"), MaxRoleNameListLength: number("MaxRoleNameListLength"),
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
	d.store.Kind = kind
	now := readStore(w)
	if now.holds(d) {
		d.server, d.store = now.server(), now.store()
	} else {
		vendor := directory.Vendor(a.Text(keyUsersVendor))
		if !slices.Contains(directory.Vendors(kind), vendor) {
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
	for _, key := range []string{keyUsersUserBase, keyUsersGroupBase, keyUsersMemberOf} {
		if _, ok := a.Lookup(key); ok && !strings.EqualFold(d.store.UserSearchBase, d.store.GroupSearchBase) {
			d.store.BackLinksEnabled = d.store.MemberOfAttribute != "" // otherwise Carbon looks for one of them below the base of the other
		}
	}
	for key, to := range map[string]*bool{keyUsersBackLinks: &d.store.BackLinksEnabled, keyUsersEmpty: &d.store.EmptyRolesAllowed} {
		if yes, given := a.Bool(key); given {
			*to = yes
		}
	}
}

// isDirectory reports whether users are to lie in a directory.
func (d *storeWish) isDirectory() bool { return directory.Kind(d.typed).Known() }

// groups reports whether groups of the directory are roles of Carbon.
func (d *storeWish) groups() bool { return d.store.ReadGroups || d.store.WriteGroups && d.writes() }

// writes reports whether Carbon may make users in the store.
func (d *storeWish) writes() bool { return d.store.Kind != directory.ReadOnly }

// wantsAddAdmin is what AddAdmin is to say, and whether it is to be set: a store that stays leaves it alone.
func (d *storeWish) wantsAddAdmin(now *presentStore) (add, set bool) {
	switch {
	case d.asksAdd:
		return d.addAdmin, true
	case now.holds(d):
		return now.addAdmin, false
	}
	add, _ = d.usualAddAdmin()
	return add, true
}

// usualAddAdmin is what AddAdmin says if nobody is asked, and why. The kernel stops the start when it is false and the role is missing; it does not make
// users in a store that it only reads. So true harms nothing but a directory that Carbon may write to.
func (d *storeWish) usualAddAdmin() (add bool, why string) {
	switch {
	case !d.isDirectory():
		return true, "a database without users"
	case !d.writes():
		return true, "Carbon makes the role if it is missing, and no user"
	case !d.groups():
		return true, "Carbon makes its own role"
	}
	return false, "nothing is made in the directory unless asked for"
}
