package database

import (
	"bytes"
	"context"
	_ "embed" // the class file
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"carbon-setup/internal/remote"
	"carbon-setup/internal/secret"
)

// probe/Probe.java compiled for Java 6, the oldest that Carbon 4.2.0 runs on; javac of a JDK 8 is the last that does so:
//
//	javac -source 1.6 -target 1.6 -g:none -Xlint:-options -d probe probe/Probe.java
//
//go:embed probe/Probe.class
var probeClass []byte

// ProbeClass returns the class file of the Java program that tries a driver.
func ProbeClass() []byte { return slices.Clone(probeClass) }

// ProbeCommand returns the command line that runs Probe.class of folder dir. What it shall try comes through the standard input.
func ProbeCommand(java, dir string) []string {
	return []string{java, "-Xmx256m", "-Djava.awt.headless=true", "-cp", dir, "Probe"}
}

// ProbeOptions are what RunProbe needs besides the target.
type ProbeOptions struct {
	Java  string   // the java that Carbon will run with: the path of the program
	Jars  []string // the driver's jar, and what else lies beside it
	Class string   // the driver's class
	Home  string   // the folder that the server runs in, where relative paths of the URL begin; "" for a folder of its own

	Target Target
	Query  string // "" for the one of the kind

	// The truststore of the server: Carbon sets javax.net.ssl.trustStore to it for all that runs in it. "" is Java's own.
	TrustStore, TrustStoreType string
	TrustStorePassword         secret.Secret
	TrustStoreData             []byte // instead of TrustStore: one that does not lie on the disk yet

	Timeout time.Duration // 0 is DefaultProbeTimeout
}

// DefaultProbeTimeout is how long the start of Java, the connection and the query may take together.
const DefaultProbeTimeout = 30 * time.Second

// ProbeErrorKind is why a driver was not tried, or what it said.
type ProbeErrorKind string

// The kinds of errors of RunProbe.
const (
	ProbeNoJava      ProbeErrorKind = "no-java"      // the program is not there or cannot be run
	ProbeJavaFails   ProbeErrorKind = "java-fails"   // it runs, and not our class
	ProbeCanceled    ProbeErrorKind = "canceled"     // by the operator
	ProbeHung        ProbeErrorKind = "hung"         // no end within the limit
	ProbeNoURL       ProbeErrorKind = "no-url"       // the target has a fault
	ProbeNoFolder    ProbeErrorKind = "no-folder"    // no temporary folder
	ProbeNoClass     ProbeErrorKind = "no-class"     // the jar has not the class
	ProbeJavaOld     ProbeErrorKind = "java-old"     // the jar wants a newer Java
	ProbeMissing     ProbeErrorKind = "missing"      // the jar wants another jar
	ProbeNoDriver    ProbeErrorKind = "no-driver"    // the class is not that of a driver
	ProbeOtherURL    ProbeErrorKind = "other-url"    // the driver does not take the URL
	ProbeRefused     ProbeErrorKind = "refused"      // no connection
	ProbeQueryFailed ProbeErrorKind = "query-failed" // connected, and the validation query fails
)

// ProbeError is what an operator is told about a driver. It never holds a password.
type ProbeError struct {
	Kind   ProbeErrorKind
	What   string // full sentences
	Server string // the driver's own words, printable and bounded; "" if it said none
	Fix    string // full sentences; may be ""
}

func (e *ProbeError) Error() string {
	says := ""
	if e.Server != "" {
		says = "It says: " + e.Server
	}
	return remote.Paragraph(e.What, says, e.Fix)
}

// RunProbe connects to a database with Java and through the driver that Carbon will use. It writes nothing but a private temporary folder, which is gone
// when it returns, as is the process with all that it started. The result holds what was told until the end, also beside an error, a *ProbeError.
func RunProbe(ctx context.Context, o ProbeOptions) (ProbeResult, error) {
	url, err := o.Target.URL()
	if err != nil {
		var told *URLError
		errors.As(err, &told)
		return ProbeResult{}, &ProbeError{Kind: ProbeNoURL, What: told.What, Fix: told.Fix}
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultProbeTimeout
	}
	dir, err := os.MkdirTemp("", "carbon-setup-probe-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()                                 //nolint:forbidigo // it is ours
		err = os.WriteFile(filepath.Join(dir, "Probe.class"), probeClass, 0o600) //nolint:forbidigo // in a folder of our own, outside of every install
	}
	if err == nil && o.TrustStoreData != nil {
		o.TrustStore = filepath.Join(dir, "truststore")
		err = os.WriteFile(o.TrustStore, o.TrustStoreData, 0o600) //nolint:forbidigo // in the same folder
	}
	if err != nil {
		return ProbeResult{}, &ProbeError{
			Kind: ProbeNoFolder, What: "There is no temporary folder to run Java in: " + plainReason(err) + ".", Fix: "Set TMPDIR to a folder that can be written.",
		}
	}
	r, failed := o.run(ctx, dir, o.input(url))
	r.hide(o.secrets())
	if failed == nil {
		failed = r.explain(o)
	}
	if failed == nil {
		return r, nil
	}
	failed.Server = remote.WithoutSecrets(failed.Server, o.secrets()...)
	return r, failed
}

// secrets are the passwords that a driver is given, as they are and as they stand in a URL.
func (o ProbeOptions) secrets() []string {
	all := []string{o.Target.Password.Reveal(), o.TrustStorePassword.Reveal()}
	for _, p := range o.Target.Sorted() {
		if secret.Speaks(p.Name) {
			all = append(all, p.Value, percentEncode(p.Value), braced(p.Value))
		}
	}
	return all
}

// input is what Probe.java reads: a count, and so many texts with their lengths.
func (o ProbeOptions) input(url string) []byte {
	query, storeType := o.Query, o.TrustStoreType
	if query == "" {
		query = o.Target.Kind.ValidationQuery()
	}
	if storeType == "" {
		storeType = "JKS"
	}
	watch := max(o.Timeout-o.Timeout/8, o.Timeout-2*time.Second) // leaves it the time to tell where the driver hangs
	texts := []string{
		strconv.FormatInt(watch.Milliseconds(), 10), strings.Join(o.Jars, "\n"), o.Class, url, o.Target.Username, o.Target.Password.Reveal(), query,
		o.TrustStore, o.TrustStorePassword.Reveal(), storeType,
	}
	var b bytes.Buffer
	b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(texts))))
	for _, text := range texts {
		b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(text))))
		b.WriteString(text)
	}
	return b.Bytes()
}

// mostOutput is how much of what Java prints is kept.
const mostOutput = 256 << 10

// head keeps the beginning of what is written to it.
type head struct{ kept bytes.Buffer }

func (h *head) Write(p []byte) (int, error) {
	if room := mostOutput - h.kept.Len(); room > 0 {
		h.kept.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// run runs the command and reads its output.
func (o ProbeOptions) run(ctx context.Context, dir string, input []byte) (ProbeResult, *ProbeError) {
	limited, stop := context.WithTimeout(ctx, o.Timeout)
	defer stop()
	args := ProbeCommand(o.Java, dir)
	cmd := exec.CommandContext(limited, args[0], args[1:]...)
	cmd.Dir, cmd.Env = o.Home, probeEnvironment(os.Environ())
	if cmd.Dir == "" {
		cmd.Dir = dir
	}
	cmd.Stdin = bytes.NewReader(input)
	var stdout, stderr head
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second
	ownGroup(cmd)
	err := cmd.Run()
	if cmd.Process != nil && errors.Is(err, exec.ErrWaitDelay) {
		killGroup(cmd.Process.Pid)
	}
	r, unread := ParseProbe(stdout.kept.Bytes())
	switch {
	case cmd.Process == nil:
		return r, &ProbeError{
			Kind: ProbeNoJava, What: fmt.Sprintf("%s: Java cannot be run: %s.", printable(o.Java), plainReason(err)), Fix: "Choose the Java that the server will run with.",
		}
	case r.End != "":
		return r, nil
	case ctx.Err() != nil:
		return r, &ProbeError{Kind: ProbeCanceled, What: "The test through the driver was stopped."}
	case limited.Err() != nil:
		return r, o.hung(r)
	case unread != nil || err != nil:
		return r, javaFails(o, stderr.kept.String(), err)
	}
	return r, javaFails(o, stderr.kept.String(), errors.New("it ended early"))
}

func (o ProbeOptions) hung(r ProbeResult) *ProbeError {
	what := fmt.Sprintf("%s: Java did not end within %s.", printable(o.Java), o.Timeout)
	if r.Step != "" {
		what = fmt.Sprintf("The driver did not answer within %s: it hangs while it is to %s.", o.Timeout, r.Step.words())
	}
	return &ProbeError{Kind: ProbeHung, What: what, Server: clean(strings.Join(r.Hang[:min(len(r.Hang), 4)], "; ")), Fix: "Carbon would hang as well when it starts. Look at the network, and at the server of the database."}
}

// javaFails tells of a Java that says nothing of ours.
func javaFails(o ProbeOptions, stderr string, err error) *ProbeError {
	said := ""
	for line := range strings.Lines(stderr) {
		if line = strings.TrimSpace(line); line != "" {
			said = clean(line)
			break
		}
	}
	if strings.Contains(stderr, "UnsupportedClassVersionError") {
		return &ProbeError{Kind: ProbeJavaOld, What: printable(o.Java) + ": this Java is older than Java 6.", Server: said, Fix: "Choose the Java that the server will run with."}
	}
	return &ProbeError{
		Kind: ProbeJavaFails, What: fmt.Sprintf("%s: Java does not run the test: %s.", printable(o.Java), plainReason(err)), Server: said,
		Fix: "Run it with -version: it has to tell a version.",
	}
}

// probeEnvironment leaves out what would add options, agents or classes.
func probeEnvironment(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return slices.Contains([]string{"CLASSPATH", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS"}, name)
	})
}

// plainReason says why, without the name of what was tried.
func plainReason(err error) string {
	var path *os.PathError
	var program *exec.Error
	switch {
	case err == nil:
		return "it ended without a word"
	case errors.As(err, &path):
		return clean(path.Err.Error())
	case errors.As(err, &program):
		return clean(program.Err.Error())
	}
	return clean(err.Error())
}
