package ldaptest

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// Domain answers as Active Directory is documented to: the data codes of refused log-ins, pages, references to its other partitions, passwords over TLS alone.
// It is no Active Directory.
type Domain struct {
	Refused  map[string]string // DN: data code
	PageSize int               // how many entries a search may have without pages, or a page
	Writable bool
	Weak     bool // the password policy refuses every password

	mu      sync.Mutex
	entries map[string]map[string][]string // by DN
	Log     []string                       // what was written
}

// DomainSuffix is that of a Domain.
const DomainSuffix = "DC=corp,DC=example,DC=com"

// NewDomain returns a domain with users in CN=Users: alice, bob and so many more, a computer, and the group "carbon admins" with alice.
func NewDomain(more int) *Domain {
	d := &Domain{PageSize: 1000, Writable: true, entries: map[string]map[string][]string{}}
	d.put(DomainSuffix, "domainDNS", "", "")
	d.put("CN=Users,"+DomainSuffix, "container", "", "")
	names := []string{"alice", "bob"}
	for i := range more {
		names = append(names, fmt.Sprintf("user%04d", i))
	}
	for _, n := range names {
		d.put("CN="+n+",CN=Users,"+DomainSuffix, "user", "person", n)
	}
	d.put("CN=PC1,CN=Users,"+DomainSuffix, "user", "computer", "PC1$")
	d.put("CN=carbon admins,CN=Users,"+DomainSuffix, "group", "group", "carbon admins")
	d.entries["CN=carbon admins,CN=Users,"+DomainSuffix]["member"] = []string{"CN=alice,CN=Users," + DomainSuffix}
	d.entries["CN=alice,CN=Users,"+DomainSuffix]["memberof"] = []string{"CN=carbon admins,CN=Users," + DomainSuffix}
	return d
}

func (d *Domain) put(dn, class, category, account string) {
	rdn, _, _ := strings.Cut(dn, ",")
	_, cn, _ := strings.Cut(rdn, "=")
	e := map[string][]string{"objectclass": {class}, "cn": {cn}, "objectcategory": {category}}
	if account != "" {
		e["samaccountname"] = []string{account}
	}
	d.entries[dn] = e
}

// DNs returns the entries that are there.
func (d *Domain) DNs() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	for dn := range d.entries {
		all = append(all, dn)
	}
	slices.Sort(all)
	return all
}

// Answer is for LDAP.
func (d *Domain) Answer(s *Session, r Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case r.Op == ldap.ApplicationBindRequest:
		d.bind(s, r)
	case r.Op == ldap.ApplicationSearchRequest && r.DN == "":
		_ = s.Entry(r, "", map[string][]string{"namingContexts": {DomainSuffix, "CN=Configuration," + DomainSuffix}, "supportedControl": {ldap.ControlTypePaging}})
		s.Result(r, 0, "", "")
	case s.User == "":
		s.Result(r, ldap.LDAPResultOperationsError, "", "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be completed on the connection., data 0, v4563\x00")
	case r.Op == ldap.ApplicationSearchRequest:
		d.search(s, r)
	default:
		d.write(s, r)
	}
}

func (d *Domain) bind(s *Session, r Request) {
	data := d.Refused[r.DN]
	if data == "" && r.Password != Password {
		data = "52e"
	}
	if data != "" {
		s.Result(r, ldap.LDAPResultInvalidCredentials, "", "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data "+data+", v4563\x00")
		return
	}
	s.User = r.DN
	s.Result(r, 0, "", "")
}

func (d *Domain) search(s *Session, r Request) {
	if _, there := d.entries[d.name(r.DN)]; !there {
		s.Result(r, ldap.LDAPResultNoSuchObject, DomainSuffix, "0000208D: NameErr: DSID-03100245, problem 2001 (NO_OBJECT), data 0, best match of:\n\t'"+DomainSuffix+"'\n\x00")
		return
	}
	var found []string
	for dn, e := range d.entries {
		if below(dn, r.DN, r.Scope) && matches(r.Filter, e) {
			found = append(found, dn)
		}
	}
	slices.Sort(found)
	limit, next := d.PageSize, ""
	if r.Paged != nil {
		limit = min(limit, int(r.Paged.PagingSize))
		skip, _ := strconv.Atoi(string(r.Paged.Cookie))
		found = found[min(skip, len(found)):]
		if len(found) > limit {
			next = strconv.Itoa(skip + limit)
		}
	}
	code := int64(0)
	if r.Limit > 0 && len(found) > int(r.Limit) && int(r.Limit) <= limit {
		limit, code = int(r.Limit), ldap.LDAPResultSizeLimitExceeded
	}
	if len(found) > limit {
		found = found[:limit]
		if r.Paged == nil {
			code = ldap.LDAPResultSizeLimitExceeded
		}
	}
	for _, dn := range found {
		if s.Entry(r, dn, d.entries[dn]) != nil {
			return
		}
	}
	if r.Scope == ldap.ScopeWholeSubtree && strings.EqualFold(r.DN, DomainSuffix) {
		_ = s.Reference(r, "ldap://ForestDnsZones.corp.example.com/DC=ForestDnsZones,"+DomainSuffix)
		_ = s.Reference(r, "ldap://DomainDnsZones.corp.example.com/DC=DomainDnsZones,"+DomainSuffix)
	}
	if r.Paged != nil {
		s.end(r, code, "", "", nil, &ldap.ControlPaging{Cookie: []byte(next)})
		return
	}
	s.Result(r, code, "", "")
}

// name returns the DN of an entry as it was made.
func (d *Domain) name(dn string) string {
	for have := range d.entries {
		if strings.EqualFold(have, dn) {
			return have
		}
	}
	return dn
}

func below(dn, base string, scope int64) bool {
	dn, base = strings.ToLower(dn), strings.ToLower(base)
	return dn == base || scope == ldap.ScopeWholeSubtree && strings.HasSuffix(dn, ","+base)
}

// matches evaluates the filters that the tests need.
func matches(f *ber.Packet, e map[string][]string) bool {
	switch f.Tag {
	case ldap.FilterAnd:
		return !slices.ContainsFunc(f.Children, func(c *ber.Packet) bool { return !matches(c, e) })
	case ldap.FilterOr:
		return slices.ContainsFunc(f.Children, func(c *ber.Packet) bool { return matches(c, e) })
	case ldap.FilterEqualityMatch:
		name, _ := f.Children[0].Value.(string)
		value, _ := f.Children[1].Value.(string)
		return slices.ContainsFunc(e[strings.ToLower(name)], func(v string) bool { return strings.EqualFold(v, value) })
	case ldap.FilterPresent:
		return len(e[strings.ToLower(f.Data.String())]) > 0
	default:
		return false
	}
}

func (d *Domain) write(s *Session, r Request) {
	dn := d.name(r.DN)
	if !d.Writable {
		s.Result(r, ldap.LDAPResultInsufficientAccessRights, "", "00000005: SecErr: DSID-03152E29, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n\x00")
		return
	}
	switch r.Op {
	case ldap.ApplicationAddRequest:
		d.put(r.DN, r.Changes["objectclass"], map[string]string{"user": "person"}[r.Changes["objectclass"]], r.Changes["samaccountname"])
		d.Log = append(d.Log, "add "+r.DN+" "+r.Changes["useraccountcontrol"])
	case ldap.ApplicationModifyRequest:
		password := r.Changes["unicodepwd"]
		if password != "" && (!s.Secure || d.Weak) {
			words := "0000001F: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0\n\x00"
			if s.Secure {
				words = "0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0\n\x00"
			}
			s.Result(r, ldap.LDAPResultUnwillingToPerform, "", words)
			return
		}
		if !quoted(password) {
			s.Result(r, ldap.LDAPResultUnwillingToPerform, "", "not UTF-16 in quotation marks")
			return
		}
		d.Log = append(d.Log, "enable "+dn+" "+r.Changes["useraccountcontrol"])
	case ldap.ApplicationDelRequest:
		if _, there := d.entries[dn]; !there {
			s.Result(r, ldap.LDAPResultNoSuchObject, "", "")
			return
		}
		delete(d.entries, dn)
		d.Log = append(d.Log, "delete "+dn)
	default:
	}
	s.Result(r, 0, "", "")
}

func quoted(value string) bool {
	if len(value)%2 != 0 {
		return false
	}
	var units []uint16
	for i := 0; i < len(value); i += 2 {
		units = append(units, binary.LittleEndian.Uint16([]byte(value[i:])))
	}
	text := string(utf16.Decode(units))
	return len(text) > 2 && strings.HasPrefix(text, `"`) && strings.HasSuffix(text, `"`)
}
