package carbon

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

const oneLimits = `Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max processes             4096                 unlimited            processes 
Max open files            1024                 524288               files     
`

// machineOf makes a machine of files below /proc and /sys/fs/cgroup.
func machineOf(t *testing.T, proc, cgroup map[string]string) machineSource {
	t.Helper()
	s := machineSource{proc: t.TempDir(), cgroup: t.TempDir(), home: "/opt/am", free: func(string) (uint64, error) { return 5 << 30, nil }}
	put(t, s.proc, proc)
	put(t, s.cgroup, cgroup)
	return s
}

func TestMachine(t *testing.T) {
	s := machineOf(t, map[string]string{
		"meminfo":                     "MemTotal:        4194304 kB\nMemFree: 1 kB\nSwapTotal:       2097152 kB\n",
		"cpuinfo":                     "processor\t: 0\ncpu MHz\t\t: 2400.123\n\nprocessor\t: 1\ncpu MHz\t\t: 800.0\n",
		"self/limits":                 oneLimits,
		"self/status":                 "Name:\tx\nUid:\t12345\t12345\t12345\t12345\n",
		"self/cgroup":                 "0::/\n",
		"sys/net/ipv4/tcp_rmem":       "4096\t131072\t6291456\n",
		"sys/net/ipv4/tcp_empty":      "",
		"sys/fs/file-max":             "9223372036854775807\n",
		"sys/net/ipv4/tcp_tw_recycle": "0\n",
	}, nil)
	m := s.read()
	for name, c := range map[string]struct {
		got  Reading
		want uint64
	}{
		"memory": {m.Memory, 4 << 30}, "swap": {m.Swap, 2 << 30}, "processors": {m.CPUs, 2}, "MHz": {m.MHz, 4800}, "disk": {m.Disk, 5 << 30},
		"open files": {m.Files.Soft, 1024}, "open files, hard": {m.Files.Hard, 524288}, "processes": {m.Processes.Soft, 4096},
		"processes, hard": {m.Processes.Hard, Unlimited}, "memory of the group": {m.GroupMemory, Unlimited}, "tasks of the group": {m.GroupTasks, Unlimited},
	} {
		if !c.got.Known() || c.got.Value != c.want {
			t.Errorf("%s: %+v, want %d", name, c.got, c.want)
		}
	}
	if m.User != "uid 12345" || m.UserID != 12345 || m.Server != nil {
		t.Errorf("user %q %d, server %v", m.User, m.UserID, m.Server)
	}
	if v, ok := m.Kernel("net.ipv4.tcp_rmem"); !ok || v != "4096 131072 6291456" {
		t.Errorf("tcp_rmem %q %v", v, ok)
	}
	for _, name := range []string{"net.ipv4.tcp_empty", "net.core.rmem_max"} {
		if v, ok := m.Kernel(name); ok {
			t.Errorf("%s is %q", name, v)
		}
	}
	if !m.HasKernelSettings() {
		t.Error("no kernel settings")
	}
}

func TestMachineUnreadable(t *testing.T) {
	s := machineOf(t, map[string]string{"cpuinfo": "", "self/limits": "Max open files many few\n", "self/status": "Uid:\tx\n", "meminfo": "MemTotal: lots kB\nSwapTotal:\n"}, nil)
	s.free = func(string) (uint64, error) { return 0, errors.New("no") }
	m := s.read()
	for name, r := range map[string]Reading{
		"memory": m.Memory, "swap": m.Swap, "processors": m.CPUs, "MHz": m.MHz, "disk": m.Disk, "open files": m.Files.Soft, "processes": m.Processes.Hard,
		"memory of the group": m.GroupMemory, "quota": m.GroupQuota,
	} {
		if r.Known() {
			t.Errorf("%s: %+v is known", name, r)
		}
	}
	if m.UserID != -1 || m.HasKernelSettings() {
		t.Errorf("user %d, kernel settings %v", m.UserID, m.HasKernelSettings())
	}
	if os.Geteuid() != 0 {
		closed := filepath.Join(s.proc, "meminfo")
		if err := os.Chmod(closed, 0); err != nil {
			t.Fatal(err)
		}
		if r := s.meminfo("MemTotal"); r.Why != "/proc/meminfo may not be read by this user" {
			t.Errorf("%+v", r)
		}
	}
}

func TestMachineGroups(t *testing.T) {
	const gb = 1 << 30
	basic := func(cgroup string) map[string]string {
		return map[string]string{"meminfo": "MemTotal: 8388608 kB\nSwapTotal: 4194304 kB\n", "cpuinfo": "processor: 0\nprocessor: 1\nprocessor: 2\nprocessor: 3\n", "self/cgroup": cgroup}
	}
	for _, c := range []struct {
		name                      string
		group                     string
		files                     map[string]string
		memory, swap, tasks, cpus uint64
		byGroup                   bool
	}{
		{"none", "0::/\n", nil, 8 * gb, 4 * gb, Unlimited, 4, false},
		{
			"a container, version 2", "0::/\n",
			map[string]string{"memory.max": "1073741824\n", "memory.swap.max": "0\n", "pids.max": "512\n", "cpu.max": "150000 100000\n"},
			gb, 0, 512, 2, true,
		},
		{
			"no limits, version 2", "0::/a.slice/b.service\n",
			map[string]string{"a.slice/b.service/memory.max": "max\n", "a.slice/b.service/memory.swap.max": "max\n", "a.slice/b.service/pids.max": "max\n", "a.slice/cpu.max": "max 100000\n"},
			8 * gb, 4 * gb, Unlimited, 4, false,
		},
		{
			"the slice above", "0::/a.slice/b.service\n",
			map[string]string{"a.slice/b.service/pids.max": "max\n", "a.slice/pids.max": "4915\n", "a.slice/memory.max": "2147483648\n"},
			2 * gb, 4 * gb, 4915, 4, true,
		},
		{
			"version 1", "4:memory:/d\n5:pids:/d\n6:cpu,cpuacct:/d\n1:name=systemd:/d\n",
			map[string]string{
				"memory/memory.limit_in_bytes": "2147483648\n", "memory/memory.memsw.limit_in_bytes": "3221225472\n", "pids/d/pids.max": "100\n",
				"cpu,cpuacct/cpu.cfs_quota_us": "50000\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
			},
			2 * gb, gb, 100, 1, true,
		},
		{
			"version 1, no limits", "4:memory:/d\n6:cpu,cpuacct:/d\n",
			map[string]string{
				"memory/d/memory.limit_in_bytes": "9223372036854771712\n", "memory/d/memory.memsw.limit_in_bytes": "9223372036854771712\n",
				"cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
			},
			8 * gb, 4 * gb, Unlimited, 4, false,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := machineOf(t, basic(c.group), c.files).read()
			memory, byGroup := m.EffectiveMemory()
			swap, _ := m.EffectiveSwap()
			if memory.Value != c.memory || byGroup != c.byGroup || swap.Value != c.swap || m.GroupTasks.Value != c.tasks || m.EffectiveCPUs().Value != c.cpus {
				t.Errorf("memory %d %v, swap %d, tasks %d, processors %d", memory.Value, byGroup, swap.Value, m.GroupTasks.Value, m.EffectiveCPUs().Value)
			}
		})
	}
}

func TestMachineOfTheServer(t *testing.T) {
	s := machineOf(t, map[string]string{"self/limits": oneLimits, "77/limits": "Max open files 4096 65535 files\nMax processes 20000 20000 processes\n", "77/cgroup": "0::/am.service\n"},
		map[string]string{"am.service/pids.max": "300"})
	o := Options{Proc: s.proc, Cgroup: s.cgroup, Free: s.free}
	in := &Install{Home: "/opt/am", options: o, Running: &Process{PID: 77, User: "wso2"}}
	m := in.Machine()
	if m.Files.Soft.Value != 4096 || m.GroupTasks.Value != 300 || m.Server == nil || m.Server.User != "wso2" {
		t.Errorf("%+v", m)
	}
	in.Running = nil
	if m := in.Machine(); m.Files.Soft.Value != 1024 || m.Server != nil {
		t.Errorf("%+v", m)
	}
}

// This machine has to make sense, whichever it is.
func TestMachineHere(t *testing.T) {
	if _, err := os.Stat("/proc/meminfo"); err != nil {
		t.Skip("no /proc here")
	}
	m := (&Install{Home: t.TempDir()}).Machine()
	if m.Memory.Value < 64<<20 || m.CPUs.Value < 1 || !m.Disk.Known() || !m.Files.Hard.Known() || m.Files.Soft.Value > m.Files.Hard.Value || m.UserID != os.Geteuid() {
		t.Errorf("%+v", m)
	}
}
