package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/database"
)

const ruleTablesThere = "datasources.tables"

// TableChecks ask the databases that the answers lead to whether the tables of the scripts are there. A plan never connects, and one without changes makes
// none, so that nobody else would notice that they have gone. except names steps that are left out.
func TableChecks(in *carbon.Install, a *answers.Set, except ...string) []Check {
	w := NewWorkspace(in)
	w.openVault(a)
	return datasources{}.tableChecks(w, choose(w, a, except, &Outcome{Left: map[string]string{}}), a)
}

func (s datasources) tableChecks(w *Workspace, chosen []Step, a *answers.Set) []Check {
	var all []Check
	dead := map[string]string{}
	for _, step := range chosen {
		if step.Info().ID != s.Info().ID {
			continue
		}
		for _, d := range wishes(w, a) {
			if d.keeps() || d.schema == schemaSkip || !d.leadsThere() {
				continue // Verify tells what does not lead there
			}
			sets, err := scriptsFor(w, d)
			if err != nil || len(sets) == 0 {
				continue
			}
			t := &liveTable{block: d.block, sets: sets, options: s.testOptions(w, sets), tests: s.real()}
			t.options.Roots = trustedByAnswers(w, a)
			if d.block.sealed != "" && !d.target.Password.IsSet() {
				t.why = fmt.Sprintf("its password is in the vault, and %s", vaultShut(w))
			}
			all = append(all, t.thereCheck(d.target, dead))
		}
	}
	return all
}

// thereCheck looks for the tables of one datasource. dead are the servers that nobody could reach, with the datasource that has told so: the checks are run
// one after the other.
func (t *liveTable) thereCheck(at database.Target, dead map[string]string) Check {
	block := *t.block
	block.target = at
	t.block = &block
	address := serverOf(at)
	return Check{ID: ruleTablesThere, Title: "The tables of " + block.name, Timeout: wholeTime, Run: func(ctx context.Context) Result {
		r := Result{ID: ruleTablesThere, Guideline: 6, Place: block.place, Status: OK}
		if of := dead[address]; of != "" {
			r.Status, r.Message = Unknown, fmt.Sprintf("The tables of %s (%s) were not looked at: its server is that of %s, which could not be reached.", block.name, at, of)
			return r
		}
		if t.why != "" {
			r.Status, r.Message = Unknown, fmt.Sprintf("The tables of %s were not looked at: %s", block.name, t.why)
			return r
		}
		told, err := t.ask(ctx, r)
		if unreached(err) {
			dead[address] = block.name
		}
		return oneOf(told)
	}}
}

// serverOf names the server that a target leads to, whatever the database on it.
func serverOf(t database.Target) string {
	f := t.Filled()
	return fmt.Sprintf("%s %s:%d %s %s %s", f.Kind, f.Host, f.Port, f.Instance, f.HostList, f.Descriptor)
}

// unreached reports whether nobody answered at the address of the server, so that asking again for another database would take as long and tell the same.
func unreached(err error) bool {
	var told *database.Error
	return errors.As(err, &told) && (told.Stage == database.Resolve || told.Stage == database.Connect) && told.Kind != database.Canceled
}

// oneOf is the result that matters most; those of several sets of tables that are all there are told as one.
func oneOf(all []Result) Result {
	for _, status := range []Status{Fail, Warn, Unknown} {
		for _, r := range all {
			if r.Status == status {
				return r
			}
		}
	}
	r, texts := all[0], []string{}
	for _, o := range all {
		texts = append(texts, o.Message)
	}
	r.Message = strings.Join(texts, " ")
	return r
}

// howToMake says how tables are made in a database that the install leads to already: the runs make them with the change that leads there.
func howToMake(at database.Target, file string) string {
	command := ""
	f := at.Filled()
	quoted := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
	switch {
	case f.HostList != "" && f.Host == "":
	case f.Kind == database.PostgreSQL:
		command = fmt.Sprintf("psql -h %s -p %d -U %s -d %s -v ON_ERROR_STOP=1 -f %s", quoted(f.Host), f.Port, quoted(f.Username), quoted(f.Database), file)
	case f.Kind == database.MySQL, f.Kind == database.MariaDB: // newer MySQL refuses a default of the scripts in its usual mode
		client := string(f.Kind)
		command = fmt.Sprintf("%s --protocol=TCP -h %s -P %d -u %s -p --init-command=\"SET SESSION sql_mode=''\" %s < %s", client, quoted(f.Host), f.Port, quoted(f.Username), quoted(f.Database), file)
	}
	fix := "If they were there, bring the backup of the database back. To begin with an empty one, "
	if command == "" {
		return fix + "stop the server and have the DBA run " + file + " of the install."
	}
	return fix + "stop the server, and in its folder run: " + command
}
