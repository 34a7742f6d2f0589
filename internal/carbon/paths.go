package carbon

// Paths inside a home, slash-separated. They are the same in every Carbon 4.2.0 product; whether a file is there differs.
const (
	CarbonXML     = "repository/conf/carbon.xml"
	UserMgtXML    = "repository/conf/user-mgt.xml"
	TenantMgtXML  = "repository/conf/tenant-mgt.xml"
	RegistryXML   = "repository/conf/registry.xml"
	IdentityXML   = "repository/conf/identity.xml"
	EventBroker   = "repository/conf/event-broker.xml"
	APIManagerXML = "repository/conf/api-manager.xml"
	ClaimConfig   = "repository/conf/claim-config.xml"
	EmbeddedLDAP  = "repository/conf/embedded-ldap.xml"

	Axis2XML            = "repository/conf/axis2/axis2.xml"
	Axis2Client         = "repository/conf/axis2/axis2_client.xml"
	Axis2BlockingClient = "repository/conf/axis2/axis2_blocking_client.xml"
	TenantAxis2         = "repository/conf/axis2/tenant-axis2.xml"

	CatalinaXML = "repository/conf/tomcat/catalina-server.xml"
	TomcatUsers = "repository/conf/tomcat/tomcat-users.xml"
	TomcatWeb   = "repository/conf/tomcat/web.xml"

	Log4jProperties       = "repository/conf/log4j.properties"
	JNDIProperties        = "repository/conf/jndi.properties"
	PassThroughProperties = "repository/conf/passthru-http.properties"
	NHTTPProperties       = "repository/conf/nhttp.properties"
	SynapseProperties     = "repository/conf/synapse.properties"
	DatasourcesProperties = "repository/conf/datasources.properties"

	DatasourcesDir = "repository/conf/datasources"
	MasterDS       = DatasourcesDir + "/master-datasources.xml"
	BAMDS          = DatasourcesDir + "/bam-datasources.xml"

	JMXXML           = "repository/conf/etc/jmx.xml"
	ConfigValidation = "repository/conf/etc/config-validation.xml"
	LoggingConfig    = "repository/conf/etc/logging-config.xml"
	LoggingBridge    = "repository/conf/etc/logging-bridge.properties"
	TasksConfig      = "repository/conf/etc/tasks-config.xml"
	CacheXML         = "repository/conf/etc/cache.xml"
	CassandraYAML    = "repository/conf/etc/cassandra.yaml"
	HectorConfig     = "repository/conf/etc/hector-config.xml"

	Stratos        = "repository/conf/multitenancy/stratos.xml"
	EmailAdmin     = "repository/conf/email/email-admin-config.xml"
	ThriftAgent    = "repository/conf/data-bridge/thrift-agent-config.xml"
	DataBridge     = "repository/conf/data-bridge/data-bridge-config.xml"
	HiveSite       = "repository/conf/advanced/hive-site.xml"
	HiveSiteWin    = "repository/conf/advanced/hive-site-win.xml"
	DefaultIDP     = "repository/conf/identity/identity-providers/default.xml"
	DeploymentTOML = "repository/conf/deployment.toml"

	AppAuthentication = "repository/conf/security/application-authentication.xml"
	Authenticators    = "repository/conf/security/authenticators.xml"
	CipherText        = "repository/conf/security/cipher-text.properties"
	CipherTool        = "repository/conf/security/cipher-tool.properties"
	SecretConf        = "repository/conf/security/secret-conf.properties"

	ServerSH      = "bin/wso2server.sh"
	ServerBAT     = "bin/wso2server.bat"
	WrapperConf   = "bin/yajsw/wrapper.conf"
	KernelVersion = "bin/wso2carbon-version.txt"
	ProductTXT    = "bin/version.txt"

	SecurityDir = "repository/resources/security"
	KeyStore    = SecurityDir + "/wso2carbon.jks"
	TrustStore  = SecurityDir + "/client-truststore.jks"

	DatabaseDir   = "repository/database"
	LogsDir       = "repository/logs"
	CarbonLog     = LogsDir + "/wso2carbon.log"
	ComponentsLib = "repository/components/lib"
	Dropins       = "repository/components/dropins"
	Plugins       = "repository/components/plugins"
	Patches       = "repository/components/patches"
	OSGiConfig    = "repository/components/default/configuration/org.eclipse.osgi"
	SynapseConfig = "repository/deployment/server/synapse-configs/default"
	EPRDir        = "business-processes/epr"
	DBScripts     = "dbscripts"
	PIDFile       = "wso2carbon.pid"
)

// everywhere lists files that the kernel itself brings, so that every 4.2.0 product has them.
var everywhere = []string{
	UserMgtXML, RegistryXML, Axis2XML, Axis2Client, CatalinaXML, Log4jProperties, MasterDS, JMXXML, ConfigValidation,
	CipherText, CipherTool, ServerSH, ServerBAT, WrapperConf, KernelVersion,
}

// somewhere lists files that not every product has. Their absence means nothing; one that is there must be readable.
var somewhere = []string{
	IdentityXML, APIManagerXML, Axis2BlockingClient, TenantAxis2, TomcatUsers, JNDIProperties, Stratos, SecretConf, LoggingConfig,
	AppAuthentication, Authenticators, EventBroker, EmailAdmin, BAMDS, TasksConfig, HiveSite, HiveSiteWin, DataBridge, CassandraYAML,
	HectorConfig, EmbeddedLDAP,
}
