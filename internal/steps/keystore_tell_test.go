package steps

import (
	"path/filepath"
	"strings"
	"testing"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/secret"
)

// told is what is said of an answer when these are given.
func told(t *testing.T, key string, given map[string]string, passwords map[string]string) string {
	t.Helper()
	w := openHome(t, sampleHome(t, "api"))
	a := answers.NewSet(Schema())
	for k, v := range given {
		a.Put(k, answers.Value{Text: v})
	}
	for k, v := range passwords {
		a.Put(k, answers.Value{Secret: secret.New(v)})
	}
	return keystore{}.Tell(w, a)[key]
}

func TestFilesOfTheKeyAreToldOfAtOnce(t *testing.T) {
	dir := keyFolder(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, c := range map[string]struct {
		key       string
		given     map[string]string
		passwords map[string]string
		says      []string
		not       string
	}{
		"bundle that fits": {
			key: keySourceCert, given: map[string]string{keySourceCert: at("bundle.pem"), keyHostName: "esb.example.com", keyManagementName: "mgt.example.com"},
			says: []string{"PEM. Key ", "(RSA 2048, valid to 2", "a chain of ", "The certificate fits the host names esb.example.com and mgt.example.com."}, not: "!",
		},
		"bundle for another host": {
			key: keySourceCert, given: map[string]string{keySourceCert: at("bundle.pem"), keyHostName: "am01.example.com"},
			says: []string{"! ", "am01.example.com"}, not: "The certificate fits",
		},
		"certificate alone": {key: keySourceCert, given: map[string]string{keySourceCert: at("server.crt")}, says: []string{"PEM. No private key; certificates: esb.example.com (RSA 2048, valid to 2"}},
		"key file":          {key: keySourceKey, given: map[string]string{keySourceCert: at("server.crt"), keySourceKey: at("server.key")}, says: []string{"PEM with 1 key."}},
		"closed store":      {key: keySourceJKS, given: map[string]string{keySourceJKS: at("given.jks")}, says: []string{"JKS with", "Its password is asked for below"}},
		"wrong password": {
			key: keySourceJKS, given: map[string]string{keySourceJKS: at("given.jks")}, passwords: map[string]string{keySourcePassword: "nonsense"},
			says: []string{"The password does not open it."},
		},
		"opened store": {
			key: keySourceJKS, given: map[string]string{keySourceJKS: at("given.jks"), keyHostName: "esb.example.com"}, passwords: map[string]string{keySourcePassword: givenPassword},
			says: []string{"JKS. Key ", "RSA 2048, valid to 2", "The certificate fits the host name"}, not: givenPassword,
		},
		"no file": {key: keySourceJKS, given: map[string]string{keySourceJKS: at("nowhere.jks")}},
		"kept":    {key: keySourceCert, given: map[string]string{keyStoreFrom: fromKeep, keySourceCert: at("bundle.pem")}},
	} {
		got := told(t, c.key, c.given, c.passwords)
		for _, s := range c.says {
			if !strings.Contains(got, s) {
				t.Errorf("%s: %q does not say %q", name, got, s)
			}
		}
		if c.not != "" && strings.Contains(got, c.not) || len(c.says) == 0 && got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}
