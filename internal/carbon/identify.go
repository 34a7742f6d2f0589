package carbon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"carbon-setup/internal/edit"
)

// identify fills in what carbon.xml and the version files say, and refuses what is no Carbon 4.2.
func (in *Install) identify() error {
	in.Kernel = kernelOf(in.Home)
	if err := in.refuseKernel(); err != nil {
		return err
	}
	data, err := in.Read(CarbonXML)
	if err != nil {
		return in.refuseUnreadable(err)
	}
	doc, err := edit.ParseXML(CarbonXML, data)
	if err != nil {
		return &RefusedError{
			Kind: Broken, Path: in.Home, cause: err,
			Found: "carbon.xml cannot be understood: " + locateError(err) + ".",
			Fix:   "Correct the file, or put back the one that came with the product.",
		}
	}
	root := doc.Root()
	if root == nil || root.Name() != "Server" {
		return &RefusedError{
			Kind: Broken, Path: in.Home,
			Found: fmt.Sprintf("%s:%d is not Carbon's: its outermost element is <%s>, not <Server>.", CarbonXML, lineOf(root), nameOf(root)),
			Fix:   "Put back the carbon.xml that came with the product.",
		}
	}
	in.Product = textAt(doc, "/Server/Name")
	in.Version = textAt(doc, "/Server/Version")
	in.ServerKey = textAt(doc, "/Server/ServerKey")
	if in.Product == "" || in.Version == "" {
		name, version := productTXT(in.Home)
		if in.Product == "" {
			in.Product = name
		}
		if in.Version == "" {
			in.Version = version
		}
	}
	if in.Kernel == "" {
		version := filepath.Join(in.Home, filepath.FromSlash(KernelVersion))
		if _, err := readSmall(version); errors.Is(err, fs.ErrPermission) {
			return noPermission(version, err)
		}
		return &RefusedError{
			Kind: UnknownKernel, Path: in.Home,
			Found: fmt.Sprintf("This is %s, but nothing tells which Carbon it stands on: %s is not there or names no version, and neither "+
				"bin nor %s holds a jar of the kernel.", described(in), KernelVersion, Plugins),
			Fix: "If it is Carbon 4.2.0, put back " + KernelVersion + " from the product.",
		}
	}
	return nil
}

func nameOf(e *edit.Element) string {
	if e == nil {
		return ""
	}
	return e.Name()
}

func lineOf(e *edit.Element) int {
	if e == nil {
		return 1
	}
	return e.Line()
}

func textAt(doc *edit.XML, path string) string {
	if e := doc.First(path); e != nil {
		return e.Text()
	}
	return ""
}

func described(in *Install) string {
	if in.Product == "" && in.Version == "" {
		return "the home of a WSO2 product"
	}
	return strings.TrimSpace(in.Product + " " + in.Version)
}

// transportOf reads the classes of the live receivers of axis2.xml.
func transportOf(doc *edit.XML) Transport {
	found := TransportUnknown
	for _, r := range doc.Find("/axisconfig/transportReceiver") {
		class, _ := r.Attr("class")
		switch {
		case strings.Contains(class, ".passthru."), strings.Contains(class, ".nhttp."):
			return TransportPassThrough
		case strings.HasPrefix(class, "org.wso2.carbon.core.transports."):
			found = TransportServlet
		}
	}
	return found
}

var (
	versionPattern = regexp.MustCompile(`\bv?([0-9]+(?:\.[0-9]+)+(?:[.-][0-9A-Za-z]+)*)`)
	// kernelJars are bundles of the kernel itself, which carry its version in their names.
	kernelJars = []string{
		"bin/org.wso2.carbon.bootstrap-*.jar", Plugins + "/org.wso2.carbon.core_*.jar", "lib/org.wso2.carbon.server-*.jar",
		"lib/core/WEB-INF/lib/org.wso2.carbon.core-*.jar",
	}
)

// kernelOf returns the version of Carbon, "" when nothing tells it.
func kernelOf(home string) string {
	if data, err := readSmall(filepath.Join(home, filepath.FromSlash(KernelVersion))); err == nil {
		if m := versionPattern.FindStringSubmatch(data); m != nil {
			return m[1]
		}
	}
	for _, pattern := range kernelJars {
		found, err := fs.Glob(os.DirFS(home), pattern)
		if err != nil || len(found) == 0 {
			continue
		}
		base := strings.TrimSuffix(found[len(found)-1], ".jar")
		if version := base[strings.LastIndexAny(base, "-_")+1:]; versionPattern.MatchString(version) {
			return version
		}
	}
	return ""
}

// productTXT returns what bin/version.txt says: "WSO2 API Manager v1.8.0".
func productTXT(home string) (name, version string) {
	data, err := readSmall(filepath.Join(home, filepath.FromSlash(ProductTXT)))
	if err != nil {
		return "", ""
	}
	line, _, _ := strings.Cut(strings.TrimSpace(data), "\n")
	line = strings.TrimSpace(line)
	at := versionPattern.FindStringSubmatchIndex(line)
	if at == nil {
		return line, ""
	}
	return strings.TrimSpace(line[:at[0]]), line[at[2]:at[3]]
}

// readSmall returns the beginning of a file that is a line or two long.
func readSmall(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", &fs.PathError{Op: "read", Path: path, Err: errors.New("is " + kindOf(info))}
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	buf := make([]byte, 4096)
	n, err := f.Read(buf)
	if n == 0 && err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}

// refuseKernel refuses every known kernel but 4.2.
func (in *Install) refuseKernel() error {
	if in.Kernel == "" {
		return nil // carbon.xml is looked at first, to say what it is
	}
	order, ok := compareKernel(in.Kernel)
	if !ok || order == 0 {
		return nil
	}
	name, version := productTXT(in.Home)
	what := strings.TrimSpace(name + " " + version)
	if what == "" {
		what = "a WSO2 product"
	}
	e := &RefusedError{Path: in.Home, Found: fmt.Sprintf("This is %s on Carbon %s.", what, in.Kernel)}
	if order > 0 {
		e.Kind = TooNew
		e.Fix = "carbon-setup is for Carbon 4.2.0 only: from 4.3 on, keystores, start scripts and logging are configured in other places, " +
			"and what is right for 4.2.0 would be wrong there."
	} else {
		e.Kind = TooOld
		e.Fix = "carbon-setup is for Carbon 4.2.0 only: older kernels have other files and elements. Follow the product's own guide."
	}
	return e
}

// compareKernel compares major and minor number with 4.2.
func compareKernel(version string) (order int, ok bool) {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return 0, false
	}
	for i, want := range []int{4, 2} {
		n, err := strconv.Atoi(parts[i])
		if err != nil {
			return 0, false
		}
		if n != want {
			return n - want, true
		}
	}
	return 0, true
}

// locateError puts the position of an error of the parser before what is wrong.
func locateError(err error) string {
	var e *edit.Error
	if !errors.As(err, &e) {
		return reason(err)
	}
	return Place{e.File, e.Line}.String() + ": " + e.What
}

func whatIsWrong(err error) string {
	var e *edit.Error
	if !errors.As(err, &e) {
		return reason(err)
	}
	if e.Line > 0 {
		return fmt.Sprintf("line %d: %s", e.Line, e.What)
	}
	return e.What
}
