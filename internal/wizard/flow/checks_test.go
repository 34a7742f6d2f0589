package flow

import (
	"errors"
	"testing"

	"carbon-setup/internal/secret"
)

// TestHasChecksFollowsWhatIsTyped: a database that is kept has nothing to check, a directory has when all is given that its test needs.
func TestHasChecksFollowsWhatIsTyped(t *testing.T) {
	e := open(t, config(t, sampleHome(t)))
	directory := map[string]string{
		"user_store.type": "ldap-readonly", "user_store.url": "ldaps://ldap.example.com:636", "user_store.bind_dn": "cn=carbon,dc=example,dc=com",
		"user_store.suffix": "dc=example,dc=com",
	}
	password := map[string]secret.Secret{"user_store.password": secret.New("Bind-pw-1")}
	for _, tt := range []struct {
		name string
		v    Values
		want bool
	}{
		{"a database", Values{Text: map[string]string{"user_store.type": "jdbc"}}, false},
		{"a directory without its password", Values{Text: directory}, false},
		{"a directory", Values{Text: directory, Secret: password}, true},
	} {
		if got, err := e.HasChecks(t.Context(), "user_store", tt.v); err != nil || got != tt.want {
			t.Errorf("%s: %t, %v", tt.name, got, err)
		}
	}
	if _, err := e.HasChecks(t.Context(), "nothing", Values{}); !errors.Is(err, ErrNoStep) {
		t.Errorf("a guideline that is none: %v", err)
	}
}
