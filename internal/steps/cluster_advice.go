package steps

import (
	"fmt"
	"strings"

	"carbon-setup/internal/answers"
)

// Advice is what the other nodes and the network have to do with it.
func (s cluster) Advice(w *Workspace, a *answers.Set) []Advice {
	on, asked := wantsCluster(a)
	c, err := readCluster(w)
	if err != nil || !asked || !on {
		return nil
	}
	h := c.wish(a)
	k := encryptionKey(w)
	all := []Advice{s.nextNode(w, a, k), s.network(h)}
	all = append(all, Advice{
		Guideline: 13, Title: "Clocks of the nodes",
		Text:     "Tokens, sessions and log lines of several nodes go together only when their clocks do. Have every node, and the database, follow the same time servers (chrony or ntpd).",
		Commands: []string{"timedatectl show -p NTPSynchronized"},
	}, Advice{
		Guideline: 13, Title: "Databases of the cluster",
		Text: "All nodes open the same databases: the connections of the pools add up (nodes times maxActive) and have to fit into the limit of the database, which is now what the service stands and falls with: replicate it. Start the first node alone until it is up, for it fills what is empty.",
	})
	if yes, ok := wantsSync(a); ok && yes {
		all = append(all, Advice{
			Guideline: 13, Title: "Subversion client",
			Text: "The deployment synchronizer uses the SVNKit client, which the product does not bring: put its jar as a bundle into repository/components/dropins on every node. One node alone may commit. Start the manager first.",
		})
	}
	return all
}

// nextNode tells how the answers of this node serve for the next one.
func (cluster) nextNode(w *Workspace, a *answers.Set, k clusterKey) Advice {
	set := []string{"hostname.name=NAME", keyMemberHost + "=ADDRESS"}
	if a.Text(keyRole) == roleManager {
		set = append(set, keyRole+"="+roleWorker)
		if a.Text(keySubDomain) != "" {
			set = append(set, keySubDomain+"="+subDomainOf(roleWorker))
		}
	}
	if k.fingerprint != "" {
		set = append(set, keyClusterKey+"="+k.fingerprint)
	}
	text := "The answers of this node are those of the next one, but for what has to differ: host name, certificate, address of the member, role, and on the same machine the port offset and the port of the member."
	if ref := readStores(w).carbonStore("RegistryKeyStore"); ref != nil && ref.rel != "" {
		text += fmt.Sprintf(" Give it this node's %s in keystore.encryption_store, so that it can read what this one encrypts.", ref.rel)
	}
	if k.fingerprint != "" {
		text += " The encryption key is " + k.fingerprint + "."
	}
	return Advice{Guideline: 13, Title: "The next node", Text: text, Commands: []string{
		"carbon-setup plan --answers answers.yaml --set " + strings.Join(set, " --set "), "carbon-setup compare --home THIS_HOME COPY_OF_THE_OTHER",
	}}
}

func (cluster) network(h clusterWish) Advice {
	text := fmt.Sprintf("The members connect to each other on tcp port %s, in both directions, and nobody else may: what they say is not encrypted.", h.port)
	if h.state.param("groupPassword").text == "" {
		text += " The cluster has no password of its own, so Hazelcast uses one that everybody knows: whoever reaches the port can join."
	}
	if h.scheme == schemeMulticast {
		text += fmt.Sprintf(" They find each other on udp port %s of %s.", orText(h.state.param("mcastPort").text, "54327"), orText(h.state.param("mcastAddress").text, "224.2.2.3"))
	}
	var names []string
	for _, m := range h.others() {
		if !isAddress(m.host) {
			names = append(names, m.host)
		}
	}
	if len(names) > 0 {
		text += " The firewall commands of guideline 11 know members by their address only; these have names: " + strings.Join(names, ", ") + "."
	}
	return Advice{Guideline: 13, Title: "Network between the members", Text: text}
}
