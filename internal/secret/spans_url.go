package secret

import "bytes"

// What stands in URLs and on command lines.

// optionValue marks the word behind an option of a command line, -storepass word; one that begins with a dash is the next option.
func (f *finder) optionValue(end int) {
	v, eol := f.skipBlanks(end), f.lineEnd(end)
	if v == end || v >= eol || f.data[v] == '-' || f.data[v] == '<' || f.quoted(v) {
		return
	}
	f.add(v, f.wordEnd(v))
}

// userOption marks the password of -u user:password and --user user:password.
func (f *finder) userOption(at int) {
	end := at + len("-u")
	if bytes.HasPrefix(f.lower[end:], []byte("ser")) {
		end += len("ser")
	}
	v := f.skipBlanks(end)
	if v < len(f.data) && f.data[v] == '=' {
		v++
	}
	if v < len(f.data) && quote(f.data[v]) {
		v++
	}
	if v == end || v >= len(f.data) || f.lineEnd(at) <= v || at > 0 && !bytes.ContainsRune([]byte(" \t-\n"), rune(f.data[at-1])) {
		return
	}
	word := f.data[v:f.wordEnd(v)]
	if colon := bytes.IndexByte(word, ':'); colon > 0 && !bytes.HasPrefix(word[colon:], []byte("://")) {
		f.add(v+colon+1, v+len(word))
	}
}

// mysqlOption marks the password of mysql -ppassword.
func (f *finder) mysqlOption(at int) {
	before := f.lower[max(0, at-maxName):at]
	before = before[bytes.LastIndexByte(before, '\n')+1:]
	if bytes.Contains(before, []byte("mysql")) || bytes.Contains(before, []byte("mariadb")) {
		f.add(at+len(" -p"), f.wordEnd(at+len(" -p")))
	}
}

// oracleUser marks the password of jdbc:oracle:thin:user/password@host.
func (f *finder) oracleUser(at int) {
	end := f.window(at, maxURL)
	url := f.data[at:end]
	if i := bytes.IndexAny(url, " \t\r\n\"'<>"); i >= 0 {
		url = url[:i]
	}
	slash, user := bytes.IndexByte(url, '/'), bytes.LastIndexByte(url, '@')
	if slash > 0 && user > slash {
		f.add(at+slash+1, at+user)
	}
}

// wordEnd is the end of a value inside a line: a JDBC URL, a query, a command line.
func (f *finder) wordEnd(from int) int {
	end := f.window(from, maxValue)
	if i := bytes.IndexAny(f.data[from:end], " \t\r\n\"'<>&;,)"); i >= 0 {
		return from + i
	}
	return end
}

// userInfo marks the password in scheme://user:password@host. at is the offset of "://".
func (f *finder) userInfo(at int) {
	from := at + len("://")
	end := f.urlEnd // of the URL that this one may stand in
	if from >= end {
		end = f.window(from, maxURL)
		if i := bytes.IndexAny(f.data[from:end], " \t\r\n\"'<>"); i >= 0 {
			end = from + i
		}
		f.urlEnd = end
	}
	url := f.data[from:end]
	authority := url
	if i := bytes.IndexAny(url, "/?#"); i >= 0 {
		authority = url[:i]
	}
	colon := bytes.IndexByte(authority, ':')
	if colon < 0 {
		return
	}
	user := bytes.LastIndexByte(authority, '@')
	if user < 0 && !port(authority[colon+1:]) {
		// A password with a slash in it: the authority goes on to the last @ before the query.
		path := url
		if i := bytes.IndexByte(url, '?'); i >= 0 {
			path = url[:i]
		}
		user = bytes.LastIndexByte(path, '@')
	}
	if user > colon {
		f.add(from+colon+1, from+user)
	}
}

// port reports whether text is what stands after the colon of a host: digits, or a ${placeholder}.
func port(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return bytes.HasPrefix(text, []byte("${"))
		}
	}
	return true
}
