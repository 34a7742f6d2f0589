package carbon

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Unlimited is the Value of a limit that there is none of.
const Unlimited = ^uint64(0)

// Reading is one figure of the machine, or why it cannot be told.
type Reading struct {
	Value uint64
	Why   string // "/proc/meminfo is not there"; "" = Value is known
}

// Known reports whether the figure could be read.
func (r Reading) Known() bool { return r.Why == "" }

// Limit is a limit of a process with its two sides: the one in force, and the one up to which the process may raise it itself.
type Limit struct{ Soft, Hard Reading }

// Machine is what a server finds on its machine, in figures. It is read from /proc and the control groups of Linux; nothing is known of others.
type Machine struct {
	Memory, Swap Reading // bytes that the kernel has
	CPUs         Reading // processors
	MHz          Reading // of all processors together
	Disk         Reading // bytes free on the file system of the home for a user that is not root
	Files        Limit   // open files
	Processes    Limit   // processes and threads of the user
	// What the control group allows, and those above it; Unlimited when it sets no limit. Quota is in thousandths of a processor.
	GroupMemory, GroupSwap, GroupTasks, GroupQuota Reading

	Server *Process // whose limits and control group these are; nil = those of carbon-setup itself
	User   string   // whom that process belongs to, "" = not known
	UserID int      // of that process, -1 = not known

	proc string
}

// machineSource is what Machine reads.
type machineSource struct {
	proc, cgroup, home string
	free               func(path string) (uint64, error)
	server             *Process
}

// MachineReader returns a function that reads the machine as it is when it is called. It does not touch the Install and may run beside it.
func (in *Install) MachineReader() func() Machine {
	o := in.options.withDefaults()
	s := machineSource{proc: o.Proc, cgroup: o.Cgroup, home: in.Home, free: o.Free}
	if in.Running != nil {
		running := *in.Running
		s.server = &running
	}
	return s.read
}

// Machine reads the machine as it is now.
func (in *Install) Machine() Machine { return in.MachineReader()() }

func (s machineSource) read() Machine {
	who := "self"
	if s.server != nil {
		who = strconv.Itoa(s.server.PID)
	}
	m := Machine{Server: s.server, proc: s.proc, UserID: -1}
	m.Memory = s.meminfo("MemTotal")
	m.Swap = s.meminfo("SwapTotal")
	m.CPUs, m.MHz = s.processors()
	m.Disk = s.disk()
	m.Files, m.Processes = s.limits(who)
	m.GroupMemory = s.group(who, "memory", "memory.max", "memory.limit_in_bytes")
	m.GroupSwap = s.groupSwap(who, m.GroupMemory)
	m.GroupTasks = s.group(who, "pids", "pids.max", "pids.max")
	m.GroupQuota = s.quota(who)
	m.User, m.UserID = s.owner(who)
	return m
}

// Kernel returns a kernel setting by its name with dots, as one line with single blanks: "4096 87380 6291456".
func (m Machine) Kernel(name string) (value string, ok bool) {
	text, err := readSmall(filepath.Join(m.proc, "sys", filepath.FromSlash(strings.ReplaceAll(name, ".", "/"))))
	if err != nil {
		return "", false
	}
	value = strings.Join(strings.Fields(text), " ")
	return value, value != ""
}

// HasKernelSettings reports whether the settings of the kernel can be looked at here at all.
func (m Machine) HasKernelSettings() bool {
	_, err := os.Stat(filepath.Join(m.proc, "sys", "fs"))
	return err == nil
}

// cpus are the processors that carbon-setup itself may use.
func (s machineSource) cpus() Reading {
	var m Machine
	m.CPUs, _ = s.processors()
	m.GroupQuota = s.quota("self")
	return m.EffectiveCPUs()
}

// EffectiveCPUs is how many processors the server may use: those of the machine, or as many as the quota of the control group comes to, rounded up.
func (m Machine) EffectiveCPUs() Reading {
	cpus := m.CPUs
	if cpus.Known() && m.GroupQuota.Known() && m.GroupQuota.Value != Unlimited {
		cpus.Value = min(cpus.Value, max(1, (m.GroupQuota.Value+999)/1000))
	}
	return cpus
}

// EffectiveMemory is the memory that the server may use, and whether the control group is what limits it.
func (m Machine) EffectiveMemory() (memory Reading, byGroup bool) {
	if m.GroupMemory.Known() && m.GroupMemory.Value != Unlimited && (!m.Memory.Known() || m.GroupMemory.Value < m.Memory.Value) {
		return m.GroupMemory, true
	}
	return m.Memory, false
}

// EffectiveSwap is the swap space that the server may use, and whether the control group is what limits it.
func (m Machine) EffectiveSwap() (swap Reading, byGroup bool) {
	if m.Swap.Known() && m.GroupSwap.Known() && m.GroupSwap.Value < m.Swap.Value {
		return m.GroupSwap, true
	}
	return m.Swap, false
}

// kernelFile is the name of a file of /proc for messages.
func kernelFile(names ...string) string { return "/proc/" + strings.Join(names, "/") }

// unread says why a file of the machine tells nothing.
func unread(path string, err error) Reading {
	switch {
	case runtime.GOOS != "linux":
		return Reading{Why: "this is not Linux"}
	case os.IsNotExist(err):
		return Reading{Why: path + " is not there"}
	case os.IsPermission(err):
		return Reading{Why: path + " may not be read by this user"}
	}
	return Reading{Why: path + " cannot be read"}
}

// strange says that a file does not have what it has on every Linux.
func strange(path string) Reading { return Reading{Why: path + " does not tell it"} }

// meminfo reads a figure of /proc/meminfo.
func (s machineSource) meminfo(name string) Reading {
	path := kernelFile("meminfo")
	text, err := readSmall(filepath.Join(s.proc, "meminfo"))
	if err != nil {
		return unread(path, err)
	}
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, name+":")
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			break
		}
		kb, err := strconv.ParseUint(fields[0], 10, 54)
		if err != nil {
			break
		}
		return Reading{Value: kb << 10}
	}
	return strange(path)
}

// processors counts those of /proc/cpuinfo and adds up their speed, as Carbon's start-up check does (SystemValidator: frequency times number). Machines
// other than those of Intel's kind tell no speed there.
func (s machineSource) processors() (count, mhz Reading) {
	path := kernelFile("cpuinfo")
	data, err := os.ReadFile(filepath.Join(s.proc, "cpuinfo")) // longer than readSmall reads on a machine with many processors
	if err != nil {
		return unread(path, err), unread(path, err)
	}
	first := 0.0
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(key) {
		case "processor":
			count.Value++
		case "cpu MHz":
			if f, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && first == 0 && f > 0 && f < 1e6 {
				first = f
			}
		}
	}
	mhz.Value = uint64(first) * count.Value
	if count.Value == 0 {
		count = strange(path)
	}
	if mhz.Value == 0 {
		mhz = strange(path)
	}
	return count, mhz
}

func (s machineSource) disk() Reading {
	free, err := s.free(s.home)
	if err != nil {
		return Reading{Why: "the file system of the home does not tell it"}
	}
	return Reading{Value: free}
}
