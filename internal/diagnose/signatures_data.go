package diagnose

var (
	urlPlaces    = []Place{{datasource, "//definition/configuration/url"}}
	driverPlaces = []Place{{datasource, "//definition/configuration/driverClassName"}}
	userPlaces   = []Place{{datasource, "//definition/configuration/username"}, {datasource, "//definition/configuration/password"}}
	queryPlaces  = []Place{{datasource, "//definition/configuration/validationQuery"}}
	storeClass   = []Place{{userMgtXML, "/UserManager/Realm/UserStoreManager"}}
	addAdmin     = []Place{{userMgtXML, "/UserManager/Realm/Configuration/AddAdmin"}, {userMgtXML, "/UserManager/Realm/UserStoreManager"}}
)

// databaseSignatures are of guideline 6, and one of guideline 13 that databases cause.
var databaseSignatures = []Signature{
	{
		ID: "D-6.1", Guideline: 6, Severity: Error,
		Anchors: []string{"cannot be found by jdbc-pool", "Unable to load class", "Cannot load JDBC driver class", "ClassNotFoundException"},
		Pattern: `cannot be found by jdbc-pool|Unable to load class: \S*(?i:driver|jdbc)\S* from ClassLoader|Cannot load JDBC driver class|ClassNotFoundException: (?:com\.mysql|org\.mariadb|org\.postgresql|oracle\.jdbc|com\.microsoft\.sqlserver|net\.sourceforge\.jtds|com\.ibm\.db2)\.`,
		Title:   "The JDBC driver is not there.",
		Why:     "The server takes drivers from repository/components/lib. Without it no datasource opens and the server never gets to \"started\".",
		Fix:     "Put the driver's jar into repository/components/lib: the step for the databases does so, and looks into the jar. After replacing a driver delete the jar that the server made from the old one in repository/components/dropins.",
		Source:  "the connection pool jdbc-pool", Where: driverPlaces,
	},
	{
		ID: "D-6.2", Guideline: 6, Severity: Error, Consequence: true,
		Anchors: []string{"Cannot start User Manager Core bundle", "Cannot initialize the realm"}, Pattern: `Cannot start User Manager Core bundle|Cannot initialize the realm`,
		Title:  "User management did not start.",
		Why:    "Its database or user store cannot be used, and without it the server never gets to \"started\". The cause stands in errors of DatabaseUtil or DefaultRealmService before it.",
		Fix:    "Mend the cause: a missing driver, a wrong password, a database that is not reached, or an empty schema. The step for the databases tests all four.",
		Source: "the user management of Carbon", Where: urlPlaces,
	},
	{
		ID: "D-6.3", Guideline: 6, Severity: Error,
		Anchors: []string{"Database may be already in use"}, Pattern: `Database may be already in use`,
		Title:  "The H2 database is open in another process.",
		Why:    "H2 lets one process in. Another server of the same home, or a tool, has it open.",
		Fix:    "End the other process. For production move to a real database: the step for the databases.",
		Source: "H2", Where: urlPlaces,
	},
	{
		ID: "D-6.4", Guideline: 6, Severity: Error,
		Anchors: []string{"File corrupted while reading record"}, Pattern: `File corrupted while reading record`,
		Title:  "The H2 database is damaged.",
		Why:    "The embedded database does not survive every crash or full disk.",
		Fix:    "Put the file back from a backup, and move to a real database: the step for the databases.",
		Source: "H2", Where: urlPlaces,
	},
	{
		ID: "D-6.5", Guideline: 6, Severity: Error, Loose: true,
		Anchors: []string{"Specified key was too long", "Index column size too large"}, Pattern: `Specified key was too long|Index column size too large`,
		Title:  "A table or index could not be made: its key is too long for the database's character set.",
		Why:    "With utf8 or utf8mb4 and rows of the format COMPACT MySQL allows 767 bytes. The script stopped, and the schema is incomplete.",
		Fix:    "Drop the schema, make the database with character set latin1 or with DYNAMIC rows, and let the step for the databases fill it.",
		Source: "MySQL and MariaDB, errors 1071 and 1709", Where: urlPlaces,
	},
	{
		ID: "D-6.6", Guideline: 6, Severity: Error,
		Anchors: []string{"Public Key Retrieval is not allowed"}, Pattern: `Public Key Retrieval is not allowed`,
		Title:  "MySQL 8 did not give its key to the driver, and the login failed.",
		Why:    "The user has caching_sha2_password, which needs TLS or the server's RSA key.",
		Fix:    "Use TLS to the database, or give the user mysql_native_password where the server still has it.",
		Source: "MySQL Connector/J", Where: urlPlaces,
	},
	{
		ID: "D-6.7", Guideline: 6, Severity: Error,
		Anchors: []string{"Communications link failure", "Check that the hostname and port are correct", "The Network Adapter could not establish", "The TCP/IP connection to the host"},
		Pattern: `Communications link failure|Check that the hostname and port are correct and that the postmaster|The Network Adapter could not establish the connection|The TCP/IP connection to the host \S+ port \d+ has failed`,
		Title:   "The database was not reached.",
		Why:     "Host or port are wrong, the database is down, a firewall is between, or an old driver and a new server found no TLS version in common.",
		Fix:     "See whether the database answers from this host: the step for the databases tests it without Java. Then look at the URL.",
		Source:  "the JDBC driver", Where: urlPlaces,
	},
	{
		ID: "D-6.8", Guideline: 6, Severity: Error,
		Anchors: []string{"doesn't exist", "does not exist", "ORA-00942", "not found", "Invalid object name"},
		Pattern: `(?i:table ['"](?:[\w$]+\.)?(?:REG|UM|IDN|AM|SP|IDP)_\w+['"] (?:doesn't exist|not found)|relation "(?:REG|UM|IDN|AM|SP|IDP)_\w+" does not exist|invalid object name '(?:\w+\.)?(?:REG|UM|IDN|AM|SP|IDP)_\w+')|ORA-00942`,
		Title:   "A table is missing.",
		Why:     "The schema is empty or only partly made, or the datasource names another database. API Manager needs two scripts, for two datasources.",
		Fix:     "The step for the databases looks at the schema and runs what is missing. Do not run the PostgreSQL script on a filled schema: it drops tables.",
		Source:  "the database", Where: urlPlaces,
	},
	{
		ID: "D-6.9", Guideline: 6, Severity: Error, Loose: true,
		Anchors: []string{"Duplicate key name"}, Pattern: `Duplicate key name '`,
		Title:  "A script for the database was run a second time.",
		Why:    "The scripts are made for an empty schema; a second run stops at the first index that exists. A schema that is half made is not completed that way.",
		Fix:    "Let the step for the databases look at the schema. A half-made schema without data is dropped and made anew.",
		Source: "MySQL and MariaDB, error 1061", Where: urlPlaces,
	},
	{
		ID: "D-6.10", Guideline: 6, Severity: Error,
		Anchors: []string{"ORA-00923"}, Pattern: `ORA-00923`,
		Title:  "Oracle refused a query: most likely the validation query of the datasource.",
		Why:    "SELECT 1 is no statement of Oracle. With it every connection is thrown away when it is borrowed.",
		Fix:    "Set validationQuery to SELECT 1 FROM DUAL: the step for the databases writes that of the database.",
		Source: "Oracle", Where: queryPlaces,
	},
	{
		ID: "D-6.11", Guideline: 6, Severity: Error,
		Anchors: []string{"ORA-12505", "ORA-12514"}, Pattern: `ORA-12505|ORA-12514`,
		Title:  "Oracle's listener does not know the SID or the service of the URL.",
		Why:    "jdbc:oracle:thin:@host:1521:NAME asks for a SID, jdbc:oracle:thin:@//host:1521/NAME for a service.",
		Fix:    "Ask for the service name and use the form with the slashes.",
		Source: "Oracle", Where: urlPlaces,
	},
	{
		ID: "D-6.12", Guideline: 6, Severity: Error,
		Anchors: []string{"Access denied for user", "password authentication failed for user", "ORA-01017", "Login failed for user"},
		Pattern: `Access denied for user '|password authentication failed for user|ORA-01017|Login failed for user '`,
		Title:   "The database refused the user or its password.",
		Why:     "The password in the datasource is wrong, or the vault did not resolve it; or the user may not come from this host: rights are given per host, and Java comes over TCP where a command line uses a socket.",
		Fix:     "Test the login from this host with the step for the databases; with MySQL look at SHOW GRANTS for the user and host of the message.",
		Source:  "the database", Where: userPlaces,
	},
	{
		ID: "D-6.13", Guideline: 6, Severity: Warning,
		Anchors: []string{"'wait_timeout'", "No operations allowed after connection closed"},
		Pattern: `longer than the server configured value of 'wait_timeout'|No operations allowed after connection closed`,
		Title:   "A connection of the pool had been cut while it was idle.",
		Why:     "The database or a firewall ends quiet connections, and the pool hands them out unchecked.",
		Fix:     "Keep testOnBorrow, validationQuery and validationInterval in every datasource, as the step for the databases writes them.",
		Source:  "MySQL Connector/J", Where: queryPlaces,
	},
	{
		ID: "D-6.14", Guideline: 6, Severity: Error, Loose: true,
		Anchors: []string{"Invalid default value for"}, Pattern: `Invalid default value for '(?:REG_CREATED_TIME|TIME_CREATED|[A-Z_]*TIME[A-Z_]*)'`,
		Title:  "MySQL refused a table of the scripts: zero is no date in its strict mode.",
		Why:    "The scripts have TIMESTAMP columns with the default 0, which NO_ZERO_DATE forbids. They stop there, and the schema is incomplete.",
		Fix:    "Run them in a session with an empty sql_mode: the step for the databases does. Drop what is half made first.",
		Source: "MySQL 5.7 and later, error 1067", Where: urlPlaces,
	},
	{
		ID: "D-6.15", Guideline: 6, Severity: Error, Loose: true,
		Anchors: []string{"command denied to user"}, Pattern: `[A-Z]+ command denied to user '`,
		Title:  "The user of the database lacks a right.",
		Why:    "Making the tables takes CREATE, INDEX and ALTER, besides the rights to read and write.",
		Fix:    "Give the rights that the message names, or have the DBA run the scripts: the step for the databases shows the SQL.",
		Source: "MySQL and MariaDB, error 1142", Where: userPlaces,
	},
	{
		ID: "D-6.16", Guideline: 6, Severity: Error,
		Anchors: []string{"The reference to entity", "Undeclared general entity"}, Pattern: `The reference to entity "[^"]*" must end with the ';' delimiter|Undeclared general entity "`,
		Title:  "A configuration file is no XML: most likely the & of a JDBC URL is not escaped.",
		Why:    "Parameters of a URL are parted by &, which XML wants written as &amp;.",
		Fix:    "Write &amp; for & in the file that the message names; carbon-setup verify has every file read by a second parser.",
		Source: "the XML parsers of Java and of Carbon", Where: urlPlaces,
	},
	{
		ID: "D-13.1", Guideline: 13, Severity: Error,
		Anchors: []string{"Total number of available connections are less than"}, Pattern: `Total number of available connections are less than the total number of closed connections`,
		Title:  "The registry lost count of its connections: nodes share what each has to have alone.",
		Why:    "The local registry database is shared by several nodes, or a mount names the wrong one.",
		Fix:    "Give each node a local registry of its own, and mount the shared one beside it.",
		Source: "the registry of Carbon", Where: []Place{{"repository/conf/registry.xml", "/wso2registry/dbConfig/dataSource"}, {datasource, "//definition/configuration/url"}},
	},
}

// userStoreSignatures are of guideline 7.
var userStoreSignatures = []Signature{
	{
		ID: "D-7.1", Guideline: 7, Severity: Error,
		Anchors: []string{"Admin user can not be created"}, Pattern: `Admin user can ?not be created in primary user store`,
		Title:  "The administrator is not in the user store and cannot be created there.",
		Why:    "AddAdmin is true and the user store only reads.",
		Fix:    "Create the user in the directory and set AddAdmin to false: the step for the user store looks it up first.",
		Source: "the user management of Carbon", Where: addAdmin,
	},
	{
		ID: "D-7.2", Guideline: 7, Severity: Error,
		Anchors: []string{"Admin role can not be created"}, Pattern: `Admin role can ?not be created`,
		Title:  "The role of the administrator is not in the user store and cannot be created there.",
		Why:    "AddAdmin is true and groups of the user store are only read.",
		Fix:    "Create the group in the directory and name it as AdminRole, or set AddAdmin to false.",
		Source: "the user management of Carbon", Where: addAdmin,
	},
	{
		ID: "D-7.3", Guideline: 7, Severity: Error,
		Anchors: []string{"error code 49"}, Pattern: `LDAP: error code 49\b`,
		Title:  "The directory refused a user name or password.",
		Why:    "When it comes at the start, ConnectionName or ConnectionPassword of the user store is wrong, or the vault did not resolve it. Later it may be somebody's mistyped password.",
		Fix:    "Test the login with the step for the user store. ConnectionName is a whole DN.",
		Source: "the directory, through Java", Where: storeClass,
	},
	{
		ID: "D-7.4", Guideline: 7, Severity: Error,
		Anchors: []string{"error code 53"}, Pattern: `LDAP: error code 53\b`,
		Title:  "The directory was not willing to do what was asked.",
		Why:    "Active Directory takes passwords over ldaps alone, and refuses those that break its rules.",
		Fix:    "Use ldaps with port 636, and import the CA of the directory into the truststore: the step for the user store does so.",
		Source: "the directory, through Java", Where: storeClass,
	},
	{
		ID: "D-7.5", Guideline: 7, Severity: Error,
		Anchors: []string{"error code 32"}, Pattern: `LDAP: error code 32\b`,
		Title:  "The directory has no such entry: a search base is wrong.",
		Why:    "UserSearchBase or GroupSearchBase of the user store names what is not there.",
		Fix:    "Test the bases with a sample user in the step for the user store.",
		Source: "the directory, through Java", Where: storeClass,
	},
	{
		ID: "D-7.6", Guideline: 7, Severity: Error,
		Anchors: []string{"InvalidSearchFilterException"}, Pattern: `InvalidSearchFilterException`,
		Title:  "A search filter of the user store cannot be parsed.",
		Why:    "Brackets are missing, or the &amp; of (&amp;(objectClass=...)(uid=?)) was lost.",
		Fix:    "Write the filter anew with the step for the user store, and test it with a sample user.",
		Source: "the LDAP client of Java", Where: storeClass,
	},
}
