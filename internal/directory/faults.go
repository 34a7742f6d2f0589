package directory

import (
	"fmt"
	"slices"
	"strings"

	"carbon-setup/internal/severity"
)

// Severity of a Fault.
type Severity = severity.Level

// The severities, worst last.
const (
	Note    = severity.Note
	Warning = severity.Warning // works, but rarely as meant
	Bad     = severity.Error   // cannot work
)

// Fault is one thing that can be said about a Server or a Store without asking the server.
type Fault struct {
	Field    string // the name of the property in user-mgt.xml
	Severity Severity
	What     string // full sentences
	Fix      string // full sentences; may be ""
}

// Faults returns what can be said about the server without asking it.
func (s Server) Faults() []Fault {
	var f []Fault
	ends, err := s.endpoints()
	if err != nil {
		f = append(f, Fault{"ConnectionURL", Bad, err.Error(), "Write it as ldaps://ldap.example.com:636."})
	}
	for _, e := range ends {
		f = append(f, e.faults()...)
	}
	if s.StartTLS {
		f = append(f, Fault{
			"ConnectionURL", Bad, "Carbon 4.2.0 cannot switch a connection to TLS with StartTLS: it would send the password in clear text.",
			"Use ldaps:// and its port, usually 636.",
		})
	}
	if strings.TrimSpace(s.BindDN) == "" {
		f = append(f, Fault{"ConnectionName", Bad, "Carbon 4.2.0 does not start without an account for the directory, even if the directory answers anybody.", "Give the DN of an account."})
	}
	switch password := s.Password.Reveal(); {
	case strings.TrimSpace(password) == "":
		f = append(f, Fault{"ConnectionPassword", Bad, "Carbon 4.2.0 does not start without the password of its account for the directory.", "Give the password."})
	case strings.TrimFunc(password, javaBlank) != password:
		f = append(f, Fault{"ConnectionPassword", Bad, "The password begins or ends with a blank or a line break, which Carbon 4.2.0 drops when it reads the file: it would log in with another one.", "Take the blank out if it is not meant, or have the account given a password without it."})
	}
	for _, p := range []Property{{"ConnectionName", s.BindDN}, {"ConnectionPassword", s.Password.Reveal()}} {
		f = append(f, replacedFaults(p)...)
	}
	return f
}

// replacedFaults is about what the kernel makes of a value before it takes it: CarbonUtils.replaceSystemVariablesInXml goes over the whole user-mgt.xml.
func replacedFaults(p Property) []Fault {
	if !strings.Contains(p.Value, "${") {
		return nil
	}
	fix := "Write it without ${; an entry with such a name is out of Carbon's reach."
	if p.Name == "ConnectionPassword" {
		fix = "Have the account given a password without ${."
	}
	return []Fault{{p.Name, Bad, "The value has ${ in it, which Carbon 4.2.0 takes for the start of a system property when it reads user-mgt.xml: it puts another text there, or hangs looking for its end.", fix}}
}

// javaBlank reports whether java.lang.String.trim drops a character.
func javaBlank(r rune) bool { return r <= ' ' }

func (e endpoint) faults() []Fault {
	var f []Fault
	if !e.given {
		f = append(f, Fault{
			"ConnectionURL", Bad, fmt.Sprintf("The URL of %s names no port: Carbon 4.2.0 takes the URL apart at its colons and stops where the port should be.", quote(e.host)),
			fmt.Sprintf("Write the port out: %d.", e.port),
		})
	}
	if e.path != "" {
		f = append(f, Fault{
			"ConnectionURL", Bad, "The URL goes on after the port: Java would take every search base as relative to what stands there.",
			"End the URL with the port, and give whole DNs as search bases.",
		})
	}
	if !e.secure {
		f = append(f, Fault{
			"ConnectionURL", Warning, fmt.Sprintf("The connection to %s is not encrypted: everybody on the way can read the password of the account, and those of all users who log in.", quote(e.host)),
			"Use ldaps://, and import the certificate of its issuer into client-truststore.jks.",
		})
	}
	if e.caps {
		f = append(f, Fault{
			"ConnectionURL", Bad, "The URL begins with capitals: the Active Directory store of Carbon 4.2.0 takes nothing but ldaps in small letters for encrypted.",
			"Write ldap:// or ldaps:// in small letters.",
		})
	}
	switch {
	case e.secure && (e.port == portLDAP || e.port == portCatalog):
		f = append(f, Fault{"ConnectionURL", Warning, fmt.Sprintf("Port %d is that of ldap://; the URL says ldaps://.", e.port), ""})
	case !e.secure && (e.port == portLDAPS || e.port == portCatalogSecure):
		f = append(f, Fault{"ConnectionURL", Warning, fmt.Sprintf("Port %d is that of ldaps://; the URL says ldap://.", e.port), "Write ldaps://."})
	}
	return f
}

// Faults returns what can be said about the store without asking the server.
func (s Store) Faults() []Fault {
	if !s.Kind.Known() {
		return []Fault{{"class", Bad, fmt.Sprintf("%s is no kind of user store.", quote(string(s.Kind))), ""}}
	}
	var f []Fault
	f = append(f, s.baseFaults("UserSearchBase", s.UserSearchBase)...)
	f = append(f, filterFaults("UserNameListFilter", s.UserNameListFilter, false)...)
	f = append(f, filterFaults("UserNameSearchFilter", s.UserNameSearchFilter, true)...)
	f = append(f, attributeFaults("UserNameAttribute", s.UserNameAttribute, true)...)
	f = append(f, s.searchFaults()...)
	f = append(f, s.patternFaults()...)
	if s.groups() {
		f = append(f, s.groupFaults()...)
	}
	if s.Kind != ReadOnly {
		f = append(f, s.writeFaults()...)
	}
	for _, p := range s.Properties(Server{}) {
		f = append(f, replacedFaults(p)...)
	}
	if !slices.Contains([]string{"", "follow", "ignore", "throw"}, s.Referral) {
		f = append(f, Fault{"Referral", Bad, fmt.Sprintf("Java knows no way to treat referrals that is called %s.", quote(s.Referral)), `Use "follow", or leave it out.`})
	}
	return f
}

// groups reports whether Carbon looks at groups at all; it writes none without reading them.
func (s Store) groups() bool { return s.ReadGroups || s.WriteGroups && s.Kind != ReadOnly }

func (s Store) baseFaults(field, property string) []Fault {
	if len(property) > maxBases {
		return []Fault{{field, Bad, fmt.Sprintf("The search bases are longer than %d characters.", maxBases), "Give one base that has the others below it."}}
	}
	bases := Bases(property)
	if len(bases) == 0 {
		return []Fault{{field, Bad, "There is no search base; Carbon 4.2.0 does not start without.", "Give a DN such as ou=Users,dc=example,dc=com."}}
	}
	var f []Fault
	for _, b := range bases {
		if err := checkDN(b); err != nil {
			f = append(f, Fault{field, Bad, fmt.Sprintf("%s %s.", quote(b), err), "Write it as the directory shows it; before , + \" \\ < > ; in a value stands a \\."})
			continue
		}
		if in, ok := javaName(b); !ok {
			f = append(f, Fault{field, Bad, fmt.Sprintf("%s is a DN, but Java takes / for the end of a name, and a \\ before / \" ' \\ for its own: it would search below another one.", quote(b)), fmt.Sprintf("Write it as %s, which names the same entry.", in)})
		}
	}
	if len(bases) > 1 && s.Kind != ReadOnly {
		f = append(f, Fault{
			field, Bad, "Carbon 4.2.0 separates search bases at every # when it searches, but not when it makes users or groups: there it would look for one entry of that name.",
			"Give one base that has the others below it, or use the read-only user store.",
		})
	}
	return f
}

func filterFaults(field, filter string, name bool) []Fault {
	if strings.TrimSpace(filter) == "" {
		return []Fault{{field, Bad, "There is no filter; Carbon 4.2.0 does not start without.", "Write it as (objectClass=person) or (&(objectClass=person)(uid=?))."}}
	}
	if err := checkFilter(filter); err != nil {
		return []Fault{{field, Bad, fmt.Sprintf("%s %s.", quote(filter), err), "Write it as (objectClass=person) or (&(objectClass=person)(uid=?))."}}
	}
	switch marks := strings.Count(filter, "?"); {
	case name && marks == 0:
		return []Fault{{field, Bad, fmt.Sprintf("%s has no ? where Carbon puts the name: every name would find the same entries.", quote(filter)), "Put a ? in the place of the name, as in (uid=?)."}}
	case !name && marks > 0:
		return []Fault{{field, Bad, fmt.Sprintf("%s has a ?, but Carbon puts no name into this filter: it would search for a question mark.", quote(filter)), "Leave the condition with the ? out."}}
	}
	return nil
}

func attributeFaults(field, name string, needed bool) []Fault {
	return nameFaults(field, name, "an attribute", needed)
}

// nameFaults is for names of attributes and of object classes, which are made alike.
func nameFaults(field, name, thing string, needed bool) []Fault {
	switch {
	case name == "" && needed:
		return []Fault{{field, Bad, fmt.Sprintf("The name of %s is missing; Carbon 4.2.0 does not start without.", thing), "Give the name."}}
	case name != "" && !attributeType.MatchString(name):
		return []Fault{{field, Bad, fmt.Sprintf("%s is no name of %s.", quote(name), thing), "Names have letters, digits and hyphens."}}
	}
	return nil
}

// searchFaults compares the attribute of the name with the filter that searches for the name.
func (s Store) searchFaults() []Fault {
	if s.UserNameAttribute == "" || !strings.Contains(s.UserNameSearchFilter, "?") {
		return nil
	}
	if strings.Contains(strings.ToLower(s.UserNameSearchFilter), "("+strings.ToLower(s.UserNameAttribute)+"=") {
		return nil
	}
	return []Fault{{
		"UserNameSearchFilter", Warning,
		fmt.Sprintf("Users are listed by their %s, but %s searches for another attribute: who is listed may not be found.", quote(s.UserNameAttribute), quote(s.UserNameSearchFilter)),
		"Let the filter search for the UserNameAttribute, too.",
	}}
}

func (s Store) patternFaults() []Fault {
	if strings.TrimSpace(s.UserDNPattern) == "" {
		return nil
	}
	const field = "UserDNPattern"
	if len(s.UserDNPattern) > maxBases {
		return []Fault{{field, Bad, fmt.Sprintf("The patterns are longer than %d characters.", maxBases), "Leave them out: Carbon then searches for the user."}}
	}
	var f []Fault
	for _, p := range Bases(s.UserDNPattern) {
		dn := CarbonDN(p, "name")
		switch {
		case !strings.Contains(p, "{0}"):
			f = append(f, Fault{field, Bad, fmt.Sprintf("%s has no {0} where Carbon puts the name: every user would be the same.", quote(p)), "Write it as uid={0},ou=Users,dc=example,dc=com, or leave it out."})
		case strings.Contains(strings.ReplaceAll(p, "''", ""), "'"):
			f = append(f, Fault{field, Bad, fmt.Sprintf("%s has an apostrophe, with which Java's MessageFormat takes away the meaning of what follows.", quote(p)), "Double the apostrophe, or leave the pattern out."})
		case strings.Contains(dn, "{") || strings.Contains(dn, "}"):
			f = append(f, Fault{field, Bad, fmt.Sprintf("%s has a brace that is not that of {0}; Java's MessageFormat stops there.", quote(p)), "Leave {0} as the only braces."})
		default:
			if err := checkDN(dn); err != nil {
				f = append(f, Fault{field, Bad, fmt.Sprintf("%s %s.", quote(p), err), ""})
			} else if in, ok := javaName(p); !ok {
				f = append(f, Fault{field, Warning, fmt.Sprintf("With %s users can log in, but Java takes / for the end of a name, and a \\ before / \" ' \\ for its own: their groups and claims would not be found.", quote(p)), fmt.Sprintf("Write it as %s.", in)})
			}
		}
	}
	return f
}

func (s Store) groupFaults() []Fault {
	f := s.baseFaults("GroupSearchBase", s.GroupSearchBase)
	f = append(f, filterFaults("GroupNameListFilter", s.GroupNameListFilter, false)...)
	f = append(f, filterFaults("GroupNameSearchFilter", s.GroupNameSearchFilter, true)...)
	f = append(f, attributeFaults("GroupNameAttribute", s.GroupNameAttribute, true)...)
	f = append(f, attributeFaults("MembershipAttribute", s.MembershipAttribute, true)...)
	f = append(f, attributeFaults("MemberOfAttribute", s.MemberOfAttribute, false)...)
	same := len(s.UserSearchBase)+len(s.GroupSearchBase) < 2*maxBases && slices.EqualFunc(Bases(s.UserSearchBase), Bases(s.GroupSearchBase), sameDN)
	switch {
	case same || strings.Contains(s.UserDNPattern, "{0}") && s.MemberOfAttribute != "":
	case s.MemberOfAttribute != "" && !s.BackLinksEnabled:
		f = append(f, Fault{
			"BackLinksEnabled", Bad, fmt.Sprintf("To read %s Carbon 4.2.0 searches for the user in the GroupSearchBase as long as BackLinksEnabled is not true: no user would have a group.", quote(s.MemberOfAttribute)),
			"Set BackLinksEnabled to true, or leave MemberOfAttribute out.",
		})
	case s.MemberOfAttribute == "" && s.BackLinksEnabled:
		f = append(f, Fault{
			"BackLinksEnabled", Bad, "With BackLinksEnabled and without MemberOfAttribute Carbon 4.2.0 searches for the groups of a user in the UserSearchBase, where they are not: no user would have a group.",
			"Set BackLinksEnabled to false, set MemberOfAttribute (usually memberOf), or use one base for both.",
		})
	}
	return f
}

func (s Store) writeFaults() []Fault {
	f := nameFaults("UserEntryObjectClass", s.UserEntryObjectClass, "an object class", true)
	if s.WriteGroups {
		f = append(f, nameFaults("GroupEntryObjectClass", s.GroupEntryObjectClass, "an object class", true)...)
	}
	if s.WriteGroups && s.EmptyRolesAllowed && strings.EqualFold(s.GroupEntryObjectClass, "groupOfNames") {
		f = append(f, Fault{
			"EmptyRolesAllowed", Warning, "Empty roles are allowed, but in most directories a groupOfNames must have a member: to make an empty role would fail.",
			"Set EmptyRolesAllowed to false, unless the directory has such groups.",
		})
	}
	if s.Kind == ActiveDirectory {
		return append(f, s.microsoftFaults()...)
	}
	if strings.TrimSpace(s.PasswordHashMethod) == "" || s.PasswordHashMethod == "PLAIN_TEXT" {
		f = append(f, Fault{
			"PasswordHashMethod", Note, "Carbon sends new passwords as they are typed; the directory must hash them itself.",
			"With OpenLDAP that takes the password policy overlay with olcPPolicyHashCleartext; otherwise use SHA.",
		})
	}
	return f
}

func (s Store) microsoftFaults() []Fault {
	var f []Fault
	if strings.TrimSpace(s.UserAccountControl) != "" && strings.Trim(s.UserAccountControl, "0123456789") != "" {
		f = append(f, Fault{"userAccountControl", Bad, fmt.Sprintf("%s is no number.", quote(s.UserAccountControl)), "512 is a normal account."})
	}
	if strings.TrimSpace(s.DefaultRealmName) == "" {
		f = append(f, Fault{"defaultRealmName", Note, "There is no defaultRealmName.", "Give the domain in capitals, such as EXAMPLE.COM."})
	}
	if strings.Contains(strings.ToLower(s.UserNameSearchFilter), "samaccountname=?") && s.UserNameAttribute != "" && !strings.EqualFold(s.UserNameAttribute, "sAMAccountName") {
		f = append(f, Fault{"UserNameAttribute", Warning, "The users are searched for by sAMAccountName, but named by another attribute.", "Use sAMAccountName for both."})
	}
	return f
}

// FaultsTogether returns what is wrong with a store at a server that is right with each of them.
func FaultsTogether(at Server, s Store) []Fault {
	if s.Kind == ReadOnly {
		return nil
	}
	var f []Fault
	ends, err := at.endpoints()
	if err != nil {
		return nil
	}
	for _, e := range ends {
		if s.Kind == ActiveDirectory && (e.port == portCatalog || e.port == portCatalogSecure) {
			f = append(f, Fault{
				"ConnectionURL", Bad, fmt.Sprintf("Port %d is that of the global catalog, which nobody can write to.", e.port),
				"Use port 636 of a domain controller, or the read-only user store.",
			})
		}
	}
	if s.Kind == ActiveDirectory && slices.ContainsFunc(ends, func(e endpoint) bool { return !e.secure }) {
		f = append(f, Fault{
			"ConnectionURL", Bad, "Active Directory takes passwords over encrypted connections only, and Carbon 4.2.0 makes none but with ldaps://: users that it makes would stay disabled, and no password could be changed.",
			"Use ldaps:// and port 636, or the read-only user store.",
		})
	}
	return f
}
