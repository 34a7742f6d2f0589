package answers

import (
	"slices"
	"strings"
	"testing"

	"carbon-setup/internal/secret"
)

// A name that ends the key may have dots: names of aliases do.
func TestNamesThatEndTheKey(t *testing.T) {
	s := Schema{
		{Key: "version", Kind: Int, Required: true},
		{Key: "vault.enabled", Kind: Bool},
		{Key: "vault.secrets.*", Kind: Secret, Label: "Value of an alias"},
	}
	file := "version: 1\nvault:\n  secrets:\n    UserManager.AdminUser.Password: {env: A}\n    plain: {file: p}\n"
	set, _, err := Parse("answers.yaml", []byte(file), s)
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := set.Lookup("vault.secrets.UserManager.AdminUser.Password"); !ok || v.Ref.Env != "A" {
		t.Errorf("the answer is %+v, %v", v, ok)
	}
	if got := set.Names("vault.secrets"); !slices.Equal(got, []string{"UserManager.AdminUser.Password", "plain"}) {
		t.Errorf("names %q", got)
	}
	written := string(set.Marshal())
	again, _, err := Parse("again.yaml", []byte(written), s)
	if err != nil || string(again.Marshal()) != written {
		t.Errorf("written and read again: %v\n%s", err, written)
	}
	if !strings.Contains(written, "\n    UserManager.AdminUser.Password: {env: A}\n") {
		t.Errorf("the name is not written as it was given:\n%s", written)
	}
	set.Put("vault.secrets.a.b.c", Value{Secret: secret.New("x")})
	if spec, ok := s.Lookup("vault.secrets.a.b.c"); !ok || spec.Kind != Secret || set.Secret("vault.secrets.a.b.c").Reveal() != "x" {
		t.Error("a name with dots is not the key that was put")
	}
	for _, bad := range []string{"vault.secrets.", "vault.secrets.a..b", "vault.secrets..a", "vault.secrets.a b", "vault.secrets"} {
		if _, ok := s.Lookup(bad); ok {
			t.Errorf("%q is taken for a key", bad)
		}
	}
	if _, _, err := Parse("a.yaml", []byte("version: 1\nvault:\n  secrets:\n    a..b: {env: X}\n"), s); err == nil || !strings.Contains(err.Error(), "a dot too many") {
		t.Errorf("two dots in a row: %v", err)
	}
	template := string(Template(s, nil, nil, func(string) []string { return []string{"UserManager.AdminUser.Password"} }))
	if !strings.Contains(template, "UserManager.AdminUser.Password: ") {
		t.Errorf("the template does not show the name:\n%s", template)
	}
}
