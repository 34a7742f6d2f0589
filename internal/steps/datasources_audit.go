package steps

import (
	"fmt"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/database"
	"carbon-setup/internal/secret"
)

// The rules of guideline 6.
const (
	ruleEmbedded  = "CS-6.1" // H2
	ruleDBDriver  = "CS-6.2" // the driver's jar
	ruleDBLogin   = "CS-6.3" // default password
	ruleDBPool    = "CS-6.4" // the query that tests a connection
	ruleDBURL     = "CS-6.5" // the URL
	ruleDBUnread  = "CS-6.6" // files that could not be looked at
	fixDatasource = "Answer guideline 6 (Registry and governance)."
)

func (s datasources) Audit(w *Workspace) []Result {
	w.openVault(nil)
	var all []Result
	blocks, unread := readBlocks(w)
	for _, u := range unread {
		all = append(all, Result{ID: ruleDBUnread, Status: Unknown, Place: carbon.Place{File: u.File}, Message: "Not checked: " + u.String() + "."})
	}
	for _, b := range blocks {
		if b.h2 {
			all = append(all, Result{
				ID: ruleEmbedded, Status: Warn, Severity: Warning, Place: b.place, Message: "Embedded H2 database: " + b.name + ".",
				Why: "H2 is slow, its files may be corrupted by a crash, and no second server can share them.", Fix: fixDatasource,
			})
			continue
		}
		all = append(all, s.auditServer(w, b)...)
	}
	return all
}

// auditServer judges a datasource that leads to a database server.
func (s datasources) auditServer(w *Workspace, b *dsBlock) []Result {
	if b.err != nil {
		return []Result{{ID: ruleDBURL, Status: Unknown, Place: b.place, Message: "Not checked: the URL of " + b.name + " is none that is known here."}}
	}
	all := []Result{{ID: ruleEmbedded, Status: OK, Place: b.place, Message: b.name + " leads to " + b.target.String() + "."}}
	for _, f := range b.target.Faults() {
		if strings.HasPrefix(f.Field, "password") || f.Field == "username" {
			continue
		}
		status, severity := Warn, Warning
		switch f.Severity {
		case database.Bad:
			status, severity = Fail, Error
		case database.Note:
			continue
		case database.Warning:
		}
		all = append(all, Result{ID: ruleDBURL, Status: status, Severity: severity, Place: b.place, Message: f.What + " (" + b.name + ")", Why: "The server connects by this URL.", Fix: f.Fix})
	}
	all = append(all, auditDriver(w, b))
	if b.password.Equal(secret.New(shippedPassword)) {
		all = append(all, Result{ID: ruleDBLogin, Status: Fail, Severity: Error, Place: b.place, Message: "The default password leads into the database of " + b.name + ".", Why: "Everybody knows it.", Fix: fixDatasource})
	}
	d := &dsWish{block: b, target: b.target}
	switch {
	case b.query != "" && wrongQuery(b.query, d):
		all = append(all, Result{
			ID: ruleDBPool, Status: Fail, Severity: Error, Place: b.place, Message: fmt.Sprintf("There is no such query for %s: %s (%s).", b.target.Kind.Title(), b.query, b.name),
			Why: "Every connection that is borrowed from the pool is tested with it, and fails.", Fix: "Write " + b.target.Kind.ValidationQuery() + ".",
		})
	case b.query == "" || b.config.First("testOnBorrow").Text() != "true":
		all = append(all, Result{
			ID: ruleDBPool, Status: Warn, Severity: Note, Place: b.place, Message: "There is no test of a connection before it is used: " + b.name + ".",
			Why: "After a night without traffic the first requests fail on connections that a firewall or the database has closed.", Fix: "Set testOnBorrow to true, and validationQuery to " + b.target.Kind.ValidationQuery() + ".",
		})
	}
	return all
}

func auditDriver(w *Workspace, b *dsBlock) Result {
	at := carbon.Place{File: carbon.ComponentsLib}
	jar := driverFor(w, &dsWish{target: b.target})
	if jar == nil {
		return Result{
			ID: ruleDBDriver, Status: Fail, Severity: Error, Place: at, Message: "There is no JDBC driver for " + b.name + " (" + b.class + ").",
			Why: "The server stops at its start: the class cannot be found by jdbc-pool.", Fix: "Put the driver's jar for " + b.target.Kind.Title() + " there.",
		}
	}
	for _, f := range jar.jar.Fits(b.target.Kind, w.Install.Java.Major) {
		if f.Severity == database.Bad {
			return Result{ID: ruleDBDriver, Status: Fail, Severity: Error, Place: carbon.Place{File: jar.path}, Message: f.What, Why: "The server cannot load it.", Fix: f.Fix}
		}
	}
	if twins := driverTwins(w, jar, b.target); len(twins) > 0 {
		return Result{
			ID: ruleDBDriver, Status: Warn, Severity: Warning, Place: at, Message: fmt.Sprintf("Several jars hold %s: %s and %s.", jar.class(b.target), jar.path, strings.Join(twins, ", ")),
			Why: "Each becomes a bundle of its own, and the server loads the class from one of them, not always from the newest.", Fix: "Keep one, and remove what was made from the others in " + carbon.Dropins + ".",
		}
	}
	return Result{ID: ruleDBDriver, Status: OK, Place: carbon.Place{File: jar.path}, Message: "The driver of " + b.name + " is there: " + jar.class(b.target) + "."}
}

// Verify compares every block with the answers.
func (s datasources) Verify(w *Workspace, a *answers.Set) []Result {
	w.openVault(a)
	var all []Result
	for _, d := range wishes(w, a) {
		if d.keeps() {
			continue
		}
		all = append(all, s.verifyOne(w, d))
	}
	return all
}

func (s datasources) verifyOne(w *Workspace, d *dsWish) Result {
	r := Result{ID: ruleEmbedded, Guideline: 6, Status: Fail, Severity: Error, Place: carbon.Place{File: carbon.MasterDS}}
	if d.block == nil {
		r.Message = "The datasource " + d.name + " is not there."
		return r
	}
	r.Place = d.block.place
	url, err := d.target.URL()
	jar := driverFor(w, &dsWish{target: d.target})
	switch {
	case err != nil || d.block.err != nil || d.block.h2:
		r.Message = d.name + " does not lead to " + d.target.String() + "."
	case d.block.url != url && d.block.target.Filled().String() != d.target.Filled().String():
		r.Message = d.name + " leads to " + d.block.target.String() + ", not to " + d.target.String() + "."
	case d.block.username != d.target.Username || d.block.sealed == "" && !d.block.password.Equal(d.target.Password):
		r.Message = d.name + " has another user or password than the answers."
	case !d.had:
		r.Message = d.name + " is not looked up for " + strings.Join(d.use, " and ") + "."
	case !d.mounted(w):
		r.Message = carbon.RegistryXML + " does not mount what the answers want from " + d.name + "."
	case jar == nil:
		r.Message = "There is no driver for " + d.name + " in " + carbon.ComponentsLib + "."
	default:
		r.Status, r.Severity, r.Message = OK, 0, d.name+" leads to "+d.target.String()+", with "+d.block.class+"."
	}
	return r
}

// Advice tells what is left behind and what the DBA has to do.
func (s datasources) Advice(w *Workspace, a *answers.Set) []Advice {
	var all []Advice
	var untested []string
	var kept []string
	for _, d := range wishes(w, a) {
		switch {
		case d.keeps():
			kept = append(kept, d.name)
		case d.kind() == database.Oracle || d.kind() == database.SQLServer:
			untested = append(untested, d.name)
		}
	}
	if len(kept) > 0 {
		all = append(all, Advice{Guideline: 6, Title: "Still in H2", Text: strings.Join(kept, ", ") + ": the files in " + carbon.DatabaseDir + ". Back them up while the server is stopped, and share them with no other server."})
	}
	if len(untested) > 0 {
		all = append(all, Advice{
			Guideline: 6, Title: "After the first start",
			Text: "Look into the log of the first start for errors of the database (" + strings.Join(untested, ", ") + "): this tool speaks to Oracle and SQL Server through other drivers than Carbon.",
		})
	}
	if blocks, _ := readBlocks(w); w.Has(carbon.HiveSite) && len(blocks) > 0 {
		all = append(all, Advice{Guideline: 6, Title: "Hive has a database of its own", Text: carbon.HiveSite + " names the metastore of Hive in javax.jdo.option.ConnectionURL. It is H2 when it is shipped, and not changed here."})
	}
	return append(all, Advice{
		Guideline: 6, Title: "Backup of the databases",
		Text: "From now on " + w.heldInDatabases() + " are in the database: back it up with what it offers (guideline 14), together with the keystores.",
	})
}

// heldInDatabases is what the product keeps in its databases.
func (w *Workspace) heldInDatabases() string {
	if w.Has(carbon.APIManagerXML) {
		return "users, registry and API data"
	}
	return "users and registry"
}

// driverTwins are the other jars that hold the driver of a jar.
func driverTwins(w *Workspace, jar *driverJar, t database.Target) []string {
	var twins []string
	for _, o := range driversThere(w) {
		if o.path != jar.path && o.class(t) != "" {
			twins = append(twins, o.path)
		}
	}
	return twins
}
