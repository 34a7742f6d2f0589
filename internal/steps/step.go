// Package steps holds the guidelines: one file per guideline, each a Step. A Step asks its questions as data (Fields), judges an
// install (Audit), edits it in a Workspace (Plan) and checks the result (Verify). Nothing here knows a terminal or writes a file.
//
// Adding a guideline is adding one file and one line in registry.go.
package steps

import (
	"context"
	"slices"
	"time"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
	"carbon-setup/internal/severity"
)

// Info is what is the same for every install.
type Info struct {
	ID        string   // "hostname": stable, used in sessions and messages
	Section   string   // section of the answers file; usually the ID
	Also      []string // further sections of the answers file that are the step's
	Guideline int      // row of guidelines.md, 1-16
	Title     string   // "Host name"
	Why       string   // the guideline in a few sentences and what happens to those who ignore it; paragraphs parted by blank lines
	Order     int      // plan order: a step sees the edits of those with a lower one. 0 = its guideline number
	NotBuilt  bool     // the row exists, its step does not yet
	// Reads are the keys of other steps whose values the answers of this one rest on: what it proposes, how it judges or what it plans. When one
	// of them changes after the answers were accepted, they have to be looked at again.
	Reads []string
	// Free reports whether the answers rest on none of them all the same: what is left as it is, or switched off, does not. nil = never.
	Free func(a *answers.Set) bool
}

// Sections are the sections of the answers file that are the step's.
func (i Info) Sections() []string { return append([]string{i.Section}, i.Also...) }

// Asked reports whether the answers have any of the step's sections.
func (i Info) Asked(a *answers.Set) bool { return slices.ContainsFunc(i.Sections(), a.HasSection) }

// Step is one guideline.
type Step interface {
	Info() Info
	// Specs are the keys of the step's section of the answers file, static.
	Specs() []answers.Spec
	// Applies reports whether the install has what the guideline is about, and a sentence why not.
	Applies(w *Workspace) (ok bool, reason string)
	// Fields are the questions to ask given what is answered so far; a field left out is not asked. Fields read the Workspace and nothing else.
	Fields(w *Workspace, a *answers.Set) []Field
	// Validate judges the answers of the section together and against the install. It is pure.
	Validate(w *Workspace, a *answers.Set) []Problem
	// Checks are the probes that fit the answers: resolve a name, bind a port. They run only when asked for or before apply.
	Checks(w *Workspace, a *answers.Set) []Check
	// Plan records the edits for the answers of its section; called only when the section is present and valid.
	Plan(w *Workspace, a *answers.Set) error
	// Audit judges the install as it is. At least one Result.
	Audit(w *Workspace) []Result
	// Verify judges the install after apply against the answers.
	Verify(w *Workspace, a *answers.Set) []Result
	// Advice is what the operator has to do or know besides the files: firewall commands, a restart, a registry resource. Shown in review and report.
	Advice(w *Workspace, a *answers.Set) []Advice
}

// Field is a question.
type Field struct {
	answers.Spec                                     // Key is concrete here
	Default      string                              // proposed value, canonical text; never a secret
	DefaultFrom  string                              // "the guideline", "the present value", "this machine's name"
	Now          Present                             // the value in force
	Options      []Option                            // of a Choice, with labels; nil = Choices as they are
	Check        func(text string) *Problem          // judges one value as typed; may be nil; pure
	CheckSecret  func(s secret.Secret) *Problem      // the same for Kind Secret
	Strength     func(s secret.Secret) (word string) // "weak", "fair", "strong" for new passwords; may be nil
	Confirm      bool                                // ask twice (a new secret)
	Generate     func() secret.Secret                // offered when left empty; may be nil
}

// Option of a Choice.
type Option struct{ Value, Label string }

// Present is a value in force and where it stands.
type Present struct {
	Text  string // never a secret; a secret is secret.Shown, or a word such as "the default password"
	Place carbon.Place
	Note  string // "default of the product: no element in the file"
}

// Severity of a Problem or Result.
type Severity = severity.Level

// The severities, worst last.
const (
	Note    = severity.Note
	Warning = severity.Warning
	Error   = severity.Error
)

// Problem is what is wrong with an answer. Error: cannot go on; Warning: can, after a confirmation; Note: for information.
type Problem struct {
	Severity Severity
	Key      string // of the answer; "" = the section
	Message  string // what is wrong and why, a full sentence
	Fix      string // what to do, a full sentence
}

// Status of a Result, as in the JSON contract.
type Status string

// The statuses. Unknown is "could not check", apart from OK.
const (
	OK      Status = "ok"
	Warn    Status = "warn"
	Fail    Status = "fail"
	Unknown Status = "unknown"
)

// Result is one thing looked at by an audit, a check or a verification. Warn and Fail of an audit are findings.
type Result struct {
	ID        string // stable: "CS-4.1" = guideline 4, first rule
	Guideline int
	Status    Status
	Severity  Severity // of a finding
	Place     carbon.Place
	Message   string // what is so, a full sentence
	Of        string // of a check: what it is about, where the message does not name it: "WSO2_CARBON_DB"
	Why       string // why it matters (findings)
	Fix       string // how to fix: the step, or what to do by hand
	Fact      bool   // it tells what is so and judges nothing: no part of a score
}

// Text is the message, after the name of what it is about.
func (r Result) Text() string {
	if r.Of == "" {
		return r.Message
	}
	return r.Of + ": " + r.Message
}

// Check is a probe of the outside world. It holds copies of what it needs, never the Workspace.
type Check struct {
	ID    string // "hostname.resolves"
	Title string // "am01.example.com resolves"
	Run   func(ctx context.Context) Result
	// Timeout is how long it may take; 0 = what the caller gives to each check.
	Timeout time.Duration
}

// Advice is something for the operator to do or know.
type Advice struct {
	Guideline   int
	Title       string
	Text        string       // full sentences
	Commands    []string     // verbatim, to copy; never run by us
	Attachments []Attachment // named in the review, in full in the report
}

// Attachment is a file outside of the install that the operator may want to have; it is never written by us.
type Attachment struct {
	Name    string // where it goes: "/etc/systemd/system/carbon.service"
	Content string // holds no secret
}
