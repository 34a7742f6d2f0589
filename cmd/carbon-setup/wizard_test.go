package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"carbon-setup/internal/wizard/flow"
)

func TestLeavingTheWizardAlwaysSaysWhatIsLeft(t *testing.T) {
	for _, c := range []struct {
		out  flow.Outcome
		want string
		code int
	}{
		{flow.Outcome{End: flow.EndLeft, Saved: true}, "What you entered is kept", exitLeft},
		{flow.Outcome{End: flow.EndLeft}, "Left; nothing was written.", exitLeft},
		{flow.Outcome{End: flow.EndInterrupted}, "goes on where you were", exitInterrupted},
		{flow.Outcome{End: flow.EndNothing}, "", exitDone},
	} {
		var said bytes.Buffer
		a := &app{err: &said}
		if code := codeOf(a.endOf(c.out)); code != c.code {
			t.Errorf("%+v: exit code %d, want %d", c.out, code, c.code)
		}
		if !strings.Contains(said.String(), c.want) {
			t.Errorf("%+v: %q", c.out, said.String())
		}
	}
}

func TestTimesThatRunOutAreInterruptions(t *testing.T) {
	for err, want := range map[error]string{context.Canceled: "interrupted", context.DeadlineExceeded: "timeout"} {
		if code, kind := classify(fmt.Errorf("open the install: %w", err)); code != exitInterrupted || kind != want {
			t.Errorf("%v: exit code %d, %s", err, code, kind)
		}
	}
}
