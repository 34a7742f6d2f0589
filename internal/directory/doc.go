// Package directory knows the LDAP servers and Active Directories that a Carbon server can take its users from: the user store managers of Carbon 4.2.0
// with their properties, what can be said about them without a server, and a test against the server, stage by stage, with the very filters that
// Carbon will use. It writes no file, and nothing in a directory unless it is asked to test the right to write.
//
// Errors and faults are sentences for the operator. None of them, and no printed value, holds a password.
package directory
