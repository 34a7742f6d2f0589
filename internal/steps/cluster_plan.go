package steps

import (
	"fmt"
	"strconv"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

func (s cluster) Plan(w *Workspace, a *answers.Set) error {
	on, asked := wantsCluster(a)
	if !asked {
		return nil
	}
	c, err := readCluster(w)
	if err != nil {
		return launchError(carbon.Axis2XML, err)
	}
	if c.element == nil || !on && !c.on {
		return nil
	}
	if !on {
		return c.doc.SetAttr(c.element, "enable", "false", "class", edit.Because("this server is no member of a cluster"))
	}
	if k := encryptionKey(w); k.differs(a.Text(keyClusterKey)) {
		return &edit.Error{
			File: k.place.File, Line: k.place.Line, What: "the encryption key of this node is " + k.fingerprint + ", which is not that of the cluster",
			Fix: "give the first node's encryption keystore in keystore.encryption_store, and try again",
		}
	}
	if err := planClusterParams(c, a); err != nil {
		return err
	}
	if err := planProperties(c, a); err != nil {
		return err
	}
	if err := planMembers(c, a); err != nil {
		return err
	}
	if !c.on {
		if err := c.doc.SetAttr(c.element, "enable", "true", "class", edit.Because("this server is a member of a cluster")); err != nil {
			return err
		}
	}
	if err := planClusterName(w, a); err != nil {
		return err
	}
	return planSync(w, a)
}

// clusterParam is a parameter that the answers set.
type clusterParam struct {
	name, value string
	secret      bool
}

// clusterParams are those of the answers; of the schemes, those of the one that is chosen.
func clusterParams(c clusterState, a *answers.Set) []clusterParam {
	all := []clusterParam{{name: "membershipScheme", value: a.Text(keyScheme)}, {name: "domain", value: a.Text(keyDomain)}}
	switch c.scheme(a) {
	case schemeMulticast:
		all = append(all, clusterParam{name: "mcastAddress", value: a.Text(keyMcastAddress)}, clusterParam{name: "mcastPort", value: a.Text(keyMcastPort)},
			clusterParam{name: "mcastTTL", value: a.Text(keyMcastTTL)}, clusterParam{name: "mcastTimeout", value: a.Text(keyMcastTimeout)})
	case schemeAWS:
		for _, p := range awsParams {
			value := a.Text(p.key)
			if p.secret {
				value = a.Secret(p.key).Reveal()
			}
			all = append(all, clusterParam{p.name, value, p.secret})
		}
	}
	return append(all, clusterParam{name: "localMemberHost", value: writtenName(a.Text(keyMemberHost))}, clusterParam{name: "localMemberPort", value: a.Text(keyMemberPort)},
		clusterParam{"groupPassword", a.Secret(keyGroupPassword).Reveal(), true})
}

func planClusterParams(c clusterState, a *answers.Set) error {
	for _, p := range clusterParams(c, a) {
		if p.value == "" {
			continue
		}
		if err := setClusterParam(c, p); err != nil {
			return err
		}
	}
	return nil
}

// setClusterParam sets every parameter of the name, for the agent keeps the last one; without any it takes the place of one that is commented out.
func setClusterParam(c clusterState, p clusterParam) error {
	opts := []edit.Opt{edit.Because("membership of the cluster")}
	if p.secret {
		opts = append(opts, edit.Secret())
	}
	live := c.element.Find("parameter[@name='" + p.name + "']")
	for _, e := range live {
		if err := c.doc.SetText(e, p.value, opts...); err != nil {
			return err
		}
	}
	if len(live) > 0 {
		return nil
	}
	return c.doc.SetChild(c.element, edit.New{Name: "parameter", Attrs: []edit.Attr{{Name: "name", Value: p.name}}, Text: p.value, Secret: p.secret}, []string{"parameter"}, opts...)
}

// planProperties sets what other members are told of this one.
func planProperties(c clusterState, a *answers.Set) error {
	sub := a.Text(keySubDomain)
	if sub == "" && a.Text(keyRole) != "" {
		sub = subDomainOf(a.Text(keyRole))
	}
	for _, p := range []struct{ name, value string }{{"backendServerURL", a.Text(keyBackendURL)}, {"mgtConsoleURL", a.Text(keyConsoleURL)}, {"subDomain", sub}} {
		if p.value == "" {
			continue
		}
		if err := setProperty(c, p.name, p.value); err != nil {
			return err
		}
	}
	return nil
}

func setProperty(c clusterState, name, value string) error {
	because := edit.Because("what other members are told of this one")
	if now := c.property(name); now.element != nil {
		return c.doc.SetAttr(now.element, "value", value, "name", because)
	}
	child := edit.New{Name: "property", Attrs: []edit.Attr{{Name: "name", Value: name}, {Name: "value", Value: value}}}
	if group := parameter(c.element, "properties"); group != nil {
		return c.doc.Insert(edit.LastIn(group), child, because)
	}
	group := edit.New{Name: "parameter", Attrs: []edit.Attr{{Name: "name", Value: "properties"}}, Children: []edit.New{child}}
	return c.doc.Insert(behindParameters(c), group, because)
}

// behindParameters is behind the last parameter of the element.
func behindParameters(c clusterState) edit.Place {
	if all := c.element.Find("parameter"); len(all) > 0 {
		return edit.After(all[len(all)-1])
	}
	return edit.FirstIn(c.element)
}

// planMembers gives the list of well-known members the entries of the answers, in their order, and takes the sample of the product out.
func planMembers(c clusterState, a *answers.Set) error {
	want, given := wantedMembers(a)
	if !given || c.scheme(a) != schemeWKA {
		return nil
	}
	because := edit.Because("well-known members of the cluster")
	list := c.element.First("members")
	if list == nil {
		group := edit.New{Name: "members"}
		for _, m := range want {
			group.Children = append(group.Children, newMember(m))
		}
		return c.doc.Insert(behindParameters(c), group, because)
	}
	now := c.members()
	for i, m := range want {
		if i >= len(now) {
			if err := c.doc.Insert(edit.LastIn(list), newMember(m), because); err != nil {
				return err
			}
			continue
		}
		for _, child := range newMember(m).Children {
			if err := c.doc.SetChild(now[i].element, child, []string{"hostName"}, because); err != nil {
				return err
			}
		}
	}
	for _, m := range now[min(len(want), len(now)):] {
		if err := c.doc.Remove(m.element, because); err != nil {
			return err
		}
	}
	return nil
}

func newMember(m member) edit.New {
	return edit.New{Name: "member", Children: []edit.New{{Name: "hostName", Text: m.host}, {Name: "port", Text: m.port}}}
}

// planClusterName keeps ClusteringHostName in step: CarbonServerManager makes it the address by which Axis2 knows this machine.
func planClusterName(w *Workspace, a *answers.Set) error {
	host := writtenName(a.Text(keyMemberHost))
	if host == "" {
		return nil
	}
	doc, err := w.XML(carbon.CarbonXML)
	if err != nil {
		return launchError(carbon.CarbonXML, err)
	}
	return doc.SetChild(doc.Root(), edit.New{Name: clusteringHostName, Text: host}, []string{"Name", "ServerKey", "Version", "HostName", "MgtHostName"},
		edit.Because("address of this member of the cluster"))
}

const clusteringHostName = "ClusteringHostName"

func (s cluster) Verify(w *Workspace, a *answers.Set) []Result {
	on, asked := wantsCluster(a)
	if !asked {
		return nil
	}
	c, err := readCluster(w)
	if err != nil {
		return []Result{{ID: ruleCluster, Guideline: 13, Status: Fail, Severity: Error, Place: c.place, Message: carbon.Axis2XML + " " + launchWhy(err) + "."}}
	}
	v := &clusterVerify{}
	v.check(ruleCluster, "Clustering is", map[bool]string{true: "on", false: "off"}[on], map[bool]string{true: "on", false: "off"}[c.on], c.place)
	if !on {
		return v.all
	}
	for _, p := range clusterParams(c, a) {
		now := c.param(p.name)
		switch {
		case p.value == "":
		case p.secret && now.text == p.value:
			v.add(Result{ID: ruleScheme, Status: OK, Place: now.place, Message: p.name + " is the one of the answers."})
		case p.secret:
			v.add(Result{ID: ruleScheme, Status: Fail, Severity: Error, Place: now.place, Message: p.name + " is not the one of the answers."})
		default:
			v.check(ruleScheme, p.name+" is", p.value, now.text, now.place)
		}
	}
	if want, given := wantedMembers(a); given && c.scheme(a) == schemeWKA {
		v.check(ruleScheme, "The list of members is", joinMembers(want), joinMembers(c.members()), c.place)
	}
	if k, wanted := encryptionKey(w), a.Text(keyClusterKey); wanted != "" {
		v.key(k, wanted)
	}
	if yes, ok := wantsSync(a); ok {
		v.sync(readSync(w), a, yes)
	}
	return v.all
}

// clusterVerify collects results.
type clusterVerify struct{ all []Result }

func (v *clusterVerify) add(r Result) {
	r.Guideline = 13
	v.all = append(v.all, r)
}

func (v *clusterVerify) check(id, what, want, have string, place carbon.Place) {
	r := Result{ID: id, Status: OK, Place: place, Message: what + " " + have + "."}
	if want != have {
		r.Status, r.Severity, r.Message = Fail, Error, fmt.Sprintf("%s %q and should be %s.", what, have, want)
	}
	v.add(r)
}

func (v *clusterVerify) key(k clusterKey, wanted string) {
	r := Result{ID: ruleClusterKey, Status: OK, Place: k.place, Message: "The encryption key is that of the cluster."}
	switch {
	case k.fingerprint == "":
		r.Status, r.Message = Unknown, "Whether the encryption key is that of the cluster cannot be told. "+k.why
	case k.differs(wanted):
		r.Status, r.Severity, r.Message = Fail, Error, "The encryption key is "+k.fingerprint+", which is not that of the cluster."
	}
	v.add(r)
}

func (v *clusterVerify) sync(now syncState, a *answers.Set, yes bool) {
	v.check(ruleSync, "The deployment synchronizer's Enabled is", strconv.FormatBool(yes), strconv.FormatBool(now.on), now.place)
	if !yes {
		return
	}
	for _, child := range wantedSync(a, now) {
		have := now.value(child.Name)
		switch {
		case child.Name == "Enabled":
		case child.Secret && have.text != child.Text:
			v.add(Result{ID: ruleSync, Status: Fail, Severity: Error, Place: have.place, Message: child.Name + " is not the one of the answers."})
		case !child.Secret:
			v.check(ruleSync, child.Name+" is", child.Text, have.text, have.place)
		}
	}
}
