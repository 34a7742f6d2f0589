package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"carbon-setup/internal/database"
)

const ruleLiveTables = "live.tables"

// liveTables looks for the tables of every datasource that the product keeps tables in.
func liveTables(w *Workspace, o LiveOptions) []LiveCheck {
	var all []LiveCheck
	step := datasources{tests: o.tests}
	blocks, unread := readBlocks(w)
	for _, u := range unread {
		r := Result{ID: ruleLiveTables, Guideline: 6, Status: Unknown, Message: u.String() + ", so its datasources were not looked at."}
		all = append(all, LiveCheck{Title: u.File, Timeout: endTime, Run: func(context.Context) []Result { return []Result{r} }})
	}
	for _, b := range blocks {
		if !b.holdsTables(w) {
			continue
		}
		t := &liveTable{block: b, tests: step.real()}
		if t.why = t.prepare(w, step); t.why == "" && b.sealed != "" {
			t.why = fmt.Sprintf("its password is in the vault, and %s", vaultShut(w))
		}
		t.makesAdmin = makesAdmin(w, b.jndi)
		b.config, b.doc = nil, nil // nothing of the Workspace is needed later
		all = append(all, LiveCheck{Title: "The tables of " + b.name, Timeout: wholeTime, Run: t.check})
	}
	return all
}

// holdsTables reports whether the product keeps tables of its scripts in the datasource.
func (b *dsBlock) holdsTables(w *Workspace) bool {
	for _, p := range tablePurposes {
		if p.wants(w, b.jndi, nil) {
			return true
		}
	}
	return false
}

// liveTable looks for the tables of one datasource.
type liveTable struct {
	block   *dsBlock
	sets    []database.ScriptSet
	options database.TestOptions
	tests   *databaseTests
	why     string // why they cannot be looked for; follows the name
	// makesAdmin: the first start writes the administrator into these tables.
	makesAdmin bool
}

// makesAdmin reports whether the users are kept in the datasource of a JNDI name, and the first start creates the administrator there.
func makesAdmin(w *Workspace, jndi string) bool {
	store := readStore(w)
	return store.err == nil && !store.isDirectory() && store.addAdmin && store.doc.First(realmConfig+"/Property[@name='dataSource']").Text() == jndi
}

func (t *liveTable) prepare(w *Workspace, step datasources) (why string) {
	switch {
	case t.block.h2:
		return "it is H2 inside the product, which nobody else can open while the server runs."
	case t.block.err != nil:
		return "its URL leads to a database that is not known here."
	}
	sets, err := scriptsFor(w, &dsWish{name: t.block.name, block: t.block, target: t.block.target})
	if err != nil {
		return "the scripts of the install cannot be read: " + whyUnread(err) + "."
	}
	if len(sets) == 0 {
		return "the install has no script for its tables."
	}
	t.sets, t.options = sets, step.testOptions(w, sets)
	return ""
}

func (t *liveTable) check(ctx context.Context) []Result {
	r := Result{ID: ruleLiveTables, Guideline: 6, Place: t.block.place, Status: OK}
	if t.why != "" {
		r.Status, r.Message = Unknown, fmt.Sprintf("The tables of %s were not looked at: %s", t.block.name, t.why)
		return []Result{r}
	}
	all, _ := t.ask(ctx, r)
	return all
}

// ask looks into the database. The error is why it could not be asked, which the results tell.
func (t *liveTable) ask(ctx context.Context, r Result) ([]Result, error) {
	conn, err := t.tests.open(ctx, t.block.target, t.options)
	if err != nil {
		return []Result{t.failed(ctx, r, err)}, err
	}
	defer func() { _ = conn.Close() }() // it was only asked
	state, err := conn.Inspect(ctx, t.sets...)
	if err != nil {
		return []Result{t.failed(ctx, r, err)}, err
	}
	all := make([]Result, len(state.Sets))
	for i, set := range state.Sets {
		all[i] = t.judge(r, state, set)
	}
	return all, nil
}

// failed tells why the database could not be asked. What the server could not reach either is its fault, and a database that stops in the middle is no fault of the tables.
func (t *liveTable) failed(ctx context.Context, r Result, err error) Result {
	if stopped, yes := ending(ctx, r.ID, r.Guideline, "The datasource "+t.block.name); yes {
		return stopped
	}
	r.Status = Unknown
	r.Message = fmt.Sprintf("The tables of %s (%s) were not looked at: the database could not be asked from here.", t.block.name, t.block.target)
	var told *database.Error
	if errors.As(err, &told) {
		r.Message = fmt.Sprintf("The tables of %s (%s) were not looked at. %s", t.block.name, t.block.target, told.What)
		r.Why, r.Fix = told.Cause, told.Fix
	}
	return r
}

// judge tells what is there of one script.
func (t *liveTable) judge(r Result, state database.SchemaState, set database.SetState) Result {
	where := fmt.Sprintf("%s (%s)", t.block.name, t.block.target)
	tables := len(set.Present) + len(set.Missing)
	bad := func(what, fix string) Result {
		r.Status, r.Severity, r.Message, r.Fix = Fail, Error, what, fix
		return r
	}
	switch {
	case set.Kind == database.Unknown:
		r.Status, r.Message = Unknown, fmt.Sprintf("What tables of %s are in %s is not known.", set.File, where)
	case set.Kind == database.Empty || set.Kind == database.Foreign:
		return bad(fmt.Sprintf("No table of %s is in %s.", set.File, where), howToMake(t.block.target, set.File))
	case set.Kind == database.Partial:
		return bad(fmt.Sprintf("%d of the %d tables of %s are in %s; missing or different: %s.", len(set.Present), tables, set.File, where, listed(append(set.Missing, set.Differs...))),
			"Find out what stopped the script; an empty database is the surest start.")
	case set.Name == "registry" && t.makesAdmin && state.Users == 0:
		return bad(fmt.Sprintf("All %d tables of %s are in %s, but UM_USER is empty: the start did not create the administrator.", tables, set.File, where),
			"Look into the log for errors of DefaultRealmService.")
	case set.Name == "registry" && state.Users > 0:
		r.Message = fmt.Sprintf("All %d tables of %s are in %s, with %s and %s of the registry.", tables, set.File, where, counted(int(state.Users), "user"), counted(int(max(state.Paths, 0)), "path"))
	default:
		r.Message = fmt.Sprintf("All %d tables of %s are in %s.", tables, set.File, where)
	}
	return r
}

// listed names a few.
func listed(names []string) string {
	const most = 6
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	if len(names) == 0 {
		return "indexes, constraints or sequences"
	}
	return strings.Join(names, ", ")
}
