package steps

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"carbon-setup/internal/carbon"
)

// kernelSetting is a setting of the kernel that the tuning pages name.
type kernelSetting struct {
	name string
	page []int
	how  kernelRead
	why  string
}

// kernelRead is which value is at least as good.
type kernelRead int

const (
	atLeast kernelRead = iota + 1
	atMost
	exactly
	portRange // the first at most, the second at least
)

// The values are those of the sysctl.conf in "Tuning Performance" of API Manager 1.8 and "Performance Tuning" of ESB 4.8. Two differ: net.ipv4.tcp_tw_recycle
// is left out, and the range of ports begins at 10000 as on the later pages of the same name, which warn that from 1024 on other programs pick the
// ports of the server.
var kernelSettings = []kernelSetting{
	{"net.ipv4.tcp_fin_timeout", []int{30}, atMost, "seconds that a connection waits for the other side to close"},
	{"fs.file-max", []int{2097152}, atLeast, "open files of the whole machine"},
	{"net.ipv4.tcp_tw_reuse", []int{1}, exactly, "new outgoing connections may use ports of ended ones; 2 means on the loopback interface alone"},
	{"net.core.rmem_default", []int{524288}, atLeast, "receive buffer of a connection"},
	{"net.core.wmem_default", []int{524288}, atLeast, "send buffer of a connection"},
	{"net.core.rmem_max", []int{67108864}, atLeast, "the largest receive buffer that a program may ask for"},
	{"net.core.wmem_max", []int{67108864}, atLeast, "the largest send buffer that a program may ask for"},
	{"net.ipv4.tcp_rmem", []int{4096, 87380, 16777216}, atLeast, "receive buffers of TCP: least, usual, most"},
	{"net.ipv4.tcp_wmem", []int{4096, 65536, 16777216}, atLeast, "send buffers of TCP: least, usual, most"},
	{portRangeSetting, []int{10000, 65535}, portRange, "ports for outgoing connections"},
}

const (
	portRangeSetting = "net.ipv4.ip_local_port_range"
	reservedPorts    = "net.ipv4.ip_local_reserved_ports"
)

// kernelDiffer is a setting that is not as recommended, and what it should be: never less than it is.
type kernelDiffer struct{ name, now, want, why string }

// kernelDiffers are the settings of this machine that differ from the tuning pages.
func kernelDiffers(m carbon.Machine) []kernelDiffer {
	var all []kernelDiffer
	for _, s := range kernelSettings {
		now, ok := m.Kernel(s.name)
		if !ok {
			continue
		}
		if want, same := s.wanted(now); !same {
			all = append(all, kernelDiffer{s.name, now, want, s.why})
		}
	}
	return all
}

// kernelHidden are the settings that are not there: in a container those of net.core are not.
func kernelHidden(m carbon.Machine) []string {
	var all []string
	for _, s := range kernelSettings {
		if _, ok := m.Kernel(s.name); !ok {
			all = append(all, s.name)
		}
	}
	return all
}

// wanted joins what is there with what is recommended; same is true when what is there is as good. What is not understood is replaced.
func (s kernelSetting) wanted(now string) (want string, same bool) {
	have := strings.Fields(now)
	wants := make([]string, len(s.page))
	same = len(have) == len(s.page)
	for i, page := range s.page {
		wants[i] = strconv.Itoa(page)
		if i >= len(have) {
			continue
		}
		n, err := strconv.ParseUint(have[i], 10, 64)
		good := err == nil && s.good(i, n, uint64(page))
		if good {
			wants[i] = have[i]
		}
		same = same && good
	}
	return strings.Join(wants, " "), same
}

func (s kernelSetting) good(i int, have, page uint64) bool {
	switch {
	case s.how == exactly:
		return have == page
	case s.how == atMost || s.how == portRange && i == 0:
		return have <= page
	}
	return have >= page
}

// portsToReserve are ports of the server that the range for outgoing connections would have in it, and that are not reserved: the kernel would give them
// to any program. reserved is the value that has them all, with those that are there.
func portsToReserve(w *Workspace, m carbon.Machine) (now, reserved string, ports []int) {
	now, ok := m.Kernel(reservedPorts)
	if _, there := m.Kernel(portRangeSetting); !ok && !there {
		return "", "", nil
	}
	low := 0
	for _, s := range kernelSettings {
		if s.name == portRangeSetting {
			text, _ := m.Kernel(s.name)
			want, _ := s.wanted(text)
			low, _ = strconv.Atoi(strings.Fields(want)[0]) // of ours, or read as a number before
		}
	}
	table, _ := portTable(w, portAnswers{})
	for _, p := range table {
		if p.Number >= low && !isReserved(now, p.Number) && !slices.Contains(ports, p.Number) {
			ports = append(ports, p.Number)
		}
	}
	list := strings.FieldsFunc(now, func(r rune) bool { return r == ',' || r == ' ' })
	for _, p := range ports {
		list = append(list, strconv.Itoa(p))
	}
	return now, strings.Join(list, ","), ports
}

// isReserved reads a list such as "8080,9000-9443".
func isReserved(list string, port int) bool {
	for _, part := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, err1 := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if err1 == nil && err2 == nil && port >= first && port <= last {
			return true
		}
	}
	return false
}

// sysctlFile is the ready file for /etc/sysctl.d with the settings that differ on this machine; "" when none does.
func sysctlFile(w *Workspace, m carbon.Machine) string {
	differ := kernelDiffers(m)
	if len(differ) == 0 && !onlyPortsToReserve(w, m) {
		return ""
	}
	var b strings.Builder
	b.WriteString("# Kernel settings for a Carbon server, from WSO2's tuning pages: those that differ on this machine. They are in force for\n" +
		"# every program on it. No limit, buffer or range here is smaller than it was.\n" +
		"# net.ipv4.tcp_tw_recycle of those pages is left out on purpose: it breaks clients behind NAT, and Linux 4.12 took it away.\n")
	for _, d := range differ {
		fmt.Fprintf(&b, "\n# %s; now %s\n%s = %s\n", d.why, d.now, d.name, d.want)
	}
	if now, reserved, ports := portsToReserve(w, m); len(ports) > 0 {
		fmt.Fprintf(&b, "\n# ports of the server, which no outgoing connection may take; now %s\n%s = %s\n", orText(now, "none"), reservedPorts, reserved)
	}
	return b.String()
}

// onlyPortsToReserve reports whether the range is as it should be and the ports of the server are not kept out of it.
func onlyPortsToReserve(w *Workspace, m carbon.Machine) bool {
	_, _, ports := portsToReserve(w, m)
	return len(ports) > 0
}
