package database

import (
	"fmt"
	"strings"

	"carbon-setup/internal/remote"
)

// stopped is the error of a creation that the operator has stopped before step i has ended. within says that the step was running.
func (c *creation) stopped(i int, within bool) *Error {
	s := &c.set.steps[i]
	e := &Error{Stage: Schema, Kind: Canceled}
	if c.atomic {
		e.What = fmt.Sprintf("The creation of the tables of %s was stopped in line %d. %s undoes what it had made: nothing is left.", c.set.File, s.line, c.kind.Title())
		e.Fix = "Run it again to create them."
		return e
	}
	e.What = fmt.Sprintf("The creation of the tables of %s was stopped before line %d (%s). %s", c.set.File, s.line, s.title(), c.left())
	if within {
		e.What = fmt.Sprintf("The creation of the tables of %s was stopped in line %d (%s), which may have taken effect or not. %s", c.set.File, s.line, s.title(), c.left())
	}
	e.Fix = "Run it again: it looks at what is there and goes on behind it."
	return e
}

// left says what is there now.
func (c *creation) left() string {
	n := len(c.created.Tables)
	switch {
	case n == 0 && !c.created.Resumed:
		return "No table was created."
	case n == 0:
		return "What earlier runs have created is still there."
	}
	more := ""
	if c.created.Resumed {
		more = ", besides those of earlier runs"
	}
	verb := "were"
	if n == 1 {
		verb = "was"
	}
	return fmt.Sprintf("%s %s created in %s, the last of them %s%s.", count(n, "table"), verb, c.schema(), c.created.Tables[n-1], more)
}

// failed is the error of a statement that the server has refused.
func (c *creation) failed(i int, err error) *Error {
	s := &c.set.steps[i]
	e := &Error{Stage: Schema, Kind: StatementFailed, Server: remote.Words(err.Error()), wrapped: err}
	e.What = fmt.Sprintf("%s, line %d: %s refuses the statement for %s: %q.", c.set.File, s.line, c.kind.Title(), s.title(), excerpt(s.sql, 200))
	if c.atomic {
		e.What += " What was created before it is undone; nothing is left."
	} else {
		e.What += " " + c.left()
	}
	e.Fix = "Remove the cause and run it again; it goes on with this statement."
	if c.atomic {
		e.Fix = "Remove the cause and run it again."
	}
	text := strings.ToLower(err.Error())
	for _, known := range failureCauses {
		if known.of(c.kind) && containsAny(text, known.words) {
			e.Cause = known.cause
			if known.fix != "" {
				e.Fix = known.fix
			}
			if known.kind != "" {
				e.Kind = known.kind
			}
			e.Statements = known.statements
			break
		}
	}
	return e
}

type failureCause struct {
	kinds      []Kind // nil for all
	words      []string
	kind       ErrorKind
	cause, fix string
	statements []string
}

func (f failureCause) of(k Kind) bool {
	for _, x := range f.kinds {
		if x == k {
			return true
		}
	}
	return len(f.kinds) == 0
}

func containsAny(text string, list []string) bool {
	for _, w := range list {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

var (
	mysqls        = []Kind{MySQL, MariaDB}
	failureCauses = []failureCause{
		{mysqls, []string{"error 1071", "error 1709"}, KeyTooLong, keyCause, keyFix, nil},
		{
			mysqls,
			[]string{"error 1067"},
			"",
			"The server forbids the default value 0 of a TIMESTAMP, which the scripts of Carbon 4.2.0 use, though NO_ZERO_DATE was taken out of sql_mode for this session.",
			"Have the administrator see why a session cannot change its sql_mode, such as a proxy in between.",
			nil,
		},
		{
			mysqls,
			[]string{"error 3750"},
			"",
			"sql_require_primary_key is on, and the scripts of Carbon have tables without a primary key.",
			"Have the administrator turn it off for this user's sessions or for the server.",
			[]string{"SET GLOBAL sql_require_primary_key = OFF"},
		},
		{
			mysqls,
			[]string{"error 1142", "error 1044", "error 1227"},
			NoRight, "The user lacks a right. CREATE, ALTER, INDEX, REFERENCES, INSERT, SELECT, UPDATE and DELETE on the database are needed.", "", nil,
		},
		{mysqls, []string{"error 1205"}, Busy, "Another client holds a lock on one of the tables.", "Wait until it has finished, and run it again.", nil},
		{mysqls, []string{"error 1290", "error 1836"}, ReadOnly, "The server is read-only: a replica, or one that is being maintained.", "Name the server that takes changes.", nil},
		{
			nil,
			[]string{"error 1050", "error 1061", "error 1826", "error 1022", "42p07", "42710", "ora-00955", "ora-02275", "ora-02264", "ora-02261", "there is already an object named"},
			Busy,
			"It was not there a moment ago: another client is creating tables in the same schema.",
			"Find out who it is, wait until they have finished, and look at the schema again.",
			nil,
		},
		{[]Kind{PostgreSQL}, []string{"42501"}, NoRight, "The user may not create objects in this schema.", "", nil},
		{[]Kind{PostgreSQL}, []string{"55p03"}, Busy, "Another client holds a lock for longer than half a minute.", "Wait until it has finished, and run it again.", nil},
		{[]Kind{PostgreSQL}, []string{"25006"}, ReadOnly, "The server is a standby, or its transactions are read-only.", "Name the server that takes changes.", nil},
		{[]Kind{PostgreSQL}, []string{"53100"}, "", "The disk of the server is full.", "", nil},
		{[]Kind{Oracle}, []string{"ora-01031"}, NoRight, "The user lacks a right. CREATE TABLE, CREATE SEQUENCE and CREATE TRIGGER are needed.", "", nil},
		{[]Kind{Oracle}, []string{"ora-01950", "ora-01536"}, NoRight, "The user has no quota on its tablespace, or has used it up.", "", nil},
		{[]Kind{Oracle}, []string{"ora-00054"}, Busy, "Another client holds a lock on the table.", "Wait until it has finished, and run it again.", nil},
		{
			[]Kind{Oracle},
			[]string{"ora-24344"},
			"",
			"The trigger is there, but its body does not compile: this user lacks a right, or the sequence in it is missing.",
			"Have the administrator look at ALL_ERRORS. Running it again goes on behind this statement.",
			nil,
		},
		{[]Kind{Oracle}, []string{"ora-00972"}, "", "A name has more characters than this Oracle allows (30 before 12.2).", "", nil},
		{[]Kind{Oracle}, []string{"ora-01653", "ora-01658", "ora-01654"}, "", "The tablespace is full.", "Have the administrator extend it, and run it again.", nil},
		{[]Kind{SQLServer}, []string{"permission denied", "permission was denied"}, NoRight, "The user lacks a right: CREATE TABLE in the database and ALTER on its schema are needed.", "", nil},
		{[]Kind{SQLServer}, []string{"lock request time out"}, Busy, "Another client holds a lock for longer than half a minute.", "Wait until it has finished, and run it again.", nil},
	}
)
