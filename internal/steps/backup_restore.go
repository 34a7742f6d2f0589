package steps

import (
	"fmt"
	"strconv"
	"strings"

	"carbon-setup/internal/database"
)

// Restore is how the dump of a database is restored, for RESTORE.txt. @EXT@ and the like are put in when a backup is made.
func (d *backupDB) Restore() string {
	t, a := d.target, d.addrs[0]
	place := "--host=" + shellWord(a.Host) + " --port=" + strconv.Itoa(a.Port)
	switch t.Kind {
	case database.PostgreSQL:
		return fmt.Sprintf(`   On a server that does not have the account yet, make it first, with the
   password that the datasource has:

    createuser %[1]s --username=postgres --pwprompt -- %[2]s

   Into a new database, which belongs to the account of the server:

    createdb %[1]s --username=postgres --owner=%[2]s -- %[3]s
    pg_restore %[1]s --username=%[2]s --dbname=%[3]s --no-owner --no-privileges --exit-on-error --single-transaction %[4]s.pgdump

   The new one needs the encoding of the old one: createdb --encoding=UTF8
   --template=template0 where the server itself has another. Over what is
   there: add --clean --if-exists to pg_restore. One table alone:
   pg_restore --list tells their names, --table=NAME takes one.
`, place, shellWord(t.Username), shellWord(t.Database), d.Name)
	case database.Oracle:
		return fmt.Sprintf(`   The dump is on the database server: @ORASTEM@_%[1]s.dmp
   in the folder of the directory object %[2]s; %[3]s.expdp.txt says
   what is in it. As an administrator, with the schema dropped, or made anew
   and empty:

    impdp SYSTEM@%[4]s DIRECTORY=%[2]s DUMPFILE=@ORASTEM@_%[1]s.dmp SCHEMAS=%[5]s TABLE_EXISTS_ACTION=REPLACE

`, underscored(d.Name), d.set.OracleDirectory, d.Name, shellWord(d.connect()), strings.ToUpper(t.Username))
	case database.SQLServer:
		head, _ := d.statement()
		_, file, _ := strings.Cut(head, " TO DISK = ")
		file += "@STEM@-" + d.Name + ".bak'"
		return fmt.Sprintf(`   The dump is on the database server. As an administrator, in sqlcmd:

    RESTORE VERIFYONLY FROM DISK = %[1]s WITH CHECKSUM;
    ALTER DATABASE %[2]s SET SINGLE_USER WITH ROLLBACK IMMEDIATE;
    RESTORE DATABASE %[2]s FROM DISK = %[1]s WITH REPLACE, CHECKSUM;
    ALTER DATABASE %[2]s SET MULTI_USER;

   On another server, add MOVE for each file that RESTORE FILELISTONLY names.
`, file, bracketed(t.Database))
	case database.MySQL, database.MariaDB:
	}
	client := "mysql"
	if t.Kind == database.MariaDB {
		client = "mariadb"
	}
	quoted := "`" + strings.ReplaceAll(t.Database, "`", "``") + "`"
	account := strings.NewReplacer(`\`, `\\`, "'", "''").Replace(t.Username)
	return fmt.Sprintf(`   On a server that does not have the account yet, make it first, as the
   administrator, with the password that the datasource has, and this machine
   in the place of %%:

    CREATE USER '%[7]s'@'%%' IDENTIFIED BY '...';
    GRANT ALL ON %[8]s.* TO '%[7]s'@'%%';

   Into a database that is there; the dump drops each table of its own before
   it makes it:

    %[1]s --protocol=TCP %[2]s --user=root -p -e %[3]s
    @UNPACK@ %[4]s.sql.@EXT@ | %[1]s --protocol=TCP %[2]s --user=%[5]s -p -- %[6]s

   A new one has to have the character set of the old one, for the tables that
   are made later on: latin1 is what most installs have.
`, client, place, shellWord("CREATE DATABASE IF NOT EXISTS "+quoted), d.Name, shellWord(t.Username), shellWord(t.Database), account, quoted)
}

// underscored is a name as the script writes it in names of Oracle.
func underscored(name string) string { return strings.ReplaceAll(name, "-", "_") }
