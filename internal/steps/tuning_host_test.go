package steps

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"carbon-setup/internal/carbon"
)

// machineFiles are what a test machine has below /proc and /sys/fs/cgroup, and what is free on its disk.
type machineFiles struct {
	proc, cgroup map[string]string
	free         uint64
}

// limitsOf is a /proc/PID/limits.
func limitsOf(softFiles, hardFiles, softProcesses, hardProcesses string) string {
	return "Limit                     Soft Limit           Hard Limit           Units     \n" +
		"Max processes             " + softProcesses + "    " + hardProcesses + "    processes \nMax open files            " + softFiles + "    " + hardFiles + "    files     \n"
}

// goodMachine has all that is asked for.
func goodMachine() machineFiles {
	return machineFiles{
		proc: map[string]string{
			"meminfo": "MemTotal: 8388608 kB\nSwapTotal: 4194304 kB\n", "cpuinfo": "processor: 0\ncpu MHz: 2400\nprocessor: 1\ncpu MHz: 2400\n",
			"self/limits": limitsOf("8192", "65535", "20000", "20000"), "self/status": "Uid:\t4242424\t4242424\t4242424\t4242424\n", "self/cgroup": "0::/\n",
			"sys/fs/file-max": "9223372036854775807\n", "sys/net/ipv4/tcp_fin_timeout": "15\n", "sys/net/ipv4/tcp_tw_reuse": "1\n",
			"sys/net/core/rmem_default": "524288\n", "sys/net/core/wmem_default": "524288\n", "sys/net/core/rmem_max": "67108864\n", "sys/net/core/wmem_max": "67108864\n",
			"sys/net/ipv4/tcp_rmem": "4096\t131072\t16777216\n", "sys/net/ipv4/tcp_wmem": "4096\t65536\t16777216\n",
			"sys/net/ipv4/ip_local_port_range": "10000\t65535\n", "sys/net/ipv4/ip_local_reserved_ports": "10000-19999,45564,61616\n",
		},
		free: 10 << 30,
	}
}

// usualMachine is a server of today as it is installed.
func usualMachine() machineFiles {
	return goodMachine().with(map[string]string{
		"self/limits": limitsOf("1024", "1048576", "15000", "unlimited"), "sys/fs/file-max": "800000\n", "sys/net/ipv4/tcp_fin_timeout": "60\n", "sys/net/ipv4/tcp_tw_reuse": "2\n",
		"sys/net/core/rmem_default": "212992\n", "sys/net/core/wmem_default": "212992\n", "sys/net/core/rmem_max": "212992\n", "sys/net/core/wmem_max": "212992\n",
		"sys/net/ipv4/tcp_rmem": "4096\t131072\t6291456\n", "sys/net/ipv4/tcp_wmem": "4096\t16384\t4194304\n", "sys/net/ipv4/ip_local_port_range": "32768\t60999\n",
		"sys/net/ipv4/ip_local_reserved_ports": "",
	})
}

// with returns the machine with other files; "" takes one away.
func (m machineFiles) with(proc map[string]string) machineFiles {
	for name, text := range proc {
		m.proc[name] = text
		if text == "" {
			delete(m.proc, name)
		}
	}
	return m
}

// openOn opens a home on a machine of files. HOME in them stands for the home.
func openOn(t *testing.T, home string, m machineFiles) *carbon.Install {
	t.Helper()
	o := testMachine(t)
	o.Cgroup = t.TempDir()
	for name, text := range m.proc {
		setFile(t, o.Proc, name, strings.ReplaceAll(text, "HOME", home))
	}
	for name, text := range m.cgroup {
		setFile(t, o.Cgroup, name, text)
	}
	o.Free = func(string) (uint64, error) { return m.free, nil }
	in, err := carbon.Open(t.Context(), home, o)
	if err != nil {
		t.Fatal(err)
	}
	in.Host.OS = "linux"
	return in
}

func hostResults(t *testing.T, home string, m machineFiles) []Result {
	t.Helper()
	in := openOn(t, home, m)
	if in.Running != nil {
		in.Running.User = "wso2" // its folder belongs to whoever runs the test
	}
	return settled(auditHost(NewWorkspace(in)))
}

func TestTuningMachines(t *testing.T) {
	home := sampleHome(t, "api")
	container := goodMachine()
	container.cgroup = map[string]string{"memory.max": "1073741824\n", "memory.swap.max": "0\n", "pids.max": "512\n", "cpu.max": "50000 100000\n"}
	fullDisk := goodMachine()
	fullDisk.free = 200 << 20
	server := map[string]string{
		"77/cmdline": "/opt/jdk/bin/java\x00-Dcarbon.home=HOME\x00org.wso2.carbon.bootstrap.Bootstrap\x00", "77/limits": limitsOf("1024", "1024", "1500", "1500"),
		"77/status": "Uid:\t4242425\t4242425\t4242425\t4242425\n", "77/cgroup": "0::/\n",
	}
	var b strings.Builder
	for _, c := range []struct {
		name string
		m    machineFiles
	}{
		{"all that is asked for", goodMachine()},
		{"nothing to read", machineFiles{free: 10 << 30}},
		{"a small machine", goodMachine().with(map[string]string{"meminfo": "MemTotal: 1048576 kB\nSwapTotal: 524288 kB\n", "cpuinfo": "processor: 0\ncpu MHz: 600\n"})},
		{"no swap space", goodMachine().with(map[string]string{"meminfo": "MemTotal: 8388608 kB\nSwapTotal: 0 kB\n"})},
		{"a container", container},
		{"a full disk", fullDisk},
		{"few open files", goodMachine().with(map[string]string{"self/limits": limitsOf("1024", "2048", "1024", "4096")})},
		{"open files as most systems have them", goodMachine().with(map[string]string{"self/limits": limitsOf("1024", "524288", "31415", "31415")})},
		{"open files of an older system", goodMachine().with(map[string]string{"self/limits": limitsOf("1024", "4096", "31415", "31415")})},
		{"root", goodMachine().with(map[string]string{"self/limits": limitsOf("4096", "65535", "100", "100"), "self/status": "Uid:\t0\t0\t0\t0\n"})},
		{"the server runs, with few open files", goodMachine().with(server)},
		{"tcp_tw_recycle is on", goodMachine().with(map[string]string{"sys/net/ipv4/tcp_tw_recycle": "1\n"})},
		{"tcp_tw_recycle is off", goodMachine().with(map[string]string{"sys/net/ipv4/tcp_tw_recycle": "0\n"})},
		{"a server of today", usualMachine()},
		{"a kernel that hides net.core", goodMachine().with(map[string]string{"sys/net/core/rmem_max": "", "sys/net/core/wmem_max": ""})},
		{"files with nonsense", goodMachine().with(map[string]string{"meminfo": "MemTotal: much\n", "cpuinfo": "bogus\n", "self/limits": "Max open files\n", "sys/fs/file-max": "many\n"})},
	} {
		b.WriteString("== " + c.name + "\n")
		b.WriteString(resultLines(hostResults(t, home, c.m)))
	}
	golden(t, "tuning/machines.txt", b.String())
}

// The thresholds are the file's own: other figures, in a comment, or none at all.
func TestTuningThresholds(t *testing.T) {
	home := sampleHome(t, "api")
	replaceIn(t, home, carbon.ConfigValidation, `<Parameter id="RAM">2048</Parameter>`, `<Parameter id="RAM">16384</Parameter>`)
	replaceIn(t, home, carbon.ConfigValidation, `<Parameter id="swap">2048</Parameter>`, `<!--Parameter id="swap">2048</Parameter-->`)
	replaceIn(t, home, carbon.ConfigValidation, `<Parameter id="ulimit">4096</Parameter>`, `<Parameter id="ulimit">100000</Parameter>`)
	m := goodMachine().with(map[string]string{"meminfo": "MemTotal: 8388608 kB\nSwapTotal: 0 kB\n"})
	got := map[string]Result{}
	for _, r := range hostResults(t, home, m) {
		got[r.ID] = r
	}
	if r := got[memoryHostRule]; r.Status != Warn || !strings.HasPrefix(r.Message, "Less than the 16 GB that Carbon wants: this machine has 8 GB of memory.") || r.Place.Line == 0 {
		t.Errorf("%+v", r)
	}
	if r := got[swapRule]; r.Status != OK {
		t.Errorf("%+v", r)
	}
	if r := got[filesRule]; r.Status != Warn || r.Severity != Warning || !strings.HasPrefix(r.Message, "Less than the 100000 open files") {
		t.Errorf("%+v", r)
	}
	removeFile(t, home, carbon.ConfigValidation)
	for _, r := range hostResults(t, home, m) {
		if r.Status == Warn {
			t.Errorf("without the file: %+v", r)
		}
	}
}

// The memory that Carbon wants is a matter of the machine: the audit says once that it is missing, wherever the heap is judged beside it.
func TestMissingMemoryIsToldOnce(t *testing.T) {
	in := openOn(t, sampleHome(t, "api"), goodMachine().with(map[string]string{"meminfo": "MemTotal: 1048576 kB\nSwapTotal: 4194304 kB\n"}))
	in.Host.Memory = gigabyte
	var told []Result
	for _, s := range All() {
		for _, r := range s.Audit(NewWorkspace(in)) {
			if r.Place.File == carbon.ConfigValidation {
				told = append(told, r)
			}
		}
	}
	if len(told) != 1 || told[0].ID != memoryHostRule || told[0].Status != Warn {
		t.Errorf("got\n%s", resultLines(told))
	}
}

func TestTuningChecks(t *testing.T) {
	in := openOn(t, sampleHome(t, "api"), goodMachine())
	checks := (tuning{}).Checks(NewWorkspace(in), answersOf(t, production))
	if len(checks) != len(hostRules) {
		t.Fatalf("%d checks", len(checks))
	}
	for _, c := range checks {
		if r := c.Run(t.Context()); r.Status != OK || r.Guideline != 9 || c.Title == "" || r.ID == "" {
			t.Errorf("%s: %+v", c.ID, r)
		}
	}
}

func TestTuningKernelNeverLowers(t *testing.T) {
	for _, c := range []struct{ name, now, want string }{
		{"net.ipv4.tcp_fin_timeout", "60", "30"},
		{"net.ipv4.tcp_fin_timeout", "10", ""},
		{"net.ipv4.tcp_rmem", "8192 131072 6291456", "8192 131072 16777216"},
		{"net.ipv4.tcp_rmem", "4096 87380 16777216", ""},
		{"net.ipv4.tcp_rmem", "4096", "4096 87380 16777216"},
		{"net.ipv4.ip_local_port_range", "32768 60999", "10000 65535"},
		{"net.ipv4.ip_local_port_range", "1024 60999", "1024 65535"},
		{"net.ipv4.ip_local_port_range", "1024 65535", ""},
		{"net.ipv4.tcp_tw_reuse", "2", "1"},
		{"fs.file-max", "9223372036854775807", ""},
		{"fs.file-max", "-1", "2097152"},
	} {
		for _, s := range kernelSettings {
			if s.name != c.name {
				continue
			}
			want, same := s.wanted(c.now)
			if same != (c.want == "") || !same && want != c.want {
				t.Errorf("%s = %s: %q %v, want %q", c.name, c.now, want, same, c.want)
			}
		}
	}
}

func TestTuningReservedPorts(t *testing.T) {
	for list, want := range map[string]bool{"": false, "9443": true, "1-2,9000-9999": true, "9444,9400-9442": false, "x,9443-": false} {
		if got := isReserved(list, 9443); got != want {
			t.Errorf("%q: %v", list, got)
		}
	}
	m := goodMachine().with(map[string]string{"sys/net/ipv4/ip_local_port_range": "1024 65535", "sys/net/ipv4/ip_local_reserved_ports": "9443,11000-12000\n"})
	w := NewWorkspace(openOn(t, sampleHome(t, "api"), m))
	_, reserved, ports := portsToReserve(w, w.Install.Machine())
	if !strings.HasPrefix(reserved, "9443,11000-12000,") || !strings.Contains(reserved, ",9763") || strings.Count(reserved, "9443") != 1 || strings.Contains(reserved, "11111") || len(ports) == 0 {
		t.Errorf("%q %v", reserved, ports)
	}
}

// readyFiles are the files for a machine, by name.
func readyFiles(t *testing.T, home string, m machineFiles) (files map[string]string, advice []Advice) {
	t.Helper()
	files = map[string]string{}
	advice = (tuning{}).Advice(NewWorkspace(openOn(t, home, m)), answersOf(t, production))
	for _, a := range advice {
		for _, f := range a.Attachments {
			files[f.Name] = f.Content
		}
	}
	return files, advice
}

func TestTuningReadyFiles(t *testing.T) {
	home := filepath.Join(t.TempDir(), "wso2am-1.8.0")
	copyTree(t, sampleHome(t, "api"), home)
	owner, _ := openHome(t, home).Install.Owner()
	files, advice := readyFiles(t, home, usualMachine())
	var b strings.Builder
	for _, name := range []string{sysctlPath, limitsPath, "/etc/systemd/system/wso2am-1.8.0.service.d/limits.conf"} {
		text, ok := files[name]
		if !ok {
			t.Fatalf("no %s in %s", name, adviceLines(advice))
		}
		b.WriteString("== " + name + "\n" + text)
	}
	golden(t, "tuning/files.txt", strings.ReplaceAll(b.String(), "\n"+owner+" ", "\nOWNER "))
	readSysctl(t, files[sysctlPath])
	readLimits(t, files[limitsPath])
	if strings.Contains(files[sysctlPath], "\nnet.ipv4.tcp_tw_recycle") {
		t.Error("the file sets tcp_tw_recycle")
	}
	if files, advice := readyFiles(t, home, goodMachine()); len(files) != 0 {
		t.Errorf("files for a machine that has everything: %v\n%s", files, adviceLines(advice))
	}
	if files, _ := readyFiles(t, home, machineFiles{}); files[sysctlPath] != "" || files[limitsPath] == "" {
		t.Errorf("files for a machine that cannot be read: %v", files)
	}
}

// readSysctl reads a file as sysctl(8) does, and has sysctl read it where there is one that can do so without setting anything.
func readSysctl(t *testing.T, text string) {
	t.Helper()
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, " = ")
		if !ok || strings.ContainsAny(name, " \t/") || value == "" || seen[name] {
			t.Errorf("not a line of sysctl.conf: %q", line)
		}
		seen[name] = true
	}
	if len(seen) == 0 {
		t.Error("the file sets nothing")
	}
	tool, err := exec.LookPath("sysctl")
	if err != nil {
		return
	}
	dir := t.TempDir()
	setFile(t, dir, "90-carbon.conf", text)
	out, err := exec.CommandContext(t.Context(), tool, "--dry-run", "-p", filepath.Join(dir, "90-carbon.conf")).CombinedOutput() // #nosec G204 -- a tool of the system
	if strings.Contains(string(out), "unrecognized option") || strings.Contains(string(out), "invalid option") {
		return // before procps 4
	}
	if strings.Contains(string(out), "invalid syntax") {
		t.Errorf("sysctl: %s", out)
	}
	for name := range seen {
		if err == nil && !strings.Contains(string(out), name) {
			t.Errorf("sysctl does not read %s:\n%s", name, out)
		}
	}
}

// readLimits reads a file as limits.conf(5) describes it.
func readLimits(t *testing.T, text string) {
	t.Helper()
	n := 0
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		n++
		if len(fields) != 4 || fields[1] != "soft" && fields[1] != "hard" || fields[2] != "nofile" && fields[2] != "nproc" || fields[3] != "unlimited" && strings.Trim(fields[3], "0123456789") != "" {
			t.Errorf("not a line of limits.conf: %q", line)
		}
	}
	if n == 0 {
		t.Error("the file sets nothing")
	}
}

func TestTuningLimitsDomain(t *testing.T) {
	for user, want := range map[string]string{"wso2": "wso2", "": "*", "a b": "*", "@wheel": "*", "%x": "*", `DOM\svc`: `DOM\svc`, "-x": "*"} {
		if got := limitsDomain(user); got != want {
			t.Errorf("%q: %q", user, got)
		}
	}
}

// The drop-in and the unit of guideline 10 ask for the same.
func TestTuningDropInFitsTheUnit(t *testing.T) {
	unit := rendered(t, service{Name: "am", Home: "/opt/am", User: "wso2", Group: "wso2"}, "carbon.service")
	drop := limitsDropIn(service{Name: "am"}, userLimits{filesHard: pageFilesHard, processes: pageProcesses})
	for line := range strings.Lines(drop) {
		if (strings.HasPrefix(line, "Limit") || strings.HasPrefix(line, "Tasks")) && !strings.Contains(unit, "\n"+line) {
			t.Errorf("the unit has no %q", line)
		}
	}
}

func TestTuningElsewhere(t *testing.T) {
	in := openOn(t, sampleHome(t, "api"), machineFiles{})
	in.Host.OS = "windows"
	got := adviceLines((tuning{}).Advice(NewWorkspace(in), answersOf(t, production)))
	if !strings.Contains(got, "nothing of the machine was compared") || strings.Contains(got, "sysctl -p") {
		t.Errorf("%s", got)
	}
}
