// Package database knows the databases that a Carbon server can keep its registry, users and API data in: it reads and writes their JDBC URLs, tests a
// connection stage by stage, tells what tables a schema holds and creates them with the statements of the install's own scripts. It writes no file
// of an install.
//
// Errors and faults are sentences for the operator. None of them, and no printed value, holds a password.
package database
