package steps

import (
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// trailRotation is how the audit log is to be rotated apart from the others, "" where it is not.
func trailRotation(a *answers.Set) string {
	if want := a.Text(keyTrailRotation); want != rotationSame {
		return want
	}
	return ""
}

// trailRotationFields are asked where audit.log is to be kept otherwise than the rest.
func trailRotationFields(w *Workspace, specs []answers.Spec, a *answers.Set) []Field {
	p, err := w.Properties(carbon.Log4jProperties)
	if err != nil {
		return nil
	}
	t := readTrail(p)
	if t.file.Name == "" {
		return nil
	}
	first := Field{Spec: specs[0], Default: rotationSame, DefaultFrom: "one rule for all logs", Options: []Option{
		{rotationSame, "like the other logs"}, {rotationSize, "by a size of its own"}, {rotationDaily, "daily: one file a day, never deleted"},
	}}
	first.Now = Present{Text: t.file.className(), Place: placeAt(carbon.Log4jProperties, t.file.Class.Line)}
	if trailRotation(a) != rotationSize {
		return []Field{first}
	}
	size := Field{Spec: specs[1], Default: "10MB", DefaultFrom: "the guideline", Check: checkFileSize}
	backups := Field{Spec: specs[2], Default: "100", DefaultFrom: "the guideline's values, kept longer", Check: checkBackups}
	return []Field{first, size, backups}
}

func validateTrailRotation(w *Workspace, a *answers.Set) []Problem {
	var all []Problem
	say := func(key, message, fix string) {
		all = append(all, Problem{Severity: Error, Key: key, Message: message, Fix: fix})
	}
	want := trailRotation(a)
	for _, key := range []string{keyTrailSize, keyTrailBackups} {
		switch given := a.Text(key) != ""; {
		case want == rotationSize && !given:
			say(key, "The audit log by size needs "+key+".", "Values such as 10MB for "+keyTrailSize+" and 100 for "+keyTrailBackups+" keep a gigabyte.")
		case want != rotationSize && given:
			say(key, key+" means nothing unless "+keyTrailRotation+" is size.", "Set it to size, or leave "+key+" out.")
		}
	}
	if want == "" {
		return all
	}
	if p, err := w.Properties(carbon.Log4jProperties); err == nil && readTrail(p).file.Name == "" {
		if on, _ := a.Bool(keyAuditLog); !on {
			say(keyTrailRotation, "There is no audit log that could be rotated.", "Set "+keyAuditLog+" to true as well.")
		}
	}
	return all
}

func planTrailRotation(p *edit.Properties, app appender, a *answers.Set) error {
	if trailRotation(a) == rotationSize {
		return rollBySize(p, app, a.Text(keyTrailSize), a.Text(keyTrailBackups))
	}
	if app.daily() {
		return nil
	}
	return beginDaily(p, app)
}

func verifyTrailRotation(w *Workspace, a *answers.Set) []Result {
	want := trailRotation(a)
	if want == "" {
		return nil
	}
	r := Result{ID: "CS-16.2", Guideline: 16, Status: OK, Place: carbon.Place{File: carbon.Log4jProperties}, Message: "The audit log is rotated as wanted."}
	p, err := w.Properties(carbon.Log4jProperties)
	if err != nil {
		r.Status, r.Message = Fail, notReadBack(carbon.Log4jProperties, err)
		return []Result{r}
	}
	t := readTrail(p)
	r.Place.Line = t.file.Class.Line
	option := func(name string) string { return strings.TrimSpace(appenderOption(p, t.file.Name, name).Value) }
	right := want == rotationDaily && t.file.daily() ||
		want == rotationSize && t.file.rolls() && option("MaxFileSize") == a.Text(keyTrailSize) && option("MaxBackupIndex") == a.Text(keyTrailBackups)
	if !right {
		r.Status, r.Message = Fail, "The audit log is not rotated as wanted."
	}
	return []Result{r}
}
