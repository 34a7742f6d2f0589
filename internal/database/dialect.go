package database

// dialect is what differs between the kinds. The functions are those of URLs; the targets that write gets have no Bad fault.
type dialect struct {
	title      string
	port       int
	validation string
	longest    int // name of a database, in bytes; 0 for none
	userLength int
}

var dialects = map[Kind]*dialect{
	MySQL:      {title: "MySQL", port: 3306, validation: "SELECT 1", longest: 64, userLength: 32},
	MariaDB:    {title: "MariaDB", port: 3306, validation: "SELECT 1", longest: 64, userLength: 128},
	PostgreSQL: {title: "PostgreSQL", port: 5432, validation: "SELECT 1", longest: 63, userLength: 63},
	Oracle:     {title: "Oracle", port: 1521, validation: "SELECT 1 FROM DUAL", longest: 128, userLength: 128},
	SQLServer:  {title: "Microsoft SQL Server", port: 1433, validation: "SELECT 1", longest: 128, userLength: 128},
}

// dialect returns what is known about k, nil if k is none of ours.
func (k Kind) dialect() *dialect { return dialects[k] }
