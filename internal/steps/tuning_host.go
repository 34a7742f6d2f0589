package steps

import (
	"context"
	"fmt"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// What the tuning pages recommend for the limits of the server's user, and what Carbon needs at all. The page on API Manager 1.8 counts up to 1024
// threads for each server.
const (
	pageFilesSoft  = 4096
	pageFilesHard  = 65535
	pageProcesses  = 20000
	threadsPerNode = 1024
)

// demand is a figure of config-validation.xml; ok is false where the file has none, or has it in a comment.
type demand struct {
	value uint64
	place carbon.Place
	ok    bool
}

// demands are what SystemValidator compares with the machine at every start.
type demands struct {
	memory, swap, disk demand // bytes
	mhz, files         demand
}

// readDemands reads the thresholds of the install's own file.
func readDemands(w *Workspace) demands {
	bytes := func(id string) demand {
		m, ok := validationFigure(w, "SystemValidator", id)
		return demand{m.bytes, m.place, ok}
	}
	number := func(id string) demand {
		d := bytes(id)
		d.value /= megabyte
		return d
	}
	return demands{memory: bytes("RAM"), swap: bytes("swap"), disk: bytes("freeDisk"), mhz: number("CPU"), files: number("ulimit")}
}

// hostRule is one thing looked at on the machine.
type hostRule struct {
	id, check, title string
	judge            func(carbon.Machine, demands) Result
}

var hostRules = []hostRule{
	{memoryHostRule, "tuning.memory", "The machine has the memory that Carbon wants", judgeHostMemory},
	{swapRule, "tuning.swap", "The machine has the swap space that Carbon wants", judgeSwap},
	{diskRule, "tuning.disk", "The disk has the free space that Carbon wants", judgeDisk},
	{cpuRule, "tuning.cpu", "The processors are as fast as Carbon wants", judgeCPU},
	{filesRule, "tuning.files", "The server may open enough files", judgeFiles},
	{processesRule, "tuning.processes", "The server may have enough threads", judgeProcesses},
	{kernelRule, "tuning.kernel", "The network settings of the kernel are those of the tuning pages", judgeKernel},
	{recycleRule, "tuning.recycle", "The kernel does not recycle connections (tcp_tw_recycle)", judgeRecycle},
}

// Checks look at the machine as it is when they run.
func (tuning) Checks(w *Workspace, _ *answers.Set) []Check {
	read, want := w.Install.MachineReader(), readDemands(w)
	checks := make([]Check, 0, len(hostRules))
	for _, rule := range hostRules {
		checks = append(checks, Check{ID: rule.check, Title: rule.title, Run: func(context.Context) Result {
			r := rule.judge(read(), want)
			r.ID, r.Guideline = rule.id, 9
			return settled([]Result{r})[0]
		}})
	}
	return checks
}

func auditHost(w *Workspace) []Result {
	m, want := w.Install.Machine(), readDemands(w)
	all := make([]Result, 0, len(hostRules))
	for _, rule := range hostRules {
		r := rule.judge(m, want)
		r.ID = rule.id
		all = append(all, r)
	}
	return all
}

// cannotTell is the result of a rule whose figure is not known.
func cannotTell(what string, r carbon.Reading) Result {
	return Result{Status: Unknown, Message: fmt.Sprintf("It cannot be told %s: %s.", what, r.Why), Fix: "Look at it on the machine that the server runs on."}
}

const carbonWarns = "Carbon logs a warning at every start."

// enough allows for what the kernel keeps of the memory, and a swap space of the first page: a machine sold with 2 GB reports some less.
func enough(have, want uint64) bool { return have/9 >= want/10 }

func judgeHostMemory(m carbon.Machine, d demands) Result {
	memory, byGroup := m.EffectiveMemory()
	if !memory.Known() {
		return cannotTell("how much memory this machine has", memory)
	}
	who := "this machine has"
	if byGroup {
		who = "the control group (container or service) may use"
	}
	has := fmt.Sprintf("%s %s of memory", who, memoryForPeople(memory.Value))
	if !d.memory.ok || enough(memory.Value, d.memory.value) {
		return Result{Status: OK, Message: upperFirst(has) + "."}
	}
	return Result{
		Status: Warn, Severity: Warning, Place: d.memory.place, Message: fmt.Sprintf("Less than the %s that Carbon wants: %s.", memoryForPeople(d.memory.value), has),
		Why: carbonWarns + " What does not fit into the memory is swapped, or the kernel ends the server.", Fix: "Give the machine, or the container, more memory.",
	}
}

func judgeSwap(m carbon.Machine, d demands) Result {
	swap, byGroup := m.EffectiveSwap()
	if !swap.Known() {
		return cannotTell("how much swap space this machine has", swap)
	}
	who := "this machine has"
	if byGroup {
		who = "the control group (container or service) may use"
	}
	r := Result{
		Status: Warn, Severity: Note, Place: d.swap.place, Why: carbonWarns + " Swap space keeps the kernel from ending the server at a short peak; it is no room for the heap.",
		Fix: "Add swap space (mkswap, swapon), or lower the figure in " + carbon.ConfigValidation + " if the machine is without on purpose.",
	}
	switch {
	case !d.swap.ok || d.swap.value == 0 || swap.Value > 0 && enough(swap.Value, d.swap.value):
		return Result{Status: OK, Message: fmt.Sprintf("%s %s of swap space.", upperFirst(who), memoryForPeople(swap.Value))}
	case swap.Value == 0 && byGroup:
		r.Message = fmt.Sprintf("There is no swap space for this control group (container or service), and Carbon wants %s.", memoryForPeople(d.swap.value))
	case swap.Value == 0:
		r.Message = fmt.Sprintf("There is no swap space, and Carbon wants %s.", memoryForPeople(d.swap.value))
	default:
		r.Message = fmt.Sprintf("Less than the %s that Carbon wants: %s %s of swap space.", memoryForPeople(d.swap.value), who, memoryForPeople(swap.Value))
	}
	return r
}

// judgeDisk looks at the file system of the home. SystemValidator itself looks at /, which can be another one.
func judgeDisk(m carbon.Machine, d demands) Result {
	if !m.Disk.Known() {
		return cannotTell("how much disk space is free", m.Disk)
	}
	has := memoryForPeople(m.Disk.Value) + " are free on the file system of the home"
	if !d.disk.ok || m.Disk.Value >= d.disk.value {
		return Result{Status: OK, Message: has + "."}
	}
	return Result{
		Status: Warn, Severity: Warning, Place: d.disk.place, Message: fmt.Sprintf("Less than the %s that Carbon wants: %s.", memoryForPeople(d.disk.value), has),
		Why: "Logs, indexes and deployed artifacts grow. A server whose disk is full loses messages, and the files of embedded databases break.",
		Fix: "Free disk space, or move the home to a larger file system.",
	}
}

func judgeCPU(m carbon.Machine, d demands) Result {
	cpus := m.EffectiveCPUs()
	switch {
	case !cpus.Known():
		return cannotTell("how many processors this machine has", cpus)
	case !m.MHz.Known() && d.mhz.ok:
		return cannotTell("how fast the processors are ("+plural(int(cpus.Value), "processor")+")", m.MHz)
	}
	count := plural(int(min(cpus.Value, 1<<16)), "processor")
	if !d.mhz.ok || m.MHz.Value >= d.mhz.value {
		return Result{Status: OK, Message: fmt.Sprintf("%s to be used.", upperFirst(count))}
	}
	return Result{
		Status: Warn, Severity: Note, Place: d.mhz.place, Message: fmt.Sprintf("Less than the %d MHz that Carbon wants: %d MHz in all.", d.mhz.value, m.MHz.Value),
		Why: carbonWarns, Fix: "Use a faster machine, or give this one more processors.",
	}
}

// whose names the process whose limits are told.
func whose(m carbon.Machine) string {
	if m.Server != nil {
		return fmt.Sprintf("the running server (process %d, user %s)", m.Server.PID, orText(m.Server.User, "unknown"))
	}
	return "this session (user " + orText(m.User, "unknown") + "; the server does not run)"
}

func countText(r carbon.Reading) string {
	if r.Value == carbon.Unlimited {
		return "unlimited"
	}
	return fmt.Sprint(r.Value)
}

// judgeFiles judges the limit that Java may raise itself to: it does so at its start (MaxFDLimit is on unless switched off), and what Carbon compares is that.
func judgeFiles(m carbon.Machine, d demands) Result {
	soft, hard := m.Files.Soft, m.Files.Hard
	if !hard.Known() {
		return cannotTell("how many files "+whose(m)+" may open", hard)
	}
	has := fmt.Sprintf("%s may open %s files, which Java raises to %s at its start", whose(m), countText(soft), countText(hard))
	if soft == hard {
		has = fmt.Sprintf("%s may open %s files", whose(m), countText(hard))
	}
	r := Result{
		Status: Warn, Severity: Note, Fix: "Take over the ready files for limits.d and systemd that the step Tuning gives.",
		Why: `Every connection, log, jar and database file is an open file. A server that may open no more refuses connections ("Too many open files").`,
	}
	switch {
	case d.files.ok && hard.Value < d.files.value:
		r.Severity, r.Place = Warning, d.files.place
		r.Message = fmt.Sprintf("Less than the %d open files that Carbon wants: %s.", d.files.value, has)
		r.Why = carbonWarns + " " + r.Why
	case hard.Value < pageFilesHard:
		r.Message = fmt.Sprintf("Less than the %d to %d open files of the tuning pages: %s.", pageFilesSoft, pageFilesHard, has)
	default:
		return Result{Status: OK, Message: upperFirst(has) + "."}
	}
	return r
}

// threads is how many processes and threads the server may have, and what limits it. The limit of the user is none for root.
func threads(m carbon.Machine) (limit carbon.Reading, by string) {
	limit, by = m.Processes.Soft, "limited by nproc"
	if limit.Known() && m.UserID == 0 {
		limit, by = carbon.Reading{Value: carbon.Unlimited}, "root has no limit"
	}
	if m.GroupTasks.Known() && limit.Known() && m.GroupTasks.Value < limit.Value {
		limit, by = m.GroupTasks, "limited by its control group: TasksMax of a unit, --pids-limit of a container"
	}
	return limit, by
}

func judgeProcesses(m carbon.Machine, _ demands) Result {
	limit, by := threads(m)
	if !limit.Known() {
		return cannotTell("how many processes and threads "+whose(m)+" may have", limit)
	}
	has := fmt.Sprintf("%s may have %s processes and threads (%s)", whose(m), countText(limit), by)
	r := Result{
		Status: Warn, Severity: Note, Message: fmt.Sprintf("Less than the %d processes of the tuning pages: %s.", pageProcesses, has),
		Why: fmt.Sprintf(`A server needs up to %d threads with the pools as shipped, more with larger ones. Beyond the limit it stops with "unable to create new native thread".`, threadsPerNode),
		Fix: "Take over the ready files for limits.d and systemd that the step Tuning gives.",
	}
	switch {
	case limit.Value >= pageProcesses:
		return Result{Status: OK, Message: upperFirst(has) + "."}
	case limit.Value < 2*threadsPerNode:
		r.Severity = Warning
	}
	return r
}

// judgeKernel compares the settings of the kernel with the tuning pages.
func judgeKernel(m carbon.Machine, _ demands) Result {
	if !m.HasKernelSettings() {
		return Result{Status: Unknown, Message: "Not checked: the settings of the kernel (/proc/sys) cannot be read here.", Fix: "Look at them on the machine that the server runs on."}
	}
	differ, hidden := kernelDiffers(m), kernelHidden(m)
	if len(differ) == 0 && len(hidden) > 0 {
		return Result{
			Status: Unknown, Message: "Not checked: " + strings.Join(hidden, ", ") + " cannot be seen here. In a container the machine below decides.",
			Fix: "Look at them on the machine that the server runs on.",
		}
	}
	if len(differ) == 0 {
		return Result{Status: OK, Message: "The network settings of the kernel are those of the tuning pages, or better."}
	}
	var list []string
	for _, d := range differ {
		list = append(list, fmt.Sprintf("%s is %s (%s)", d.name, d.now, d.want))
	}
	return Result{
		Status: Warn, Severity: Note, Message: "Not as the tuning pages want it: " + strings.Join(list, ", ") + ".",
		Why: "With many short connections a server runs out of ports and waits for old connections to end; small buffers slow large messages.",
		Fix: "Take over the ready file for sysctl.d that the step Tuning gives.",
	}
}

// judgeRecycle: the tuning pages of that time name tcp_tw_recycle, with a warning about NAT. Linux 4.12 took it away.
func judgeRecycle(m carbon.Machine, _ demands) Result {
	value, there := m.Kernel("net.ipv4.tcp_tw_recycle")
	switch {
	case !m.HasKernelSettings():
		return Result{Status: Unknown, Message: "Not checked: the settings of the kernel (/proc/sys) cannot be read here."}
	case !there:
		return Result{Status: OK, Message: "This kernel has no tcp_tw_recycle any more (Linux 4.12 took it away). Leave it out, though the tuning pages name it."}
	case value == "0":
		return Result{Status: OK, Message: "net.ipv4.tcp_tw_recycle is off. Leave it off, though the tuning pages name it."}
	}
	return Result{
		Status: Warn, Severity: Warning, Message: "net.ipv4.tcp_tw_recycle is set to " + value + ": connections of clients behind NAT are dropped.",
		Why: "The kernel then takes the time stamps of all clients behind one address for those of one machine, and drops the connections of those whose clock is behind. Linux 4.12 took the setting away for that.",
		Fix: "Take it out of /etc/sysctl.conf and /etc/sysctl.d, and run: sysctl -w net.ipv4.tcp_tw_recycle=0.",
	}
}
