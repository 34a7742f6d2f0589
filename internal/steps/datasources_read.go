package steps

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/database"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

// dsBlock is a datasource of the install that the server opens through JDBC.
type dsBlock struct {
	name     string
	jndi     string
	file     string
	doc      *edit.XML
	config   *edit.Element // <configuration>
	place    carbon.Place  // of the URL, or of the block
	url      string
	username string
	password secret.Secret // not set: the block has none, or the vault keeps it
	sealed   string        // alias of a vault that cannot be opened
	class    string
	query    string
	h2       bool
	target   database.Target // of a URL that could be read
	err      error           // why it could not
}

// readBlocks finds the datasources of the type RDBMS, edits included, in the order in which the server reads them: those of
// master-datasources.xml first. Files that cannot be read are returned apart.
func readBlocks(w *Workspace) (all []*dsBlock, unread []carbon.Unreadable) {
	files := w.matching(carbon.DatasourcesDir + "/*-datasources.xml")
	slices.SortStableFunc(files, func(a, b string) int {
		return strings.Compare(masterFirst(a), masterFirst(b))
	})
	for _, rel := range files {
		doc, err := w.XML(rel)
		if err != nil {
			unread = append(unread, carbon.Unreadable{File: rel, Why: whyUnread(err)})
			continue
		}
		for _, e := range doc.Find("/datasources-configuration/datasources/datasource") {
			definition := e.First("definition")
			if kind, _ := definition.Attr("type"); kind != "RDBMS" || definition.First("configuration") == nil {
				continue
			}
			all = append(all, readBlock(w, rel, doc, e))
		}
	}
	return all, unread
}

func masterFirst(rel string) string {
	if rel == carbon.MasterDS {
		return ""
	}
	return rel
}

func readBlock(w *Workspace, rel string, doc *edit.XML, e *edit.Element) *dsBlock {
	config := e.First("definition/configuration")
	b := &dsBlock{name: e.First("name").Text(), jndi: e.First("jndiConfig/name").Text(), file: rel, doc: doc, config: config}
	b.place = carbon.Place{File: rel, Line: e.Line()}
	if u := config.First("url"); u != nil {
		b.url, b.place.Line = u.Text(), u.Line()
	}
	b.username, b.class, b.query = config.First("username").Text(), config.First("driverClassName").Text(), config.First("validationQuery").Text()
	if p := config.First("password"); p != nil {
		if b.sealed = w.sealed(p); b.sealed == "" {
			b.password = secret.New(p.Text())
		}
	}
	if _, b.h2 = database.ParseH2(b.url); b.h2 {
		return b
	}
	b.target, b.err = database.ParseURL(b.url)
	b.target.Username, b.target.Password = b.username, b.password
	return b
}

// present says where a datasource leads now.
func (b *dsBlock) present() string {
	switch {
	case b.h2:
		return "H2, inside the product"
	case b.err != nil:
		return "a database that is not known here"
	}
	return b.target.String()
}

func (b *dsBlock) presentPassword() string {
	switch {
	case b.sealed != "":
		return "in the secure vault"
	case b.password.Equal(secret.New(shippedPassword)):
		return "the default password"
	}
	return secret.Shown
}

// block returns the datasource of a name, nil when there is none.
func block(all []*dsBlock, name string) *dsBlock {
	for _, b := range all {
		if b.name == name {
			return b
		}
	}
	return nil
}

// dsWish is what the answers want of one datasource.
type dsWish struct {
	name   string
	typed  string // as answered
	block  *dsBlock
	target database.Target
	driver string // path of a jar, "" = the one that is there
	schema string
	jndi   string
	use    []string // of a new one
	mount  []string
	faults []dsFault

	had     bool   // registry.xml and user-mgt.xml look it up already, for all that it is used for
	adopted string // driver that the answers name for another datasource
}

// dsFault is what the answers about a datasource lack or have too much.
type dsFault struct{ key, what, fix string }

func (d *dsWish) kind() database.Kind { return d.target.Kind }

// keeps reports whether the datasource stays as it is.
func (d *dsWish) keeps() bool {
	return d.typed == typeH2 || d.typed == "" && d.block != nil && d.block.h2
}

// wishOf reads the answers about one datasource. What is left out stays, for one that leads to a server of the kind already. first is the datasource
// that "same" stands for.
func wishOf(w *Workspace, a *answers.Set, name, first string) *dsWish {
	blocks, _ := readBlocks(w)
	text := func(key string) string { return a.Text(dsKey(name, key)) }
	d := &dsWish{name: name, typed: text(dsType), block: block(blocks, name), driver: text(dsDriver), schema: text(dsSchema), jndi: text(dsJNDI)}
	d.use, d.mount = a.List(dsKey(name, dsUse)), a.List(dsKey(name, dsMount))
	if d.schema == "" {
		d.schema = schemaCreate
	}
	if d.jndi == "" && d.block != nil {
		d.jndi = d.block.jndi
	}
	d.had = d.block != nil && d.wired(w, d.block.jndi)
	d.base(w, a, first)
	d.fill(a)
	return d
}

// base is what the answers change: the same server as the first, or what is there, or nothing.
func (d *dsWish) base(w *Workspace, a *answers.Set, first string) {
	switch {
	case d.typed == typeSame && (first == "" || first == d.name):
		d.fault(dsType, "same stands for the server of the first datasource, and this is the first.", "Name the kind of server.")
	case d.typed == typeSame:
		model := wishOf(w, a, first, "")
		if !model.kind().Known() {
			d.fault(dsType, "same stands for the server of "+first+", and the answers name none for it.", "Give "+dsKey(first, dsType)+", or name the kind of server here.")
		}
		d.target, d.driver = model.target, model.driver
		d.target.Database, d.target.Service, d.target.SID = "", model.target.Service, model.target.SID
		if d.block != nil && !d.block.h2 && d.block.err == nil {
			d.target.Database = d.block.target.Database
		}
	case d.block != nil && !d.block.h2 && d.block.err == nil && (d.typed == "" || d.typed == string(d.block.target.Kind)):
		d.target = d.block.target
	case isServer(d.typed):
		d.target.Kind = database.Kind(d.typed)
	case d.typed == "":
		d.fault(dsType, "The kind of database server is missing.", "Give "+dsKey(d.name, dsType)+".")
	}
}

func (d *dsWish) fault(key, what, fix string) {
	d.faults = append(d.faults, dsFault{key, what, fix})
}

// fill puts the answers in.
func (d *dsWish) fill(a *answers.Set) {
	for key, to := range map[string]*string{
		dsHost: &d.target.Host, dsDatabase: &d.target.Database, dsService: &d.target.Service, dsSID: &d.target.SID,
		dsDescriptor: &d.target.Descriptor, dsInstance: &d.target.Instance, dsUsername: &d.target.Username,
	} {
		if v, ok := a.Lookup(dsKey(d.name, key)); ok {
			*to = v.Text
		}
	}
	if d.target.Host != "" && answered(a, dsKey(d.name, dsHost)) {
		d.target.HostList = ""
	}
	if port, ok := a.Int(dsKey(d.name, dsPort)); ok {
		d.target.Port, d.target.HostList = port, ""
	}
	if v, ok := a.Lookup(dsKey(d.name, dsParameters)); ok {
		d.target.Parameters = v.Map
	}
	if v, ok := a.Lookup(dsKey(d.name, dsPassword)); ok {
		d.target.Password = v.Secret
	}
	if d.kind() == database.Oracle {
		d.target.Database = ""
		named := slices.DeleteFunc([]string{dsService, dsSID, dsDescriptor}, func(key string) bool { return !answered(a, dsKey(d.name, key)) })
		if len(named) > 1 {
			d.fault(named[1], "An Oracle database is named by a service, a SID or a descriptor, and these are "+strings.Join(named, " and ")+".", "Give one of them.")
		}
		switch {
		case answered(a, dsKey(d.name, dsService)):
			d.target.SID, d.target.Descriptor = "", ""
		case answered(a, dsKey(d.name, dsSID)):
			d.target.Service, d.target.Descriptor = "", ""
		case answered(a, dsKey(d.name, dsDescriptor)):
			d.target.Service, d.target.SID, d.target.Host, d.target.Port = "", "", "", 0
		}
	}
}

// wishes are those of every datasource that the answers speak of, those of the install first, in its order.
func wishes(w *Workspace, a *answers.Set) []*dsWish {
	blocks, _ := readBlocks(w)
	first := ""
	var names []string
	for _, b := range blocks {
		if first == "" {
			first = b.name
		}
		names = append(names, b.name)
	}
	asked := a.Names(sectionDatasources)
	var all []*dsWish
	for _, name := range names {
		if slices.Contains(asked, name) {
			all = append(all, wishOf(w, a, name, first))
		}
	}
	for _, name := range asked {
		if !slices.Contains(names, name) {
			all = append(all, wishOf(w, a, name, first))
		}
	}
	for _, d := range all {
		d.adopt(w, all)
	}
	return all
}

func numberText(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// checkPortNumber judges a port as typed.
func checkPortNumber(text string) *Problem {
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= 65535 {
		return nil
	}
	return &Problem{Severity: Error, Message: fmt.Sprintf("%q is no port: it must be between 1 and 65535.", text), Fix: "Give the port of the database server."}
}
