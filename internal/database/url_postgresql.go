package database

import (
	"strings"
)

// parsePostgreSQL reads the URLs of pgjdbc: //hosts/database?parameters, or the database alone for the machine itself. It decodes the database and the values.
func parsePostgreSQL(rest string, t *Target) error {
	rest, query, _ := strings.Cut(rest, "?")
	hosts, name := "", rest
	if after, found := strings.CutPrefix(rest, "//"); found {
		hosts, name, found = strings.Cut(after, "/")
		if !found {
			return malformed("The URL names no database: there is no / after the host.")
		}
	}
	if err := parseHosts(hosts, t); err != nil {
		return err
	}
	var err error
	if t.Database, err = decodePart(name, "the database"); err != nil {
		return err
	}
	return parseQuery(query, t, true)
}

func postgresqlURL(t Target) string {
	var b strings.Builder
	b.WriteString("jdbc:postgresql://" + hostsInURL(t) + "/" + percentEncode(t.Database))
	writeQuery(&b, t, percentEncode)
	return b.String()
}
