package carbon

import (
	"net"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Host is the machine. Sizes in bytes; 0 = unknown.
type Host struct {
	Name      string
	Memory    uint64 // physical
	Cgroup    uint64 // limit of the control group, 0 = none
	Addresses []string
	OS        string // runtime.GOOS
}

func readHost(o Options) Host {
	h := Host{OS: runtime.GOOS}
	h.Name, _ = os.Hostname()
	h.Memory = physicalMemory(o.Proc)
	h.Cgroup = cgroupLimit(o.Proc, o.Cgroup)
	if h.Memory > 0 && h.Cgroup >= h.Memory {
		h.Cgroup = 0 // cgroup v1 says "no limit" with a huge number
	}
	h.Addresses = addresses()
	return h
}

// physicalMemory reads MemTotal of /proc/meminfo.
func physicalMemory(proc string) uint64 {
	text, err := readSmall(filepath.Join(proc, "meminfo"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, "MemTotal:")
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			return 0
		}
		kb, err := strconv.ParseUint(fields[0], 10, 54)
		if err != nil {
			return 0
		}
		return kb << 10
	}
	return 0
}

// cgroupLimit returns the smallest memory limit on the way from this process's control group to the root, 0 for none. Version 2 has memory.max,
// version 1 memory.limit_in_bytes in the tree of the memory controller.
func cgroupLimit(proc, root string) uint64 {
	text, err := readSmall(filepath.Join(proc, "self", "cgroup"))
	if err != nil {
		return 0
	}
	limit := uint64(0)
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch {
		case parts[0] == "0" && parts[1] == "":
			limit = smallest(limit, limitAlong(root, parts[2], "memory.max"))
			limit = smallest(limit, limitAlong(filepath.Join(root, "unified"), parts[2], "memory.max"))
		case hasController(parts[1], "memory"):
			limit = smallest(limit, limitAlong(filepath.Join(root, "memory"), parts[2], "memory.limit_in_bytes"))
		}
	}
	return limit
}

func hasController(list, name string) bool {
	for _, c := range strings.Split(list, ",") {
		if c == name {
			return true
		}
	}
	return false
}

// limitAlong reads the file in the group's folder and in every one above it. In a container the group's own path may lie outside what
// is mounted; then the root of the mount holds the limit.
func limitAlong(root, group, file string) uint64 {
	limit := uint64(0)
	for group = path.Clean("/" + group); ; group = path.Dir(group) {
		text, err := readSmall(filepath.Join(root, filepath.FromSlash(group), file))
		if err == nil {
			if n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64); err == nil {
				limit = smallest(limit, n)
			}
		}
		if group == "/" {
			return limit
		}
	}
}

// smallest returns the smaller of two limits of which 0 means none. What no machine has is none, too.
func smallest(a, b uint64) uint64 {
	const absurd = 1 << 60
	if b == 0 || b >= absurd {
		return a
	}
	if a == 0 || b < a {
		return b
	}
	return a
}

// addresses returns the addresses that others can reach this machine by.
func addresses() []string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var found []string
	for _, a := range all {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.IsLoopback() || n.IP.IsLinkLocalUnicast() {
			continue
		}
		found = append(found, n.IP.String())
	}
	return found
}
