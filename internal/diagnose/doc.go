// Package diagnose recognizes the messages of a Carbon 4.2.0 server, its scripts and its Java in a log, and says for each what it means, which
// guideline it belongs to and how to mend it. It reads a stream and knows no install: a Signature names the places of an install that matter, and
// the caller looks them up.
//
// A log is read as events: the line that a logger wrote and the lines that belong to it, a stack trace above all. Only events of a warning or worse
// are looked at. Text that no logger wrote, such as the words of a start script, is matched by signatures that ask for it.
package diagnose
