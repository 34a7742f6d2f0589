package steps

import (
	"crypto/x509"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/answers"
)

// trustedByAnswers are the certificates that the server will trust after the plan: those of its truststore, with what the answers import and without
// what they remove. nil when the truststore cannot be opened.
func trustedByAnswers(w *Workspace, a *answers.Set) *x509.CertPool {
	store := truststoreByAnswers(w, a)
	if store == nil {
		return trustedRoots(w)
	}
	return poolOf(store)
}

// truststoreByAnswers is the truststore as the answers change it, nil when they do not, or it cannot be changed.
func truststoreByAnswers(w *Workspace, a *answers.Set) *ks.Truststore {
	k := keystore{}.wish(w, a)
	t := k.trust(w, a)
	if !t.asked || t.store == nil {
		return nil
	}
	for _, c := range t.add {
		if _, _, err := t.store.Add("", c.cert, k.now); err != nil {
			return nil
		}
	}
	t.store.Remove(t.unwanted(k)...)
	return t.store
}

func poolOf(store *ks.Truststore) *x509.CertPool {
	roots := x509.NewCertPool()
	for _, c := range store.Certificates() {
		if cert, err := x509.ParseCertificate(c.Raw); err == nil {
			roots.AddCert(cert)
		}
	}
	return roots
}
