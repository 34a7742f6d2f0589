package steps

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"carbon-setup/internal/carbon"
)

// nodeRule is a setting that is each node's own.
type nodeRule struct {
	file   string
	name   *regexp.Regexp
	key    bool // only while both nodes have the same encryption key
	reason string
}

const (
	nodeName    = "The name of the node."
	nodePorts   = "The ports of the node."
	nodeTLS     = "The TLS certificate of the node, with its keystore."
	nodeStore   = "The keystore of the encryption key, which is the same on both nodes."
	nodeMember  = "The node as a member of the cluster."
	nodeSelf    = "A node need not be in its own list of members."
	nodeRole    = "The role of the node: one alone commits artifacts."
	notAlike    = "Nodes of one cluster have to be alike in it."
	oneSideOnly = "It is set on one side only."
	nodeValue   = "It differs in the name, the address, the ports or the home of the node alone."
)

var nodeRules = []nodeRule{
	{file: carbon.CarbonXML, name: regexp.MustCompile(`^/Server/(HostName|MgtHostName)$`), reason: nodeName},
	{file: carbon.CarbonXML, name: regexp.MustCompile(`^/Server/Ports/Offset$`), reason: nodePorts},
	{file: carbon.CarbonXML, name: regexp.MustCompile(`^/Server/Security/KeyStore/`), reason: nodeTLS},
	{file: carbon.CarbonXML, name: regexp.MustCompile(`^/Server/Security/RegistryKeyStore/`), key: true, reason: nodeStore},
	{file: carbon.CarbonXML, name: regexp.MustCompile(`^/Server/ClusteringHostName$`), reason: nodeMember},
	{file: carbon.CarbonXML, name: regexp.MustCompile(`^/Server/DeploymentSynchronizer/(AutoCommit|SvnUser|SvnPassword)$`), reason: nodeRole},
	{file: carbon.Axis2XML, name: regexp.MustCompile(`^/axisconfig/clustering/parameter\[@name='(localMember\w+|mcastBindAddress)'\]$`), reason: nodeMember},
	{file: carbon.Axis2XML, name: regexp.MustCompile(`^/axisconfig/clustering/parameter\[@name='properties'\]/property\[@name='(subDomain|backendServerURL|mgtConsoleURL)'\]/@value$`), reason: nodeMember},
	{file: carbon.Axis2XML, name: regexp.MustCompile(`^/axisconfig/transport(Receiver|Sender)\[[^/]*\]/parameter\[@name='keystore'\]/KeyStore/`), reason: nodeTLS},
	{file: carbon.IdentityXML, name: regexp.MustCompile(`/ThirftBasedEntitlementConfig/KeyStore/`), reason: nodeTLS},
	{file: carbon.JMXXML, name: regexp.MustCompile(`^/JMX/HostName$`), reason: nodeName},
	{file: carbon.SecretConf, name: regexp.MustCompile(`^keystore\.identity\.`), key: true, reason: nodeStore},
}

// rmiHostLine is the name that JMX clients are sent on to, wherever it stands in a start script.
var rmiHostLine = regexp.MustCompile(regexp.QuoteMeta(rmiHostOption) + `[^\s"']*`)

// judge says what a difference means.
func (c *comparing) judge(rel string, a, b setting) (DifferenceKind, string) {
	name := orText(a.name, b.name)
	for _, r := range nodeRules {
		if r.file == rel && r.name.MatchString(name) && (!r.key || c.sameKey != "") {
			return Intended, r.reason
		}
	}
	if rel == carbon.Axis2XML && c.listsItself(name, a, b) {
		return Intended, nodeSelf
	}
	if rmiHostLine.MatchString(a.value) || rmiHostLine.MatchString(b.value) {
		if strip(a.value) == strip(b.value) {
			return Intended, nodeName
		}
	}
	if a.line > 0 && b.line > 0 && !a.secret && !b.secret && c.a.plain(a.value) == c.b.plain(b.value) {
		return Intended, nodeValue
	}
	return Unintended, notAlike
}

// listsItself reports whether a member is in the list of one node alone, and is the other node: a member finds itself without being in the list.
func (c *comparing) listsItself(name string, a, b setting) bool {
	_, address, found := strings.Cut(name, "/members/member[")
	if !found || (a.line == 0) == (b.line == 0) {
		return false
	}
	without := c.a
	if b.line == 0 {
		without = c.b
	}
	return strings.TrimSuffix(address, "]") == without.member()
}

func strip(line string) string { return plainBlanks(rmiHostLine.ReplaceAllString(line, "")) }

// ownWord is a name, an address or a path of a node, and what stands for it in both.
type ownWord struct{ word, means string }

// ownWords are those that stand in the values of a home; the longest come first.
func ownWords(s *compared) []ownWord {
	var all []ownWord
	add := func(word, means string) {
		known := slices.ContainsFunc(all, func(o ownWord) bool { return strings.EqualFold(o.word, word) })
		if word != "" && !known && !isLoopback(word) && !strings.Contains(word, "${") {
			all = append(all, ownWord{word, means})
		}
	}
	add(s.in.Home, "<home>")
	host := hostName(s.w).text
	add(host, "<host>")
	management := managementName(s.w).text
	if !strings.EqualFold(management, host) {
		add(management, "<management>")
	}
	add(s.cluster.param("localMemberHost").text, "<member>")
	slices.SortStableFunc(all, func(a, b ownWord) int { return len(b.word) - len(a.word) })
	return all
}

// plain puts the same words in place of what is the node's own, and the numbers of ports before the offset.
func (s *compared) plain(value string) string {
	for _, o := range s.own {
		value = replaceWord(value, o.word, o.means)
	}
	value = rmiHostLine.ReplaceAllString(value, rmiHostOption+"<host>")
	if offset := readOffset(s.w).value; offset != 0 {
		value = portInText.ReplaceAllStringFunc(value, func(text string) string {
			n, err := strconv.Atoi(text)
			if err == nil && slices.ContainsFunc(PortTable(s.w), func(p Port) bool { return p.Moved && p.Number == n }) {
				return strconv.Itoa(n - offset)
			}
			return text
		})
	}
	return value
}

var portInText = regexp.MustCompile(`\b[0-9]{2,5}\b`)

// replaceWord replaces a name where it stands by itself, not as a part of a longer one.
func replaceWord(text, word, with string) string {
	var b strings.Builder
	for {
		i := strings.Index(strings.ToLower(text), strings.ToLower(word))
		if i < 0 || len(strings.ToLower(text)) != len(text) {
			return b.String() + text
		}
		end := i + len(word)
		whole := (i == 0 || !inWord(text[i-1])) && (end == len(text) || !inWord(text[end]))
		b.WriteString(text[:i])
		if whole {
			b.WriteString(with)
		} else {
			b.WriteString(text[i:end])
		}
		text = text[end:]
	}
}

func inWord(c byte) bool {
	return c == '-' || c == '.' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
