package ldaptest

import (
	"fmt"
	"strings"
	"time"
)

// config returns the configuration of the server: three databases, the memberOf attribute, password policies, and rights for each account.
func config(dir string) string {
	return fmt.Sprintf(`include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
argsfile %[1]s/args
pidfile %[1]s/pid
threads 2
TLSCACertificateFile %[1]s/ca.pem
TLSCertificateFile %[1]s/cert.pem
TLSCertificateKeyFile %[1]s/key.pem

database mdb
suffix %[2]q
directory %[1]s/db0
maxsize 16777216
dbnosync
index objectClass,uid,cn,member eq
overlay memberof
overlay ppolicy
ppolicy_use_lockout
limits dn.exact=%[5]q size=5
access to attrs=userPassword by dn.exact=%[3]q write by dn.exact=%[6]q add by anonymous auth by * none
access to dn.subtree="ou=Services,%[8]s" by dn.exact=%[3]q read by * auth
access to * by dn.exact=%[3]q write by dn.exact=%[6]q add by dn.exact=%[4]q read by dn.exact=%[5]q read by dn.exact=%[7]q search by users read by * auth

database mdb
suffix %[9]q
directory %[1]s/db1
maxsize 4194304
dbnosync
readonly on
access to attrs=userPassword by anonymous auth by * none
access to * by users write by * auth

database mdb
suffix %[10]q
directory %[1]s/db2
maxsize 4194304
dbnosync
security simple_bind=128
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * auth
`, dir, Suffix, Account("writer"), Account("reader"), Account("limited"), Account("maker"), Account("blind"), Suffix, ReadOnlySuffix, SafeSuffix)
}

// Users is how many users of the name user000 and so on there are, besides alice, bob, carol and the odd ones.
const Users = 130

// ldif collects entries.
type ldif struct{ strings.Builder }

func (l *ldif) entry(dn string, attributes ...string) {
	fmt.Fprintf(l, "dn: %s\n%s\n\n", dn, strings.Join(attributes, "\n"))
}

func (l *ldif) unit(name, above string) {
	l.entry("ou="+name+","+above, "objectClass: organizationalUnit", "ou: "+name)
}

func (l *ldif) user(uid, above string, more ...string) {
	l.entry("uid="+uid+","+above, append([]string{
		"objectClass: inetOrgPerson", "uid: " + uid, "cn: " + uid, "sn: " + uid, "userPassword: " + Password,
	}, more...)...)
}

func (l *ldif) account(name string, more ...string) {
	l.entry(Account(name), append([]string{
		"objectClass: organizationalRole", "objectClass: simpleSecurityObject", "cn: " + name, "userPassword: " + Password,
	}, more...)...)
}

// mainEntries are those below Suffix.
func mainEntries() string {
	var l ldif
	l.entry(Suffix, "objectClass: dcObject", "objectClass: organization", "dc: example", "o: Example")
	for _, u := range []string{"Services", "Users", "Groups", "People", "Empty", "Devices", "Mixed", "Aliases", "Policies", "Partly"} {
		l.unit(u, Suffix)
	}
	l.policies()
	for _, a := range []string{"reader", "writer", "maker", "limited", "blind"} {
		l.account(a)
	}
	const old = "pwdChangedTime: 20200101000000Z"
	policy := func(name string) string { return "pwdPolicySubentry: cn=" + name + ",ou=Policies," + Suffix }
	l.account("expired", policy("short"), old)
	l.account("grace", policy("grace"), old)
	l.account("warned", policy("warning"), "pwdChangedTime: "+time.Now().Add(-time.Hour).UTC().Format("20060102150405Z"))
	l.account("locked", policy("short"), "pwdAccountLockedTime: 000001010000Z", "pwdChangedTime: 20990101000000Z")
	l.account("reset", policy("reset"), "pwdReset: TRUE")

	users, people := "ou=Users,"+Suffix, "ou=People,"+Suffix
	l.user("alice", users, "memberOf: cn=admin,ou=Groups,"+Suffix)
	l.user("bob", users)
	l.user("carol", users)
	l.user(`o(dd)*`, users)
	l.user("twin", users, "mail: twin@example.com")
	l.user("twin2", users, "mail: twin@example.com")
	for i := range Users {
		l.user(fmt.Sprintf("user%03d", i), users)
	}
	l.user("dave", people)
	l.entry("cn=printer,ou=Devices,"+Suffix, "objectClass: device", "cn: printer")
	l.entry("cn=noname,ou=Partly,"+Suffix, "objectClass: person", "cn: noname", "sn: noname")
	l.groups()
	l.user("erin", "ou=Mixed,"+Suffix)
	l.entry("ou=Elsewhere,ou=Mixed,"+Suffix, "objectClass: referral", "objectClass: extensibleObject", "ou: Elsewhere", "ref: ldap://other.example.com/ou=Elsewhere,dc=example,dc=com")
	l.entry("ou=Moved,"+Suffix, "objectClass: referral", "objectClass: extensibleObject", "ou: Moved", "ref: ldap://other.example.com:1389/ou=Moved,dc=example,dc=com")
	l.entry("cn=loop,ou=Aliases,"+Suffix, "objectClass: alias", "objectClass: extensibleObject", "cn: loop", "aliasedObjectName: cn=loop,ou=Aliases,"+Suffix)
	return l.String()
}

func (l *ldif) groups() {
	at := func(name string) string { return "cn=" + name + ",ou=Groups," + Suffix }
	l.entry(at("admin"), "objectClass: groupOfNames", "cn: admin", "member: uid=alice,ou=Users,"+Suffix)
	l.entry(at("staff"), "objectClass: groupOfUniqueNames", "cn: staff", "uniqueMember: uid=bob,ou=Users,"+Suffix)
	l.entry(at("unix"), "objectClass: posixGroup", "cn: unix", "gidNumber: 1000", "memberUid: carol")
}

func (l *ldif) policies() {
	policy := func(name string, more ...string) {
		l.entry("cn="+name+",ou=Policies,"+Suffix, append([]string{
			"objectClass: organizationalRole", "objectClass: pwdPolicy", "cn: " + name, "pwdAttribute: userPassword",
		}, more...)...)
	}
	policy("short", "pwdMaxAge: 86400", "pwdLockout: TRUE")
	policy("grace", "pwdMaxAge: 86400", "pwdGraceAuthNLimit: 1000")
	policy("warning", "pwdMaxAge: 2592000", "pwdExpireWarning: 2592000")
	policy("reset", "pwdMustChange: TRUE")
}

// otherEntries are those of the databases for one purpose.
func otherEntries(suffix string) string {
	var l ldif
	dc, _, _ := strings.Cut(strings.TrimPrefix(suffix, "dc="), ",")
	l.entry(suffix, "objectClass: dcObject", "objectClass: organization", "dc: "+dc, "o: "+dc)
	l.unit("Users", suffix)
	l.unit("Groups", suffix)
	l.user("alice", "ou=Users,"+suffix)
	return l.String()
}
