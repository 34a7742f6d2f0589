package database

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"carbon-setup/internal/remote"
)

// Stage is a part of the connection test.
type Stage string

// The stages, in their order.
const (
	Resolve  Stage = "resolve"  // the name of the host becomes addresses
	Connect  Stage = "connect"  // TCP
	TLS      Stage = "tls"      // if the parameters ask for it
	Login    Stage = "login"    // user and password
	Database Stage = "database" // it is there, and this user may use it
	Version  Stage = "version"  // of the server
	Rights   Stage = "rights"   // to create tables
	Charset  Stage = "charset"  // and collation: do the scripts work in it
	Schema   Stage = "schema"   // what tables are there
)

// Stages returns all stages, in their order.
func Stages() []Stage {
	return []Stage{Resolve, Connect, TLS, Login, Database, Version, Rights, Charset, Schema}
}

// Title returns the name of the stage as it is shown.
func (s Stage) Title() string {
	switch s {
	case Resolve:
		return "Name"
	case Connect:
		return "TCP connection"
	case TLS:
		return "TLS"
	case Login:
		return "Log in"
	case Database:
		return "Database"
	case Version:
		return "Server version"
	case Rights:
		return "Rights"
	case Charset:
		return "Character set"
	case Schema:
		return "Tables"
	}
	return string(s)
}

// Status is how a stage ended.
type Status = remote.Status

// The ends of a stage. What follows a Fail is Skipped.
const (
	OK        = remote.OK
	Warn      = remote.Warn
	Fail      = remote.Fail
	NotTested = remote.NotTested
	Skipped   = remote.Skipped
)

// StageResult is what became of a stage. It has an Err when it failed.
type StageResult = remote.Result[Stage, Error]

// TestOptions say how to test. The zero value is fit for use.
type TestOptions struct {
	// Timeout of each stage; 0 is what fits the stage, between 5 and 30 seconds.
	Timeout time.Duration
	// Roots are the issuers that Carbon will trust: those of its client-truststore.jks. nil stands for those of this machine.
	Roots *x509.CertPool
	// Sets are the scripts whose tables the last stage looks for. Without them it is not tested.
	Sets []ScriptSet
	// Machine stands for the one that the test runs on; what is nil is the real one.
	remote.Machine
}

// limits are the times that the stages have if TestOptions do not say.
var limits = remote.Limits[Stage]{
	Resolve: 5 * time.Second, Connect: 10 * time.Second, TLS: 10 * time.Second, Login: 15 * time.Second, Schema: 30 * time.Second,
}

func (o TestOptions) limit(s Stage) time.Duration { return limits.Of(s, o.Timeout) }

// Test tests whether Carbon will be able to use t from this machine, stage by stage, and stops at the first failure. It calls tell, which may be nil, as
// each stage ends, and returns the results of all stages. When ctx ends it returns at once: the stage that was running fails as Canceled.
// It changes nothing in the database.
func Test(ctx context.Context, t Target, o TestOptions, tell func(StageResult)) []StageResult {
	p := newProbe(t, o)
	defer p.close()
	failed := false
	return remote.Run(Stages(), func(s Stage) StageResult {
		if failed {
			return StageResult{Stage: s, Status: Skipped, Message: "Not reached."}
		}
		r := p.run(ctx, s)
		failed = r.Status == Fail
		return r
	}, tell)
}

// outcome is what a stage of a probe found out.
type outcome struct {
	status  Status
	message string
}

func passed(format string, args ...any) outcome { return outcome{OK, fmt.Sprintf(format, args...)} }

func warned(format string, args ...any) outcome { return outcome{Warn, fmt.Sprintf(format, args...)} }

func notTested(format string, args ...any) outcome {
	return outcome{NotTested, fmt.Sprintf(format, args...)}
}

// probe is one test on its way. A probe that has passed Login holds an open Conn.
type probe struct {
	t       Target
	o       TestOptions
	want    wanted
	hosts   []Addr   // of t, or of its descriptor
	found   []found  // by Resolve
	peer    *peer    // by Connect; the one TCP connection that all stages use
	line    net.Conn // peer, or TLS on it
	conn    *Conn    // by Login
	try     *attempt // by TLS; MySQL, whose driver works in two stages
	pending *Error   // of a later stage, learned in an earlier one
	facts   facts    // what the server told about itself
}

// facts are what a server told about itself in passing.
type facts struct {
	version   string    // as it says it
	encrypted string    // "" or the version of TLS
	plugin    string    // MySQL: how it checks the password
	ear       *mysqlEar // MySQL without TLS
	method    string    // PostgreSQL: how it checks the password
}

func newProbe(t Target, o TestOptions) *probe {
	o.Machine = o.OrReal()
	return &probe{t: t, o: o, want: wantedOf(t)}
}

func (p *probe) close() {
	if p.try != nil {
		p.try.stop()
		p.peer.abort()
		<-p.try.done
		if p.try.conn != nil && p.conn == nil {
			_ = p.try.conn.Close()
		}
		p.try = nil
	}
	if p.conn != nil {
		_ = p.conn.Close()
		p.conn = nil
	}
	if p.peer != nil {
		p.peer.abort()
		p.peer = nil
	}
}

// run runs a stage within its time limit.
func (p *probe) run(ctx context.Context, s Stage) StageResult {
	return remote.Timed(p.o.Now, s, func() StageResult {
		out, err := p.attempt(ctx, s)
		r := StageResult{Status: out.status, Message: out.message}
		if err != nil && rank(err.Stage) > rank(s) {
			p.pending, err = err, nil // told where it belongs
			if r.Status == "" {
				r.Status, r.Message = p.passedBy(s, p.pending)
			}
		}
		if err != nil {
			r.Status, r.Message, r.Err = Fail, err.What, err
		}
		return r
	})
}

// passedBy is what became of a stage in which the error of a later one came up.
func (p *probe) passedBy(s Stage, later *Error) (Status, string) {
	switch {
	case s == Login && p.t.Kind != Oracle:
		return OK, fmt.Sprintf("%s is let in.", remote.Words(p.t.Username))
	case s == TLS && later.Stage == Login:
		return NotTested, "The server refuses before it comes to TLS."
	}
	return NotTested, "The server did not get that far."
}

func (p *probe) attempt(ctx context.Context, s Stage) (out outcome, e *Error) {
	if ctx.Err() != nil {
		return outcome{}, canceled(s)
	}
	if p.pending != nil {
		if p.pending.Stage == s {
			return outcome{}, p.pending
		}
		return notTested("The server did not get that far."), nil
	}
	sctx, cancel := context.WithTimeout(ctx, p.o.limit(s))
	defer cancel()
	if p.peer != nil {
		p.peer.budget.Allow(stageBudget)
		if s == Schema {
			p.peer.budget.Allow(schemaBudget)
		}
		// A driver that does not watch its context is woken by the end of the connection.
		defer context.AfterFunc(sctx, p.peer.abort)()
	}
	out, err := p.stage(sctx, s)
	if err == nil {
		return out, nil
	}
	if ctx.Err() != nil {
		return outcome{}, canceled(s)
	}
	if !errors.As(err, &e) {
		e = p.explain(sctx, s, err)
	}
	return out, e
}

func canceled(s Stage) *Error {
	return &Error{Stage: s, Kind: Canceled, What: "The test was canceled."}
}

// stage does the work of a stage. An error of it that is no *Error is one of the network or of the driver.
func (p *probe) stage(ctx context.Context, s Stage) (out outcome, err error) {
	defer func() {
		if r := recover(); r != nil { // the drivers trust the lengths that a server sends
			out, err = outcome{}, fmt.Errorf("%w: %v", remote.ErrUnintelligible, r)
		}
	}()
	switch s {
	case Resolve:
		return p.resolve(ctx)
	case Connect:
		return p.connect(ctx)
	case TLS:
		return p.secure(ctx)
	case Login:
		return p.login(ctx)
	case Database:
		return p.database(ctx)
	case Version:
		return p.version(ctx)
	case Rights:
		return p.rights(ctx)
	case Charset:
		return p.charset(ctx)
	case Schema:
		return p.schema(ctx)
	}
	return outcome{}, fmt.Errorf("no such stage: %s", s)
}
