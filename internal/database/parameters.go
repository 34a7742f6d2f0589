package database

import (
	"slices"
	"strconv"
	"strings"
)

// jtds is SQL Server through jTDS, where it has rules of its own. It is none of the kinds.
var jtds Kind = "jtds"

// driver returns the kind whose rules hold for the URL of t.
func (t Target) driver() Kind {
	if t.Kind == SQLServer && t.JTDS {
		return jtds
	}
	return t.Kind
}

// parameter is what is known about an option of a driver.
type parameter struct {
	values []string // those that the driver takes; nil for any
	number bool
	unit   string // of a number that is a time: "ms" or "s"
	note   string // said whenever it stands there, full sentences
	fix    string
}

var (
	anyText   = parameter{}
	anyNumber = parameter{number: true}
	inMillis  = parameter{number: true, unit: "ms"}
	inSeconds = parameter{number: true, unit: "s"}
	trueFalse = parameter{values: []string{"true", "false"}}
	onOff     = parameter{values: []string{"true", "false", "1", "0", ""}}
	yesNo     = parameter{values: []string{"true", "false", "yes", "no"}} // of Connector/J
)

func oneOf(values ...string) parameter { return parameter{values: values} }

func (p parameter) noting(note, fix string) parameter {
	p.note, p.fix = note, fix
	return p
}

const (
	only5  = "Connector/J 5.1 knows it, 8 and later read past it."
	since8 = "Connector/J 8 and later know it, 5.1 reads past it."
)

// parameters are the options that the drivers of the time of Carbon 4.2.0 and of today know and that are met with it. Names are as the driver's manual
// spells them.
var parameters = map[Kind]map[string]parameter{
	MySQL: joined(options(yesNo,
		"useSSL", "requireSSL", "verifyServerCertificate", "allowPublicKeyRetrieval", "autoReconnect", "autoReconnectForPools", "failOverReadOnly",
		"useServerPrepStmts", "cachePrepStmts", "rewriteBatchedStatements", "useCursorFetch", "useCompression", "tcpKeepAlive", "tcpNoDelay",
		"useLocalSessionState", "useLocalTransactionState", "elideSetAutoCommits", "cacheServerConfiguration", "cacheResultSetMetadata", "maintainTimeStats",
		"allowMultiQueries", "createDatabaseIfNotExist", "useAffectedRows", "tinyInt1isBit", "transformedBitIsBoolean", "yearIsDateType",
		"jdbcCompliantTruncation", "noAccessToProcedureBodies", "useInformationSchema", "useOldAliasMetadataBehavior", "nullCatalogMeansCurrent",
		"enableQueryTimeouts", "dumpQueriesOnException", "interactiveClient", "profileSQL", "logSlowQueries", "paranoid", "useReadAheadInput",
		"useUnbufferedInput", "sendFractionalSeconds", "holdResultsOpenOverStatementClose", "emptyStringsConvertToZero", "roundRobinLoadBalance",
		"readOnlyPropagatesToServer", "reconnectAtTxEnd", "rollbackOnPooledClose", "includeInnodbStatusInDeadlockExceptions", "useUsageAdvisor",
		"dontTrackOpenResources", "populateInsertRowWithDefaultValues", "pinGlobalTxToPhysicalConnection", "disconnectOnExpiredPasswords",
		"allowLoadLocalInfile", "useColumnNamesInFindColumn", "fallbackToSystemTrustStore",
	), options(yesNo.noting(only5, ""),
		"useUnicode", "useJvmCharsetConverters", "useLegacyDatetimeCode", "useTimezone", "useGmtMillisForDatetimes", "useFastDateParsing", "useFastIntParsing",
		"noDatetimeStringSync", "useDynamicCharsetInfo", "dynamicCalendars", "useJDBCCompliantTimezoneShift", "noTimezoneConversionForTimeType",
		"useSSPSCompatibleTimezoneShift", "nullNamePatternMatchesAll", "strictFloatingPoint", "capitalizeTypeNames", "useOldUTF8Behavior", "cacheCallableStmts",
	), options(yesNo.noting(since8, ""), "preserveInstants", "forceConnectionTimeZoneToSession", "trackSessionState", "dnsSrv"), options(inMillis,
		"connectTimeout", "socketTimeout",
	), options(anyNumber,
		"maxReconnects", "initialTimeout", "queriesBeforeRetryMaster", "secondsBeforeRetryMaster", "prepStmtCacheSize", "prepStmtCacheSqlLimit", "defaultFetchSize",
		"maxRows", "maxAllowedPacket", "loadBalanceBlacklistTimeout", "loadBalancePingTimeout", "retriesAllDown", "slowQueryThresholdMillis", "tcpRcvBuf", "tcpSndBuf",
	), options(anyText,
		"characterSetResults", "connectionCollation", "sessionVariables", "trustCertificateKeyStoreUrl", "trustCertificateKeyStoreType", "enabledTLSProtocols",
		"trustCertificateKeyStorePassword", "clientCertificateKeyStoreUrl", "clientCertificateKeyStoreType", "clientCertificateKeyStorePassword",
		"enabledSSLCipherSuites", "serverRSAPublicKeyFile", "passwordCharacterEncoding", "defaultAuthenticationPlugin", "authenticationPlugins",
		"disabledAuthenticationPlugins", "connectionAttributes", "socketFactory", "loadBalanceStrategy", "useConfigs", "logger", "localSocketAddress",
		"exceptionInterceptors", "connectionLifecycleInterceptors", "serverAffinityOrder",
	), options(anyText.noting(since8, ""), "connectionTimeZone", "tlsVersions", "tlsCiphersuites", "queryInterceptors", "databaseTerm"), map[string]parameter{
		"relaxAutoCommit":   yesNo.noting(only5, ""),
		"characterEncoding": anyText,
		"serverTimezone": anyText.noting("Connector/J 5.1 reads serverTimezone only together with useLegacyDatetimeCode=false; 8 and later take it for the connection.",
			""),
		"statementInterceptors": anyText.noting(only5, "With Connector/J 8 the option is queryInterceptors."),
		"sslMode": oneOf("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY").noting(since8,
			"Say the same to 5.1 with useSSL, requireSSL and verifyServerCertificate."),
		"zeroDateTimeBehavior": anyText,
	}),
	MariaDB: joined(options(onOff,
		"useSsl", "useSSL", "trustServerCertificate", "disableSslHostnameVerification", "allowPublicKeyRetrieval", "allowMultiQueries", "useServerPrepStmts",
		"useCompression", "useAffectedRows", "tinyInt1isBit", "yearIsDateType", "rewriteBatchedStatements", "tcpKeepAlive", "cachePrepStmts", "useBulkStmts",
		"createDatabaseIfNotExist", "dumpQueriesOnException", "interactiveClient", "autocommit", "pool", "useMysqlMetadata", "allowLocalInfile", "usePipelineAuth",
		"jdbcCompliantTruncation", "blankTableNameMeta", "useReadAheadInput", "permitMysqlScheme", "includeInnodbStatusInDeadlockExceptions", "disablePipeline",
		"transactionReplay", "transformedBitIsBoolean",
	), options(onOff.noting("MariaDB Connector/J 2 knows it, 3 reads past it.", ""),
		"autoReconnect", "useFractionalSeconds", "assureReadOnly", "failOnReadOnly", "validConnectionTimeout", "useLegacyDatetimeCode", "nullCatalogMeansCurrent",
		"useOldAliasMetadataBehavior", "continueBatchOnError", "usePipelineAuth", "useBatchMultiSend",
	), options(inMillis, "connectTimeout", "socketTimeout"), options(anyNumber,
		"prepStmtCacheSize", "maxPoolSize", "minPoolSize", "maxIdleTime", "retriesAllDown", "maxQuerySizeToLog", "maxAllowedPacket", "defaultFetchSize",
	), options(anyText,
		"serverSslCert", "trustStore", "trustStorePassword", "keyStore", "keyStorePassword", "keyStoreType", "trustStoreType", "enabledSslProtocolSuites",
		"enabledSslCipherSuites", "serverRsaPublicKeyFile", "sessionVariables", "connectionAttributes", "credentialType", "serverTimezone", "timezone",
		"connectionCollation", "connectionTimeZone", "initSql", "localSocket", "poolName", "socketFactory", "galeraAllowedState", "transactionIsolation",
		"restrictedAuth", "geometryDefaultType", "localSocketAddress", "servicePrincipalName",
	), options(anyText.noting("MariaDB's driver always speaks UTF-8 and reads past it.", "Leave it out."), "characterEncoding", "useUnicode", "zeroDateTimeBehavior"),
		map[string]parameter{
			"sslMode": oneOf("disable", "disabled", "trust", "required", "verify-ca", "verify_ca", "verify-full", "verify_identity").
				noting("MariaDB Connector/J 3 knows it, 2 reads past it.", "Say the same to 2 with useSSL and trustServerCertificate."),
		}),
	PostgreSQL: joined(options(trueFalse,
		"allowEncodingChanges", "tcpKeepAlive", "binaryTransfer", "disableColumnSanitiser", "readOnly", "logUnclosedConnections", "reWriteBatchedInserts",
		"loadBalanceHosts", "cleanupSavepoints", "jaasLogin", "useSpnego", "tcpNoDelay", "hideUnprivilegedObjects",
	), options(inSeconds, "loginTimeout", "connectTimeout", "socketTimeout", "cancelSignalTimeout", "hostRecheckSeconds"), options(anyNumber,
		"prepareThreshold", "preparedStatementCacheQueries", "preparedStatementCacheSizeMiB", "defaultRowFetchSize", "protocolVersion", "sendBufferSize",
		"receiveBufferSize", "databaseMetadataCacheFields", "databaseMetadataCacheFieldsMiB", "unknownLength", "loglevel", "logLevel",
	), options(anyText,
		"sslrootcert", "sslcert", "sslkey", "sslpassword", "sslfactory", "sslfactoryarg", "sslhostnameverifier", "sslpasswordcallback", "currentSchema",
		"ApplicationName", "options", "charSet", "compatible", "socketFactory", "socketFactoryArg", "gsslib", "kerberosServerName", "jaasApplicationName",
		"loggerLevel", "loggerFile", "binaryTransferEnable", "binaryTransferDisable", "maxResultBuffer", "localSocketAddress", "service", "replication",
		"sspiServiceClass", "xmlFactoryFactory", "sslNegotiation", "authenticationPluginClassName",
	), map[string]parameter{
		"ssl":                    onOff,
		"sslmode":                oneOf("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
		"channelBinding":         oneOf("disable", "prefer", "require"),
		"gssEncMode":             oneOf("disable", "allow", "prefer", "require"),
		"preferQueryMode":        oneOf("extended", "extendedForPrepared", "extendedCacheEverything", "simple"),
		"autosave":               oneOf("never", "always", "conservative"),
		"stringtype":             oneOf("unspecified", "varchar"),
		"targetServerType":       oneOf("any", "primary", "master", "slave", "secondary", "preferSlave", "preferSecondary", "preferPrimary"),
		"assumeMinServerVersion": anyText, "readOnlyMode": oneOf("ignore", "transaction", "always"), "escapeSyntaxCallMode": oneOf("select", "callIfNoReturn", "call"),
	}),
	Oracle: joined(options(anyText,
		"wallet_location", "my_wallet_directory", "ssl_server_cert_dn", "https_proxy", "failover", "load_balance", "source_route", "sdu", "retry_count", "retry_delay",
		"connect_timeout", "transport_connect_timeout", "expire_time", "enable", "tns_admin", "oracle.net.ssl_server_dn_match",
	), map[string]parameter{"ssl_server_dn_match": oneOf("yes", "no", "on", "off", "true", "false")}),
	SQLServer: joined(options(trueFalse,
		"trustServerCertificate", "integratedSecurity", "sendStringParametersAsUnicode", "lastUpdateCount", "multiSubnetFailover", "disableStatementPooling",
		"sendTimeAsDatetime", "serverNameAsACE", "transparentNetworkIPResolution", "xopenStates", "fips", "useBulkCopyForBatchInsert", "useFmtOnly",
		"enablePrepareOnFirstPreparedStatementCall", "delayLoadingLobs", "replication", "useDefaultGSSCredential",
	), options(inSeconds, "loginTimeout", "queryTimeout", "connectRetryInterval", "cancelQueryTimeout"), options(inMillis, "lockTimeout", "socketTimeout"), options(anyNumber,
		"packetSize", "connectRetryCount", "statementPoolingCacheSize", "serverPreparedStatementDiscardThreshold", "maxResultBuffer",
	), options(anyText,
		"applicationName", "hostNameInCertificate", "trustStore", "trustStorePassword", "trustStoreType", "failoverPartner", "workstationID", "domain", "realm",
		"serverSpn", "jaasConfigurationName", "serverCertificate", "clientCertificate", "clientKey", "clientKeyPassword", "trustManagerClass", "socketFactoryClass",
		"accessToken", "gsscredential", "columnEncryptionSetting", "keyStoreAuthentication", "keyStoreLocation", "keyStoreSecret", "sslProtocol", "prepareMethod",
		"datetimeParameterType", "iPAddressPreference", "msiClientId",
	), map[string]parameter{
		"encrypt":              oneOf("true", "false", "yes", "no", "strict", "mandatory", "optional"),
		"applicationIntent":    oneOf("ReadWrite", "ReadOnly"),
		"selectMethod":         oneOf("direct", "cursor"),
		"responseBuffering":    oneOf("adaptive", "full"),
		"authenticationScheme": oneOf("nativeAuthentication", "NTLM", "JavaKerberos"),
		"authentication":       anyText,
	}),
	jtds: joined(options(trueFalse,
		"sendStringParametersAsUnicode", "lastUpdateCount", "useLOBs", "useCursors", "useJCIFS", "useNTLMv2", "useKerberos", "namedPipe", "tcpNoDelay",
		"xaEmulation", "cacheMetaData", "socketKeepAlive",
	), options(inSeconds, "loginTimeout", "socketTimeout"), options(anyNumber, "packetSize", "maxStatements", "batchSize", "bufferMaxMemory", "bufferMinPackets", "lobBuffer"), options(anyText,
		"appName", "progName", "charset", "domain", "wsid", "macAddress", "language", "bindAddress", "bufferDir",
	), map[string]parameter{
		"ssl": oneOf("off", "request", "require", "authenticate"), "TDS": oneOf("4.2", "5.0", "7.0", "8.0"), "prepareSQL": anyNumber,
	}),
}

// all gives every name the same rules.
func options(p parameter, names ...string) map[string]parameter {
	m := make(map[string]parameter, len(names))
	for _, n := range names {
		m[n] = p
	}
	return m
}

func joined(maps ...map[string]parameter) map[string]parameter {
	into := map[string]parameter{}
	for _, m := range maps {
		for name, p := range m {
			into[name] = p
		}
	}
	return into
}

// anyCase reports whether the driver reads the names of its options in any case of letters. Connector/J does from 8 on, 5.1 does not.
func (k Kind) anyCase() bool { return k == SQLServer || k == jtds }

// canonical returns the name of an option as the manual spells it, or name itself if the driver would not know it.
func canonical(k Kind, name string) string {
	if !k.anyCase() {
		return name
	}
	if spelled, ok := spelling(k, name); ok {
		return spelled
	}
	return name
}

// spelling finds the option that name is in another case of letters.
func spelling(k Kind, name string) (string, bool) {
	var found []string
	for known := range parameters[k] {
		if strings.EqualFold(known, name) {
			found = append(found, known)
		}
	}
	slices.Sort(found)
	if len(found) == 0 {
		return "", false
	}
	return found[0], true
}

// accepts reports whether the driver takes value.
func (p parameter) accepts(value string) bool {
	if p.number {
		_, err := strconv.Atoi(value)
		return err == nil
	}
	return p.values == nil || slices.ContainsFunc(p.values, func(v string) bool { return strings.EqualFold(v, value) })
}
