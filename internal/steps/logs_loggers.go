package steps

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

const (
	keyLoggers = "logs.loggers"

	loggerPrefix   = "log4j.logger."
	categoryPrefix = "log4j.category." // the older name of the same
	additivity     = "log4j.additivity."

	inherited = "INHERITED"
	// maxLoggers is the most loggers that answers can name.
	maxLoggers = 500
)

// log4jLevels are the levels of log4j 1.2, the most silent first.
var log4jLevels = []string{"OFF", "FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE", "ALL"}

// logger is a line of log4j.properties that gives a logger its level, its appenders or both.
type logger struct {
	name string
	edit.Entry
}

// readLoggers returns them in the order of the file.
func readLoggers(p *edit.Properties) []logger {
	var all []logger
	for _, e := range p.Entries() {
		for _, prefix := range []string{loggerPrefix, categoryPrefix} {
			if name, ok := strings.CutPrefix(e.Key, prefix); ok && name != "" {
				all = append(all, logger{name, e})
			}
		}
	}
	return all
}

// parts parts the value: log4j takes what stands before the first comma for the level, with the blanks behind it, unless the value begins with the comma.
func (l logger) parts() (token, rest string) {
	token, _, _ = strings.Cut(l.Value, ",")
	return token, l.Value[len(token):]
}

// level is the level as log4j reads it. A word that it does not know, and one with a blank behind it, means DEBUG to it (PropertyConfigurator.parseCategory,
// OptionConverter.toLevel); ok is false for those. "" = that of the parent.
func (l logger) level() (level string, ok bool) {
	token, _ := l.parts()
	return levelOf(token)
}

func levelOf(token string) (level string, ok bool) {
	upper := strings.ToUpper(token)
	switch {
	case token == "", upper == inherited, upper == "NULL":
		return "", true
	case slices.Contains(log4jLevels, upper):
		return upper, true
	case strings.Contains(token, "#"): // a level of a class of its own
		return token, true
	}
	return "DEBUG", false
}

// appenders are those that the logger writes to besides those of its parents.
func (l logger) appenders() []string {
	_, rest := l.parts()
	var all []string
	for _, name := range strings.Split(rest, ",") {
		if name = strings.TrimSpace(name); name != "" {
			all = append(all, name)
		}
	}
	return all
}

// apart reports whether the logger writes into files of its own only.
func (l logger) apart(p *edit.Properties) bool {
	e, ok := p.Get(additivity + l.name)
	return ok && strings.TrimSpace(e.Value) == "false" && len(l.appenders()) > 0
}

// chatty reports a level that is there for finding faults.
func chatty(level string) bool { return level == "DEBUG" || level == "TRACE" || level == "ALL" }

var loggerName = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$-]*(\.[A-Za-z0-9_$-]+)*$`)

// wantedLoggers are the loggers of the answers with their levels in capitals.
func wantedLoggers(a *answers.Set) map[string]string {
	v, _ := a.Lookup(keyLoggers)
	wanted := make(map[string]string, len(v.Map))
	for name, level := range v.Map {
		wanted[name] = strings.ToUpper(strings.TrimSpace(level))
	}
	return wanted
}

// judgeLoggers judges the answer as a whole.
func judgeLoggers(wanted map[string]string) []Problem {
	var all []Problem
	say := func(s Severity, message, fix string) {
		all = append(all, Problem{Severity: s, Key: keyLoggers, Message: message, Fix: fix})
	}
	if len(wanted) > maxLoggers {
		say(Error, fmt.Sprintf("There are %d loggers; %d are the most.", len(wanted), maxLoggers), "Name a package instead of its classes: its level counts for all of them.")
		return all
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		level := wanted[name]
		switch {
		case strings.EqualFold(name, "root"), strings.EqualFold(name, "rootLogger"):
			say(Error, "The root logger has an answer of its own.", "Set "+keyLogLevel+".")
		case !loggerName.MatchString(name):
			say(Error, fmt.Sprintf("%q is not the name of a logger.", name), "Give a package or a class, for example org.apache.synapse.")
		case level != inherited && !slices.Contains(log4jLevels, level):
			say(Error, fmt.Sprintf("%s is to have the level %q, which log4j does not know and would take for DEBUG.", name, level), "Use one of "+strings.Join(log4jLevels, ", ")+", or "+inherited+" for the level of its parent.")
		case name == auditLogger && !recordsAudits(level):
			say(Warning, "With "+level+" nothing is written to the audit log, whose records are at INFO.", "Leave it at INFO.")
		case chatty(level):
			say(Warning, fmt.Sprintf("%s at %s writes its inner life: it slows the server down, and the log may hold personal data.", name, level), "Use it while you look for a fault, and set it back.")
		}
	}
	return all
}

// loggerField is the question; the check finds a wrong word as soon as it is typed.
func loggerField(spec answers.Spec, w *Workspace) Field {
	f := Field{Spec: spec, Check: func(text string) *Problem {
		m, what := answers.SplitMap(text)
		if what != "" {
			return &Problem{Severity: Error, Message: what + ".", Fix: "Write name=LEVEL, and a comma before the next."}
		}
		for name, level := range m {
			m[name] = strings.ToUpper(level)
		}
		for _, p := range judgeLoggers(m) {
			return &p
		}
		return nil
	}}
	p, err := w.Properties(carbon.Log4jProperties)
	if err != nil {
		return f
	}
	all := readLoggers(p)
	f.Now.Text = plural(len(all), "logger") + " with a line of their own"
	if len(all) > 0 {
		f.Now.Place = placeAt(carbon.Log4jProperties, all[0].Line)
	}
	if w.Install.Started.Yes {
		f.Now.Note = "levels set in the management console are in the registry"
	}
	return f
}

// planLoggers sets the levels; appenders that stand behind a level stay.
func planLoggers(p *edit.Properties, wanted map[string]string) error {
	all := readLoggers(p)
	last := rootLoggerKey
	for _, l := range all {
		if len(l.appenders()) == 0 { // one with appenders has its other lines behind it
			last = l.Key
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if err := setLogger(p, all, name, wanted[name], &last); err != nil {
			return err
		}
	}
	return nil
}

func setLogger(p *edit.Properties, all []logger, name, level string, last *string) error {
	because := edit.Because("level of " + name)
	found := false
	for _, l := range all {
		if l.name != name {
			continue
		}
		found = true
		token, rest := l.parts()
		if have, ok := levelOf(token); ok && (have == level || have == "" && level == inherited) {
			continue
		}
		if err := p.Set(l.Key, level+rest, "", because); err != nil {
			return err
		}
	}
	if found || level == inherited {
		return nil
	}
	if err := p.Set(loggerPrefix+name, level, *last, because); err != nil {
		return err
	}
	*last = loggerPrefix + name
	return nil
}

// verifyLoggers compares what stands there with what is wanted.
func verifyLoggers(p *edit.Properties, wanted map[string]string) []Result {
	var all []Result
	loggers := readLoggers(p)
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		level := wanted[name]
		r := Result{ID: "CS-5.3", Guideline: 5, Status: OK, Place: carbon.Place{File: carbon.Log4jProperties}, Message: "The logger " + name + " is at " + level + "."}
		found := level == inherited
		for _, l := range loggers {
			if l.name != name {
				continue
			}
			r.Place.Line, found = l.Line, true
			if have, ok := l.level(); !ok || have != level && (have != "" || level != inherited) {
				r.Status = Fail
			}
		}
		if !found || r.Status == Fail {
			r.Status, r.Message = Fail, "The logger "+name+" is not at "+level+"."
		}
		all = append(all, r)
	}
	return all
}

// maxToldLoggers is how many loggers are told one by one.
const maxToldLoggers = 10

// auditLoggers is CS-5.3, levels that somebody has left on, and CS-5.4, levels that log4j reads as another one.
func auditLoggers(p *edit.Properties) []Result {
	var loud, all []Result
	first := map[string]logger{}
	for _, l := range append(rootLoggers(p), readLoggers(p)...) {
		place := placeAt(carbon.Log4jProperties, l.Line)
		level, ok := l.level()
		token, _ := l.parts()
		other, twice := first[l.name]
		switch {
		case !ok:
			why := "is none of its levels"
			if strings.TrimSpace(token) != token {
				why = "has a blank behind it"
			}
			all = append(all, Result{
				ID: "CS-5.4", Status: Warn, Severity: Warning, Place: place,
				Message: fmt.Sprintf("The level %q of %s %s: log4j takes it for DEBUG.", token, l.name, why),
				Why:     "The part of the server writes its inner life: it slows down, and the disk fills.", Fix: "Set the level with " + keyLoggers + ", or with " + keyLogLevel + " for the root logger.",
			})
		case twice && other.Key != l.Key && !sameLevel(other, l):
			all = append(all, Result{
				ID: "CS-5.4", Status: Warn, Severity: Note, Place: place,
				Message: fmt.Sprintf("%s has two levels: in %s and in %s (line %d).", l.name, l.Key, other.Key, other.Line),
				Why:     "Which of them is in force depends on the order in which Java's hash table gives them out.", Fix: "Set the level with " + keyLoggers + ": it goes into both.",
			})
		case chatty(level) && l.name != "root" && !l.apart(p):
			loud = append(loud, Result{
				ID: "CS-5.3", Status: Warn, Severity: Warning, Place: place, Message: fmt.Sprintf("The logger %s is at %s.", l.name, level),
				Why: "That is for finding faults: it slows the server down, fills its disk, and the log may hold personal data and tokens.", Fix: "Set it with " + keyLoggers + " to INFO, WARN or " + inherited + ".",
			})
		}
		first[l.name] = l
	}
	switch {
	case len(loud) == 0:
		loud = []Result{{ID: "CS-5.3", Status: OK, Place: carbon.Place{File: carbon.Log4jProperties}, Message: "No single logger is left at DEBUG or TRACE."}}
	case len(loud) > maxToldLoggers:
		loud[maxToldLoggers-1].Message += fmt.Sprintf(" So are %d more.", len(loud)-maxToldLoggers)
		loud = loud[:maxToldLoggers]
	}
	if len(all) > maxToldLoggers {
		all[maxToldLoggers-1].Message += fmt.Sprintf(" There are %d more of the kind.", len(all)-maxToldLoggers)
		all = all[:maxToldLoggers]
	}
	return append(loud, all...)
}

func sameLevel(a, b logger) bool {
	x, _ := a.level()
	y, _ := b.level()
	return x == y
}

// rootLoggers is the root logger as one of them.
func rootLoggers(p *edit.Properties) []logger {
	for _, key := range []string{rootLoggerKey, rootCategoryKey} {
		if e, ok := p.Get(key); ok {
			return []logger{{"root", e}}
		}
	}
	return nil
}
