package steps

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/live"
)

const (
	ruleLivePort  = "live.port"
	ruleLiveStale = "live.port.former"
)

// shippedPorts are those that a product listens on as it is delivered and that others find first.
var shippedPorts = []int{9443, 9763, 8280, 8243, 9999, 11111}

// checkPorts holds the sockets of the machine against the port table: what should listen does, what should not does not.
func (l *liveServer) checkPorts(ctx context.Context) []Result {
	all := []Result{{ID: ruleRunning, Status: OK, Message: fmt.Sprintf("The server runs: process %d.", l.process.PID)}}
	sockets := l.learn()
	if l.apart {
		all = append(all, Result{
			ID: ruleRunning, Status: Unknown, Message: fmt.Sprintf("The server (process %d) has a network of its own, as in a container: its ports cannot be asked from here.", l.process.PID),
			Fix: "Run verify --live where the server runs, inside the container.",
		})
	}
	wanted, seen := map[string]bool{}, map[string]bool{}
	for _, p := range l.table {
		wanted[p.String()] = wanted[p.String()] || p.Opens != NotOpens
	}
	for _, p := range l.table {
		if r, stopped := ending(ctx, ruleLivePort, 11, "The port table"); stopped {
			return append(all, r)
		}
		switch {
		case p.Number < 1 || p.Number > highestPort || seen[p.String()]:
		case p.Opens == Opens:
			seen[p.String()] = true
			all = append(all, l.listens(ctx, p))
		case p.Opens == NotOpens && !wanted[p.String()]:
			seen[p.String()] = true
			if r, open := l.openAllTheSame(sockets, p); open {
				all = append(all, r)
			}
		}
	}
	for _, f := range l.faults {
		all = append(all, Result{ID: ruleLivePort, Guideline: 11, Status: Unknown, Place: carbon.Place{File: f.File}, Message: f.String() + ", so its ports are not known."})
	}
	return append(all, l.formerPorts(wanted)...)
}

func guidelineOf(p Port) int {
	if p.Use == ForMonitoring {
		return 8
	}
	return 11
}

// listens looks whether the server listens on a port.
func (l *liveServer) listens(ctx context.Context, p Port) Result {
	r := Result{ID: ruleLivePort, Guideline: guidelineOf(p), Status: OK, Place: p.Place}
	what := fmt.Sprintf("%s (%s)", portTitle(p), p.What)
	sockets := l.learn()
	if len(sockets.All) == 0 {
		return l.dials(ctx, p, r, what)
	}
	on := sockets.On(p.Protocol, p.Number)
	own := slices.ContainsFunc(on, func(s live.Socket) bool { return s.Own })
	switch {
	case len(on) == 0:
		return notListening(r, what)
	case own:
		r.Message = what + " listens."
	case sockets.Owners:
		r.Status, r.Severity = Fail, Error
		r.Message = fmt.Sprintf("%s belongs to another process, not to the server (process %d).", what, l.process.PID)
		r.Fix = fmt.Sprintf("Find it with: ss -lpn%c 'sport = :%d'. Stop it, or choose another offset or port, and start the server anew.", p.Protocol[0], p.Number)
	default:
		r.Message = what + " listens. Whose process it is cannot be told as this user."
	}
	return r
}

func notListening(r Result, what string) Result {
	r.Status, r.Severity = Fail, Error
	r.Message = what + " does not listen."
	r.Why = "The server is still starting, or the part that listens there has failed."
	r.Fix = "Look into " + carbon.CarbonLog + "; a server that was not restarted still has the ports of before."
	return r
}

// dials tries a port where the sockets cannot be listed.
func (l *liveServer) dials(ctx context.Context, p Port, r Result, what string) Result {
	if p.Protocol != "tcp" {
		r.Status, r.Message = Unknown, what+": whether a UDP port is open cannot be told here."
		return r
	}
	conn, err := l.dial(ctx, p)
	switch {
	case err == nil:
		_ = conn.Close() // it was only tried
		r.Message = what + " accepts connections."
		return r
	case errors.Is(err, syscall.ECONNREFUSED):
		return notListening(r, what)
	}
	r.Status, r.Message = Unknown, what+" could not be tried."
	return r
}

func (l *liveServer) dial(ctx context.Context, p Port) (net.Conn, error) {
	timeout := l.options.Question
	if timeout == 0 {
		timeout = 5 * time.Second
	}
	dialer := net.Dialer{Timeout: timeout}
	return dialer.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Number)))
}

// openAllTheSame finds a port that the files switch off and the server has.
func (l *liveServer) openAllTheSame(sockets *live.Sockets, p Port) (Result, bool) {
	if !slices.ContainsFunc(sockets.On(p.Protocol, p.Number), func(s live.Socket) bool { return s.Own }) {
		if p.Use == ForMonitoring && sockets.Owners {
			return Result{ID: ruleLivePort, Guideline: 8, Status: OK, Place: p.Place, Message: fmt.Sprintf("%s (%s) is closed, as it is configured.", portTitle(p), p.What)}, true
		}
		return Result{}, false
	}
	return Result{
		ID: ruleLivePort, Guideline: guidelineOf(p), Status: Fail, Severity: Warning, Place: p.Place,
		Message: fmt.Sprintf("%s (%s) listens, although it should not: %s", portTitle(p), p.What, p.Note),
		Fix:     "Restart the server: files are read at its start. If it listens after that, something else of the server has the port.",
	}, true
}

// formerPorts finds ports that the server has and that its files no longer want: those before the offset, and those of the product as delivered.
func (l *liveServer) formerPorts(wanted map[string]bool) []Result {
	candidates := slices.Clone(shippedPorts)
	for _, p := range l.table {
		if p.Moved && p.Number != p.Base && p.Opens != NotOpens {
			candidates = append(candidates, p.Base)
		}
	}
	slices.Sort(candidates)
	var looked, open []string
	for _, n := range slices.Compact(candidates) {
		if wanted[fmt.Sprintf("%d/tcp", n)] {
			continue
		}
		looked = append(looked, strconv.Itoa(n))
		if slices.ContainsFunc(l.learn().On("tcp", n), func(s live.Socket) bool { return s.Own }) {
			open = append(open, strconv.Itoa(n))
		}
	}
	r := Result{ID: ruleLiveStale, Guideline: 11, Status: OK, Place: carbon.Place{File: carbon.CarbonXML}}
	switch {
	case len(looked) == 0:
		return nil
	case !l.learn().Owners:
		r.Status = Unknown
		r.Message = "Whether the server has ports that its files no longer want cannot be told: its sockets may be listed by its own user and by root only."
		r.Fix = "Run verify --live as the user of the server."
	case len(open) > 0:
		r.Status, r.Severity = Fail, Error
		r.Message = fmt.Sprintf("The server listens on %s, which its files no longer want.", strings.Join(open, ", "))
		r.Fix = "Restart the server: the offset and the ports are read at its start."
	default:
		r.Message = fmt.Sprintf("The server does not listen on former ports: %s.", strings.Join(looked, ", "))
	}
	return []Result{r}
}
