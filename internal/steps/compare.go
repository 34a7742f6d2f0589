package steps

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/secret"
)

// DifferenceKind says what a difference between two homes means.
type DifferenceKind string

// The kinds.
const (
	Intended      DifferenceKind = "intended"   // it has to be, or may be, so from node to node
	Unintended    DifferenceKind = "unintended" // nodes of one cluster have to be alike in it
	NotComparable DifferenceKind = "unknown"    // whether there is one cannot be seen
)

// Difference is one thing that is not the same in two homes, or cannot be compared.
type Difference struct {
	Kind   DifferenceKind
	File   string // slash path in both homes
	Name   string // what it is in the file: /Server/HostName, the key of a property; "" = the file as a whole
	A, B   DifferenceSide
	Reason string // why it is intended, why it matters, or why it cannot be told: a sentence
}

// DifferenceSide is one of the two homes.
type DifferenceSide struct {
	Line  int    // 0 = there is none
	Value string // as it may be shown; of a secret, that it is one
}

// Comparison is what CompareHomes finds.
type Comparison struct {
	Differences   []Difference // unintended first, then those that cannot be told, then intended; in each in order of file and place
	Compared      int          // files that were compared
	EncryptionKey string       // the fingerprint that both homes have; "" = they differ, or it is not known
}

// Count returns how many differences of a kind there are.
func (c Comparison) Count(kind DifferenceKind) int {
	n := 0
	for _, d := range c.Differences {
		if d.Kind == kind {
			n++
		}
	}
	return n
}

// comparing is a comparison under way.
type comparing struct {
	a, b    *compared
	found   []Difference
	files   int
	sameKey string   // the encryption key that both have
	closed  []string // folders that cannot be looked into on a side
}

// compared is one of the two homes.
type compared struct {
	in      *carbon.Install
	w       *Workspace
	cluster clusterState
	own     []ownWord // what is this node's own in values
	key     clusterKey
}

// CompareHomes compares the configuration of two homes by value: comments, blanks, the order of attributes and the way in which files are written do not
// count. Secrets are compared, those in a vault that opens by their values, and never shown. The error is that of ctx.
func CompareHomes(ctx context.Context, a, b *carbon.Install) (Comparison, error) {
	c := &comparing{a: newCompared(a), b: newCompared(b)}
	c.keys()
	c.product()
	c.folders()
	for _, rel := range union(configFiles(c.a.w), configFiles(c.b.w)) {
		if ctx.Err() != nil {
			return Comparison{}, ctx.Err()
		}
		c.file(rel)
	}
	if err := c.jars(ctx); err != nil {
		return Comparison{}, err
	}
	c.cluster()
	rank := map[DifferenceKind]int{Unintended: 0, NotComparable: 1, Intended: 2}
	slices.SortStableFunc(c.found, func(x, y Difference) int {
		return cmp.Or(cmp.Compare(rank[x.Kind], rank[y.Kind]), cmp.Compare(x.File, y.File), cmp.Compare(max(x.A.Line, x.B.Line), max(y.A.Line, y.B.Line)))
	})
	return Comparison{Differences: c.found, Compared: c.files, EncryptionKey: c.sameKey}, nil
}

func newCompared(in *carbon.Install) *compared {
	s := &compared{in: in, w: NewWorkspace(in)}
	s.w.openVault(nil)
	s.cluster, _ = readCluster(s.w) // a file that cannot be read is compared as such
	s.key = encryptionKey(s.w)
	s.own = ownWords(s)
	return s
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// configFiles are the files that make a server what it is, apart from its code, its data and what is deployed on it.
func configFiles(w *Workspace) []string {
	patterns := []string{userStoresDir + "/*.xml", carbon.ServerSH, carbon.ServerBAT, carbon.WrapperConf}
	for below := "repository/conf"; strings.Count(below, "/") < 6; {
		below += "/*"
		patterns = append(patterns, below)
	}
	var files []string
	for _, p := range patterns {
		for _, rel := range w.glob(p) {
			if (w.Install.Has(rel) || unseen(w.Install, rel)) && !isLeftover(rel) {
				files = append(files, rel)
			}
		}
	}
	return files
}

// isLeftover reports what editors and people leave beside a file; no server reads it.
func isLeftover(rel string) bool {
	for _, suffix := range []string{"~", ".bak", ".orig", ".swp", ".old", ".rpmnew", ".rpmsave"} {
		if strings.HasSuffix(rel, suffix) {
			return true
		}
	}
	return false
}

func (c *comparing) add(d Difference) {
	shorten(&d.A, &d.B)
	c.found = append(c.found, d)
}

// keys compares the encryption keys, on which everything rests that the nodes share.
func (c *comparing) keys() {
	d := Difference{File: carbon.CarbonXML, Name: "/Server/Security/RegistryKeyStore", A: c.a.keySide(), B: c.b.keySide()}
	switch a, b := c.a.key, c.b.key; {
	case a.fingerprint == "" || b.fingerprint == "":
		d.Kind, d.Reason = NotComparable, "Whether the nodes have the same encryption key cannot be told."
	case a.fingerprint != b.fingerprint:
		d.Kind, d.Reason = Unintended, "The encryption keys differ: what one node encrypts in the databases, the other cannot read. Give it the other's encryption keystore."
	default:
		c.sameKey = a.fingerprint
		return
	}
	c.add(d)
}

func (s *compared) keySide() DifferenceSide {
	if s.key.fingerprint == "" {
		return DifferenceSide{Line: s.key.place.Line, Value: "not known: " + s.key.why}
	}
	return DifferenceSide{Line: s.key.place.Line, Value: s.key.fingerprint}
}

// product compares what the homes are.
func (c *comparing) product() {
	for _, p := range []struct{ name, a, b string }{
		{"product", c.a.in.Product, c.b.in.Product}, {"version", c.a.in.Version, c.b.in.Version}, {"kernel", c.a.in.Kernel, c.b.in.Kernel},
	} {
		if p.a != p.b {
			c.add(Difference{
				Kind: Unintended, File: carbon.CarbonXML, Name: p.name, A: DifferenceSide{Value: p.a}, B: DifferenceSide{Value: p.b},
				Reason: "The nodes of one cluster run the same product in the same version.",
			})
		}
	}
}

// cluster finds what two members must not have in common.
func (c *comparing) cluster() {
	a, b := c.a.cluster, c.b.cluster
	if !a.on || !b.on {
		return
	}
	side := func(s *compared, v clusterValue) DifferenceSide {
		return DifferenceSide{Line: v.place.Line, Value: s.member()}
	}
	if c.a.member() == c.b.member() {
		c.add(Difference{
			Kind: Unintended, File: carbon.Axis2XML, Name: "localMemberHost and localMemberPort", A: side(c.a, a.param("localMemberHost")), B: side(c.b, b.param("localMemberHost")),
			Reason: "Both nodes are the same member to the others. They have to differ in address or port.",
		})
	}
	if sa, sb := readSync(c.a.w), readSync(c.b.w); sa.commits() && sb.commits() {
		va, vb := sa.value("AutoCommit"), sb.value("AutoCommit")
		c.add(Difference{
			Kind: Unintended, File: carbon.CarbonXML, Name: "/Server/" + syncElement + "/AutoCommit", A: DifferenceSide{va.place.Line, va.text}, B: DifferenceSide{vb.place.Line, vb.text},
			Reason: "Both nodes commit artifacts. One alone may.",
		})
	}
}

// member is the node as the others know it.
func (s *compared) member() string {
	return s.cluster.param("localMemberHost").text + ":" + orText(s.cluster.param("localMemberPort").text, "4000")
}

// file compares one file.
func (c *comparing) file(rel string) {
	if c.isClosed(rel) {
		return
	}
	hasA, hasB := c.a.in.Has(rel), c.b.in.Has(rel)
	if seen := !unseen(c.a.in, rel) && !unseen(c.b.in, rel); seen && (!hasA || !hasB) {
		c.add(Difference{Kind: Unintended, File: rel, A: presence(hasA), B: presence(hasB), Reason: "The file is on one side only."})
		return
	}
	c.files++
	rawA, errA := c.a.in.Read(rel)
	rawB, errB := c.b.in.Read(rel)
	if errA != nil || errB != nil {
		c.unread(rel, errA, errB)
		return
	}
	if string(rawA) == string(rawB) && rel != carbon.CipherText && !strings.Contains(string(rawA), "secretAlias") {
		return
	}
	a, errA := settingsOf(c.a, rel, rawA)
	b, errB := settingsOf(c.b, rel, rawB)
	if errA != nil || errB != nil {
		c.unread(rel, errA, errB)
		return
	}
	c.settings(rel, a, b)
}

func presence(there bool) DifferenceSide {
	if there {
		return DifferenceSide{Value: "there"}
	}
	return DifferenceSide{Value: "not there"}
}

func (c *comparing) unread(rel string, errA, errB error) {
	side := func(err error) DifferenceSide {
		if err == nil {
			return DifferenceSide{Value: "read"}
		}
		return DifferenceSide{Value: missingOr(err)}
	}
	c.add(Difference{Kind: NotComparable, File: rel, A: side(errA), B: side(errB), Reason: "The file cannot be compared."})
}

// settings compares the values of a file.
func (c *comparing) settings(rel string, a, b []setting) {
	if isWhole(a) || isWhole(b) {
		if !slices.Equal(a, b) {
			c.whole(rel, a, b)
		}
		return
	}
	if len(a)+len(b) > 0 && strings.HasPrefix(slices.Concat(a, b)[0].name, lineName) {
		for _, p := range pairLines(a, b) {
			c.oneSided(rel, p[0], p[1])
		}
		return
	}
	byName := map[string]setting{}
	for _, s := range b {
		byName[s.name] = s
	}
	seen := map[string]bool{}
	for _, s := range a {
		seen[s.name] = true
		if o, ok := byName[s.name]; ok {
			c.pair(rel, s, o)
		} else {
			c.oneSided(rel, s, setting{})
		}
	}
	for _, s := range b {
		if !seen[s.name] {
			c.oneSided(rel, setting{}, s)
		}
	}
}

func isWhole(all []setting) bool { return len(all) == 1 && all[0].whole }

// whole compares files of which one at least is not shown.
func (c *comparing) whole(rel string, a, b []setting) {
	d := Difference{Kind: Unintended, File: rel, A: DifferenceSide{Value: "a text"}, B: DifferenceSide{Value: "a text"}, Reason: "The files differ."}
	if isWhole(a) {
		d.A = a[0].side()
	}
	if isWhole(b) {
		d.B = b[0].side()
	}
	c.add(d)
}

func (c *comparing) pair(rel string, a, b setting) {
	d := Difference{File: rel, Name: a.name, A: a.side(), B: b.side()}
	switch {
	case a.alias != b.alias && (a.alias == "" || b.alias == ""):
		d.Kind, d.Reason = Unintended, "The value is in the secure vault on one side only."
	case a.sealed || b.sealed:
		d.Kind, d.Reason = NotComparable, "The value is in a secure vault that is not open here: its password stands neither in carbon.xml nor in a password file of the home."
	case a.value == b.value:
		return
	default:
		d.Kind, d.Reason = c.judge(rel, a, b)
	}
	c.add(d)
}

func (c *comparing) oneSided(rel string, a, b setting) {
	d := Difference{File: rel, Name: orText(a.name, b.name), A: a.side(), B: b.side()}
	if strings.HasPrefix(d.Name, lineName) {
		d.Name = "" // the line speaks for itself
	}
	d.Kind, d.Reason = c.judge(rel, a, b)
	if d.Kind == Unintended && (a.line == 0 || b.line == 0) {
		d.Reason = oneSideOnly
	}
	c.add(d)
}

// setting is a value of a file.
type setting struct {
	name   string // how the same one is found in the other home
	value  string
	line   int // 0 = there is none
	secret bool
	alias  string // of the vault
	sealed bool   // the vault has it and is not open
	whole  bool   // it is the file as a whole, and value its fingerprint
}

// side is a setting as it may be shown.
func (s setting) side() DifferenceSide {
	switch {
	case s.whole && s.secret:
		return DifferenceSide{Value: secret.Shown}
	case s.whole:
		return DifferenceSide{Value: s.value}
	case s.line == 0:
		return DifferenceSide{Value: "not set"}
	case s.alias != "":
		return DifferenceSide{s.line, secret.Shown + " in the vault"}
	case s.secret:
		return DifferenceSide{s.line, secret.Shown}
	}
	return DifferenceSide{s.line, visibleText(maskedValue(s.value))}
}

// maskedValue hides what looks like a secret in a value, such as the password in a URL.
func maskedValue(text string) string {
	var b strings.Builder
	at := 0
	for _, s := range secret.Spans([]byte(text)) {
		b.WriteString(text[at:s.Start] + secret.Shown)
		at = s.End
	}
	return b.String() + text[at:]
}

// visibleText writes control characters as Go does: a terminal would act on them.
func visibleText(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) || r == ' ' {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}

// mostShown is how much of a value is shown.
const mostShown = 160

// shorten cuts what is too long to be read down to where the two sides differ.
func shorten(a, b *DifferenceSide) {
	x, y := []rune(a.Value), []rune(b.Value)
	same := 0
	for same < min(len(x), len(y)) && x[same] == y[same] {
		same++
	}
	from := max(0, same-mostShown/4)
	cut := func(s *DifferenceSide, text []rune) {
		if len(text) <= mostShown {
			return
		}
		from := min(from, len(text)-1)
		end := min(len(text), from+mostShown)
		shown := string(text[from:end])
		if from > 0 {
			shown = "..." + shown
		}
		if end < len(text) {
			shown += "..."
		}
		s.Value = shown
	}
	cut(a, x)
	cut(b, y)
}
