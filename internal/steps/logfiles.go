package steps

import (
	"strings"

	"carbon-setup/internal/edit"
)

const appenderPrefix = "log4j.appender."

// appender is a log4j appender as log4j.properties declares it.
type appender struct {
	Name  string
	Class edit.Entry
	File  string // as written, with its ${...}; "" = writes no file
}

// className is the class without its package.
func (a appender) className() string {
	return a.Class.Value[strings.LastIndexByte(a.Class.Value, '.')+1:]
}

func (a appender) key(option string) string { return appenderPrefix + a.Name + "." + option }

// rolls reports whether the class limits the size of its files: log4j's RollingFileAppender does (10 MB and one old file unless told otherwise).
func (a appender) rolls() bool { return a.className() == "RollingFileAppender" }

// daily reports whether a new file begins every day: log4j's and Carbon's daily appenders, which never delete one.
func (a appender) daily() bool { return strings.HasSuffix(a.className(), "DailyRollingFileAppender") }

// fileAppenders returns the appenders that write files, in order of declaration. Of a name declared twice the last one is in force.
func fileAppenders(p *edit.Properties) []appender {
	var all []appender
	index := map[string]int{}
	for _, e := range p.Entries() {
		name, ok := strings.CutPrefix(e.Key, appenderPrefix)
		if !ok || strings.Contains(name, ".") || !strings.HasSuffix(strings.TrimSpace(e.Value), "FileAppender") {
			continue
		}
		e.Value = strings.TrimSpace(e.Value)
		a := appender{Name: name, Class: e}
		if file, ok := p.Get(a.key("File")); ok {
			a.File = strings.TrimSpace(file.Value)
		}
		if i, seen := index[name]; seen {
			all[i] = a
			continue
		}
		index[name] = len(all)
		all = append(all, a)
	}
	return all
}

// logName is the file of an appender without its folder and placeholders, for people.
func (a appender) logName() string {
	name := a.File[strings.LastIndexByte(a.File, '/')+1:]
	name = strings.ReplaceAll(name, "${instance.log}", "")
	if name == "" {
		return "the file of " + a.Name
	}
	return name
}
