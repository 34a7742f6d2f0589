package carbon

import (
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// limits reads /proc/PID/limits.
func (s machineSource) limits(who string) (files, processes Limit) {
	path := kernelFile(who, "limits")
	text, err := readSmall(filepath.Join(s.proc, who, "limits"))
	if err != nil {
		r := unread(path, err)
		return Limit{r, r}, Limit{r, r}
	}
	return limitOf(path, text, "Max open files"), limitOf(path, text, "Max processes")
}

func limitOf(path, text, name string) Limit {
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		if len(fields) < 2 {
			break
		}
		soft, ok1 := limitValue(fields[0], "unlimited")
		hard, ok2 := limitValue(fields[1], "unlimited")
		if !ok1 || !ok2 {
			break
		}
		return Limit{Reading{Value: soft}, Reading{Value: hard}}
	}
	return Limit{strange(path), strange(path)}
}

func limitValue(text, none string) (uint64, bool) {
	if text == none {
		return Unlimited, true
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil
}

// group returns the smallest limit of a controller on the way from the process's control group to the root. Version 2 of control groups has the file v2,
// version 1 the file v1 in the tree of the controller.
func (s machineSource) group(who, controller, v2, v1 string) Reading {
	limit := Unlimited
	why := s.groups(who, controller, func(version int, dir string) {
		file := v2
		if version == 1 {
			file = v1
		}
		text, err := readSmall(filepath.Join(dir, file))
		if err != nil {
			return
		}
		if n, ok := limitValue(strings.TrimSpace(text), "max"); ok && n < absurd {
			limit = min(limit, n)
		}
	})
	return Reading{Value: limit, Why: why}
}

// absurd is what no machine has: version 1 of control groups says "no limit" with such a number.
const absurd = 1 << 60

// groupSwap returns what the control group leaves of the swap space. memory.swap.max of version 2 is swap alone, memory.memsw.limit_in_bytes of version 1
// memory and swap together.
func (s machineSource) groupSwap(who string, memory Reading) Reading {
	swap := s.group(who, "memory", "memory.swap.max", "memory.memsw.limit_in_bytes")
	text, err := readSmall(filepath.Join(s.proc, who, "cgroup"))
	if err != nil || !swap.Known() || swap.Value == Unlimited || !isVersion1(text, "memory") {
		return swap
	}
	if !memory.Known() || memory.Value > swap.Value {
		return Reading{Value: Unlimited}
	}
	return Reading{Value: swap.Value - memory.Value}
}

func isVersion1(text, controller string) bool {
	for line := range strings.Lines(text) {
		if parts := strings.SplitN(strings.TrimSpace(line), ":", 3); len(parts) == 3 && hasController(parts[1], controller) {
			return true
		}
	}
	return false
}

// quota returns how much processor time the control group may use, in thousandths of a processor: cpu.max of version 2 is "quota period", version 1 has a
// file for each of the two.
func (s machineSource) quota(who string) Reading {
	limit := Unlimited
	why := s.groups(who, "cpu", func(version int, dir string) {
		var fields []string
		if version == 2 {
			text, _ := readSmall(filepath.Join(dir, "cpu.max"))
			fields = strings.Fields(text)
		} else {
			quota, _ := readSmall(filepath.Join(dir, "cpu.cfs_quota_us"))
			period, _ := readSmall(filepath.Join(dir, "cpu.cfs_period_us"))
			fields = append(strings.Fields(quota), strings.Fields(period)...)
		}
		if len(fields) != 2 {
			return
		}
		quota, err1 := strconv.ParseUint(fields[0], 10, 40)
		period, err2 := strconv.ParseUint(fields[1], 10, 40)
		if err1 == nil && err2 == nil && quota > 0 && period > 0 {
			limit = min(limit, quota*1000/period)
		}
	})
	return Reading{Value: limit, Why: why}
}

// groups visits the folders of the control groups that a process is in, from its own to the root, for one controller. In a container the group's own path
// may lie outside of what is mounted; then the root of the mount holds the limits. It says why there is nothing to visit.
func (s machineSource) groups(who, controller string, visit func(version int, dir string)) (why string) {
	text, err := readSmall(filepath.Join(s.proc, who, "cgroup"))
	if err != nil {
		return unread(kernelFile(who, "cgroup"), err).Why
	}
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch {
		case parts[0] == "0" && parts[1] == "":
			upwards(s.cgroup, parts[2], func(dir string) { visit(2, dir) })
			upwards(filepath.Join(s.cgroup, "unified"), parts[2], func(dir string) { visit(2, dir) })
		case hasController(parts[1], controller):
			upwards(s.controllerTree(parts[1], controller), parts[2], func(dir string) { visit(1, dir) })
		}
	}
	return ""
}

// controllerTree is where the tree of a controller of version 1 is mounted: under its own name, or under that of all that it is mounted with.
func (s machineSource) controllerTree(all, controller string) string {
	own := filepath.Join(s.cgroup, controller)
	if _, err := os.Stat(own); err != nil {
		if _, err := os.Stat(filepath.Join(s.cgroup, all)); err == nil {
			return filepath.Join(s.cgroup, all)
		}
	}
	return own
}

func upwards(root, group string, visit func(dir string)) {
	for group = path.Clean("/" + group); ; group = path.Dir(group) {
		visit(filepath.Join(root, filepath.FromSlash(group)))
		if group == "/" {
			return
		}
	}
}

// owner tells whom a process belongs to: the effective user of /proc/PID/status.
func (s machineSource) owner(who string) (name string, id int) {
	text, err := readSmall(filepath.Join(s.proc, who, "status"))
	if err != nil {
		return "", -1
	}
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, "Uid:")
		fields := strings.Fields(rest)
		if !ok || len(fields) < 2 {
			continue
		}
		id, err := strconv.Atoi(fields[1])
		if err != nil {
			return "", -1
		}
		return userName(id), id
	}
	return "", -1
}
