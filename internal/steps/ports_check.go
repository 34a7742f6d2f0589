package steps

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// portProbe is what the checks need of the machine. The zero value is the real machine.
type portProbe struct {
	// listen opens a port for a moment.
	listen func(ctx context.Context, network, address string) (io.Closer, error)
	// proc is the folder with a folder for each process.
	proc string
}

func (p portProbe) open(ctx context.Context, network, address string) (io.Closer, error) {
	if p.listen != nil {
		return p.listen(ctx, network, address)
	}
	var c net.ListenConfig
	if network == "udp" {
		return c.ListenPacket(ctx, network, address)
	}
	return c.Listen(ctx, network, address)
}

// bindCheck tries to open a port as the server would. own tells that the server of this home has it now; pid is its process.
type bindCheck struct {
	probe     portProbe
	port      Port
	id        string // of the result: the audit rule's
	guideline int
	own       bool
	pid       int
}

func (b bindCheck) check(id string) Check {
	return Check{ID: id, Title: fmt.Sprintf("Port %s is free (%s)", b.port, b.port.What), Run: b.run}
}

func (b bindCheck) run(ctx context.Context) Result {
	r := Result{ID: b.id, Guideline: b.guideline, Place: b.port.Place, Status: OK}
	host := ""
	if b.port.Local {
		host = "127.0.0.1"
	}
	opened, err := b.probe.open(ctx, b.port.Protocol, net.JoinHostPort(host, strconv.Itoa(b.port.Number)))
	if err == nil {
		if err := opened.Close(); err != nil {
			return b.unknown(r, "could be opened, but not closed again")
		}
		r.Message = fmt.Sprintf("Port %s is free.", b.port)
		return r
	}
	return b.judge(ctx, r, err)
}

func (b bindCheck) judge(ctx context.Context, r Result, err error) Result {
	switch {
	case ctx.Err() != nil:
		return b.unknown(r, "was not tried to the end: the check was stopped")
	case errors.Is(err, syscall.EADDRINUSE) && b.own:
		r.Message = fmt.Sprintf("Port %s is in use by the server of this home (process %d), as it should be.", b.port, b.pid)
	case errors.Is(err, syscall.EADDRINUSE):
		r.Status, r.Severity = Fail, Error
		r.Message = fmt.Sprintf("Port %s (%s) is in use by another program: the server could not open it.", b.port, b.port.What)
		r.Fix = fmt.Sprintf("Find the program with: ss -lpn%c 'sport = :%d'. Stop it, or choose another offset or port.", b.port.Protocol[0], b.port.Number)
	case errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM):
		r.Status, r.Severity = Warn, Warning
		r.Message = fmt.Sprintf("Port %s may not be opened by this user, so whether it is free is not known; ports below 1024 are for root.", b.port)
		r.Fix = "Run the check as the user that the server runs as."
	default:
		return b.unknown(r, "could not be tried: "+reasonOf(err))
	}
	return r
}

func (b bindCheck) unknown(r Result, why string) Result {
	r.Status, r.Message = Unknown, fmt.Sprintf("Port %s %s.", b.port, why)
	return r
}

// reasonOf is the innermost cause of a network error.
func reasonOf(err error) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number.Error()
	}
	return "the machine does not say why"
}

// ownPortSet returns what the running server of this home has open: the table of its files as they are.
func ownPortSet(w *Workspace) (own map[string]bool, pid int) {
	own = map[string]bool{}
	if w.Install.Running == nil {
		return own, 0
	}
	for _, p := range PortTable(NewWorkspace(w.Install)) {
		if p.Opens != NotOpens {
			own[p.String()] = true
		}
	}
	return own, w.Install.Running.PID
}

func (s ports) Checks(w *Workspace, a *answers.Set) []Check {
	table, _ := portTable(w, portAnswersOf(a))
	own, pid := ownPortSet(w)
	var checks []Check
	for _, p := range table {
		if p.Opens != Opens || p.Number < 1 || p.Number > highestPort {
			continue
		}
		b := bindCheck{probe: s.probe, port: p, id: "ports.bind", guideline: 11, own: own[p.String()], pid: pid}
		checks = append(checks, b.check("ports.bind."+p.String()))
	}
	if runtime.GOOS == "windows" && s.probe.proc == "" {
		return checks
	}
	n := neighbors{proc: s.probe.proc, home: w.Install.Home, table: table}
	return append(checks, Check{ID: "ports.neighbors", Title: "No other Carbon server on this machine has the same ports", Run: n.run})
}

func (s jmx) Checks(w *Workspace, a *answers.Set) []Check {
	table, _ := portTable(w, portAnswersOf(a))
	own, pid := ownPortSet(w)
	var checks []Check
	for _, p := range table {
		if p.Use != ForMonitoring || p.Opens != Opens || p.Number < 1 || p.Number > highestPort {
			continue
		}
		b := bindCheck{probe: s.probe, port: p, id: "jmx.bind", guideline: 8, own: own[p.String()], pid: pid}
		checks = append(checks, b.check("jmx.bind."+p.String()))
	}
	host := writtenName(a.Text(keyJMXHost))
	if len(checks) == 0 || host == "" || isLoopback(host) {
		return checks
	}
	resolver := s.resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	p := probe{resolver: resolver, here: append([]string(nil), w.Install.Host.Addresses...)}
	return append(checks, Check{ID: "jmx.here", Title: host + " leads to this machine", Run: func(ctx context.Context) Result {
		ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
		defer cancel()
		return jmxHostIsHere(ctx, p, host)
	}})
}

// jmxHostIsHere holds that Carbon enters its JMX server into its RMI registry under this name, and a registry takes entries from its own machine only.
func jmxHostIsHere(ctx context.Context, p probe, host string) Result {
	r := p.isHere(ctx, host)
	r.ID, r.Guideline = "jmx.here", 8
	if r.Status != Warn {
		return r
	}
	r.Severity = Warning
	r.Why = "Carbon enters its JMX server into its own RMI registry under this name, and the registry takes entries from its own machine only; clients are sent on to the name as well."
	if r.Fix == "" {
		r.Fix = "Give a name that leads to an address of this machine, here and for the monitoring hosts."
	}
	return r
}

// neighbors looks for other Carbon servers on the machine.
type neighbors struct {
	proc  string
	home  string
	table []Port
}

func (n neighbors) run(ctx context.Context) Result {
	r := Result{ID: "ports.neighbors", Guideline: 11, Status: OK, Message: "No other Carbon server was found running on this machine."}
	others, err := n.find(ctx)
	switch {
	case ctx.Err() != nil:
		r.Status, r.Message = Unknown, "The search for other Carbon servers was stopped."
		return r
	case err != nil:
		r.Status, r.Message = Unknown, "Other Carbon servers could not be looked for: the list of processes cannot be read."
		return r
	}
	var alone []string
	for _, o := range others {
		shared := sharedPorts(n.table, o.table)
		if len(shared) == 0 {
			alone = append(alone, fmt.Sprintf("%s (process %d)", o.home, o.pid))
			continue
		}
		r.Status, r.Severity = Fail, Error
		r.Message = fmt.Sprintf("Another Carbon server runs from %s (process %d) and has %s as well.", o.home, o.pid, strings.Join(shared, ", "))
		r.Fix = "Choose another offset."
		if free := n.freeOffset(others); free > 0 {
			r.Fix = fmt.Sprintf("Choose another offset; with %d the two share no port that it moves.", free)
		}
		return r
	}
	if len(alone) > 0 {
		r.Message = "Other Carbon servers run on this machine, with other ports: " + strings.Join(alone, ", ") + "."
	}
	return r
}

// neighbor is another server.
type neighbor struct {
	pid   int
	home  string
	table []Port
}

func (n neighbors) find(ctx context.Context) ([]neighbor, error) {
	proc := n.proc
	if proc == "" {
		proc = "/proc"
	}
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil, err
	}
	var found []neighbor
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		data, err := os.ReadFile(filepath.Join(proc, entry.Name(), "cmdline"))
		if err != nil {
			continue // ended in the meantime
		}
		home, offset := carbonCommand(strings.Split(string(data), "\x00"))
		if home == "" || !filepath.IsAbs(home) || sameFolder(home, n.home) {
			continue
		}
		w := NewWorkspace(&carbon.Install{Home: filepath.Clean(home)})
		table, _ := portTable(w, portAnswers{offset: offset})
		found = append(found, neighbor{pid, home, table})
	}
	return found, nil
}

// carbonCommand returns the home and the -DportOffset of a server's command line; home is "" for any other program.
func carbonCommand(args []string) (home string, offset *int) {
	server := false
	for _, arg := range args {
		if arg == "org.wso2.carbon.bootstrap.Bootstrap" {
			server = true
		}
		if value, ok := strings.CutPrefix(arg, "-Dcarbon.home="); ok && !server {
			home = value
		}
		// Options after the main class are the server's own, and set system properties as well (bootstrap Main).
		if value, ok := strings.CutPrefix(arg, offsetOption); ok {
			if n, err := strconv.Atoi(value); err == nil {
				offset = &n
			}
		}
	}
	if !server {
		return "", nil
	}
	return home, offset
}

func sameFolder(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	first, err1 := os.Stat(a)
	second, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(first, second)
}

// sharedPorts names the ports that both tables open.
func sharedPorts(a, b []Port) []string {
	theirs := map[string]bool{}
	for _, p := range b {
		if p.Opens == Opens {
			theirs[p.String()] = true
		}
	}
	var shared []string
	for _, p := range a {
		if p.Opens == Opens && theirs[p.String()] {
			shared = append(shared, p.String())
		}
	}
	return shared
}

// freeOffset returns the smallest offset with which no moved port of ours is one of theirs, 0 for none.
func (n neighbors) freeOffset(others []neighbor) int {
	taken := map[int]bool{}
	for _, o := range others {
		for _, p := range o.table {
			if p.Opens == Opens {
				taken[p.Number] = true
			}
		}
	}
	for offset := 1; offset <= min(100, highestOffset(n.table)); offset++ {
		free := true
		for _, p := range n.table {
			if p.Moved && p.Opens == Opens && taken[p.Base+offset] {
				free = false
				break
			}
		}
		if free {
			return offset
		}
	}
	return 0
}
