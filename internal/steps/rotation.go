package steps

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// rotation is guideline 16: log files that do not grow for ever.
type rotation struct{ base }

const (
	keyRotation   = "logs.rotation"
	keyMaxSize    = "logs.max_size"
	keyMaxBackups = "logs.max_backups"
	keyAccessLog  = "logs.access_log"

	keyTrailRotation = "logs.audit.rotation"
	keyTrailSize     = "logs.audit.max_size"
	keyTrailBackups  = "logs.audit.max_backups"

	rollingClass = "org.apache.log4j.RollingFileAppender"
	dailyClass   = "org.apache.log4j.DailyRollingFileAppender"
	mainAppender = "CARBON_LOGFILE"

	rotationSize, rotationDaily     = "size", "daily"
	rotationSame                    = "same" // of the audit log: as the others
	accessLogDaily, accessLogSingle = "daily", "single"
)

func (rotation) Info() Info {
	return Info{
		ID: "rotation", Section: "logs", Guideline: 16, Title: "Spooling and log rotation",
		Why: `A server whose logs grow for ever stops when its disk is full, mostly at night. As shipped, wso2carbon.log begins a new file every day and none is ever deleted; some appenders never begin a new file at all.

Rolling by size keeps a known number of files of a known size: log4j's RollingFileAppender with MaxFileSize and MaxBackupIndex.`,
	}
}

func (rotation) Specs() []answers.Spec {
	return []answers.Spec{
		{
			Key: keyRotation, Kind: answers.Choice, Label: "Rotation", Choices: []string{rotationSize, rotationDaily}, Example: rotationSize,
			Help: "size: a known number of files of a known size, for wso2carbon.log and every other log that grows for ever. daily: one file a day; log4j never deletes them.",
		},
		{Key: keyMaxSize, Kind: answers.Text, Label: "Size of one file", Example: "10MB", Help: "Digits and KB, MB or GB, with no blank between. Only with rotation by size."},
		{Key: keyMaxBackups, Kind: answers.Int, Label: "Old files kept", Example: "20", Help: "How many full files of each log are kept beside the one being written. Only with rotation by size."},
		{
			Key: keyAccessLog, Kind: answers.Choice, Label: "HTTP access log", Choices: []string{accessLogDaily, accessLogSingle}, Example: accessLogDaily,
			Help: "daily: Tomcat begins http_access_<date>.log every day and never deletes one. single: one file http_access_.log for logrotate of the machine; the report has the snippet.",
		},
		{
			Key: keyTrailRotation, Kind: answers.Choice, Label: "Rotation of the audit log", Choices: []string{rotationSame, rotationSize, rotationDaily}, Example: rotationDaily,
			Help: "same: like the other logs. daily, which deletes none, or a size of its own, where audit.log is to be kept longer than they are.",
		},
		{Key: keyTrailSize, Kind: answers.Text, Label: "Size of one audit file", Example: "10MB", Help: "Digits and KB, MB or GB, with no blank between. Only with the audit log by size."},
		{Key: keyTrailBackups, Kind: answers.Int, Label: "Old audit files kept", Example: "100", Help: "How many full audit files are kept. Only with the audit log by size."},
	}
}

func (rotation) Applies(w *Workspace) (bool, string) { return logs{}.Applies(w) }

func (s rotation) Fields(w *Workspace, a *answers.Set) []Field {
	specs := s.Specs()
	fields := []Field{{Spec: specs[0], Default: rotationSize, DefaultFrom: "the guideline", Options: []Option{
		{rotationSize, "by size: a known number of files"}, {rotationDaily, "daily: one file a day, never deleted"},
	}}}
	fields[0].Now = s.nowRotation(w)
	if a.Text(keyRotation) != rotationDaily {
		fields = append(fields,
			limit(w, specs[1], "MaxFileSize", "10MB", checkFileSize),
			limit(w, specs[2], "MaxBackupIndex", "20", checkBackups))
	}
	if v, err := accessLogValve(w); err == nil && v != nil {
		f := Field{Spec: specs[3], Default: accessLogSingle, DefaultFrom: "logrotate can limit one file, Tomcat cannot limit many", Options: []Option{
			{accessLogDaily, "daily: one file a day, never deleted by Tomcat"}, {accessLogSingle, "single: one file, for logrotate"},
		}}
		f.Now = Present{Text: accessLogDaily, Place: carbon.Place{File: carbon.CatalinaXML, Line: v.Line()}}
		if rotatable, _ := v.Attr("rotatable"); rotatable == "false" {
			f.Now.Text = accessLogSingle
		}
		fields = append(fields, f)
	}
	return append(fields, trailRotationFields(w, specs[4:7], a)...)
}

// limit is the question for one limit of wso2carbon.log; a limit that somebody has set is proposed again.
func limit(w *Workspace, spec answers.Spec, name, usual string, check func(string) *Problem) Field {
	f := Field{Spec: spec, Default: usual, DefaultFrom: "the guideline", Now: option(w, name), Check: check}
	if f.Now.Text != "" {
		f.Default, f.DefaultFrom = f.Now.Text, "the present value"
	}
	return f
}

// nowRotation says how wso2carbon.log rotates.
func (rotation) nowRotation(w *Workspace) Present {
	a, ok := mainLog(w)
	if !ok {
		return Present{Note: "there is no appender " + mainAppender}
	}
	p := Present{Text: a.className(), Place: carbon.Place{File: carbon.Log4jProperties, Line: a.Class.Line}}
	switch {
	case a.rolls():
		p.Text = rotationSize
	case a.daily():
		p.Text = rotationDaily
	}
	return p
}

func mainLog(w *Workspace) (appender, bool) {
	p, err := w.Properties(carbon.Log4jProperties)
	if err != nil {
		return appender{}, false
	}
	for _, a := range fileAppenders(p) {
		if a.Name == mainAppender {
			return a, true
		}
	}
	return appender{}, false
}

// option is the present value of an option of the main appender.
func option(w *Workspace, name string) Present {
	a, ok := mainLog(w)
	if !ok {
		return Present{}
	}
	p, err := w.Properties(carbon.Log4jProperties)
	if err != nil {
		return Present{}
	}
	e, ok := p.Get(a.key(name))
	if !ok {
		return Present{Note: "not set"}
	}
	return Present{Text: strings.TrimSpace(e.Value), Place: carbon.Place{File: carbon.Log4jProperties, Line: e.Line}}
}

var fileSize = regexp.MustCompile(`(?i)^([0-9]{1,9})(KB|MB|GB)$`)

// fileSizeBytes reads a size as log4j's OptionConverter does; it knows no blank and no other suffix.
func fileSizeBytes(text string) (int64, bool) {
	m := fileSize.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0, false
	}
	shift := map[string]uint{"KB": 10, "MB": 20, "GB": 30}[strings.ToUpper(m[2])]
	return n << shift, true
}

func checkFileSize(text string) *Problem {
	n, ok := fileSizeBytes(text)
	switch {
	case !ok:
		return &Problem{Severity: Error, Message: fmt.Sprintf("%q is not a size that log4j reads.", text), Fix: "Write digits and KB, MB or GB with no blank between, for example 10MB."}
	case n < 64<<10:
		return &Problem{Severity: Error, Message: text + " is so small that the log would roll over all the time.", Fix: "Use 64KB or more; 10MB is usual."}
	case n > 2<<30:
		return &Problem{Severity: Warning, Message: text + " makes files that few tools open.", Fix: "10MB to 100MB is usual."}
	}
	return nil
}

func checkBackups(text string) *Problem {
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < 0:
		return &Problem{Severity: Error, Message: fmt.Sprintf("%q is not a number of files.", text), Fix: "Give a whole number from 1, for example 20."}
	case n == 0:
		return &Problem{Severity: Error, Message: "With 0 old files log4j throws a full log away.", Fix: "Keep at least 1; 20 is usual."}
	case n > 1000:
		return &Problem{Severity: Error, Message: fmt.Sprintf("%d old files are too many: log4j renames every one of them at each roll.", n), Fix: "Keep at most 1000; 20 is usual."}
	}
	return nil
}

func (rotation) Validate(w *Workspace, a *answers.Set) []Problem {
	var all []Problem
	switch a.Text(keyRotation) {
	case rotationSize:
		for _, key := range []string{keyMaxSize, keyMaxBackups} {
			if a.Text(key) == "" {
				all = append(all, Problem{Severity: Error, Key: key, Message: "Rotation by size needs " + key + ".", Fix: "The guideline's values are 10MB for " + keyMaxSize + " and 20 for " + keyMaxBackups + "."})
			}
		}
	case rotationDaily:
		all = append(all, Problem{
			Severity: Warning, Key: keyRotation, Message: "Daily files are never deleted: the disk fills.",
			Fix: "Rotate by size, or delete old files with a job of the machine.",
		})
	default:
		for _, key := range []string{keyMaxSize, keyMaxBackups} {
			if a.Text(key) != "" {
				all = append(all, Problem{Severity: Error, Key: key, Message: key + " means nothing without " + keyRotation + ".", Fix: "Set " + keyRotation + " to size."})
			}
		}
	}
	return append(all, validateTrailRotation(w, a)...)
}

func (rotation) Plan(w *Workspace, a *answers.Set) error {
	if err := planAccessLog(w, a.Text(keyAccessLog)); err != nil {
		return err
	}
	if a.Text(keyRotation) == "" && trailRotation(a) == "" {
		return nil
	}
	p, err := w.Properties(carbon.Log4jProperties)
	if err != nil {
		return err
	}
	trail := ""
	if trailRotation(a) != "" {
		trail = readTrail(p).file.Name
	}
	for _, app := range fileAppenders(p) {
		switch {
		case trail != "" && app.Name == trail:
			err = planTrailRotation(p, app, a)
		case a.Text(keyRotation) == "":
		case a.Text(keyRotation) == rotationDaily:
			err = rollDaily(p, app)
		case app.Name == mainAppender || !app.rolls():
			err = rollBySize(p, app, a.Text(keyMaxSize), a.Text(keyMaxBackups))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rollBySize makes an appender keep a known number of files. An appender that rolls by size already keeps its own limits, except wso2carbon.log.
func rollBySize(p *edit.Properties, app appender, size, backups string) error {
	because := edit.Because("a known number of files of a known size instead of files that grow for ever")
	class := appenderPrefix + app.Name
	after := app.key("File")
	if _, ok := p.Get(after); !ok {
		after = class
	}
	if !app.rolls() {
		if err := p.Set(class, rollingClass, "", because); err != nil {
			return err
		}
	}
	if err := p.Set(app.key("MaxFileSize"), size, after, because); err != nil {
		return err
	}
	if err := p.Set(app.key("MaxBackupIndex"), backups, app.key("MaxFileSize"), because); err != nil {
		return err
	}
	return removeIfSet(p, app.key("DatePattern"), because)
}

// rollDaily makes an appender begin a new file every day. Appenders that limit their size keep doing so, except wso2carbon.log.
func rollDaily(p *edit.Properties, app appender) error {
	if app.daily() || app.rolls() && app.Name != mainAppender {
		return nil
	}
	return beginDaily(p, app)
}

// beginDaily makes an appender begin a new file every day.
func beginDaily(p *edit.Properties, app appender) error {
	because := edit.Because("a new file every day")
	if err := p.Set(appenderPrefix+app.Name, dailyClass, "", because); err != nil {
		return err
	}
	for _, name := range []string{"MaxFileSize", "MaxBackupIndex"} {
		if err := removeIfSet(p, app.key(name), because); err != nil {
			return err
		}
	}
	return nil
}

func removeIfSet(p *edit.Properties, key string, o ...edit.Opt) error {
	if _, ok := p.Get(key); !ok {
		return nil
	}
	return p.Remove(key, o...)
}

// accessLogValve returns the live access log valve of catalina-server.xml, or nil.
func accessLogValve(w *Workspace) (*edit.Element, error) {
	if !w.Has(carbon.CatalinaXML) {
		return nil, nil
	}
	x, err := w.XML(carbon.CatalinaXML)
	if err != nil {
		return nil, err
	}
	for _, v := range x.Find("//Valve") {
		if class, _ := v.Attr("className"); strings.HasSuffix(class, ".AccessLogValve") {
			return v, nil
		}
	}
	return nil, nil
}

func planAccessLog(w *Workspace, want string) error {
	if want == "" {
		return nil
	}
	v, err := accessLogValve(w)
	if err != nil || v == nil {
		return err
	}
	x, err := w.XML(carbon.CatalinaXML)
	if err != nil {
		return err
	}
	rotatable, set := v.Attr("rotatable")
	switch {
	case want == accessLogSingle:
		return x.SetAttr(v, "rotatable", "false", "suffix", edit.Because("one access log file, for logrotate of the machine"))
	case set && rotatable == "false":
		return x.RemoveAttr(v, "rotatable", edit.Because("one access log file a day"))
	}
	return nil
}
