package database

import (
	"context"
	"fmt"
	"strings"

	"carbon-setup/internal/remote"
)

func (p *probe) schema(ctx context.Context) (outcome, error) {
	if len(p.o.Sets) == 0 {
		return notTested("No scripts were given whose tables could be looked for."), nil
	}
	state, err := p.conn.Inspect(ctx, p.o.Sets...)
	if err != nil {
		return outcome{}, err
	}
	status := OK
	var parts []string
	for _, s := range state.Sets {
		switch s.Kind {
		case Empty:
			parts = append(parts, fmt.Sprintf("%s: no table is there yet.", s.File))
		case Complete:
			parts = append(parts, fmt.Sprintf("%s: all %d tables are there.", s.File, len(s.Present)))
		case Partial:
			status = Warn
			parts = append(parts, fmt.Sprintf("%s: incomplete: %d tables are there, %d are missing, %d lack columns.", s.File, len(s.Present), len(s.Missing), len(s.Differs)))
		case Foreign:
			status = Warn
			parts = append(parts, fmt.Sprintf("%s: no table is there, but others that are not of this product.", s.File))
		case Unknown:
			status = NotTested
			parts = append(parts, fmt.Sprintf("%s: the catalog could not be read.", s.File))
		}
	}
	if n := len(state.Others); n > 0 {
		parts = append(parts, fmt.Sprintf("%d tables or views are of something else, such as %s.", n, remote.Words(state.Others[0])))
	}
	return outcome{status, strings.Join(parts, " ")}, nil
}
