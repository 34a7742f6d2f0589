package database

import (
	"strings"
)

// descriptor is what a test needs of a (DESCRIPTION=...).
type descriptor struct {
	addresses []Addr
	service   string
	sid       string
	tls       bool // an address with PROTOCOL=TCPS
	matchDN   bool // SSL_SERVER_DN_MATCH=YES
}

// maxDepth of parentheses; Oracle's own have eight.
const maxDepth = 32

// parseDescriptor reads a descriptor of Oracle Net. The empty text is refused as any other that is none. The error is a *URLError.
func parseDescriptor(text string) (descriptor, error) {
	var d descriptor
	fix := "It looks like " + exampleDescriptor + "."
	if low := strings.ToUpper(strings.ReplaceAll(text, " ", "")); !strings.HasPrefix(low, "(DESCRIPTION=") && !strings.HasPrefix(low, "(DESCRIPTION_LIST=") {
		return d, malformed("The descriptor does not begin with (DESCRIPTION=.").withFix("%s", fix)
	}
	depth, start := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
			start = i + 1
		case ')':
			depth--
			if start > 0 {
				name, value, _ := strings.Cut(text[start:i], "=")
				if err := d.take(strings.ToUpper(strings.TrimSpace(name)), strings.Trim(strings.TrimSpace(value), `"'`)); err != nil {
					return d, err
				}
			}
			start = 0
		}
		if depth < 0 || depth > maxDepth || depth == 0 && i < len(text)-1 {
			break
		}
	}
	if depth != 0 || !strings.HasSuffix(text, ")") || strings.Count(text, "(") != strings.Count(text, ")") {
		return d, malformed("The parentheses of the descriptor do not match.").withFix("%s", fix)
	}
	switch {
	case !d.complete():
		return d, malformed("The descriptor has no HOST.").withFix("%s", fix)
	case d.service == "" && d.sid == "":
		return d, malformed("The descriptor has neither SERVICE_NAME nor SID.").withFix("%s", fix)
	}
	return d, nil
}

// complete fills in the ports, and reports whether every address has a host.
func (d *descriptor) complete() bool {
	for i := range d.addresses {
		if d.addresses[i].Port == 0 {
			d.addresses[i].Port = Oracle.DefaultPort()
		}
		if d.addresses[i].Host == "" {
			return false
		}
	}
	return len(d.addresses) > 0
}

// take notes one (NAME=value). The order of HOST and PORT within an address is free.
func (d *descriptor) take(name, value string) error {
	switch name {
	case "HOST":
		if a := d.address(func(a Addr) bool { return a.Host != "" }); a != nil {
			a.Host = strings.Trim(value, "[]")
		}
	case "PORT":
		n, err := parsePort(value)
		if err != nil {
			return err
		}
		if a := d.address(func(a Addr) bool { return a.Port != 0 }); a != nil {
			a.Port = n
		}
	case "PROTOCOL":
		d.tls = d.tls || strings.EqualFold(value, "TCPS")
	case "SERVICE_NAME":
		d.service = value
	case "SID":
		d.sid = value
	case "SSL_SERVER_DN_MATCH":
		d.matchDN = isYes(value)
	}
	return nil
}

// maxHosts is how many hosts of one database are looked at.
const maxHosts = 64

// address returns the last address, or a new one if that is taken; nil if there are too many.
func (d *descriptor) address(taken func(Addr) bool) *Addr {
	if n := len(d.addresses); n > 0 && !taken(d.addresses[n-1]) {
		return &d.addresses[n-1]
	}
	if len(d.addresses) == maxHosts {
		return nil
	}
	d.addresses = append(d.addresses, Addr{})
	return &d.addresses[len(d.addresses)-1]
}

// isYes reads a switch of Oracle Net.
func isYes(value string) bool {
	switch strings.ToLower(value) {
	case "yes", "on", "true", "1":
		return true
	}
	return false
}
