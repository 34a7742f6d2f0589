package steps

import (
	"strings"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/database"
)

// logDays is how old a line of REG_LOG has to be to be archived.
const logDays = "90"

// logAge is a time so long ago, for each server.
var logAge = map[database.Kind]string{
	database.PostgreSQL: "CURRENT_TIMESTAMP - INTERVAL '" + logDays + " days'",
	database.MySQL:      "NOW() - INTERVAL " + logDays + " DAY",
	database.MariaDB:    "NOW() - INTERVAL " + logDays + " DAY",
	database.Oracle:     "SYSTIMESTAMP - INTERVAL '" + logDays + "' DAY",
	database.SQLServer:  "DATEADD(DAY, -" + logDays + ", GETDATE())",
}

// logTable makes the table for what is archived, with the columns of REG_LOG alone: no sequence, trigger or identity of its own.
var logTable = map[database.Kind]string{
	database.PostgreSQL: "CREATE TABLE REG_LOG_ARCHIVE AS SELECT * FROM REG_LOG WHERE 1 = 0;",
	database.MySQL:      "CREATE TABLE REG_LOG_ARCHIVE AS SELECT * FROM REG_LOG WHERE 1 = 0;",
	database.MariaDB:    "CREATE TABLE REG_LOG_ARCHIVE AS SELECT * FROM REG_LOG WHERE 1 = 0;",
	database.Oracle:     "CREATE TABLE REG_LOG_ARCHIVE AS SELECT * FROM REG_LOG WHERE 1 = 0;",
	database.SQLServer:  "SELECT TOP 0 CAST(REG_LOG_ID AS INTEGER) AS REG_LOG_ID, REG_PATH, REG_USER_ID, REG_LOGGED_TIME, REG_ACTION, REG_ACTION_DATA, REG_TENANT_ID INTO REG_LOG_ARCHIVE FROM REG_LOG;",
}

// archiveStatements move old lines of REG_LOG into a table beside it. The newest line of each path stays, by which the registry is indexed.
func archiveStatements(kind database.Kind) []string {
	begin, end := "BEGIN;", "COMMIT;"
	switch kind {
	case database.Oracle:
		begin = ""
	case database.SQLServer:
		begin, end = "BEGIN TRANSACTION;", "COMMIT TRANSACTION;"
	case database.MySQL, database.MariaDB, database.PostgreSQL:
	}
	statements := []string{
		"SELECT COUNT(*), MIN(REG_LOGGED_TIME) FROM REG_LOG;",
		logTable[kind],
		begin,
		"INSERT INTO REG_LOG_ARCHIVE SELECT * FROM REG_LOG WHERE REG_LOGGED_TIME < " + logAge[kind] +
			" AND REG_LOG_ID NOT IN (SELECT MAX(REG_LOG_ID) FROM REG_LOG GROUP BY REG_TENANT_ID, REG_PATH);",
		"DELETE FROM REG_LOG WHERE EXISTS (SELECT 1 FROM REG_LOG_ARCHIVE A WHERE A.REG_LOG_ID = REG_LOG.REG_LOG_ID AND A.REG_TENANT_ID = REG_LOG.REG_TENANT_ID);",
		end,
	}
	all := statements[:0]
	for _, one := range statements {
		if one != "" {
			all = append(all, one)
		}
	}
	return all
}

// adviseLog tells how the log of the registry is archived, in the words of the server that has the registry.
func adviseLog(w *Workspace) []Advice {
	blocks, _ := readBlocks(w)
	var all []Advice
	said := map[database.Kind]bool{}
	for _, b := range blocks {
		if b.h2 || b.err != nil || said[b.target.Kind] || !registryIsIn(w, b) {
			continue
		}
		said[b.target.Kind] = true
		all = append(all, Advice{
			Guideline: 14, Title: "Archiving the log of the registry (" + b.target.Kind.Title() + ")",
			Text: "The registry writes a line into REG_LOG for each change and deletes none, so that the table grows for ever. The statements below move what is older than " + logDays +
				" days, but for the newest line of each path, into REG_LOG_ARCHIVE, which can be dumped and emptied. They are for " + b.name + ", after a backup, best with the servers stopped or at a quiet hour; the CREATE is for the first time alone. " +
				"Look at the count first: some million lines are better moved in several turns, from a larger number of days down. Nothing else of the registry, and none of the UM_ tables, may be deleted by hand.",
			Commands: archiveStatements(b.target.Kind),
		})
	}
	return all
}

// registryIsIn reports whether registry.xml looks a datasource up.
func registryIsIn(w *Workspace, b *dsBlock) bool {
	doc, err := w.XML(carbon.RegistryXML)
	if err != nil {
		return b.name == "WSO2_CARBON_DB"
	}
	for _, e := range doc.Find("/wso2registry/dbConfig/dataSource") {
		if strings.TrimSpace(e.Text()) == b.jndi {
			return true
		}
	}
	return false
}
