package remote

import "time"

// Status is how a stage ended.
type Status string

// The ends of a stage.
const (
	OK        Status = "ok"
	Warn      Status = "warn"       // works, but the operator should read the message
	Fail      Status = "fail"       // Result.Err says why
	NotTested Status = "not-tested" // could not be found out, or was not asked for: never to be shown as a tick
	Skipped   Status = "skipped"    // an earlier stage failed, or the test was canceled
)

// Result is what became of a stage of the kind S, with an error of the type E.
type Result[S ~string, E any] struct {
	Stage   S
	Status  Status
	Message string // full sentences
	Err     *E     // of Fail, and where the test has more to say of Warn
	Took    time.Duration
}

// Run runs the stages one after the other, calls tell, which may be nil, as each ends, and returns the results of all.
func Run[S ~string, E any](stages []S, run func(S) Result[S, E], tell func(Result[S, E])) []Result[S, E] {
	results := make([]Result[S, E], 0, len(stages))
	for _, s := range stages {
		r := run(s)
		results = append(results, r)
		if tell != nil {
			tell(r)
		}
	}
	return results
}

// Timed runs one stage, and enters which it was and how long it took by the clock.
func Timed[S ~string, E any](clock func() time.Time, stage S, run func() Result[S, E]) Result[S, E] {
	start := clock()
	r := run()
	r.Stage, r.Took = stage, clock().Sub(start)
	return r
}

// Limits are the times that stages have unless the operator says another: what is not in it has ten seconds.
type Limits[S ~string] map[S]time.Duration

const usualLimit = 10 * time.Second

// Of returns the limit of a stage; asked is what the operator wants for every stage, 0 if nothing.
func (l Limits[S]) Of(stage S, asked time.Duration) time.Duration {
	if asked > 0 {
		return asked
	}
	if limit, ok := l[stage]; ok {
		return limit
	}
	return usualLimit
}
