package directory

import (
	"context"
	"crypto/x509"
	"net"
	"slices"
	"time"

	"github.com/go-ldap/ldap/v3"

	"carbon-setup/internal/remote"
	"carbon-setup/internal/secret"
)

// Stage is a part of the test.
type Stage string

// The stages, in their order.
const (
	Resolve    Stage = "resolve"     // the name of the host becomes addresses
	Connect    Stage = "connect"     // TCP
	TLS        Stage = "tls"         // with ldaps:// or StartTLS
	Bind       Stage = "bind"        // log in with the account
	Base       Stage = "base"        // the search bases are there
	Users      Stage = "users"       // the filter that lists users
	SampleUser Stage = "sample-user" // the filter that finds a user
	Groups     Stage = "groups"      // the filter that lists groups
	Membership Stage = "membership"  // of the sample user
	Admin      Stage = "admin"       // the administrator and the role are there
	Write      Stage = "write"       // make a user and a group and delete them again
)

// Stages returns all stages, in their order.
func Stages() []Stage {
	return []Stage{Resolve, Connect, TLS, Bind, Base, Users, SampleUser, Groups, Membership, Admin, Write}
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
	case Bind:
		return "Log in"
	case Base:
		return "Search bases"
	case Users:
		return "Users"
	case SampleUser:
		return "Sample user"
	case Groups:
		return "Groups"
	case Membership:
		return "Groups of the sample user"
	case Admin:
		return "Administrator"
	case Write:
		return "Right to write"
	}
	return string(s)
}

// Status is how a stage ended.
type Status = remote.Status

// The ends of a stage.
const (
	OK        = remote.OK
	Warn      = remote.Warn // StageResult.Err has the cause and the advice
	Fail      = remote.Fail
	NotTested = remote.NotTested
	Skipped   = remote.Skipped
)

// StageResult is what became of a stage. It has an Err when it failed, when it warns, and when the operator stopped it.
type StageResult = remote.Result[Stage, Error]

// TestOptions say how to test. The zero value is fit for use.
type TestOptions struct {
	SampleUser     string        // a user to find; "" leaves SampleUser and Membership untested
	SamplePassword secret.Secret // if it is set, the sample user logs in
	AdminUser      string        // the administrator of Carbon; "" leaves Admin untested
	AdminRole      string        // "" is not looked for
	Write          bool          // whether to make a user and a group of unmistakable names and delete them again

	// Timeout of each stage; 0 is what fits the stage, between 5 and 20 seconds.
	Timeout time.Duration
	// Roots are the issuers that Carbon will trust: those of its client-truststore.jks. nil stands for those of this machine.
	Roots *x509.CertPool
	// AnyName makes a certificate for another host a warning: the Java of the server is older than July 2018 and does not compare the names.
	AnyName bool
	// Machine stands for the one that the test runs on; what is nil is the real one.
	remote.Machine
}

// limits are the times that the stages have if TestOptions do not say.
var limits = remote.Limits[Stage]{Resolve: 5 * time.Second, Users: 20 * time.Second, Groups: 20 * time.Second, Write: 20 * time.Second}

// Known is an answer that may still be missing.
type Known int

// The answers.
const (
	Unknown Known = iota
	Yes
	No
)

func known(yes bool) Known {
	if yes {
		return Yes
	}
	return No
}

// Findings are what a test found out, as far as it came.
type Findings struct {
	Contexts     []string // the suffixes that the server says it has
	Paging       bool     // it can give results in pages, which Carbon 4.2.0 does not ask for
	Users        int      // found by the list filter, at most a few thousand
	MoreUsers    bool     // there are more
	Groups       int
	MoreGroups   bool
	SampleDN     string
	SampleGroups []string
	Admin        Known // is there
	AdminDN      string
	Role         Known // the group is there
	AdminInRole  Known
}

// Test runs all stages, calls tell, which may be nil, as each ends, and returns the results. When ctx ends it returns as soon as the entries that it made are
// deleted, or at once.
func Test(ctx context.Context, at Server, s Store, o TestOptions, tell func(StageResult)) []StageResult {
	t := NewTester(at, s, o)
	defer t.Close()
	return remote.Run(t.Stages(), func(stage Stage) StageResult { return t.Run(ctx, stage) }, tell)
}

// Tester runs a test stage by stage, each stage once and in the order of Stages. It is for one goroutine at a time.
type Tester struct {
	at     Server
	store  Store
	o      TestOptions
	ends   []endpoint
	found  Findings
	ended  Stage          // the stage after which nothing more can be tested
	failed map[Stage]bool // those that failed
	ran    map[Stage]bool // those that were asked for
	use    int            // which of ends answered
	raw    net.Conn       // after Connect
	guard  *guard         // after TLS
	conn   *ldap.Conn     // likewise
	sample *ldap.Entry    // after SampleUser
	addrs  [][]string     // after Resolve, by endpoint
}

// NewTester returns a Tester; the caller closes it.
func NewTester(at Server, s Store, o TestOptions) *Tester {
	o.Machine = o.OrReal()
	return &Tester{at: at, store: s, o: o, failed: map[Stage]bool{}, ran: map[Stage]bool{}}
}

// Stages returns the stages that Run takes, in their order.
func (t *Tester) Stages() []Stage { return Stages() }

// Findings returns what was found out so far.
func (t *Tester) Findings() Findings { return t.found }

// Close ends the connection.
func (t *Tester) Close() {
	if t.guard != nil {
		t.guard.cut()
	}
	if t.conn != nil {
		_ = t.conn.Close()
	}
	if t.raw != nil {
		_ = t.raw.Close()
	}
	t.guard, t.conn, t.raw = nil, nil, nil
}

// vital are the stages without which nothing that follows makes sense.
var vital = []Stage{Resolve, Connect, TLS, Bind, Base}

// Run runs one stage. It returns within the time limit of the stage; after a canceled or failed Write it may take as long again to clean up.
// What needs an earlier stage that failed or was not run is skipped.
func (t *Tester) Run(ctx context.Context, stage Stage) StageResult {
	r := remote.Timed(t.o.Now, stage, func() StageResult { return t.guarded(ctx, stage) })
	t.ran[stage] = true
	if r.Err != nil {
		r.Err.Stage = stage
		if r.Message == "" {
			r.Message = r.Err.What
		}
	}
	if r.Status == Fail || r.Status == NotTested && r.Err != nil {
		t.failed[stage] = true
		if t.ended == "" && (slices.Contains(vital, stage) || t.lost(r.Err)) {
			t.ended = stage
		}
	}
	return r
}

// lost reports whether the connection is of no more use after an error.
func (t *Tester) lost(e *Error) bool {
	switch e.Kind {
	case Silent, Closed, Garbage, TooMuch, Canceled:
		return true
	default:
		return t.conn == nil || t.conn.IsClosing()
	}
}

func (t *Tester) guarded(ctx context.Context, stage Stage) StageResult {
	switch {
	case t.ended != "":
		return notReached(stage, "The test ended at the stage "+t.ended.Title()+".")
	case ctx.Err() != nil:
		return StageResult{Status: NotTested, Err: canceled(ctx.Err())}
	}
	for _, v := range vital {
		if v == stage {
			break
		}
		if !t.ran[v] {
			return notReached(stage, "The stage "+v.Title()+" comes before it.")
		}
	}
	limited, cancel := context.WithTimeout(ctx, limits.Of(stage, t.o.Timeout))
	defer cancel()
	switch stage {
	case Resolve:
		return t.resolve(limited)
	case Connect:
		return t.connect(limited)
	case TLS:
		return t.encrypt(limited)
	case Bind:
		return t.bind(limited)
	case Base:
		return t.base(limited)
	case Users:
		return t.users(limited)
	case SampleUser:
		return t.sampleUser(limited)
	case Groups:
		return t.groups(limited)
	case Membership:
		return t.membership(limited)
	case Admin:
		return t.admin(limited)
	case Write:
		return t.write(limited)
	}
	return skipped("There is no such stage.")
}

// notReached names the stage: its message may stand below those of others without its title.
func notReached(stage Stage, why string) StageResult {
	return skipped("Not reached: " + stage.Title() + ". " + why)
}

func skipped(why string) StageResult { return StageResult{Status: Skipped, Message: why} }

func notTested(why string) StageResult { return StageResult{Status: NotTested, Message: why} }

func ok(what string) StageResult { return StageResult{Status: OK, Message: what} }

func warn(what string, e *Error) StageResult {
	return StageResult{Status: Warn, Message: what, Err: e}
}

// fail is NotTested when the operator stopped the stage: nothing was found out.
func fail(e *Error) StageResult {
	if e.Kind == Canceled {
		return StageResult{Status: NotTested, Err: e}
	}
	return StageResult{Status: Fail, Err: e}
}

func canceled(err error) *Error {
	return &Error{Kind: Canceled, What: "The test was stopped.", wrapped: err}
}
