package steps

import (
	"slices"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/database"
)

// datasources is guideline 6: the databases of registry, users and what the product keeps besides.
type datasources struct {
	tests *databaseTests // nil = real connections
}

// Keys of one datasource, behind datasources.NAME.
const (
	dsType       = "type"
	dsHost       = "host"
	dsPort       = "port"
	dsDatabase   = "database"
	dsService    = "service"
	dsSID        = "sid"
	dsDescriptor = "descriptor"
	dsInstance   = "instance"
	dsUsername   = "username"
	dsPassword   = "password" // #nosec G101 -- a key
	dsDriver     = "driver"
	dsParameters = "parameters"
	dsSchema     = "schema"
	dsJNDI       = "jndi"
	dsUse        = "use"
	dsMount      = "mount"
)

// Types beside those of database.Kinds.
const (
	typeH2   = "h2"
	typeSame = "same"
)

// What is to happen to the tables.
const (
	schemaCreate = "create"
	schemaVerify = "verify"
	schemaSkip   = "skip"
)

// What a datasource of the operator's own is for.
const (
	useRegistry = "registry"
	useUsers    = "users"
	useMount    = "mount"
)

const sectionDatasources = "datasources"

// dsKey is the key of an answer about a datasource.
func dsKey(name, key string) string { return sectionDatasources + "." + name + "." + key }

func (datasources) Info() Info {
	return Info{
		ID: "datasources", Section: sectionDatasources, Guideline: 6, Title: "Registry and governance",
		Why: `Registry, users and, in API Manager, API data lie in H2 databases inside the product. H2 is slow, cannot be shared by a cluster, and its files may be corrupted by a crash.
Use Oracle, PostgreSQL, MySQL or SQL Server, and back it up.

The names under which the product looks its databases up stay, so that registry.xml and user-mgt.xml keep working; what changes is where the names lead. Every connection is tested from this machine
before anything is written, and the tables are made from the scripts of this very install, in an empty database only: the scripts for PostgreSQL and SQL Server delete tables that are there.

What is in the H2 databases is not taken along. A server that was never started has nothing in them.`,
	}
}

func (datasources) Applies(w *Workspace) (bool, string) {
	if len(w.matching(carbon.DatasourcesDir+"/*-datasources.xml")) == 0 {
		return false, "This install has no " + carbon.MasterDS + ", which names its databases."
	}
	return true, ""
}

func (datasources) Specs() []answers.Spec {
	key := func(k string) string { return dsKey("*", k) }
	return []answers.Spec{
		{
			Key: key(dsType), Kind: answers.Choice, Choices: databaseTypes(), Label: "Database server", Example: "postgresql",
			Help: "h2: leave the embedded database, for a local registry alone. same: the server, login and parameters of the first datasource, with another database.",
		},
		{Key: key(dsHost), Kind: answers.Text, Label: "Host", Example: "db1.example.com", Help: "Name or address of the database server."},
		{Key: key(dsPort), Kind: answers.Int, Label: "Port", Example: "5432", Help: "Left out: the usual one of the server."},
		{Key: key(dsDatabase), Kind: answers.Text, Label: "Database", Example: "carbon", Help: "Name of the database. It has to be there; the tables are made on request. Oracle has a service or a SID instead."},
		{Key: key(dsService), Kind: answers.Text, Label: "Oracle service", Example: "orcl.example.com", Help: "Service name of an Oracle database, or of a pluggable one."},
		{Key: key(dsSID), Kind: answers.Text, Label: "Oracle SID", Example: "ORCL", Help: "For an Oracle database that has no service name."},
		{Key: key(dsDescriptor), Kind: answers.Text, Label: "Oracle descriptor", Example: "(DESCRIPTION=...)", Help: "The whole descriptor, for RAC, instead of host, port and service."},
		{Key: key(dsInstance), Kind: answers.Text, Label: "SQL Server instance", Example: "CARBON", Help: "A named instance. With a port the port counts."},
		{Key: key(dsUsername), Kind: answers.Text, Label: "User", Example: "carbon", Help: "The database user of the server. To create tables it needs the right to do so."},
		{Key: key(dsPassword), Kind: answers.Secret, Label: "Password", Example: "{env: DB_PW}", Help: "Password of the database user."},
		{Key: key(dsDriver), Kind: answers.Path, Label: "JDBC driver", Example: "/opt/drivers/postgresql.jar", Help: "The driver's jar. It is copied into repository/components/lib. Left out: the one that is there."},
		{Key: key(dsParameters), Kind: answers.Map, Label: "Options of the URL", Example: "{sslmode: verify-full}", Help: "Options of the JDBC URL. The connection test heeds them as the driver does."},
		{
			Key: key(dsSchema), Kind: answers.Choice, Choices: []string{schemaCreate, schemaVerify, schemaSkip}, Label: "Tables", Example: schemaCreate,
			Help: "create: make the tables from the scripts of the install, if the database is empty. verify: they have to be there. skip: do not look. Left out: create.",
		},
		{Key: key(dsJNDI), Kind: answers.Text, Label: "JNDI name", Example: "jdbc/WSO2UM_DB", Help: "For a datasource that the install does not have: the name under which it is looked up. The block is added to master-datasources.xml."},
		{Key: key(dsUse), Kind: answers.List, Label: "Used for", Example: "[users]", Help: "For a datasource that the install does not have: registry, users, or mount (a registry database that several servers share, mounted beside the local one)."},
		{Key: key(dsMount), Kind: answers.List, Label: "Mounted paths", Example: "[/_system/config, /_system/governance]", Help: "With use: mount, the paths of the registry that are shared. Left out: those that are mounted, or else /_system/config and /_system/governance."},
	}
}

func databaseTypes() []string {
	types := []string{typeH2, typeSame}
	for _, k := range database.Kinds() {
		types = append(types, string(k))
	}
	return types
}

// Fields asks about every datasource of the install that the server opens through JDBC, one after the other: what is proposed for the next rests on what
// was answered for those before it.
func (s datasources) Fields(w *Workspace, a *answers.Set) []Field {
	blocks, _ := readBlocks(w)
	f := newFields(s.Specs())
	first := ""
	for i, b := range blocks {
		s.fieldsOf(w, a, f, b, first)
		if first == "" {
			first = b.name
		}
		later := slices.ContainsFunc(blocks[i+1:], func(o *dsBlock) bool { return slices.Contains(a.Names(sectionDatasources), o.name) })
		if !answered(a, dsKey(b.name, dsType)) && !later {
			break
		}
	}
	return f.all
}

// fieldsOf asks about one datasource.
func (s datasources) fieldsOf(w *Workspace, a *answers.Set, f *fieldsOf, b *dsBlock, first string) {
	ask := func(key string, change func(q *Field)) {
		f.addNamed(dsKey("*", key), dsKey(b.name, key), func(q *Field) {
			q.Label = b.name + ": " + lowerFirst(q.Label)
			if change != nil {
				change(q)
			}
		})
	}
	ask(dsType, func(q *Field) { s.typeField(w, a, q, b, first) })
	wish := wishOf(w, a, b.name, first)
	switch a.Text(dsKey(b.name, dsType)) {
	case "", typeH2:
		return
	case typeSame:
		s.placeFields(ask, b, wish)
		askSchema(w, ask, wish)
		return
	}
	if wish.target.Descriptor == "" {
		ask(dsHost, func(q *Field) {
			q.Required = true
			q.Now.Text, q.Default, q.DefaultFrom = b.target.Host, b.target.Host, "the present value"
		})
		ask(dsPort, func(q *Field) {
			q.Default, q.DefaultFrom = numberText(wish.kind().DefaultPort()), "the usual port of "+wish.kind().Title()
			if b.target.Kind == wish.kind() && b.target.Port != 0 {
				q.Default, q.DefaultFrom = numberText(b.target.Port), "the present value"
			}
			q.Check = checkPortNumber
		})
	}
	s.placeFields(ask, b, wish)
	ask(dsParameters, func(q *Field) {
		q.Help = "name=value, with commas between them, such as sslmode=verify-full. The connection test heeds them as the driver does. \\, is a comma within a value."
		if b.target.Kind == wish.kind() && len(b.target.Parameters) > 0 {
			q.Default, q.DefaultFrom = answers.JoinMap(b.target.Parameters), "the present value"
		}
	})
	ask(dsUsername, func(q *Field) {
		q.Required = true
		if !b.h2 {
			q.Default, q.DefaultFrom = b.username, "the present value"
		}
	})
	ask(dsPassword, func(q *Field) {
		q.Required = b.h2
		q.Now = Present{Text: b.presentPassword(), Place: b.place}
	})
	ask(dsDriver, func(q *Field) {
		asked := *wish
		asked.driver = ""
		asked.adopt(w, wishes(w, a))
		s.driverField(w, q, &asked)
	})
	askSchema(w, ask, wish)
}

// askSchema asks about the tables, where the product has a script for any.
func askSchema(w *Workspace, ask func(string, func(*Field)), wish *dsWish) {
	if sets, err := scriptsFor(w, wish); err == nil && len(sets) == 0 {
		return
	}
	ask(dsSchema, func(q *Field) {
		q.Options = []Option{
			{schemaCreate, "make the tables, if the database is empty"},
			{schemaVerify, "the tables are there already"},
			{schemaSkip, "do not look at them"},
		}
		q.Default, q.DefaultFrom = schemaCreate, "a new database"
	})
}

func (s datasources) typeField(w *Workspace, a *answers.Set, q *Field, b *dsBlock, first string) {
	q.Now = Present{Text: b.present(), Place: b.place}
	same := first != "" && isServer(a.Text(dsKey(first, dsType)))
	for _, t := range databaseTypes() {
		switch {
		case t == typeH2:
			q.Options = append(q.Options, Option{t, "H2, inside the product (not for production)"})
		case t == typeSame && (same || first != "" && a.Text(q.Key) == typeSame): // chosen before the first was changed: Validate says what is wrong
			q.Options = append(q.Options, Option{t, "the server of " + first})
		case t != typeSame:
			q.Options = append(q.Options, Option{t, database.Kind(t).Title()})
		}
	}
	q.Choices = nil
	for _, o := range q.Options {
		q.Choices = append(q.Choices, o.Value)
	}
	switch {
	case !b.h2:
		q.Default, q.DefaultFrom = string(b.target.Kind), "the present value"
	case same:
		q.Default, q.DefaultFrom = typeSame, "the first datasource"
	default:
		q.Default, q.DefaultFrom = string(driverThere(w)), "the driver in "+carbon.ComponentsLib
		if q.Default == "" {
			q.Default, q.DefaultFrom = string(database.PostgreSQL), "one that the guideline names"
		}
	}
}

// placeFields ask for the database on its server.
func (s datasources) placeFields(ask func(string, func(*Field)), b *dsBlock, wish *dsWish) {
	if wish.kind() == database.Oracle {
		if wish.target.SID == "" && wish.target.Descriptor == "" {
			ask(dsService, func(q *Field) { q.Default, q.DefaultFrom = b.target.Service, "the present value" })
		}
		if wish.target.Service == "" && wish.target.Descriptor == "" {
			ask(dsSID, func(q *Field) { q.Default, q.DefaultFrom = b.target.SID, "the present value" })
		}
		if wish.target.Service == "" && wish.target.SID == "" {
			ask(dsDescriptor, func(q *Field) { q.Default, q.DefaultFrom = b.target.Descriptor, "the present value" })
		}
		return
	}
	ask(dsDatabase, func(q *Field) {
		q.Required = true
		q.Default, q.DefaultFrom = strings.ToLower(b.name), "the name of the datasource"
		if b.target.Database != "" {
			q.Default, q.DefaultFrom = b.target.Database, "the present value"
		}
	})
	if wish.kind() == database.SQLServer && wish.typed == string(database.SQLServer) {
		ask(dsInstance, nil)
	}
}

func isServer(typed string) bool { return database.Kind(typed).Known() }

func lowerFirst(s string) string {
	if s == "" || len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
