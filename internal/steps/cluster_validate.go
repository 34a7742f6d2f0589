package steps

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

// clusterTextFault says why a text cannot stand in a parameter, or "". Axis2 trims it and puts system properties in place of ${...}.
func clusterTextFault(text string) string {
	switch {
	case strings.Contains(text, "${"):
		return "holds ${, which Carbon replaces when it reads the file"
	case strings.TrimSpace(text) != text:
		return "begins or ends with a blank, which Carbon cuts off"
	case strings.ContainsFunc(text, unicode.IsControl):
		return "holds a control character"
	case !isASCII(text):
		return "holds a character outside ASCII"
	}
	return ""
}

func checkClusterText(text string) *Problem {
	if why := clusterTextFault(text); why != "" {
		return &Problem{Severity: Error, Message: "The value " + why + ".", Fix: "Give it without that."}
	}
	return nil
}

// checkMemberURL: in the properties of a member the agent replaces ${hostName}, ${httpPort} and ${httpsPort} itself (MemberUtils).
func checkMemberURL(text string) *Problem {
	for _, own := range []string{"${hostName}", "${httpPort}", "${httpsPort}"} {
		text = strings.ReplaceAll(text, own, "x")
	}
	return checkClusterText(text)
}

func checkClusterSecret(s secret.Secret) *Problem {
	if !s.IsSet() || s.Reveal() == "" {
		return nil
	}
	if why := clusterTextFault(s.Reveal()); why != "" {
		return &Problem{Severity: Error, Message: "The value " + why + ".", Fix: "Choose one without that."}
	}
	return nil
}

func checkDomain(text string) *Problem {
	if strings.ContainsFunc(text, unicode.IsSpace) || text == "" {
		return &Problem{Severity: Error, Message: "The domain is empty or has a blank in it.", Fix: "Use letters, digits, dots and hyphens."}
	}
	return checkClusterText(text)
}

func checkSubDomain(text string) *Problem {
	if strings.ContainsFunc(text, unicode.IsSpace) {
		return &Problem{Severity: Error, Message: "The sub-domain has a blank in it.", Fix: "Use worker or mgt."}
	}
	return checkClusterText(text)
}

// checkMemberHost judges the address that others are told. That it is not this machine alone is judged with the members.
func checkMemberHost(name string) *Problem {
	if p := hostSyntax(name); p != nil {
		p.Message = strings.Replace(p.Message, "The host name", "The address", 1)
		if strings.HasPrefix(p.Fix, "Type the name by") || strings.HasPrefix(p.Fix, "Use the name by") {
			p.Fix = "Give the address by which the other nodes reach this one."
		}
		return p
	}
	return nil
}

// checkMembers judges a list of members as typed.
func checkMembers(text string) *Problem {
	for _, entry := range answers.SplitList(text) {
		if _, p := parseMember(entry); p != nil {
			return p
		}
	}
	return nil
}

func checkMulticast(text string) *Problem {
	if addr, err := netip.ParseAddr(text); err != nil || !addr.IsMulticast() || !addr.Is4() {
		return &Problem{Severity: Error, Message: fmt.Sprintf("%q is no IPv4 multicast address.", text), Fix: "Give one from 224.0.0.0 to 239.255.255.255, such as 228.0.0.4."}
	}
	return nil
}

func checkTTL(text string) *Problem {
	if n, err := strconv.Atoi(text); err != nil || n < 0 || n > 255 {
		return &Problem{Severity: Error, Message: fmt.Sprintf("%q is no TTL.", text), Fix: "Give a number from 0 (this machine only) to 255."}
	}
	return nil
}

func checkSeconds(text string) *Problem {
	if n, err := strconv.Atoi(text); err != nil || n < 1 || n > 3600 {
		return &Problem{Severity: Error, Message: fmt.Sprintf("%q is no time in seconds that can be meant.", text), Fix: "Give a number from 1 to 3600."}
	}
	return nil
}

func (s cluster) Validate(w *Workspace, a *answers.Set) []Problem {
	on, asked := wantsCluster(a)
	c, err := readCluster(w)
	if err != nil {
		if !asked {
			return nil
		}
		return []Problem{{Severity: Error, Key: keyCluster, Message: fmt.Sprintf("%s %s, so clustering cannot be set.", carbon.Axis2XML, launchWhy(err)), Fix: "Mend the file first, or leave the section cluster out."}}
	}
	if !asked || !on {
		return unusedProblems(a, asked)
	}
	if c.element == nil {
		return []Problem{{
			Severity: Error, Key: keyCluster, Message: fmt.Sprintf("%s: the element clustering stands in a comment, so the server forms no cluster.", carbon.Axis2XML),
			Fix: "Take it out of the comment and try again, or leave the section cluster out.",
		}}
	}
	if c.class != hazelcastAgent {
		return []Problem{{
			Severity: Error, Key: keyCluster, Message: fmt.Sprintf("%s: the clustering agent is %s, which this program does not know.", placeAt(carbon.Axis2XML, c.element.Line()), orText(c.class, "not named")),
			Fix: "Put the class of the distribution back, " + hazelcastAgent + ", or leave the section cluster out.",
		}}
	}
	h := c.wish(a)
	all := memberProblems(w, h)
	all = append(all, roleProblems(a)...)
	all = append(all, portProblems(w, a, h)...)
	switch h.scheme {
	case schemeWKA:
		all = append(all, s.wkaProblems(a, h)...)
	case schemeMulticast:
		all = append(all, multicastProblems(h)...)
	case schemeAWS:
		all = append(all, s.awsProblems(a, c)...)
	default:
		all = append(all, Problem{Severity: Error, Key: keyScheme, Message: fmt.Sprintf("%s: the membership scheme is %q, and the server does not start with it.", c.param("membershipScheme").place, h.scheme), Fix: "Give cluster.scheme: wka, multicast or aws."})
	}
	all = append(all, keyProblems(w, a)...)
	all = append(all, clusterH2Problems(w, a)...)
	all = append(all, plainProblems(a)...)
	return append(all, syncProblems(w, a)...)
}

// unusedProblems speaks of answers that nothing is done with.
func unusedProblems(a *answers.Set, asked bool) []Problem {
	if asked {
		return nil // what goes with a cluster may stand in answers that many nodes share
	}
	for _, spec := range (cluster{}).Specs() {
		if _, given := a.Lookup(spec.Key); given {
			return []Problem{{Severity: Warning, Key: spec.Key, Message: "Without cluster.enabled nothing of the cluster is changed.", Fix: "Give cluster.enabled: true."}}
		}
	}
	return nil
}

func memberProblems(w *Workspace, h clusterWish) []Problem {
	refuse := func(message, fix string) []Problem {
		return []Problem{{Severity: Error, Key: keyMemberHost, Message: message, Fix: fix}}
	}
	fix := "Give cluster.local_member_host: the address by which the other nodes reach this one."
	if host, from := proposedMember(w, h.state); host != "" {
		fix += fmt.Sprintf(" %s is %s.", host, from)
	}
	addr, err := netip.ParseAddr(h.host)
	switch {
	case h.host == "":
		return refuse("This member has no address that others could reach it by.", fix)
	case isLoopback(h.host) && h.allLocal():
		return []Problem{{Severity: Warning, Key: keyMemberHost, Message: "All members are on this machine: the cluster does not survive it.", Fix: "That is good for a trial only."}}
	case isLoopback(h.host):
		return refuse(fmt.Sprintf("%s is each node's own machine: every other member would look for this one on itself.", h.host), fix)
	case err == nil && !slices.Contains(w.Install.Host.Addresses, addr.String()) && len(w.Install.Host.Addresses) > 0:
		return []Problem{{
			Severity: Warning, Key: keyMemberHost, Message: fmt.Sprintf("%s is no address of this machine (%s).", h.host, strings.Join(w.Install.Host.Addresses, ", ")),
			Fix: "That is right where addresses are translated between the nodes, or when the answers are for another machine; otherwise give cluster.local_member_host.",
		}}
	}
	return nil
}

// roleProblems: a worker that calls itself a manager gets what is meant for the manager, and the other way round.
func roleProblems(a *answers.Set) []Problem {
	role, sub := a.Text(keyRole), a.Text(keySubDomain)
	crossed := role == roleWorker && isManagerDomain(sub) || role == roleManager && sub == subDomainOf(roleWorker)
	if role == "" || sub == "" || !crossed {
		return nil
	}
	return []Problem{{
		Severity: Error, Key: keySubDomain, Message: fmt.Sprintf("The node is to be a %s, and %s is the sub-domain of the other role.", role, sub),
		Fix: fmt.Sprintf("Leave cluster.sub_domain out, then it follows the role; or give %s: on a command line with --set %s=%s.", subDomainOf(role), keySubDomain, subDomainOf(role)),
	}}
}

// portProblems holds the port of the member against the others of this server.
func portProblems(w *Workspace, a *answers.Set, h clusterWish) []Problem {
	n, err := strconv.Atoi(h.port)
	if err != nil || n < 1 || n > highestPort {
		return []Problem{{Severity: Error, Key: keyMemberPort, Message: fmt.Sprintf("The port of this member is %q, which is none.", h.port), Fix: "Give cluster.local_member_port: a number from 1 to 65535."}}
	}
	var all []Problem
	table, _ := portTable(w, portAnswersOf(a))
	for _, p := range table {
		if p.Number != n || p.Protocol != "tcp" || p.Opens == NotOpens || p.Use == ForCluster {
			continue
		}
		all = append(all, Problem{
			Severity: Error, Key: keyMemberPort, Message: fmt.Sprintf("Port %d would be taken twice: by the member of the cluster and by %s (%s).", n, p.What, p.Place),
			Fix: "Give another port. The offset does not move that of the member.",
		})
	}
	return all
}

func (s cluster) wkaProblems(a *answers.Set, h clusterWish) []Problem {
	var all []Problem
	for _, text := range a.List(keyMembers) {
		if _, p := parseMember(text); p != nil {
			all = append(all, *p)
		}
	}
	if len(all) > 0 {
		return all
	}
	problem := func(severity Severity, message, fix string) {
		all = append(all, Problem{Severity: severity, Key: keyMembers, Message: message, Fix: fix})
	}
	_, given := a.Lookup(keyMembers)
	others := h.others()
	local := slices.IndexFunc(others, func(m member) bool { return isLoopback(m.host) })
	switch {
	case len(h.members) == 0, !given && len(h.members) == 1 && h.members[0].shipped():
		problem(Error, "The list of members is empty: this node would find nobody.", "Give cluster.members: the members that are always up, as host:port, the same on all nodes.")
	case len(others) == 0:
		problem(Warning, "The only member in the list is this node: it finds others only when they have it in their lists.", "Give at least two members, the same list on all nodes.")
	case local >= 0 && !isLoopback(h.host):
		problem(Error, fmt.Sprintf("The member %s is each node's own machine.", others[local]), "Give the address by which the other nodes reach it.")
	}
	if n := len(a.List(keyMembers)) - len(h.members); given && n > 0 {
		problem(Warning, "A member stands in the list twice.", "It is written once; see whether another one was meant.")
	}
	return all
}

func multicastProblems(h clusterWish) []Problem {
	var all []Problem
	if h.domain == shippedDomain || h.domain == "" {
		all = append(all, Problem{
			Severity: Warning, Key: keyDomain, Message: "The domain is the one that every product ships with: any other cluster on this network that has kept it, a test one for instance, would join this one.",
			Fix: "Give cluster.domain a name of its own.",
		})
	}
	return append(all, Problem{
		Severity: Note, Key: keyScheme, Message: "Many networks, those of clouds above all, do not carry multicast; then every node stays alone without an error.",
		Fix: "Use wka where that is not known.",
	})
}

func (s cluster) awsProblems(a *answers.Set, c clusterState) []Problem {
	all := []Problem{{
		Severity: Warning, Key: keyScheme, Message: "The Hazelcast of Carbon 4.2.0 comes without its part for Amazon EC2 (hazelcast-cloud): a node that lacks it stays alone.",
		Fix: "Put the jar of the same version (3.0.1) as a bundle into repository/components/dropins, or use wka with the addresses of the members.",
	}}
	for _, p := range awsParams[:2] {
		if !a.Secret(p.key).IsSet() && c.param(p.name).text == "" {
			all = append(all, Problem{Severity: Error, Key: p.key, Message: s.spec(p.key).Label + " is missing: without it no member can be found.", Fix: "Give " + p.key + "."})
		}
	}
	has := func(key, name string) bool { return orText(a.Text(key), c.param(name).text) != "" }
	if !has(keyAWSGroup, "securityGroup") && !has(keyAWSTagKey, "tagKey") {
		all = append(all, Problem{
			Severity: Warning, Key: keyAWSGroup, Message: "Neither a security group nor a tag tells the members from the other machines of the account: all of them are asked.",
			Fix: "Give cluster.aws.security_group, or cluster.aws.tag_key with cluster.aws.tag_value.",
		})
	}
	return all
}

// plainProblems speaks of what the vault cannot hold: AxisConfigBuilder asks the vault for passwords of transports only, and the clustering agent takes its
// parameters as they are.
func plainProblems(a *answers.Set) []Problem {
	var all []Problem
	for _, p := range []struct{ key, what string }{{keyGroupPassword, "the password of the cluster"}, {keyAWSAccess, "the AWS access key"}, {keyAWSSecret, "the AWS secret key"}} {
		if a.Secret(p.key).IsSet() {
			all = append(all, Problem{
				Severity: Warning, Key: p.key, Message: "Carbon 4.2.0 keeps " + p.what + " in plain text in axis2.xml: its clustering agent does not ask the secure vault.",
				Fix: "Let nobody but the user of the server read the file, and use a value that is good for nothing else.",
			})
		}
	}
	return all
}

// keyProblems compares the encryption key with that of the cluster, unless this very run gives the node another one; then Plan does.
func keyProblems(w *Workspace, a *answers.Set) []Problem {
	wanted := a.Text(keyClusterKey)
	if k := encryptionKey(w); !a.HasSection("keystore") && k.differs(wanted) {
		return []Problem{{
			Severity: Error, Key: keyClusterKey, Message: fmt.Sprintf("%s: the encryption key of this node is another one, %s.", k.place, k.fingerprint),
			Fix: "Give the first node's encryption keystore in keystore.encryption_store; what one node encrypts the others have to read.",
		}}
	}
	return nil
}

// clusterH2Problems names the datasources that stay on H2: it is a file of one node, which the others do not see.
func clusterH2Problems(w *Workspace, a *answers.Set) []Problem {
	all, _ := w.Install.Datasources()
	var left []string
	for _, ds := range all {
		if t := a.Text(dsKey(ds.Name, dsType)); ds.IsH2() && (t == "" || t == typeH2) {
			left = append(left, ds.Name)
		}
	}
	if len(left) == 0 {
		return nil
	}
	return []Problem{{
		Severity: Warning, Key: keyCluster, Message: fmt.Sprintf("On H2, which is inside this node, are %s: each node would have users, registry and tokens of its own.", strings.Join(left, ", ")),
		Fix: "Set them with guideline 6, all nodes to the same databases.",
	}}
}
