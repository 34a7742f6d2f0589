package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/database"
)

// scriptFiles are the names of the scripts for each server, in dbscripts and in its folders. MariaDB takes those of MySQL, as the detection of Carbon's own
// setup does not know it.
var scriptFiles = map[database.Kind]string{
	database.MySQL: "mysql.sql", database.MariaDB: "mysql.sql", database.PostgreSQL: "postgresql.sql", database.Oracle: "oracle.sql", database.SQLServer: "mssql.sql",
}

// tablePurpose is a set of tables that a product keeps in a database, and by what it is known which one.
type tablePurpose struct {
	name   string // "registry"
	folder string // below dbscripts
	title  string
	names  []jndiSite // where the product says which datasource it takes
}

// jndiSite is an element that names a datasource by its JNDI name.
type jndiSite struct{ file, at string }

// tablePurposes: the scripts below dbscripts/identity repeat tables of apimgt and are for upgrades; they are never run.
var tablePurposes = []tablePurpose{
	{
		name: "registry", folder: "", title: "registry, users and permissions",
		names: []jndiSite{{carbon.RegistryXML, "/wso2registry/dbConfig/dataSource"}, {carbon.UserMgtXML, realmConfig + "/Property[@name='dataSource']"}},
	},
	{
		name: "apimgt", folder: "apimgt", title: "API Manager",
		names: []jndiSite{{carbon.APIManagerXML, "//DataSourceName"}, {carbon.IdentityXML, "//JDBCPersistenceManager/DataSource/Name"}},
	},
	{
		name: "identity", folder: "identity", title: "identity",
		names: []jndiSite{{carbon.IdentityXML, "//JDBCPersistenceManager/DataSource/Name"}},
	},
}

// scriptsFor returns the scripts of the install for what a datasource holds. Errors name the file.
func scriptsFor(w *Workspace, d *dsWish) ([]database.ScriptSet, error) {
	var sets []database.ScriptSet
	jndi := d.jndi
	if d.block != nil {
		jndi = d.block.jndi
	}
	for _, p := range tablePurposes {
		if !p.wants(w, jndi, d.use) || p.name == "identity" && len(sets) > 0 && sets[len(sets)-1].Name == "apimgt" {
			continue // the script of API Manager holds the tables of identity, too
		}
		rel := carbon.DBScripts + "/" + strings.TrimPrefix(p.folder+"/", "/") + scriptFiles[d.kind()]
		if p.folder == "" {
			rel = carbon.DBScripts + "/" + scriptFiles[d.kind()]
		}
		data, err := w.Bytes(rel)
		if err != nil {
			if p.name != "registry" && isMissing(err) && !w.Has(carbon.APIManagerXML) {
				continue // identity.xml stands in products that have neither of the scripts
			}
			if p.name == "identity" && isMissing(err) {
				continue
			}
			return nil, err
		}
		set, err := database.NewScriptSet(p.name, rel, d.kind(), data)
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	return sets, nil
}

// wants reports whether the tables of the purpose lie in a datasource.
func (p tablePurpose) wants(w *Workspace, jndi string, use []string) bool {
	if p.name == "registry" && len(use) > 0 {
		return true
	}
	for _, site := range p.names {
		doc, err := w.XML(site.file)
		if err != nil || jndi == "" {
			continue
		}
		for _, e := range doc.Find(site.at) {
			if strings.TrimSpace(e.Text()) == jndi {
				return true
			}
		}
	}
	return false
}

// What the names of the actions begin with that create tables, and of those that only look whether they are there. UndoAction knows them by these.
const (
	tablesAction = "Tables of "
	lookAction   = "Look at the tables of "
)

// planTables asks for the tables of every datasource that is led to another database. One that leads there already has had them from an earlier run.
func (s datasources) planTables(w *Workspace, all []*dsWish) {
	for _, d := range all {
		if d.keeps() || d.schema == schemaSkip || d.leadsThere() && d.had {
			continue
		}
		sets, err := scriptsFor(w, d)
		if err != nil || len(sets) == 0 {
			continue // Validate has said so
		}
		job := &tableJob{wish: d, sets: sets, options: s.testOptions(w, sets), tests: s.real()}
		files := make([]string, len(sets))
		tables := 0
		for i, set := range sets {
			files[i] = set.File
			tables += len(set.Tables)
		}
		name, what := tablesAction, fmt.Sprintf("%d tables from %s in %s, if it is empty", tables, strings.Join(files, " and "), d.target.String())
		if d.schema == schemaVerify {
			name, what = lookAction, fmt.Sprintf("whether the %d tables of %s are in %s", tables, strings.Join(files, " and "), d.target.String())
		}
		w.Do(apply.Action{Name: name + d.name, Detail: what, Do: job.do, Undo: job.undo})
	}
}

// leadsThere reports whether the block on the disk leads to the wanted database already.
func (d *dsWish) leadsThere() bool {
	return d.block != nil && !d.block.h2 && d.block.err == nil && d.block.target.Filled().String() == d.target.Filled().String()
}

// tableJob creates the tables of one datasource, or looks at them.
type tableJob struct {
	wish    *dsWish
	sets    []database.ScriptSet
	options database.TestOptions
	tests   *databaseTests
	made    []database.Created
}

func (j *tableJob) do(ctx context.Context) (err error) {
	conn, err := j.tests.open(ctx, j.wish.target, j.options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	state, err := conn.Inspect(ctx, j.sets...)
	if err != nil {
		return err
	}
	for _, set := range j.sets {
		now, _ := state.Set(set.Name)
		if now.Kind == database.Complete {
			continue
		}
		if j.wish.schema == schemaVerify {
			return fmt.Errorf("%s: %d of the %d tables of %s are missing in %s: %s", j.wish.name, len(now.Missing), len(set.Tables), set.File, j.wish.target, firstFew(now.Missing))
		}
		made, err := conn.Create(ctx, set, func(done, total int, table string) {
			apply.Tell(ctx, fmt.Sprintf("%s, statement %d of %d: %s", set.File, done, total, table))
		}, others(j.sets, set.Name)...)
		if made.Statements > 0 {
			j.made = append(j.made, made)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func others(all []database.ScriptSet, name string) []database.ScriptSet {
	return slices.DeleteFunc(slices.Clone(all), func(s database.ScriptSet) bool { return s.Name == name })
}

func firstFew(names []string) string {
	if len(names) > 5 {
		return strings.Join(names[:5], ", ") + fmt.Sprintf(" and %d more", len(names)-5)
	}
	return strings.Join(names, ", ")
}

// undo drops what do has made, and nothing that holds a row which the scripts have not put there.
func (j *tableJob) undo(ctx context.Context) (err error) {
	if len(j.made) == 0 {
		return nil
	}
	conn, err := j.tests.open(ctx, j.wish.target, j.options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	for _, made := range slices.Backward(j.made) {
		for _, set := range j.sets {
			if set.Name == made.Set {
				err = errors.Join(err, conn.Drop(ctx, set, made))
			}
		}
	}
	return err
}

// UndoAction undoes an action of a run that was cut off, whose own Undo has gone with its process. Tables that were being created need none: a database
// that has been begun with is gone on with by the next run, and nothing else is in it.
func UndoAction(ctx context.Context, name, _ string) error {
	switch {
	case strings.HasPrefix(name, tablesAction), strings.HasPrefix(name, lookAction):
		return nil
	case strings.HasPrefix(name, adminPasswordAction), strings.HasPrefix(name, adminDisableAction):
		return undoUser(ctx, openUsers)
	}
	return fmt.Errorf("%s: nothing is known that undoes it", name)
}
