package carbon

import (
	"path"
	"strings"

	"carbon-setup/internal/edit"
)

// Datasource is one of the datasources that the server opens at start.
type Datasource struct {
	Name  string // "WSO2_CARBON_DB"
	JNDI  string // "jdbc/WSO2CarbonDB"; "" = not published
	Type  string // "RDBMS", "CASSANDRA"
	URL   string // without comments, outer blanks trimmed
	Place Place  // of its <name>
}

// IsH2 reports whether the datasource uses the database that is inside the product, which is not meant for production.
func (d Datasource) IsH2() bool { return strings.HasPrefix(d.URL, "jdbc:h2:") }

// Datasources returns the datasources in the order in which the server reads them: those of master-datasources.xml, then those of every other
// *-datasources.xml by name. Files that cannot be read or understood are returned as unreadable; the others count.
func (in *Install) Datasources() (all []Datasource, unreadable []Unreadable) {
	files := []string{MasterDS}
	for _, rel := range in.Glob(DatasourcesDir + "/*-datasources.xml") {
		if rel != MasterDS {
			files = append(files, rel)
		}
	}
	for _, rel := range files {
		data, err := in.Read(rel)
		if err != nil {
			why := in.unreadable(rel)
			if why == "" {
				why = "cannot be read: " + reason(err)
			}
			unreadable = append(unreadable, Unreadable{rel, why})
			continue
		}
		doc, err := edit.ParseXML(rel, data)
		if err != nil {
			unreadable = append(unreadable, Unreadable{rel, "cannot be understood: " + whatIsWrong(err)})
			continue
		}
		all = append(all, datasourcesOf(doc)...)
	}
	return all, unreadable
}

func datasourcesOf(doc *edit.XML) []Datasource {
	var all []Datasource
	for _, e := range doc.Find("/datasources-configuration/datasources/datasource") {
		d := Datasource{Place: Place{path.Clean(doc.Name()), e.Line()}}
		if name := e.First("name"); name != nil {
			d.Name, d.Place.Line = name.Text(), name.Line()
		}
		if jndi := e.First("jndiConfig/name"); jndi != nil {
			d.JNDI = jndi.Text()
		}
		if definition := e.First("definition"); definition != nil {
			d.Type, _ = definition.Attr("type")
		}
		if url := e.First("definition/configuration/url"); url != nil {
			d.URL = url.Text()
		}
		all = append(all, d)
	}
	return all
}
