package steps

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/database"
)

// backupDB is a database on a server that is dumped, once, whatever the number of datasources that lead to it.
type backupDB struct {
	Name   string   // of its files: that of the first datasource, in letters that need no quotes
	uses   []string // the datasources
	target database.Target
	addrs  []database.Addr
	set    backupSettings
}

// backupH2 is an H2 database of the home.
type backupH2 struct {
	Name string
	Path string // whole, without the ending of its files; "" = it has none
}

// backupSource is what the datasources of an install lead to.
type backupSource struct {
	servers []*backupDB
	h2      []backupH2
	unknown []string // sentences about those that cannot be dumped
}

// backupSources reads the datasources as edited so far. One that leads nowhere, as the products ship some, is passed over.
func backupSources(w *Workspace) backupSource {
	blocks, unread := readBlocks(w)
	return backupSourcesOf(w, blocks, unread)
}

// plannedSources are those that answers come to which are not planned yet.
func plannedSources(w *Workspace, a *answers.Set) backupSource {
	blocks, unread := readBlocks(w)
	for _, d := range wishes(w, a) {
		if d.keeps() || len(d.faults) > 0 || !d.kind().Known() {
			continue
		}
		planned := &dsBlock{name: d.name, target: d.target}
		if at := slices.IndexFunc(blocks, func(b *dsBlock) bool { return b.name == d.name }); at >= 0 {
			planned.place, blocks[at] = blocks[at].place, planned
			continue
		}
		blocks = append(blocks, planned)
	}
	return backupSourcesOf(w, blocks, unread)
}

func backupSourcesOf(w *Workspace, blocks []*dsBlock, unread []carbon.Unreadable) backupSource {
	var src backupSource
	for _, u := range unread {
		src.unknown = append(src.unknown, u.String()+": its databases are no part of the backup.")
	}
	taken := map[string]bool{}
	for _, b := range blocks {
		switch {
		case b.h2:
			src.addH2(w, b, taken)
		case b.err != nil:
			src.unknown = append(src.unknown, b.place.String()+": "+b.name+" leads to a database that is not known here, and that is no part of the backup.")
		default:
			src.addServer(b, taken)
		}
	}
	return src
}

func (src *backupSource) addH2(w *Workspace, b *dsBlock, taken map[string]bool) {
	h, _ := database.ParseH2(b.url)
	switch {
	case h.Server || strings.Contains(h.Path, "${") || strings.HasPrefix(h.Path, "~"):
		src.unknown = append(src.unknown, b.place.String()+": "+b.name+" is an H2 database outside of the install, and no part of the backup.")
	case h.Memory:
		src.h2 = append(src.h2, backupH2{Name: b.name})
	case h.Path != "":
		file := filepath.FromSlash(h.Path)
		if !filepath.IsAbs(file) {
			file = filepath.Join(w.Install.Home, file)
		}
		d := backupH2{Path: filepath.Clean(file)}
		if !slices.ContainsFunc(src.h2, func(o backupH2) bool { return o.Path == d.Path }) {
			d.Name = fileName(b.name, taken)
			src.h2 = append(src.h2, d)
		}
	}
}

func (src *backupSource) addServer(b *dsBlock, taken map[string]bool) {
	t := b.target.Filled()
	addrs, err := t.Addresses()
	if err != nil || len(addrs) == 0 || strings.ContainsFunc(t.Database+t.Service+t.SID+t.Descriptor+t.Host+t.Instance, unicode.IsControl) {
		src.unknown = append(src.unknown, b.place.String()+": where "+b.name+" leads cannot be told; it is no part of the backup.")
		return
	}
	if t.Kind == database.Oracle && !oracleName.MatchString(t.Username) {
		src.unknown = append(src.unknown, fmt.Sprintf("%s: expdp cannot be told the schema %q of %s; it is no part of the backup.", b.place, t.Username, b.name))
		return
	}
	d := &backupDB{uses: []string{b.name}, target: t, addrs: addrs}
	for _, o := range src.servers {
		if o.same(d) {
			o.uses = append(o.uses, b.name)
			return
		}
	}
	d.Name = fileName(b.name, taken)
	src.servers = append(src.servers, d)
}

// same reports whether two datasources lead to one database, by whatever login and driver.
func (d *backupDB) same(o *backupDB) bool { return d.identity() == o.identity() }

func (d *backupDB) identity() string {
	t := d.target
	id := []string{d.Credential(), t.Database, t.Service, t.SID, t.Descriptor, t.Instance}
	if t.Kind == database.Oracle {
		id = append(id, strings.ToUpper(t.Username))
	}
	for _, a := range d.addrs {
		id = append(id, strings.ToLower(a.String()))
	}
	return strings.Join(id, "\x00")
}

// fileName makes a name for files of that of a datasource, which no other has.
func fileName(name string, taken map[string]bool) string {
	base := strings.Trim(strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '-') {
			return r
		}
		return '_'
	}, name), "_-")
	if base == "" {
		base = "database"
	}
	name = base
	for n := 2; taken[strings.ToLower(name)]; n++ {
		name = base + "-" + strconv.Itoa(n)
	}
	taken[strings.ToLower(name)] = true
	return name
}

// has reports whether a database takes its password from a file of this kind.
func (src *backupSource) has(credential string) bool {
	return slices.ContainsFunc(src.servers, func(d *backupDB) bool { return d.Credential() == credential })
}

// Credential is the ending of the file with the password.
func (d *backupDB) Credential() string {
	switch d.target.Kind {
	case database.PostgreSQL:
		return "pgpass"
	case database.Oracle:
		return "par"
	case database.SQLServer:
		return "sqlcmd"
	case database.MySQL, database.MariaDB:
	}
	return "cnf"
}

// CredentialUser is who logs in.
func (d *backupDB) CredentialUser() string { return d.set.Username }

// What says which database it is, and who uses it.
func (d *backupDB) What() string { return d.target.String() + ", used by " + andList(d.uses) }

func andList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// Call is the line of the script that dumps it.
func (d *backupDB) Call() string {
	words := []string{}
	add := func(all ...string) {
		for _, one := range all {
			words = append(words, shellWord(one))
		}
	}
	wanted, _ := d.target.Wanted()
	tls := wanted.TLS
	switch d.target.Kind {
	case database.PostgreSQL:
		hosts, ports := make([]string, len(d.addrs)), make([]string, len(d.addrs))
		for i, a := range d.addrs {
			hosts[i], ports[i] = a.Host, strconv.Itoa(a.Port)
		}
		mode, roots := "", ""
		if tls == database.TLSRequire || tls == database.TLSVerifyCA || tls == database.TLSVerifyFull {
			mode = string(tls)
		}
		if path.IsAbs(wanted.Roots) {
			roots = wanted.Roots
		}
		add("postgresql", d.Name, strings.Join(hosts, ","), strings.Join(ports, ","), d.target.Database, mode, roots)
	case database.Oracle:
		add("oracle", d.Name, d.connect(), strings.ToUpper(d.target.Username), d.set.OracleDirectory, d.target.String())
	case database.SQLServer:
		head, tail := d.statement()
		trust := "-C"
		if tls == database.TLSVerifyCA || tls == database.TLSVerifyFull {
			trust = ""
		}
		add("sqlserver", d.Name, d.server(), trust, head, tail, d.target.String())
	default:
		mode := ""
		switch tls {
		case database.TLSRequire:
			mode = "require"
		case database.TLSVerifyCA, database.TLSVerifyFull:
			mode = "verify"
		case database.TLSOff, database.TLSPrefer:
		}
		clients := []string{"mysqldump", "mariadb-dump"}
		if d.target.Kind == database.MariaDB {
			slices.Reverse(clients)
		}
		add("mysql", d.Name, d.addrs[0].Host, strconv.Itoa(d.addrs[0].Port), d.target.Database, mode)
		add(clients...)
	}
	return strings.Join(words, " ")
}

// connect is what Oracle's programs take for where to go: an address with a service, or a descriptor. A SID has no other form.
func (d *backupDB) connect() string {
	t, a := d.target, d.addrs[0]
	switch {
	case t.Descriptor != "":
		return t.Descriptor
	case t.SID != "":
		return fmt.Sprintf("(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=%s)(PORT=%d))(CONNECT_DATA=(SID=%s)))", a.Host, a.Port, t.SID)
	}
	return fmt.Sprintf("//%s/%s", a, t.Service)
}

// server is what sqlcmd takes for where to go.
func (d *backupDB) server() string {
	a := d.addrs[0]
	if a.Port == 0 && d.target.Instance != "" {
		return a.Host + `\` + d.target.Instance
	}
	return fmt.Sprintf("tcp:%s,%d", a.Host, a.Port)
}

// statement is BACKUP DATABASE before and after the name of the file. COPY_ONLY leaves the administrator's own chain of backups alone.
func (d *backupDB) statement() (head, tail string) {
	dir, slash := d.set.ServerDirectory, "/"
	if strings.Contains(dir, `\`) {
		slash = `\`
	}
	dir = strings.TrimSuffix(dir, slash) + slash
	return fmt.Sprintf("BACKUP DATABASE %s TO DISK = N'%s", bracketed(d.target.Database), strings.ReplaceAll(dir, "'", "''")), "' WITH COPY_ONLY, CHECKSUM"
}

func bracketed(name string) string { return "[" + strings.ReplaceAll(name, "]", "]]") + "]" }

// Folder is where the files of an H2 database are.
func (d backupH2) Folder() string { return filepath.Dir(d.Path) }

// Call is the line of the script that copies it.
func (d backupH2) Call() string { return "h2_files " + shellWord(d.Name) + " " + shellWord(d.Path) }
