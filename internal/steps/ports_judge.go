package steps

import (
	"fmt"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

func (s ports) Validate(w *Workspace, a *answers.Set) []Problem {
	as := portAnswersOf(a)
	table, faults := portTable(w, as)
	var all []Problem
	if as.offset != nil && checkOffset(strconv.Itoa(*as.offset)) == nil {
		all = append(all, offsetProblems(w, *as.offset, table)...)
	}
	for _, key := range []string{keyManagementSources, keyJMXSources} {
		all = append(all, sourceProblems(w, a, key, table)...)
	}
	for _, u := range faults {
		all = append(all, Problem{
			Severity: Warning, Key: "ports", Message: u.String() + ". Its ports are missing in the table, in the checks and in the firewall commands.",
			Fix: "Make the file readable and try again.",
		})
	}
	return all
}

func offsetProblems(w *Workspace, offset int, table []Port) []Problem {
	var all []Problem
	if bad := outOfRange(table); len(bad) > 0 {
		all = append(all, Problem{
			Severity: Error, Key: keyOffset, Message: fmt.Sprintf("With the offset %d, %s; ports end at %d.", offset, movedTo(bad), highestPort),
			Fix: fmt.Sprintf("Give at most %d.", highestOffset(table)),
		})
	}
	for _, c := range clashes(table) {
		if c.first.Use == ForMonitoring && c.second.Use == ForMonitoring {
			continue // the step JMX says so
		}
		p := Problem{Severity: Error, Key: keyOffset, Message: fmt.Sprintf("With the offset %d: %s", offset, c), Fix: "Give another offset, or change one of the two ports."}
		if !c.certain() {
			p.Severity = Warning
			p.Fix = "Give another offset if this product has both."
		}
		all = append(all, p)
	}
	all = append(all, offsetOverridden(w)...)
	return append(all, unmovedProblems(w, offset, table)...)
}

func movedTo(rows []Port) string {
	var parts []string
	for _, p := range rows {
		parts = append(parts, fmt.Sprintf("%d (%s) would become %d", p.Base, p.What, p.Number))
	}
	return strings.Join(parts, ", ")
}

// offsetOverridden warns of what Plan cannot take away.
func offsetOverridden(w *Workspace) []Problem {
	_, _, err := launchFiles(w)
	if err != nil {
		return []Problem{{
			Severity: Warning, Key: keyOffset, Message: fmt.Sprintf("%s %s, so it was not looked into for a -DportOffset, which would win over carbon.xml.", carbon.ServerSH, launchWhy(err)),
			Fix: "Look for it by hand.",
		}}
	}
	by, ok := overriding(w, offsetOption)
	if !ok {
		return nil
	}
	return []Problem{{
		Severity: Warning, Key: keyOffset, Message: by.source + ", which wins over carbon.xml, so this answer has no effect while it is set.",
		Fix: "Take the option out of the variable, wherever it is set for the server.",
	}}
}

// unmovedProblems names the ports that stay, which matters as soon as two servers share the machine.
func unmovedProblems(w *Workspace, offset int, table []Port) []Problem {
	if offset == 0 {
		return nil
	}
	var stay []string
	for _, p := range table {
		if !p.Moved && p.Opens == Opens {
			stay = append(stay, fmt.Sprintf("%s (%s, %s)", p, p.What, p.Place))
		}
	}
	var all []Problem
	if len(stay) > 0 {
		all = append(all, Problem{
			Severity: Note, Key: keyOffset, Message: "The offset does not move " + strings.Join(stay, ", ") + ".",
			Fix: "If another server on this machine has the same, change them by hand.",
		})
	}
	if w.Install.Started.Yes && readOffset(w).value != offset {
		all = append(all, Problem{
			Severity: Note, Key: keyOffset, Message: "This server has been started before (" + w.Install.Started.Evidence + "). Addresses with a port that it has stored since then, such as those of its identity provider, keep the old port.",
			Fix: "Look through the management console after the restart.",
		})
	}
	return all
}

func sourceProblems(w *Workspace, a *answers.Set, key string, table []Port) []Problem {
	entries, answered := a.Lookup(key)
	if !answered {
		return nil
	}
	var all []Problem
	told := checkSources(entries.Text) // the question's own check says this one already
	for _, entry := range entries.List {
		_, p := parseSource(strings.TrimSpace(entry))
		switch {
		case p == nil:
		case told != nil && *told == *p:
			told = nil
		default:
			p.Key = key
			all = append(all, *p)
		}
	}
	if len(entries.List) == 0 {
		all = append(all, Problem{Severity: Warning, Key: key, Message: "The list is empty.", Fix: "Give at least one network, or leave the key out."})
	}
	if key == keyManagementSources && len(entries.List) > 0 {
		if shared := sharedManagement(w, table); shared != "" {
			all = append(all, Problem{
				Severity: Warning, Key: key, Message: shared + " Limited to these addresses, they cannot be reached by anybody else.",
				Fix: "Name the networks of the clients as well, or put a reverse proxy in front that lets clients through to what is for them.",
			})
		}
	}
	return all
}

// sharedManagement says what else the management ports carry, "" for nothing.
func sharedManagement(w *Workspace, table []Port) string {
	var numbers []string
	for _, p := range table {
		if p.Use == ForManagement && p.Opens == Opens {
			numbers = append(numbers, strconv.Itoa(p.Number))
		}
	}
	list := strings.Join(numbers, " and ")
	switch {
	case servesOverTomcat(w):
		return "The services of this product come in through " + list + " as well."
	case len(w.glob("repository/deployment/server/jaggeryapps/store/jaggery.conf")) > 0:
		return "The API store and publisher are on " + list + " as well."
	}
	return ""
}

const (
	offsetRule    = "CS-11.1"
	clashRule     = "CS-11.2"
	rangeRule     = "CS-11.3"
	portOptRule   = "CS-11.4"
	addressRule   = "CS-11.5"
	redirectRule  = "CS-11.6"
	portRule      = "CS-11.7"
	firewallRule  = "CS-11.8"
	unreadRule    = "CS-11.9"
	fixPorts      = "Run the step Ports and firewall."
	offsetAddress = "An address that keeps a port without the offset leads nowhere, or to another server of the machine."
)

func (s ports) Audit(w *Workspace) []Result {
	o := readOffset(w)
	table, faults := portTable(w, portAnswers{})
	all := []Result{auditOffset(o)}
	if o.by != nil {
		all = append(all, Result{
			ID: portOptRule, Status: Warn, Severity: Warning, Place: o.by.place,
			Message: fmt.Sprintf("%s, which wins over the offset %s at %s.", o.by.source, o.inFile, o.place),
			Why:     "Two places set the same thing, and the one that people look at is not the one in force.", Fix: fixPorts + " An option in JAVA_OPTS of the environment has to be taken out there.",
		})
	}
	all = append(all, auditTable(table)...)
	all = append(all, auditRedirects(w, table)...)
	if o.value != 0 {
		for _, stale := range staleAddresses(w, movedPorts(table, table)) {
			all = append(all, Result{
				ID: addressRule, Status: Warn, Severity: Warning, Place: stale.place, Why: offsetAddress,
				Message: fmt.Sprintf("%s stands here%s and does not follow the offset: that port is %s now.", stale.url, stale.more(" in the file"), stale.now),
				Fix:     "If this server is meant, run the step Ports and firewall, or change it by hand where the step leaves it.",
			})
		}
	}
	for _, u := range faults {
		all = append(all, Result{ID: unreadRule, Status: Unknown, Place: carbon.Place{File: u.File}, Message: u.String() + ", so its ports are not in the table.", Fix: "Make the file readable."})
	}
	return settled(append(all, Result{
		ID: firewallRule, Status: Unknown, Message: "Whether a firewall lets through these ports and nothing else cannot be seen from the files.",
		Why: "Management and JMX are for administrators only.", Fix: fixPorts + " It prints the commands for firewalld, ufw, nftables and iptables.",
	}))
}

func auditOffset(o serverOffset) Result {
	r := Result{ID: offsetRule, Place: o.place, Status: OK, Message: fmt.Sprintf("The port offset is %s.", o.inFile), Fix: fixPorts}
	n, err := strconv.Atoi(o.inFile)
	switch {
	case o.wrong != "":
		r.Status, r.Severity = Fail, Error
		r.Message = "The port offset is not set: " + o.wrong + "."
		r.Why = "CarbonBaseActivator reads it before anything else, and the server does not start without."
	case err == nil && n < 0:
		r.Status, r.Severity = Warn, Warning
		r.Message = fmt.Sprintf("The port offset is %d.", n)
		r.Why = "A negative offset is not foreseen."
	}
	return r
}

// auditTable has one result for every port, so that an audit is a record of them.
func auditTable(table []Port) []Result {
	var all []Result
	for _, p := range outOfRange(table) {
		all = append(all, Result{
			ID: rangeRule, Status: Fail, Severity: Error, Place: p.Place, Message: fmt.Sprintf("%s would be on port %d, which does not exist.", p.What, p.Number),
			Why: "Nothing can listen there.", Fix: fixPorts,
		})
	}
	for _, c := range clashes(table) {
		r := Result{ID: clashRule, Status: Fail, Severity: Error, Place: c.second.Place, Message: c.String(), Why: "Only one of them can be opened; the server starts without the other.", Fix: "Change one of the two."}
		if !c.certain() {
			r.Status, r.Severity = Warn, Warning
			r.Why = "Only one of them can be opened, if this product has both."
		}
		all = append(all, r)
	}
	for _, p := range table {
		all = append(all, Result{ID: portRule, Status: OK, Fact: true, Place: p.Place, Message: describePort(p)})
	}
	return all
}

// describePort is a row of the table in words.
func describePort(p Port) string {
	parts := []string{fmt.Sprintf("%s: %s", p, p.What)}
	if p.Opens == NotOpens {
		parts = append(parts, "not opened")
	} else {
		switch {
		case p.Opens == MayOpen:
			parts = append(parts, "opened only if the product has it")
		case p.Local:
			parts = append(parts, "for this machine only")
		case p.Needed():
			parts = append(parts, map[PortUse]string{
				ForClients: "needed by clients", ForManagement: "needed by administrators and users", ForMonitoring: "needed by monitoring hosts", ForCluster: "needed by the other members of the cluster",
			}[p.Use])
		default:
			parts = append(parts, "not needed from outside")
		}
		switch {
		case p.Moved && p.Base != p.Number:
			parts = append(parts, fmt.Sprintf("moved by the offset from %d", p.Base))
		case p.Moved:
			parts = append(parts, "moved by the offset")
		default:
			parts = append(parts, "not moved by the offset")
		}
	}
	text := strings.Join(parts, "; ") + "."
	if p.Opens == NotOpens && p.Note != "" {
		text += " " + p.Note
	}
	return text
}

// auditRedirects reports connectors that redirect to a port which nothing has.
func auditRedirects(w *Workspace, table []Port) []Result {
	doc, err := w.XML(carbon.CatalinaXML)
	if err != nil {
		return nil
	}
	known := map[string]bool{"443": true}
	for _, p := range table {
		if p.Opens != NotOpens {
			known[strconv.Itoa(p.Number)] = true
		}
	}
	for _, e := range doc.Find("/Server/Service/Connector") {
		if port, ok := e.Attr("proxyPort"); ok {
			known[port] = true
		}
	}
	var all []Result
	for _, e := range doc.Find("/Server/Service/Connector") {
		port, ok := e.Attr("redirectPort")
		if !ok || known[port] {
			continue
		}
		all = append(all, Result{
			ID: redirectRule, Status: Warn, Severity: Warning, Place: carbon.Place{File: carbon.CatalinaXML, Line: e.AttrLine("redirectPort")},
			Message: fmt.Sprintf("redirectPort is %s, but no port of this server is.", port),
			Why:     "Tomcat sends clients there from pages that want TLS; Carbon adds the offset to port, not to redirectPort.", Fix: fixPorts,
		})
	}
	return all
}

func (s ports) Verify(w *Workspace, a *answers.Set) []Result {
	want, ok := a.Int(keyOffset)
	if !ok {
		return []Result{{ID: offsetRule, Guideline: 11, Status: OK, Message: "No offset was asked for; the firewall commands are for you to run."}}
	}
	o := readOffset(w)
	r := Result{ID: offsetRule, Guideline: 11, Status: OK, Place: o.place, Message: fmt.Sprintf("The port offset is %s.", o.inFile)}
	if o.wrong != "" || o.inFile != strconv.Itoa(want) {
		r.Status, r.Severity, r.Message = Fail, Error, fmt.Sprintf("The port offset should be %d and is %q.", want, o.inFile)
	}
	all := []Result{r}
	if o.by != nil && o.value != want {
		all = append(all, Result{
			ID: portOptRule, Guideline: 11, Status: Warn, Severity: Warning, Place: o.by.place, Message: o.by.source + ", which wins.",
			Fix: "Take it out, wherever it is set for the server.",
		})
	}
	table, _ := portTable(w, portAnswers{})
	for _, bad := range append(auditTable(table), auditRedirects(w, table)...) {
		if bad.Status == Fail || bad.Status == Warn {
			bad.Guideline = 11
			all = append(all, bad)
		}
	}
	return all
}
