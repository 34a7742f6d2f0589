package database

import "strings"

// H2 is the URL of the database that Carbon ships with.
type H2 struct {
	Path     string // what it opens: a path without the ending .h2.db; relative ones begin in CARBON_HOME; "" for one in memory
	Memory   bool   // jdbc:h2:mem: loses all at the end of the server
	Server   bool   // jdbc:h2:tcp: and ssl: ask an H2 server
	Settings []Parameter
}

// ParseH2 reads the URL of an H2 database, and reports whether it is one.
func ParseH2(url string) (H2, bool) {
	const prefix = "jdbc:h2:"
	url = strings.TrimSpace(url)
	if len(url) < len(prefix) || len(url) > MaxURL || !strings.EqualFold(url[:len(prefix)], prefix) {
		return H2{}, false
	}
	parts := strings.Split(url[len(prefix):], ";")
	h := H2{Path: parts[0]}
	for _, setting := range parts[1:] {
		if name, value, _ := strings.Cut(setting, "="); name != "" {
			h.Settings = append(h.Settings, Parameter{name, value})
		}
	}
	switch scheme, rest, found := strings.Cut(h.Path, ":"); {
	case !found || len(scheme) == 1: // the drive of a Windows path
	case strings.EqualFold(scheme, "mem"):
		h.Path, h.Memory = "", true
	case strings.EqualFold(scheme, "file"):
		h.Path = rest
	case strings.EqualFold(scheme, "tcp"), strings.EqualFold(scheme, "ssl"):
		h.Server = true
	}
	return h, true
}
