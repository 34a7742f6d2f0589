package flow

// End is how a front end was left.
type End int

// The ends. The command maps them to exit codes.
const (
	EndLeft        End = iota // by the operator, before anything was applied: 130
	EndApplied                // 0, or 3 when Applied.Warned
	EndFailed                 // an apply failed; Applied.Err says how: 6, 7, 8, 9, 10
	EndInterrupted            // the link or a signal; the session can be resumed: 75
	EndNothing                // left with nothing to change: 0
)

// Outcome is what a front end returns.
type Outcome struct {
	End     End
	Applied *Applied // the last apply of this run, or nil
	Saved   bool     // a session was left that can be resumed
}
