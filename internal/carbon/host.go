package carbon

import (
	"net"
	"os"
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
	CPUs      int    // processors that may be used, 0 = unknown
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
	if cpus := (machineSource{proc: o.Proc, cgroup: o.Cgroup}).cpus(); cpus.Known() {
		h.CPUs = int(min(cpus.Value, 1<<16))
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

// cgroupLimit returns the smallest memory limit on the way from this process's control group to the root, 0 for none.
func cgroupLimit(proc, root string) uint64 {
	limit := machineSource{proc: proc, cgroup: root}.group("self", "memory", "memory.max", "memory.limit_in_bytes")
	if !limit.Known() || limit.Value == Unlimited {
		return 0
	}
	return limit.Value
}

func hasController(list, name string) bool {
	for _, c := range strings.Split(list, ",") {
		if c == name {
			return true
		}
	}
	return false
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
