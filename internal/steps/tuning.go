package steps

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// tuning is guideline 9: the pools of the server, and what the machine gives it.
type tuning struct{ base }

const (
	sectionTuning          = "tuning"
	keyTuningProfile       = "tuning.profile"
	keyDatabaseConnections = "tuning.database.connections"
	keyTuningNodes         = "tuning.nodes"

	profileProduction = "production"
	profileKeep       = "keep"
)

func (tuning) Info() Info {
	return Info{
		ID: "tuning", Section: sectionTuning, Guideline: 9, Title: "Tuning",
		Why: `A server answers as many requests at a time as it has threads, and each of them may wait for a connection to the database. The pools that Carbon ships are those of a small machine; WSO2's tuning pages for these products name larger ones. Their values are general recommendations: measure with your own load.

The machine comes first. Carbon looks at memory, swap space, free disk, processors and open files at every start (repository/conf/etc/config-validation.xml) and logs a warning for each that is too small. A server that meets the limit of open files answers nobody; one that meets the limit of processes ends with "unable to create new native thread".

What lies in the install is changed here. What lies in the machine (/etc/sysctl.d, /etc/security/limits.d, systemd) is given as ready files, never written.

No value that is larger than the recommended one is lowered, unless you answer a smaller one yourself.`,
	}
}

func (tuning) Specs() []answers.Spec {
	specs := []answers.Spec{{
		Key: keyTuningProfile, Kind: answers.Choice, Label: "Profile", Choices: []string{profileProduction, profileKeep}, Required: true, Example: profileProduction,
		Help: "production: the pools of WSO2's tuning pages, where the install has smaller ones; the other keys of the section override single values. keep: the files stay as they are, and the machine is checked.",
	}}
	for _, s := range tuningSettings {
		specs = append(specs, answers.Spec{Key: s.key, Kind: s.kind(), Label: s.label, Help: s.help, Example: s.example()})
	}
	return append(specs,
		answers.Spec{
			Key: keyDatabaseConnections, Kind: answers.Int, Label: "Connections that the database gives", Example: "300",
			Help: "max_connections of MySQL, MariaDB and PostgreSQL, processes of Oracle. The pools of all nodes together have to fit in. Nothing is written.",
		},
		answers.Spec{
			Key: keyTuningNodes, Kind: answers.Int, Label: "Nodes that share the database", Example: "2",
			Help: "How many servers with these datasources use the same database server. Each opens its own connections. Nothing is written.",
		})
}

// Fields asks for the pools that the install has.
func (s tuning) Fields(w *Workspace, a *answers.Set) []Field {
	f := newFields(s.Specs())
	f.add(keyTuningProfile, func(q *Field) {
		q.Default, q.DefaultFrom = profileProduction, "the guideline"
		q.Options = []Option{{profileProduction, "as WSO2's tuning pages want it"}, {profileKeep, "leave the files alone, only check"}}
		q.Now = Present{Text: presentProfile(w)}
	})
	if profile := a.Text(keyTuningProfile); profile != profileKeep {
		sites := sitesAsAnswered(w, a)
		for _, set := range tuningSettings {
			mine := sitesOf(sites, set.key)
			if len(mine) == 0 {
				continue
			}
			f.add(set.key, func(q *Field) { set.ask(q, mine) })
		}
	}
	if servers := poolServers(w, a); len(servers) > 0 {
		f.add(keyDatabaseConnections, func(q *Field) {
			q.Check = checkNumber(1, 1_000_000)
			if n := servers[0].kind.usualConnections(); n > 0 {
				q.Default, q.DefaultFrom = strconv.Itoa(n), "what "+servers[0].kind.Title()+" gives unless told otherwise"
			}
			q.Now.Note = "not known here"
		})
		f.add(keyTuningNodes, func(q *Field) {
			q.Default, q.DefaultFrom = "1", "this server alone"
			q.Check = checkNumber(1, 1000)
			q.Now.Note = "not known here"
		})
	}
	return f.all
}

// presentProfile is the profile that the install answers to already.
func presentProfile(w *Workspace) string {
	for _, site := range tuningSites(w) {
		if site.short() {
			return "some pools are smaller than the tuning pages want"
		}
	}
	return profileProduction
}

// ask fills in the question for a setting from where it stands.
func (s *tunable) ask(q *Field, sites []tunedSite) {
	if !s.yesNo {
		q.Check = checkNumber(s.least, s.most)
	}
	var values []string
	best, found := 0, false
	for _, site := range sites {
		text := s.text(site.value)
		if !site.known {
			text = site.raw
		}
		if !site.known && !site.set {
			text = "as many as the server finds processors"
		}
		if !slices.Contains(values, text) {
			values = append(values, text)
		}
		if site.known && (!found || s.beyond(site.value, best)) {
			best, found = site.value, true
		}
	}
	q.Now = Present{Text: strings.Join(values, ", "), Place: sites[0].place, Note: noteIf(!sites[0].set, "not in the file: the default of the product")}
	want := sites[0].recommended
	switch {
	case !found && want == none:
	case !found:
		q.Default, q.DefaultFrom = s.text(want), "the tuning pages"
	case want == none || s.fixed || s.beyond(best, want):
		q.Default, q.DefaultFrom = s.text(best), "the present value"
	case s.byMachine:
		q.Default, q.DefaultFrom = s.text(want), "the processors of this machine"
	default:
		q.Default, q.DefaultFrom = s.text(want), "the tuning pages"
	}
}

// checkNumber judges a whole number as typed.
func checkNumber(least, most int) func(string) *Problem {
	return func(text string) *Problem {
		if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil && n >= least && n <= most {
			return nil
		}
		return &Problem{
			Severity: Error, Message: fmt.Sprintf("%q cannot be used: it must be a whole number between %d and %d.", text, least, most),
			Fix: "Give such a number.",
		}
	}
}

func (s tuning) Plan(w *Workspace, a *answers.Set) error {
	sites, err := readTuningSites(w)
	if err != nil && a.Text(keyTuningProfile) != profileKeep {
		return err
	}
	for _, change := range tuningChanges(sites, a) {
		if err := change.write(); err != nil {
			return err
		}
	}
	return nil
}

func (s tuning) Verify(w *Workspace, a *answers.Set) []Result {
	sites := tuningSites(w)
	changes := tuningChanges(sites, a)
	var all []Result
	for _, c := range changes {
		all = append(all, Result{
			ID: c.site.rule, Guideline: 9, Status: Fail, Severity: Error, Place: c.site.place,
			Message: fmt.Sprintf("%s of %s should be %s and is %s.", c.site.name, c.site.where, c.site.setting.text(c.want), c.site.shown()),
		})
	}
	all = append(all, untold(sites, a)...)
	if len(all) == 0 {
		all = append(all, Result{ID: connectorRule, Guideline: 9, Status: OK, Place: carbon.Place{File: carbon.CatalinaXML}, Message: "The pools are as the answers want them."})
	}
	return all
}

// untold are the settings of the profile that hold something else than a number: they stay as they are, and nobody can say whether that is enough.
func untold(sites []tunedSite, a *answers.Set) []Result {
	if a.Text(keyTuningProfile) != profileProduction {
		return nil
	}
	var all []Result
	for _, s := range sites {
		if _, asked := s.setting.answer(a); asked || s.known || !s.set || s.recommended == none {
			continue
		}
		all = append(all, Result{
			ID: s.rule, Guideline: 9, Status: Unknown, Place: s.place,
			Message: fmt.Sprintf("%s of %s is left as it is: %s is no plain value, so it cannot be told whether it is enough.", s.name, s.where, s.shown()),
			Fix:     "Answer " + s.setting.key + " to set it.",
		})
	}
	return all
}
