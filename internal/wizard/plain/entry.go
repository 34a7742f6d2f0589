package plain

import (
	"context"
	"strings"
	"time"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// locked says that another wizard works on the install. It ends when the operator leaves.
func (t *talk) locked(ctx context.Context) error {
	for {
		t.heading(texts.LockedTitle)
		if held := t.eng.Holder(); held != nil {
			h := held.Holder
			t.out.say(texts.HeldBy(person(h), h.Terminal, h.Client, h.Host, h.PID, held.Since.Local().Format("2006-01-02 15:04")))
		}
		t.out.say(texts.LockedText)
		i, _, err := t.choice(ctx, texts.PlainChoosePrompt, []option{{label: texts.ChoiceLook}, {label: texts.ChoiceLeave}}, 0, nil, nil)
		switch {
		case err != nil:
			return err
		case i == 1:
			return errLeft
		}
		if err := t.lookAround(ctx); err != nil {
			return err
		}
	}
}

func person(w apply.Who) string {
	if w.SudoUser != "" {
		return w.SudoUser
	}
	return w.User
}

// cutOff stands before everything else when an apply was cut off. Nothing is done without having been chosen.
func (t *talk) cutOff(ctx context.Context) error {
	t.heading(texts.RecoverTitle)
	if run := t.eng.Unfinished(); run != nil {
		t.out.say(texts.CutOff(run.ID, run.Time.Local().Format(time.DateTime), person(run.Who)))
		t.files(run.Files)
	}
	t.out.say(texts.RecoverText)
	for {
		i, _, err := t.choice(ctx, texts.PlainChoosePrompt, []option{{label: texts.ChoiceRecover}, {label: texts.ChoiceLeave}}, -1, nil, nil)
		switch {
		case err != nil:
			return err
		case i == 1:
			return errLeft
		case t.eng.Facts().NoWrite != "":
			t.out.say(texts.RecoverDryRun)
			continue
		}
		done, err := t.recoverNow(ctx)
		if err == nil {
			if done != nil {
				t.out.say(texts.Recovered(done.Run, done.Outcome, len(done.Files)))
				t.files(done.Files)
				t.list(done.Warnings)
			}
			return nil
		}
		if ctx.Err() != nil {
			return errInterrupted
		}
		if err := t.refuse(texts.Failed(err)); err != nil {
			return err
		}
	}
}

// recoverNow is not cut off by an interruption.
func (t *talk) recoverNow(ctx context.Context) (done *apply.Recovery, err error) {
	t.vital.Lock()
	defer t.vital.Unlock()
	err = t.work(context.WithoutCancel(ctx), func(ctx context.Context) error {
		var err error
		done, err = t.eng.Recover(ctx)
		return err
	})
	return done, err
}

func (t *talk) files(all []string) {
	for _, f := range all {
		t.out.line("- " + f)
	}
}

func (t *talk) list(all []string) {
	for _, s := range all {
		t.out.item("! ", s)
	}
}

// resume welcomes back somebody who left a session. It returns where the conversation goes on.
func (t *talk) resume(ctx context.Context) (flow.Place, error) {
	hub := flow.Place{Screen: flow.AtHub}
	t.heading(texts.ResumeTitle)
	info, _ := t.eng.Resumable(ctx)
	t.resumable(info)
	for {
		i, _, err := t.choice(ctx, texts.PlainChoosePrompt,
			[]option{{label: texts.ChoiceResume}, {label: texts.ChoiceOver}, {label: texts.ChoiceLook}}, 0, nil, nil)
		if err != nil {
			return hub, err
		}
		switch i {
		case 0:
			err = t.eng.Resume(ctx)
			if err == nil {
				t.out.say(texts.ResumedNotice)
				t.notices()
				return t.eng.At(), nil
			}
		case 1:
			var yes bool
			if yes, err = t.sure(ctx, texts.PlainOverSure); err != nil {
				return hub, err
			}
			if !yes {
				continue
			}
			if err = t.eng.StartOver(ctx); err == nil {
				t.out.say(texts.OverNotice)
				return hub, nil
			}
		case 2:
			if err := t.lookAround(ctx); err != nil {
				return hub, err
			}
			continue
		}
		if err := t.refuse(texts.Failed(err)); err != nil {
			return hub, err
		}
	}
}

// resumable says what a session holds.
func (t *talk) resumable(i flow.Resume) {
	t.out.say(texts.YouWere(i.Guideline, i.Title, i.Ago, i.From))
	if i.LostLink {
		t.out.say(texts.ResumeLost)
	}
	if len(i.Accepted) == 0 {
		t.out.say(texts.ResumeNothing)
	}
	say := func(label string, what []string) {
		if len(what) > 0 {
			t.out.say(label + strings.Join(what, ", ") + ".")
		}
	}
	say(texts.ResumeKept, i.Accepted)
	say(texts.ResumeSkipped, i.Skipped)
	say(texts.ResumeSecrets, i.NeedSecrets)
	if len(i.Changed) == 0 {
		t.out.say(texts.ResumeSame)
		return
	}
	t.out.say(texts.ResumeChanged)
	t.files(i.Changed)
}
