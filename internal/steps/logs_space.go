package steps

import (
	"fmt"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

const (
	// maxLogFiles is the most files of the folder of logs that are looked at.
	maxLogFiles = 20000
	// spaceDays is how far ahead the growth of logs without a limit is reckoned.
	spaceDays = 30
)

// logSpace is what the logs come to on the disk.
type logSpace struct {
	bounded  int64    // what the logs with a limit can come to, all files full
	logs     int      // how many logs those are
	now      int64    // what they have today
	endless  []string // logs without a limit
	perDay   int64    // by which the endless ones grow, as measured
	days     int      // over which it was measured; 0 = not at all
	free     int64
	hasSpace bool // free is known
}

// logFile is a file in the folder of logs.
type logFile struct {
	rel  string
	size int64
	mod  time.Time
}

func logFiles(w *Workspace) []logFile {
	var all []logFile
	for _, pattern := range []string{"/*", "/*/*"} {
		for _, rel := range w.glob(carbon.LogsDir + pattern) {
			if len(all) == maxLogFiles {
				return all
			}
			if info, err := w.Install.Stat(rel); err == nil && info.Mode().IsRegular() {
				all = append(all, logFile{rel, info.Size(), info.ModTime()})
			}
		}
	}
	return all
}

// measureLogs reckons with the appenders as they are in the Workspace, and with the files that are there.
func measureLogs(w *Workspace) (logSpace, error) {
	p, err := w.Properties(carbon.Log4jProperties)
	if err != nil {
		return logSpace{}, err
	}
	files := logFiles(w)
	var s logSpace
	var oldest, newest time.Time
	var grown int64
	grow := func(name, base string) {
		s.endless = append(s.endless, name)
		for _, f := range files {
			if base == "" || !strings.HasPrefix(path.Base(f.rel), base) {
				continue
			}
			grown += f.size
			if oldest.IsZero() || f.mod.Before(oldest) {
				oldest = f.mod
			}
			if f.mod.After(newest) {
				newest = f.mod
			}
		}
	}
	for _, a := range fileAppenders(p) {
		base := path.Base(strings.ReplaceAll(a.File, "${instance.log}", ""))
		if !a.rolls() {
			grow(a.logName(), base)
			continue
		}
		s.logs++
		s.bounded += boundOf(p, a)
		for _, f := range files {
			if a.File != "" && strings.HasPrefix(path.Base(f.rel), base) {
				s.now += f.size
			}
		}
	}
	if v, err := accessLogValve(w); err == nil && v != nil {
		prefix, _ := v.Attr("prefix")
		grow("the access log", prefix)
	}
	if grown > 0 {
		s.days = max(1, int(newest.Sub(oldest)/(24*time.Hour)))
		s.perDay = grown / int64(s.days)
	}
	s.free, s.hasSpace = spaceBelow(filepath.Join(w.Install.Home, filepath.FromSlash(carbon.LogsDir)))
	if !s.hasSpace {
		s.free, s.hasSpace = spaceBelow(w.Install.Home)
	}
	return s, nil
}

// boundOf is what a log that rolls by size can come to. log4j's own limits are 10 MB and one old file.
func boundOf(p *edit.Properties, a appender) int64 {
	size, ok := fileSizeBytes(strings.TrimSpace(appenderOption(p, a.Name, "MaxFileSize").Value))
	if !ok {
		size = 10 << 20
	}
	backups, err := strconv.ParseInt(strings.TrimSpace(appenderOption(p, a.Name, "MaxBackupIndex").Value), 10, 32)
	if err != nil || backups < 0 {
		backups = 1
	}
	return size * (backups + 1)
}

// ahead is what the logs will need on top of what they have, in the days that are reckoned with.
func (s logSpace) ahead() int64 { return max(0, s.bounded-s.now) + spaceDays*s.perDay }

func (s logSpace) fits() bool { return s.ahead() <= s.free }

// text says what the logs can come to.
func (s logSpace) text() string {
	text := fmt.Sprintf("The %s with a limit can come to %s in all.", plural(s.logs, "log"), megabytes(s.bounded))
	if s.logs == 0 {
		text = "No log has a limit."
	}
	switch {
	case len(s.endless) == 0:
	case s.days == 0:
		text += " Without a limit: " + firstFew(s.endless) + "; how fast they grow shows only when the server has run."
	default:
		text += fmt.Sprintf(" Without a limit: %s. They have grown by %s a day (over %s), which is %s in %d days.",
			firstFew(s.endless), megabytes(s.perDay), plural(s.days, "day"), megabytes(spaceDays*s.perDay), spaceDays)
	}
	return text
}

func megabytes(n int64) string {
	if n >= 10<<30 {
		return fmt.Sprintf("%d GB", n>>30)
	}
	return fmt.Sprintf("%d MB", (n+1<<19)>>20)
}

// auditSpace is CS-16.4.
func auditSpace(w *Workspace) Result {
	r := Result{ID: "CS-16.4", Status: OK, Place: carbon.Place{File: carbon.LogsDir}}
	s, err := measureLogs(w)
	switch {
	case err != nil:
		r.Status, r.Message = Unknown, notChecked(carbon.Log4jProperties, err)
		return r
	case !s.hasSpace:
		r.Status, r.Message = Unknown, s.text()+" How much the disk has left cannot be told here."
		return r
	case s.fits():
		r.Message = s.text() + " The disk has room for it."
		return r
	}
	r.Status, r.Severity = Warn, Warning
	r.Message = fmt.Sprintf("%s The disk has %s left.", s.text(), megabytes(s.free))
	r.Why, r.Fix = "A full disk stops the server.", "Make the limits smaller (logs.max_size, logs.max_backups), delete old logs, or give the logs a disk of their own."
	return r
}

// spaceAdvice is the same for the plan: the Workspace has its edits.
func spaceAdvice(w *Workspace) Advice {
	ad := Advice{Guideline: 16, Title: "Room for the logs"}
	s, err := measureLogs(w)
	switch {
	case err != nil:
		ad.Text = "The room that the logs need could not be reckoned."
	case !s.hasSpace:
		ad.Text = s.text()
	case s.fits():
		ad.Text = s.text() + " The disk has room for it."
	default:
		ad.Text = fmt.Sprintf("%s The disk below repository/logs has only %s left: make the limits smaller, or make room.", s.text(), megabytes(s.free))
	}
	return ad
}
