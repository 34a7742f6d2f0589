// Package plain is the line-by-line front end of the wizard.
package plain

import (
	"context"
	"io"

	"carbon-setup/internal/wizard/flow"
)

// Config says where to talk.
type Config struct {
	Engine *flow.Engine
	In     io.Reader
	Out    io.Writer
}

// Run shows the wizard as lines.
func Run(ctx context.Context, c Config) (flow.Outcome, error) { panic("stub") }
