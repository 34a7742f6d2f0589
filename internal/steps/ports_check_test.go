package steps

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"carbon-setup/internal/carbon"
)

// fakeListener fails for the ports it is given errors for.
func fakeListener(faults map[string]error) func(context.Context, string, string) (io.Closer, error) {
	return func(_ context.Context, network, address string) (io.Closer, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if err := faults[port+"/"+network]; err != nil {
			return nil, &net.OpError{Op: "listen", Net: network, Err: os.NewSyscallError("bind", err)}
		}
		return io.NopCloser(strings.NewReader("")), nil
	}
}

// runChecks runs them in order.
func runChecks(ctx context.Context, checks []Check) []Result {
	results := make([]Result, len(checks))
	for i, c := range checks {
		results[i] = c.Run(ctx)
	}
	return results
}

func TestPortsChecks(t *testing.T) {
	home := sampleHome(t, "api")
	probe := portProbe{proc: t.TempDir(), listen: fakeListener(map[string]error{
		"9444/tcp": syscall.EADDRINUSE, "9764/tcp": syscall.EACCES, "8281/tcp": syscall.EADDRNOTAVAIL,
	})}
	a := answersOf(t, "ports: {offset: 1}\n")
	checks := ports{probe: probe}.Checks(openHome(t, home), a)
	var b strings.Builder
	for i, r := range runChecks(t.Context(), checks) {
		fmt.Fprintf(&b, "%s: %s\n    %s", checks[i].ID, checks[i].Title, resultLines([]Result{r}))
		if r.Guideline != 11 {
			t.Errorf("%s: guideline %d", checks[i].ID, r.Guideline)
		}
	}
	golden(t, "ports/checks.txt", b.String())
}

// What the server of this home has open is as it should be, at its present ports and at no others.
func TestPortsChecksWhileTheServerRuns(t *testing.T) {
	home := sampleHome(t, "api")
	in := openAs(t, home, java7)
	in.Running = &carbon.Process{PID: 4711}
	probe := portProbe{proc: t.TempDir(), listen: fakeListener(map[string]error{"9443/tcp": syscall.EADDRINUSE, "9444/tcp": syscall.EADDRINUSE})}
	status := func(yaml, id string) (Status, string) {
		for _, c := range (ports{probe: probe}).Checks(NewWorkspace(in), answersOf(t, yaml)) {
			if c.ID == id {
				r := c.Run(t.Context())
				return r.Status, r.Message
			}
		}
		t.Fatalf("no check %s", id)
		return "", ""
	}
	if s, m := status("ports: {offset: 0}\n", "ports.bind.9443/tcp"); s != OK || !strings.Contains(m, "by the server of this home (process 4711)") {
		t.Errorf("its own port: %s %s", s, m)
	}
	if s, m := status("ports: {offset: 1}\n", "ports.bind.9444/tcp"); s != Fail {
		t.Errorf("a port that it does not have: %s %s", s, m)
	}
}

func TestPortsChecksStopped(t *testing.T) {
	home := sampleHome(t, "api")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	probe := portProbe{proc: t.TempDir(), listen: func(ctx context.Context, _, _ string) (io.Closer, error) { return nil, ctx.Err() }}
	for _, r := range runChecks(ctx, ports{probe: probe}.Checks(openHome(t, home), answersOf(t, "ports: {offset: 1}\n"))) {
		if r.Status != Unknown && r.ID != "ports.neighbors" {
			t.Errorf("%s", resultLines([]Result{r}))
		}
	}
}

// Against the real machine: a port that this test holds, and one that it has given back.
func TestBindCheckOnTheMachine(t *testing.T) {
	var c net.ListenConfig
	held, err := c.Listen(t.Context(), "tcp", ":0")
	if err != nil {
		t.Skip("this machine lets nothing listen: " + err.Error())
	}
	address, ok := held.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal("no TCP address")
	}
	b := bindCheck{port: Port{Number: address.Port, Protocol: "tcp", What: "test"}, id: "x", guideline: 11}
	if r := b.run(t.Context()); r.Status != Fail || !strings.Contains(r.Fix, fmt.Sprintf("sport = :%d", address.Port)) {
		t.Errorf("held: %s", resultLines([]Result{r}))
	}
	local := b
	local.port.Local = true
	if r := local.run(t.Context()); r.Status != Fail {
		t.Errorf("held, on the loopback: %s", resultLines([]Result{r}))
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if r := b.run(t.Context()); r.Status != OK {
		t.Errorf("given back: %s", resultLines([]Result{r}))
	}
	b.port.Protocol = "udp"
	if r := b.run(t.Context()); r.Status != OK {
		t.Errorf("udp: %s", resultLines([]Result{r}))
	}
}

func TestJMXChecks(t *testing.T) {
	home := sampleHome(t, "api")
	in := openAs(t, home, java7)
	in.Host.Addresses = []string{"10.0.0.5"}
	names := fakeNames{hosts: map[string][]string{"jmx.example.com": {"10.0.0.5"}, "far.example.com": {"192.0.2.1"}}}
	step := jmx{probe: portProbe{listen: fakeListener(map[string]error{"9999/tcp": syscall.EADDRINUSE})}, resolver: names}
	for _, test := range []struct {
		yaml string
		want string
	}{
		{"jmx: {enabled: true}\n", "jmx.bind.9999/tcp fail, jmx.bind.11111/tcp ok"},
		{"jmx: {hostname: localhost}\n", "jmx.bind.9999/tcp fail, jmx.bind.11111/tcp ok"},
		{"jmx: {hostname: jmx.example.com, registry_port: 9998}\n", "jmx.bind.9998/tcp ok, jmx.bind.11111/tcp ok, jmx.here ok"},
		{"jmx: {hostname: far.example.com, registry_port: 9998}\n", "jmx.bind.9998/tcp ok, jmx.bind.11111/tcp ok, jmx.here warn"},
		{"jmx: {hostname: none.example.com, registry_port: 9998}\n", "jmx.bind.9998/tcp ok, jmx.bind.11111/tcp ok, jmx.here warn"},
		{"jmx: {enabled: false}\n", ""},
		{"jmx: {enabled: true}\nports: {offset: 1}\n", "jmx.bind.10000/tcp ok, jmx.bind.11112/tcp ok"},
	} {
		var got []string
		for _, c := range step.Checks(NewWorkspace(in), answersOf(t, test.yaml)) {
			r := c.Run(t.Context())
			got = append(got, c.ID+" "+string(r.Status))
			if r.Guideline != 8 {
				t.Errorf("%s: guideline %d", c.ID, r.Guideline)
			}
		}
		if strings.Join(got, ", ") != test.want {
			t.Errorf("%s: got %v, want %s", test.yaml, got, test.want)
		}
	}
}

// process writes a command line into a folder like /proc.
func process(t *testing.T, proc string, pid int, args ...string) {
	t.Helper()
	setFile(t, proc, filepath.Join(strconv.Itoa(pid), "cmdline"), strings.Join(args, "\x00")+"\x00")
}

func TestNeighbors(t *testing.T) {
	home, other := sampleHome(t, "api"), sampleHome(t, "servlet")
	const bootstrap = "org.wso2.carbon.bootstrap.Bootstrap"
	for _, test := range []struct {
		name   string
		yaml   string
		run    func(t *testing.T, proc string)
		status Status
		says   string
		fix    string
	}{
		{"none", "ports: {offset: 0}\n", func(t *testing.T, proc string) { process(t, proc, 1, "/sbin/init") }, OK, "No other Carbon server", ""},
		{"this one", "ports: {offset: 0}\n", func(t *testing.T, proc string) { process(t, proc, 12, "java", "-Dcarbon.home="+home, bootstrap) }, OK, "No other Carbon server", ""},
		{"an editor with the path", "ports: {offset: 0}\n", func(t *testing.T, proc string) { process(t, proc, 12, "vi", "-Dcarbon.home="+other) }, OK, "No other Carbon server", ""},
		{
			"the same ports", "ports: {offset: 0}\n", func(t *testing.T, proc string) { process(t, proc, 12, "java", "-Dcarbon.home="+other, bootstrap) },
			Fail, "runs from " + other + " (process 12) and has 9443/tcp, 9763/tcp, 9999/tcp, 11111/tcp as well", "with 1 the two share no port",
		},
		{
			"an offset of its own", "ports: {offset: 0}\n", func(t *testing.T, proc string) {
				process(t, proc, 12, "java", "-Dcarbon.home="+other, bootstrap, "-DportOffset=2")
			},
			OK, "with other ports: " + other + " (process 12)", "",
		},
		{
			"our offset meets its offset", "ports: {offset: 2}\n", func(t *testing.T, proc string) {
				process(t, proc, 12, "java", "-DportOffset=2", "-Dcarbon.home="+other, bootstrap)
			},
			Fail, "9445/tcp", "with 1 the two",
		},
		{
			"a home that is gone", "ports: {offset: 0}\n", func(t *testing.T, proc string) { process(t, proc, 12, "java", "-Dcarbon.home=/gone", bootstrap) },
			OK, "with other ports: /gone", "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			proc := t.TempDir()
			test.run(t, proc)
			probe := portProbe{proc: proc, listen: fakeListener(nil)}
			checks := ports{probe: probe}.Checks(openHome(t, home), answersOf(t, test.yaml))
			r := checks[len(checks)-1].Run(t.Context())
			if r.Status != test.status || !strings.Contains(r.Message, test.says) || !strings.Contains(r.Fix, test.fix) {
				t.Errorf("got %s", resultLines([]Result{r}))
			}
		})
	}
	t.Run("no list of processes", func(t *testing.T) {
		n := neighbors{proc: filepath.Join(t.TempDir(), "none"), home: home}
		if r := n.run(t.Context()); r.Status != Unknown {
			t.Errorf("got %s", resultLines([]Result{r}))
		}
	})
	t.Run("stopped", func(t *testing.T) {
		proc := t.TempDir()
		process(t, proc, 12, "java", "-Dcarbon.home="+other, bootstrap)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if r := (neighbors{proc: proc, home: home}).run(ctx); r.Status != Unknown || !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("got %s", resultLines([]Result{r}))
		}
	})
}
