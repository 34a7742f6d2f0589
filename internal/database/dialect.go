package database

// dialect is what differs between the kinds and fits in a table.
type dialect struct {
	title      string
	port       int
	validation string
	scheme     string // of the URLs that we write, after jdbc:
}

var dialects = map[Kind]*dialect{
	MySQL:      {title: "MySQL", port: 3306, validation: "SELECT 1", scheme: "mysql"},
	MariaDB:    {title: "MariaDB", port: 3306, validation: "SELECT 1", scheme: "mariadb"},
	PostgreSQL: {title: "PostgreSQL", port: 5432, validation: "SELECT 1", scheme: "postgresql"},
	Oracle:     {title: "Oracle", port: 1521, validation: "SELECT 1 FROM DUAL", scheme: "oracle"},
	SQLServer:  {title: "Microsoft SQL Server", port: 1433, validation: "SELECT 1", scheme: "sqlserver"},
}

// dialect returns what is known about k, nil if k is none of ours.
func (k Kind) dialect() *dialect { return dialects[k] }
