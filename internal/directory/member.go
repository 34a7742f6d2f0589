package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// find searches for one name under all bases with the filter that was meant, and returns up to two entries.
func (t *Tester) find(ctx context.Context, bases []string, filter string, attributes ...string) ([]*ldap.Entry, error) {
	var entries []*ldap.Entry
	for _, b := range bases {
		got, err := t.search(ctx, b, filter, 2, attributes...)
		entries = append(entries, got.Entries...)
		if err != nil && !errors.Is(err, ldap.ErrSizeLimitExceeded) && !isSizeLimit(err) {
			return entries, err
		}
		if len(entries) > 1 {
			break
		}
	}
	return entries, nil
}

// findUser searches for a user as Carbon does at a log-in.
func (t *Tester) findUser(ctx context.Context, name string) ([]*ldap.Entry, error) {
	attributes := []string{t.store.UserNameAttribute}
	if t.store.MemberOfAttribute != "" {
		attributes = append(attributes, t.store.MemberOfAttribute)
	}
	return t.find(ctx, Bases(t.store.UserSearchBase), safeFilter(t.store.UserNameSearchFilter, name), attributes...)
}

func (t *Tester) sampleUser(ctx context.Context) StageResult {
	name := t.o.SampleUser
	if name == "" {
		return notTested("No user was given to look for.")
	}
	if bad := t.unusable("UserNameSearchFilter", t.store.UserNameSearchFilter, t.store.UserNameAttribute); bad != nil {
		return fail(bad)
	}
	entries, err := t.findUser(ctx, name)
	if err != nil {
		return fail(t.listError(ctx, err))
	}
	if len(entries) == 0 {
		return fail(&Error{
			Kind: UserMissing, What: fmt.Sprintf("No user %s is found below %s with %s.", quote(name), quote(t.store.UserSearchBase), quote(t.store.UserNameSearchFilter)),
			Cause: "There is no such user, the filter or the search base does not fit, or the account may not see the entry.", Fix: "Take a user that you know, and compare the filter with the entry.",
		})
	}
	t.sample = entries[0]
	t.found.SampleDN = t.sample.DN
	worst := t.sampleWarning(entries, name)
	if t.o.SamplePassword.IsSet() {
		if e := t.sampleLogin(ctx, name); e != nil {
			return fail(e)
		}
	}
	message := fmt.Sprintf("%s is %s.", quote(name), quote(t.sample.DN))
	if t.o.SamplePassword.IsSet() {
		message += " The log-in with the password works."
	}
	if worst != nil {
		return warn(message+" "+worst.What, worst)
	}
	return ok(message)
}

// sampleWarning tells what would go otherwise in Carbon than in this test.
func (t *Tester) sampleWarning(entries []*ldap.Entry, name string) *Error {
	entry := entries[0]
	value := entry.GetEqualFoldAttributeValue(t.store.UserNameAttribute)
	switch {
	case len(entries) > 1:
		return &Error{
			Kind: UserTwice, What: fmt.Sprintf("More than one entry is found for %s, %s too.", quote(name), quote(entries[1].DN)),
			Cause: "Carbon takes the first that the directory gives.", Fix: "Make the filter or the search base narrower.",
		}
	case value == "":
		return &Error{
			Kind: NoAttribute, What: fmt.Sprintf("The entry shows no %s, which is the UserNameAttribute.", quote(t.store.UserNameAttribute)),
			Cause: "The attribute does not fit, or the account may not read it.", Fix: "Use the attribute that the UserNameSearchFilter searches for.",
		}
	case Unescaped(name) != "":
		return notEscaped(name)
	}
	for _, pattern := range Bases(t.store.UserDNPattern) {
		if sameDN(CarbonDN(pattern, name), entry.DN) {
			return nil
		}
	}
	if strings.TrimSpace(t.store.UserDNPattern) == "" {
		return nil
	}
	return &Error{
		Kind: PatternMisses, What: fmt.Sprintf("The UserDNPattern makes %s of the name, which is another entry.", quote(CarbonDN(Bases(t.store.UserDNPattern)[0], name))),
		Cause: "With a UserDNPattern Carbon does not search at a log-in: this user cannot log in.", Fix: "Leave the UserDNPattern out, or add a pattern for this user after a #.",
	}
}

func notEscaped(name string) *Error {
	return &Error{
		Kind: NotEscaped, What: fmt.Sprintf("The name %s has characters that mean something in a filter: %s.", quote(name), Unescaped(name)),
		Cause: "Carbon 4.2.0 puts names into its filters as they are: it will not find this user.", Fix: "Rename the user, or let users log in with another attribute.",
	}
}

// sampleLogin logs in as the user, over a connection of its own, as Carbon does.
func (t *Tester) sampleLogin(ctx context.Context, name string) *Error {
	password := t.o.SamplePassword.Reveal()
	if password == "" {
		return &Error{Kind: UserPassword, What: "The password of the sample user is empty.", Cause: "Directories take that for a log-in of nobody, which proves nothing.", Fix: "Give the password."}
	}
	other, err := t.again(ctx, false)
	if err != nil {
		return err
	}
	defer other.Close()
	_, bindErr := other.login(ctx, other.conn, t.sample.DN, password)
	if bindErr == nil {
		return nil
	}
	told := other.bindError(ctx, t.sample.DN, bindErr)
	if told.Kind == WrongPassword {
		told.Kind, told.What = UserPassword, fmt.Sprintf("%s is there, but cannot log in with this password.", quote(name))
		told.Cause, told.Fix = "", "Check the password of the user."
	}
	return told
}

// again returns a Tester with a new connection to the same server, bound if that is asked for.
func (t *Tester) again(ctx context.Context, bound bool) (*Tester, *Error) {
	n := NewTester(t.at, t.store, t.o)
	n.ends, n.addrs, n.use = t.ends, t.addrs, t.use
	c, err := n.dial(ctx, n.use)
	if err != nil {
		return nil, dialError(ctx, n.ends[n.use], err)
	}
	n.raw = c
	if r := n.encrypt(ctx); r.Status == Fail || r.Status == NotTested {
		n.Close()
		return nil, r.Err
	}
	if bound {
		if _, err := n.login(ctx, n.conn, strings.TrimSpace(n.at.BindDN), n.at.Password.Reveal()); err != nil {
			told := n.bindError(ctx, n.at.BindDN, err)
			n.Close()
			return nil, told
		}
	}
	return n, nil
}

func (t *Tester) membership(ctx context.Context) StageResult {
	switch {
	case !t.store.groups():
		return notTested("Carbon reads no groups from this directory: ReadGroups is false.")
	case t.o.SampleUser == "":
		return notTested("No user was given to look for.")
	case t.sample == nil:
		return notReached(Membership, "The sample user was not found.")
	case t.failed[Groups]:
		return notReached(Membership, "The search for groups failed.")
	}
	names, e := t.groupsOf(ctx, t.sample)
	if e != nil {
		return fail(e)
	}
	t.found.SampleGroups = names
	user := quote(t.o.SampleUser)
	if len(names) > 0 {
		return ok(fmt.Sprintf("%s is in %s.", user, quoteAll(names)))
	}
	told := &Error{Kind: NoMembership, What: fmt.Sprintf("%s is in no group.", user), Fix: "If that is not so, compare the attribute with the entry of the group."}
	if t.store.MemberOfAttribute != "" {
		told.Cause = fmt.Sprintf("The entry of the user has no %s that names a group below %s.", quote(t.store.MemberOfAttribute), quote(t.store.GroupSearchBase))
		told.Fix = "If that is not so, check that the directory keeps this attribute and lets the account read it, or leave MemberOfAttribute out."
	} else {
		told.Cause = fmt.Sprintf("No group below %s has %s in %s.", quote(t.searchBaseOfGroups()), quote(t.sample.DN), quote(t.store.MembershipAttribute))
		t.otherMembership(ctx, told)
	}
	return warn(told.What, told)
}

// searchBaseOfGroups is where Carbon 4.2.0 searches for the groups of a user: getEffectiveSearchBase takes the UserSearchBase with BackLinksEnabled.
func (t *Tester) searchBaseOfGroups() string {
	if t.store.BackLinksEnabled {
		return t.store.UserSearchBase
	}
	return t.store.GroupSearchBase
}

// groupsOf returns the groups of a user in the way of Carbon.
func (t *Tester) groupsOf(ctx context.Context, user *ldap.Entry) ([]string, *Error) {
	if t.store.MemberOfAttribute != "" {
		return t.groupsNamedBy(ctx, user)
	}
	filter := "(&" + t.store.GroupNameListFilter + "(" + t.store.MembershipAttribute + "=" + EscapeFilter(user.DN) + "))"
	if !attributeType.MatchString(t.store.MembershipAttribute) || checkFilter(t.store.GroupNameListFilter) != nil {
		return nil, &Error{Kind: Unusable, What: "The GroupNameListFilter or the MembershipAttribute has faults.", Fix: "Mend them."}
	}
	var names []string
	for _, b := range Bases(t.searchBaseOfGroups()) {
		got, err := t.search(ctx, b, filter, maxNames, t.store.GroupNameAttribute)
		if err != nil && !errors.Is(err, ldap.ErrSizeLimitExceeded) && !isSizeLimit(err) {
			return nil, t.listError(ctx, err)
		}
		for _, g := range got.Entries {
			if n := g.GetEqualFoldAttributeValue(t.store.GroupNameAttribute); n != "" {
				names = append(names, n)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// groupsNamedBy reads the groups from the entry of the user; Carbon then reads the name of each.
func (t *Tester) groupsNamedBy(ctx context.Context, user *ldap.Entry) ([]string, *Error) {
	var names []string
	for _, dn := range user.GetEqualFoldAttributeValues(t.store.MemberOfAttribute)[:min(maxNames, len(user.GetEqualFoldAttributeValues(t.store.MemberOfAttribute)))] {
		if !slices.ContainsFunc(Bases(t.store.GroupSearchBase), func(b string) bool { return within(dn, b) }) {
			continue
		}
		got, err := t.searchScope(ctx, dn, ldap.ScopeBaseObject, "(objectClass=*)", 1, nil, t.store.GroupNameAttribute)
		if _, answered := code(err); err != nil && !answered {
			return nil, t.explain(ctx, t.guard, err)
		}
		for _, g := range got.Entries {
			if n := g.GetEqualFoldAttributeValue(t.store.GroupNameAttribute); n != "" {
				names = append(names, n)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// otherMembership looks whether another usual attribute has the user: the most frequent mistake.
func (t *Tester) otherMembership(ctx context.Context, told *Error) {
	for _, a := range []string{"member", "uniqueMember", "memberUid"} {
		if strings.EqualFold(a, t.store.MembershipAttribute) {
			continue
		}
		value := t.sample.DN
		if a == "memberUid" {
			value = t.o.SampleUser
		}
		for _, b := range Bases(t.store.GroupSearchBase) {
			got, _ := t.search(ctx, b, "("+a+"="+EscapeFilter(value)+")", 1, "1.1")
			if len(got.Entries) == 0 {
				continue
			}
			if a == "memberUid" {
				told.Cause += fmt.Sprintf(" But %s has the name in memberUid, where Carbon cannot use it: it searches for DNs.", quote(got.Entries[0].DN))
				return
			}
			told.Cause += fmt.Sprintf(" But %s has the user in %s.", quote(got.Entries[0].DN), quote(a))
			told.Fix = fmt.Sprintf("Set MembershipAttribute to %s, and compare the object class in the filters for groups.", quote(a))
			return
		}
	}
}

// admin looks for the administrator and the role, because Carbon does so at its first start, see NeedsAddAdmin.
func (t *Tester) admin(ctx context.Context) StageResult {
	if t.o.AdminUser == "" {
		return notTested("No administrator was given to look for.")
	}
	if bad := t.unusable("UserNameSearchFilter", t.store.UserNameSearchFilter, t.store.UserNameAttribute); bad != nil {
		return fail(bad)
	}
	entries, err := t.findUser(ctx, t.o.AdminUser)
	if err != nil {
		return fail(t.listError(ctx, err))
	}
	t.found.Admin = known(len(entries) > 0)
	if len(entries) > 0 {
		t.found.AdminDN = entries[0].DN
	}
	if e := t.role(ctx, entries); e != nil {
		return fail(e)
	}
	return t.adminResult()
}

// role looks for the role of the administrator, and for the administrator in it.
func (t *Tester) role(ctx context.Context, admin []*ldap.Entry) *Error {
	if t.o.AdminRole == "" || !t.store.groups() {
		return nil
	}
	if bad := t.unusable("GroupNameListFilter", t.store.GroupNameListFilter, t.store.GroupNameAttribute); bad != nil {
		return bad
	}
	// isExistingLDAPRole takes the list filter, not the search filter.
	filter := "(&" + t.store.GroupNameListFilter + "(" + t.store.GroupNameAttribute + "=" + EscapeFilter(t.o.AdminRole) + "))"
	groups, err := t.find(ctx, Bases(t.store.GroupSearchBase), filter, t.store.GroupNameAttribute)
	if err != nil {
		return t.listError(ctx, err)
	}
	t.found.Role = known(len(groups) > 0)
	if len(admin) == 0 || len(groups) == 0 {
		return nil
	}
	names, e := t.groupsOf(ctx, admin[0])
	if e != nil {
		return e
	}
	t.found.AdminInRole = known(slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, t.o.AdminRole) }))
	return nil
}

// NeedsAddAdmin reports whether AddAdmin in user-mgt.xml must be true at the first start, because false would stop it. Without that, false does. What
// addInitialAdminData of the kernel does:
//   - no such user: a read-only store stops the start, the others make the user if AddAdmin is true and stop otherwise;
//   - no such role, neither in the directory nor among Carbon's own: it is made if AddAdmin is true, in the directory if Carbon may write groups there,
//     otherwise as a role of Carbon's own; if AddAdmin is false the start stops;
//   - a user who is not in the group is added if Carbon may write groups and AddAdmin is true; if it is false the start stops; where Carbon may not
//     write nothing happens, and the administrator has no rights.
func (f Findings) NeedsAddAdmin(s Store) bool {
	switch {
	case f.Admin == Unknown, f.Admin == No && s.Kind == ReadOnly: // nothing helps
		return false
	case f.Admin == No, f.Role == No, f.AdminInRole == No && s.writesGroups():
		return true
	}
	return !s.groups() // the role is one of Carbon's own
}

// writesGroups reports whether Carbon makes groups in the directory.
func (s Store) writesGroups() bool { return s.WriteGroups && s.Kind != ReadOnly }

// adminResult says what the findings mean for the first start.
func (t *Tester) adminResult() StageResult {
	user, role := quote(t.o.AdminUser), quote(t.o.AdminRole)
	switch {
	case t.found.Admin == No && t.store.Kind == ReadOnly:
		return fail(&Error{
			Kind: AdminMissing, What: fmt.Sprintf("The administrator %s is not in the directory.", user),
			Cause: "Carbon writes nothing to a read-only store: it stops at the first start with \"Admin user can not be created in primary user store\".",
			Fix:   "Have the user made in the directory, or name another that is there.",
		})
	case t.found.Admin == No:
		return ok(fmt.Sprintf("The administrator %s is not in the directory: Carbon makes the user at the first start if AddAdmin is true, and stops if it is false.", user))
	case Unescaped(t.o.AdminUser) != "":
		told := notEscaped(t.o.AdminUser)
		return warn(told.What, told)
	case t.found.Role == No:
		return t.roleMissing(user, role)
	case t.found.AdminInRole == No && t.store.writesGroups():
		told := &Error{
			Kind: AdminNotInRole, What: fmt.Sprintf("The administrator %s is there, but not in the group %s.", user, role),
			Cause: "At the first start Carbon adds the user to the group if AddAdmin is true, and stops if it is false.", Fix: "Set AddAdmin to true, or have the user added to the group.",
		}
		return warn(told.What, told)
	case t.found.AdminInRole == No:
		told := &Error{
			Kind: AdminNotInRole, What: fmt.Sprintf("The administrator %s is there, but not in the group %s.", user, role),
			Cause: "Carbon does not change groups in this store: the administrator would have no rights.", Fix: "Have the user added to the group, or name another group.",
		}
		return warn(told.What, told)
	case t.found.AdminInRole == Yes:
		return ok(fmt.Sprintf("The administrator %s is there, and in the group %s.", user, role))
	case !t.store.groups() && t.o.AdminRole != "":
		return ok(fmt.Sprintf("The administrator %s is there. Carbon keeps the role %s itself, and makes it at the first start if AddAdmin is true.", user, role))
	}
	return ok(fmt.Sprintf("The administrator %s is there.", user))
}

// roleMissing: the administrator is there, the group is not.
func (t *Tester) roleMissing(user, role string) StageResult {
	told := &Error{
		Kind: RoleMissing, What: fmt.Sprintf("The administrator %s is there, but there is no group %s.", user, role),
		Cause: "At the first start Carbon makes the group if AddAdmin is true, and stops if it is false.", Fix: "Set AddAdmin to true.",
	}
	if !t.store.writesGroups() {
		told.Cause = fmt.Sprintf("At the first start Carbon makes a role of its own, Internal/%s, if AddAdmin is true, and stops with \"Admin role can not be created in primary user store\" if it is false.", printable(t.o.AdminRole, mostName))
		told.Fix = "Set AddAdmin to true, or name a group that is there."
	}
	return warn(told.What, told)
}
