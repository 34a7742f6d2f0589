package directory

import "testing"

func TestWordsDropTheEndOfActiveDirectory(t *testing.T) {
	if got, want := words("80090308: LdapErr: DSID-0C090446, data 52e, v4563\x00"), "80090308: LdapErr: DSID-0C090446, data 52e, v4563"; got != want {
		t.Errorf("shown as %q, want %q", got, want)
	}
	if got, want := quote("cn=a\x00\x1b[2J\\,b"), `"cn=a\x1b[2J\,b"`; got != want {
		t.Errorf("shown as %s, want %s", got, want)
	}
}
