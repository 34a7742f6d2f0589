package steps

import (
	"math"
	"strconv"

	"carbon-setup/internal/answers"
)

// The rules of guideline 9.
const (
	memoryHostRule   = "CS-9.1"
	swapRule         = "CS-9.2"
	diskRule         = "CS-9.3"
	cpuRule          = "CS-9.4"
	filesRule        = "CS-9.5"
	processesRule    = "CS-9.6"
	kernelRule       = "CS-9.7"
	recycleRule      = "CS-9.8"
	connectorRule    = "CS-9.9"
	workerRule       = "CS-9.10"
	nioRule          = "CS-9.11"
	synapseRule      = "CS-9.12"
	clientRule       = "CS-9.13"
	poolRule         = "CS-9.14"
	databaseRule     = "CS-9.15"
	tuningUnreadRule = "CS-9.16"

	fixTuning = "Run the step Tuning."
)

// none stands for a recommendation that the tuning pages do not make.
const none = math.MinInt

// tunable is a number, or a yes or no, that the tuning pages speak of. It can stand in several places: in both connectors, in every datasource.
type tunable struct {
	key, label, help string
	yesNo            bool
	page             int // what the tuning pages recommend
	least, most      int // what is taken as an answer
	endless          bool
	byMachine        bool // the number of processors is recommended
	fixed            bool // a value that stands there is a decision, larger or smaller: the profile leaves it
}

// The values are those of "Tuning Performance" of API Manager 1.6 to 1.8 and "Performance Tuning" of ESB 4.8, which agree where both have one.
var tuningSettings = []*tunable{
	{
		key: "tuning.connector.max_threads", label: "Connectors: maxThreads", page: 750, least: 10, most: 20000,
		help: "catalina-server.xml: how many requests each connector of Tomcat serves at a time. The management console, the stores and admin services are reached through them.",
	},
	{
		key: "tuning.connector.min_spare_threads", label: "Connectors: minSpareThreads", page: 150, least: 1, most: 20000,
		help: "Threads that are kept ready. Not more than maxThreads.",
	},
	{
		key: "tuning.connector.accept_count", label: "Connectors: acceptCount", page: 600, least: 1, most: 65535,
		help: "How many connections wait while all threads are busy. Linux cuts it to net.core.somaxconn.",
	},
	{
		key: "tuning.connector.max_keep_alive_requests", label: "Connectors: maxKeepAliveRequests", page: 600, least: -1, most: 1_000_000, endless: true,
		help: "How many requests a client may send over one connection before it has to open another. -1: without end.",
	},
	{
		key: "tuning.worker_pool.size_core", label: "Pass-through: worker_pool_size_core", page: 400, least: 1, most: 20000,
		help: "passthru-http.properties: threads that process messages. With a queue without end (-1) there are never more than these.",
	},
	{
		key: "tuning.worker_pool.size_max", label: "Pass-through: worker_pool_size_max", page: 500, least: 1, most: 20000,
		help: "The most threads that process messages. Threads beyond the core are only made when the queue is full, so never with a queue without end. Not less than the core.",
	},
	{
		key: "tuning.worker_pool.queue_length", label: "Pass-through: worker_pool_queue_length", page: -1, least: -1, most: 1_000_000, endless: true, fixed: true,
		help: "How many messages wait for a thread. -1: without end. What does not fit into the queue is refused, and the message is lost.",
	},
	{
		key: "tuning.worker_pool.io_threads", label: "Pass-through: io_threads_per_reactor", least: 1, most: 1024, byMachine: true,
		help: "Threads that move bytes, as many as the machine has processors. Where the file does not say, the server counts them itself.",
	},
	{
		key: "tuning.nio.threads_core", label: "NIO transport: snd_t_core, lst_t_core", page: 200, least: 1, most: 20000,
		help: "nhttp.properties: threads of sender and listener, of an install whose axis2.xml has the NIO transport.",
	},
	{
		key: "tuning.nio.threads_max", label: "NIO transport: snd_t_max, lst_t_max", page: 250, least: 1, most: 20000,
		help: "The most threads of sender and listener. Not less than the core.",
	},
	{
		key: "tuning.nio.io_threads", label: "NIO transport: snd_io_threads, lst_io_threads", least: 1, most: 1024, byMachine: true,
		help: "Threads that move bytes, as many as the machine has processors.",
	},
	{
		key: "tuning.synapse.threads_core", label: "Synapse: synapse.threads.core", page: none, least: 1, most: 20000,
		help: "synapse.properties: threads of the mediators Clone and Iterate. The tuning pages name no value: raise it when these mediators carry much of the load.",
	},
	{
		key: "tuning.synapse.threads_max", label: "Synapse: synapse.threads.max", page: none, least: 1, most: 20000,
		help: "The most threads of these mediators; only reached when synapse.threads.qlen sets an end to their queue. Not less than the core.",
	},
	{
		key: "tuning.client.connections_per_host", label: "Clients: defaultMaxConnPerHost", page: 1000, least: 1, most: 100_000,
		help: "axis2_client.xml: connections that the server's own clients, such as the gateway to the key manager, keep open to one host.",
	},
	{
		key: "tuning.client.connections", label: "Clients: maxTotalConnections", page: 30000, least: 1, most: 1_000_000,
		help: "axis2_client.xml: connections that they keep open in all.",
	},
	{
		key: "tuning.pool.max_active", label: "Datasources: maxActive", page: 50, least: 1, most: 10000,
		help: "Connections that each datasource opens at the most, on every node. All of them together have to fit into what the database gives.",
	},
	{
		key: "tuning.pool.max_wait", label: "Datasources: maxWait", page: 60000, least: -1, most: 3_600_000, endless: true,
		help: "Milliseconds that a request waits for a connection when all are in use. -1: for ever.",
	},
	{
		key: "tuning.pool.min_idle", label: "Datasources: minIdle", page: none, least: 0, most: 10000,
		help: "Connections that stay open when nobody needs them. About as many as are needed on average. Not more than maxActive.",
	},
	{
		key: "tuning.pool.test_on_borrow", label: "Datasources: testOnBorrow", yesNo: true, page: 1, most: 1,
		help: "Whether a connection is tested with validationQuery before it is used, so that a restart of the database or a firewall that drops idle connections breaks no request.",
	},
	{
		key: "tuning.pool.validation_interval", label: "Datasources: validationInterval", page: 30000, least: 0, most: 3_600_000, fixed: true,
		help: "Milliseconds within which a connection is not tested again.",
	},
}

// kind is that of the answer.
func (s *tunable) kind() answers.Kind {
	if s.yesNo {
		return answers.Bool
	}
	return answers.Int
}

// beyond reports whether a value is at least as much as another: more threads, longer queues, longer waits.
func (s *tunable) beyond(value, than int) bool {
	if s.endless && value < 0 {
		return true
	}
	return value >= than && (!s.endless || than >= 0)
}

// text writes a value as the files and the answers have it.
func (s *tunable) text(value int) string {
	if s.yesNo {
		return strconv.FormatBool(value != 0)
	}
	return strconv.Itoa(value)
}

// read is the value of a text as the server reads it.
func (s *tunable) read(text string) (value int, ok bool) {
	if s.yesNo {
		return map[bool]int{true: 1}[text == "true"], text == "true" || text == "false"
	}
	value, err := strconv.Atoi(text)
	return value, err == nil
}

// answer is what the answers say of the setting.
func (s *tunable) answer(a *answers.Set) (value int, ok bool) {
	v, ok := a.Lookup(s.key)
	if !ok {
		return 0, false
	}
	return s.read(v.Text)
}

func (s *tunable) example() string {
	if s.byMachine {
		return "4"
	}
	if s.page == none {
		return map[string]string{"tuning.synapse.threads_core": "20", "tuning.synapse.threads_max": "100", "tuning.pool.min_idle": "5"}[s.key]
	}
	return s.text(s.page)
}

// tunableOf returns a setting by its key.
func tunableOf(key string) *tunable {
	for _, s := range tuningSettings {
		if s.key == key {
			return s
		}
	}
	return nil
}
