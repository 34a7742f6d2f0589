package steps

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"carbon-setup/internal/answers"
)

// backupSettings are what the script was made from, besides the install. They stand in its head, so that an audit can make it again.
type backupSettings struct {
	Schedule        string `json:"schedule"`
	Directory       string `json:"directory"`
	Keep            int    `json:"keep"`
	Username        string `json:"username"`
	Credentials     string `json:"credentials"`
	Compress        string `json:"compress"`
	Databases       bool   `json:"databases"`
	H2              string `json:"h2"`
	OracleDirectory string `json:"oracle_directory"`
	ServerDirectory string `json:"server_directory"`
}

// settingsHead begins the line of the script that has them.
const settingsHead = "# settings: "

// writtenSettings are those of the script that is there, whoever wrote it; false when there is none of ours.
func writtenSettings(w *Workspace) (backupSettings, bool) {
	data, err := w.Bytes(backupScriptFile)
	if err != nil {
		return backupSettings{}, false
	}
	return backupSettingsOf(string(data))
}

func backupSettingsOf(script string) (backupSettings, bool) {
	for line := range strings.Lines(script) {
		text, ok := strings.CutPrefix(line, settingsHead)
		if !ok {
			continue
		}
		var set backupSettings
		if json.Unmarshal([]byte(text), &set) != nil || set.Directory == "" {
			break
		}
		return set, true
	}
	return backupSettings{}, false
}

// usualSettings are proposed where nothing else is known.
func usualSettings(src backupSource) backupSettings {
	set := backupSettings{
		Schedule: "daily", Directory: "/var/backups/carbon", Keep: 14, Username: "carbon_backup", Credentials: "/etc/carbon/backup",
		Compress: compressAuto, Databases: true, H2: h2Stopped, OracleDirectory: "CARBON_BACKUP", ServerDirectory: "/var/opt/mssql/backup",
	}
	if len(src.servers) > 0 {
		set.H2 = h2Leave // the local registry of a node, which holds nothing of its own
	}
	return set
}

// wantedSettings are the answers, and what the script that is there says, or what is usual, for those that are left out.
func wantedSettings(w *Workspace, a *answers.Set, src backupSource) backupSettings {
	set, there := writtenSettings(w)
	usual := usualSettings(src)
	if !there {
		set = usual
	}
	for key, to := range map[string]*string{
		keyBackupSchedule: &set.Schedule, keyBackupDirectory: &set.Directory, keyBackupUsername: &set.Username, keyBackupCredentials: &set.Credentials,
		keyBackupCompress: &set.Compress, keyBackupH2: &set.H2, keyBackupOracle: &set.OracleDirectory, keyBackupServer: &set.ServerDirectory,
	} {
		if text := a.Text(key); text != "" {
			*to = text
		}
	}
	if n, ok := a.Int(keyBackupKeep); ok {
		set.Keep = n
	}
	if dump, ok := a.Bool(keyBackupDatabases); ok {
		set.Databases = dump
	}
	set.repair(usual)
	return set
}

// repair puts what is usual in the place of what somebody has written into the head of the script by hand and that no answer could be.
func (s *backupSettings) repair(usual backupSettings) {
	if _, ok := calendarOf(s.Schedule); !ok {
		s.Schedule = usual.Schedule
	}
	if s.Keep < 1 {
		s.Keep = usual.Keep
	}
	for _, f := range []struct {
		value *string
		usual string
		ok    func(string) bool
	}{
		{&s.Username, usual.Username, plainAccount.MatchString},
		{&s.Credentials, usual.Credentials, func(t string) bool { return t != "" }},
		{&s.OracleDirectory, usual.OracleDirectory, oracleName.MatchString},
		{&s.ServerDirectory, usual.ServerDirectory, func(t string) bool { return t != "" }},
		{&s.Compress, usual.Compress, func(t string) bool { return slices.Contains([]string{compressAuto, compressGzip, compressZstd}, t) }},
		{&s.H2, usual.H2, func(t string) bool { return t == h2Leave || t == h2Stopped }},
	} {
		if !f.ok(*f.value) {
			*f.value = f.usual
		}
	}
}

// line is how the settings stand in the script.
func (s backupSettings) line() (string, error) {
	text, err := json.Marshal(s)
	return string(text), err
}

// calendar is a schedule as systemd and cron write it.
type calendar struct {
	systemd, cron string
	delay         string // that systemd may spread it by
	hours         int    // from one backup to the next
}

var scheduleWords = regexp.MustCompile(`^(?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?([01][0-9]|2[0-3]):([0-5][0-9])$`)

// calendarOf reads a schedule.
func calendarOf(schedule string) (calendar, bool) {
	switch schedule {
	case "hourly":
		return calendar{"hourly", "0 * * * *", "5min", 1}, true
	case "daily":
		schedule = "02:30"
	case "weekly":
		schedule = "Sun 02:30"
	}
	m := scheduleWords.FindStringSubmatch(schedule)
	if m == nil {
		return calendar{}, false
	}
	c := calendar{systemd: fmt.Sprintf("*-*-* %s:%s:00", m[2], m[3]), delay: "15min", hours: 24}
	day := "*"
	if m[1] != "" {
		c.systemd, c.hours = m[1]+" "+c.systemd, 7*24
		day = fmt.Sprint(slices.Index([]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}, m[1]))
	}
	c.cron = fmt.Sprintf("%s %s * * %s", unpadded(m[3]), unpadded(m[2]), day)
	return c, true
}

func unpadded(n string) string {
	if n = strings.TrimLeft(n, "0"); n == "" {
		return "0"
	}
	return n
}

func checkSchedule(text string) *Problem {
	if _, ok := calendarOf(text); ok {
		return nil
	}
	return &Problem{Severity: Error, Message: fmt.Sprintf("%q is no schedule that is known here.", text), Fix: "Write hourly, daily, weekly, a time such as 23:15, or a day and a time such as Sat 23:15."}
}

// backupInstalled is root's copy of the script.
func backupInstalled(w *Workspace) string {
	return "/usr/local/sbin/carbon-backup-" + serviceName(w.Install.Home)
}
