package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// maxCounted is how many entries are counted page by page before it is enough.
const maxCounted = 5000

// base looks at the root entry of the server, and for each search base.
func (t *Tester) base(ctx context.Context) StageResult {
	if err := t.rootEntry(ctx); err != nil && ctx.Err() != nil {
		return fail(t.explain(ctx, t.guard, err))
	}
	bases := Bases(t.store.UserSearchBase)
	if len(bases) == 0 || len(t.store.UserSearchBase)+len(t.store.GroupSearchBase) > 2*maxBases {
		return fail(&Error{Kind: Unusable, What: "There is no search base for users, or far too many.", Fix: "Give a DN such as ou=Users,dc=example,dc=com."})
	}
	if t.store.groups() {
		for _, b := range Bases(t.store.GroupSearchBase) {
			if !slices.ContainsFunc(bases, func(o string) bool { return sameDN(o, b) }) {
				bases = append(bases, b)
			}
		}
	}
	var hidden *Error
	for _, b := range bases {
		got, err := t.searchScope(ctx, b, ldap.ScopeBaseObject, "(objectClass=*)", 1, nil, "1.1")
		if err != nil {
			return fail(t.baseError(ctx, b, err))
		}
		if len(got.Entries) == 0 && hidden == nil {
			hidden = &Error{
				Kind: Denied, What: fmt.Sprintf("The account may not see the search base %s itself.", quote(b)),
				Cause: "The directory hides the entry; it may show the entries below it all the same.", Fix: "If no users are found below, have the account given the right to read there.",
			}
		}
	}
	if hidden != nil {
		return warn(hidden.What, hidden)
	}
	quoted := make([]string, 0, len(bases))
	for _, b := range bases {
		quoted = append(quoted, quote(b))
	}
	if len(bases) == 1 {
		return ok(quoted[0] + " is there.")
	}
	return ok(strings.Join(quoted, " and ") + " are there.")
}

// rootEntry reads what the server says about itself; not every server says anything.
func (t *Tester) rootEntry(ctx context.Context) error {
	got, err := t.searchScope(ctx, "", ldap.ScopeBaseObject, "(objectClass=*)", 1, nil, "namingContexts", "supportedControl")
	if err != nil || len(got.Entries) == 0 {
		return err
	}
	contexts := got.Entries[0].GetEqualFoldAttributeValues("namingContexts")
	t.found.Contexts = contexts[:min(len(contexts), 20)]
	t.found.Paging = slices.Contains(got.Entries[0].GetEqualFoldAttributeValues("supportedControl"), ldap.ControlTypePaging)
	return nil
}

func (t *Tester) baseError(ctx context.Context, base string, err error) *Error {
	n, answered := code(err)
	if !answered {
		return t.explain(ctx, t.guard, err)
	}
	switch n {
	case ldap.LDAPResultNoSuchObject:
		told := &Error{Kind: BaseMissing, What: fmt.Sprintf("The directory has no %s, or the account may not see it.", quote(base)), Server: t.said(err), wrapped: err}
		var answer *ldap.Error
		if errors.As(err, &answer) && answer.MatchedDN != "" {
			told.Cause = fmt.Sprintf("It has %s; what stands before that is not there.", quote(answer.MatchedDN))
		} else if len(t.found.Contexts) > 0 {
			told.Cause = fmt.Sprintf("The directory has entries below %s.", quoteAll(t.found.Contexts))
		}
		told.Fix = "Check the search base."
		return told
	case ldap.LDAPResultInvalidDNSyntax:
		return &Error{Kind: BaseMissing, What: fmt.Sprintf("%s is no DN for the directory.", quote(base)), Server: t.said(err), Fix: "Check the search base.", wrapped: err}
	}
	told := t.refusal(n, err)
	if told.Kind == Referred {
		told.What = fmt.Sprintf("The directory does not have %s, and names %s.", quote(base), t.referral(err))
	}
	return told
}

func quoteAll(names []string) string {
	const most = 5
	quoted := make([]string, 0, most)
	for _, n := range names[:min(len(names), most)] {
		quoted = append(quoted, quote(n))
	}
	text := strings.Join(quoted, ", ")
	if len(names) > most {
		text += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return text
}

// list is what a list filter finds.
type list struct {
	count     int
	more      bool // than count
	cut       bool // the server gave fewer than Carbon asks for
	paged     bool // counted page by page
	nameless  int  // entries without the attribute of the name
	referrals []string
	refused   error // why the server cut it
}

// listed runs a list filter under all bases, first as Carbon does, then page by page to count.
func (t *Tester) listed(ctx context.Context, bases []string, filter, attribute string, most int) (list, error) {
	var all list
	for _, b := range bases {
		one, err := t.listBase(ctx, b, filter, attribute, most)
		if err != nil {
			return all, err
		}
		all.count += one.count
		all.nameless += one.nameless
		all.more, all.cut, all.paged = all.more || one.more, all.cut || one.cut, all.paged || one.paged
		all.referrals = append(all.referrals, one.referrals...)
		if one.refused != nil {
			all.refused = one.refused
		}
	}
	return all, nil
}

func (t *Tester) listBase(ctx context.Context, base, filter, attribute string, most int) (list, error) {
	got, err := t.search(ctx, base, filter, most, attribute)
	one := list{count: len(got.Entries), referrals: got.Referrals}
	for _, e := range got.Entries {
		if e.GetEqualFoldAttributeValue(attribute) == "" {
			one.nameless++
		}
	}
	n, answered := code(err)
	switch {
	case err == nil:
		return one, nil
	case errors.Is(err, ldap.ErrSizeLimitExceeded):
		one.more = true
	case answered && n == ldap.LDAPResultSizeLimitExceeded && one.count >= most:
		one.more = true
	case answered && (n == ldap.LDAPResultSizeLimitExceeded || n == ldap.LDAPResultAdminLimitExceeded || n == ldap.LDAPResultUnwillingToPerform && t.found.Paging):
		one.more, one.cut, one.refused = true, true, err
	default:
		return one, err
	}
	if !t.found.Paging || t.guard.Got() > maxConnection/2 {
		return one, nil
	}
	return t.countPages(ctx, base, filter, one), nil
}

// countPages goes on counting with pages, which nobody but the operator has something of; a server that does not like it is left alone.
func (t *Tester) countPages(ctx context.Context, base, filter string, one list) list {
	page := ldap.NewControlPaging(500)
	count := 0
	for count < maxCounted && ctx.Err() == nil {
		got, err := t.searchScope(ctx, base, ldap.ScopeWholeSubtree, filter, 2*maxCounted, page, "1.1")
		if err != nil {
			return one
		}
		count += len(got.Entries)
		next, is := ldap.FindControl(got.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if !is || len(next.Cookie) == 0 {
			one.count, one.more, one.paged = max(count, one.count), false, true
			return one
		}
		if len(got.Entries) == 0 {
			break // a server that gives page after page of nothing
		}
		page.SetCookie(next.Cookie)
	}
	one.count, one.more, one.paged = max(count, one.count), true, true
	return one
}

// listFilter is the filter that Carbon makes to list everybody: its own condition that the name is there is added with &.
func listFilter(filter, attribute string) string { return "(&" + filter + "(" + attribute + "=*))" }

func (t *Tester) users(ctx context.Context) StageResult {
	if bad := t.unusable("UserNameListFilter", t.store.UserNameListFilter, t.store.UserNameAttribute); bad != nil {
		return fail(bad)
	}
	most := orMax(t.store.MaxUserNameListLength)
	found, err := t.listed(ctx, Bases(t.store.UserSearchBase), listFilter(t.store.UserNameListFilter, t.store.UserNameAttribute), t.store.UserNameAttribute, most)
	if err != nil {
		return fail(t.listError(ctx, err))
	}
	t.found.Users, t.found.MoreUsers = found.count, found.more
	if found.count == 0 {
		told := &Error{
			Kind: NoUsers, What: fmt.Sprintf("No user is found: no entry below %s matches %s with a value of %s.", quote(t.store.UserSearchBase), quote(t.store.UserNameListFilter), quote(t.store.UserNameAttribute)),
			Cause: "The search base, the filter or the attribute does not fit, or the account may not see the entries.", Fix: "Compare all three with the entry of a user.",
		}
		t.hint(ctx, told)
		return fail(told)
	}
	return t.listResult(found, "user", most, "MaxUserNameListLength")
}

// hint says whether the filter, or what is under the base, is to blame for an empty list.
func (t *Tester) hint(ctx context.Context, told *Error) {
	for _, b := range Bases(t.store.UserSearchBase) {
		if got, err := t.search(ctx, b, t.store.UserNameListFilter, 1, "1.1"); len(got.Entries) > 0 && (err == nil || errors.Is(err, ldap.ErrSizeLimitExceeded) || isSizeLimit(err)) {
			told.Cause = fmt.Sprintf("Entries match the filter, but the account sees no %s in them.", quote(t.store.UserNameAttribute))
			told.Fix = "Check the UserNameAttribute, and whether the account may read it."
			return
		}
	}
	for _, b := range Bases(t.store.UserSearchBase) {
		if got, _ := t.search(ctx, b, "(objectClass=*)", 2, "1.1"); len(got.Entries) > 1 {
			told.Cause = "There are entries below the search base, but none that the filter is for."
			told.Fix = "Compare the object classes in the filter with those of a user."
			return
		}
	}
	told.Cause = "The account sees nothing at all below the search base: it is empty, or the account may not look."
	told.Fix = "Check the search base, and the rights of the account."
}

func isSizeLimit(err error) bool {
	n, answered := code(err)
	return answered && n == ldap.LDAPResultSizeLimitExceeded
}

func (t *Tester) listError(ctx context.Context, err error) *Error {
	n, answered := code(err)
	if answered && (n == ldap.LDAPResultNoSuchObject || n == ldap.LDAPResultInvalidDNSyntax) {
		return t.baseError(ctx, t.store.UserSearchBase, err)
	}
	return t.explain(ctx, t.guard, err)
}

// unusable tells of a filter or an attribute that no server can do anything with.
func (t *Tester) unusable(field, filter, attribute string) *Error {
	if err := checkFilter(filter); err != nil {
		return &Error{Kind: Unusable, What: fmt.Sprintf("%s is no filter: %s %s.", field, quote(filter), err), Fix: "Mend the filter."}
	}
	if !attributeType.MatchString(attribute) {
		return &Error{Kind: Unusable, What: fmt.Sprintf("%s is no name of an attribute.", quote(attribute)), Fix: "Mend the name."}
	}
	return nil
}

// listResult tells how many there are, and what stands in the way of Carbon.
func (t *Tester) listResult(found list, thing string, most int, property string) StageResult {
	message := fmt.Sprintf("%s found.", amount(found, thing))
	switch {
	case found.cut:
		return warn(message, &Error{
			Kind: SizeLimit, What: fmt.Sprintf("The directory gives this account fewer %ss than Carbon asks for.", thing), Server: t.said(found.refused),
			Cause: "It has a limit for the account, or wants searches in pages, which Carbon 4.2.0 does not ask for.",
			Fix:   fmt.Sprintf("Have the limit raised, or set %s to what the directory gives. Log-ins do not depend on it, lists in the console do.", property),
		})
	case len(found.referrals) > 0:
		return warn(message, t.referralWarning(found.referrals))
	case found.count > most || found.more:
		message += fmt.Sprintf(" The console lists the first %d of them: %s.", most, property)
	}
	return ok(message)
}

// referralWarning tells what becomes of references to other servers among the results. The test does not follow them.
func (t *Tester) referralWarning(urls []string) *Error {
	told := &Error{Kind: Referred, What: fmt.Sprintf("The directory refers to other servers for a part of the search: %s.", hosts(urls))}
	if t.store.Referral == "follow" {
		told.Cause = "Carbon follows, with the same account and password: it fails, or waits, when it cannot reach them. This test did not follow."
		told.Fix = "Make sure that this machine knows the names of these servers and reaches them, or give a search base further down, such as an OU of the domain."
		return told
	}
	told.Cause = "Carbon does not follow, because Referral is not \"follow\": what is there is not found, and Java may end the search at that point."
	told.Fix = "Give a search base further down, such as an OU of the domain, or set Referral to \"follow\"."
	return told
}

func amount(found list, thing string) string {
	switch {
	case found.more:
		return fmt.Sprintf("At least %d %ss", found.count, thing)
	case found.count == 1:
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", found.count, thing)
}

func (t *Tester) groups(ctx context.Context) StageResult {
	if !t.store.groups() {
		return notTested("Carbon reads no groups from this directory: ReadGroups is false.")
	}
	if bad := t.unusable("GroupNameListFilter", t.store.GroupNameListFilter, t.store.GroupNameAttribute); bad != nil {
		return fail(bad)
	}
	most := orMax(t.store.MaxRoleNameListLength)
	found, err := t.listed(ctx, Bases(t.store.GroupSearchBase), listFilter(t.store.GroupNameListFilter, t.store.GroupNameAttribute), t.store.GroupNameAttribute, most)
	if err != nil {
		return fail(t.listError(ctx, err))
	}
	t.found.Groups, t.found.MoreGroups = found.count, found.more
	if found.count == 0 {
		told := &Error{
			Kind: NoGroups, What: fmt.Sprintf("No group is found: no entry below %s matches %s with a value of %s.", quote(t.store.GroupSearchBase), quote(t.store.GroupNameListFilter), quote(t.store.GroupNameAttribute)),
			Cause: "The search base, the filter or the attribute does not fit, or there are no groups yet.", Fix: "Compare all three with the entry of a group. If there are none, Carbon can have roles of its own.",
		}
		return warn(told.What, told)
	}
	return t.listResult(found, "group", most, "MaxRoleNameListLength")
}
