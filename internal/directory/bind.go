package directory

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// bind logs in as Carbon will.
func (t *Tester) bind(ctx context.Context) StageResult {
	dn := strings.TrimSpace(t.at.BindDN)
	if dn == "" || strings.TrimSpace(t.at.Password.Reveal()) == "" {
		return fail(&Error{
			Kind: NoAccount, What: "There is no account, or no password, to log in to the directory.",
			Cause: "Carbon 4.2.0 does not start without both, even if the directory answers anybody.", Fix: "Give the DN and the password of an account.",
		})
	}
	ends, err := t.login(ctx, t.conn, dn, t.at.Password.Reveal())
	if err != nil {
		return fail(t.bindError(ctx, dn, err))
	}
	if ends != nil {
		return warn(ends.What, ends)
	}
	return ok(fmt.Sprintf("Logged in as %s.", quote(dn)))
}

// login binds a connection, and returns a warning if the password will not do for long.
func (t *Tester) login(ctx context.Context, c *ldap.Conn, dn, password string) (*Error, error) {
	var result *ldap.SimpleBindResult
	request := ldap.NewSimpleBindRequest(dn, password, []ldap.Control{ldap.NewControlBeheraPasswordPolicy()})
	err := t.ask(ctx, func(*ldap.Conn) error {
		var err error
		result, err = c.SimpleBind(request)
		return err
	})
	var policy *ldap.ControlBeheraPasswordPolicy
	if result != nil {
		policy, _ = ldap.FindControl(result.Controls, ldap.ControlTypeBeheraPasswordPolicy).(*ldap.ControlBeheraPasswordPolicy)
	}
	if err != nil {
		if n, answered := code(err); answered && n == ldap.LDAPResultInvalidCredentials && policy != nil {
			return nil, &policyError{policy.Error, err}
		}
		return nil, err
	}
	return passwordEnds(policy), nil
}

// policyError is what the password policy of the directory adds to a refused password.
type policyError struct {
	code int8
	err  error
}

func (e *policyError) Error() string { return e.err.Error() }
func (e *policyError) Unwrap() error { return e.err }

// The errors of the password policy control.
const (
	policyExpired = 0
	policyLocked  = 1
	policyReset   = 2
)

func passwordEnds(policy *ldap.ControlBeheraPasswordPolicy) *Error {
	const fix = "Have the password changed, or the account taken out of the policy: Carbon cannot change it by itself."
	switch {
	case policy == nil:
		return nil
	case policy.Error == policyReset:
		return &Error{Kind: PasswordReset, What: "The log-in works, but the directory wants the password changed and may refuse everything else.", Fix: fix}
	case policy.Grace > 0:
		return &Error{Kind: PasswordEnds, What: fmt.Sprintf("The password has expired; the directory takes it %d more times.", policy.Grace), Fix: fix}
	case policy.Expire > 0:
		left := time.Duration(min(policy.Expire, 1<<31)) * time.Second
		return &Error{Kind: PasswordEnds, What: fmt.Sprintf("The log-in works, but the password expires in %s.", span(left)), Fix: fix}
	}
	return nil
}

func span(d time.Duration) string {
	if days := int(d / (24 * time.Hour)); days >= 2 {
		return strconv.Itoa(days) + " days"
	}
	return strconv.Itoa(int(d/time.Hour)) + " hours"
}

// dataCode is what Active Directory adds to its answer 49.
var dataCode = regexp.MustCompile(`data ([0-9a-fA-F]{3,8})\b`)

func (t *Tester) bindError(ctx context.Context, dn string, err error) *Error {
	n, answered := code(err)
	if !answered {
		return t.explain(ctx, t.guard, err)
	}
	told := &Error{Server: t.said(err), wrapped: err}
	who := quote(dn)
	switch n {
	case ldap.LDAPResultInvalidCredentials:
		return t.invalidCredentials(told, who, err)
	case ldap.LDAPResultInvalidDNSyntax:
		told.Kind, told.What = BadBindDN, fmt.Sprintf("%s is no DN for the directory.", who)
		told.Fix = "Give the whole DN of the account, such as cn=carbon,ou=Services,dc=example,dc=com."
	case ldap.LDAPResultNoSuchObject:
		told.Kind, told.What = UnknownAccount, fmt.Sprintf("There is no account %s.", who)
		told.Fix = "Check the DN."
	case ldap.LDAPResultInappropriateAuthentication:
		told.Kind, told.What = WrongPassword, fmt.Sprintf("The account %s has no password, or one that is not for this kind of log-in.", who)
		told.Fix = "Have a password set for it."
	case ldap.LDAPResultConfidentialityRequired, ldap.LDAPResultStrongAuthRequired:
		told.Kind, told.What = EncryptFirst, "The directory takes passwords over encrypted connections only."
		told.Fix = "Use ldaps:// and its port, usually 636."
	case ldap.LDAPResultUnwillingToPerform:
		told.Kind, told.What = Denied, fmt.Sprintf("The directory does not want the account %s to log in so.", who)
		told.Cause = "The account is locked or without the right to log in, or the directory wants an encrypted connection."
		told.Fix = "Ask the administrator of the directory."
	case ldap.LDAPResultInsufficientAccessRights:
		told.Kind, told.What = Denied, fmt.Sprintf("The account %s may not log in.", who)
		told.Fix = "Ask the administrator of the directory."
	default:
		return t.refusal(n, err)
	}
	return told
}

// invalidCredentials tells what the answer 49 means, as far as the directory says.
func (t *Tester) invalidCredentials(told *Error, who string, err error) *Error {
	told.Kind = WrongPassword
	told.What = fmt.Sprintf("The directory does not accept the DN %s with this password.", who)
	told.Cause = "The password or the DN is wrong; directories do not tell which."
	scheme := "ldap"
	if t.ends[t.use].secure {
		scheme = "ldaps"
	}
	told.Fix = fmt.Sprintf("Try both with: ldapwhoami -x -W -H %s://%s -D %s", scheme, shown(t.ends[t.use]), who)
	var policy *policyError
	if asPolicy(err, &policy) {
		policyRefusal(told, who, policy.code)
	}
	if m := dataCode.FindStringSubmatch(told.Server); m != nil {
		microsoftRefusal(told, who, strings.ToLower(m[1]))
	}
	return told
}

func asPolicy(err error, into **policyError) bool {
	p, is := err.(*policyError) //nolint:errorlint // login returns it unwrapped
	if is {
		*into = p
	}
	return is
}

func policyRefusal(told *Error, who string, n int8) {
	switch n {
	case policyExpired:
		told.Kind, told.What, told.Cause = PasswordExpired, fmt.Sprintf("The password of %s has expired.", who), ""
		told.Fix = "Have a new password set, and the account taken out of the policy."
	case policyLocked:
		told.Kind, told.What, told.Cause = AccountLocked, fmt.Sprintf("The account %s is locked.", who), "Too many log-ins with a wrong password, or the administrator locked it."
		told.Fix = "Have it unlocked, and check first what uses an old password."
	case policyReset:
		told.Kind, told.What, told.Cause = PasswordReset, fmt.Sprintf("The password of %s must be changed before it can be used.", who), ""
		told.Fix = "Have a password set that need not be changed."
	}
}

// microsoftRefusal explains the data codes of Active Directory.
func microsoftRefusal(told *Error, who, data string) {
	explained := map[string]struct {
		kind             ErrorKind
		what, cause, fix string
	}{
		"525": {UnknownAccount, "Active Directory knows no account %s.", "The DN is wrong, or the account is in another domain.", "Give the distinguishedName of the account, or its name with the domain, such as carbon@example.com."},
		"52e": {WrongPassword, "The password of %s is wrong.", "Active Directory also answers so to some names that it does not know.", "Check the password, and the DN: DOMAIN\\name and name@domain are taken, too."},
		"530": {LogonHours, "The account %s may not log in at this time.", "It has logon hours.", "Have the logon hours of the account opened."},
		"531": {LogonHere, "The account %s may not log in from this machine.", "It is bound to certain workstations.", "Have this machine, or the domain controller, added to the workstations of the account."},
		"532": {PasswordExpired, "The password of %s has expired.", "", "Have a new password set that does not expire: Carbon cannot change it by itself."},
		"533": {AccountDisabled, "The account %s is disabled.", "", "Have it enabled."},
		"701": {AccountExpired, "The account %s has expired.", "", "Have its date of expiry moved."},
		"773": {PasswordReset, "The password of %s must be changed before it can be used.", "The box \"User must change password at next logon\" is ticked.", "Have a password set without that box."},
		"775": {AccountLocked, "The account %s is locked out.", "Too many log-ins with a wrong password.", "Have it unlocked, and check first what uses an old password."},
	}
	if x, is := explained[data]; is {
		told.Kind, told.What, told.Cause, told.Fix = x.kind, fmt.Sprintf(x.what, who), x.cause, x.fix
	}
}
