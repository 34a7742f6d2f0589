package steps

import (
	"errors"
	"slices"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// configOrder are the children of <configuration> that are written, in the order of the shipped blocks.
var configOrder = []string{"url", "username", "password", "defaultAutoCommit", "driverClassName"}

// Plan points the datasources to their servers, puts the drivers in place and asks for the tables.
func (s datasources) Plan(w *Workspace, a *answers.Set) error {
	all := wishes(w, a)
	var errs []error
	for _, d := range all {
		if d.keeps() {
			continue
		}
		var err error
		if d.block != nil {
			err = d.change(w)
		} else {
			err = d.add(w)
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, d := range all {
		if !d.keeps() {
			planDriver(w, d)
		}
	}
	s.planTables(w, all)
	return nil
}

// change points a block of the install to its server. Pool settings and everything else in it stay.
func (d *dsWish) change(w *Workspace) error {
	url, err := d.target.URL()
	if err != nil {
		return err
	}
	b, why := d.block, edit.Because(d.name+" leads to "+d.target.Kind.Title())
	set := func(name, text string, o ...edit.Opt) error {
		i := slices.Index(configOrder, name)
		after := configOrder
		if i >= 0 {
			after = configOrder[:i]
		}
		return b.doc.SetChild(b.config, edit.New{Name: name, Text: text, Secret: name == "password"}, after, append(o, why)...)
	}
	if b.url != url {
		err = set("url", url)
	}
	err = errors.Join(err, set("username", d.target.Username))
	if b.sealed == "" && d.target.Password.IsSet() {
		err = errors.Join(err, set("password", d.target.Password.Reveal(), edit.Secret()))
	}
	class := driverFor(w, d).class(d.target)
	if class == "" {
		class = b.class
	}
	if !sameClass(b, d, class) {
		err = errors.Join(err, set("driverClassName", class))
	}
	if !keepsQuery(b, d) {
		err = errors.Join(err, set("validationQuery", d.target.Kind.ValidationQuery()))
	}
	if b.query == "" && b.config.First("testOnBorrow") == nil { // without it the query is never run
		err = errors.Join(err, set("testOnBorrow", "true"))
	}
	return errors.Join(err, d.wire(w))
}

// sameClass reports whether the class that is there loads the same driver: the older name of Oracle's and MySQL's is an alias.
func sameClass(b *dsBlock, d *dsWish, class string) bool {
	if b.class == class {
		return true
	}
	alias := map[string]string{"oracle.jdbc.driver.OracleDriver": "oracle.jdbc.OracleDriver"}
	return !b.h2 && b.target.Kind == d.target.Kind && alias[b.class] == class
}

// keepsQuery reports whether the query that tests a connection fits the server: an operator's own stays.
func keepsQuery(b *dsBlock, d *dsWish) bool {
	if b.query == "" {
		return false
	}
	return strings.EqualFold(b.query, d.target.Kind.ValidationQuery()) || !b.h2 && b.target.Kind == d.target.Kind && !wrongQuery(b.query, d)
}

// wrongQuery reports whether a server refuses the query: Oracle knows no SELECT without FROM.
func wrongQuery(query string, d *dsWish) bool {
	lower := strings.ToLower(query)
	oracle := d.target.Kind == "oracle"
	return oracle && !strings.Contains(lower, "from") || !oracle && strings.Contains(lower, "from dual")
}

// add writes a datasource that the install does not have, and points what it is for to it.
func (d *dsWish) add(w *Workspace) error {
	doc, err := w.XML(carbon.MasterDS)
	if err != nil {
		return err
	}
	url, err := d.target.URL()
	if err != nil {
		return err
	}
	list := doc.First("/datasources-configuration/datasources")
	if list == nil {
		return &edit.Error{File: carbon.MasterDS, What: "there is no <datasources>", Fix: "put back the file of the distribution"}
	}
	leaf := func(name, text string) edit.New { return edit.New{Name: name, Text: text, Secret: name == "password"} }
	block := edit.New{Name: "datasource", Children: []edit.New{
		leaf("name", d.name),
		leaf("description", "The datasource used for "+strings.Join(d.use, " and ")),
		{Name: "jndiConfig", Children: []edit.New{leaf("name", d.jndi)}},
		{Name: "definition", Attrs: []edit.Attr{{Name: "type", Value: "RDBMS"}}, Children: []edit.New{
			{Name: "configuration", Children: []edit.New{
				leaf("url", url), leaf("username", d.target.Username), leaf("password", d.target.Password.Reveal()), leaf("driverClassName", driverFor(w, d).class(d.target)),
				leaf("maxActive", newPool["maxActive"]), leaf("maxWait", newPool["maxWait"]), leaf("minIdle", newPool["minIdle"]), leaf("testOnBorrow", newPool["testOnBorrow"]),
				leaf("validationQuery", d.target.Kind.ValidationQuery()), leaf("validationInterval", newPool["validationInterval"]),
			}},
		}},
	}}
	if err := doc.Insert(edit.LastIn(list), block, edit.Because("a datasource of its own for "+strings.Join(d.use, " and "))); err != nil {
		return err
	}
	return d.wire(w)
}
