package steps

import (
	"errors"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

// policy says by what a place is recognized as one that names the administrator of this server.
type policy int

const (
	// follows: the place is read by this server about itself, so its user is the administrator when the name says so, whatever the
	// password; the credentials that the product ships with are the administrator's, too.
	follows policy = iota + 1
	// byValue: the place may log in elsewhere; it is the administrator's when user and password both are.
	byValue
	// stays: the credentials belong to somebody else even where they look alike.
	stays
)

// adminSite is a place, or several alike, where user name and password of the administrator stand in a product.
type adminSite struct {
	file string // path or pattern relative to the home
	what string // what the credentials are for; follows "the login"
	kind siteKind
	at   string // XML: path of the elements that hold the pair; properties: prefix of the keys
	user string // XML: path below at, or @attribute; properties: rest of the key; "" = none
	pass string // likewise
	by   policy
	// judge looks at what stands beside the pair and may change the policy of this one occurrence; may be nil.
	judge func(s *adminScan, holder *edit.Element, l *login)
	why   string // stays: why the place is left, a full sentence
}

// siteKind is how a value is written.
type siteKind int

const (
	inXML        siteKind = iota // text of an element, or an attribute
	inProperties                 // value of a key
	inURL                        // user-info of a URL that is the value of a key
	inBrackets                   // plain text of an alias that the cipher tool will encrypt: [value]
)

// The reasons why places are left.
const (
	whyBAM  = "These are credentials of the BAM server, which has an administrator of its own. Change them when that one changes."
	whyLDAP = "This is the account by which the server logs in to its directory, not the administrator of Carbon. " +
		"It changes with the user store."
)

// adminSites lists every place in the products of Carbon 4.2.0 that carries admin/admin when it is shipped. user-mgt.xml is first: it decides.
// Which of them a product has is found by looking. Commented-out copies (registry.xml, event-broker.xml, the other user stores) are not live.
var adminSites = []adminSite{
	{file: carbon.UserMgtXML, what: "that the first start creates", at: "/UserManager/Realm/Configuration/AdminUser", user: "UserName", pass: "Password", by: follows},
	{file: carbon.UserMgtXML, what: "to the directory of the users", at: "/UserManager/Realm/UserStoreManager", pass: "Property[@name='ConnectionPassword']", by: stays, why: whyLDAP},
	{file: carbon.EmbeddedLDAP, what: "to the embedded directory", at: "/EmbeddedLDAPConfig/EmbeddedLDAP", pass: "Property[@name='connectionPassword']", by: stays, why: whyLDAP},
	{file: carbon.APIManagerXML, what: "of store and publisher to the server that authenticates (AuthManager)", at: "/APIManager/AuthManager", user: "Username", pass: "Password", by: follows, judge: byServerURL},
	{file: carbon.APIManagerXML, what: "of the publisher to the gateway (Environment)", at: "/APIManager/APIGateway/Environments/Environment", user: "Username", pass: "Password", by: follows, judge: byServerURL},
	{file: carbon.APIManagerXML, what: "of the gateway to the key manager (APIKeyManager)", at: "/APIManager/APIKeyManager", user: "Username", pass: "Password", by: follows, judge: byServerURL},
	{file: carbon.APIManagerXML, what: "to the BAM server (APIUsageTracking)", at: "/APIManager/APIUsageTracking", user: "BAMUsername", pass: "BAMPassword", by: stays, judge: whenEnabled, why: whyBAM},
	{file: carbon.APIManagerXML, what: "of the provider of APIs created at start (StartupAPIPublisher)", at: "/APIManager/StartupAPIPublisher/LocalAPIs/LocalAPI", user: "Provider", by: byValue},
	{file: carbon.APIManagerXML, what: "of the provider of APIs created at start (StartupAPIPublisher)", at: "/APIManager/StartupAPIPublisher/APIs/API", user: "Provider", by: byValue},
	{file: carbon.JNDIProperties, what: "to the message broker", kind: inURL, at: "connectionfactory.", by: follows},
	{file: carbon.Log4jProperties, what: "of the log event appender (LOGEVENT)", kind: inProperties, at: "log4j.appender.LOGEVENT", user: ".userName", pass: ".password", by: byValue},
	{file: carbon.LoggingConfig, what: "to the log store", at: "/loggingConfig", user: "userName", pass: "password", by: byValue},
	{file: carbon.LoggingConfig, what: "to the archive of logs", at: "/loggingConfig", user: "archivedUser", pass: "archivedPassword", by: byValue},
	{file: carbon.Stratos, what: "of the Stratos services", at: "/stratosConfig", user: "adminUserName", pass: "adminPassword", by: follows},
	{file: carbon.EventBroker, what: "to a remote message broker", at: "//remoteMessageBroker", user: "userName", pass: "password", by: byValue},
	{file: carbon.TomcatUsers, what: "of Tomcat's own list of users", at: "/tomcat-users/user", user: "@username", pass: "@password", by: byValue, judge: whenMemoryRealm},
	{file: carbon.Axis2Client, what: "of the Axis2 client", at: "/axisconfig", user: "parameter[@name='userName']", pass: "parameter[@name='password']", by: byValue, judge: axis2Default},
	{file: carbon.Axis2BlockingClient, what: "of the blocking Axis2 client", at: "/axisconfig", user: "parameter[@name='userName']", pass: "parameter[@name='password']", by: byValue, judge: axis2Default},
	{file: carbon.TasksConfig, what: "to a remote task server", at: "/tasks-configuration", user: "remoteServerUsername", pass: "remoteServerPassword", by: byValue},
	{file: carbon.BAMDS, what: "to Cassandra", at: "/datasources-configuration/datasources/datasource/definition[@type='CASSANDRA']/configuration", user: "username", pass: "password", by: follows, judge: whenEmbeddedCassandra},
	{file: carbon.HiveSite, what: "of Hive to Cassandra", at: "/configuration", user: hive("hive.incremental.processing.intermediate.results.cassandra.userName"), pass: hive("hive.incremental.processing.intermediate.results.cassandra.password"), by: byValue},
	{file: carbon.HiveSite, what: "of Hive to the receiver of task notifications", at: "/configuration", user: hive("notification.task.receiver.username"), pass: hive("notification.task.receiver.password"), by: byValue},
	{file: carbon.HiveSiteWin, what: "of Hive to Cassandra", at: "/configuration", user: hive("hive.incremental.processing.intermediate.results.cassandra.userName"), pass: hive("hive.incremental.processing.intermediate.results.cassandra.password"), by: byValue},
	{file: carbon.HiveSiteWin, what: "of Hive to the receiver of task notifications", at: "/configuration", user: hive("notification.task.receiver.username"), pass: hive("notification.task.receiver.password"), by: byValue},
	{file: carbon.EPRDir + "/*.epr", what: "of a workflow", at: "/EndpointReference/Metadata/transport", user: "authorization-username", pass: "authorization-password", by: byValue, judge: byEndpoint},
	{file: carbon.CipherText, what: "that the cipher tool would put into the vault", kind: inBrackets, at: "UserManager.AdminUser.Password", by: follows},
	{file: carbon.CipherText, what: "that the cipher tool would put into the vault", kind: inBrackets, at: "AuthManager.Password", by: follows},
	{file: carbon.CipherText, what: "that the cipher tool would put into the vault", kind: inBrackets, at: "APIGateway.Password", by: follows},
	{file: carbon.CipherText, what: "that the cipher tool would put into the vault", kind: inBrackets, at: "APIKeyManager.Password", by: follows},
}

func hive(property string) string { return "property[name='" + property + "']/value" }

// login is one occurrence of a site: a user name, a password, or both.
type login struct {
	site   *adminSite
	file   string
	user   value
	pass   value
	by     policy
	why    string                        // why it is left when by is stays
	remote string                        // host that the credentials are sent to, when it is another machine
	unused string                        // why the server does not read it as it is configured now, a full sentence; "" = it does
	vault  string                        // alias of the secure vault that holds the password
	oddID  bool                          // the client id of a connection URL is no host name
	both   func(user, pass string) error // changes both where they cannot be changed apart; may be nil
}

// value is a user name or password where it stands.
type value struct {
	text   secret.Secret // not set = the place has none
	place  carbon.Place
	change func(to string) error
}

// account is a user name and its password.
type account struct {
	user string
	pass secret.Secret // not set = not known: it is in the vault
}

// place returns where the login stands: the line of its password if it has one.
func (l *login) place() carbon.Place {
	if l.pass.text.IsSet() {
		return l.pass.place
	}
	return l.user.place
}

// belongsTo reports whether the login is the administrator's, going by place and value.
func (l *login) belongsTo(admin account) bool {
	sameUser := l.user.text.IsSet() && l.user.text.Reveal() == admin.user
	switch l.by {
	case stays:
		return false
	case follows:
		if !l.user.text.IsSet() && admin.pass.IsSet() && l.pass.text.Equal(admin.pass) {
			return true
		}
		return sameUser || l.shipped()
	case byValue:
		if l.user.text.IsSet() && !sameUser {
			return false
		}
		return !l.pass.text.IsSet() || admin.pass.IsSet() && l.pass.text.Equal(admin.pass)
	}
	return false
}

// change makes the login carry the credentials of an account. A password that is not known stays.
func (l *login) change(to account) error {
	if l.carries(to) {
		return nil
	}
	pass := to.pass
	if !pass.IsSet() {
		pass = l.pass.text
	}
	if l.both != nil {
		return l.both(to.user, pass.Reveal())
	}
	var all []error
	if l.user.text.IsSet() {
		all = append(all, l.user.change(to.user))
	}
	if l.pass.text.IsSet() && l.vault == "" {
		all = append(all, l.pass.change(pass.Reveal()))
	}
	return errors.Join(all...)
}

// carries reports whether the login has exactly these credentials, as far as it holds both.
func (l *login) carries(a account) bool {
	if l.user.text.IsSet() && l.user.text.Reveal() != a.user {
		return false
	}
	return !l.pass.text.IsSet() || l.pass.text.Equal(a.pass)
}

// shipped reports whether the login is the one that the product is delivered with.
func (l *login) shipped() bool {
	return l.hasDefaultPassword() && (!l.user.text.IsSet() || l.user.text.Reveal() == defaultUser)
}

func (l *login) hasDefaultPassword() bool { return l.vault == "" && isDefaultPassword(l.pass.text) }

const defaultUser = "admin"

// isDefaultPassword reports whether a password is one that Carbon products are delivered with for their administrator.
func isDefaultPassword(s secret.Secret) bool {
	return s.IsSet() && (s.Reveal() == "admin" || s.Reveal() == "wso2carbon")
}
