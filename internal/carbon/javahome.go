package carbon

import (
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

// assignment is a JAVA_HOME set in a script; line is 1-based.
type assignment struct {
	value string
	line  int
}

var (
	plainAssignment   = regexp.MustCompile(`^(?:export\s+)?JAVA_HOME=("[^"]*"|'[^']*'|[^\s;&|#]*)`)
	defaultAssignment = regexp.MustCompile(`^(?:\[+ +-z +"?\$\{?JAVA_HOME\}?"? +\]+ *&& *(?:export +)?JAVA_HOME=("[^"]*"|'[^']*'|[^\s;&|#]*)|` +
		`: +"?\$\{JAVA_HOME:?=([^}]*)\})`)
	blockOpens  = regexp.MustCompile(`^(?:if|case|for|while|until)\b`)
	blockCloses = regexp.MustCompile(`^(?:fi|esac|done)\b`)
)

// scriptJavaHomes finds the JAVA_HOME that a shell script sets: forced is one set whatever the environment says, fallback one that is set inside
// a condition or only when the environment has none. A value that the shell would have to work out (the script's own Darwin and
// Cygwin branches) is passed over.
func scriptJavaHomes(script string) (forced, fallback assignment) {
	depth, number := 0, 0
	for line := range strings.Lines(script) {
		number++
		line = strings.TrimSpace(line)
		if m := defaultAssignment.FindStringSubmatch(line); m != nil {
			if value := literalPath(m[1] + m[2]); value != "" && fallback.value == "" {
				fallback = assignment{value, number}
			}
			continue
		}
		if m := plainAssignment.FindStringSubmatch(line); m != nil {
			value := literalPath(m[1])
			switch {
			case value == "":
			case depth == 0:
				forced = assignment{value, number}
			case fallback.value == "":
				fallback = assignment{value, number}
			}
			continue
		}
		switch {
		case blockOpens.MatchString(line) && !closesItself(line):
			depth++
		case blockCloses.MatchString(line) && depth > 0:
			depth--
		}
	}
	return forced, fallback
}

var closers = regexp.MustCompile(`(?:;|\s)(?:fi|esac|done)\s*(?:[;&|#>].*)?$`)

// closesItself reports whether a block ends on the line that opens it.
func closesItself(line string) bool { return closers.MatchString(line) }

// literalPath unquotes a word of a shell and returns it when it is an absolute path without anything for the shell to expand.
func literalPath(word string) string {
	if len(word) >= 2 && (word[0] == '"' || word[0] == '\'') && word[len(word)-1] == word[0] {
		word = word[1 : len(word)-1]
	}
	if !filepath.IsAbs(word) || strings.ContainsAny(word, "$`\\*?") {
		return ""
	}
	return word
}

// maxServices bounds how many unit files and init scripts are read.
const maxServices = 500

// serviceJavaHome finds the JAVA_HOME of the service that starts this home: a systemd unit or an init script below etc.
func (in *Install) serviceJavaHome(etc string) (home, source string) {
	var files []string
	for _, pattern := range []string{"systemd/system/*.service", "systemd/system/*.service.d/*.conf", "init.d/*"} {
		found, err := filepath.Glob(filepath.Join(etc, filepath.FromSlash(pattern)))
		if err == nil {
			sort.Strings(found)
			files = append(files, found...)
		}
	}
	for i, file := range files {
		if i == maxServices {
			break
		}
		text, err := readConfig(file)
		if err != nil || !in.isStartedBy(text) {
			continue
		}
		if j := unitJavaHome(text); j != "" {
			return j, file
		}
		for _, env := range environmentFiles(text) {
			if text, err := readConfig(env); err == nil {
				if j := unitJavaHome(text); j != "" {
					return j, env
				}
			}
		}
	}
	return "", ""
}

// readConfig reads a file of at most 256 KB; units and init scripts are far smaller.
func readConfig(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > 256<<10 {
		return "", os.ErrInvalid
	}
	data, err := os.ReadFile(path)
	return string(data), err
}

var serverScript = regexp.MustCompile(`(/[^\s"'=;:]*)/bin/wso2server\.sh`)

// isStartedBy reports whether the text of a service starts wso2server.sh of this home, or sets CARBON_HOME to it.
func (in *Install) isStartedBy(text string) bool {
	if !strings.Contains(text, "wso2server.sh") && !strings.Contains(text, "CARBON_HOME") {
		return false
	}
	if strings.Contains(text, in.Home+"/bin/wso2server.sh") {
		return true
	}
	for _, m := range serverScript.FindAllStringSubmatch(text, -1) {
		if in.isSame(m[1]) {
			return true
		}
	}
	for _, m := range carbonHomeSetting.FindAllStringSubmatch(text, -1) {
		if value := literalPath(m[1]); value != "" && in.isSame(value) {
			return true
		}
	}
	return false
}

var (
	carbonHomeSetting = regexp.MustCompile(`\bCARBON_HOME=("[^"]*"|'[^']*'|[^\s;"']*)`)
	javaHomeSetting   = regexp.MustCompile(`(?m)^[^#\n]*\bJAVA_HOME=("[^"]*"|'[^']*'|[^\s;"']*)`)
	environmentFile   = regexp.MustCompile(`(?m)^\s*EnvironmentFile=-?(\S+)`)
)

// unitJavaHome finds JAVA_HOME=... in a unit, an init script or an environment file; the last one counts.
func unitJavaHome(text string) string {
	home := ""
	for _, m := range javaHomeSetting.FindAllStringSubmatch(text, -1) {
		if value := literalPath(m[1]); value != "" {
			home = value
		}
	}
	return home
}

func environmentFiles(text string) []string {
	var files []string
	for _, m := range environmentFile.FindAllStringSubmatch(text, -1) {
		if filepath.IsAbs(m[1]) && !strings.ContainsAny(m[1], "%*?[") {
			files = append(files, m[1])
		}
	}
	return files
}
