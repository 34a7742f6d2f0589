package steps

import (
	"fmt"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

func (rotation) Audit(w *Workspace) []Result {
	p, err := w.Properties(carbon.Log4jProperties)
	if err != nil {
		return []Result{{ID: "CS-16.1", Status: Unknown, Place: carbon.Place{File: carbon.Log4jProperties}, Message: notChecked(carbon.Log4jProperties, err)}}
	}
	var all []Result
	for _, a := range fileAppenders(p) {
		all = append(all, auditAppender(p, a))
	}
	if _, ok := mainLog(w); !ok {
		all = append(all, Result{
			ID: "CS-16.1", Status: Unknown, Place: carbon.Place{File: carbon.Log4jProperties},
			Message: "There is no file appender " + mainAppender + ": how wso2carbon.log rotates cannot be told.",
		})
	}
	return append(all, auditAccessLog(w), auditSpace(w))
}

const fixRotation = "Set logs.rotation to size, with logs.max_size and logs.max_backups."

// auditAppender judges one appender: CS-16.1 is wso2carbon.log, CS-16.2 every other log.
func auditAppender(p *edit.Properties, a appender) Result {
	r := Result{ID: "CS-16.2", Status: OK, Place: carbon.Place{File: carbon.Log4jProperties, Line: a.Class.Line}}
	if a.Name == mainAppender {
		r.ID = "CS-16.1"
	}
	size, hasSize := p.Get(a.key("MaxFileSize"))
	backups, hasBackups := p.Get(a.key("MaxBackupIndex"))
	switch {
	case a.rolls():
		return auditRolling(r, a, size.Value, strings.TrimSpace(backups.Value), hasSize, hasBackups)
	case a.daily():
		r.Message = fmt.Sprintf("Nothing deletes old files of %s, which begins a new one every day (%s).", a.logName(), a.Name)
		if hasSize || hasBackups {
			r.Message = fmt.Sprintf("%s has MaxFileSize or MaxBackupIndex on a daily appender, which ignores them: no file is ever deleted (%s).", a.logName(), a.Name)
		}
	default:
		r.Message = fmt.Sprintf("One file that grows for ever: %s (%s, %s).", a.logName(), a.Name, a.className())
	}
	r.Status, r.Severity, r.Why, r.Fix = Warn, Warning, "A full disk stops the server.", fixRotation
	return r
}

func auditRolling(r Result, a appender, size, backups string, hasSize, hasBackups bool) Result {
	if !hasSize {
		size = "10MB (log4j's default)"
	}
	if !hasBackups {
		backups = "1"
	}
	r.Message = fmt.Sprintf("%s rolls by size: %s, %s old files (%s).", a.logName(), strings.TrimSpace(size), backups, a.Name)
	if n, err := strconv.Atoi(backups); err == nil && n < 1 {
		r.Status, r.Severity, r.Fix = Fail, Error, fixRotation
		r.Message = fmt.Sprintf("%s keeps no old file: a full log is thrown away (%s).", a.logName(), a.Name)
		r.Why = "After a failure the log of it may be gone."
	}
	return r
}

// auditAccessLog judges Tomcat's access log. The Tomcat 7 of Carbon 4.2.0 has no option that deletes old files.
func auditAccessLog(w *Workspace) Result {
	r := Result{ID: "CS-16.3", Status: OK, Place: carbon.Place{File: carbon.CatalinaXML}}
	v, err := accessLogValve(w)
	switch {
	case err != nil:
		r.Status, r.Message = Unknown, notChecked(carbon.CatalinaXML, err)
		return r
	case v == nil:
		r.Message = "No access log is configured, so none grows."
		return r
	}
	r.Place.Line = v.Line()
	if rotatable, _ := v.Attr("rotatable"); rotatable == "false" {
		r.Status = Unknown
		r.Message = "The access log is one file, which logrotate of the machine has to rotate; whether it does cannot be seen from here."
		return r
	}
	r.Status, r.Severity = Warn, Note
	r.Message = "Nothing deletes old access logs: Tomcat begins a new one every day."
	r.Why = "A full disk stops the server."
	r.Fix = "Set logs.access_log to single and let logrotate do it, or delete old files with a daily job."
	return r
}

func (s rotation) Verify(w *Workspace, a *answers.Set) []Result {
	var all []Result
	if want := a.Text(keyRotation); want != "" {
		p, err := w.Properties(carbon.Log4jProperties)
		if err != nil {
			return []Result{{ID: "CS-16.1", Guideline: 16, Status: Fail, Place: carbon.Place{File: carbon.Log4jProperties}, Message: notReadBack(carbon.Log4jProperties, err)}}
		}
		trail := readTrail(p).file.Name
		for _, app := range fileAppenders(p) {
			if app.Name != trail || trailRotation(a) == "" {
				all = append(all, verifyAppender(p, app, want, a))
			}
		}
	}
	all = append(all, verifyTrailRotation(w, a)...)
	if want := a.Text(keyAccessLog); want != "" {
		if v, err := accessLogValve(w); err != nil || v != nil {
			all = append(all, verifyAccessLog(v, err, want))
		}
	}
	return all
}

func verifyAppender(p *edit.Properties, app appender, want string, a *answers.Set) Result {
	r := auditAppender(p, app)
	r.Guideline, r.Status, r.Severity, r.Why, r.Fix = 16, OK, 0, "", ""
	size, _ := p.Get(app.key("MaxFileSize"))
	backups, _ := p.Get(app.key("MaxBackupIndex"))
	switch {
	case want == rotationDaily && app.Name == mainAppender && !app.daily():
		r.Status = Fail
	case want == rotationSize && !app.rolls():
		r.Status = Fail
	case want == rotationSize && app.Name == mainAppender && (size.Value != a.Text(keyMaxSize) || backups.Value != a.Text(keyMaxBackups)):
		r.Status = Fail
	}
	return r
}

func verifyAccessLog(v *edit.Element, err error, want string) Result {
	r := Result{ID: "CS-16.3", Guideline: 16, Status: OK, Place: carbon.Place{File: carbon.CatalinaXML}, Message: "The access log is written as wanted: " + want + "."}
	if err != nil {
		r.Status, r.Message = Fail, notReadBack(carbon.CatalinaXML, err)
		return r
	}
	r.Place.Line = v.Line()
	rotatable, _ := v.Attr("rotatable")
	if (rotatable == "false") != (want == accessLogSingle) {
		r.Status, r.Message = Fail, "The access log is not written as wanted: "+want+"."
	}
	return r
}

// trailKept says how long the audit log is kept, a sentence after others.
func trailKept(a *answers.Set) string {
	switch trailRotation(a) {
	case rotationSize:
		return fmt.Sprintf(" audit.log has a limit of its own (%s, %s old files): copy it away where it must be kept longer.", a.Text(keyTrailSize), a.Text(keyTrailBackups))
	case rotationDaily:
		return " audit.log stays one file a day, and none is deleted: make room, or move old ones away."
	}
	return " audit.log is limited like the others: copy it away where it must be kept."
}

func (rotation) Advice(w *Workspace, a *answers.Set) []Advice {
	var all []Advice
	if a.Text(keyRotation) == rotationSize {
		all = append(all, spaceAdvice(w))
		all = append(all, Advice{
			Guideline: 16, Title: "What the change of appender does",
			Text: "Records of java.util.logging (Tomcat, Hazelcast) reach wso2carbon.log only through Carbon's own daily appender; with RollingFileAppender they go to the console only." + trailKept(a),
		})
	}
	if v, err := accessLogValve(w); err == nil && v != nil {
		all = append(all, accessLogAdvice(w, a, v)...)
	} else {
		all = append(all, logrotateAdvice(w, a))
	}
	if w.Install.Started.Yes && a.Text(keyRotation)+trailRotation(a) != "" {
		all = append(all, consoleAdvice(16))
	}
	return all
}

// accessLogAdvice says how access logs are limited. One file is for logrotate, many are for a job.
func accessLogAdvice(w *Workspace, a *answers.Set, v *edit.Element) []Advice {
	all := []Advice{logrotateAdvice(w, a)}
	if rotatable, _ := v.Attr("rotatable"); rotatable == "false" {
		return all
	}
	return append(all, Advice{
		Guideline: 16, Title: "Delete old access logs", Text: "Tomcat never deletes http_access files. A line for /etc/cron.d/carbon-access that keeps 30 days:",
		Commands: []string{fmt.Sprintf(`15 3 * * * root find "%s" -maxdepth 1 -name 'http_access_*' -mtime +30 -delete`, w.Install.Home+"/repository/logs")},
	})
}
