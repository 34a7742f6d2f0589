package directory

import (
	"strconv"
	"strings"
)

// Store is how Carbon finds users and groups in a directory. The fields are the properties of the UserStoreManager element of the same names.
type Store struct {
	Kind Kind

	UserSearchBase       string // several are separated by #, see Bases
	UserNameListFilter   string
	UserNameSearchFilter string // ? stands for the name of the user, see CarbonFilter
	UserNameAttribute    string
	UserDNPattern        string // {0} stands for the name; "" has Carbon search for the user at each login
	UserEntryObjectClass string // of the users that Carbon makes

	ReadGroups            bool
	WriteGroups           bool
	EmptyRolesAllowed     bool
	GroupSearchBase       string
	GroupNameListFilter   string
	GroupNameSearchFilter string
	GroupNameAttribute    string
	GroupEntryObjectClass string
	MembershipAttribute   string // of a group: the names of its members
	MemberOfAttribute     string // of a user: the names of the groups; "" has Carbon search the groups
	BackLinksEnabled      bool   // Carbon takes the UserSearchBase where it otherwise takes the GroupSearchBase to find the groups of a user

	Referral           string // "", "follow", "ignore" or "throw"
	PasswordHashMethod string // "SHA", "MD5", "PLAIN_TEXT" or another digest of Java

	MaxUserNameListLength int // 0 is 100
	MaxRoleNameListLength int // 0 is 100

	// Active Directory alone.
	DefaultRealmName   string
	UserAccountControl string // 512 is a normal account
	ADLDS              bool   // Active Directory Lightweight Directory Services
}

// maxNames is what the shipped user stores set MaxUserNameListLength and MaxRoleNameListLength to.
const maxNames = 100

// Defaults returns the usual store of a kind at a vendor under a suffix such as dc=example,dc=com.
func Defaults(k Kind, v Vendor, suffix string) Store {
	s := Store{
		Kind: k, ReadGroups: true, MaxUserNameListLength: maxNames, MaxRoleNameListLength: maxNames,
		UserSearchBase: under("ou=Users", suffix), UserNameAttribute: "uid",
		UserNameListFilter: "(objectClass=inetOrgPerson)", UserNameSearchFilter: "(&(objectClass=inetOrgPerson)(uid=?))",
		GroupSearchBase: under("ou=Groups", suffix), GroupNameAttribute: "cn", MembershipAttribute: "member",
		GroupNameListFilter: "(objectClass=groupOfNames)", GroupNameSearchFilter: "(&(objectClass=groupOfNames)(cn=?))",
		PasswordHashMethod: "SHA",
	}
	switch v {
	case Microsoft:
		s.microsoft(suffix)
	case RedHat:
		s.UserSearchBase = under("ou=People", suffix)
		s.GroupNameListFilter = "(objectClass=groupOfUniqueNames)"
		s.GroupNameSearchFilter = "(&(objectClass=groupOfUniqueNames)(cn=?))"
		s.GroupEntryObjectClass = "groupOfUniqueNames"
		s.MembershipAttribute = "uniqueMember"
		s.PasswordHashMethod = "PLAIN_TEXT" // it refuses hashes from anybody but its manager, and hashes by itself
	case OpenLDAP, ApacheDS:
	}
	switch k {
	case ReadOnly:
		s.UserEntryObjectClass, s.GroupEntryObjectClass = "", ""
		s.PasswordHashMethod = "PLAIN_TEXT" // as shipped; nothing is written
	case ReadWrite:
		s.WriteGroups = true
		s.UserEntryObjectClass = "inetOrgPerson"
		if s.GroupEntryObjectClass == "" {
			s.GroupEntryObjectClass = "groupOfNames"
		}
		s.EmptyRolesAllowed = v == RedHat // groupOfNames must have a member, groupOfUniqueNames need not there
	case ActiveDirectory:
		s.WriteGroups, s.EmptyRolesAllowed = true, true
		s.UserEntryObjectClass, s.GroupEntryObjectClass = "user", "group"
		s.UserAccountControl = "512"
	}
	return s
}

func (s *Store) microsoft(suffix string) {
	s.UserSearchBase = under("CN=Users", suffix)
	s.GroupSearchBase = s.UserSearchBase
	// objectClass=user alone has the computers, too.
	s.UserNameListFilter = "(&(objectClass=user)(objectCategory=person))"
	s.UserNameSearchFilter = "(&(objectClass=user)(objectCategory=person)(sAMAccountName=?))"
	s.UserNameAttribute = "sAMAccountName"
	s.GroupNameListFilter = "(objectCategory=group)"
	s.GroupNameSearchFilter = "(&(objectClass=group)(cn=?))"
	s.MembershipAttribute = "member"
	s.BackLinksEnabled = true
	s.Referral = "follow"
	s.DefaultRealmName = realmOf(suffix)
	s.PasswordHashMethod = "PLAIN_TEXT" // unicodePwd takes no hash
}

// realmOf is the realm of a domain with that suffix: its DNS name in capitals; "" if the suffix has other parts.
func realmOf(suffix string) string {
	dn, err := parseDN(suffix)
	if err != nil {
		return ""
	}
	var labels []string
	for _, rdn := range dn.RDNs {
		if len(rdn.Attributes) != 1 || !strings.EqualFold(rdn.Attributes[0].Type, "DC") {
			return ""
		}
		labels = append(labels, strings.ToUpper(rdn.Attributes[0].Value))
	}
	return strings.Join(labels, ".")
}

func under(rdn, suffix string) string {
	if suffix == "" {
		return rdn
	}
	return rdn + "," + suffix
}

// Property is a property of the UserStoreManager element; its value is not escaped for XML.
type Property struct{ Name, Value string }

// Properties returns the properties that Carbon 4.2.0 reads from user-mgt.xml for this store at that server, in the order of the shipped file, without those
// that do not depend on the directory (regular expressions, caches, shared groups) and without ConnectionPassword.
func (s Store) Properties(at Server) []Property {
	b := strconv.FormatBool
	p := []Property{{"TenantManager", TenantManager}}
	if s.Kind == ActiveDirectory {
		p = append(p, Property{"defaultRealmName", s.DefaultRealmName}, Property{"kdcEnabled", "false"})
	}
	if s.Kind == ReadOnly {
		p = append(p, Property{"ReadOnly", "true"})
	}
	p = append(p,
		Property{"Disabled", "false"}, Property{"ConnectionURL", at.URL}, Property{"ConnectionName", at.BindDN},
		// The kernel reads PasswordHashMethod when it makes a user, the shipped file says passwordHashMethod, which only some patches look at, and only
		// for changed passwords: with one name alone the passwords of new users would be stored as they are typed.
		Property{"passwordHashMethod", s.PasswordHashMethod}, Property{"PasswordHashMethod", s.PasswordHashMethod},
		Property{"UserSearchBase", s.UserSearchBase})
	if s.Kind != ReadOnly {
		p = append(p, Property{"UserEntryObjectClass", s.UserEntryObjectClass})
	}
	p = append(p, Property{"UserNameAttribute", s.UserNameAttribute})
	if s.Kind == ActiveDirectory {
		p = append(p, Property{"isADLDSRole", b(s.ADLDS)}, Property{"userAccountControl", s.UserAccountControl})
	}
	p = append(p, Property{"UserNameListFilter", s.UserNameListFilter}, Property{"UserNameSearchFilter", s.UserNameSearchFilter})
	if s.UserDNPattern != "" {
		p = append(p, Property{"UserDNPattern", s.UserDNPattern})
	}
	p = append(p, Property{"ReadGroups", b(s.ReadGroups)})
	if s.Kind != ReadOnly {
		p = append(p, Property{"WriteGroups", b(s.WriteGroups)}, Property{"EmptyRolesAllowed", b(s.EmptyRolesAllowed)})
	}
	return append(p, s.groupProperties()...)
}

func (s Store) groupProperties() []Property {
	p := []Property{{"GroupSearchBase", s.GroupSearchBase}}
	if s.Kind != ReadOnly {
		p = append(p, Property{"GroupEntryObjectClass", s.GroupEntryObjectClass})
	}
	p = append(p,
		Property{"GroupNameAttribute", s.GroupNameAttribute}, Property{"GroupNameListFilter", s.GroupNameListFilter},
		Property{"GroupNameSearchFilter", s.GroupNameSearchFilter}, Property{"MembershipAttribute", s.MembershipAttribute})
	if s.MemberOfAttribute != "" {
		p = append(p, Property{"MemberOfAttribute", s.MemberOfAttribute})
	}
	if s.Referral != "" {
		p = append(p, Property{"Referral", s.Referral})
	}
	if s.BackLinksEnabled || s.Kind == ActiveDirectory {
		p = append(p, Property{"BackLinksEnabled", strconv.FormatBool(s.BackLinksEnabled)})
	}
	return append(p,
		Property{"MaxRoleNameListLength", strconv.Itoa(orMax(s.MaxRoleNameListLength))},
		Property{"MaxUserNameListLength", strconv.Itoa(orMax(s.MaxUserNameListLength))})
}

func orMax(n int) int {
	if n <= 0 {
		return maxNames
	}
	return n
}
