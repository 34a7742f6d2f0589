package steps

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/database"
)

// databaseKind is a kind of database server.
type databaseKind struct{ database.Kind }

// usualConnections are those that a server gives unless its configuration says otherwise: max_connections of PostgreSQL, MySQL and MariaDB. 0 = it depends.
func (k databaseKind) usualConnections() int {
	switch k.Kind {
	case database.PostgreSQL:
		return 100
	case database.MySQL, database.MariaDB:
		return 151
	case database.Oracle, database.SQLServer:
	}
	return 0
}

// parameter is what has to be raised in the server.
func (k databaseKind) parameter() string {
	switch k.Kind {
	case database.Oracle:
		return "processes"
	case database.SQLServer:
		return "user connections"
	case database.PostgreSQL, database.MySQL, database.MariaDB:
	}
	return "max_connections"
}

// poolServer is a database server and the datasources that open connections to it.
type poolServer struct {
	kind  databaseKind
	name  string // "db1:5432"
	pools []serverPool
}

// serverPool is the pool of one datasource as it will be.
type serverPool struct {
	name   string
	active int
	known  bool
	place  carbon.Place
}

// poolServers are the servers that the datasources lead to once the answers are in force, in the order of the datasources.
func poolServers(w *Workspace, a *answers.Set) []*poolServer {
	var all []*poolServer
	add := func(name string, t database.Target, pool serverPool) {
		server := serverName(t)
		pool.name = name
		for _, s := range all {
			if s.name == server && s.kind.Kind == t.Kind {
				s.pools = append(s.pools, pool)
				return
			}
		}
		all = append(all, &poolServer{kind: databaseKind{t.Kind}, name: server, pools: []serverPool{pool}})
	}
	wished := map[string]*dsWish{}
	for _, d := range wishes(w, a) {
		wished[d.name] = d
	}
	blocks, _ := readBlocks(w)
	for _, b := range blocks {
		t, toServer := b.target, !b.h2 && b.err == nil
		if d := wished[b.name]; d != nil && !d.keeps() {
			t, toServer = d.target, d.kind().Known()
		}
		if toServer {
			add(b.name, t, poolInForce(b, a))
		}
	}
	for _, d := range wishes(w, a) {
		if d.block == nil && d.kind().Known() {
			add(d.name, d.target, newPoolOf(a))
		}
	}
	return all
}

// newPool is what guideline 6 gives a datasource that it adds, and newPoolActive the number of connections in it.
var newPool = map[string]string{
	"maxActive": strconv.Itoa(newPoolActive), "maxWait": "60000", "minIdle": "5", "testOnBorrow": "true", "validationInterval": "30000",
}

const newPoolActive = 50

// poolInForce is the pool of a datasource of the install once the answers are in force.
func poolInForce(b *dsBlock, a *answers.Set) serverPool {
	def := tunableOf("tuning.pool.max_active")
	e := b.config.First("maxActive")
	pool := serverPool{active: 100, known: true, place: b.place} // the default of Tomcat's pool
	if e != nil {
		pool.active, pool.known = def.read(e.Text())
		pool.place.Line = e.Line()
	}
	if n, ok := def.answer(a); ok {
		pool.active, pool.known = n, true
	} else if a.Text(keyTuningProfile) == profileProduction && pool.known {
		pool.active = max(pool.active, def.page)
	}
	return pool
}

// newPoolOf is the pool of a datasource that the answers add.
func newPoolOf(a *answers.Set) serverPool {
	pool := serverPool{active: newPoolActive, known: true}
	if n, ok := tunableOf("tuning.pool.max_active").answer(a); ok {
		pool.active = n
	}
	return pool
}

// serverName tells servers apart, and names one for people.
func serverName(t database.Target) string {
	switch {
	case t.Descriptor != "":
		return "the descriptor of Oracle"
	case t.HostList != "":
		return t.HostList
	}
	port := t.Port
	if port == 0 {
		port = t.Kind.DefaultPort()
	}
	name := net.JoinHostPort(strings.ToLower(t.Host), strconv.Itoa(port))
	if t.Instance != "" {
		name = strings.ToLower(t.Host + `\` + t.Instance)
	}
	return name
}

// wanted adds up what the pools of one node may open; ok is false when one of them cannot be told.
func (s *poolServer) wanted() (sum int, ok bool) {
	for _, p := range s.pools {
		if !p.known {
			return 0, false
		}
		sum += p.active
	}
	return sum, true
}

// told says how the sum comes about: "2 datasources with up to 100 connections, on 2 nodes 200".
func (s *poolServer) told(nodes int) string {
	sum, _ := s.wanted()
	text := fmt.Sprintf("%s can open %d connections to %s", plural(len(s.pools), "datasource"), sum, s.name)
	if nodes > 1 {
		text += fmt.Sprintf(", on %d nodes %d", nodes, sum*nodes)
	}
	return text
}

// fits judges the pools of all nodes against what the server gives. told is where that figure comes from. A server that gives an unknown number is not judged.
func (s *poolServer) fits(gives, nodes int, told string) *Problem {
	sum, ok := s.wanted()
	if !ok || gives == 0 || sum*nodes <= gives {
		return nil
	}
	each := gives / nodes / len(s.pools)
	fix := fmt.Sprintf("Raise %s of the database to more than %d", s.kind.parameter(), sum*nodes)
	if each > 0 {
		fix += fmt.Sprintf(", or set tuning.pool.max_active to %d", each)
	}
	if told != "" {
		fix += "; tell what it gives with " + keyDatabaseConnections
	}
	return &Problem{
		Severity: Warning, Message: fmt.Sprintf("%s, and %s gives %d%s.", upperFirst(s.told(nodes)), s.kind.Title(), gives, told), Fix: fix + ".",
	}
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// Validate judges numbers against one another, what is lowered, and the pools against the database.
func (s tuning) Validate(w *Workspace, a *answers.Set) []Problem {
	sites := sitesAsAnswered(w, a)
	all := s.outOfRange(a)
	if len(all) > 0 {
		return all
	}
	all = append(all, misplaced(sites, a)...)
	all = append(all, pairProblems(sites, a)...)
	all = append(all, lowered(sites, a)...)
	return append(all, poolProblems(w, a)...)
}

// outOfRange judges the numbers of an answers file that no field asks for.
func (tuning) outOfRange(a *answers.Set) []Problem {
	var all []Problem
	judge := func(key string, least, most int) {
		if v, ok := a.Lookup(key); ok {
			if p := checkNumber(least, most)(v.Text); p != nil {
				p.Key = key
				all = append(all, *p)
			}
		}
	}
	for _, set := range tuningSettings {
		if !set.yesNo {
			judge(set.key, set.least, set.most)
		}
	}
	judge(keyDatabaseConnections, 1, 1_000_000)
	judge(keyTuningNodes, 1, 1000)
	return all
}

// misplaced judges answers that nothing comes of.
func misplaced(sites []tunedSite, a *answers.Set) []Problem {
	var all []Problem
	for _, set := range tuningSettings {
		_, given := set.answer(a)
		switch {
		case !given:
		case a.Text(keyTuningProfile) == profileKeep:
			all = append(all, Problem{
				Severity: Error, Key: set.key, Message: "The profile keep leaves the files as they are, and this is a value for them.",
				Fix: "Take it out, or set " + keyTuningProfile + " to " + profileProduction + ".",
			})
		case len(sitesOf(sites, set.key)) == 0:
			all = append(all, Problem{
				Severity: Warning, Key: set.key, Message: set.label + ": " + whyMisplaced(set.key) + ". Nothing is written.", Fix: "Take it out.",
			})
		}
	}
	return all
}

// whyMisplaced says why a setting has no place in the install.
func whyMisplaced(key string) string {
	if strings.HasPrefix(key, "tuning.pool.") {
		return "no datasource leads to a database server, and the pools of the embedded H2 are left alone"
	}
	return "this install has nothing that reads it"
}

// pairProblems refuses a core of threads that is larger than the pool may be: the server does not start with it.
func pairProblems(sites []tunedSite, a *answers.Set) []Problem {
	final := map[string]int{}
	for _, s := range sites {
		if s.known {
			final[s.setting.key+s.pairPlace()] = s.value
		}
	}
	for _, c := range tuningChanges(sites, a) {
		final[c.site.setting.key+c.site.pairPlace()] = c.want
	}
	var all []Problem
	for _, pair := range tuningPairs {
		for _, s := range sitesOf(sites, pair[0]) {
			low, ok1 := final[pair[0]+s.pairPlace()]
			high, ok2 := final[pair[1]+s.pairPlace()]
			if !ok1 || !ok2 || low <= high || !answered(a, pair[0]) && !answered(a, pair[1]) {
				continue
			}
			key := pair[0]
			if !answered(a, key) {
				key = pair[1]
			}
			all = append(all, Problem{
				Severity: Error, Key: key, Message: fmt.Sprintf("%s: %s would be %d, more than %d of %s.", s.where, s.name, low, high, tunableOf(pair[1]).label),
				Fix: "Give a smaller number, or a larger one for the other.",
			})
			break
		}
	}
	return all
}

// lowered tells what an answer takes away from what is there.
func lowered(sites []tunedSite, a *answers.Set) []Problem {
	var all []Problem
	for _, c := range tuningChanges(sites, a) {
		if !c.asked || !c.lowers() {
			continue
		}
		all = append(all, Problem{
			Severity: Warning, Key: c.site.setting.key,
			Message: fmt.Sprintf("%s of %s is lowered from %s to %s.", c.site.name, c.site.where, c.site.setting.text(c.site.value), c.site.setting.text(c.want)),
			Fix:     "Take the answer out if what is there was set on purpose: the profile keeps it.",
		})
	}
	return all
}

// poolProblems compares the pools of all nodes with what the database gives.
func poolProblems(w *Workspace, a *answers.Set) []Problem {
	nodes := 1
	if n, ok := a.Int(keyTuningNodes); ok {
		nodes = n
	}
	var all []Problem
	for _, s := range poolServers(w, a) {
		gives, told := s.kind.usualConnections(), " unless its configuration says otherwise"
		if n, ok := a.Int(keyDatabaseConnections); ok {
			gives, told = n, ""
		}
		if p := s.fits(gives, nodes, told); p != nil {
			p.Key = keyDatabaseConnections
			all = append(all, *p)
		}
	}
	return all
}
