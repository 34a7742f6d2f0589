package directory

import (
	"context"
	"crypto/md5" //nolint:gosec // what Carbon does
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/go-ldap/ldap/v3"
)

// trial is the entry, or the two entries, that a test of the right to write makes and deletes.
type trial struct {
	name     string
	password string
	user     string   // DN
	group    string   // DN
	made     []string // DNs that are there, or may be, in the order in which they were made
	unsure   bool     // the server did not say whether the last is there
}

func newTrial(s Store) *trial {
	var random [12]byte
	_, _ = rand.Read(random[:]) // never fails
	name := "carbon-setup-test-" + hex.EncodeToString(random[:6])
	if s.Kind == ActiveDirectory {
		name = "carbon-test-" + hex.EncodeToString(random[:4]) // sAMAccountName takes 20 characters
	}
	t := &trial{name: name, password: "Aa1!" + hex.EncodeToString(random[:])}
	// Carbon names the users of Active Directory and all groups by cn, whatever the attribute of the name is.
	rdn := s.UserNameAttribute
	if s.Kind == ActiveDirectory {
		rdn = "cn"
	}
	t.user = rdn + "=" + name + "," + s.UserSearchBase
	t.group = "cn=" + name + "-role," + s.GroupSearchBase
	return t
}

// write makes a user as Carbon makes one, finds it, makes a group with it, and deletes both.
func (t *Tester) write(ctx context.Context) StageResult {
	switch {
	case t.store.Kind == ReadOnly:
		return notTested("Carbon writes nothing to a read-only store.")
	case !t.o.Write:
		return notTested("It was not asked for.")
	case t.store.Kind == ActiveDirectory && !t.at.Encrypted():
		return fail(&Error{
			Kind: EncryptFirst, What: "Active Directory takes passwords over encrypted connections only; nothing was tried.",
			Cause: "Users that Carbon makes would stay disabled, and no password could be changed.", Fix: "Use ldaps:// and its port, usually 636.",
		})
	}
	if f := badFault(append(t.store.Faults(), FaultsTogether(t.at, t.store)...)); f != nil {
		return fail(&Error{Kind: Unusable, What: f.What, Fix: f.Fix})
	}
	w := newTrial(t.store)
	e := t.tryWrite(ctx, w)
	if left := t.cleanUp(ctx, w); left != nil {
		return fail(left)
	}
	switch {
	case e == nil && t.store.WriteGroups:
		return ok("A user and a group were made, found and deleted again.")
	case e == nil:
		return ok("A user was made, found and deleted again.")
	case e.Kind == UserMissing, e.Kind == UserPassword:
		return warn(e.What, e)
	}
	return fail(e)
}

func badFault(faults []Fault) *Fault {
	for i, f := range faults {
		if f.Severity == Bad {
			return &faults[i]
		}
	}
	return nil
}

func (t *Tester) tryWrite(ctx context.Context, w *trial) *Error {
	if e := t.add(ctx, w, w.user, t.userAttributes(w)); e != nil {
		return e
	}
	if t.store.Kind == ActiveDirectory {
		if e := t.enable(ctx, w); e != nil {
			return e
		}
	}
	found, err := t.findUser(ctx, w.name)
	if err != nil {
		return t.listError(ctx, err)
	}
	if e := t.trialLogin(ctx, w); e != nil {
		return e
	}
	if t.store.WriteGroups {
		group := map[string][]string{"objectClass": {t.store.GroupEntryObjectClass}, "cn": {w.name + "-role"}, t.store.MembershipAttribute: {w.user}}
		if !strings.EqualFold(t.store.GroupNameAttribute, "cn") {
			group[t.store.GroupNameAttribute] = []string{w.name + "-role"}
		}
		if e := t.add(ctx, w, w.group, group); e != nil {
			return e
		}
	}
	if len(found) == 0 {
		return &Error{
			Kind: UserMissing, What: fmt.Sprintf("A user can be made, but %s does not find it.", quote(t.store.UserNameSearchFilter)),
			Cause: fmt.Sprintf("Carbon makes users with the object class %s, and the filter wants something else.", quote(t.store.UserEntryObjectClass)),
			Fix:   "Let the filters and the UserEntryObjectClass fit together.",
		}
	}
	return nil
}

// userAttributes are those that Carbon gives to a new user.
func (t *Tester) userAttributes(w *trial) map[string][]string {
	a := map[string][]string{"objectClass": {t.store.UserEntryObjectClass}, "cn": {w.name}, "sn": {w.name}}
	for name := range a {
		if strings.EqualFold(name, t.store.UserNameAttribute) {
			return t.withPassword(a, w)
		}
	}
	a[t.store.UserNameAttribute] = []string{w.name}
	return t.withPassword(a, w)
}

func (t *Tester) withPassword(a map[string][]string, w *trial) map[string][]string {
	if t.store.Kind != ActiveDirectory {
		a["userPassword"] = []string{passwordToStore(t.store.PasswordHashMethod, w.password)}
		return a
	}
	if !t.store.ADLDS {
		a["userAccountControl"] = []string{"514"} // disabled until it has a password
	}
	return a
}

// passwordToStore is the value of userPassword that getPasswordToStore of the kernel makes: the digest without salt after the name of its method, as Java
// writes it. A method that Java does not have stops Carbon when it makes a user; here it is sent as it is.
func passwordToStore(method, password string) string {
	var sum []byte
	switch strings.ToUpper(method) {
	case "SHA", "SHA1", "SHA-1":
		s := sha1.Sum([]byte(password)) //nolint:gosec // what Carbon does
		sum = s[:]
	case "MD5":
		s := md5.Sum([]byte(password)) //nolint:gosec // likewise
		sum = s[:]
	case "SHA-256":
		s := sha256.Sum256([]byte(password))
		sum = s[:]
	case "SHA-512":
		s := sha512.Sum512([]byte(password))
		sum = s[:]
	default:
		return password
	}
	return "{" + method + "}" + base64.StdEncoding.EncodeToString(sum)
}

// trialLogin logs in as the new user: a directory may take a hash that it cannot use.
func (t *Tester) trialLogin(ctx context.Context, w *trial) *Error {
	if t.store.Kind == ActiveDirectory {
		return nil
	}
	other, e := t.again(ctx, false)
	if e != nil {
		return e
	}
	defer other.Close()
	_, err := other.login(ctx, other.conn, w.user, w.password)
	n, answered := code(err)
	switch {
	case err == nil:
		return nil
	case !answered || n != ldap.LDAPResultInvalidCredentials:
		return other.bindError(ctx, w.user, err)
	}
	return &Error{
		Kind: UserPassword, What: "A user can be made, but cannot log in with the password that it was given.", Server: words(t.said(err), w.password), wrapped: err,
		Cause: fmt.Sprintf("The directory does not know what Carbon makes of passwords with the PasswordHashMethod %s.", quote(t.store.PasswordHashMethod)),
		Fix:   "Use SHA, or PLAIN_TEXT if the directory hashes passwords itself.",
	}
}

// add makes an entry. From the moment of the request on it may be there.
func (t *Tester) add(ctx context.Context, w *trial, dn string, attributes map[string][]string) *Error {
	request := ldap.NewAddRequest(dn, nil)
	for name, values := range attributes {
		request.Attribute(name, values)
	}
	w.made = append(w.made, dn)
	err := t.ask(ctx, func(c *ldap.Conn) error { return c.Add(request) })
	if err == nil {
		return nil
	}
	if _, answered := code(err); answered {
		w.made = w.made[:len(w.made)-1] // refused: what is there under this name is not ours
	} else {
		w.unsure = true
	}
	return t.writeError(ctx, dn, err)
}

// enable sets a password and enables the account, as Carbon does after it made a user in Active Directory.
func (t *Tester) enable(ctx context.Context, w *trial) *Error {
	request := ldap.NewModifyRequest(w.user, nil)
	request.Replace("unicodePwd", []string{unicodePassword(w.password)})
	if t.store.ADLDS {
		request.Replace("msDS-UserAccountDisabled", []string{"FALSE"})
	} else {
		control := t.store.UserAccountControl
		if strings.TrimSpace(control) == "" {
			control = "512"
		}
		request.Replace("userAccountControl", []string{control})
	}
	err := t.ask(ctx, func(c *ldap.Conn) error { return c.Modify(request) })
	if err == nil {
		return nil
	}
	if n, answered := code(err); answered && (n == ldap.LDAPResultUnwillingToPerform || n == ldap.LDAPResultConstraintViolation) {
		return &Error{
			Kind: PolicyRefused, What: "A user can be made, but Active Directory does not take its password.", Server: t.writeSaid(err, w), wrapped: err,
			Cause: "The password policy of the domain asks for more, the connection is not encrypted enough, or the account may not set passwords.",
			Fix:   "Give the account the right to reset passwords below the search base, and compare the policy.",
		}
	}
	return t.writeError(ctx, w.user, err)
}

func (t *Tester) writeSaid(err error, w *trial) string {
	return words(t.said(err), w.password)
}

// unicodePassword is the value of unicodePwd: in quotation marks, UTF-16, little end first.
func unicodePassword(password string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(`"` + password + `"`)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

func (t *Tester) writeError(ctx context.Context, dn string, err error) *Error {
	n, answered := code(err)
	if !answered {
		return t.explain(ctx, t.guard, err)
	}
	_, parent, _ := strings.Cut(dn, ",")
	told := &Error{Server: t.said(err), wrapped: err}
	switch n {
	case ldap.LDAPResultInsufficientAccessRights:
		told.Kind, told.What = WriteDenied, fmt.Sprintf("The account %s may not make entries below %s.", quote(t.at.BindDN), quote(parent))
		told.Fix = "Have the account given the right to make, change and delete entries there, or use the read-only user store."
	case ldap.LDAPResultNoSuchObject:
		told.Kind, told.What = WriteDenied, fmt.Sprintf("No entry can be made below %s: it is not there, or the account may not write there.", quote(parent))
		told.Fix = "Check the search base, and the rights of the account."
	case ldap.LDAPResultUnwillingToPerform, ldap.LDAPResultReferral:
		told.Kind, told.What = ReadOnlyServer, "The server does not want to write."
		told.Cause = "It is a read-only replica, a global catalog, or the directory is being maintained."
		if n == ldap.LDAPResultReferral {
			told.Cause = fmt.Sprintf("It is a read-only replica, and names %s.", t.referral(err))
		}
		told.Fix = "Write the server that can into the URL, or use the read-only user store."
	case ldap.LDAPResultObjectClassViolation, ldap.LDAPResultUndefinedAttributeType, ldap.LDAPResultInvalidAttributeSyntax, ldap.LDAPResultNamingViolation:
		told.Kind, told.What = SchemaRefused, "The directory does not take entries as Carbon makes them."
		told.Cause = fmt.Sprintf("The object class %s, or %s for groups, does not go with the attributes that Carbon gives.", quote(t.store.UserEntryObjectClass), quote(t.store.GroupEntryObjectClass))
		told.Fix = "Use object classes that the directory knows, such as inetOrgPerson and groupOfNames, and compare the attributes."
	case ldap.LDAPResultConstraintViolation:
		told.Kind, told.What = PolicyRefused, "The directory refuses a value of the entry, probably the password."
		told.Cause, told.Fix = "A password policy asks for more than the long random password of this test has, or for less.", "Ask the administrator of the directory."
	case ldap.LDAPResultConfidentialityRequired, ldap.LDAPResultStrongAuthRequired:
		told.Kind, told.What = EncryptFirst, "The directory is written to over encrypted connections only."
		told.Fix = "Use ldaps:// and its port, usually 636."
	default:
		return t.refusal(n, err)
	}
	return told
}

// cleanUp deletes what was made, the last first, also after the test was canceled: then over a new connection.
func (t *Tester) cleanUp(ctx context.Context, w *trial) *Error {
	if len(w.made) == 0 {
		return nil
	}
	still, cancel := context.WithTimeout(context.WithoutCancel(ctx), limits.Of(Write, t.o.Timeout))
	defer cancel()
	at := t
	if t.conn.IsClosing() || ctx.Err() != nil {
		again, e := t.again(still, true)
		if e != nil {
			return leftBehind(w.made, e)
		}
		defer again.Close()
		at = again
	}
	for len(w.made) > 0 {
		last := w.made[len(w.made)-1]
		gone, err := at.remove(still, last)
		if gone && w.unsure { // the request to make it may still be under way
			pause(still, settle)
			_, err = at.remove(still, last)
		}
		if err != nil {
			return leftBehind(w.made, &Error{Server: at.said(err), wrapped: err})
		}
		w.made, w.unsure = w.made[:len(w.made)-1], false
	}
	return nil
}

// settle is how long a server may take to do what it was asked before the connection was lost.
const settle = 500 * time.Millisecond

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// remove deletes an entry, and reports whether it was not there.
func (t *Tester) remove(ctx context.Context, dn string) (gone bool, err error) {
	err = t.ask(ctx, func(c *ldap.Conn) error { return c.Del(ldap.NewDelRequest(dn, nil)) })
	if n, answered := code(err); answered && n == ldap.LDAPResultNoSuchObject {
		return true, nil
	}
	return false, err
}

func leftBehind(dns []string, why *Error) *Error {
	return &Error{
		Kind: LeftBehind, What: fmt.Sprintf("The test could not delete what it made, or may have made: %s.", quoteAll(dns)), Server: why.Server,
		Cause: "The account may make entries but not delete them, or the connection was lost.", Fix: "Delete it by hand; nobody uses it.", wrapped: why.wrapped,
	}
}
