// Package flow is the wizard without a screen: the state machine that walks the operator from guideline to guideline, and every read and
// write behind it. The front ends (tui, plain) show what it returns and hand back what was typed; neither does any input or output of its
// own, except to its terminal. There is no Charm import here.
//
// # A front end in one page
//
//	e, err := flow.Open(ctx, flow.Config{Home: dir, ...})   // *carbon.RefusedError, file system errors
//	defer e.Close()
//	switch e.Entry() {
//	case flow.EntryLocked:   // e.Holder() says who; only looking is possible
//	case flow.EntryRecover:  // e.Unfinished(); then e.Recover(ctx) and ask Entry again. Nothing else before it
//	case flow.EntryResume:   // e.Resumable(); then e.Resume(ctx), e.StartOver(ctx) or look around
//	case flow.EntryHub:      // e.Rows() is the hub
//	}
//
//	e.Enter(ctx, flow.Place{Screen: flow.AtStep, Step: id}) // whenever the operator goes somewhere: the session resumes there
//	f, err := e.Form(ctx, id)                               // the questions with present value, default, draft
//	v, err := e.Accept(ctx, id, values, false)              // v.OK -> go to v.Next; v.Confirm -> show the warnings, ask, Accept(..., true)
//	e.Leave(ctx, id, values)                                // going back: never refuses, keeps drafts
//	e.Skip(ctx, id, reason); e.Unskip(ctx, id)
//	c, err := e.StartChecks(ctx, id, values)                // c.Next(ctx) until ok is false; c.Cancel()
//
//	r, err := e.Review(ctx)                                 // plan, diff, problems, advice; r.Blocked says why apply is not possible
//	a, err := e.Apply(r.Hash)                               // owned goroutine: a.Next(ctx) for progress, a.Wait(ctx) for the end
//	e.Seen(ctx)                                             // the result has been shown
//
// # Locking and input/output
//
// An Engine is safe for concurrent use. Methods that take a context may read or write files, or wait; a front end calls them outside its
// drawing loop. Methods without one only look at memory.
//
// Secrets are held as secret.Secret, in memory only. Nothing that this package returns as a string holds one, except Generated.Secret, which
// is a secret.Secret that the front end reveals once.
package flow
