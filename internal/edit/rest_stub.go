package edit

// CONTRACT STUB: signatures that other packages build against. The owner replaces this file.

// Properties is a Java properties file (ISO-8859-1 with \u escapes, as java.util.Properties reads it).
type Properties struct{}

// ParseProperties parses data. Errors are *Error.
func ParseProperties(name string, data []byte) (*Properties, error) { panic("stub") }

func (p *Properties) Name() string              { panic("stub") }
func (p *Properties) Bytes() []byte             { panic("stub") }
func (p *Properties) Pending() bool             { panic("stub") }
func (p *Properties) Commit() ([]Splice, error) { panic("stub") }

// Entry is a live key with its value, unescaped. Duplicates appear once each.
type Entry struct {
	Key, Value string
	Line       int
}

func (p *Properties) Entries() []Entry { panic("stub") }

// Get returns the entry in force: the last of duplicates. Reads see recorded edits.
func (p *Properties) Get(key string) (Entry, bool) { panic("stub") }

// Set sets the value of every duplicate of key; a missing key is added after the last entry whose key is after ("" or missing = end of file).
func (p *Properties) Set(key, value, after string, o ...Opt) error { panic("stub") }

// Remove removes every duplicate of key with its line(s).
func (p *Properties) Remove(key string, o ...Opt) error { panic("stub") }

// Script is a start script that runs java: wso2server.sh (POSIX shell) or wso2server.bat.
type Script struct{}

// ParseScript parses data; name ending in .bat makes it a batch file. Errors are *Error. A script without a java command line is an *Error.
func ParseScript(name string, data []byte) (*Script, error) { panic("stub") }

func (s *Script) Name() string              { panic("stub") }
func (s *Script) Bytes() []byte             { panic("stub") }
func (s *Script) Pending() bool             { panic("stub") }
func (s *Script) Commit() ([]Splice, error) { panic("stub") }

// Option is one word of the java command line, unquoted: -Xms256m, -XX:MaxPermSize=256m, -Dname=value.
type Option struct {
	Prefix, Value string // Prefix as asked for, e.g. "-Xms", "-XX:MaxPermSize=", "-Dhttp.proxyHost="
	Line          int
}

// Option returns the option that is in force on the script's own command line (the last with that prefix). $JAVA_OPTS is not looked into.
func (s *Script) Option(prefix string) (Option, bool) { panic("stub") }

// SetOption sets the value of every option with that prefix; a missing one is added: -X options beside the other -X options,
// -D options before the main class, quoted for the script's language. Values that cannot be quoted safely are an *Error.
func (s *Script) SetOption(prefix, value string, o ...Opt) error { panic("stub") }

// RemoveOption removes every option with that prefix, and its line when alone on it.
func (s *Script) RemoveOption(prefix string, o ...Opt) error { panic("stub") }

// UserInfo returns value with the user and password of its URL user-info (amqp://user:password@…) replaced, percent-encoded.
// Used for jndi.properties.
func UserInfo(value, user, password string) (string, error) { panic("stub") }

// SplitUserInfo returns the decoded user and password of such a URL; ok is false when it has none.
func SplitUserInfo(value string) (user, password string, ok bool) { panic("stub") }
