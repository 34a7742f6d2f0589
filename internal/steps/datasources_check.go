package steps

import (
	"context"
	"crypto/x509"
	"slices"
	"strings"
	"sync"
	"time"

	ks "carbon-setup/internal/keystore"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/database"
	"carbon-setup/internal/remote"
)

// databaseTests are the ways to a database; tests replace them.
type databaseTests struct {
	test func(ctx context.Context, t database.Target, o database.TestOptions, tell func(database.StageResult)) []database.StageResult
	open func(ctx context.Context, t database.Target, o database.TestOptions) (tableConn, error)
	java func(ctx context.Context, o database.ProbeOptions) (database.ProbeResult, error)
}

// tableConn is a connection that tables are made with.
type tableConn interface {
	Inspect(ctx context.Context, sets ...database.ScriptSet) (database.SchemaState, error)
	Create(ctx context.Context, set database.ScriptSet, progress func(done, total int, table string), beside ...database.ScriptSet) (database.Created, error)
	Drop(ctx context.Context, set database.ScriptSet, made database.Created) error
	Close() error
}

func (s datasources) real() *databaseTests {
	if s.tests != nil {
		return s.tests
	}
	return &databaseTests{test: database.Test, java: database.RunProbe, open: func(ctx context.Context, t database.Target, o database.TestOptions) (tableConn, error) {
		return database.Open(ctx, t, o)
	}}
}

// What a stage, a whole test and the start of Java may take, and how much longer a check waits for their own end, which says more.
const (
	stageTime = 10 * time.Second
	wholeTime = 60 * time.Second
	javaTime  = database.DefaultProbeTimeout
	endTime   = 2 * time.Second
)

// testOptions are those under which the server will connect: it trusts what is in its truststore.
func (s datasources) testOptions(w *Workspace, sets []database.ScriptSet) database.TestOptions {
	return database.TestOptions{Timeout: stageTime, Roots: trustedRoots(w), Sets: sets}
}

// trustedRoots are the certificates of the truststore as the plan leaves it; nil when it cannot be opened.
func trustedRoots(w *Workspace) *x509.CertPool {
	ref := readStores(w).carbonStore("TrustStore")
	if ref == nil || len(ref.vault) > 0 {
		return nil
	}
	name, data, err := storeBytes(w, ref)
	if err != nil {
		return nil
	}
	store, err := ks.OpenTruststore(ks.File{Name: name, Data: data}, ref.password)
	if err != nil {
		return nil
	}
	return poolOf(store)
}

// Checks test every connection stage by stage. Datasources on the server of the first one are told in one line each.
func (s datasources) Checks(w *Workspace, a *answers.Set) []Check {
	w.openVault(a)
	var all []Check
	roots, planned := trustedByAnswers(w, a), truststoreByAnswers(w, a) // a CA that the same answers import counts
	first := map[string]*stagedTest{}                                   // of each server
	for _, d := range wishes(w, a) {
		if d.keeps() || len(d.faults) > 0 || len(d.target.Faults()) > 0 && hasBad(d.target.Faults()) {
			continue
		}
		sets, _ := scriptsFor(w, d)
		server := serverOf(d.target)
		run := &stagedTest{tests: s.real(), name: d.name, target: d.target, options: s.testOptions(w, sets), before: first[server]}
		if run.before == nil {
			first[server] = run
		}
		run.options.Roots = roots
		if d.schema == schemaSkip {
			run.options.Sets = nil
		}
		if d.typed == typeSame {
			all = append(all, run.whole(d))
			continue
		}
		for i, stage := range database.Stages() {
			all = append(all, run.check(d, i, stage))
		}
		if o, ok := probeOptions(w, d, planned); ok {
			all = append(all, run.throughJava(d, o))
		}
	}
	return all
}

func hasBad(all []database.Fault) bool {
	for _, f := range all {
		if f.Severity == database.Bad {
			return true
		}
	}
	return false
}

// stagedTest is one connection test that several checks wait for. The first one begins it; a check that is canceled ends it.
type stagedTest struct {
	tests   *databaseTests
	name    string      // of the datasource
	before  *stagedTest // of an earlier datasource on the same server, nil = none
	target  database.Target
	options database.TestOptions

	mu      sync.Mutex // a check that ran out of time may still be on its way out when the next one begins
	results chan database.StageResult
	cancel  context.CancelFunc
	got     []database.StageResult
}

// begin starts the test, anew for the first stage. It ends by itself: each stage has its time.
func (t *stagedTest) begin(ctx context.Context, stage int) {
	if t.results != nil && stage > 0 {
		return
	}
	if t.cancel != nil {
		t.cancel()
	}
	results := make(chan database.StageResult, len(database.Stages()))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(len(database.Stages()))*stageTime)
	t.results, t.cancel, t.got = results, cancel, nil
	go func() {
		defer cancel()
		defer close(results)
		t.tests.test(ctx, t.target, t.options, func(r database.StageResult) { results <- r })
	}()
}

// wait returns the result of the stage with a number, or ends the test with ctx.
func (t *stagedTest) wait(ctx context.Context, stage int) database.StageResult {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begin(ctx, stage)
	for len(t.got) <= stage {
		select {
		case r, ok := <-t.results:
			if !ok {
				return database.StageResult{Status: database.Skipped}
			}
			t.got = append(t.got, r)
		case <-ctx.Done():
			t.cancel()
			return database.StageResult{Status: database.Skipped}
		}
	}
	return t.got[stage]
}

// keep notes the result of a stage for the tests of other datasources on the server.
func (t *stagedTest) keep(r database.StageResult) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.got = append(t.got, r)
}

// forget drops the results of an earlier run.
func (t *stagedTest) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.got = nil
}

// dead reports whether nobody answered at the address of the server.
func (t *stagedTest) dead() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.ContainsFunc(t.got, func(r database.StageResult) bool {
		return r.Status == database.Fail && (r.Stage == database.Resolve || r.Stage == database.Connect)
	})
}

// spared is the result without a test where the server has been found dead already: each further one would wait as long for the same.
func (t *stagedTest) spared(id string) (Result, bool) {
	if t.before == nil || !t.before.dead() {
		return Result{}, false
	}
	return Result{ID: id, Guideline: 6, Of: t.name, Status: Unknown, Message: "Not tested: the server is that of " + t.before.name + ", which could not be reached."}, true
}

// failed reports whether a stage so far has failed, or not all have been reached.
func (t *stagedTest) failed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.got) < len(database.Stages()) || slices.ContainsFunc(t.got, func(r database.StageResult) bool { return r.Status == database.Fail })
}

func (t *stagedTest) check(d *dsWish, number int, stage database.Stage) Check {
	id := "datasources." + d.name + "." + string(stage)
	return Check{ID: id, Title: d.name + ": " + stage.Title(), Timeout: stageTime + endTime, Run: func(ctx context.Context) Result {
		if r, yes := t.spared(id); yes {
			return r
		}
		return stageResult(id, d.name, t.wait(ctx, number))
	}}
}

// whole is all stages as one check.
func (t *stagedTest) whole(d *dsWish) Check {
	id := "datasources." + d.name + ".connection"
	return Check{ID: id, Title: d.name + ": " + d.target.String(), Timeout: wholeTime, Run: func(ctx context.Context) Result {
		if r, yes := t.spared(id); yes {
			return r
		}
		t.forget()
		last := Result{ID: id, Guideline: 6, Of: d.name, Status: Unknown, Message: "Not tested."}
		worst := last
		for _, r := range t.tests.test(ctx, t.target, t.options, nil) {
			t.keep(r)
			one := stageResult(id, d.name, r)
			switch r.Status {
			case database.Fail:
				return one
			case database.Warn:
				worst = one
			case database.OK:
				last = one
			case database.NotTested, database.Skipped:
			}
		}
		if worst.Status == Warn {
			return worst
		}
		return last
	}}
}

// stageResult is a stage of the test of a datasource as the result of a check. What was not tested is never told as good.
func stageResult(id, of string, r database.StageResult) Result {
	res := Result{ID: id, Guideline: 6, Of: of, Message: r.Message}
	switch r.Status {
	case database.OK:
		res.Status = OK
	case database.Warn:
		res.Status, res.Severity = Warn, Warning
	case database.Fail:
		res.Status, res.Severity = Fail, Error
	case database.NotTested:
		res.Status = Unknown
	case database.Skipped:
		res.Status, res.Message = Unknown, "Not tested: an earlier stage failed, or the test was stopped."
	}
	if e := r.Err; e != nil {
		res.Message, res.Why, res.Fix = remote.Paragraph(e.What, remote.Said(e.Server)), e.Cause, e.Fix
		if len(e.Statements) > 0 {
			res.Fix = strings.TrimSpace(e.Fix + " " + e.ForAdministrator())
		}
	}
	return res
}
