package steps

import (
	"embed"
	"path"
	"path/filepath"
	"strings"
	"text/template"
	"unicode"
	"unicode/utf8"

	"carbon-setup/internal/carbon"
	sv "carbon-setup/internal/vault"
)

// unitFiles are a systemd unit, its drop-ins for the password of the vault, and an init script.
//
//go:embed units
var unitFiles embed.FS

// service is what the files that start a server are made of.
//
// The password goes to the server through password-persist, a link to a file in memory. DefaultSecretCallbackHandler reads it through the link at every
// start and leaves both alone. Through a link, password-tmp works once: what the link leads to is overwritten, the link is deleted, and a start with
// a target that cannot be written fails. CarbonServerManager ends Java with 121 for a restart from the console, upon which wso2server.sh starts it again
// by itself: whoever starts the script has no chance to put another password-tmp there.
type service struct {
	Name        string // of the service: letters, digits, and . _ -
	Home        string
	Java        string // JAVA_HOME, "" = not known
	User, Group string // of the server
	RunDir      string // a folder in memory
	Secrets     string // the folder of root that holds the password
}

// newService returns the service of an install.
func newService(in *carbon.Install) service {
	s := service{Name: serviceName(in.Home), Home: in.Home, Java: in.Java.Home, RunDir: "/run", Secrets: "/etc/carbon"}
	s.User, s.Group = in.Owner()
	return s
}

// JavaHome is the value of JAVA_HOME in the files.
func (s service) JavaHome() string {
	if s.Java == "" {
		return "/PATH/OF/THE/JDK"
	}
	return s.Java
}

// PasswordFile holds the password in clear, for root alone.
func (s service) PasswordFile() string { return path.Join(s.Secrets, s.Name+".password") }

// CredentialFile holds the password encrypted by systemd-creds.
func (s service) CredentialFile() string { return path.Join(s.Secrets, s.Name+".vault") }

// VaultDir is where the copies for the servers are; every user may pass through it.
func (s service) VaultDir() string { return path.Join(s.RunDir, "carbon-vault") }

// VaultFile is the copy of the password while the server runs.
func (s service) VaultFile() string { return path.Join(s.VaultDir(), s.Name) }

// PersistLink is what the server reads.
func (s service) PersistLink() string { return path.Join(s.Home, sv.PasswordPersist) }

// UnitFile is the place of the systemd unit.
func (s service) UnitFile() string { return "/etc/systemd/system/" + s.Name + ".service" }

// DropIn is the place of what the unit does for the vault.
func (s service) DropIn() string { return s.UnitFile() + ".d/vault.conf" }

// InitScript is the place of the init script.
func (s service) InitScript() string { return "/etc/init.d/" + s.Name }

// serviceName makes a name for a unit, an init script and their files of that of the home.
func serviceName(home string) string {
	name := strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r)) {
			return r
		}
		return '-'
	}, filepath.Base(home))
	if name = strings.Trim(name, "-."); name == "" {
		return "carbon"
	}
	return name
}

// fault says why no file can be made for this home, "" when it can. systemd takes blanks off the end of a line and joins a line that ends with \, and
// refuses what is not UTF-8.
func (s service) fault() string {
	switch {
	case !utf8.ValidString(s.Home):
		return "its path is not UTF-8"
	case strings.ContainsFunc(s.Home, unicode.IsControl):
		return "its path has a control character"
	case strings.TrimSpace(s.Home) != s.Home:
		return "its path ends with a blank"
	case strings.HasSuffix(s.Home, `\`):
		return `its path ends with \`
	}
	return ""
}

// render fills one of the unitFiles in.
func (s service) render(name string) (string, error) {
	t, err := template.New(name).Funcs(template.FuncMap{"unit": unitValue, "env": unitEnvironment, "exec": unitWord, "sh": shellWord}).ParseFS(unitFiles, "units/"+name)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, s)
	return b.String(), err
}

// unitValue is a setting of a unit that systemd takes as it stands but for specifiers (systemd.unit(5)): User, WorkingDirectory.
func unitValue(s string) string { return strings.ReplaceAll(s, "%", "%%") }

// unitEnvironment is what stands between double quotes in Environment=, where $ means nothing (systemd.exec(5)).
func unitEnvironment(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%").Replace(s)
}

// unitWord is a word of a command line in a unit; there $ stands for a variable (systemd.service(5)).
func unitWord(s string) string {
	return `"` + strings.ReplaceAll(unitEnvironment(s), "$", "$$") + `"`
}
