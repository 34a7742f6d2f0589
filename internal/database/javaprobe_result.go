package database

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"carbon-setup/internal/remote"
)

// ProbeStep is how far the driver came.
type ProbeStep string

// The steps, in their order.
const (
	StepRead     ProbeStep = "read"
	StepLoad     ProbeStep = "load"
	StepConnect  ProbeStep = "connect"
	StepDescribe ProbeStep = "describe"
	StepQuery    ProbeStep = "query"
)

// words completes "it is to".
func (s ProbeStep) words() string {
	switch s {
	case StepRead:
		return "read its orders"
	case StepLoad:
		return "be loaded"
	case StepConnect:
		return "connect"
	case StepDescribe:
		return "describe the database"
	case StepQuery:
		return "run the validation query"
	}
	return "work"
}

// How a probe ended.
const (
	EndOK     = "ok"
	EndFailed = "failed"
	EndHung   = "hung"
)

// ProbeResult is what a driver told. Its texts are printable and bounded; RunProbe takes the passwords out of them.
type ProbeResult struct {
	Java, JavaVendor, JavaHome string
	DriverVersion              string // "5.1", of the driver's class
	DriverName, DriverRelease  string // of the connection
	Product, ProductVersion    string // of the server
	User, Catalog              string // as the server sees the login
	ConnectTime                time.Duration
	Step                       ProbeStep // the last that was begun
	Row                        bool      // the validation query returned one
	OtherURL                   bool      // the driver does not take the URL
	Failures                   []ProbeFailure
	Hang                       []string // where the driver was when the time was over
	End                        string   // EndOK, EndFailed, EndHung; "" if it was cut off
}

// ProbeFailure is an exception, or what caused the one before it.
type ProbeFailure struct {
	Step    ProbeStep
	Class   string
	Message string
	State   string // SQLState
	Code    int    // of the vendor
	At      string // the place in the driver
}

// maxFailures is how many exceptions of a chain, and frames of a stack, are kept.
const maxFailures = 8

// ErrNoProbe says that an output has no line of Probe.java.
var ErrNoProbe = errors.New("database: the output is not that of the probe")

// ParseProbe reads the output of Probe.java. Lines that others printed are passed over, as is the rest of a line that was cut off.
func ParseProbe(out []byte) (ProbeResult, error) {
	const mark = "@carbon-setup "
	var r ProbeResult
	known := 0
	for line := range bytes.Lines(out) {
		text, ours := bytes.CutPrefix(line, []byte(mark))
		text, whole := bytes.CutSuffix(text, []byte("\n"))
		if !ours || !whole {
			continue
		}
		key, value, _ := strings.Cut(strings.TrimSuffix(string(text), "\r"), " ")
		if r.take(key, clean(unescape(value))) {
			known++
		}
	}
	if known == 0 {
		return r, ErrNoProbe
	}
	return r, nil
}

// take notes one line, and reports whether it is one of ours.
func (r *ProbeResult) take(key, value string) bool {
	if to, ok := map[string]*string{
		"java.version": &r.Java, "java.vendor": &r.JavaVendor, "java.home": &r.JavaHome, "driver.version": &r.DriverVersion, "driver.name": &r.DriverName,
		"driver.release": &r.DriverRelease, "database.product": &r.Product, "database.version": &r.ProductVersion, "login.user": &r.User, "login.catalog": &r.Catalog,
		"end": &r.End,
	}[key]; ok {
		*to = value
		return true
	}
	switch first, rest, _ := strings.Cut(key, "."); {
	case key == "step":
		r.Step = ProbeStep(value)
	case key == "connect.millis":
		n, _ := strconv.ParseInt(value, 10, 32)
		r.ConnectTime = time.Duration(max(n, 0)) * time.Millisecond
	case key == "query.row":
		r.Row = value == "true"
	case key == "driver.refuses":
		r.OtherURL = true
	case first == "hang":
		if len(r.Hang) < maxFailures {
			r.Hang = append(r.Hang, value)
		}
	case first == "failure":
		return r.takeFailure(rest, value)
	default:
		return false
	}
	return true
}

// takeFailure notes "0.class" and the like.
func (r *ProbeResult) takeFailure(key, value string) bool {
	number, name, _ := strings.Cut(key, ".")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n > len(r.Failures) || n >= maxFailures {
		return false
	}
	if n == len(r.Failures) {
		r.Failures = append(r.Failures, ProbeFailure{})
	}
	f := &r.Failures[n]
	switch name {
	case "step":
		f.Step = ProbeStep(value)
	case "class":
		f.Class = value
	case "message":
		f.Message = value
	case "state":
		f.State = value
	case "code":
		f.Code, _ = strconv.Atoi(value)
	case "at":
		f.At = value
	default:
		return false
	}
	return true
}

// unescape undoes what Probe.java does to keep a value on one line; a character that a terminal would act on stays escaped, a line break becomes a blank.
func unescape(value string) string {
	return strings.NewReplacer(`\\`, `\`, `\u000a`, " ", `\u000d`, "", `\u0009`, " ").Replace(value)
}

// clean makes text fit to be shown: UTF-8, no control character, bounded.
func clean(text string) string {
	const most = 2000
	var b strings.Builder
	for _, r := range text {
		switch {
		case b.Len() >= most:
			return b.String() + "..."
		case r == '\t':
			b.WriteByte(' ')
		case r == utf8.RuneError || r != ' ' && !strconv.IsPrint(r):
			b.WriteByte('?')
		default:
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}

// hide takes passwords out of everything that the driver told.
func (r *ProbeResult) hide(passwords []string) {
	for _, s := range []*string{&r.DriverName, &r.DriverRelease, &r.Product, &r.ProductVersion, &r.User, &r.Catalog} {
		*s = remote.WithoutSecrets(*s, passwords...)
	}
	for i := range r.Failures {
		r.Failures[i].Message = remote.WithoutSecrets(r.Failures[i].Message, passwords...)
	}
}

// explain returns what an operator is told about a result, nil if all went well.
func (r ProbeResult) explain(o ProbeOptions) *ProbeError {
	switch {
	case r.End == EndOK:
		return nil
	case r.End == EndHung:
		return o.hung(r)
	case len(r.Failures) == 0:
		return &ProbeError{Kind: ProbeJavaFails, What: "The test through the driver failed, and did not tell why.", Fix: "Run it again."}
	}
	first := r.Failures[0]
	said, jar := r.said(), o.jar()
	switch {
	case first.Step == StepRead:
		return &ProbeError{Kind: ProbeJavaFails, What: "Java does not read what it is given.", Server: said, Fix: "Choose another Java."}
	case first.Step == StepLoad:
		return r.explainLoad(o, said)
	case r.OtherURL:
		return &ProbeError{
			Kind: ProbeOtherURL, What: fmt.Sprintf("%s: the driver %s does not take the URL of %s.", jar, printable(o.Class), o.Target.Kind.Title()),
			Fix: "Take the jar of the driver that belongs to the URL.",
		}
	case first.Step == StepConnect:
		return &ProbeError{Kind: ProbeRefused, What: fmt.Sprintf("%s: the driver does not connect to %s.", jar, o.Target), Server: said, Fix: "Carbon will fail in the same way when it starts."}
	}
	return &ProbeError{
		Kind: ProbeQueryFailed, What: fmt.Sprintf("%s: the driver connects to %s, and fails to %s.", jar, o.Target, first.Step.words()), Server: said,
		Fix: "Carbon's pool runs the validation query for each connection: correct it, or the rights of the user.",
	}
}

// explainLoad tells why a class of a driver is not there.
func (r ProbeResult) explainLoad(o ProbeOptions, said string) *ProbeError {
	jar, class := o.jar(), printable(o.Class)
	for _, f := range r.Failures {
		switch f.Class {
		case "java.lang.UnsupportedClassVersionError":
			return &ProbeError{Kind: ProbeJavaOld, What: fmt.Sprintf("%s: the driver is made for a newer Java than %s.", jar, r.Java), Server: said, Fix: "Take an older release of the driver, or a newer Java that Carbon runs on."}
		case "java.lang.ClassCastException", "java.lang.InstantiationException", "java.lang.IllegalAccessException":
			return &ProbeError{Kind: ProbeNoDriver, What: fmt.Sprintf("%s: %s is not the class of a JDBC driver.", jar, class), Server: said, Fix: "Enter the class that the driver's manual names."}
		case "java.lang.NoClassDefFoundError":
			return &ProbeError{Kind: ProbeMissing, What: fmt.Sprintf("%s: the driver needs a class that another jar has.", jar), Server: said, Fix: "Put that jar beside it, or take the complete jar of the driver."}
		}
	}
	if r.Failures[0].Class == "java.lang.ClassNotFoundException" {
		return &ProbeError{Kind: ProbeNoClass, What: fmt.Sprintf("%s: the jar has no class %s.", jar, class), Fix: "Take the jar of the driver, or the class that is in this one."}
	}
	return &ProbeError{Kind: ProbeNoDriver, What: fmt.Sprintf("%s: the driver %s cannot be loaded.", jar, class), Server: said, Fix: "Copy the jar again from where it comes from."}
}

// jar names the jar as messages do.
func (o ProbeOptions) jar() string {
	if len(o.Jars) == 0 {
		return "The driver"
	}
	return printable(filepath.Base(o.Jars[0]))
}

// said joins the messages of a chain: each once, with what the database added to the first.
func (r ProbeResult) said() string {
	var parts []string
	for i, f := range r.Failures {
		text := f.Message
		if text == "" || i == 0 && f.Step == StepLoad {
			text = strings.TrimSpace(f.Class + ": " + f.Message)
		}
		var codes []string
		if f.State != "" {
			codes = append(codes, "SQLState "+f.State)
		}
		if f.Code != 0 {
			codes = append(codes, "code "+strconv.Itoa(f.Code))
		}
		if len(codes) > 0 {
			text += " (" + strings.Join(codes, ", ") + ")"
		}
		if !strings.Contains(strings.Join(parts, "\n"), text) {
			parts = append(parts, strings.TrimRight(text, ": "))
		}
	}
	const most = 3
	if len(parts) > most {
		parts = append(parts[:most-1], parts[len(parts)-1])
	}
	return clean(strings.Join(parts, " <- "))
}
