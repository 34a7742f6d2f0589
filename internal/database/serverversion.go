package database

import (
	"context"
	"fmt"
	"strconv"
)

// PostgresMajor returns the major version of a PostgreSQL server, 15 for 15.4: pg_dump refuses a server that is newer than itself. Before PostgreSQL 10 the
// first two numbers are the major version; it is 9 then.
func (c *Conn) PostgresMajor(ctx context.Context) (int, error) {
	if c.Kind != PostgreSQL {
		return 0, fmt.Errorf("%s has no version of PostgreSQL", c.Kind.Title())
	}
	text, err := c.text(ctx, "SHOW server_version_num")
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	return n / 10000, err
}
