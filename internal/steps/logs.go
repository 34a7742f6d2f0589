package steps

import (
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// logs is guideline 5: what is logged. How the files rotate is guideline 16.
type logs struct{}

const (
	keyLogLevel   = "logs.level"
	rootLoggerKey = "log4j.rootLogger"
	// log4j 1.2 reads its older name only where the newer one is missing (PropertyConfigurator.configureRootCategory).
	rootCategoryKey = "log4j.rootCategory"
)

func (logs) Info() Info {
	return Info{
		ID: "logs", Section: "logs", Guideline: 5, Title: "Managing logs",
		Why: `The level of the root logger decides how much every part of the server that has no level of its own writes. DEBUG and TRACE slow a production server down, fill its disk and may write personal data; OFF leaves nothing to look at after a failure.

The guideline recommends the management console for levels of single loggers: it needs no restart. What is set there is kept in the registry and is in force over the file as long as the file is not touched.`,
	}
}

func (logs) Specs() []answers.Spec {
	return append([]answers.Spec{
		{
			Key: keyLogLevel, Kind: answers.Choice, Label: "Root log level", Choices: []string{"ERROR", "WARN", "INFO", "DEBUG"},
			Help: "The level of every logger that has none of its own. ERROR is what API Manager ships, INFO what most other products ship.", Example: "INFO",
		},
		{
			Key: keyLoggers, Kind: answers.Map, Label: "Levels of loggers", Example: "{org.apache.synapse: WARN}",
			Help: "Packages or classes with a level of their own: OFF, FATAL, ERROR, WARN, INFO, DEBUG, TRACE, ALL, or INHERITED for that of the parent. Their appenders stay. Those that are not named here are left as they are.",
		},
		{
			Key: keyAuditLog, Kind: answers.Bool, Label: "Audit log", Example: "true",
			Help: "Whether audit.log is written. " + whatAuditsRecord,
		},
	}, syslogSpecs()...)
}

func (logs) Applies(w *Workspace) (bool, string) {
	if !w.Has(carbon.Log4jProperties) {
		return false, carbon.Log4jProperties + " is not there: this install does not log through log4j 1.2."
	}
	return true, ""
}

// rootLogger is the value of log4j.rootLogger: a level, then appenders.
type rootLogger struct {
	key       string
	level     string
	appenders []string
	place     carbon.Place
	rest      string // everything after the level, as written
}

// readRootLogger returns log4j.rootLogger, under whichever of its two names; ok is false where both are missing.
func readRootLogger(w *Workspace) (r rootLogger, ok bool, err error) {
	p, err := w.Properties(carbon.Log4jProperties)
	if err != nil {
		return r, false, err
	}
	e, ok := p.Get(rootLoggerKey)
	if !ok {
		e, ok = p.Get(rootCategoryKey)
	}
	if !ok {
		return r, false, nil
	}
	level, rest, _ := strings.Cut(e.Value, ",")
	r = rootLogger{key: e.Key, level: strings.TrimSpace(level), place: carbon.Place{File: carbon.Log4jProperties, Line: e.Line}, rest: e.Value[len(level):]}
	for _, name := range strings.Split(rest, ",") {
		if name = strings.TrimSpace(name); name != "" {
			r.appenders = append(r.appenders, name)
		}
	}
	return r, true, nil
}

func (s logs) Fields(w *Workspace, a *answers.Set) []Field {
	specs := s.Specs()
	f := Field{Spec: specs[0], Default: "INFO", DefaultFrom: "what most products ship"}
	if r, ok, err := readRootLogger(w); err == nil && ok {
		f.Now = Present{Text: r.level, Place: r.place}
		f.Default, f.DefaultFrom = strings.ToUpper(r.level), "the present value"
	}
	return append([]Field{f, loggerField(specs[1], w), trailField(specs[2], w)}, syslogFields(w, a)...)
}

func (logs) Validate(w *Workspace, a *answers.Set) []Problem {
	var all []Problem
	if a.Text(keyLogLevel) == "DEBUG" {
		all = append(all, Problem{
			Severity: Warning, Key: keyLogLevel,
			Message: "DEBUG on the root logger makes every part of the server write its inner life: it slows down, and the disk fills.",
			Fix:     "Use INFO, and raise single loggers in the management console while you look for a fault.",
		})
	}
	wanted := wantedLoggers(a)
	all = append(all, judgeLoggers(wanted)...)
	on, asked := a.Bool(keyAuditLog)
	switch level, given := wanted[auditLogger]; {
	case asked && on && given && !recordsAudits(level):
		all = append(all, Problem{Severity: Error, Key: keyAuditLog, Message: "The audit log is to be written, and " + keyLoggers + " sets " + auditLogger + " to " + level + ".", Fix: "Leave " + auditLogger + " out there."})
	case asked && !on:
		all = append(all, Problem{Severity: Warning, Key: keyAuditLog, Message: "Without the audit log nobody can tell afterwards who has done what in the console.", Fix: "Leave it on."})
	}
	return append(all, validateSyslog(w, a)...)
}

func (logs) Checks(w *Workspace, a *answers.Set) []Check { return syslogCheck(w, a) }

func (logs) Plan(w *Workspace, a *answers.Set) error {
	p, err := w.Properties(carbon.Log4jProperties)
	if err != nil {
		return err
	}
	if err := planRootLevel(w, p, a.Text(keyLogLevel)); err != nil {
		return err
	}
	if err := planLoggers(p, wantedLoggers(a)); err != nil {
		return err
	}
	if on, asked := a.Bool(keyAuditLog); asked {
		if err := planTrail(p, on); err != nil {
			return err
		}
	}
	return planSyslog(p, a)
}

func planRootLevel(w *Workspace, p *edit.Properties, level string) error {
	if level == "" {
		return nil
	}
	r, ok, err := readRootLogger(w)
	if err != nil {
		return err
	}
	if !ok {
		return &edit.Error{File: carbon.Log4jProperties, What: rootLoggerKey + " is missing", Fix: "add the line by hand, with the appenders of the product"}
	}
	return p.Set(r.key, level+r.rest, "", edit.Because("level of the root logger"))
}

func (logs) Audit(w *Workspace) []Result {
	r, ok, err := readRootLogger(w)
	switch {
	case err != nil:
		return []Result{{ID: "CS-5.1", Status: Unknown, Message: notChecked(carbon.Log4jProperties, err), Place: carbon.Place{File: carbon.Log4jProperties}}}
	case !ok:
		return []Result{{
			ID: "CS-5.1", Status: Fail, Severity: Error, Place: carbon.Place{File: carbon.Log4jProperties},
			Message: "There is no log4j.rootLogger: nothing is logged.", Why: "After a failure there is nothing to look at.", Fix: "Add the line with the appenders of the product.",
		}}
	}
	results := []Result{levelResult(r)}
	if p, err := w.Properties(carbon.Log4jProperties); err == nil {
		results = append(results, auditLoggers(p)...)
		results = append(results, auditTrail(w, p)...)
		results = append(results, auditSyslog(p))
	}
	if w.Install.Started.Yes {
		results = append(results, Result{
			ID: "CS-5.2", Status: Unknown, Place: r.place,
			Message: "The server has been started before: levels set in the management console are kept in the registry and are in force over this file as long as it is not touched.",
		})
	}
	return results
}

func levelResult(r rootLogger) Result {
	res := Result{ID: "CS-5.1", Status: OK, Place: r.place, Message: "The root logger is at " + r.level + "."}
	switch strings.ToUpper(r.level) {
	case "ERROR", "WARN", "INFO", "FATAL":
		return res
	case "OFF":
		res.Status, res.Severity = Fail, Error
		res.Why = "After a failure there is nothing to look at."
	default:
		res.Status, res.Severity = Warn, Warning
		res.Why = "Every part of the server writes its inner life: it slows down, the disk fills, and the log may hold personal data."
	}
	res.Fix = "Set " + keyLogLevel + " to INFO, WARN or ERROR."
	return res
}

func (logs) Verify(w *Workspace, a *answers.Set) []Result {
	p, err := w.Properties(carbon.Log4jProperties)
	if err != nil {
		return []Result{{ID: "CS-5.1", Guideline: 5, Status: Fail, Place: carbon.Place{File: carbon.Log4jProperties}, Message: notReadBack(carbon.Log4jProperties, err)}}
	}
	var all []Result
	if want := a.Text(keyLogLevel); want != "" {
		r, _, err := readRootLogger(w)
		res := Result{ID: "CS-5.1", Guideline: 5, Status: OK, Place: r.place, Message: "The root logger is at " + want + "."}
		if err != nil || r.level != want {
			res.Status, res.Message = Fail, "The root logger is not at "+want+"."
		}
		all = append(all, res)
	}
	all = append(all, verifyLoggers(p, wantedLoggers(a))...)
	if on, asked := a.Bool(keyAuditLog); asked {
		all = append(all, verifyTrail(p, on))
	}
	return append(all, verifySyslog(p, a)...)
}

func (logs) Advice(w *Workspace, a *answers.Set) []Advice {
	_, loggers := a.Lookup(keyLoggers)
	_, trail := a.Lookup(keyAuditLog)
	_, syslog := wantsSyslog(a)
	if !w.Install.Started.Yes || a.Text(keyLogLevel) == "" && !loggers && !trail && !syslog {
		return nil
	}
	return []Advice{consoleAdvice(5)}
}

// consoleAdvice is what touching log4j.properties does on an install that was started: LoggingServiceComponent compares its time with the
// one it has stored in the registry.
func consoleAdvice(guideline int) Advice {
	return Advice{
		Guideline: guideline, Title: "Log settings of the management console",
		Text: "This server has been started before. Changing log4j.properties makes its next start discard every log level and appender setting that was made in the management console. Note them down before the restart and set them again.",
	}
}
