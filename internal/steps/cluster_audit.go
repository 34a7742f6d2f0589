package steps

import (
	"fmt"
	"slices"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// The rules of guideline 13.
const (
	ruleCluster    = "CS-13.1" // on or off
	ruleAgent      = "CS-13.2" // the class of the agent
	ruleMember     = "CS-13.3" // the address of this member
	ruleScheme     = "CS-13.4" // how members find each other
	ruleMemberPort = "CS-13.5" // the port of this member
	ruleClusterH2  = "CS-13.6" // databases that are not shared
	ruleClusterKey = "CS-13.7" // the encryption key
	ruleSync       = "CS-13.8" // the deployment synchronizer
	ruleDomain     = "CS-13.9" // the domain

	fixCluster = "Run the step High availability."
)

func (s cluster) Audit(w *Workspace) []Result {
	c, err := readCluster(w)
	if err != nil {
		return []Result{{
			ID: ruleCluster, Status: Unknown, Place: c.place, Message: fmt.Sprintf("Clustering cannot be told: %s %s.", carbon.Axis2XML, launchWhy(err)),
			Fix: "Put the file of the distribution back, or make it readable.",
		}}
	}
	if !c.on {
		// No finding: that a server is the only one is no fault of its files, and nobody could mend it there.
		all := []Result{{
			ID: ruleCluster, Status: Unknown, Place: c.place,
			Message: "Clustering is off. Whether another node would have to take over when this one fails cannot be seen from its files.",
		}, auditClusterKey(w, false)}
		return settled(append(all, auditSync(w, false)...))
	}
	all := []Result{{ID: ruleCluster, Status: OK, Place: c.place, Message: fmt.Sprintf("Clustering is on, in the domain %s, sub-domain %s.", orText(c.param("domain").text, "apache.axis2.domain"), orText(c.property("subDomain").text, "of the default"))}}
	if c.class != hazelcastAgent {
		all = append(all, Result{
			ID: ruleAgent, Status: Warn, Severity: Warning, Place: carbon.Place{File: carbon.Axis2XML, Line: c.element.Line()},
			Message: fmt.Sprintf("The clustering agent is %s; what it needs is not known here.", orText(c.class, "not named")), Why: "Carbon 4.2.0 forms clusters with Hazelcast alone.",
			Fix: "Put " + hazelcastAgent + " back, unless the other one is meant.",
		})
		return settled(append(all, auditClusterKey(w, true)))
	}
	h := c.wish(answers.NewSet(nil))
	all = append(all, auditMember(c, h), auditScheme(c, h))
	all = append(all, auditMemberPort(w, c)...)
	all = append(all, auditClusterH2(w)...)
	all = append(all, auditClusterKey(w, true))
	all = append(all, auditSync(w, true)...)
	return settled(append(all, auditDomain(c, h)...))
}

func auditMember(c clusterState, h clusterWish) Result {
	now := c.param("localMemberHost")
	r := Result{ID: ruleMember, Status: OK, Place: now.place, Why: "Other members are told this address, and connect to it.", Fix: fixCluster + " Give cluster.local_member_host."}
	switch {
	case now.text == "":
		r.Status, r.Severity, r.Message = Warn, Warning, "localMemberHost is not set: the server announces the first address that it finds on the machine."
	case isLoopback(now.text) && h.allLocal():
		r.Status, r.Severity, r.Message = Warn, Warning, "All members of the cluster are on this machine: it does not survive the machine."
	case isLoopback(now.text):
		r.Status, r.Severity, r.Message = Fail, Error, fmt.Sprintf("This member announces itself as %s, which every other node takes for itself.", now.text)
	case checkMemberHost(now.text) != nil && checkMemberHost(now.text).Severity == Error:
		r.Status, r.Severity, r.Message = Fail, Error, fmt.Sprintf("localMemberHost is %q. %s", now.text, checkMemberHost(now.text).Message)
	default:
		r.Message = fmt.Sprintf("This member is %s:%s to the others.", now.text, h.port)
	}
	return r
}

func auditScheme(c clusterState, h clusterWish) Result {
	r := Result{ID: ruleScheme, Status: OK, Place: c.param("membershipScheme").place, Why: "A node that finds nobody stays alone, without an error.", Fix: fixCluster}
	others := h.others()
	switch {
	case h.scheme == schemeMulticast && c.param("mcastBindAddress").element != nil:
		r.Status, r.Severity, r.Place = Warn, Note, c.param("mcastBindAddress").place
		r.Message = "Members find each other by multicast. mcastBindAddress is set, which Carbon 4.2.0 does not read: the interface is the one that the system chooses."
		r.Fix = "Take the parameter out, and see to the route for the multicast address."
	case h.scheme == schemeMulticast:
		r.Message = "Members find each other by multicast, which the network between them has to carry."
	case h.scheme == schemeAWS:
		r.Message = "Members are found by asking Amazon EC2, which needs the jar hazelcast-cloud beside Carbon's own Hazelcast."
	case h.scheme != schemeWKA:
		r.Status, r.Severity, r.Message = Fail, Error, fmt.Sprintf("The membership scheme is %q, which is none of wka, multicast and aws.", h.scheme)
		r.Why = "The server does not join any cluster with it."
	case len(others) == 0:
		r.Status, r.Severity, r.Message = Fail, Error, "The list of members has no other node in it."
		r.Fix = fixCluster + " Give cluster.members."
	case slices.ContainsFunc(others, func(m member) bool { return isLoopback(m.host) }) && !isLoopback(h.host):
		r.Status, r.Severity, r.Message = Fail, Error, fmt.Sprintf("The list of members has the loopback address in it: %s.", joinMembers(others))
		r.Fix = fixCluster + " Give cluster.members."
	default:
		r.Message = "This member looks for " + joinMembers(others) + "."
	}
	return r
}

func auditMemberPort(w *Workspace, c clusterState) []Result {
	now := c.param("localMemberPort")
	problems := portProblems(w, answers.NewSet(nil), c.wish(answers.NewSet(nil)))
	if len(problems) == 0 {
		return []Result{{ID: ruleMemberPort, Status: OK, Place: now.place, Message: fmt.Sprintf("The member listens on port %s, which the offset does not move.", orText(now.text, "4000"))}}
	}
	var all []Result
	for _, p := range problems {
		all = append(all, Result{
			ID: ruleMemberPort, Status: Fail, Severity: Error, Place: now.place, Message: p.Message,
			Why: "Hazelcast takes the next free port without a word, and the others do not find this member.", Fix: fixCluster + " Give cluster.local_member_port.",
		})
	}
	return all
}

// auditClusterH2 is CS-13.6. A local registry on H2 is right where the shared one is mounted into it; users on H2 never are.
func auditClusterH2(w *Workspace) []Result {
	datasources, unread := w.Install.Datasources()
	if len(unread) > 0 {
		return []Result{{ID: ruleClusterH2, Status: Unknown, Place: carbon.Place{File: unread[0].File}, Message: "Whether all nodes share their databases cannot be told: " + unread[0].String() + "."}}
	}
	mounted := false
	if doc, err := w.XML(carbon.RegistryXML); err == nil {
		mounted = doc.First("/wso2registry/mount") != nil
	}
	var all []Result
	for _, ds := range datasources {
		if !ds.IsH2() {
			continue
		}
		use := usedFor(w, ds.JNDI)
		r := Result{
			ID: ruleClusterH2, Status: Fail, Severity: Error, Place: ds.Place, Message: fmt.Sprintf("%s is an H2 database inside this node, and holds %s.", ds.Name, strings.Join(use, " and ")),
			Why: "Each node has one of its own: what one of them writes, the others do not see.", Fix: "Set it with guideline 6, all nodes to the same database.",
		}
		switch {
		case len(use) == 0:
			r.Status, r.Severity, r.Message = Warn, Warning, fmt.Sprintf("%s is an H2 database inside this node.", ds.Name)
		case mounted && len(use) == 1 && use[0] == holdsRegistry:
			r.Status, r.Severity, r.Message = OK, 0, fmt.Sprintf("%s is an H2 database inside this node: its local registry, into which the shared one is mounted.", ds.Name)
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		all = append(all, Result{ID: ruleClusterH2, Status: OK, Place: carbon.Place{File: carbon.MasterDS}, Message: "No datasource is an H2 database. All nodes have to name the same ones."})
	}
	return all
}

const holdsRegistry = "the registry"

// usedFor says what a datasource holds.
func usedFor(w *Workspace, jndi string) []string {
	if jndi == "" {
		return nil
	}
	var use []string
	if doc, err := w.XML(carbon.UserMgtXML); err == nil && doc.First(realmConfig+"/Property[@name='dataSource']").Text() == jndi {
		use = append(use, "the users")
	}
	if doc, err := w.XML(carbon.RegistryXML); err == nil {
		now := doc.First("/wso2registry/currentDBConfig").Text()
		for _, e := range doc.Find("/wso2registry/dbConfig") {
			if name, _ := e.Attr("name"); name == now && e.First("dataSource").Text() == jndi {
				use = append(use, holdsRegistry)
				break
			}
		}
	}
	return use
}

// auditClusterKey is CS-13.7: it shows the fingerprint, so that nodes can be compared.
func auditClusterKey(w *Workspace, inCluster bool) Result {
	k := encryptionKey(w)
	if k.fingerprint == "" {
		return Result{ID: ruleClusterKey, Status: Unknown, Place: k.place, Message: "The encryption key is not known. " + k.why}
	}
	message := "The encryption key is " + k.fingerprint + "."
	if inCluster {
		message = strings.TrimSuffix(message, ".") + "; it has to be the same on all nodes."
	}
	return Result{ID: ruleClusterKey, Status: OK, Fact: true, Place: k.place, Message: message}
}

func auditDomain(c clusterState, h clusterWish) []Result {
	if h.scheme != schemeMulticast || h.domain != shippedDomain {
		return nil
	}
	return []Result{{
		ID: ruleDomain, Status: Warn, Severity: Warning, Place: c.param("domain").place, Message: "The domain is " + shippedDomain + ", with which every product ships.",
		Why: "By multicast, any other cluster on the network that has kept it joins this one.", Fix: fixCluster + " Give cluster.domain.",
	}}
}
