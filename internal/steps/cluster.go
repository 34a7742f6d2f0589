package steps

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// cluster is guideline 13: several nodes that know of each other.
type cluster struct {
	probe portProbe
	net   clusterNet
}

const (
	keyCluster       = "cluster.enabled"
	keyScheme        = "cluster.scheme"
	keyDomain        = "cluster.domain"
	keyRole          = "cluster.role"
	keySubDomain     = "cluster.sub_domain"
	keyMemberHost    = "cluster.local_member_host"
	keyMemberPort    = "cluster.local_member_port"
	keyMembers       = "cluster.members"
	keyMcastAddress  = "cluster.multicast.address"
	keyMcastPort     = "cluster.multicast.port"
	keyMcastTTL      = "cluster.multicast.ttl"
	keyMcastTimeout  = "cluster.multicast.timeout"
	keyAWSAccess     = "cluster.aws.access_key"
	keyAWSSecret     = "cluster.aws.secret_key"
	keyAWSGroup      = "cluster.aws.security_group"
	keyAWSRegion     = "cluster.aws.region"
	keyAWSHeader     = "cluster.aws.host_header"
	keyAWSTagKey     = "cluster.aws.tag_key"
	keyAWSTagValue   = "cluster.aws.tag_value"
	keyGroupPassword = "cluster.group_password" // #nosec G101 -- a key of the answers file
	keyBackendURL    = "cluster.properties.backend_url"
	keyConsoleURL    = "cluster.properties.console_url"
	keyClusterKey    = "cluster.encryption_fingerprint"
	keySync          = "cluster.sync.enabled"
	keySyncType      = "cluster.sync.type"
	keySyncURL       = "cluster.sync.url"
	keySyncUser      = "cluster.sync.user"
	keySyncPassword  = "cluster.sync.password" // #nosec G101 -- a key of the answers file
	keySyncAppend    = "cluster.sync.append_tenant"
)

const (
	schemeWKA       = "wka"
	schemeMulticast = "multicast"
	schemeAWS       = "aws"

	roleManager = "manager"
	roleWorker  = "worker"

	syncSVN      = "svn"
	syncRegistry = "registry"
)

func (cluster) Info() Info {
	return Info{
		ID: "cluster", Section: "cluster", Guideline: 13, Title: "High availability",
		Reads: []string{keyOffset, keyRegistryPort, keyServerPort}, // the port of the member must be none of these
		Free: func(a *answers.Set) bool {
			on, ok := a.Bool(keyCluster)
			return ok && !on
		},
		Why: `A single node is a single point of failure. In a cluster several nodes run the same product on the same databases, and tell each other through Hazelcast what has changed: caches, tokens, deployed artifacts. It is set in the element clustering of axis2.xml.

As shipped a member announces itself as 127.0.0.1, which every other node takes for itself, and looks for others by multicast, which many networks do not carry. So each member needs its own address, and a list of members (wka) is the safe choice.

All nodes need the same databases, none of them H2, and the same encryption key: what one node has encrypted, the others have to read. Artifacts are shared over Subversion, where one node alone may commit.`,
	}
}

func (cluster) Specs() []answers.Spec {
	return slices.Concat(clusterSpecs, clusterSchemeSpecs, clusterSyncSpecs)
}

var clusterSpecs = []answers.Spec{
	{Key: keyCluster, Kind: answers.Bool, Label: "Cluster", Example: "false", Help: "Whether this server is one of several nodes. If not, clustering is switched off; the rest of its settings stays as it is."},
	{
		Key: keyScheme, Kind: answers.Choice, Choices: []string{schemeWKA, schemeMulticast, schemeAWS}, Label: "How members find each other", Example: schemeWKA,
		Help: "wka: from a list of members. multicast: by asking the network, which has to carry multicast. aws: by asking Amazon EC2.",
	},
	{Key: keyDomain, Kind: answers.Text, Label: "Cluster domain", Example: "example.am", Help: "The name of the cluster. Nodes with the same one join each other: two clusters on one network need different ones."},
	{
		Key: keyRole, Kind: answers.Choice, Choices: []string{roleWorker, roleManager}, Label: "Role of this node", Example: roleWorker,
		Help: "A manager commits artifacts to the shared repository, and there is one; a worker only takes them from it.",
	},
	{Key: keySubDomain, Kind: answers.Text, Label: "Sub-domain", Example: "worker", Help: "The group within the domain, by which a load balancer of WSO2 tells nodes apart: worker, or mgt for the manager. Left out, it follows the role."},
	{Key: keyMemberHost, Kind: answers.Text, Label: "Address of this member", Example: "10.0.0.11", Help: "The address, or a name of it, by which the other nodes reach this one. It differs on every node; 127.0.0.1 is wrong in every real cluster."},
	{Key: keyMemberPort, Kind: answers.Int, Label: "Port of this member", Example: "4000", Help: "The port offset does not move it: two nodes on one machine need different ones. When it is taken, Hazelcast takes the next free one without a word, and the others do not find this member."},
	{Key: keyGroupPassword, Kind: answers.Secret, Label: "Password of the cluster", Example: "{env: CLUSTER_PW}", Help: "The same on all nodes. Without one Hazelcast uses a password that everybody knows. Carbon 4.2.0 keeps it in plain text."},
	{Key: keyBackendURL, Kind: answers.Text, Label: "Property backendServerURL", Example: "https://am01.example.com:9443/services/", Help: "What other members are told as the address of the admin services of this one. As shipped it follows the host name and the port."},
	{Key: keyConsoleURL, Kind: answers.Text, Label: "Property mgtConsoleURL", Example: "https://am01.example.com:9443/", Help: "The same for the management console."},
	{Key: keyClusterKey, Kind: answers.Text, Label: "Encryption key of the cluster", Example: "SHA256:9f86d081...", Help: "The fingerprint of the encryption key of the first node, as its audit shows it under CS-13.7. With it no node with another key joins."},
}

var clusterSchemeSpecs = []answers.Spec{
	{Key: keyMembers, Kind: answers.List, Label: "Members", Example: "[\"10.0.0.11:4000\", \"10.0.0.12:4000\"]", Help: "For wka: members as host:port, at least one that is always up; the same list on all nodes, which may have this node in it."},
	{Key: keyMcastAddress, Kind: answers.Text, Label: "Multicast address", Example: "228.0.0.4", Help: "For multicast: the group, the same on all nodes. The interface cannot be chosen: this version of Carbon does not read mcastBindAddress."},
	{Key: keyMcastPort, Kind: answers.Int, Label: "Multicast port", Example: "45564", Help: "For multicast: the UDP port of the group, the same on all nodes. The port offset does not move it."},
	{Key: keyMcastTTL, Kind: answers.Int, Label: "Multicast TTL", Example: "100", Help: "For multicast: how many routers a packet may pass, 0 to 255."},
	{Key: keyMcastTimeout, Kind: answers.Int, Label: "Multicast timeout", Example: "60", Help: "For multicast: how many seconds a node that starts waits for others."},
	{Key: keyAWSAccess, Kind: answers.Secret, Label: "AWS access key", Example: "{env: AWS_ACCESS_KEY_ID}", Help: "For aws: the id of an access key that may describe instances and nothing else. Carbon 4.2.0 keeps it in plain text."},
	{Key: keyAWSSecret, Kind: answers.Secret, Label: "AWS secret key", Example: "{env: AWS_SECRET_ACCESS_KEY}", Help: "For aws: the secret that goes with it. Carbon 4.2.0 keeps it in plain text."},
	{Key: keyAWSGroup, Kind: answers.Text, Label: "AWS security group", Example: "carbon-cluster", Help: "For aws: the security group that the members are in."},
	{Key: keyAWSRegion, Kind: answers.Text, Label: "AWS region", Example: "us-east-1", Help: "For aws: the region of the members; us-east-1 when left out."},
	{Key: keyAWSHeader, Kind: answers.Text, Label: "AWS host header", Example: "ec2.amazonaws.com", Help: "For aws: the service that is asked; ec2.amazonaws.com when left out."},
	{Key: keyAWSTagKey, Kind: answers.Text, Label: "AWS tag", Example: "cluster", Help: "For aws: the name of a tag that members have."},
	{Key: keyAWSTagValue, Kind: answers.Text, Label: "Value of the AWS tag", Example: "example-am", Help: "For aws: the value of that tag."},
}

var clusterSyncSpecs = []answers.Spec{
	{Key: keySync, Kind: answers.Bool, Label: "Deployment synchronizer", Example: "false", Help: "Whether the nodes share deployed artifacts over Subversion. The manager commits and checks out, workers check out only."},
	{Key: keySyncType, Kind: answers.Choice, Choices: []string{syncSVN, syncRegistry}, Label: "Kind of repository", Example: syncSVN, Help: "svn. The registry, which older versions offered, is refused: it is slow, and what two nodes write at once is lost."},
	{Key: keySyncURL, Kind: answers.Text, Label: "Subversion URL", Example: "https://svn.example.com/carbon/", Help: "The repository for the artifacts, the same on all nodes. Without user and password in it."},
	{Key: keySyncUser, Kind: answers.Text, Label: "Subversion user", Example: "carbon", Help: "A worker's needs to read only."},
	{Key: keySyncPassword, Kind: answers.Secret, Label: "Subversion password", Example: "{env: SVN_PW}", Help: "The secure vault can hold it."},
	{Key: keySyncAppend, Kind: answers.Bool, Label: "Tenant id in the URL", Example: "true", Help: "Whether each tenant has a folder of its own in the repository. It has to be so when there are tenants."},
}

// spec returns the Spec of a key of the step.
func (s cluster) spec(key string) answers.Spec {
	for _, sp := range s.Specs() {
		if sp.Key == key {
			return sp
		}
	}
	return answers.Spec{Key: key}
}

func (cluster) Applies(w *Workspace) (bool, string) {
	doc, err := w.XML(carbon.Axis2XML)
	switch {
	case isMissing(err):
		return false, "This install has no " + carbon.Axis2XML + ", which clustering is set in."
	case err == nil && doc.First("/axisconfig/clustering") == nil && !clusterCommented(w):
		return false, carbon.Axis2XML + " has no element clustering: this product does not form clusters by itself."
	}
	return true, ""
}

// clusterCommented reports whether axis2.xml has the element clustering, and may have it in a comment alone: the product can form clusters, and this one does not.
func clusterCommented(w *Workspace) bool {
	raw, err := w.Install.Read(carbon.Axis2XML)
	return err == nil && strings.Contains(string(raw), "<clustering")
}

// clusterFields collects the questions of the step.
type clusterFields struct {
	step cluster
	all  []Field
}

func (f *clusterFields) add(key string, now clusterValue, fallback, from string, check func(string) *Problem) *Field {
	q := Field{Spec: f.step.spec(key), Default: now.text, DefaultFrom: "the present value", Now: Present{Text: now.text, Place: now.place}, Check: check}
	if now.text == "" {
		q.Default, q.DefaultFrom, q.Now.Note = fallback, from, "not set"
	}
	f.all = append(f.all, q)
	return &f.all[len(f.all)-1]
}

func (s cluster) Fields(w *Workspace, a *answers.Set) []Field {
	c, err := readCluster(w)
	f := &clusterFields{step: s}
	on := f.add(keyCluster, clusterValue{text: strconv.FormatBool(c.on), place: c.place}, "", "", nil)
	on.Options = []Option{{"true", "yes: one of several nodes"}, {"false", "no: the only node"}}
	if yes, ok := a.Bool(keyCluster); err != nil || ok && !yes || !ok && !c.on {
		return f.all
	}
	f.ofMember(w, a, c)
	f.ofScheme(a, c)
	f.add(keyGroupPassword, c.shown("groupPassword"), "", "", nil)
	q := &f.all[len(f.all)-1]
	q.Check, q.CheckSecret, q.Confirm, q.Default, q.DefaultFrom = nil, checkClusterSecret, true, "", ""
	for _, p := range []struct{ key, name string }{{keyBackendURL, "backendServerURL"}, {keyConsoleURL, "mgtConsoleURL"}} {
		if now := c.property(p.name); now.element != nil {
			f.add(p.key, now, "", "", checkMemberURL)
		}
	}
	f.add(keyClusterKey, clusterValue{}, "", "", checkFingerprint).Now = Present{Text: encryptionKey(w).fingerprint, Place: encryptionKey(w).place}
	f.ofSync(w, a)
	return f.all
}

func (f *clusterFields) ofMember(w *Workspace, a *answers.Set, c clusterState) {
	scheme := f.add(keyScheme, clusterValue{}, schemeWKA, "what works on every network", nil)
	scheme.Options = []Option{{schemeWKA, "from a list of members"}, {schemeMulticast, "by multicast"}, {schemeAWS, "by asking Amazon EC2"}}
	if now := c.param("membershipScheme"); now.element != nil {
		scheme.Now = Present{Text: now.text, Place: now.place}
		if c.on && slices.Contains(scheme.Choices, now.text) { // the shipped one was nobody's choice
			scheme.Default, scheme.DefaultFrom = now.text, "the present value"
		}
	}
	f.add(keyDomain, c.param("domain"), shippedDomain, "the default of the product", checkDomain)
	now, role, sub := proposedRole(c, a)
	q := f.add(keyRole, clusterValue{text: now}, "", "", nil)
	q.Options, q.DefaultFrom = []Option{{roleWorker, "worker: takes artifacts only"}, {roleManager, "manager: commits artifacts, one node alone"}}, "the sub-domain in force"
	q.Default = role
	f.add(keySubDomain, clusterValue{}, sub, "the present value", checkSubDomain).Now = c.property("subDomain").present()
	host, from := proposedMember(w, c)
	q = f.add(keyMemberHost, c.param("localMemberHost"), host, from, checkMemberHost)
	q.Default, q.DefaultFrom = host, from
	f.add(keyMemberPort, c.param("localMemberPort"), "4000", "the default of the product", checkPort)
}

func (f *clusterFields) ofScheme(a *answers.Set, c clusterState) {
	switch c.proposedScheme(a) {
	case schemeWKA:
		members := c.members()
		var list []string
		for _, m := range members {
			if !m.shipped() {
				list = append(list, m.String())
			}
		}
		q := f.add(keyMembers, clusterValue{text: answers.JoinList(list)}, "", "", checkMembers)
		if len(members) > 0 {
			q.Now.Place = members[0].place
			q.Now.Text = joinMembers(members)
			q.Now.Note = ""
		}
	case schemeMulticast:
		f.add(keyMcastAddress, c.param("mcastAddress"), "228.0.0.4", "the example in axis2.xml", checkMulticast)
		f.add(keyMcastPort, c.param("mcastPort"), "45564", "the default of the product", checkPort)
		f.add(keyMcastTTL, c.param("mcastTTL"), "100", "the default of the product", checkTTL)
		f.add(keyMcastTimeout, c.param("mcastTimeout"), "60", "the default of the product", checkSeconds)
	case schemeAWS:
		for _, p := range awsParams {
			if p.secret {
				q := f.add(p.key, c.shown(p.name), "", "", nil)
				q.CheckSecret, q.Default, q.DefaultFrom = checkClusterSecret, "", ""
				continue
			}
			f.add(p.key, c.param(p.name), p.usual, "the default of Hazelcast", checkClusterText)
		}
	}
}

func (f *clusterFields) ofSync(w *Workspace, a *answers.Set) {
	now := readSync(w)
	on := f.add(keySync, clusterValue{text: strconv.FormatBool(now.on), place: now.place}, "", "", nil)
	on.Options = []Option{{"true", "yes, over Subversion"}, {"false", "no: artifacts get to the nodes another way"}}
	if yes, ok := a.Bool(keySync); ok && !yes || !ok && !now.on {
		return
	}
	f.add(keySyncURL, now.value("SvnUrl"), "", "", checkSyncURL)
	f.add(keySyncUser, now.value("SvnUser"), "", "", checkClusterText)
	q := f.add(keySyncPassword, now.secretShown(), "", "", nil)
	q.CheckSecret, q.Default, q.DefaultFrom = checkClusterSecret, "", ""
	f.add(keySyncAppend, now.value("SvnUrlAppendTenantId"), "true", "the default of the product", nil)
}

// proposedRole is the role that the node has now, the one to propose, and the sub-domain to propose with it: none where it follows the role, so that
// answers which one node has saved are good for one of another role.
func proposedRole(c clusterState, a *answers.Set) (now, role, sub string) {
	now, sub = roleWorker, c.property("subDomain").text
	if isManagerDomain(sub) {
		now = roleManager
	}
	role = orText(a.Text(keyRole), now)
	if role != now || sub == subDomainOf(role) {
		sub = ""
	}
	return now, role, sub
}

// subDomainOf is the sub-domain by which the load balancers of WSO2 know a role.
func subDomainOf(role string) string {
	if role == roleManager {
		return "mgt"
	}
	return "worker"
}

func isManagerDomain(sub string) bool {
	return slices.Contains([]string{"mgt", "manager", "management"}, strings.ToLower(sub))
}

// proposedMember is the address in force, unless it is one that nobody else can reach, or else one of this machine.
func proposedMember(w *Workspace, c clusterState) (host, from string) {
	if now := c.param("localMemberHost").text; now != "" && !isLoopback(now) && checkMemberHost(now) == nil {
		return now, "the present value"
	}
	var found []string
	for _, address := range w.Install.Host.Addresses {
		if !strings.Contains(address, ":") && !isLoopback(address) && !strings.HasPrefix(address, "169.254.") {
			found = append(found, address)
		}
	}
	switch len(found) {
	case 0:
		return "", ""
	case 1:
		return found[0], "the address of this machine"
	}
	return found[0], fmt.Sprintf("the first of %d addresses of this machine: %s", len(found), strings.Join(found, ", "))
}

// wantsCluster says whether the answers ask for a cluster (yes), for none (no), or for neither (ok is false).
func wantsCluster(a *answers.Set) (yes, ok bool) { return a.Bool(keyCluster) }
