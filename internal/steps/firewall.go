package steps

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// firewallOpening is a group of ports that the same addresses may reach.
type firewallOpening struct {
	protocol string
	ports    []int
	sources  []netip.Prefix // nil = everyone
}

// firewallOpenings returns what a firewall has to let through: the ports that others need, management and JMX limited to the given sources. JMX without
// sources is not opened; neither is the cluster, unless axis2.xml names its members by address.
func firewallOpenings(w *Workspace, a *answers.Set, table []Port) []firewallOpening {
	var all []firewallOpening
	for _, use := range []struct {
		use     PortUse
		sources []netip.Prefix
		closed  bool
	}{
		{use: ForClients},
		{use: ForManagement, sources: sourcesOf(a, keyManagementSources)},
		{use: ForMonitoring, sources: sourcesOf(a, keyJMXSources), closed: true},
		{use: ForCluster, sources: clusterMembers(w), closed: true},
	} {
		if use.closed && len(use.sources) == 0 {
			continue
		}
		for _, protocol := range []string{"tcp", "udp"} {
			if numbers := neededPorts(table, use.use, protocol); len(numbers) > 0 {
				all = append(all, firewallOpening{protocol, numbers, use.sources})
			}
		}
	}
	return all
}

func neededPorts(table []Port, use PortUse, protocol string) []int {
	var numbers []int
	for _, p := range table {
		if p.Needed() && p.Use == use && p.Protocol == protocol && p.Number >= 1 && p.Number <= highestPort {
			numbers = append(numbers, p.Number)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// clusterMembers returns the members that axis2.xml names by address.
func clusterMembers(w *Workspace) []netip.Prefix {
	doc, err := w.XML(carbon.Axis2XML)
	if err != nil {
		return nil
	}
	var all []netip.Prefix
	for _, e := range doc.Find("/axisconfig/clustering/members/member/hostName") {
		addr, err := netip.ParseAddr(e.Text())
		if err != nil || addr.IsLoopback() || addr.IsUnspecified() || addr.Zone() != "" || addr.Is4In6() {
			continue
		}
		if p := netip.PrefixFrom(addr, addr.BitLen()); !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

// families parts sources by IP version.
func families(sources []netip.Prefix) (v4, v6 []string) {
	for _, p := range sources {
		text := p.String()
		if p.IsSingleIP() {
			text = p.Addr().String()
		}
		if p.Addr().Is4() {
			v4 = append(v4, text)
		} else {
			v6 = append(v6, text)
		}
	}
	return v4, v6
}

func joinPorts(numbers []int, sep string) string {
	parts := make([]string, len(numbers))
	for i, n := range numbers {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, sep)
}

// chunks parts ports for tools that take only so many at a time.
func chunks(numbers []int, size int) [][]int {
	return slices.Collect(slices.Chunk(numbers, size))
}

// firewalldCommands: a rich rule has one port and one source.
func firewalldCommands(all []firewallOpening) []string {
	var lines []string
	for _, o := range all {
		for _, n := range o.ports {
			if len(o.sources) == 0 {
				lines = append(lines, fmt.Sprintf("firewall-cmd --permanent --add-port=%d/%s", n, o.protocol))
				continue
			}
			v4, v6 := families(o.sources)
			for i, list := range [][]string{v4, v6} {
				for _, source := range list {
					lines = append(lines, fmt.Sprintf(`firewall-cmd --permanent --add-rich-rule='rule family="%s" source address="%s" port port="%d" protocol="%s" accept'`,
						[]string{"ipv4", "ipv6"}[i], source, n, o.protocol))
				}
			}
		}
	}
	return append(lines, "firewall-cmd --reload")
}

// ufwCommands: a rule has up to 15 ports and one source.
func ufwCommands(all []firewallOpening) []string {
	var lines []string
	for _, o := range all {
		v4, v6 := families(o.sources)
		sources := slices.Concat(v4, v6)
		if len(sources) == 0 {
			sources = []string{"any"}
		}
		for _, source := range sources {
			for _, numbers := range chunks(o.ports, 15) {
				lines = append(lines, fmt.Sprintf("ufw allow proto %s from %s to any port %s", o.protocol, source, joinPorts(numbers, ",")))
			}
		}
	}
	return lines
}

// nftCommands insert at the beginning of the chain, for a rule behind a final reject would never be asked.
func nftCommands(all []firewallOpening) []string {
	var lines []string
	for _, o := range all {
		ports := fmt.Sprintf("%s dport '{ %s }' accept", o.protocol, joinPorts(o.ports, ", "))
		if len(o.sources) == 0 {
			lines = append(lines, "nft insert rule inet filter input "+ports)
			continue
		}
		v4, v6 := families(o.sources)
		if len(v4) > 0 {
			lines = append(lines, fmt.Sprintf("nft insert rule inet filter input ip saddr '{ %s }' %s", strings.Join(v4, ", "), ports))
		}
		if len(v6) > 0 {
			lines = append(lines, fmt.Sprintf("nft insert rule inet filter input ip6 saddr '{ %s }' %s", strings.Join(v6, ", "), ports))
		}
	}
	return lines
}

// iptablesCommands: multiport takes 15 ports, and IPv6 has a command of its own.
func iptablesCommands(all []firewallOpening) []string {
	var lines []string
	for _, o := range all {
		v4, v6 := families(o.sources)
		if len(o.sources) == 0 {
			v4, v6 = []string{""}, []string{""}
		}
		for i, list := range [][]string{v4, v6} {
			for _, source := range list {
				if source != "" {
					source = " -s " + source
				}
				for _, numbers := range chunks(o.ports, 15) {
					lines = append(lines, fmt.Sprintf("%s -I INPUT -p %s%s -m multiport --dports %s -j ACCEPT",
						[]string{"iptables", "ip6tables"}[i], o.protocol, source, joinPorts(numbers, ",")))
				}
			}
		}
	}
	return lines
}

// Advice prints the firewall commands, one advice for each tool, and what the operator has to know about the ports besides.
func (s ports) Advice(w *Workspace, a *answers.Set) []Advice {
	table, _ := portTable(w, portAnswersOf(a))
	var all []Advice
	if advice, ok := addressAdvice(w, a, table); ok {
		all = append(all, advice)
	}
	all = append(all, Advice{Guideline: 11, Title: "Ports and firewall", Text: firewallText(w, a, table)})
	openings := firewallOpenings(w, a, table)
	if len(openings) == 0 {
		return all
	}
	for _, tool := range []struct {
		name, text string
		commands   func([]firewallOpening) []string
	}{
		{"firewalld", "The rules go into the default zone; add --zone=NAME for another.", firewalldCommands},
		{"ufw", "See that SSH is allowed before you switch ufw on.", ufwCommands},
		{"nftables", "The table and chain are the usual \"inet filter\" and \"input\"; put yours in their place. To keep the rules over a restart, add them to /etc/nftables.conf.", nftCommands},
		{"iptables", "To keep the rules over a restart: netfilter-persistent save (Debian, Ubuntu), or service iptables save and service ip6tables save (Red Hat).", iptablesCommands},
	} {
		all = append(all, Advice{Guideline: 11, Title: "Firewall with " + tool.name, Text: tool.text, Commands: tool.commands(openings)})
	}
	return all
}

// firewallText says what the commands open and what they leave closed.
func firewallText(w *Workspace, a *answers.Set, table []Port) string {
	parts := []string{"The firewall commands below are for you to run; carbon-setup runs none. They open what the server needs, for a firewall that lets nothing in by itself. Take those of the one tool that this machine uses."}
	list := func(use PortUse) string {
		return joinPorts(append(neededPorts(table, use, "tcp"), neededPorts(table, use, "udp")...), ", ")
	}
	if management := list(ForManagement); management != "" && len(sourcesOf(a, keyManagementSources)) == 0 {
		parts = append(parts, fmt.Sprintf("The management ports (%s) are opened to everyone: give %s to limit them.", management, keyManagementSources))
	}
	if jmxPorts := list(ForMonitoring); jmxPorts != "" && len(sourcesOf(a, keyJMXSources)) == 0 {
		parts = append(parts, fmt.Sprintf("The JMX ports (%s) are not opened: give %s for that.", jmxPorts, keyJMXSources))
	}
	if cluster := list(ForCluster); cluster != "" && len(clusterMembers(w)) == 0 {
		parts = append(parts, fmt.Sprintf("The cluster ports (%s) are not opened, for axis2.xml does not name the members by address: open them to the members by hand.", cluster))
	}
	if old := leftPorts(w, table); len(old) > 0 {
		parts = append(parts, fmt.Sprintf("The server has used %s until now and no longer does: take their rules out of the firewall.", joinPorts(old, ", ")))
	}
	if own := localNeeds(table); own != "" {
		parts = append(parts, "Not opened, for nothing outside needs them while all parts of the product run on this machine: "+own+".")
	}
	return strings.Join(parts, " ")
}

// leftPorts returns the ports that others needed as the files are on disk and no longer will with the edits.
func leftPorts(w *Workspace, table []Port) []int {
	if !slices.ContainsFunc([]string{carbon.CarbonXML, carbon.CatalinaXML, carbon.JMXXML, carbon.ServerSH}, w.edited) {
		return nil
	}
	stays := map[int]bool{}
	for _, p := range table {
		stays[p.Number] = stays[p.Number] || p.Needed()
	}
	var left []int
	for _, p := range PortTable(NewWorkspace(w.Install)) {
		if p.Needed() && !stays[p.Number] {
			left = append(left, p.Number)
		}
	}
	slices.Sort(left)
	return slices.Compact(left)
}

func localNeeds(table []Port) string {
	var parts []string
	for _, p := range table {
		if p.Opens == Opens && p.Use == ForItself && !p.Local {
			parts = append(parts, fmt.Sprintf("%s (%s)", p, p.What))
		}
	}
	return strings.Join(parts, ", ")
}

// addressAdvice lists the addresses that the plan leaves with the old port.
func addressAdvice(w *Workspace, a *answers.Set, table []Port) (Advice, bool) {
	offset, ok := a.Int(keyOffset)
	if !ok || offset == 0 {
		return Advice{}, false
	}
	stale := staleAddresses(w, movedPorts(table, table))
	if len(stale) == 0 {
		return Advice{}, false
	}
	var parts []string
	for _, s := range stale {
		parts = append(parts, fmt.Sprintf("%s (the port is %s now)", s, s.now))
	}
	return Advice{
		Guideline: 11, Title: "Addresses that keep their port",
		Text: "Carbon does not add the offset to addresses that are written out. These name this machine and a port without the offset; change those that mean this server by hand: " + strings.Join(parts, "; ") + ".",
	}, true
}

// Advice tells how JMX is to be reached.
func (s jmx) Advice(w *Workspace, a *answers.Set) []Advice {
	table, _ := portTable(w, portAnswersOf(a))
	numbers := neededPorts(table, ForMonitoring, "tcp")
	if len(numbers) == 0 {
		return nil
	}
	host := a.Text(keyJMXHost)
	if host == "" {
		host = rmiHostInForce(w).text
	}
	list := joinPorts(numbers, " and ")
	advice := Advice{Guideline: 8, Title: "Access to JMX", Text: fmt.Sprintf(
		"JMX sends the administrator's name and password in clear text, on ports %s. Open both to the monitoring hosts only (ports.jmx_sources adds them to the firewall commands).", list)}
	if isLoopback(host) {
		tunnel := "ssh"
		for _, n := range numbers {
			tunnel += fmt.Sprintf(" -L %d:localhost:%d", n, n)
		}
		advice.Text = fmt.Sprintf("JMX is for clients on this machine: keep ports %s closed in the firewall. From elsewhere it is reached through an SSH tunnel, and the JMX client then connects to localhost.", list)
		advice.Commands = []string{tunnel + " USER@" + orHost(w.Install.Host.Name)}
	}
	return []Advice{advice}
}

func orHost(name string) string {
	if name == "" || hostSyntax(name) != nil {
		return "HOST"
	}
	return name
}
