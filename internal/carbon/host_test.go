package carbon

import (
	"net"
	"os"
	"runtime"
	"testing"
)

func TestHost(t *testing.T) {
	h := readHost(Options{}.withDefaults())
	if name, err := os.Hostname(); err == nil && h.Name != name {
		t.Errorf("name %q, want %q", h.Name, name)
	}
	if h.OS != runtime.GOOS || runtime.GOOS == "linux" && (h.Memory < 64<<20 || h.CPUs < 1) {
		t.Errorf("%+v", h)
	}
	for _, a := range h.Addresses {
		if ip := net.ParseIP(a); ip == nil || ip.IsLoopback() {
			t.Errorf("address %q", a)
		}
	}
}

func TestMemory(t *testing.T) {
	const gb = 1 << 30
	for _, c := range []struct {
		name   string
		proc   map[string]string
		cgroup map[string]string
		memory uint64
		limit  uint64
	}{
		{"nothing to read", nil, nil, 0, 0},
		{
			"no limit, version 2",
			map[string]string{"meminfo": "MemTotal:        8388608 kB\nMemFree: 1 kB\n", "self/cgroup": "0::/user.slice\n"},
			map[string]string{"user.slice/memory.max": "max\n"},
			8 * gb, 0,
		},
		{
			"a limit, version 2",
			map[string]string{"meminfo": "MemTotal: 8388608 kB\n", "self/cgroup": "0::/system.slice/am.service\n"},
			map[string]string{"system.slice/am.service/memory.max": "4294967296\n"},
			8 * gb, 4 * gb,
		},
		{
			"the limit of a slice above",
			map[string]string{"meminfo": "MemTotal: 8388608 kB\n", "self/cgroup": "0::/system.slice/am.service\n"},
			map[string]string{"system.slice/am.service/memory.max": "4294967296\n", "system.slice/memory.max": "2147483648"},
			8 * gb, 2 * gb,
		},
		{
			"in a container, version 2",
			map[string]string{"meminfo": "MemTotal: 8388608 kB\n", "self/cgroup": "0::/\n"},
			map[string]string{"memory.max": "1073741824\n"},
			8 * gb, gb,
		},
		{
			"no limit, version 1",
			map[string]string{"meminfo": "MemTotal: 8388608 kB\n", "self/cgroup": "9:memory:/user.slice\n1:name=systemd:/x\n"},
			map[string]string{"memory/user.slice/memory.limit_in_bytes": "9223372036854771712\n"},
			8 * gb, 0,
		},
		{
			"a limit, version 1",
			map[string]string{"meminfo": "MemTotal: 8388608 kB\n", "self/cgroup": "4:cpu,memory:/docker/abc\n"},
			map[string]string{"memory/memory.limit_in_bytes": "3221225472\n"},
			8 * gb, 3 * gb,
		},
		{
			"both versions",
			map[string]string{"meminfo": "MemTotal: 8388608 kB\n", "self/cgroup": "4:memory:/a\n0::/a\n"},
			map[string]string{"memory/a/memory.limit_in_bytes": "3221225472\n", "unified/a/memory.max": "max\n"},
			8 * gb, 3 * gb,
		},
		{
			"a limit above what there is",
			map[string]string{"meminfo": "MemTotal: 8388608 kB\n", "self/cgroup": "0::/\n"},
			map[string]string{"memory.max": "17179869184\n"},
			8 * gb, 0,
		},
		{
			"nonsense",
			map[string]string{"meminfo": "MemTotal: many\n", "self/cgroup": "0::\nx\n::\n"},
			map[string]string{"memory.max": "-1"},
			0, 0,
		},
	} {
		o := quiet(t)
		o.Proc, o.Cgroup = t.TempDir(), t.TempDir()
		put(t, o.Proc, c.proc)
		put(t, o.Cgroup, c.cgroup)
		if h := readHost(o); h.Memory != c.memory || h.Cgroup != c.limit {
			t.Errorf("%s: memory %d, limit %d, want %d, %d", c.name, h.Memory, h.Cgroup, c.memory, c.limit)
		}
	}
}
