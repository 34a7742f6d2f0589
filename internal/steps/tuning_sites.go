package steps

import (
	"errors"
	"fmt"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// tunedSite is one place of a setting.
type tunedSite struct {
	setting     *tunable
	rule        string
	name        string // as in the file: "maxThreads"
	where       string // "the connector on port 9443"
	place       carbon.Place
	raw         string // as it stands there
	set         bool   // it stands there
	value       int    // in force: where nothing stands there, the default of the product
	known       bool   // value can be told
	recommended int    // none = nothing is recommended here
	write       func(value string, why edit.Opt) error
}

// short reports whether less is in force than is recommended.
func (s tunedSite) short() bool {
	return s.known && s.recommended != none && !s.setting.fixed && !s.setting.beyond(s.value, s.recommended)
}

// shown is what is in force, for a sentence.
func (s tunedSite) shown() string {
	switch {
	case !s.known:
		return fmt.Sprintf("%q", s.raw)
	case !s.set:
		return s.setting.text(s.value) + " (not set)"
	}
	return s.setting.text(s.value)
}

// newSite fills in a site of a key. unset is what the server takes when the file has no such value.
func newSite(key, rule, name, where string, place carbon.Place, raw string, set bool, unset int) tunedSite {
	def := tunableOf(key)
	s := tunedSite{setting: def, rule: rule, name: name, where: where, place: place, raw: strings.TrimSpace(raw), set: set, recommended: def.page}
	if !set {
		s.value, s.known = unset, unset != none
		return s
	}
	s.value, s.known = def.read(s.raw)
	return s
}

// tuningSites are the places of all settings that can be read, in the order of the questions.
func tuningSites(w *Workspace) []tunedSite {
	sites, _ := readTuningSites(w)
	return sites
}

func sitesOf(sites []tunedSite, key string) []tunedSite {
	var mine []tunedSite
	for _, s := range sites {
		if s.setting.key == key {
			mine = append(mine, s)
		}
	}
	return mine
}

// readTuningSites also says which files could not be read; a file that the install does not have is none of them.
func readTuningSites(w *Workspace) (all []tunedSite, err error) {
	cpus := none
	if n := w.Install.Host.CPUs; n > 0 {
		cpus = n
	}
	var errs []error
	for _, read := range []func() ([]tunedSite, error){
		func() ([]tunedSite, error) { return connectorSites(w) },
		func() ([]tunedSite, error) { return workerSites(w, cpus) },
		func() ([]tunedSite, error) { return nioSites(w, cpus) },
		func() ([]tunedSite, error) { return synapseSites(w) },
		func() ([]tunedSite, error) { return clientSites(w) },
	} {
		sites, err := read()
		if err != nil && !isMissing(err) {
			errs = append(errs, err)
		}
		all = append(all, sites...)
	}
	return append(all, poolSites(w)...), errors.Join(errs...)
}

// connectorSites are the attributes of the connectors. What is not set is the default of Tomcat 7 (AbstractEndpoint, AbstractHttp11Protocol). A connector
// with an executor takes its threads from there, and its own attributes for them mean nothing.
func connectorSites(w *Workspace) ([]tunedSite, error) {
	x, err := w.XML(carbon.CatalinaXML)
	if err != nil {
		return nil, err
	}
	var all []tunedSite
	for _, e := range x.Find("/Server/Service/Connector") {
		port, _ := e.Attr("port")
		_, shared := e.Attr("executor")
		last := "port"
		for _, at := range []struct {
			key, name string
			unset     int
			threads   bool
		}{
			{"tuning.connector.max_threads", "maxThreads", 200, true},
			{"tuning.connector.min_spare_threads", "minSpareThreads", 10, true},
			{"tuning.connector.accept_count", "acceptCount", 100, false},
			{"tuning.connector.max_keep_alive_requests", "maxKeepAliveRequests", 100, false},
		} {
			if shared && at.threads {
				continue
			}
			raw, set := e.Attr(at.name)
			place := carbon.Place{File: carbon.CatalinaXML, Line: e.Line()}
			if set {
				place.Line = e.AttrLine(at.name)
			}
			s := newSite(at.key, connectorRule, at.name, "the connector on port "+port, place, raw, set, at.unset)
			after := last
			s.write = func(value string, why edit.Opt) error { return x.SetAttr(e, at.name, value, after, why) }
			all = append(all, s)
			last = at.name
		}
	}
	return all, nil
}

// hasTransport reports whether axis2.xml has a live listener or sender of a family of classes. Files of the other families lie in the same packs and are
// not read.
func hasTransport(w *Workspace, family string) bool {
	x, err := w.XML(carbon.Axis2XML)
	if err != nil {
		return false
	}
	for _, path := range []string{"/axisconfig/transportReceiver", "/axisconfig/transportSender"} {
		for _, e := range x.Find(path) {
			if class, _ := e.Attr("class"); strings.Contains(class, family) {
				return true
			}
		}
	}
	return false
}

// propertySite is a setting in a properties file.
func propertySite(p *edit.Properties, key, rule, name, after string, unset int) tunedSite {
	e, set := p.Get(name)
	s := newSite(key, rule, name, p.Name(), carbon.Place{File: p.Name(), Line: e.Line}, e.Value, set, unset)
	s.write = func(value string, why edit.Opt) error { return p.Set(name, value, after, why) }
	return s
}

// workerSites are the pool of the pass-through transport. PassThroughConfiguration takes 40 and 200 threads, a queue without end, and as many threads for
// input and output as Java finds processors, where the file does not say.
func workerSites(w *Workspace, cpus int) ([]tunedSite, error) {
	if !hasTransport(w, ".passthru.") {
		return nil, nil
	}
	p, err := w.Properties(carbon.PassThroughProperties)
	if err != nil {
		return nil, err
	}
	io := propertySite(p, "tuning.worker_pool.io_threads", workerRule, "io_threads_per_reactor", "worker_pool_size_max", cpus)
	io.recommended = cpus
	return []tunedSite{
		propertySite(p, "tuning.worker_pool.size_core", workerRule, "worker_pool_size_core", "", 40),
		propertySite(p, "tuning.worker_pool.size_max", workerRule, "worker_pool_size_max", "worker_pool_size_core", 200),
		propertySite(p, "tuning.worker_pool.queue_length", workerRule, "worker_pool_queue_length", "worker_pool_size_max", -1),
		io,
	}, nil
}

// nioSites are the pools of the older NIO transport: 20 to 100 threads and 2 for input and output on either side (NHttpConfiguration).
func nioSites(w *Workspace, cpus int) ([]tunedSite, error) {
	if !hasTransport(w, ".nhttp.") {
		return nil, nil
	}
	p, err := w.Properties(carbon.NHTTPProperties)
	if err != nil {
		return nil, err
	}
	var all []tunedSite
	for _, side := range []string{"snd", "lst"} {
		io := propertySite(p, "tuning.nio.io_threads", nioRule, side+"_io_threads", side+"_t_max", 2)
		io.recommended = cpus
		all = append(all,
			propertySite(p, "tuning.nio.threads_core", nioRule, side+"_t_core", "", 20),
			propertySite(p, "tuning.nio.threads_max", nioRule, side+"_t_max", side+"_t_core", 100), io)
	}
	return all, nil
}

// synapseSites are the threads of the mediation engine: 20 to 100 where the file does not say (SynapseThreadPool).
func synapseSites(w *Workspace) ([]tunedSite, error) {
	p, err := w.Properties(carbon.SynapseProperties)
	if err != nil {
		return nil, err
	}
	return []tunedSite{
		propertySite(p, "tuning.synapse.threads_core", synapseRule, "synapse.threads.core", "", 20),
		propertySite(p, "tuning.synapse.threads_max", synapseRule, "synapse.threads.max", "synapse.threads.core", 100),
	}, nil
}

// clientSites are the connections of the server's own Axis2 clients. CarbonServerManager reads both parameters of axis2_client.xml at the start and takes
// 500 and 15000 where they are missing.
func clientSites(w *Workspace) ([]tunedSite, error) {
	x, err := w.XML(carbon.Axis2Client)
	if err != nil {
		return nil, err
	}
	var all []tunedSite
	for _, at := range []struct {
		key, name string
		unset     int
	}{{"tuning.client.connections_per_host", "defaultMaxConnPerHost", 500}, {"tuning.client.connections", "maxTotalConnections", 15000}} {
		place, raw := carbon.Place{File: carbon.Axis2Client}, ""
		var e *edit.Element
		if all := x.Find("/axisconfig/parameter[@name='" + at.name + "']"); len(all) > 0 {
			e = all[len(all)-1] // Axis2 puts parameters into a map: of two with one name the later one counts
		}
		if e != nil {
			place.Line, raw = e.Line(), e.Text()
		}
		s := newSite(at.key, clientRule, at.name, carbon.Axis2Client, place, raw, e != nil, at.unset)
		s.write = func(value string, why edit.Opt) error {
			if e != nil {
				return x.SetText(e, value, why)
			}
			return x.SetChild(x.Root(), edit.New{Name: "parameter", Attrs: []edit.Attr{{Name: "name", Value: at.name}}, Text: value}, []string{"parameter"}, why)
		}
		all = append(all, s)
	}
	return all, nil
}

// poolOrder are the children of <configuration> that follow one another in the shipped blocks.
var poolOrder = []string{"url", "username", "password", "defaultAutoCommit", "driverClassName", "maxActive", "maxWait", "minIdle", "testOnBorrow", "validationQuery", "validationInterval"}

// poolSettings are those of a datasource. What is not set is the default of Tomcat's pool (PoolProperties of jdbc-pool 7.0.34).
var poolSettings = []struct {
	key, name string
	unset     int
}{
	{"tuning.pool.max_active", "maxActive", 100},
	{"tuning.pool.max_wait", "maxWait", 30000},
	{"tuning.pool.min_idle", "minIdle", 10},
	{"tuning.pool.test_on_borrow", "testOnBorrow", 0},
	{"tuning.pool.validation_interval", "validationInterval", 30000},
}

// poolSites are the pools of the datasources that lead to a server.
func poolSites(w *Workspace) []tunedSite {
	blocks, _ := readBlocks(w)
	var all []tunedSite
	for _, b := range blocks {
		if !b.h2 {
			all = append(all, poolSitesOf(b, b.query != "")...)
		}
	}
	return all
}

// poolSitesOf are the settings of one datasource. Without a query there is nothing that a connection could be tested with.
func poolSitesOf(b *dsBlock, hasQuery bool) []tunedSite {
	all := make([]tunedSite, 0, len(poolSettings))
	for _, at := range poolSettings {
		place, raw := b.place, ""
		e := b.config.First(at.name)
		if e != nil {
			place.Line, raw = e.Line(), e.Text()
		}
		s := newSite(at.key, poolRule, at.name, b.name, place, raw, e != nil, at.unset)
		if at.name == "testOnBorrow" && !hasQuery {
			s.recommended = none
		}
		s.write = func(value string, why edit.Opt) error {
			after := poolOrder[:1]
			for i, name := range poolOrder {
				if name == at.name {
					after = poolOrder[:i]
				}
			}
			return b.doc.SetChild(b.config, edit.New{Name: at.name, Text: value}, after, why)
		}
		all = append(all, s)
	}
	return all
}

// sitesAsAnswered are those of the install and the pools of the datasources that the same answers lead to a server, or add: when the plan comes to the
// pools, guideline 6 has written them. They are for questions and judgements alone, before that.
func sitesAsAnswered(w *Workspace, a *answers.Set) []tunedSite {
	all := tuningSites(w)
	for _, d := range wishes(w, a) {
		switch {
		case d.keeps() || !d.kind().Known():
		case d.block == nil:
			for _, at := range poolSettings {
				all = append(all, newSite(at.key, poolRule, at.name, d.name, carbon.Place{File: carbon.MasterDS}, newPool[at.name], true, at.unset))
			}
		case d.block.h2:
			all = append(all, poolSitesOf(d.block, true)...)
		}
	}
	return all
}

// tuningChange is a site that gets another value.
type tuningChange struct {
	site  tunedSite
	want  int
	asked bool // by an answer, not by the profile
}

// lowers reports whether the change takes something away.
func (c tuningChange) lowers() bool {
	return c.site.known && !c.site.setting.fixed && !c.site.setting.beyond(c.want, c.site.value)
}

func (c tuningChange) write() error {
	why := c.site.name + " of the tuning pages"
	switch {
	case c.lowers():
		why = fmt.Sprintf("%s lowered from %s, as answered", c.site.name, c.site.setting.text(c.site.value))
	case c.asked:
		why = c.site.name + " as answered"
	case c.site.setting.byMachine:
		why = c.site.name + ": one for each processor of this machine"
	}
	return c.site.write(c.site.setting.text(c.want), edit.Because(why))
}

// wantedOf is what a site is to have; asked tells that an answer says so. ok is false when it stays as it is.
func wantedOf(s tunedSite, a *answers.Set) (want int, asked, ok bool) {
	if want, asked = s.setting.answer(a); asked {
		return want, true, !s.known || s.value != want
	}
	if a.Text(keyTuningProfile) == profileProduction && s.short() {
		return s.recommended, false, true
	}
	return s.value, false, false
}

// tuningPairs are settings of which the first may not be more than the second: ThreadPoolExecutor refuses to start with more threads in its core than it may
// have at all.
var tuningPairs = [][2]string{
	{"tuning.connector.min_spare_threads", "tuning.connector.max_threads"},
	{"tuning.worker_pool.size_core", "tuning.worker_pool.size_max"},
	{"tuning.nio.threads_core", "tuning.nio.threads_max"},
	{"tuning.synapse.threads_core", "tuning.synapse.threads_max"},
	{"tuning.pool.min_idle", "tuning.pool.max_active"},
}

// tuningChanges are the sites that the answers change. Where the profile raises one of a pair, the other follows.
func tuningChanges(sites []tunedSite, a *answers.Set) []tuningChange {
	wants := map[[2]string]int{} // by key and place
	var all []tuningChange
	for _, s := range sites {
		want, asked, ok := wantedOf(s, a)
		at := [2]string{s.setting.key, s.pairPlace()}
		if low, paired := pairedWith(s.setting.key); paired && !asked && s.known && a.Text(keyTuningProfile) == profileProduction {
			if least, known := wants[[2]string{low, s.pairPlace()}]; known && least > max(want, s.value) {
				want, ok = least, true
			}
		}
		if s.known || asked {
			wants[at] = want
		}
		if ok {
			all = append(all, tuningChange{site: s, want: want, asked: asked})
		}
	}
	return all
}

// pairedWith returns the lower setting of a pair that the key is the upper one of, when it comes before it.
func pairedWith(key string) (lower string, ok bool) {
	for _, p := range tuningPairs {
		if p[1] == key {
			return p[0], true
		}
	}
	return "", false
}

// pairPlace tells which sites belong together: those of one connector, one datasource, one side of the NIO transport.
func (s tunedSite) pairPlace() string {
	side, _, _ := strings.Cut(s.name, "_t_")
	return s.rule + " " + s.where + " " + noteIf(side != s.name, side)
}
