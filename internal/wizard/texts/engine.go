// Package texts holds what the wizard's front ends, and the state machine behind them, say to the operator: every sentence once.
// A text is a constant, or a function of what it tells about; none is put together from halves elsewhere.
package texts

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"carbon-setup/internal/apply"
)

// What the hub says beside a guideline.
const (
	NotInThisVersion = "not in this version"
	AlreadySo        = "already as recommended"
	Answered         = "answered; see the review"
	AppliedNow       = "applied in this session"
	AnsweredSame     = "answered; the install is so already"
	DraftKept        = "what you typed is kept, not accepted yet"
	SecretAgain      = "needs your password again"
	NotSet           = "not set"
	NoReason         = "no reason given"
)

// Why something cannot be written.
const (
	DryRunNoWrite  = "This is a dry run: nothing is written."
	LockedNoWrite  = "Another carbon-setup works on this install. You can look at everything, and change nothing."
	NothingToApply = "There is nothing to apply: no accepted answer changes the install."
)

// What is said about typed values.
const (
	GiveABool     = "Choose yes or no."
	GiveANumber   = "Give a whole number, such as 9999."
	GiveASize     = "Give a number with m or g, such as 512m or 2g."
	GiveAList     = "Put a name with blanks or commas between two quotation marks."
	GiveAMap      = "Give name=value pairs with commas between them."
	GiveOne       = "Give a value."
	TypeAgainFix  = "Passwords are never saved, so type it once more."
	OuterBlankFix = "Blanks at the ends of a password mostly come from the clipboard. Type it again, or go on if they belong to it."
	ReportChanged = "changed"
	ReportLeftOut = "left out: a file stands in the way"
)

// CheckAgain says in the list that answers have to be looked at again, because others that they rest on have changed.
func CheckAgain(labels []string) string {
	if len(labels) == 1 {
		return "check again: " + labels[0] + " has changed"
	}
	return "check again: " + strings.Join(labels[:len(labels)-1], ", ") + " and " + labels[len(labels)-1] + " have changed"
}

// ChangedSince says how a value that accepted answers rest on has changed.
func ChangedSince(label, was, is string) string {
	switch {
	case was == is: // a secret
		return fmt.Sprintf("%s is another one than when you accepted this.", label)
	case was == "":
		return fmt.Sprintf("%s was not set when you accepted this, and is %s now.", label, is)
	case is == "":
		return fmt.Sprintf("%s was %s when you accepted this, and is not set now.", label, was)
	}
	return fmt.Sprintf("%s was %s when you accepted this, and is %s now.", label, was, is)
}

// What to do about answers that have to be looked at again.
const (
	CheckAgainFix    = "See whether these answers still fit, and accept them again."
	CheckAgainReview = "Open the guideline, see whether its answers still fit, and accept them again. It is planned with them as they are."
)

// CheckAgainAbout says in the review which guideline has to be looked at again.
func CheckAgainAbout(guideline int, title, why string) string {
	return fmt.Sprintf("Guideline %d, %s, is to be checked again: %s", guideline, title, why)
}

// AppliedStill says that a guideline was applied, and what is left to look at.
func AppliedStill(finding string) string { return "applied. " + finding }

// SkippedBecause says that a guideline was left out.
func SkippedBecause(reason string) string { return fmt.Sprintf("skipped: %q", reason) }

// LeftOutFor says that a guideline has answers, and that a file of the install stands in their way.
func LeftOutFor(why string) string { return "left out, because a file stands in the way: " + why }

// Missing says that a field must not be empty.
func Missing(label string) string { return label + " is missing." }

// TypeAgain says that a secret of an interrupted session has to be typed again.
func TypeAgain(label string) string { return label + " has to be typed again after the interruption." }

// NotABool says that a value is neither yes nor no.
func NotABool(label string) string { return label + " can only be yes or no." }

// NotANumber says that a value is no whole number.
func NotANumber(label, text string) string {
	return fmt.Sprintf("%s: %q is not a number.", label, text)
}

// NotASize says that a value is no memory size.
func NotASize(label, text string) string {
	return fmt.Sprintf("%s: %q is not a memory size.", label, text)
}

// NotAChoice says that a value is none of those offered.
func NotAChoice(label, text string) string {
	return fmt.Sprintf("%s: %q is not one of the choices.", label, text)
}

// GiveAChoice lists the choices.
func GiveAChoice(all []string) string { return "Choose one of: " + strings.Join(all, ", ") + "." }

// ReportUntested tells of a check that the operator has not waited for.
func ReportUntested(title string) string {
	return title + ": not tested. The changes were applied without it."
}

// AppliedUntested sums up the checks that the operator has not waited for.
func AppliedUntested(n int) string {
	return fmt.Sprintf("Applied without waiting for %s; the report says which.", count(n, "check"))
}

// NotAList says that a value is no list.
func NotAList(label string) string {
	return label + ": A quotation mark has no second one."
}

// NotAMap says that a value is no list of pairs.
func NotAMap(label, why string) string { return fmt.Sprintf("%s: %s.", label, why) }

// SecretOuterBlank warns of blanks round a secret.
func SecretOuterBlank(label string) string { return label + " begins or ends with a blank." }

// Now tells the present value and where it stands; "" when nothing is known.
func Now(text, place, note string) string {
	var parts []string
	if text == "" && note == "" && place != "" {
		note = NotSet
	}
	if text != "" {
		parts = append(parts, text)
	}
	if note != "" {
		parts = append(parts, "("+note+")")
	}
	if place != "" {
		parts = append(parts, "in "+place)
	}
	return strings.Join(parts, " ")
}

// NoRights says that the user cannot write to the home.
func NoRights(home, user string) string {
	return fmt.Sprintf("%s: the user %s cannot write here, so nothing can be applied. Look as you like; to apply, start carbon-setup as the owner of the install or as root.", home, user)
}

// CannotLock says that the lock could not be taken.
func CannotLock(home string, err error) string {
	return fmt.Sprintf("%s: the lock could not be taken (%s), so nothing can be applied.", home, Cause(err))
}

// CannotReadRuns says that the history could not be read.
func CannotReadRuns(home string, err error) string {
	return fmt.Sprintf("%s: the history of earlier runs could not be read (%s).", home, Cause(err))
}

// CannotReadSession says that a session could not be read.
func CannotReadSession(err error) string {
	return fmt.Sprintf("An earlier session was left here, but it could not be read. %s You start afresh.", sentence(Cause(err)))
}

// sentence ends a text with a stop, unless it has one.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

// SessionUnreadable says that a session is damaged or of a newer version.
func SessionUnreadable(aside string, err error) string {
	return fmt.Sprintf("An earlier session was left here, but it could not be used. %s It is kept in .carbon-setup/%s; you start afresh.", sentence(Cause(err)), aside)
}

// SessionNotSaved says that the session could not be written.
func SessionNotSaved(err error) string {
	return fmt.Sprintf("Your answers are accepted, but could not be saved for a dropped connection (%s).", Cause(err))
}

// SessionNotRemoved says that the session of an applied run is still there.
func SessionNotRemoved(err error) string {
	return fmt.Sprintf("The session of the applied run could not be removed (%s).", Cause(err))
}

// SecretsNotRead says that secrets named by reference could not be read again.
func SecretsNotRead(why string) string {
	return fmt.Sprintf("Secrets of the session could not be read again (%s). Their steps ask for them.", why)
}

// Cause is the innermost cause of an error, for people: the text of the operating system rather than the chain that led to it.
func Cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Path + ": " + p.Err.Error()
	}
	return err.Error()
}

// PlaceTitle names a screen in a sentence.
func PlaceTitle(screen string) string {
	if screen == "review" {
		return "the review"
	}
	return "the list of guidelines"
}

// CheckTimedOut says that a check gave no answer in its time.
func CheckTimedOut(title string, after time.Duration) string {
	return fmt.Sprintf("%s: no answer within %d s, so this could not be checked.", title, int(after.Seconds()))
}

// FilesCount tells what a guideline changes.
func FilesCount(n int, files []apply.FileDiff, which []int) string {
	added, removed := 0, 0
	for _, i := range which {
		added, removed = added+files[i].Added, removed+files[i].Removed
	}
	switch n {
	case 0:
		return "no file, but an action"
	case 1:
		return fmt.Sprintf("%s, +%d -%d", files[which[0]].Path, added, removed)
	}
	return fmt.Sprintf("%d files", n)
}

// Blocks says which guideline stands in the way of an apply.
func Blocks(guideline int, title, why string) string {
	return fmt.Sprintf("Guideline %d, %s: %s", guideline, title, why)
}

// PreflightProblem is a problem that apply would refuse for.
func PreflightProblem(path, message, fix string) string {
	s := strings.TrimSpace(message + " " + fix)
	if path != "" && !strings.HasPrefix(message, path) {
		s = path + ": " + s
	}
	return s
}

// UndoCommand is the command that takes a run back.
func UndoCommand(home, run string) string {
	return fmt.Sprintf("carbon-setup restore --home %s %s --yes", ShellWord(home), run)
}

// Next is something to do after an apply.
type Next struct{ Text, Command string }

// String is both in one line.
func (n Next) String() string { return n.Text + ": " + n.Command }

// NextSteps tells what to do after an apply. asks: the server asks for the password of its vault, and nobody is there to answer after "start".
func NextSteps(home string, asks bool) []Next {
	start := Next{"Start the server, so that it reads the new configuration", ShellWord(home+"/bin/wso2server.sh") + " start"}
	if asks {
		start = Next{
			"Start the server in a terminal, where it asks for the password of the vault (with start or restart it hangs), or by the service in the report",
			"sh " + ShellWord(home+"/bin/wso2server.sh"),
		}
	}
	return []Next{
		start,
		{"Look once more afterwards", "carbon-setup audit --home " + ShellWord(home)},
	}
}

// InReport names a file for the operator that is too long for a screen.
func InReport(file string) string { return file + ", in full in the report of the run" }

// InFull heads a file that is shown where it stands, because there will be no report that has it.
func InFull(file string) string {
	return file + ", in full (nothing is changed, so there is no report with it):"
}

// ShellWord quotes a word for a POSIX shell where it needs it.
func ShellWord(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-", r)
	}) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// ReportTitle heads the report of a run.
func ReportTitle(run string) string { return "carbon-setup, run " + run }

// By tells who ran it.
func By(user, sudo, client string) string {
	s := user
	if sudo != "" && sudo != user {
		s = sudo + " (as " + user + " through sudo)"
	}
	if client != "" {
		s += " from " + client
	}
	return s
}

// Op is an operation on a file in the past tense.
func Op(op string) string {
	switch op {
	case "create":
		return "created"
	case "remove":
		return "removed"
	}
	return "changed"
}

// GuidelineList names guidelines by number: "guideline 4", "guidelines 1 and 4".
func GuidelineList(rows []int) string {
	switch len(rows) {
	case 0:
		return "no guideline"
	case 1:
		return fmt.Sprintf("guideline %d", rows[0])
	}
	parts := make([]string, 0, len(rows))
	for _, n := range rows[:len(rows)-1] {
		parts = append(parts, fmt.Sprint(n))
	}
	return fmt.Sprintf("guidelines %s and %d", strings.Join(parts, ", "), rows[len(rows)-1])
}

// Unreadable names a file that could not be read.
func Unreadable(file, why string) string {
	return fmt.Sprintf("%s could not be read: %s", file, why)
}

// UnseenRun tells of a run whose end nobody has seen.
func UnseenRun(run, state string, files int, dir string) string {
	return fmt.Sprintf("Run %s went on after the connection was lost, and came to its end: %s, %s. Its report, with the command that takes it back, and its log are in %s.", run, state, count(files, "file"), dir)
}
