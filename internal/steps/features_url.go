package steps

import (
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode"
)

// maxRepositoryURL is more than any address that people type.
const maxRepositoryURL = 1024

// repositoryFiles are the files that make a folder a repository for the p2 of the server, org.eclipse.equinox.p2.metadata.repository 1.2 of 2011. It does
// not know the newer content.xml.xz.
var repositoryFiles = []string{"content.jar", "content.xml", "compositeContent.jar", "compositeContent.xml"}

// checkRepository judges the answer for the repository as java.net.URI and p2 will read it.
func checkRepository(text string) *Problem {
	refuse := func(message, fix string) *Problem { return &Problem{Severity: Error, Message: message, Fix: fix} }
	const example = "Give the folder of the repository, for example https://example.com/p2, or none."
	switch {
	case text == noRepository || text == "":
		return nil
	case len(text) > maxRepositoryURL:
		return refuse(fmt.Sprintf("The URL has %d characters; %d are the most.", len(text), maxRepositoryURL), example)
	case strings.Contains(text, "${"):
		return refuse("The URL holds ${, which Carbon takes for a placeholder.", example)
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) || strings.ContainsAny(text, "\"<>\\^`{|}"):
		return refuse("The URL holds a blank or another character that a URL cannot have.", "Write it as %20 or the like.")
	case strings.HasPrefix(text, "/"):
		return refuse("This is a path; Carbon reads a URL.", "Write file://"+text+" .")
	}
	u, err := url.Parse(text)
	if err != nil {
		return refuse("This is not a URL.", example)
	}
	switch {
	case u.User != nil:
		return refuse("The URL holds a user or a password, which would stand in carbon.xml in clear text.", "Let the repository accept this server by its address, or use a copy on this machine (file:///...).")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return refuse("The URL has a ? or a #, and p2 looks for files below it.", example)
	}
	for _, file := range append([]string{"p2.index", "artifacts.jar", "artifacts.xml"}, repositoryFiles...) {
		if path.Base(u.Path) == file {
			return refuse("The URL names the file "+file+"; a repository is the folder that the file is in.", "Leave /"+file+" out.")
		}
	}
	return checkScheme(u, refuse, example)
}

func checkScheme(u *url.URL, refuse func(message, fix string) *Problem, example string) *Problem {
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if u.Hostname() == "" {
			return refuse("The URL has no host.", example)
		}
		if p := hostSyntax(strings.TrimSuffix(u.Hostname(), ".")); p != nil && !strings.Contains(u.Hostname(), ":") && p.Severity == Error {
			return p
		}
		if n, err := strconv.Atoi(u.Port()); u.Port() != "" && (err != nil || n < 1 || n > highestPort) {
			return refuse("The port of the URL is not one from 1 to 65535.", example)
		}
		return nil
	case "file":
		if u.Host != "" && u.Host != "localhost" || !strings.HasPrefix(u.Path, "/") {
			return refuse("A file URL needs the whole path, and no host.", "Write file:///opt/p2 for the folder /opt/p2.")
		}
		return nil
	}
	return refuse("p2 reads repositories over https, http and file; this URL is none of them.", example)
}

func checkRepositoryName(text string) *Problem {
	switch {
	case strings.TrimSpace(text) != text, strings.ContainsFunc(text, unicode.IsControl):
		return &Problem{Severity: Error, Message: "The name begins or ends with a blank, or holds a control character.", Fix: "Give it without."}
	case len(text) > 200:
		return &Problem{Severity: Error, Message: "The name is longer than a line of the feature manager.", Fix: "Give a short one."}
	case strings.Contains(text, "${"):
		return &Problem{Severity: Error, Message: "The name holds ${, which Carbon takes for a placeholder.", Fix: "Give it without."}
	}
	return nil
}
