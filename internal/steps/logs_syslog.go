package steps

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

const (
	keySyslog          = "logs.syslog.enabled"
	keySyslogHost      = "logs.syslog.host"
	keySyslogFacility  = "logs.syslog.facility"
	keySyslogThreshold = "logs.syslog.threshold"

	syslogAppender = "CARBON_SYS_LOG"
	syslogClass    = "org.apache.log4j.net.SyslogAppender"
)

// syslogFacilities are those that SyslogAppender knows; it takes another word for USER.
var syslogFacilities = strings.Fields("KERN USER MAIL DAEMON AUTH SYSLOG LPR NEWS UUCP CRON AUTHPRIV FTP LOCAL0 LOCAL1 LOCAL2 LOCAL3 LOCAL4 LOCAL5 LOCAL6 LOCAL7")

func syslogSpecs() []answers.Spec {
	return []answers.Spec{
		{Key: keySyslog, Kind: answers.Bool, Label: "Log to syslog", Example: "true", Help: "Whether records go to a syslog server as well. log4j 1.2 sends them by UDP to port 514, in clear text: what is lost on the way is lost."},
		{Key: keySyslogHost, Kind: answers.Text, Label: "Syslog host", Example: "localhost", Help: "Name or address, without a port. localhost hands the records to the syslog of this machine, which can send them on over TLS."},
		{Key: keySyslogFacility, Kind: answers.Choice, Label: "Syslog facility", Choices: syslogFacilities, Example: "LOCAL0", Help: "What the syslog server sorts the records by."},
		{Key: keySyslogThreshold, Kind: answers.Choice, Label: "Least level for syslog", Choices: []string{"ERROR", "WARN", "INFO", "DEBUG"}, Example: "WARN", Help: "Records below this level are not sent."},
	}
}

// syslog is the appender that sends to a syslog server.
type syslog struct {
	name                      string // "" = there is none
	line                      int
	attached                  bool // the root logger writes to it
	host, facility, threshold edit.Entry
}

func readSyslog(p *edit.Properties) syslog {
	var s syslog
	for _, e := range p.Entries() {
		name, ok := strings.CutPrefix(e.Key, appenderPrefix)
		if ok && !strings.Contains(name, ".") && strings.TrimSpace(e.Value) == syslogClass && (s.name == "" || name == syslogAppender) {
			s.name, s.line = name, e.Line
		}
	}
	name := orText(s.name, syslogAppender)
	s.host, s.facility, s.threshold = appenderOption(p, name, "SyslogHost"), appenderOption(p, name, "Facility"), appenderOption(p, name, "Threshold")
	for _, root := range rootLoggers(p) {
		s.attached = s.name != "" && slices.Contains(root.appenders(), s.name)
	}
	return s
}

func (s syslog) sendTo() string { return strings.TrimSpace(s.host.Value) }

// sends reports whether anything is sent.
func (s syslog) sends() bool {
	return s.attached && s.sendTo() != "" && !strings.EqualFold(strings.TrimSpace(s.threshold.Value), "OFF")
}

// wantsSyslog says whether the answers ask for it (yes), for its end (no), or for neither (ok is false).
func wantsSyslog(a *answers.Set) (yes, ok bool) {
	if yes, ok = a.Bool(keySyslog); ok {
		return yes, true
	}
	return true, a.Text(keySyslogHost)+a.Text(keySyslogFacility)+a.Text(keySyslogThreshold) != ""
}

func syslogFields(w *Workspace, a *answers.Set) []Field {
	specs := syslogSpecs()
	on := Field{Spec: specs[0], Default: "false", DefaultFrom: "the present value"}
	p, err := w.Properties(carbon.Log4jProperties)
	if err != nil {
		return []Field{on}
	}
	s := readSyslog(p)
	on.Default = fmt.Sprint(s.sends())
	on.Now = Present{Text: on.Default}
	if s.name != "" {
		on.Now.Place = placeAt(carbon.Log4jProperties, s.line)
	}
	fields := []Field{on}
	if yes, ok := wantsSyslog(a); ok && !yes || !ok && !s.sends() {
		return fields
	}
	for i, o := range []struct {
		now   edit.Entry
		usual string
	}{{s.host, "localhost"}, {s.facility, "USER"}, {s.threshold, "WARN"}} {
		f := Field{Spec: specs[i+1], Default: o.usual, DefaultFrom: "the usual value"}
		if text := strings.TrimSpace(o.now.Value); text != "" {
			f.Now = Present{Text: text, Place: placeAt(carbon.Log4jProperties, o.now.Line)}
			if i == 0 || slices.Contains(specs[i+1].Choices, strings.ToUpper(text)) {
				f.Default, f.DefaultFrom = text, "the present value"
			}
		}
		if i == 0 {
			f.Check = checkSyslogHost
		} else {
			f.Default = strings.ToUpper(f.Default)
		}
		fields = append(fields, f)
	}
	return fields
}

// checkSyslogHost judges the host as SyslogWriter takes it: as a name or an address for InetAddress. There is no port: it is always 514.
func checkSyslogHost(text string) *Problem {
	if host, port, err := net.SplitHostPort(text); err == nil && port != "" && !strings.Contains(host, ":") {
		return &Problem{Severity: Error, Message: "log4j 1.2 sends to port 514 and to no other; with a port behind it, it takes the whole for a name that does not exist, and then every record fails.", Fix: "Give the host alone."}
	}
	return hostSyntax(text)
}

func validateSyslog(w *Workspace, a *answers.Set) []Problem {
	yes, ok := wantsSyslog(a)
	if !ok {
		return nil
	}
	host := a.Text(keySyslogHost)
	if !yes {
		if host+a.Text(keySyslogFacility)+a.Text(keySyslogThreshold) != "" {
			return []Problem{{Severity: Note, Key: keySyslog, Message: "Syslog is switched off, so its other answers are not used.", Fix: "Leave them out."}}
		}
		return nil
	}
	p, err := w.Properties(carbon.Log4jProperties)
	if err != nil {
		return nil
	}
	if host == "" {
		host = readSyslog(p).sendTo()
	}
	switch {
	case host == "":
		return []Problem{{Severity: Error, Key: keySyslogHost, Message: "Records have to go somewhere.", Fix: "Give " + keySyslogHost + "."}}
	case a.Text(keySyslogHost) != "" && !isLoopback(host):
		return []Problem{{
			Severity: Warning, Key: keySyslogHost, Message: "Records go to " + host + " by UDP and in clear text, because log4j 1.2 knows no other way: they can be read, forged and lost on the way.",
			Fix: "Send them to localhost, and let the syslog of this machine send them on over TLS.",
		}}
	}
	return nil
}

func planSyslog(p *edit.Properties, a *answers.Set) error {
	yes, ok := wantsSyslog(a)
	if !ok {
		return nil
	}
	s := readSyslog(p)
	because := edit.Because("records for syslog")
	if !yes {
		if !s.sends() {
			return nil
		}
		return p.Set(s.threshold.Key, "OFF", s.host.Key, edit.Because("nothing is sent to syslog; the appender stays, as the header of the file asks"))
	}
	name := orText(s.name, syslogAppender)
	if s.name == "" {
		if err := newSyslog(p, because); err != nil {
			return err
		}
	}
	threshold := a.Text(keySyslogThreshold)
	if now := strings.TrimSpace(s.threshold.Value); threshold == "" && (now == "" || strings.EqualFold(now, "OFF")) {
		threshold = "WARN"
	}
	after := appenderPrefix + name
	for _, o := range []struct {
		now  edit.Entry
		want string
	}{{s.host, writtenName(a.Text(keySyslogHost))}, {s.facility, a.Text(keySyslogFacility)}, {s.threshold, threshold}} {
		if o.want != "" && !strings.EqualFold(o.now.Value, o.want) {
			if err := p.Set(o.now.Key, o.want, after, because); err != nil {
				return err
			}
		}
		if o.now.Line > 0 || o.want != "" {
			after = o.now.Key
		}
	}
	for _, root := range rootLoggers(p) {
		if !s.attached {
			return p.Set(root.Key, root.Value+", "+name, "", because)
		}
	}
	return nil
}

// newSyslog writes the appender of the distribution without what the answers give.
func newSyslog(p *edit.Properties, because edit.Opt) error {
	base := appenderPrefix + syslogAppender
	after := ""
	for _, line := range [][2]string{{"", syslogClass}, {".layout", "org.apache.log4j.PatternLayout"}, {".layout.ConversionPattern", "[%d] %5p - %x %m {%c}%n"}} {
		if err := p.Set(base+line[0], line[1], after, because); err != nil {
			return err
		}
		after = base + line[0]
	}
	return nil
}

// auditSyslog is CS-5.6.
func auditSyslog(p *edit.Properties) Result {
	s := readSyslog(p)
	r := Result{ID: "CS-5.6", Status: OK, Place: placeAt(carbon.Log4jProperties, s.line)}
	if !s.sends() {
		r.Message = "Nothing is sent to a syslog server."
		return r
	}
	host := s.sendTo()
	facility := strings.ToUpper(strings.TrimSpace(s.facility.Value))
	switch problem := checkSyslogHost(host); {
	case problem != nil && problem.Severity == Error:
		r.Status, r.Severity, r.Place.Line = Fail, Error, s.host.Line
		r.Message = fmt.Sprintf("The syslog host is %q, which is no host.", host)
		r.Why = problem.Message + " A record that cannot be sent throws an error in the part of the server that writes it."
		r.Fix = "Set " + keySyslogHost + ", or " + keySyslog + " to false."
	case facility != "" && !slices.Contains(syslogFacilities, facility):
		r.Status, r.Severity, r.Place.Line = Warn, Note, s.facility.Line
		r.Message, r.Why, r.Fix = fmt.Sprintf("The syslog facility %q is not one of log4j's.", facility), "log4j takes it for USER.", "Set "+keySyslogFacility+"."
	case !isLoopback(host):
		r.Status, r.Severity, r.Place.Line = Warn, Warning, s.host.Line
		r.Message = "Records are sent to the syslog of " + host + " by UDP."
		r.Why = "They go in clear text: they can be read, forged and lost on the way."
		r.Fix = "Set " + keySyslogHost + " to localhost, and let the syslog of this machine send them on over TLS."
	default:
		r.Message = "Records are sent to the syslog of this machine by UDP; where it does not listen on port 514, they are lost without a word."
	}
	return r
}

func verifySyslog(p *edit.Properties, a *answers.Set) []Result {
	yes, ok := wantsSyslog(a)
	if !ok {
		return nil
	}
	s := readSyslog(p)
	r := Result{ID: "CS-5.6", Guideline: 5, Status: OK, Place: placeAt(carbon.Log4jProperties, s.line), Message: "Nothing is sent to syslog, as wanted."}
	if yes {
		r.Message = "Records go to the syslog of " + s.sendTo() + ", as wanted."
	}
	differs := func(key string, now edit.Entry) bool {
		return a.Text(key) != "" && !strings.EqualFold(writtenName(a.Text(key)), strings.TrimSpace(now.Value))
	}
	if s.sends() != yes || yes && (differs(keySyslogHost, s.host) || differs(keySyslogFacility, s.facility) || differs(keySyslogThreshold, s.threshold)) {
		r.Status, r.Message = Fail, "Syslog is not as wanted."
	}
	return []Result{r}
}

// syslogCheck looks the host up: with a name that cannot be, SyslogWriter has no address, and every call that logs throws an exception.
func syslogCheck(w *Workspace, a *answers.Set) []Check {
	yes, ok := wantsSyslog(a)
	host := writtenName(a.Text(keySyslogHost))
	if host == "" {
		if p, err := w.Properties(carbon.Log4jProperties); err == nil {
			host = readSyslog(p).sendTo()
		}
	}
	if !ok || !yes || host == "" || checkSyslogHost(host) != nil {
		return nil
	}
	return []Check{{ID: "logs.syslog", Title: "the syslog host " + host + " can be looked up", Run: func(ctx context.Context) Result {
		r := Result{ID: "logs.syslog", Guideline: 5, Status: OK, Message: "The syslog host " + host + " has an address. Whether it listens cannot be seen: UDP has no answer."}
		if _, err := net.DefaultResolver.LookupHost(ctx, host); err != nil {
			r.Status, r.Severity = Fail, Error
			r.Message = "The syslog host " + host + " cannot be looked up: " + whyUnreached(err) + "."
			r.Why = "log4j then has no address to send to, and every part of the server that writes a record gets an exception instead."
			r.Fix = "Give a name or an address that this machine knows."
		}
		return r
	}}}
}
