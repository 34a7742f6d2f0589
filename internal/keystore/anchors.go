package keystore

import (
	"strings"
	"time"
)

// anchorRule is one thing that can be wrong with an entry of a truststore.
type anchorRule struct {
	id       string
	severity Severity
	is       func(e *Entry, now time.Time) bool // the entry has a certificate
	message  string                             // the aliases are put behind it
	fix      string
}

var anchorRules = []anchorRule{
	{
		"trust-default", Bad, func(e *Entry, _ time.Time) bool { return e.Chain[0].shipped() },
		"The truststore trusts keys that WSO2 ships; whoever has the public private key can pass for any server",
		"Remove them, after the own certificate has been imported.",
	},
	{
		"trust-expired", Warning, func(e *Entry, now time.Time) bool { _, to := e.Chain[0].Validity(); return now.After(to) },
		"The truststore holds certificates that have expired; they serve nothing any more",
		"Remove them, or replace the truststore.",
	},
	{
		"trust-not-yet-valid", Note, func(e *Entry, now time.Time) bool { from, _ := e.Chain[0].Validity(); return now.Before(from) },
		"The truststore holds certificates that are not valid yet",
		"Check the clock of this machine.",
	},
	{
		"trust-weak", Warning, func(e *Entry, _ time.Time) bool { a, n := e.Chain[0].Key(); return a == "RSA" && n < minBits },
		"The truststore trusts RSA keys under 2048 bits, which can be broken",
		"Remove those that nothing needs.",
	},
	{
		"trust-signature", Note, func(e *Entry, _ time.Time) bool {
			s := e.Chain[0].Signature()
			return strings.Contains(s, "MD2") || strings.Contains(s, "MD4") || strings.Contains(s, "MD5")
		},
		"The truststore holds certificates signed with MD2 or MD5",
		"Remove those that nothing needs.",
	},
	{
		"trust-key", Warning, func(e *Entry, _ time.Time) bool { return e.Kind == PrivateKey },
		"The truststore holds private keys, which do not belong there",
		"Remove them by hand, once it is known that nothing uses them.",
	},
	{
		"trust-unreadable", Note, func(e *Entry, _ time.Time) bool { return e.Chain[0].X509 == nil },
		"The truststore holds certificates that are not as the standards want them (RFC 5280)",
		"",
	},
}

// Diagnose lists what is public, expired, weak or out of place: one finding of each kind, with all its aliases, the worst first. IDs: trust-default,
// trust-expired, trust-not-yet-valid, trust-weak, trust-signature, trust-key, trust-unreadable.
func (t *Truststore) Diagnose(now time.Time) []Finding {
	var all []Finding
	for _, r := range anchorRules {
		var names []string
		for _, e := range t.entries {
			if len(e.Chain) > 0 && r.is(e, now) {
				names = append(names, e.Alias)
			}
		}
		if len(names) > 0 {
			all = append(all, Finding{ID: r.id, Severity: r.severity, Message: r.message + ": " + list(names) + ".", Fix: r.fix, Aliases: names})
		}
	}
	return worstFirst(all)
}
