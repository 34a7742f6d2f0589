package keystore

import (
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// nameMatch is how a certificate stands to a host name.
type nameMatch int

const (
	nameMissing nameMatch = iota
	nameInSAN
	nameInCommonName // and there are no names in the extension: old clients alone look there
)

// matchName judges a host name by RFC 6125: the names of the extension alone when it has any; a wildcard stands for one whole leftmost label.
func matchName(c *Certificate, host string) nameMatch {
	if c.X509 == nil {
		return nameMissing
	}
	host = strings.TrimSuffix(strings.TrimSpace(host), ".")
	if ip, ok := parseIP(host); ok {
		for _, san := range c.X509.IPAddresses {
			if a, ok := netip.AddrFromSlice(san); ok && a.Unmap() == ip {
				return nameInSAN
			}
		}
	}
	ascii := toASCII(host)
	for _, san := range c.X509.DNSNames {
		if matchPattern(toASCII(san), ascii) {
			return nameInSAN
		}
	}
	if len(c.X509.DNSNames)+len(c.X509.IPAddresses) == 0 && matchPattern(toASCII(c.X509.Subject.CommonName), ascii) {
		return nameInCommonName
	}
	return nameMissing
}

func parseIP(host string) (netip.Addr, bool) {
	ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return ip.Unmap(), err == nil
}

// toASCII writes an international name as certificates do; a name that cannot be so written stays.
func toASCII(name string) string {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	star := ""
	if rest, ok := strings.CutPrefix(name, "*."); ok {
		star, name = "*.", rest
	}
	if ascii, err := idna.Lookup.ToASCII(name); err == nil {
		name = ascii
	}
	return star + name
}

// matchPattern compares a name of a certificate with a host name, both in ASCII and lower case.
func matchPattern(pattern, host string) bool {
	if pattern == "" || host == "" {
		return false
	}
	parent, ok := strings.CutPrefix(pattern, "*.")
	if !ok {
		return pattern == host
	}
	if _, ip := parseIP(host); ip {
		return false
	}
	_, rest, ok := strings.Cut(host, ".")
	return ok && rest == parent && strings.Contains(parent, ".") && !strings.HasPrefix(host, ".")
}

// Covers reports whether the certificate is made out for a host name, and whether it says so in its common name alone, where today's browsers do not look.
func (c *Certificate) Covers(host string) (covers, byCommonName bool) {
	match := matchName(c, host)
	return match != nameMissing, match == nameInCommonName
}
