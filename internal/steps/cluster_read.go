package steps

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

const (
	hazelcastAgent = "org.wso2.carbon.core.clustering.hazelcast.HazelcastClusteringAgent"
	shippedDomain  = "wso2.carbon.domain"
)

// awsParams are what AWSBasedMembershipScheme reads.
var awsParams = []struct {
	key, name, usual string
	secret           bool
}{
	{key: keyAWSAccess, name: "accessKey", secret: true},
	{key: keyAWSSecret, name: "secretKey", secret: true},
	{key: keyAWSGroup, name: "securityGroup"},
	{key: keyAWSRegion, name: "region", usual: "us-east-1"},
	{key: keyAWSHeader, name: "hostHeader", usual: "ec2.amazonaws.com"},
	{key: keyAWSTagKey, name: "tagKey"},
	{key: keyAWSTagValue, name: "tagValue"},
}

// clusterState is the element clustering of axis2.xml. axis2_client.xml and axis2_blocking_client.xml are no servers: what they have of the kind is none of
// the step's.
type clusterState struct {
	doc     *edit.XML
	element *edit.Element // nil = there is none
	on      bool
	place   carbon.Place
	class   string
}

func readCluster(w *Workspace) (clusterState, error) {
	c := clusterState{place: carbon.Place{File: carbon.Axis2XML}}
	doc, err := w.XML(carbon.Axis2XML)
	if err != nil {
		return c, err
	}
	c.doc, c.element = doc, doc.First("/axisconfig/clustering")
	if c.element == nil {
		return c, nil
	}
	c.on, c.place.Line = axisEnabled(c.element), c.element.Line()
	if line := c.element.AttrLine("enable"); line > 0 {
		c.place.Line = line
	}
	c.class, _ = c.element.Attr("class")
	return c, nil
}

// axisEnabled: to ClusterBuilder of Axis2 an element without the attribute enable is switched on.
func axisEnabled(e *edit.Element) bool {
	value, ok := e.Attr("enable")
	return !ok || strings.EqualFold(strings.TrimSpace(value), "true")
}

// clusterValue is a value of the configuration, edits included.
type clusterValue struct {
	text    string
	place   carbon.Place
	element *edit.Element // nil = there is none
}

func (v clusterValue) present() Present { return Present{Text: v.text, Place: v.place} }

// param is a live parameter of the element; of two of one name the agent keeps the last.
func (c clusterState) param(name string) clusterValue {
	if c.element == nil {
		return clusterValue{place: c.place}
	}
	v := clusterValue{place: placeAt(carbon.Axis2XML, c.element.Line())}
	for _, e := range c.element.Find("parameter[@name='" + name + "']") {
		v = clusterValue{e.Text(), placeAt(carbon.Axis2XML, e.Line()), e}
	}
	return v
}

// shown is param for a secret.
func (c clusterState) shown(name string) clusterValue {
	v := c.param(name)
	if v.text != "" {
		v.text = "[secret]"
	}
	return v
}

// property is the value of one of the properties that other members are told.
func (c clusterState) property(name string) clusterValue {
	v := clusterValue{place: c.place}
	if c.element == nil {
		return v
	}
	for _, e := range c.element.Find("parameter[@name='properties']/property") {
		if n, _ := e.Attr("name"); n != name {
			continue
		}
		v.element = e
		v.text, _ = e.Attr("value")
		v.place = placeAt(carbon.Axis2XML, e.Line())
		return v
	}
	return v
}

// scheme is the way in which members will find each other: the answer, or else what stands there. Without a parameter it is multicast
// (HazelcastClusteringAgent.getMembershipScheme).
func (c clusterState) scheme(a *answers.Set) string {
	if given := a.Text(keyScheme); given != "" {
		return given
	}
	return orText(c.param("membershipScheme").text, schemeMulticast)
}

// proposedScheme is the same while nothing is answered: the shipped one was nobody's choice.
func (c clusterState) proposedScheme(a *answers.Set) string {
	if !c.on && a.Text(keyScheme) == "" {
		return schemeWKA
	}
	return c.scheme(a)
}

// member is a node of the cluster as a list names it.
type member struct {
	host, port string
	place      carbon.Place
	element    *edit.Element
}

func (m member) String() string { return net.JoinHostPort(m.host, m.port) }

// shipped reports the sample that the product comes with.
func (m member) shipped() bool { return m.host == "127.0.0.1" && m.port == "4000" }

func (m member) same(o member) bool { return strings.EqualFold(m.host, o.host) && m.port == o.port }

// members are those that axis2.xml lists; only wka reads them.
func (c clusterState) members() []member {
	if c.element == nil {
		return nil
	}
	var all []member
	for _, e := range c.element.Find("members/member") {
		all = append(all, member{e.First("hostName").Text(), e.First("port").Text(), placeAt(carbon.Axis2XML, e.Line()), e})
	}
	return all
}

func joinMembers(all []member) string {
	list := make([]string, len(all))
	for i, m := range all {
		list[i] = m.String()
	}
	return answers.JoinList(list)
}

// wantedMembers are those of the answers, as they are written; ok is false when the answers name none.
func wantedMembers(a *answers.Set) (all []member, ok bool) {
	_, ok = a.Lookup(keyMembers)
	for _, text := range a.List(keyMembers) {
		if m, p := parseMember(text); p == nil && !slices.ContainsFunc(all, m.same) {
			all = append(all, m)
		}
	}
	return all, ok
}

// parseMember reads host:port.
func parseMember(text string) (member, *Problem) {
	refuse := func(message string) (member, *Problem) {
		return member{}, &Problem{Severity: Error, Key: keyMembers, Message: message, Fix: "Give members as host:port, such as 10.0.0.11:4000."}
	}
	text = strings.TrimSpace(text)
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return refuse(strconv.Quote(text) + " has no port.")
	}
	host, port := text[:i], text[i+1:]
	if p := checkMemberHost(host); p != nil && p.Severity == Error {
		return refuse(strconv.Quote(text) + " is no member. " + p.Message)
	}
	if p := checkPort(port); p != nil {
		return refuse(strconv.Quote(text) + " is no member. " + p.Message)
	}
	n, _ := strconv.Atoi(port)
	return member{host: writtenName(host), port: strconv.Itoa(n)}, nil
}

// clusterWish is what the cluster will be like: the answers, and what stands there where they say nothing.
type clusterWish struct {
	state   clusterState
	scheme  string
	host    string // of this member
	port    string
	domain  string
	members []member // of wka
}

func (c clusterState) wish(a *answers.Set) clusterWish {
	h := clusterWish{state: c, scheme: c.scheme(a), host: writtenName(a.Text(keyMemberHost)), port: a.Text(keyMemberPort), domain: a.Text(keyDomain)}
	h.host = orText(h.host, c.param("localMemberHost").text)
	h.port = orText(orText(h.port, c.param("localMemberPort").text), "4000")
	h.domain = orText(h.domain, c.param("domain").text)
	if h.scheme == schemeWKA {
		var ok bool
		if h.members, ok = wantedMembers(a); !ok {
			h.members = c.members()
		}
	}
	return h
}

// others are the members that are not this node.
func (h clusterWish) others() []member {
	return slices.DeleteFunc(slices.Clone(h.members), func(m member) bool { return m.same(member{host: h.host, port: h.port}) })
}

// allLocal reports a list of members that are all on this machine: a cluster to try things with.
func (h clusterWish) allLocal() bool {
	return h.scheme == schemeWKA && len(h.members) > 1 && !slices.ContainsFunc(h.members, func(m member) bool { return !isLoopback(m.host) })
}
