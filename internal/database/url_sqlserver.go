package database

import (
	"strconv"
	"strings"

	"carbon-setup/internal/secret"
)

// parseSQLServer reads the URLs of Microsoft's driver: host[\instance][:port][;name=value]... where a value may stand in braces.
func parseSQLServer(rest string, t *Target) error {
	server, properties, _ := strings.Cut(rest, ";")
	if strings.ContainsRune(server, '=') {
		return malformed("The URL has a property where the host belongs: there is no ; before it.")
	}
	if err := parseServer(server, t); err != nil {
		return err
	}
	for properties != "" {
		name, value, after, err := nextProperty(properties)
		if err != nil {
			return err
		}
		properties = after
		if name == "" {
			continue
		}
		if err := t.takeProperty(name, value); err != nil {
			return err
		}
	}
	if t.Host == "" {
		t.Host = "localhost"
	}
	return nil
}

// parseServer reads host[\instance][:port].
func parseServer(text string, t *Target) error {
	host, port, _ := strings.Cut(text, ":")
	if strings.HasPrefix(text, "[") || strings.ContainsRune(port, ':') {
		return malformed("The URL has an IPv6 address after //, which the driver does not read there.").withFix("It belongs into the property serverName.")
	}
	host, instance, _ := strings.Cut(host, `\`)
	t.Host, t.Instance = strings.TrimSpace(host), strings.TrimSpace(instance)
	n, err := parsePort(port)
	t.Port = n
	return err
}

// nextProperty reads one name=value; up to the next ;, and returns what follows.
func nextProperty(text string) (name, value, rest string, err error) {
	end := strings.IndexAny(text, "=;")
	if end < 0 || text[end] == ';' {
		bare, after, _ := strings.Cut(text, ";")
		if strings.TrimSpace(bare) != "" {
			return "", "", "", malformed("A property of the URL has no value, which the driver refuses.")
		}
		return "", "", after, nil
	}
	name, text = strings.TrimSpace(text[:end]), text[end+1:]
	if name == "" {
		return "", "", "", malformed("The URL has a property without a name, which the driver refuses.")
	}
	if open := strings.TrimLeft(text, " \t\r\n"); strings.HasPrefix(open, "{") {
		value, rest, err = inBraces(open[1:])
		return name, value, rest, err
	}
	value, rest, _ = strings.Cut(text, ";")
	if strings.ContainsRune(value, '{') {
		return "", "", "", malformed("A value of the URL has a brace in its middle, which the driver refuses.").withFix("Put the whole value in braces.")
	}
	return name, strings.TrimSpace(value), rest, nil
}

// inBraces reads a value up to the brace that closes it; two closing ones are one of the value.
func inBraces(text string) (value, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '}' {
			b.WriteByte(text[i])
			continue
		}
		if i+1 < len(text) && text[i+1] == '}' {
			b.WriteByte('}')
			i++
			continue
		}
		between, rest, _ := strings.Cut(text[i+1:], ";")
		if strings.Trim(between, " ") != "" {
			return "", "", malformed("A value of the URL goes on after its closing brace, which the driver refuses.")
		}
		return b.String(), rest, nil
	}
	return "", "", malformed("A value of the URL has no closing brace, which the driver refuses.")
}

// takeProperty notes a property; the driver's names are read in any case of letters.
func (t *Target) takeProperty(name, value string) error {
	switch strings.ToLower(name) {
	case "databasename", "database":
		t.Database = value
	case "servername", "server":
		host, instance, found := strings.Cut(value, `\`)
		t.Host = host
		if found {
			t.Instance = instance
		}
	case "portnumber", "port":
		n, err := parsePort(value)
		t.Port = n
		return err
	case "instancename":
		t.Instance = value
	case "user", "username", "uid":
		t.Username, t.LoginInURL = value, true
	case "password", "pwd":
		t.Password, t.LoginInURL = secret.New(value), true
	default:
		t.set(canonical(SQLServer, name), value)
	}
	return nil
}

func sqlServerURL(t Target) string {
	var b strings.Builder
	b.WriteString("jdbc:sqlserver://")
	if strings.ContainsRune(t.Host, ':') {
		b.WriteString(";serverName=" + t.Host)
		if t.Port != 0 {
			b.WriteString(";portNumber=" + strconv.Itoa(t.Port))
		}
	} else {
		b.WriteString(t.Host)
		if t.Port != 0 {
			b.WriteString(":" + strconv.Itoa(t.Port))
		}
	}
	b.WriteString(";databaseName=" + braced(t.Database))
	if t.Instance != "" {
		b.WriteString(";instanceName=" + braced(t.Instance))
	}
	for _, p := range t.Sorted() {
		b.WriteString(";" + p.Name + "=" + braced(p.Value))
	}
	return b.String()
}

// braced puts a value that would end early, or lose a blank, in braces.
func braced(value string) string {
	if strings.TrimSpace(value) == value && !strings.ContainsAny(value, ";{}") {
		return value
	}
	return "{" + strings.ReplaceAll(value, "}", "}}") + "}"
}

// parseJTDS reads the URLs of jTDS: host[:port][/database][;name=value]... without any quoting.
func parseJTDS(rest string, t *Target) error {
	t.JTDS = true
	server, properties, _ := strings.Cut(rest, ";")
	hostPort, name, _ := strings.Cut(server, "/")
	a, err := splitHostPort(hostPort)
	if err != nil {
		return err
	}
	t.Host, t.Port, t.Database = a.Host, a.Port, name
	for pair := range strings.SplitSeq(properties, ";") {
		name, value, _ := strings.Cut(pair, "=")
		switch strings.ToLower(name) {
		case "":
			if pair != "" {
				return malformed("The URL has a property without a name.")
			}
		case "user":
			t.Username, t.LoginInURL = value, true
		case "password":
			t.Password, t.LoginInURL = secret.New(value), true
		case "instance":
			t.Instance = value
		case "databasename":
			t.Database = value
		default:
			t.set(canonical(jtds, name), value)
		}
	}
	return nil
}

func jtdsURL(t Target) string {
	var b strings.Builder
	b.WriteString("jdbc:jtds:sqlserver://" + t.Host)
	if t.Port != 0 {
		b.WriteString(":" + strconv.Itoa(t.Port))
	}
	b.WriteString("/" + t.Database)
	if t.Instance != "" {
		b.WriteString(";instance=" + t.Instance)
	}
	for _, p := range t.Sorted() {
		b.WriteString(";" + p.Name + "=" + p.Value)
	}
	return b.String()
}
