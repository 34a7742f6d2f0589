package steps

import (
	"embed"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"unicode"

	"carbon-setup/internal/carbon"
)

// backupFiles are the script, what it says about restoring, and what runs it.
//
//go:embed backup
var backupFiles embed.FS

// backupScript is what the script and its units are made of.
type backupScript struct {
	backupSettings
	Name      string // of the home, for files
	Home      string
	Installed string // root's copy
	State     []string
	Keys      []string // keystores without which nothing that is encrypted can be read: whole paths
	Outside   []string // stores outside of what State has, whole paths without the first slash
	Databases []*backupDB
	H2        []backupH2
}

// backupState is what belongs to the install alone, relative to the home. Logs and temporary files are not in it, nor are password-tmp and password-persist:
// with the password of the keystore, a copy of it would open the vault. The product itself can be downloaded again; its patches are listed by name.
var backupState = []string{
	"bin", "repository/conf", "repository/resources", "repository/deployment", "repository/tenants", "repository/carbonapps", "repository/axis2",
	carbon.ComponentsLib, carbon.Dropins, "repository/components/extensions",
	"repository/components/default/configuration/org.eclipse.equinox.simpleconfigurator/bundles.info", "business-processes", ".carbon-setup",
}

func newBackupScript(w *Workspace, set backupSettings) *backupScript {
	s := &backupScript{backupSettings: set, Name: serviceName(w.Install.Home), Home: w.Install.Home, State: backupState}
	s.Installed = backupInstalled(w)
	s.stores(w)
	if !set.Databases {
		return s
	}
	src := backupSources(w)
	for _, d := range src.servers {
		d.set = set
		s.Databases = append(s.Databases, d)
	}
	if set.H2 == h2Stopped {
		s.H2 = slices.DeleteFunc(src.h2, func(d backupH2) bool { return d.Path == "" || strings.ContainsFunc(d.Path, unicode.IsControl) })
	}
	return s
}

// stores finds the keystores that the configuration names. What is outside of the folders that are packed, or behind a link, is packed on its own.
func (s *backupScript) stores(w *Workspace) {
	for _, ref := range readStores(w).all {
		file := ref.abs
		if ref.rel != "" {
			file = filepath.Join(s.Home, filepath.FromSlash(ref.rel))
		}
		if file == "" || strings.ContainsFunc(file, unicode.IsControl) {
			continue
		}
		if ref.site.file == carbon.CarbonXML && ref.site.use != forTrust && !slices.Contains(s.Keys, file) {
			s.Keys = append(s.Keys, file)
		}
		lies := file
		if target, err := filepath.EvalSymlinks(file); err == nil {
			lies = target
		}
		outside := strings.TrimPrefix(lies, "/")
		if !s.packs(file) || lies != file && !s.packs(lies) {
			if !slices.Contains(s.Outside, outside) {
				s.Outside = append(s.Outside, outside)
			}
		}
	}
}

// packs reports whether a file is below one of the folders of the state.
func (s *backupScript) packs(file string) bool {
	return slices.ContainsFunc(s.State, func(rel string) bool { return strings.HasPrefix(file, filepath.Join(s.Home, rel)+"/") })
}

// Settings is the line of the head.
func (s *backupScript) Settings() (string, error) { return s.line() }

// Script is the one that restores are checked with.
func (s *backupScript) Script() string { return s.Installed }

// Restore is RESTORE.txt, but for what is known only when a backup is made.
func (s *backupScript) Restore() (string, error) { return s.fill("restore.txt") }

// OnCalendar is the schedule as systemd writes it.
func (s *backupScript) OnCalendar() string { return s.calendar().systemd }

// Cron is the schedule as cron writes it.
func (s *backupScript) Cron() string { return s.calendar().cron }

// Delay is what systemd may spread it by.
func (s *backupScript) Delay() string { return s.calendar().delay }

// CronName is the name of the file for cron, which passes over those with a dot in their names.
func (s *backupScript) CronName() string { return strings.ReplaceAll(s.Name, ".", "-") }

func (s *backupScript) calendar() calendar {
	c, _ := calendarOf(s.Schedule)
	return c
}

func (s *backupScript) render() (string, error) { return s.fill("backup.sh") }

// fill renders one of the backupFiles.
func (s *backupScript) fill(name string) (string, error) {
	funcs := template.FuncMap{"sh": shellWord, "exec": unitWord, "path": unitPath, "inc": func(i int) int { return i + 2 }}
	t, err := template.New(name).Funcs(funcs).ParseFS(backupFiles, "backup/"+name)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, s)
	return b.String(), err
}

// unitPath is a path in a list of paths of a unit, where $ means nothing.
func unitPath(s string) string { return `"` + unitEnvironment(s) + `"` }
