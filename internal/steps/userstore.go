package steps

import (
	"slices"
	"strconv"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/directory"
	"carbon-setup/internal/secret"
)

// userstore is guideline 7: where users and groups are kept.
type userstore struct {
	dial *directory.TestOptions // what tests put in place of the network; nil = the real one
}

const (
	sectionUserStore  = "user_store"
	keyUsersType      = "user_store.type"
	keyUsersData      = "user_store.datasource"
	keyUsersVendor    = "user_store.vendor"
	keyUsersURL       = "user_store.url"
	keyUsersBindDN    = "user_store.bind_dn"
	keyUsersPass      = "user_store.password" // #nosec G101 -- a key
	keyUsersSuffix    = "user_store.suffix"
	keyUsersUserBase  = "user_store.user_base"
	keyUsersUserAttr  = "user_store.user_attribute"
	keyUsersUserList  = "user_store.user_list_filter"
	keyUsersUserFind  = "user_store.user_search_filter"
	keyUsersUserClass = "user_store.user_object_class"
	keyUsersPattern   = "user_store.dn_pattern"
	keyUsersGroups    = "user_store.groups"
	keyUsersGroupBase = "user_store.group_base"
	keyUsersGroupAttr = "user_store.group_attribute"
	keyUsersGroupList = "user_store.group_list_filter"
	keyUsersGroupFind = "user_store.group_search_filter"
	keyUsersGroupObj  = "user_store.group_object_class"
	keyUsersMember    = "user_store.membership_attribute"
	keyUsersMemberOf  = "user_store.member_of_attribute"
	keyUsersBackLinks = "user_store.back_links"
	keyUsersEmpty     = "user_store.empty_groups"
	keyUsersReferral  = "user_store.referral"
	keyUsersRealm     = "user_store.realm"
	keyUsersHash      = "user_store.password_hash"
	keyUsersAddAdmin  = "user_store.add_admin"
	keyUsersUserRegex = "user_store.username_regex"
	keyUsersPassRegex = "user_store.password_regex" // #nosec G101 -- a key
	keyUsersSample    = "user_store.sample_user"
	keyUsersSamplePw  = "user_store.sample_password" // #nosec G101 -- a key
	keyUsersTestWrite = "user_store.test_write"
)

const typeJDBC = "jdbc"

// What Carbon does with the groups of a directory.
const (
	groupsRead  = "read"
	groupsWrite = "write"
	groupsNone  = "none"
)

func (userstore) Info() Info {
	return Info{
		ID: "user_store", Section: sectionUserStore, Guideline: 7, Title: "User stores", Reads: []string{keyAdminUser, keyAdminPassword, keyTrustImport},
		Why: `Users, groups and their passwords lie in the same embedded H2 database as the registry. Keep them in a real database, or in the LDAP directory or Active Directory that the
organization has already: then people log in with the account that they have, and lose it when they leave.

Permissions and the roles of Carbon itself stay in the database in every case, so guideline 6 (Registry and governance) is needed as well.

The filters are tried with a real user before anything is written. A primary user store that does not work stops the start of the server.`,
	}
}

func (userstore) Applies(w *Workspace) (bool, string) {
	if !w.Has(carbon.UserMgtXML) {
		return false, "This install has no " + carbon.UserMgtXML + ", which names its user store."
	}
	return true, ""
}

func (userstore) Specs() []answers.Spec {
	kinds := []string{typeJDBC}
	for _, k := range directory.Kinds() {
		kinds = append(kinds, string(k))
	}
	return []answers.Spec{
		{Key: keyUsersType, Kind: answers.Choice, Choices: kinds, Label: "User store", Example: "ldap-readonly", Required: true, Help: "jdbc: the database of the realm. ldap: a directory that Carbon may write to. ldap-readonly: one that it only reads. active-directory: Microsoft's."},
		{Key: keyUsersData, Kind: answers.Text, Label: "Datasource of users", Example: "WSO2UM_DB", Help: "With jdbc: the datasource that holds users, roles and permissions. Left out: the present one."},
		{Key: keyUsersVendor, Kind: answers.Choice, Choices: vendorNames(), Label: "Directory", Example: "openldap", Help: "Which directory it is: the proposals for filters and attributes come from it."},
		{Key: keyUsersURL, Kind: answers.Text, Label: "Address", Example: "ldaps://ldap.example.com:636", Help: "ldap:// or ldaps://, host and port. Carbon 4.2.0 cannot do StartTLS."},
		{Key: keyUsersBindDN, Kind: answers.Text, Label: "Account of Carbon", Example: "cn=carbon,ou=services,dc=example,dc=com", Help: "The DN by which Carbon logs in to the directory."},
		{Key: keyUsersPass, Kind: answers.Secret, Label: "Password of the account", Example: "{env: LDAP_PW}", Help: "The password of that account."},
		{Key: keyUsersSuffix, Kind: answers.Text, Label: "Suffix", Example: "dc=example,dc=com", Help: "The top of the directory; the proposals for the search bases come from it. Not written."},
		{Key: keyUsersUserBase, Kind: answers.Text, Label: "Search base of users", Example: "ou=people,dc=example,dc=com", Help: "Where users are found. Several are separated by #."},
		{Key: keyUsersUserAttr, Kind: answers.Text, Label: "Attribute of the user name", Example: "uid", Help: "uid, cn or sAMAccountName: what people type when they log in."},
		{Key: keyUsersUserList, Kind: answers.Text, Label: "Filter that lists users", Example: "(objectClass=person)", Help: "As in LDAP; & is written as &amp; into the file by itself."},
		{Key: keyUsersUserFind, Kind: answers.Text, Label: "Filter that finds a user", Example: "(&(objectClass=person)(uid=?))", Help: "? stands for the name of the user."},
		{Key: keyUsersUserClass, Kind: answers.Text, Label: "Object class of new users", Example: "inetOrgPerson", Help: "For users that Carbon makes."},
		{Key: keyUsersPattern, Kind: answers.Text, Label: "DN of a user", Example: "uid={0},ou=people,dc=example,dc=com", Help: "When all users lie in one place: spares a search at every login. {0} stands for the name."},
		{Key: keyUsersGroups, Kind: answers.Choice, Choices: []string{groupsRead, groupsWrite, groupsNone}, Label: "Groups", Example: groupsRead, Help: "read: groups of the directory are roles. write: Carbon may make groups, too. none: Carbon keeps its own roles."},
		{Key: keyUsersGroupBase, Kind: answers.Text, Label: "Search base of groups", Example: "ou=groups,dc=example,dc=com", Help: "Where groups are found."},
		{Key: keyUsersGroupAttr, Kind: answers.Text, Label: "Attribute of the group name", Example: "cn", Help: "Usually cn."},
		{Key: keyUsersGroupList, Kind: answers.Text, Label: "Filter that lists groups", Example: "(objectClass=groupOfNames)", Help: "As in LDAP."},
		{Key: keyUsersGroupFind, Kind: answers.Text, Label: "Filter that finds a group", Example: "(&(objectClass=groupOfNames)(cn=?))", Help: "? stands for the name of the group."},
		{Key: keyUsersGroupObj, Kind: answers.Text, Label: "Object class of new groups", Example: "groupOfNames", Help: "For groups that Carbon makes."},
		{Key: keyUsersMember, Kind: answers.Text, Label: "Attribute of members", Example: "member", Help: "The attribute of a group that names its members."},
		{Key: keyUsersMemberOf, Kind: answers.Text, Label: "Attribute of memberships", Example: "memberOf", Help: "The attribute of a user that names the groups; where the directory has it, it is quicker."},
		{Key: keyUsersBackLinks, Kind: answers.Bool, Label: "Groups by the user's own attribute", Example: "true", Help: "BackLinksEnabled. yes: Carbon looks for the memberships of a user below the base of users, no: below that of groups. Left out: yes where the attribute of memberships is given and the bases differ."},
		{Key: keyUsersEmpty, Kind: answers.Bool, Label: "Groups without members", Example: "false", Help: "EmptyRolesAllowed. yes: the directory takes groups that nobody is in, as Active Directory does. no: as with groupOfNames, which has to have a member."},
		{Key: keyUsersReferral, Kind: answers.Choice, Choices: []string{"follow", "ignore", "throw"}, Label: "Referrals", Example: "follow", Help: "What to do when the directory points to another server."},
		{Key: keyUsersRealm, Kind: answers.Text, Label: "Realm", Example: "EXAMPLE.COM", Help: "Active Directory: the default realm."},
		{Key: keyUsersHash, Kind: answers.Text, Label: "Hash of passwords", Example: "SHA", Help: "How Carbon stores the passwords of users that it makes: SHA, MD5 or PLAIN_TEXT."},
		{Key: keyUsersAddAdmin, Kind: answers.Bool, Label: "Make the administrator", Example: "false", Help: "yes: the first start makes what is missing of the administrator and the role; in a read-only directory the role alone, as one of Carbon's own. no: both are there, or the start stops."},
		{Key: keyUsersUserRegex, Kind: answers.Text, Label: "Rule for user names", Example: `^[\S]{3,30}$`, Help: "A Java pattern that names of users have to fit."},
		{Key: keyUsersPassRegex, Kind: answers.Text, Label: "Rule for passwords", Example: `^[\S]{12,60}$`, Help: "A Java pattern that new passwords have to fit; in a database at every login, too."},
		{Key: keyUsersSample, Kind: answers.Text, Label: "A user to try", Example: "jdoe", Help: "A real user, for the test alone: found by the filters, with groups."},
		{Key: keyUsersSamplePw, Kind: answers.Secret, Label: "Password of that user", Example: "{prompt: true}", Help: "For the test alone; left out, the login of the user is not tried."},
		{Key: keyUsersTestWrite, Kind: answers.Bool, Label: "Try to write", Example: "false", Help: "yes: the test makes a user and a group with unmistakable names, and deletes them again."},
	}
}

func vendorNames() []string {
	var names []string
	for _, k := range directory.Kinds() {
		for _, v := range directory.Vendors(k) {
			if !slices.Contains(names, string(v)) {
				names = append(names, string(v))
			}
		}
	}
	return names
}

// Fields ask for the kind of store, and then for what that kind needs; the proposals are the usual ones of the directory.
func (s userstore) Fields(w *Workspace, a *answers.Set) []Field {
	f := newFields(s.Specs())
	now := readStore(w)
	f.add(keyUsersType, func(q *Field) {
		q.Options = []Option{{typeJDBC, "the database"}}
		for _, k := range directory.Kinds() {
			q.Options = append(q.Options, Option{string(k), k.Title()})
		}
		q.Now = Present{Text: now.title(), Place: now.place}
		q.Default, q.DefaultFrom = now.typeName(), "the present value"
	})
	typed := a.Text(keyUsersType)
	if typed == "" {
		return f.all
	}
	if typed == typeJDBC {
		f.add(keyUsersData, func(q *Field) { q.Default, q.DefaultFrom = now.datasource(w), "the present value" })
		f.add(keyUsersPassRegex, regexField(now.properties["PasswordJavaRegEx"]))
		return f.all
	}
	s.directoryFields(f, w, a, now)
	return f.all
}

// directoryFields ask for a directory.
func (s userstore) directoryFields(f *fieldsOf, w *Workspace, a *answers.Set, now *presentStore) {
	kind := directory.Kind(a.Text(keyUsersType))
	wish := wishedStore(w, a)
	stays := now.holds(wish)
	from := "the usual one of the directory"
	if stays {
		from = "the present value"
	}
	propose := func(key, value string) {
		f.add(key, func(q *Field) {
			if value != "" {
				q.Default, q.DefaultFrom = value, from
			}
		})
	}
	accountFields(f, kind, now, stays)
	propose(keyUsersUserBase, wish.store.UserSearchBase)
	propose(keyUsersUserAttr, wish.store.UserNameAttribute)
	propose(keyUsersUserList, wish.store.UserNameListFilter)
	propose(keyUsersUserFind, wish.store.UserNameSearchFilter)
	f.add(keyUsersGroups, func(q *Field) {
		q.Options = []Option{{groupsRead, "groups of the directory are roles"}, {groupsWrite, "and Carbon may make groups"}, {groupsNone, "Carbon keeps its own roles"}}
		if kind == directory.ReadOnly {
			q.Options, q.Choices = slices.Delete(q.Options, 1, 2), []string{groupsRead, groupsNone}
		}
		q.Default, q.DefaultFrom = groupsRead, "a directory that others look after"
		if stays {
			q.Default, q.DefaultFrom = groupsOf(wish.store), from
		}
	})
	if a.Text(keyUsersGroups) != groupsNone {
		propose(keyUsersGroupBase, wish.store.GroupSearchBase)
		propose(keyUsersGroupAttr, wish.store.GroupNameAttribute)
		propose(keyUsersGroupList, wish.store.GroupNameListFilter)
		propose(keyUsersGroupFind, wish.store.GroupNameSearchFilter)
		propose(keyUsersMember, wish.store.MembershipAttribute)
	}
	s.rarerFields(a, wish, propose)
	f.add(keyUsersAddAdmin, func(q *Field) {
		add, why := wish.usualAddAdmin()
		if stays {
			add, why = now.addAdmin, "the present value"
		}
		q.Default, q.DefaultFrom = strconv.FormatBool(add), why
	})
	f.add(keyUsersSample, nil)
	f.add(keyUsersSamplePw, nil)
	if kind != directory.ReadOnly {
		f.add(keyUsersTestWrite, func(q *Field) {
			q.Default, q.DefaultFrom = "false", "nothing is made in the directory unless asked for"
		})
	}
}

// rarerFields ask for what the usual values of a directory do not settle: the realm of a domain whose suffix does not tell it and where its referrals lead,
// what Carbon makes of groups and passwords in a directory that it writes to, and what the present store has that would contradict other answers.
func (userstore) rarerFields(a *answers.Set, wish *storeWish, propose func(key, value string)) {
	kind := wish.store.Kind
	if kind == directory.ActiveDirectory {
		propose(keyUsersRealm, wish.store.DefaultRealmName)
		propose(keyUsersReferral, wish.store.Referral)
	}
	if a.Text(keyUsersGroups) == groupsWrite && wish.writes() {
		propose(keyUsersGroupObj, wish.store.GroupEntryObjectClass)
		propose(keyUsersEmpty, strconv.FormatBool(wish.store.EmptyRolesAllowed))
	}
	if kind == directory.ReadWrite {
		propose(keyUsersHash, wish.store.PasswordHashMethod)
	}
	if wish.store.UserDNPattern != "" {
		propose(keyUsersPattern, wish.store.UserDNPattern)
	}
	if wish.store.MemberOfAttribute != "" && a.Text(keyUsersGroups) != groupsNone {
		propose(keyUsersMemberOf, wish.store.MemberOfAttribute)
	}
}

// accountFields ask which directory it is, where, and by which account Carbon logs in.
func accountFields(f *fieldsOf, kind directory.Kind, now *presentStore, stays bool) {
	if !stays && len(directory.Vendors(kind)) > 1 {
		f.add(keyUsersVendor, func(q *Field) {
			q.Options, q.Choices = nil, nil
			for _, v := range directory.Vendors(kind) {
				q.Options, q.Choices = append(q.Options, Option{string(v), v.Title()}), append(q.Choices, string(v))
			}
			q.Default, q.DefaultFrom = q.Choices[0], "the usual one"
		})
	}
	account := now.server()
	f.add(keyUsersURL, func(q *Field) {
		q.Required = !stays
		q.Check = func(text string) *Problem {
			return directoryProblem(keyUsersURL, directory.Server{URL: text, BindDN: "cn=x"}.Faults(), "ConnectionURL")
		}
		if stays {
			q.Default, q.DefaultFrom, q.Now = account.URL, "the present value", Present{Text: account.URL, Place: now.place}
		}
	})
	f.add(keyUsersBindDN, func(q *Field) {
		q.Required = !stays
		if stays {
			q.Default, q.DefaultFrom, q.Now = account.BindDN, "the present value", Present{Text: account.BindDN, Place: now.place}
		}
	})
	f.add(keyUsersPass, func(q *Field) {
		q.Required = !stays
		if stays {
			q.Now = Present{Text: secret.Shown, Place: now.place}
		}
	})
	if !stays {
		f.add(keyUsersSuffix, nil)
	}
}

// groupsOf is the answer about groups that a store comes to.
func groupsOf(s directory.Store) string {
	switch {
	case s.WriteGroups:
		return groupsWrite
	case s.ReadGroups:
		return groupsRead
	}
	return groupsNone
}

func regexField(now string) func(*Field) {
	return func(q *Field) { q.Default, q.DefaultFrom = now, "the present value" }
}

// defaultDirectoryPasswords are those of the shipped blocks.
var defaultDirectoryPasswords = []string{"admin", "secret", "A1b2c3d4"}

func isShippedDirectoryPassword(s secret.Secret) bool {
	return s.IsSet() && slices.Contains(defaultDirectoryPasswords, s.Reveal())
}
