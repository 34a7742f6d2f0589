package directory

// Kind is a user store manager of Carbon 4.2.0 that speaks LDAP.
type Kind string

// The kinds.
const (
	ReadOnly        Kind = "ldap-readonly"
	ReadWrite       Kind = "ldap"
	ActiveDirectory Kind = "active-directory"
)

// Kinds returns all kinds, in the order in which they are offered.
func Kinds() []Kind { return []Kind{ReadWrite, ReadOnly, ActiveDirectory} }

// Known reports whether k is one of Kinds.
func (k Kind) Known() bool { return k == ReadOnly || k == ReadWrite || k == ActiveDirectory }

// Title returns the kind as it is shown.
func (k Kind) Title() string {
	switch k {
	case ReadOnly:
		return "LDAP, read only"
	case ReadWrite:
		return "LDAP, read and write"
	case ActiveDirectory:
		return "Active Directory"
	}
	return string(k)
}

// Class returns the class attribute of the UserStoreManager element in user-mgt.xml, "" for an unknown kind.
func (k Kind) Class() string {
	const pkg = "org.wso2.carbon.user.core.ldap."
	switch k {
	case ReadOnly:
		return pkg + "ReadOnlyLDAPUserStoreManager"
	case ReadWrite:
		return pkg + "ReadWriteLDAPUserStoreManager"
	case ActiveDirectory:
		return pkg + "ActiveDirectoryUserStoreManager"
	}
	return ""
}

// KindOf returns the kind with that class.
func KindOf(class string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Class() == class {
			return k, true
		}
	}
	return "", false
}

// TenantManager is the class that the property of that name needs with all three kinds; without it the primary store stops the start of the server.
const TenantManager = "org.wso2.carbon.user.core.tenant.CommonHybridLDAPTenantManager"

// Vendor is a directory whose usual layout Defaults knows.
type Vendor string

// The vendors.
const (
	OpenLDAP  Vendor = "openldap"
	ApacheDS  Vendor = "apacheds"
	RedHat    Vendor = "389ds" // 389 Directory Server, Red Hat Directory Server, FreeIPA
	Microsoft Vendor = "microsoft"
)

// Vendors returns the vendors that a kind can have, the usual one first.
func Vendors(k Kind) []Vendor {
	switch k {
	case ActiveDirectory:
		return []Vendor{Microsoft}
	case ReadOnly:
		return []Vendor{OpenLDAP, ApacheDS, RedHat, Microsoft}
	case ReadWrite:
		return []Vendor{OpenLDAP, ApacheDS, RedHat}
	}
	return nil
}

// Title returns the name of the product.
func (v Vendor) Title() string {
	switch v {
	case OpenLDAP:
		return "OpenLDAP"
	case ApacheDS:
		return "Apache Directory Server"
	case RedHat:
		return "389 Directory Server, Red Hat Directory Server"
	case Microsoft:
		return "Microsoft Active Directory"
	}
	return string(v)
}
