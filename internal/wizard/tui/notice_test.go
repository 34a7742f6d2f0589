package tui

import (
	"testing"

	"carbon-setup/internal/wizard/texts"
)

func TestNoticeIsNotSeenOverHelpAndWhy(t *testing.T) {
	for key, over := range map[string]string{"f1": "help", "f2": "why"} {
		t.Run(over, func(t *testing.T) {
			d := start(t).sees(texts.HubBegin(1))
			d.press(key).on(over).seesNot(texts.HubBegin(1))
			d.press("down").on(over).press("esc").on("hub").sees(texts.HubBegin(1))
			d.press("down").seesNot(texts.HubBegin(1))
		})
	}
}
