package vault

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Place is an entry of cipher-tool.properties: where the value of an alias stands. The server does not read the file; WSO2's tool and people do.
type Place struct {
	Alias string
	File  string // as in the file: "carbon.xml"; see Candidates
	XPath string // with the // it begins with: "//Server/Security/KeyStore/Password"
	Flag  bool   // true when the elements have capital first letters
}

// ParsePlace reads the value of an alias: FILE//xpath,true. CipherTool splits it at the first // and at the first comma; without a comma the flag is
// false. Errors are *Error of the kind BadPlace.
func ParsePlace(alias, value string) (Place, error) {
	bad := func(why string) (Place, error) {
		return Place{}, &Error{
			Kind: BadPlace, What: fmt.Sprintf("The entry for %s in cipher-tool.properties %s.", strconv.Quote(alias), why),
			Fix: "Write it as FILE//path/to/element,true or ,false.",
		}
	}
	file, rest, ok := strings.Cut(value, "//")
	if !ok {
		return bad("has no // between the file and the XPath")
	}
	xpath, flag, flagged := strings.Cut(rest, ",")
	flag = strings.TrimSpace(flag)
	p := Place{Alias: alias, File: strings.TrimSpace(file), XPath: "//" + strings.TrimSpace(xpath), Flag: flag == "true"}
	switch {
	case strings.Contains(file, ","):
		return bad("has a comma before the XPath")
	case p.File == "" || strings.HasSuffix(p.File, "/"):
		return bad("names no file")
	case strings.Trim(p.XPath, "/ ") == "":
		return bad("has no XPath")
	case strings.HasPrefix(p.XPath, "///"):
		return bad("has an XPath that begins with ///, which is none")
	case flagged && flag != "true" && flag != "false":
		return bad("has something else than true or false behind the first comma, at which the tool cuts the XPath off")
	}
	return p, nil
}

// String returns the value for cipher-tool.properties.
func (p Place) String() string {
	return p.File + "//" + strings.TrimLeft(p.XPath, "/") + "," + strconv.FormatBool(p.Flag)
}

// SearchFolders returns where CipherTool looks for the file of a place, first one first, relative to the home; "" is the home itself.
func SearchFolders() []string {
	return []string{
		"repository/conf", "", "repository/conf/security", "repository/conf/axis2", "repository/conf/tomcat", "repository/conf/etc",
		"repository/conf/datasources", "repository/deployment/server/userstores",
	}
}

// Candidates returns the paths that the file of a place can have, relative to the home, first one first.
func (p Place) Candidates() []string {
	var all []string
	for _, folder := range SearchFolders() {
		if c := strings.TrimPrefix(path.Join("/", folder, p.File), "/"); !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}
