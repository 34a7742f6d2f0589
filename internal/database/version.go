package database

import (
	"fmt"
	"regexp"
	"strconv"
)

// release is the version of a server, as far as it matters.
type release struct{ major, minor int }

var releaseWords = regexp.MustCompile(`(\d{1,6})\.(\d{1,6})`)

// parseVersion finds the first version in a text; the zero value if there is none.
func parseVersion(text string) release {
	m := releaseWords.FindStringSubmatch(text)
	if m == nil {
		return release{}
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return release{major, minor}
}

func (r release) known() bool    { return r != release{} }
func (r release) String() string { return fmt.Sprintf("%d.%d", r.major, r.minor) }

// before reports whether r is known and older.
func (r release) before(major, minor int) bool {
	return r.known() && (r.major < major || r.major == major && r.minor < minor)
}
