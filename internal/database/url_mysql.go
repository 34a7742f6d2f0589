package database

import (
	"slices"
	"strconv"
	"strings"

	"carbon-setup/internal/secret"
)

// modes are what may stand between the scheme and the hosts.
var modes = map[Kind][]string{
	MySQL:   {"loadbalance", "replication"},
	MariaDB: {"sequential", "failover", "loadbalance", "load-balance-read", "replication", "aurora"},
	Oracle:  {"tcp", "tcps"},
}

// parseMySQL reads the URLs of Connector/J 5.1 to 9 and of MariaDB Connector/J 1 to 3: [mode:]//hosts[/database][?parameters]. Connector/J decodes percent
// signs in values, from 8 on in the name of the database, too; MariaDB's driver decodes nothing.
func parseMySQL(rest string, t *Target) error {
	mode, rest, found := strings.Cut(rest, "//")
	if !found {
		return malformed("After jdbc:%s: the URL has no //.", t.Kind)
	}
	t.Mode = strings.TrimSuffix(mode, ":")
	if t.Mode != "" && !slices.Contains(modes[t.Kind], t.Mode) {
		return malformed("The URL has a word before // that %s's driver does not know.", t.Kind.Title())
	}
	rest, query, _ := strings.Cut(rest, "?")
	hosts, name, _ := strings.Cut(rest, "/")
	if err := parseHosts(hosts, t); err != nil {
		return err
	}
	t.Database = name
	if t.Kind == MySQL {
		var err error
		if t.Database, err = decodePart(name, "the database"); err != nil {
			return err
		}
	}
	return parseQuery(query, t, t.Kind == MySQL)
}

// parseQuery reads name=value&name=value. User and password are fields of the Target.
func parseQuery(query string, t *Target, decode bool) error {
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if decode {
			var err error
			if value, err = decodePart(value, "a parameter"); err != nil {
				return err
			}
		}
		switch name {
		case "":
			return malformed("The URL has a parameter without a name.")
		case "user":
			t.Username, t.LoginInURL = value, true
		case "password":
			t.Password, t.LoginInURL = secret.New(value), true
		default:
			t.set(name, value)
		}
	}
	return nil
}

// parseHosts reads what stands between // and /. One plain host is taken apart, anything else is kept with its first host known.
func parseHosts(text string, t *Target) error {
	list, err := withoutLogins(text, t)
	if err != nil {
		return err
	}
	all, err := parseHostList(list, t.Kind)
	if err != nil {
		return err
	}
	t.Host, t.Port = all[0].Host, all[0].Port
	if len(all) > 1 || isSpecial(list) {
		t.HostList = list
	}
	return nil
}

// isSpecial reports whether a list has more in it than names and ports.
func isSpecial(list string) bool {
	return strings.ContainsAny(list, "=()") || strings.HasPrefix(list, "[") && strings.ContainsRune(list, ',')
}

// parseHostList reads the hosts between // and /.
func parseHostList(list string, k Kind) ([]Addr, error) {
	if k == PostgreSQL && isSpecial(list) && strings.ContainsAny(list, "=()") {
		return nil, malformed("The host in the URL has characters that no host name has.")
	}
	if inner := strings.TrimSuffix(strings.TrimPrefix(list, "["), "]"); len(inner) == len(list)-2 && strings.ContainsRune(inner, ',') && !strings.ContainsAny(inner, "[]") {
		list = inner // [host1:port,host2:port] of Connector/J 8
	}
	entries := splitOutside(list, ',')
	if len(entries) > maxHosts {
		return nil, malformed("The URL has more than %d hosts.", maxHosts)
	}
	all := make([]Addr, 0, len(entries))
	for _, entry := range entries {
		a, err := parseHost(strings.TrimSpace(entry))
		if err != nil {
			return nil, err
		}
		if a.Port == 0 && len(entries) > 1 {
			a.Port = k.DefaultPort()
		}
		all = append(all, a)
	}
	return all, nil
}

// withoutLogins takes user:password@ off every host, and keeps the first.
func withoutLogins(text string, t *Target) (string, error) {
	if !strings.ContainsRune(text, '@') {
		return text, nil
	}
	if t.Kind != MySQL {
		return "", malformed("The URL has a user before its host, which %s's driver does not read.", t.Kind.Title())
	}
	entries := splitOutside(text, ',')
	for i, entry := range entries {
		at := strings.LastIndexByte(entry, '@')
		if at < 0 {
			continue
		}
		user, password, found := strings.Cut(entry[:at], ":")
		entries[i] = entry[at+1:]
		if i > 0 && t.LoginInURL {
			continue
		}
		t.LoginInURL = true
		var err error
		if t.Username, err = decodePart(user, "the user"); err != nil {
			return "", err
		}
		if password, err = decodePart(password, "the password"); err != nil {
			return "", err
		}
		if found {
			t.Password = secret.New(password)
		}
	}
	return strings.Join(entries, ","), nil
}

// parseHost reads one host of a list: host:port, address=(host=h)(port=p), or (host=h,port=p).
func parseHost(text string) (Addr, error) {
	if low := strings.ToLower(text); !strings.HasPrefix(low, "address=(") && !strings.HasPrefix(low, "(") {
		return splitHostPort(text)
	}
	a := Addr{Host: "localhost"}
	for pair := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune("(),", r) }) {
		name, value, _ := strings.Cut(pair, "=")
		switch value = strings.Trim(strings.TrimSpace(value), `"'`); strings.ToLower(strings.TrimSpace(name)) {
		case "host":
			a.Host = strings.Trim(value, "[]")
		case "port":
			n, err := parsePort(value)
			if err != nil {
				return a, err
			}
			a.Port = n
		case "user", "password":
			return a, unsupported("The URL has a login for each of its hosts.").withFix("Carbon gives user and password of the block to all: take them out of the URL.")
		}
	}
	return a, nil
}

// splitOutside splits text at sep where no parenthesis or bracket is open.
func splitOutside(text string, sep byte) []string {
	var parts []string
	depth, start := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case sep:
			if depth == 0 {
				parts = append(parts, text[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, text[start:])
}

// mysqlURL writes the URL of a MySQL or MariaDB.
func mysqlURL(t Target) string {
	var b strings.Builder
	b.WriteString("jdbc:" + string(t.Kind) + ":")
	if t.Mode != "" {
		b.WriteString(t.Mode + ":")
	}
	b.WriteString("//" + hostsInURL(t) + "/")
	encode := func(text string) string { return text }
	if t.Kind == MySQL {
		encode = percentEncode
	}
	b.WriteString(encode(t.Database))
	writeQuery(&b, t, encode)
	return b.String()
}

func hostsInURL(t Target) string {
	if t.HostList != "" {
		return t.HostList
	}
	return hostInURL(t.Host) + ":" + strconv.Itoa(t.Port)
}

func writeQuery(b *strings.Builder, t Target, encode func(string) string) {
	for i, p := range t.Sorted() {
		b.WriteByte("?&"[min(i, 1)])
		b.WriteString(p.Name + "=" + encode(p.Value))
	}
}
