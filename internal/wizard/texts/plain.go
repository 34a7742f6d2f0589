package texts

import (
	"fmt"
	"strings"
)

// How to answer in plain lines; said once, at the start.
const (
	PlainHow      = "Answer each question with one line. Enter alone takes what stands in [brackets]."
	PlainKeys     = "At every question, ? explains it, b goes back and q leaves. At the questions of a guideline, s skips the guideline."
	PlainLiteral  = "Where a text is asked for, = in front of it makes it a text whatever it is: =b is the text b, and = alone is the empty text. A password is taken as you type it, except for ?, b, q or s alone."
	PlainHidden   = "What you type for a password is not shown."
	PlainEcho     = "This terminal cannot hide what you type: the password will be seen."
	PlainNothing  = "Nothing is written before you have typed the word apply, at the end."
	PlainPossible = "Possible here:"
	PlainTooMany  = "Three answers in a row could not be used, and nobody sits at the input: this ends here. Nothing was applied by it."
	PlainEndless  = "That line is too long, so it was not taken."
	PlainControls = "That line holds control characters, such as an arrow key sends, so it was not taken."
	PlainNotUTF8  = "That line is not UTF-8 text, so it was not taken."
	PlainNoEmpty  = "That cannot be left empty."
	PlainUnknown  = "That is none of the possible answers."
	PlainNumber   = "the number of the answer"
	PlainAsShown  = "the answer as it is shown"
)

// What the letters do, for the list of possible answers.
const (
	PlainEnter       = "Enter"
	PlainText        = "a text"
	PlainSecretText  = "the password"
	PlainCount       = "NUMBER"
	PlainHelpKey     = "explain"
	PlainFindingsKey = "what the audit found here"
	PlainBackKey     = "back"
	PlainLeaveKey    = "leave; your answers are kept, nothing is written"
	PlainSkipKey     = "skip this guideline"
	PlainEqualsKey   = "the text as it stands after the ="
	PlainTakes       = "takes: "
	PlainKeeps       = "the one that is held stays"
	PlainMakes       = "a strong one is made for you"
	PlainStaysEmpty  = "it stays empty"
)

// The prompts of the screens.
const (
	PlainHubPrompt      = "Guideline number, r review, ? all answers"
	PlainLookPrompt     = "Guideline number, b to go back"
	PlainReviewPrompt   = "a apply, d differences, b back to the list, ? all answers"
	PlainEndPrompt      = "Enter accepts, a number changes an answer"
	PlainEndChecks      = "Enter accepts, a number changes an answer, t runs the checks"
	PlainResultPrompt   = "Enter goes on to the list, q leaves"
	PlainFailedPrompt   = "Enter goes on to the list, r plans again, q leaves"
	PlainChoosePrompt   = "Number"
	PlainGeneratedNext  = "Enter goes on"
	PlainEnterAccepts   = "accept these answers"
	PlainChangeOne      = "change that answer"
	PlainOpenOne        = "open that guideline"
	PlainLookAtOne      = "what the audit found there"
	PlainSkipOne        = "skip that guideline, or take it back in"
	PlainLeaveOutOne    = "leave that guideline out, or take it back in"
	PlainWhyOne         = "explain that guideline"
	PlainRefresh        = "read the install again"
	PlainDiffAll        = "the differences in full"
	PlainDiffOne        = "the differences of that file"
	PlainToList         = "back to the list of guidelines"
	PlainGoOn           = "go on"
	PlainAnswers        = "Your answers"
	PlainSecretGiven    = "given"
	PlainSecretHeld     = "kept as typed before"
	PlainSecretMade     = "will be made"
	PlainSecretNone     = "left empty"
	PlainEmpty          = "empty"
	PlainConfirm        = "Accept all the same?"
	PlainOverSure       = "Forget what was answered?"
	PlainReplaceSure    = "The file is there already. Replace it?"
	PlainApplyNo        = "Anything else writes nothing."
	PlainApplyInterrupt = "The interruption is noted. The apply goes on to its end first."
	PlainApplyAgain     = "The word apply writes; anything else goes back to the review."
	PlainChecksFirst    = "Before anything is written, the checks run."
	PlainChecksStopped  = "The checks were stopped. What they would have found is not known."
	PlainAgainBack      = "type the password anew from the start"
	PlainSecretAgainFix = "Type both again."
	PlainPathHint       = "a folder with / at its end lists its files; a path with ? at its end lists what it can go on as"
	PlainPathNone       = "Nothing there begins so."
	PlainDraftRefused   = "it cannot be accepted as it is"
	PlainFirst          = "There is nothing before this list. q leaves."
)

// PlainChecksRun says that checks have begun, how long they take at the most, and how to stop them.
func PlainChecksRun(n, seconds int, terminal bool) string {
	s := fmt.Sprintf("%s, at most %d s. ctrl+c stops them and keeps your answers.", count(n, "check"), seconds)
	if terminal {
		return fmt.Sprintf("%s, at most %d s. Enter or ctrl+c stops them and keeps your answers.", count(n, "check"), seconds)
	}
	return s
}

// PlainStill is a sign of life.
func PlainStill(seconds int) string { return fmt.Sprintf("still working, %d s", seconds) }

// PlainStillOn is a sign of life that tells what is being worked on.
func PlainStillOn(what string, seconds int) string {
	return fmt.Sprintf("still working, %d s: %s", seconds, what)
}

// PlainQuestion heads a question.
func PlainQuestion(i, n int, label string) string {
	return fmt.Sprintf("Question %d of %d: %s", i, n, label)
}

// PlainProposed tells where a proposal comes from.
func PlainProposed(value, from string) string {
	return fmt.Sprintf("Proposed: %s. That is %s.", value, from)
}

// PlainNow is the label of a question with the present value.
func PlainNow(label, now string) string {
	if now == "" {
		return label
	}
	return fmt.Sprintf("%s, now: %s", label, now)
}

// PlainStage is a stage of an apply that has begun.
func PlainStage(name string) string { return "- " + name }

// PlainStageAt tells how far a stage of an apply is.
func PlainStageAt(name string, done, total int) string {
	if total == 0 {
		return name
	}
	return fmt.Sprintf("%s, %d of %d", name, done, total)
}

// PlainNotBetween says that a number is none of those possible.
func PlainNotBetween(n, from, to int) string {
	return fmt.Sprintf("%d is not between %d and %d.", n, from, to)
}

// PlainSkippedNow says that a guideline that is being opened is skipped.
func PlainSkippedNow(reason string) string {
	return fmt.Sprintf("This guideline is skipped now: %q. Accepting answers takes it back in.", reason)
}

// PlainFileLine is a file of a plan with its number.
func PlainFileLine(n int, path, op string, added, removed int, guidelines string) string {
	return fmt.Sprintf("file %d  %s %s, +%d -%d, for %s", n, path, op, added, removed, guidelines)
}

// PlainWhere says where carbon-setup works.
func PlainWhere(program, home, product, host string) string {
	parts := []string{strings.TrimSpace(Product + " " + program), home}
	if product != "" {
		parts = append(parts, product)
	}
	if host != "" {
		parts = append(parts, "host "+host)
	}
	return strings.Join(parts, ", ")
}

// PlainNoNumber says that a letter needs a number after it.
func PlainNoNumber(key string) string {
	return fmt.Sprintf("Which one? Give its number too, such as %s 4.", key)
}

// PlainMoreFindings says that the audit found more than was told.
func PlainMoreFindings(n int) string {
	if n == 1 {
		return "The audit found one more thing here; ?? tells it."
	}
	return fmt.Sprintf("The audit found %d more things here; ?? tells them.", n)
}

// PlainNotBuilt says that a guideline has no step.
func PlainNotBuilt(guideline int) string {
	return fmt.Sprintf("This version of carbon-setup cannot do guideline %d: do it by hand.", guideline)
}
