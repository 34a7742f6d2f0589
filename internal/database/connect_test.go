package database

import (
	"context"
	"fmt"
	"net"
	"strings"

	"carbon-setup/internal/database/dbtest"
	"carbon-setup/internal/secret"
)

const goodPassword = "s3cret-of-a-user"

// told returns the results as text, the messages with their server-dependent parts.
func told(results []StageResult) string {
	var b strings.Builder
	for _, r := range results {
		fmt.Fprintf(&b, "%s %s: %s\n", r.Stage, r.Status, r.Message)
		if r.Err != nil {
			fmt.Fprintf(&b, "  kind %s\n", r.Err.Kind)
			for name, text := range map[string]string{"server": r.Err.Server, "cause": r.Err.Cause, "fix": r.Err.Fix} {
				if text != "" {
					fmt.Fprintf(&b, "  %s: %s\n", name, text)
				}
			}
			for _, s := range r.Err.Statements {
				fmt.Fprintf(&b, "  > %s\n", s)
			}
		}
	}
	return b.String()
}

// from returns a dial function that comes from another address of the loopback.
func from(address string) func(context.Context, string, string) (net.Conn, error) {
	return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}).DialContext
}

// end returns the result that a test ended with: the failure, or the last stage.
func end(results []StageResult) StageResult {
	for _, r := range results {
		if r.Status == Fail {
			return r
		}
	}
	return results[len(results)-1]
}

func status(results []StageResult, s Stage) Status {
	for _, r := range results {
		if r.Stage == s {
			return r.Status
		}
	}
	return ""
}

func target(k Kind, port int, database, user string, parameters ...string) Target {
	t := Target{Kind: k, Host: dbtest.Host, Port: port, Database: database, Username: user, Password: secret.New(goodPassword), Parameters: map[string]string{}}
	for _, p := range parameters {
		name, value, _ := strings.Cut(p, "=")
		t.Parameters[name] = value
	}
	return t
}
