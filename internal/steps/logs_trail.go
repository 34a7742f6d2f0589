package steps

import (
	"fmt"
	"slices"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

const (
	keyAuditLog = "logs.audit.enabled"

	// auditLogger is the logger of Carbon's audit records (CarbonConstants.AUDIT_LOG); they are all at INFO.
	auditLogger = "AUDIT_LOG"
	auditFile   = "AUDIT_LOGFILE"
	auditPath   = carbon.LogsDir + "/audit.log"
)

// whatAuditsRecord is what the bundles of the platform write there: core, core.services, ui, server.admin and user.mgt.
const whatAuditsRecord = "Carbon records there who logs in and out, changes of users and roles, and restarts and shut-downs from the console."

// trail is the audit log as log4j.properties has it.
type trail struct {
	lines []logger
	file  appender // "" Name: it writes into no file of its own
	limit string   // threshold of the appender, in capitals
	apart bool
}

func readTrail(p *edit.Properties) trail {
	var t trail
	for _, l := range readLoggers(p) {
		if l.name == auditLogger {
			t.lines = append(t.lines, l)
			t.apart = l.apart(p)
		}
	}
	for _, a := range fileAppenders(p) {
		for _, l := range t.lines {
			if slices.Contains(l.appenders(), a.Name) {
				t.file = a
			}
		}
	}
	if t.file.Name != "" {
		t.limit = strings.ToUpper(strings.TrimSpace(appenderOption(p, t.file.Name, "Threshold").Value))
	}
	return t
}

// appenderOption is an option of an appender. log4j takes its first letter in either case (PropertySetter); Key is as it stands there, or as it would be
// written.
func appenderOption(p *edit.Properties, name, option string) edit.Entry {
	base := appenderPrefix + name + "."
	for _, key := range []string{base + option, base + strings.ToLower(option[:1]) + option[1:]} {
		if e, ok := p.Get(key); ok {
			return e
		}
	}
	return edit.Entry{Key: base + option}
}

// recordsAudits reports whether records at INFO pass a level or a threshold.
func recordsAudits(level string) bool {
	return !slices.Contains([]string{"OFF", "FATAL", "ERROR", "WARN"}, level)
}

// recorded reports whether the audit records come to a file of their own.
func (t trail) recorded() bool {
	if len(t.lines) == 0 || t.file.Name == "" || !recordsAudits(t.limit) {
		return false
	}
	return !slices.ContainsFunc(t.lines, func(l logger) bool {
		level, ok := l.level()
		return !ok || !recordsAudits(level)
	})
}

func trailField(spec answers.Spec, w *Workspace) Field {
	f := Field{Spec: spec, Default: "true", DefaultFrom: "the guideline"}
	p, err := w.Properties(carbon.Log4jProperties)
	if err != nil {
		return f
	}
	t := readTrail(p)
	f.Now.Text = fmt.Sprint(t.recorded())
	if len(t.lines) > 0 {
		f.Now.Place = placeAt(carbon.Log4jProperties, t.lines[0].Line)
	}
	return f
}

// planTrail switches the audit log on, with an appender like that of the distribution where it has none, or off.
func planTrail(p *edit.Properties, on bool) error {
	t := readTrail(p)
	because := edit.Because("audit log: who did what in the console")
	if !on {
		if len(t.lines) == 0 {
			return nil
		}
		return planLoggers(p, map[string]string{auditLogger: "OFF"})
	}
	if t.recorded() {
		return nil
	}
	if t.file.Name == "" {
		if err := newTrailFile(p, because); err != nil {
			return err
		}
	}
	for _, l := range t.lines {
		token, rest := l.parts()
		if level, ok := levelOf(token); !ok || !recordsAudits(level) {
			token = "INFO"
		}
		if t.file.Name == "" {
			rest += ", " + auditFile
		}
		if err := p.Set(l.Key, token+rest, "", because); err != nil {
			return err
		}
	}
	if len(t.lines) == 0 {
		if err := p.Set(loggerPrefix+auditLogger, "INFO, "+auditFile, rootLoggerKey, because); err != nil {
			return err
		}
		if err := p.Set(additivity+auditLogger, "false", loggerPrefix+auditLogger, because); err != nil {
			return err
		}
	}
	if t.file.Name != "" && !recordsAudits(t.limit) {
		return p.Set(appenderOption(p, t.file.Name, "Threshold").Key, "INFO", "", because)
	}
	return nil
}

// newTrailFile writes the appender of the distribution where it is not there.
func newTrailFile(p *edit.Properties, because edit.Opt) error {
	base := appenderPrefix + auditFile
	if _, ok := p.Get(base); ok {
		return nil
	}
	after := ""
	for _, line := range [][2]string{
		{"", dailyClass},
		{".File", "${carbon.home}/" + auditPath},
		{".Append", "true"},
		{".layout", "org.wso2.carbon.utils.logging.TenantAwarePatternLayout"},
		{".layout.ConversionPattern", "[%d] %P%5p - %x %m %n"},
		{".layout.TenantPattern", "%U%@%D [%T] [%S]"},
		{".threshold", "INFO"},
	} {
		if err := p.Set(base+line[0], line[1], after, because); err != nil {
			return err
		}
		after = base + line[0]
	}
	return nil
}

// auditTrail is CS-5.5.
func auditTrail(w *Workspace, p *edit.Properties) []Result {
	t := readTrail(p)
	r := Result{ID: "CS-5.5", Status: OK, Place: carbon.Place{File: carbon.Log4jProperties}}
	if len(t.lines) > 0 {
		r.Place.Line = t.lines[0].Line
	}
	if !t.recorded() {
		r.Status, r.Severity, r.Fix = Fail, Warning, "Set "+keyAuditLog+" to true."
		r.Why = whatAuditsRecord + " Without it nobody can tell afterwards who has done what."
		switch {
		case len(t.lines) == 0:
			r.Message = "The audit log has no logger of its own: its records go where the root logger writes, and nowhere while that is above INFO."
		case t.file.Name == "":
			r.Message = "The audit log has no file of its own."
		default:
			r.Message = "Nothing is written to the audit log: its records are at INFO, and the level or the threshold is above."
		}
		return []Result{r}
	}
	r.Message = fmt.Sprintf("The audit log is written to %s. %s", t.file.logName(), whatAuditsRecord)
	if !t.apart {
		r.Message += " Its records go to the other logs as well."
	}
	all := []Result{r}
	if info, err := w.Install.Stat(auditPath); err == nil && info.Mode().Perm()&0o004 != 0 {
		all = append(all, Result{
			ID: "CS-5.5", Status: Warn, Severity: Note, Place: carbon.Place{File: auditPath}, Message: fmt.Sprintf("Every user of this machine can read the audit log (%04o).", info.Mode().Perm()),
			Why: "It has the names of the administrators and what they do.", Fix: "Start the server with umask 0027, and take the right away from the files that are there: chmod o-r.",
		})
	}
	return all
}

func verifyTrail(p *edit.Properties, on bool) Result {
	t := readTrail(p)
	r := Result{ID: "CS-5.5", Guideline: 5, Status: OK, Place: carbon.Place{File: carbon.Log4jProperties}, Message: "The audit log is written, as wanted."}
	if !on {
		r.Message = "The audit log is off, as wanted."
	}
	if t.recorded() != on && (on || len(t.lines) > 0) {
		r.Status, r.Message = Fail, "The audit log is not as wanted."
	}
	return r
}
