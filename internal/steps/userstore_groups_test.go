package steps

import (
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
)

// TestUserStoreGroupSwitches: BackLinksEnabled and EmptyRolesAllowed follow from the other answers, unless they are answered themselves.
func TestUserStoreGroupSwitches(t *testing.T) {
	const memberOf = "  member_of_attribute: memberOf\n"
	for _, tt := range []struct{ name, answers, links, empty string }{
		{"left out", writableStore, "", "false"},
		{"by memberOf", writableStore + memberOf, "true", "false"},
		{"by memberOf, answered", writableStore + memberOf + "  back_links: true\n", "true", "false"},
		{"one base for both", strings.Replace(readOnlyStore, "suffix", "user_base: dc=example,dc=com\n  group_base: dc=example,dc=com\n  suffix", 1) + memberOf + "  back_links: false\n", "", ""},
		{"empty groups", writableStore + "  group_object_class: groupOfUniqueNames\n  empty_groups: true\n", "", "true"},
		{"Active Directory", domainStore, "true", "true"},
		{"Active Directory, answered", domainStore + "  back_links: false\n  empty_groups: false\n", "false", "false"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := sampleHome(t, "servlet")
			planTwice(t, home, userStoreAnswers(t, tt.answers))
			stores, _, _ := realmOf(t, home)
			if values := stores[0].values(); values["BackLinksEnabled"] != tt.links || values["EmptyRolesAllowed"] != tt.empty {
				t.Errorf("BackLinksEnabled is %q, EmptyRolesAllowed %q; want %q and %q", values["BackLinksEnabled"], values["EmptyRolesAllowed"], tt.links, tt.empty)
			}
			if r := (userstore{}).Verify(openHome(t, home), answersOf(t, tt.answers)); r[0].Status != OK {
				t.Errorf("%s", resultLines(r))
			}
		})
	}
}

// TestUserStoreGroupSwitchesRefused: switches that leave users without groups are refused at their own keys.
func TestUserStoreGroupSwitchesRefused(t *testing.T) {
	userStoreAnswers(t, "")
	home := sampleHome(t, "servlet")
	refused(t, home, writableStore+"  member_of_attribute: memberOf\n  back_links: false\n", "error user_store.back_links: To read \"memberOf\" Carbon 4.2.0 searches for the user in the GroupSearchBase")
	refused(t, home, writableStore+"  back_links: true\n", "error user_store.back_links: With BackLinksEnabled and without MemberOfAttribute")
	refused(t, home, readOnlyStore+"  groups: write\n", "error user_store.groups: Carbon makes no groups in a directory that it only reads.")
	text := problemLines(problems(t, home, writableStore+"  empty_groups: true\n"))
	if !strings.Contains(text, "warning user_store.empty_groups: Empty roles are allowed, but in most directories a groupOfNames must have a member") {
		t.Errorf("%s", text)
	}
}

// TestUserStoreDropsProperties: what a directory is to do without goes out of its element, and nothing else does; it is no change the second time.
func TestUserStoreDropsProperties(t *testing.T) {
	const gone = "MemberOfAttribute,BackLinksEnabled,UserDNPattern"
	home := sampleHome(t, "api")
	plain := writableStore + "  dn_pattern: ''\n  member_of_attribute: ''\n  back_links: false\n"
	planTwice(t, home, userStoreAnswers(t, plain))
	want := readFile(t, home, carbon.UserMgtXML)
	planTwice(t, home, writableStore+"  dn_pattern: 'uid={0},ou=Users,dc=example,dc=com'\n  member_of_attribute: memberOf\n  back_links: true\n")
	stores, _, _ := realmOf(t, home)
	for name := range strings.SplitSeq(gone, ",") {
		if stores[0].values()[name] == "" {
			t.Errorf("there is no %s that could go", name)
		}
	}
	if r := (userstore{}).Verify(openHome(t, home), answersOf(t, plain)); r[0].Status == OK {
		t.Error("a store with properties that the answers do without is verified")
	}
	planTwice(t, home, plain)
	if text := readFile(t, home, carbon.UserMgtXML); text != want {
		t.Errorf("what was left: %q", linesOnlyIn(text, want))
	}
}

// linesOnlyIn are the lines of a that b has not.
func linesOnlyIn(a, b string) []string {
	other := strings.Split(b, "\n")
	return slices.DeleteFunc(strings.Split(a, "\n"), func(line string) bool { return slices.Contains(other, line) })
}

// TestUserStoreGroupsOffered: nobody is offered to make groups in a directory that is only read.
func TestUserStoreGroupsOffered(t *testing.T) {
	home := sampleHome(t, "api")
	for kind, want := range map[string]int{readOnlyStore: 2, writableStore: 3} {
		fields := (userstore{}).Fields(openHome(t, home), answersOf(t, userStoreAnswers(t, kind)))
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Key == keyUsersGroups })
		if i < 0 || len(fields[i].Options) != want || len(fields[i].Choices) != want {
			t.Errorf("%d options of the groups, want %d", len(fields[i].Options), want)
		}
	}
}

// TestUserStoreRarerQuestions: a domain whose suffix does not tell its realm, groups that Carbon makes, and what the present store has can be settled where
// one is asked, not in an answers file alone; nobody is asked what the kind of directory has no use for.
func TestUserStoreRarerQuestions(t *testing.T) {
	home := sampleHome(t, "api")
	asked := func(home, yaml string) map[string]string {
		all := map[string]string{}
		for _, f := range (userstore{}).Fields(openHome(t, home), answersOf(t, userStoreAnswers(t, yaml))) {
			all[f.Key] = f.Default
		}
		return all
	}
	rarer := []string{keyUsersRealm, keyUsersReferral, keyUsersGroupObj, keyUsersEmpty, keyUsersHash, keyUsersPattern, keyUsersMemberOf}
	for name, tt := range map[string]struct {
		home, answers string
		want          map[string]string
	}{
		"a domain": {home, strings.Replace(domainStore, "  realm: EXAMPLE.COM\n", "", 1), map[string]string{keyUsersRealm: "EXAMPLE.COM", keyUsersReferral: "follow"}},
		"a domain that makes groups": {
			home, domainStore + "  groups: write\n",
			map[string]string{keyUsersRealm: "EXAMPLE.COM", keyUsersReferral: "follow", keyUsersGroupObj: "group", keyUsersEmpty: "true"},
		},
		"OpenLDAP that makes groups": {home, writableStore, map[string]string{keyUsersGroupObj: "groupOfNames", keyUsersEmpty: "false", keyUsersHash: "SHA"}},
		"OpenLDAP":                   {home, strings.Replace(writableStore, "groups: write", "groups: read", 1), map[string]string{keyUsersHash: "SHA"}},
		"read only":                  {home, readOnlyStore, nil},
	} {
		got := asked(tt.home, tt.answers)
		for _, key := range rarer {
			value, yes := got[key]
			want, wanted := tt.want[key]
			if yes != wanted || value != want {
				t.Errorf("%s: %s is asked: %v (%q), want %v (%q)", name, key, yes, value, wanted, want)
			}
		}
	}
	present := sampleHome(t, "servlet")
	planTwice(t, present, userStoreAnswers(t, readOnlyStore+"  dn_pattern: 'uid={0},ou=Users,dc=example,dc=com'\n  member_of_attribute: memberOf\n"))
	if got := asked(present, "user_store: {type: ldap-readonly}\n"); got[keyUsersPattern] != "uid={0},ou=Users,dc=example,dc=com" || got[keyUsersMemberOf] != "memberOf" {
		t.Errorf("what is there is not asked for: %v", got)
	}
}
