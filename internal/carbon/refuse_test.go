package carbon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// refusals are the folders that are refused; each case makes one below dir and returns the path to give to Open.
var refusals = []struct {
	name string
	kind Kind
	make func(t *testing.T, dir string) string
}{
	{"an empty folder", NotAnInstall, func(_ *testing.T, dir string) string { return dir }},
	{"no folder at all", NotAnInstall, func(*testing.T, string) string { return "" }},
	{"the root", NotAnInstall, func(*testing.T, string) string { return "/" }},
	{"a path that is not there", NotAnInstall, func(_ *testing.T, dir string) string { return filepath.Join(dir, "wso2am") }},
	{"a path whose parent is not there", NotAnInstall, func(_ *testing.T, dir string) string { return filepath.Join(dir, "opt", "wso2", "am") }},
	{"a mistyped path", NotAnInstall, func(t *testing.T, dir string) string {
		home(t, filepath.Join(dir, "wso2am-1.8.0"))
		return filepath.Join(dir, "wso2am-1.8")
	}},
	{"a mistyped path beside two homes", NotAnInstall, func(t *testing.T, dir string) string {
		home(t, filepath.Join(dir, "node1"))
		home(t, filepath.Join(dir, "node2"))
		return filepath.Join(dir, "node3") + "/"
	}},
	{"a link to nothing", NotAnInstall, func(t *testing.T, dir string) string {
		link(t, "/nowhere/wso2am", filepath.Join(dir, "current"))
		return filepath.Join(dir, "current")
	}},
	{"links in a circle", NotAnInstall, func(t *testing.T, dir string) string {
		link(t, "b", filepath.Join(dir, "a"))
		link(t, "a", filepath.Join(dir, "b"))
		return filepath.Join(dir, "a")
	}},
	{"a path through a file", NotAnInstall, func(t *testing.T, dir string) string {
		put(t, dir, map[string]string{"notes": ""})
		return filepath.Join(dir, "notes", "am")
	}},
	{"some folder", NotAnInstall, func(t *testing.T, dir string) string {
		put(t, dir, map[string]string{"notes.txt": "", "src/": ""})
		return dir
	}},
	{"a zip", NotAnInstall, func(t *testing.T, dir string) string {
		put(t, dir, map[string]string{"wso2am-1.8.0": "PK\x03\x04 and more"})
		return filepath.Join(dir, "wso2am-1.8.0")
	}},
	{"a tarball", NotAnInstall, func(t *testing.T, dir string) string {
		put(t, dir, map[string]string{"wso2am.tgz": "\x1f\x8b\x08 and more"})
		return filepath.Join(dir, "wso2am.tgz")
	}},
	{"a folder with a zip", NotAnInstall, func(t *testing.T, dir string) string {
		put(t, dir, map[string]string{"readme.txt": "", "wso2am-1.8.0.zip": "PK\x03\x04 and more"})
		return dir
	}},
	{"a file", NotAnInstall, func(t *testing.T, dir string) string {
		put(t, dir, map[string]string{"notes": "text"})
		return filepath.Join(dir, "notes")
	}},
	{"an empty file", NotAnInstall, func(t *testing.T, dir string) string {
		put(t, dir, map[string]string{"notes": ""})
		return filepath.Join(dir, "notes")
	}},
	{"a device", NotAnInstall, func(*testing.T, string) string { return "/dev/null" }},
	{"a Tomcat", NotAnInstall, func(t *testing.T, dir string) string {
		put(t, dir, map[string]string{"conf/server.xml": "<Server/>", "bin/catalina.sh": "", "lib/catalina.jar": ""})
		return dir
	}},
	{"the conf folder of a home", NotAnInstall, func(t *testing.T, dir string) string {
		home(t, dir)
		return filepath.Join(dir, "repository", "conf")
	}},
	{"the bin folder of a home", NotAnInstall, func(t *testing.T, dir string) string {
		home(t, dir)
		return filepath.Join(dir, "bin")
	}},
	{"carbon.xml itself", NotAnInstall, func(t *testing.T, dir string) string {
		home(t, dir)
		return filepath.Join(dir, "repository", "conf", "carbon.xml")
	}},
	{"a folder with one home", NotAnInstall, func(t *testing.T, dir string) string {
		home(t, filepath.Join(dir, "wso2am-1.8.0"))
		put(t, dir, map[string]string{"downloads/readme": ""})
		return dir
	}},
	{"a folder with one home, linked", NotAnInstall, func(t *testing.T, dir string) string {
		home(t, filepath.Join(dir, "wso2am-1.8.0"))
		link(t, "wso2am-1.8.0", filepath.Join(dir, "current"))
		return dir
	}},
	{"a folder with three homes", Several, func(t *testing.T, dir string) string {
		home(t, filepath.Join(dir, "am", "wso2am-1.8.0"))
		home(t, filepath.Join(dir, "am-2"))
		put(t, filepath.Join(dir, "esb"), map[string]string{
			KernelVersion: "WSO2 Carbon Kernel v4.4.1", CarbonXML: "<Server><Name>WSO2 ESB</Name><Version>4.9.0</Version></Server>",
		})
		return dir
	}},
	{"Carbon 4.3", TooNew, func(t *testing.T, dir string) string { return kernel(t, dir, "WSO2 Carbon Framework v4.3.0") }},
	{"Carbon 4.4", TooNew, func(t *testing.T, dir string) string { return kernel(t, dir, "WSO2 Carbon Kernel v4.4.1\r\n") }},
	{"Carbon 4.10", TooNew, func(t *testing.T, dir string) string { return kernel(t, dir, "WSO2 Carbon Kernel v4.10.0") }},
	{"Carbon 4.4 without carbon.xml", TooNew, func(t *testing.T, dir string) string {
		kernel(t, dir, "WSO2 Carbon Kernel v4.4.1")
		remove(t, filepath.Join(dir, filepath.FromSlash(CarbonXML)))
		return dir
	}},
	{"Enterprise Integrator 6", TooNew, func(t *testing.T, dir string) string {
		put(t, dir, map[string]string{"conf/carbon.xml": "<Server/>", "bin/integrator.sh": ""})
		return dir
	}},
	{"Carbon 5", TooNew, func(t *testing.T, dir string) string {
		put(t, dir, map[string]string{"conf/carbon.yml": "", "bin/carbon.sh": ""})
		return dir
	}},
	{"Carbon 4.1", TooOld, func(t *testing.T, dir string) string { return kernel(t, dir, "WSO2 Carbon Framework v4.1.0") }},
	{"Carbon 3.2", TooOld, func(t *testing.T, dir string) string { return kernel(t, dir, "WSO2 Carbon Framework v3.2.3") }},
	{"deployment.toml", Generated, func(t *testing.T, dir string) string {
		kernel(t, dir, "WSO2 Carbon Kernel v4.6.1")
		put(t, dir, map[string]string{DeploymentTOML: "[server]\n"})
		return dir
	}},
	{"deployment.toml without carbon.xml", Generated, func(t *testing.T, dir string) string {
		put(t, dir, map[string]string{DeploymentTOML: "[server]\n", ServerSH: ""})
		return dir
	}},
	{"the conf folder beside deployment.toml", Generated, func(t *testing.T, dir string) string {
		kernel(t, dir, "WSO2 Carbon Kernel v4.6.1")
		put(t, dir, map[string]string{DeploymentTOML: "[server]\n"})
		return filepath.Join(dir, "repository", "conf")
	}},
	{"Micro Integrator", Generated, func(t *testing.T, dir string) string {
		put(t, dir, map[string]string{"conf/deployment.toml": "[server]\n", "bin/micro-integrator.sh": "", ProductTXT: "WSO2 Micro Integrator v4.1.0\n"})
		return dir
	}},
	{"templates", Generated, func(t *testing.T, dir string) string {
		kernel(t, dir, "WSO2 Carbon Kernel v4.5.0")
		put(t, dir, map[string]string{"repository/resources/conf/templates/repository/conf/carbon.xml.j2": ""})
		return dir
	}},
	{"an unknown kernel", UnknownKernel, func(t *testing.T, dir string) string {
		home(t, dir)
		remove(t, filepath.Join(dir, filepath.FromSlash(KernelVersion)))
		return dir
	}},
	{"no carbon.xml", Broken, func(t *testing.T, dir string) string {
		home(t, dir)
		remove(t, filepath.Join(dir, filepath.FromSlash(CarbonXML)))
		return dir
	}},
	{"carbon.xml cut off", Broken, func(t *testing.T, dir string) string {
		home(t, dir)
		put(t, dir, map[string]string{CarbonXML: "<Server>\n  <Name>x</Name>\n  <Security>\n"})
		return dir
	}},
	{"an empty carbon.xml", Broken, func(t *testing.T, dir string) string {
		home(t, dir)
		put(t, dir, map[string]string{CarbonXML: ""})
		return dir
	}},
	{"carbon.xml of something else", Broken, func(t *testing.T, dir string) string {
		home(t, dir)
		put(t, dir, map[string]string{CarbonXML: "<!-- x -->\n<beans/>\n"})
		return dir
	}},
	{"carbon.xml is a folder", Broken, func(t *testing.T, dir string) string {
		home(t, dir)
		remove(t, filepath.Join(dir, filepath.FromSlash(CarbonXML)))
		put(t, dir, map[string]string{CarbonXML + "/": ""})
		return dir
	}},
	{"carbon.xml is a link to nothing", Broken, func(t *testing.T, dir string) string {
		home(t, dir)
		remove(t, filepath.Join(dir, filepath.FromSlash(CarbonXML)))
		link(t, "/nowhere/carbon.xml", filepath.Join(dir, filepath.FromSlash(CarbonXML)))
		return dir
	}},
	{"carbon.xml is huge", Broken, func(t *testing.T, dir string) string {
		home(t, dir)
		truncate(t, filepath.Join(dir, filepath.FromSlash(CarbonXML)), 100<<20)
		return dir
	}},
}

// home makes a small home that would open.
func home(t *testing.T, dir string) {
	t.Helper()
	put(t, dir, map[string]string{
		CarbonXML:     "<Server>\n<Name>WSO2 API Manager</Name>\n<Version>1.8.0</Version>\n<ServerKey>AM</ServerKey>\n</Server>\n",
		KernelVersion: "WSO2 Carbon Framework v4.2.0\n",
		ProductTXT:    "WSO2 API Manager v1.8.0\n",
		ServerSH:      "#!/bin/sh\n",
	})
}

// kernel makes a home of another kernel.
func kernel(t *testing.T, dir, version string) string {
	t.Helper()
	home(t, dir)
	put(t, dir, map[string]string{KernelVersion: version, ProductTXT: "WSO2 Product v9.9.9\n"})
	return dir
}

// parserWords are those of the XML reader, whose own tests hold it to them.
var parserWords = regexp.MustCompile(`(carbon\.xml:\d+: )[^.]*(\. Correct)`)

// TestRefusals holds every refusal to the text that the operator reads.
func TestRefusals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the texts have POSIX paths")
	}
	var got strings.Builder
	for _, c := range refusals {
		dir := resolved(t, t.TempDir())
		path := c.make(t, dir)
		_, err := Open(t.Context(), path, quiet(t))
		var refused *RefusedError
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v, want a refusal", c.name, err)
			continue
		}
		if refused.Kind != c.kind {
			t.Errorf("%s: kind %s, want %s", c.name, refused.Kind, c.kind)
		}
		if refused.Found == "" || refused.Fix == "" {
			t.Errorf("%s: found %q, fix %q", c.name, refused.Found, refused.Fix)
		}
		for _, h := range refused.Homes {
			if _, err := os.Stat(h); err != nil {
				t.Errorf("%s: names %s: %v", c.name, h, err)
			}
		}
		text := parserWords.ReplaceAllString(strings.ReplaceAll(err.Error(), dir, "/opt"), "$1(what the parser says)$2")
		fmt.Fprintf(&got, "-- %s (%s)\n%s\n", c.name, refused.Kind, text)
	}
	golden(t, "refusals.txt", got.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		mkdir(t, "testdata")
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		var g, w string
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if g != w {
			t.Fatalf("%s:%d (write it anew with -update)\n got: %s\nwant: %s", path, i+1, g, w)
		}
	}
}
