package directory

import (
	"testing"

	"carbon-setup/internal/directory/ldaptest"
	"carbon-setup/internal/secret"
)

func TestSmoke(t *testing.T) {
	d := ldaptest.Start(t)
	s := Defaults(ReadWrite, OpenLDAP, ldaptest.Suffix)
	at := Server{URL: d.SecureURL(), BindDN: ldaptest.Account("writer"), Password: secret.New(ldaptest.Password)}
	for _, r := range Test(t.Context(), at, s, TestOptions{Roots: d.Roots, SampleUser: "alice", SamplePassword: secret.New(ldaptest.Password), AdminUser: "alice", AdminRole: "admin", Write: true}, nil) {
		t.Log(r.Stage, r.Status, r.Message, r.Err, r.Took)
	}
}
