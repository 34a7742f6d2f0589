package texts

import (
	"fmt"
	"strings"
	"time"
)

// The product's name, and words that stand on every screen.
const (
	Product  = "carbon-setup"
	DryRun   = "DRY RUN"
	ReadOnly = "LOOK ONLY"
	Reading  = "Reading ..."

	LookingAtFile    = "looking at the file ... esc stops"
	LookingAtAnswers = "looking at the answers ... esc stops"
	LookingInFolder  = "reading the folder ... esc stops"
	LookingStopped   = "Stopped. What you typed is kept."

	Working     = "Working ..."
	TmuxAdvice  = "Over SSH: best inside tmux or screen. Keys odd after a lost link? Type: reset"
	NotOpenable = "There is nothing to ask for this guideline here."
	LookOnly    = "You are only looking. Go back to resume, or to start over."
)

// The hub.
const (
	HubTitle     = "Guidelines"
	HubReview    = "Review and apply"
	HubRefreshed = "The install has been read again."
)

// What the marks of the list mean, for the help.
const (
	LegendOpen     = "open: something is not as recommended"
	LegendUnknown  = "cannot be seen from the files, so it is asked"
	LegendMet      = "already as recommended"
	LegendAnswered = "answered or applied by you"
	LegendAgain    = "look again: unfinished, a password is wanted, or findings are left"
	LegendCheck    = "check again: an answer of another guideline that it rests on changed"
	LegendSkipped  = "skipped by you, with a reason"
	LegendNone     = "this install has nothing of the kind"
	LegendNotBuilt = "not in this version of carbon-setup: to be done by hand"
)

// HubCount tells how far the walk is.
func HubCount(settled, total int) string { return fmt.Sprintf("%d of %d settled", settled, total) }

// HubBegin invites to begin with a guideline.
func HubBegin(guideline int) string {
	return fmt.Sprintf("enter begins with guideline %d. Nothing is written before you apply.", guideline)
}

// HubBeginBare does so over a link that can drop.
func HubBeginBare(guideline int) string {
	return fmt.Sprintf("enter begins with guideline %d. Over SSH: best inside tmux or screen.", guideline)
}

// NotBuilt says that a guideline has no step.
func NotBuilt(guideline int) string {
	return fmt.Sprintf("This version of carbon-setup cannot do guideline %d: do it by hand. F2 tells why it matters.", guideline)
}

// HubSomeOpen says that some guidelines are not decided yet.
func HubSomeOpen(n int) string {
	if n == 1 {
		return "One guideline is still open. You can review and apply the others; nothing is written before you apply."
	}
	return fmt.Sprintf("%d guidelines are still open. You can review and apply the others; nothing is written before you apply.", n)
}

// HubAllSettled invites to the review.
const HubAllSettled = "Every guideline is settled. Review what would change; nothing is written before you apply."

// StepTitle heads a step.
func StepTitle(number, of int, title string) string {
	return fmt.Sprintf("%d of %d  %s", number, of, title)
}

// LinesOf tells which part of a long text is in sight.
func LinesOf(from, to, total int) string { return fmt.Sprintf("lines %d-%d of %d", from, to, total) }

// FieldCount tells which field of how many has the focus.
func FieldCount(i, n int) string { return fmt.Sprintf("field %d of %d", i, n) }

// What stands beside fields.
const (
	NowWord         = "now: "
	KeptAsTyped     = "kept as typed before; type to replace it"
	TypeAgainNote   = "has to be typed again after the interruption"
	SecretGenerate  = "leave empty, and a strong one is made for you"
	SecretRepeat    = "the same once more"
	SecretDiffers   = "The two passwords are not the same."
	SecretDiffersFx = "Type the second one again; ctrl+r shows both."
	PasteSeveral    = "What you pasted has several lines or control characters, so it was not taken: a password is one line."
	Optional        = "may stay empty"
	DraftNote       = "You left this unfinished; what you typed is still here."
	Strength        = "strength: "
	Yes             = "yes"
	No              = "no"
	ListHint        = "commas between them"
)

// Again labels the second entry of a secret.
func Again(label string) string { return label + ", again" }

// ChecksLine tells the last checks in one line.
func ChecksLine(ok, bad, unknown int, at time.Time, fresh bool) string {
	head := "Checked"
	if !fresh {
		head = "Not checked since you changed a value. Before that,"
	}
	s := fmt.Sprintf("%s %s: %d ok", head, at.Format("15:04"), ok)
	if bad > 0 {
		s += fmt.Sprintf(", %d to look at", bad)
	}
	if unknown > 0 {
		s += fmt.Sprintf(", %d could not be checked", unknown)
	}
	return s
}

// Checks.
const (
	ChecksTitle   = "Checks"
	ChecksNone    = "Nothing here can be checked beforehand."
	ChecksDone    = "All checks have run."
	ChecksRunning = "esc stops them and keeps your answers."
)

// ChecksBelow says that there is more than fits.
func ChecksBelow(status string, lines int) string {
	if lines == 1 {
		return status + " 1 more line below."
	}
	return fmt.Sprintf("%s %d more lines below.", status, lines)
}

// Waiting tells how long something has been running.
func Waiting(title string, seconds, of int) string {
	return fmt.Sprintf("%s  %d s of %d s", title, seconds, of)
}

// Warnings to be confirmed.
const (
	ConfirmTitle    = "Accept all the same?"
	ConfirmQuestion = "Press y to accept all the same, or esc to change it."
)

// A generated secret.
const (
	GeneratedTitle = "A password was made for you"
	GeneratedText  = "It is shown here once and kept nowhere but in the files that need it. Store it where you keep such things, then press enter."
)

// Skipping.
const (
	SkipTitle   = "Skip a guideline"
	SkipLabel   = "Reason"
	SkipDefault = "left out at the review"
)

// SkipQuestion asks for the reason.
func SkipQuestion(guideline int, title string) string {
	return fmt.Sprintf("Why is guideline %d, %s, left out? The reason goes into the report.", guideline, title)
}

// SkippedNotice says that a guideline was left out.
func SkippedNotice(guideline int, title string) string {
	return fmt.Sprintf("Guideline %d, %s, is left out.", guideline, title)
}

// TakenBackNotice says that a guideline is in again.
func TakenBackNotice(guideline int, title string) string {
	return fmt.Sprintf("Guideline %d, %s, is in again.", guideline, title)
}

// AcceptedNotice says that a step was accepted.
func AcceptedNotice(guideline int, title string) string {
	return fmt.Sprintf("Guideline %d, %s: accepted.", guideline, title)
}

// Review.
const (
	ReviewTitle     = "Review"
	ReviewChanges   = "Will change"
	ReviewCannot    = "Cannot"
	ReviewNotBuilt  = "To be done by hand"
	ReviewOpen      = "Left open"
	ReviewSkipped   = "Skipped by you"
	ReviewMet       = "Already so"
	ReviewFiles     = "Files"
	ReviewActions   = "Actions"
	ReviewWarnings  = "Warnings and notes"
	ReviewPreflight = "In the way of an apply"
	ReviewAdvice    = "For you to do"
	ReviewChecks    = "Checks"
	ReviewNothing   = "Nothing would change."
	NoUndo          = "cannot be taken back"
	DryRunApply     = "A dry run has no apply. Start without --dry-run to apply this plan."
	Planning        = "Planning ..."
	SaveTitle       = "Save the answers"
	SaveLabel       = "File"
	SaveQuestion    = "Write the accepted answers to a file, for this install again or for others. Passwords are not in it."
	SaveDefault     = "carbon-setup-answers.yaml"
	SaveReplace     = "The file is there already. Press enter once more to replace it, or change the name."
)

// ReviewCount sums a plan up. The head of its hash tells two plans apart.
func ReviewCount(files, added, removed int, hash string) string {
	return fmt.Sprintf("%s, +%d -%d   plan %.9s", count(files, "file"), added, removed, hash)
}

// Saved says where the answers are.
func Saved(path string) string { return "The answers are in " + path + "." }

// NotSaved says why they are not.
func NotSaved(path string, err error) string {
	return fmt.Sprintf("%s: the answers could not be written (%s).", path, Cause(err))
}

// ServerRuns says that the server runs.
func ServerRuns(pid int) string {
	return fmt.Sprintf("The server runs from this install (process %d). Stop it before you apply: it reads its configuration at the start only, and may overwrite files when it stops.", pid)
}

// The diff.
const (
	DiffTitle    = "Diff"
	DiffEmpty    = "No file would change."
	DiffNotFound = "not found"
	DiffSearch   = "Search: "
	DiffNoEOL    = `\ No newline at end of file`
	DiffLeftOut  = "Nothing was left out here."
	DiffWhich    = "This hunk was asked for by several guidelines. Which one is to be left out?"
	DiffNoAsker  = "No guideline asked for this hunk alone, so none can be left out here."
	DiffMasked   = "passwords masked"
)

// DiffPosition tells where in the diff one is.
func DiffPosition(hunk, hunks, file, files int) string {
	return fmt.Sprintf("hunk %d of %d  file %d of %d", hunk, hunks, file, files)
}

// Apply.
const (
	ApplyTitle    = "Apply"
	ApplyWord     = "apply"
	ApplyPrompt   = "Type apply to write:"
	ApplyNo       = "Anything else, or esc, writes nothing."
	ApplyBackup   = "Every file is backed up first. If anything fails, everything is put back. You can take the whole run back later."
	ApplyMistyped = "That was not the word. Nothing was written."
	ApplyGoing    = "Applying"
	ApplyLost     = "It goes on by itself, even if the connection is lost."
	ApplyStale    = "Files changed on disk since you reviewed the plan. Nothing was written. Plan again and look once more."
)

// ApplyWhere says what will be written where.
func ApplyWhere(files int, host, home string) string {
	what := fmt.Sprintf("%d files", files)
	if files == 1 {
		what = "1 file"
	}
	return fmt.Sprintf("%s will be changed on %s in %s", what, host, home)
}

// StageName names a stage of an apply.
func StageName(stage string) string {
	switch stage {
	case "lock":
		return "take the lock"
	case "preflight":
		return "look whether everything can be written"
	case "stage":
		return "write the new files beside the old ones"
	case "backup":
		return "back up the old files"
	case "actions":
		return "do what is not a file change"
	case "swap":
		return "put the new files in place"
	case "verify":
		return "read everything again and verify it"
	case "commit":
		return "close the run"
	case "rollback":
		return "put everything back"
	}
	return stage
}

// Results.
const (
	ResultApplied  = "Applied"
	ResultFailed   = "Not applied"
	ResultRolled   = "Failed and put back"
	ResultBroken   = "Failed, and could not be put back"
	ResultStale    = "Out of date"
	ResultVerified = "verified"
	ResultNext     = "next"
	ResultUndo     = "undo"
	ResultReport   = "report"
	ResultLog      = "log"
	ResultWarnings = "look at"
	ResultJournal  = "journal"
	ResultAdvice   = "to do"
	ResultAgain    = "Nothing was written. Put it right, then plan and apply again."
	ResultHuman    = "Some files are as before and some are not. Do not start the server. The journal says how far it went; carbon-setup will offer to finish or undo it at its next start."
)

// ResultSum sums a run up.
func ResultSum(run string, files, actions int, took time.Duration) string {
	parts := []string{fmt.Sprintf("Run %s", run), count(files, "file")}
	if actions > 0 {
		parts = append(parts, count(actions, "action"))
	}
	return strings.Join(parts, ", ") + fmt.Sprintf(", %.1f s.", took.Seconds())
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// VerifiedCount tells how many values were verified.
func VerifiedCount(ok, all int) string {
	return fmt.Sprintf("%d of %d looked at again are as intended", ok, all)
}

// RolledBack says that a run failed and was undone.
func RolledBack(why string) string {
	return "The run failed and everything is as it was before: " + why
}

// Leaving.
const (
	LeaveTitle     = "Leave?"
	LeaveText      = "Your answers are saved; carbon-setup offers to resume when you start it again. Passwords have to be typed again."
	LeaveDryRun    = "This is a dry run: nothing was written, and nothing is kept."
	LeaveApplying  = "An apply is under way. It finishes by itself, or puts everything back; carbon-setup waits for it before it ends."
	LeaveQuestion  = "enter leaves, esc stays. ctrl+c once more leaves at once."
	LeaveNotSaved  = "Only looking: there is nothing to save."
	WaitingToEnd   = "Waiting for the apply to end ..."
	HelpTitle      = "Keys"
	WhyTitle       = "Why"
	NoticesTitle   = "Before you begin"
	WhyFindings    = "What the audit found here"
	WhyNoFindings  = "The audit found nothing to say here."
	LockedTitle    = "Another carbon-setup works on this install"
	RecoverTitle   = "An apply was cut off"
	ResumeTitle    = "Welcome back"
	ChoiceResume   = "Resume"
	ChoiceOver     = "Start over"
	ChoiceLook     = "Look"
	ChoiceLeave    = "Leave"
	ChoiceRecover  = "Recover now"
	ChoiceOverSure = "Start over, and forget what was answered"
)

// TooSmall asks for a larger window.
func TooSmall(w, h int) string {
	return fmt.Sprintf("make the window larger (now %dx%d)", w, h)
}

// YouWere tells where a session was left.
func YouWere(step int, title string, ago time.Duration, from string) string {
	where := title
	if step > 0 {
		where = fmt.Sprintf("step %d (%s)", step, title)
	}
	s := fmt.Sprintf("You were at %s, %s ago", where, Ago(ago))
	if from != "" {
		s += ", from " + from
	}
	return s + "."
}

// Ago tells a span of time in one unit.
func Ago(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return count(int(d.Seconds()), "second")
	case d < 2*time.Hour:
		return count(int(d.Minutes()), "minute")
	case d < 48*time.Hour:
		return count(int(d.Hours()), "hour")
	}
	return count(int(d.Hours()/24), "day")
}

// The resume screen.
const (
	ResumeLost    = "The connection was lost then."
	ResumeKept    = "Accepted: "
	ResumeSkipped = "Skipped: "
	ResumeSecrets = "Passwords are never saved. To be typed again: "
	ResumeSame    = "No configuration file has changed since."
	ResumeChanged = "Changed on disk since:"
	ResumeNothing = "Nothing was accepted yet."
	OverNotice    = "The old session is forgotten."
	ResumedNotice = "Resumed."
)

// HeldBy tells who holds the lock.
func HeldBy(user, terminal, client, host string, pid int, since string) string {
	s := user
	if terminal != "" {
		s += " on " + terminal
	}
	if client != "" {
		s += " from " + client
	}
	if host != "" {
		s += ", host " + host
	}
	return fmt.Sprintf("It belongs to %s, process %d, since %s.", s, pid, since)
}

// LockedText tells what can be done about it.
const LockedText = "You can look at the audit without changing anything. When the other one has ended, start carbon-setup again."

// CutOff tells about a run that was cut off.
func CutOff(run, when, who string) string {
	return fmt.Sprintf("Run %s, begun %s by %s, did not come to its end. Some files may be new and some old. Do not start the server like this.", run, when, who)
}

// RecoverText tells what recovering does.
const RecoverText = "Recovering finishes the run when all of it was ready, and puts everything back otherwise. Nothing else can be done before."

// RecoverDryRun says why a dry run cannot recover.
const RecoverDryRun = "This run cannot write. Start carbon-setup without --dry-run, as the owner of the install, to recover."

// Recovered tells what became of it.
func Recovered(run, outcome string, files int) string {
	if outcome == "finished" {
		return fmt.Sprintf("Run %s was finished: %s changed.", run, count(files, "file"))
	}
	return fmt.Sprintf("Run %s was undone: %s put back.", run, count(files, "file"))
}

// Failed tells that something could not be done.
func Failed(err error) string { return "That did not work: " + Cause(err) }

// Unset is the choice of no answer.
const Unset = "leave as it is"

// AndMore ends a list that is longer than its area.
func AndMore(n int) string { return fmt.Sprintf("and %d more", n) }

// ApplyUntested is what the operator is told before an apply whose checks have not all run.
func ApplyUntested(n int) string {
	return fmt.Sprintf("Untested: %s of the plan did not run to the end. Go back to wait, or apply untested; the report will say so.", count(n, "check"))
}
