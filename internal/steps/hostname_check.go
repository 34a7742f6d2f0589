package steps

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// writtenName returns a host name as it is written into the files: IDNA names in their ASCII form, everything else as it is.
func writtenName(name string) string {
	if isASCII(name) {
		return name
	}
	if ascii, err := idna.Lookup.ToASCII(name); err == nil {
		return ascii
	}
	return name
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// checkHostName judges a host name as typed.
func checkHostName(name string) *Problem {
	if p := hostSyntax(name); p != nil {
		return p
	}
	written := writtenName(name)
	switch {
	case !isASCII(name):
		return &Problem{
			Severity: Note, Message: fmt.Sprintf("The host name %q has letters outside ASCII. It is written as %s, the form that DNS and certificates use.", name, written),
			Fix: "Make sure that the certificate has the name in this form.",
		}
	case isLoopback(name):
		return &Problem{
			Severity: Warning, Message: fmt.Sprintf("%s means each client's own machine, so nobody but this machine can follow the addresses that the server gives out.", name),
			Fix: "Use the name by which clients reach the server.",
		}
	case isAddress(name):
		return &Problem{
			Severity: Warning, Message: fmt.Sprintf("%s is an address. Certificates are seldom issued for addresses, and the address cannot change any more without changing clients.", name),
			Fix: "Use a fully qualified name that resolves to it.",
		}
	case !strings.Contains(name, "."):
		return &Problem{
			Severity: Warning, Message: fmt.Sprintf("%s is a single label. It resolves only for machines with the right search domain, and public certificates are not issued for it.", name),
			Fix: "Use the fully qualified name, such as " + name + ".example.com.",
		}
	}
	return nil
}

func isAddress(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil
}

// hostSyntax refuses what is not a host name by RFC 1123 nor an IPv4 address, each with its reason.
func hostSyntax(name string) *Problem {
	refuse := func(message, fix string) *Problem { return &Problem{Severity: Error, Message: message, Fix: fix} }
	switch {
	case name == "":
		return refuse("The host name is empty.", "Type the name by which clients reach the server.")
	case strings.ContainsFunc(name, unicode.IsSpace):
		return refuse("The host name contains a blank.", "Leave it out.")
	case strings.ContainsFunc(name, unicode.IsControl):
		return refuse("The host name contains a control character.", "Leave it out.")
	case strings.Contains(name, "${"):
		return refuse("The host name contains a placeholder, ${...}.", "Type the name itself.")
	case strings.Contains(name, "://"):
		return refuse("The host name starts with a scheme, "+name[:strings.Index(name, "://")+3]+".", "Type only the name; the server adds scheme and port.")
	case strings.Contains(name, "@"):
		return refuse("The host name contains an @.", "Type only the name, without a user.")
	case strings.ContainsAny(name, "/\\?#"):
		return refuse("The host name contains a path.", "Type only the name.")
	}
	if p := addressSyntax(name); p != nil {
		return p
	}
	if isAddress(name) {
		return nil
	}
	return labelSyntax(name)
}

// addressSyntax refuses addresses that cannot be host names of a Carbon server.
func addressSyntax(name string) *Problem {
	bare := strings.Trim(name, "[]")
	if addr, err := netip.ParseAddr(bare); err == nil {
		switch {
		case addr.Is6():
			return &Problem{
				Severity: Error, Message: "The host name is an IPv6 address. Carbon puts name and port together with a colon, and the address would run into the port.",
				Fix: "Use a name that resolves to the address.",
			}
		case addr.IsUnspecified():
			return &Problem{Severity: Error, Message: "0.0.0.0 means every address of a machine; no client can connect to it.", Fix: "Use the name by which clients reach the server."}
		case bare != name:
			return &Problem{Severity: Error, Message: "The address stands in brackets.", Fix: "Leave the brackets out."}
		}
		return nil
	}
	if host, port, ok := strings.Cut(name, ":"); ok {
		if strings.Contains(port, ":") {
			return &Problem{Severity: Error, Message: "The host name contains colons but is no IPv6 address.", Fix: "Use a name."}
		}
		return &Problem{
			Severity: Error, Message: fmt.Sprintf("The host name contains a port, :%s.", port),
			Fix: fmt.Sprintf("Type only %s. Ports are set with guideline 11.", host),
		}
	}
	last := name[strings.LastIndexByte(strings.TrimSuffix(name, "."), '.')+1:]
	if last != "" && strings.Trim(last, "0123456789.") == "" {
		return &Problem{
			Severity: Error, Message: fmt.Sprintf("%s ends in a number like an IPv4 address, but is none: that has four numbers from 0 to 255 without leading zeros.", name),
			Fix: "Correct the address, or use a name.",
		}
	}
	return nil
}

// labelSyntax is RFC 1123: labels of letters, digits and hyphens.
func labelSyntax(name string) *Problem {
	refuse := func(message, fix string) *Problem { return &Problem{Severity: Error, Message: message, Fix: fix} }
	if strings.HasSuffix(name, ".") {
		return refuse("The host name ends in a dot. Names in URLs and certificates are written without it, and Carbon would not find them equal.", "Leave the dot out.")
	}
	if !isASCII(name) {
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return refuse(fmt.Sprintf("%q has letters that no international host name may have.", name), "Correct the name, or type its ASCII form, xn--...")
		}
		name = ascii
	}
	if len(name) > 253 {
		return refuse(fmt.Sprintf("The host name has %d characters. At most 253 are allowed.", len(name)), "Use a shorter name.")
	}
	for label := range strings.SplitSeq(name, ".") {
		switch {
		case label == "":
			return refuse("The host name has a dot at its start or two dots in a row.", "Leave the extra dot out.")
		case len(label) > 63:
			return refuse(fmt.Sprintf("The part %s... has %d characters. At most 63 are allowed between two dots.", label[:20], len(label)), "Use a shorter name.")
		case strings.Contains(label, "_"):
			return refuse(fmt.Sprintf("%q is not allowed in a host name (%s). Java's URL parser finds no host in such a URL.", "_", label), `Use letters, digits and "-".`)
		case strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-"):
			return refuse(fmt.Sprintf("The part %s starts or ends with a hyphen.", label), "Hyphens are allowed only inside.")
		}
		if i := strings.IndexFunc(label, notInLabel); i >= 0 {
			return refuse(fmt.Sprintf("%q is not allowed in a host name (%s).", label[i:i+1], label), `Use letters, digits and "-".`)
		}
	}
	if strings.HasPrefix(strings.ToLower(name), "xn--") || strings.Contains(strings.ToLower(name), ".xn--") {
		if _, err := idna.Lookup.ToUnicode(name); err != nil {
			return refuse(name+" has a part that starts with xn-- but is not the ASCII form of an international name.", "Correct the name.")
		}
	}
	return nil
}

func notInLabel(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
}
