package steps

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// Audit judges the machine, then the pools in the files.
func (s tuning) Audit(w *Workspace) []Result {
	all := auditHost(w)
	sites, err := readTuningSites(w)
	for _, place := range unreadTuned(err) {
		all = append(all, Result{ID: tuningUnreadRule, Status: Unknown, Place: place.Place, Message: "Not checked: " + place.File + " " + place.why + "."})
	}
	for _, group := range grouped(sites) {
		all = append(all, auditGroup(group))
		all = append(all, auditQueue(group)...)
	}
	all = append(all, auditDatabase(w)...)
	return settled(all)
}

// unreadSite is a file that could not be read, and why.
type unreadSite struct {
	carbon.Place
	why string
}

func unreadTuned(err error) []unreadSite {
	var several interface{ Unwrap() []error }
	if errors.As(err, &several) {
		var all []unreadSite
		for _, one := range several.Unwrap() {
			all = append(all, unreadTuned(one)...)
		}
		return all
	}
	var bad *edit.Error
	var path *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &bad):
		return []unreadSite{{carbon.Place{File: bad.File, Line: bad.Line}, whyUnread(err)}}
	case errors.As(err, &path):
		return []unreadSite{{carbon.Place{File: confPath(path.Path)}, whyUnread(err)}}
	}
	return []unreadSite{{carbon.Place{}, whyUnread(err)}}
}

// confPath is the part of a path that begins with the folder of the configuration.
func confPath(path string) string {
	if i := strings.Index(path, "repository/conf/"); i >= 0 {
		return path[i:]
	}
	return path
}

// grouped puts the sites together that belong to one connector, one file or one datasource.
func grouped(sites []tunedSite) [][]tunedSite {
	var all [][]tunedSite
	at := map[string]int{}
	for _, s := range sites {
		key := s.rule + " " + s.where
		i, ok := at[key]
		if !ok {
			i = len(all)
			at[key], all = i, append(all, nil)
		}
		all[i] = append(all[i], s)
	}
	return all
}

var groupWhy = map[string]string{
	connectorRule: "Every request to the console, the stores and the admin services takes one of these threads; beyond them and the queue clients are refused.",
	workerRule:    "Every message through the server takes one of these threads; the others wait.",
	nioRule:       "Every message through the server takes one of these threads; the others wait.",
	clientRule:    "Calls from the gateway to the key manager, and other calls of the server to itself, wait for one of these connections.",
	poolRule:      "Requests wait for a connection when all of the pool are in use, and fail after maxWait.",
}

// auditGroup judges the settings of one connector, file or datasource together.
func auditGroup(sites []tunedSite) Result {
	first := sites[0]
	r := Result{ID: first.rule, Status: OK, Place: first.place}
	var less, odd, have []string
	for _, s := range sites {
		switch {
		case s.set && !s.known:
			odd = append(odd, s.name+" is "+s.shown())
			if len(less) == 0 {
				r.Place = s.place
			}
		case s.short():
			if len(less) == 0 {
				r.Place = s.place
			}
			less = append(less, fmt.Sprintf("%s is %s (%s)", s.name, s.shown(), s.setting.text(s.recommended)))
		case s.known:
			have = append(have, s.name+" "+s.shown())
		}
	}
	switch {
	case len(less) > 0:
		r.Status, r.Severity, r.Why, r.Fix = Warn, Note, groupWhy[first.rule], fixTuning
		r.Message = fmt.Sprintf("Less than the tuning pages want for %s: %s.", first.where, strings.Join(less, ", "))
		if len(odd) > 0 {
			r.Message += fmt.Sprintf(" It cannot be told of the rest: %s.", strings.Join(odd, ", "))
		}
	case len(odd) > 0:
		r.Status, r.Message = Unknown, fmt.Sprintf("It cannot be told what %s has: %s.", first.where, strings.Join(odd, ", "))
		r.Fix = "Put a number there."
	case first.rule == synapseRule:
		r.Message = fmt.Sprintf("For Clone and Iterate: %s. The tuning pages want nothing of them.", strings.Join(have, ", "))
	default:
		r.Message = fmt.Sprintf("At least what the tuning pages want for %s: %s.", first.where, strings.Join(have, ", "))
		if endlessQueue(sites) {
			r.Message += " With a queue without end there are never more threads than worker_pool_size_core."
		}
	}
	return r
}

// endlessQueue reports a pool whose queue is never full: ThreadPoolExecutor makes threads beyond its core only when it is.
func endlessQueue(sites []tunedSite) bool {
	queue := sitesOf(sites, "tuning.worker_pool.queue_length")
	return len(queue) == 1 && queue[0].known && queue[0].value < 0
}

// auditQueue tells of a queue that loses messages, and of more threads for input and output than processors.
func auditQueue(sites []tunedSite) []Result {
	var all []Result
	for _, s := range sites {
		switch {
		case s.setting.key == "tuning.worker_pool.queue_length" && s.known && s.value >= 0:
			all = append(all, Result{
				ID: s.rule, Status: Warn, Severity: Note, Place: s.place, Message: fmt.Sprintf("Less than a queue without end: %s is %d.", s.name, s.value),
				Why: "When all threads are busy and the queue is full, messages are refused and lost. With -1 they wait, and memory is the limit.",
				Fix: "Leave it if load is shed on purpose; else set tuning.worker_pool.queue_length to -1.",
			})
		case s.setting.byMachine && s.set && s.known && s.recommended != none && s.value > s.recommended:
			all = append(all, Result{
				ID: s.rule, Status: Warn, Severity: Note, Place: s.place, Message: fmt.Sprintf("There is no processor for each thread: %s is %d, and the server may use %s.", s.name, s.value, plural(s.recommended, "processor")),
				Why: "More threads for input and output than processors only take turns.", Fix: "Answer " + s.setting.key + ", or take the line out: the server then counts its processors.",
			})
		}
	}
	return all
}

// auditDatabase compares the pools of this node with what its database servers give unless told otherwise.
func auditDatabase(w *Workspace) []Result {
	var all []Result
	share := ""
	if n := threadsInAll(tuningSites(w)); n > 0 {
		share = fmt.Sprintf(" Up to %d threads of this server share them.", n)
	}
	for _, s := range poolServers(w, answers.NewSet(Schema())) {
		gives := s.kind.usualConnections()
		sum, ok := s.wanted()
		r := Result{ID: databaseRule, Status: OK, Place: s.pools[0].place}
		switch {
		case !ok:
			r.Status, r.Message = Unknown, fmt.Sprintf("It cannot be told how many connections are opened to %s: a maxActive is no number.", s.name)
		case gives == 0:
			r.Status, r.Message = Unknown, fmt.Sprintf("It cannot be told whether the pools fit into the database: %s, and what %s gives is not known here.", s.told(1), s.kind.Title())
			r.Fix = "Ask for " + s.kind.parameter() + " of the database, times all nodes."
		case sum > gives:
			r.Status, r.Message = Unknown, fmt.Sprintf("It cannot be told whether the pools fit into the database: %s, and %s gives %d unless its configuration says otherwise.", s.told(1), s.kind.Title(), gives)
			r.Why = "A server that gets no connection fails its requests; the others of the database fail with it."
			r.Fix = fmt.Sprintf("Raise %s of the database to more than %d times the number of nodes, or answer %s and tuning.pool.max_active.", s.kind.parameter(), sum, keyDatabaseConnections)
		default:
			r.Message = fmt.Sprintf("%s, and %s gives %d unless its configuration says otherwise.%s", upperFirst(s.told(1)), s.kind.Title(), gives, share)
		}
		all = append(all, r)
	}
	return all
}

// threadsInAll is how many threads of this server can want a connection at the same time: those of the connectors and of the pass-through transport.
func threadsInAll(sites []tunedSite) int {
	pool := "tuning.worker_pool.size_max"
	if endlessQueue(sites) {
		pool = "tuning.worker_pool.size_core"
	}
	sum := 0
	for _, s := range sites {
		if s.known && (s.setting.key == "tuning.connector.max_threads" || s.setting.key == pool || s.setting.key == "tuning.nio.threads_max") {
			sum += s.value
		}
	}
	return sum
}
