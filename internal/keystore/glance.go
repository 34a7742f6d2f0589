package keystore

// Glance returns the entries of a JKS file without its password: aliases and certificates stand in it in clear. That nobody has changed the file is not
// checked, and its keys cannot be opened. Errors are *Error: PasswordNeeded for a file of another kind.
func Glance(file File) ([]*Entry, error) {
	entries, err := glance(file)
	if err != nil {
		return nil, inFile(err, file.Name)
	}
	return entries, nil
}

func glance(file File) ([]*Entry, error) {
	format, err := accept(file.Data)
	if err != nil {
		return nil, err
	}
	if format != JKS {
		return nil, &Error{Kind: PasswordNeeded, What: "It is a " + format.String() + " file, whose certificates are not to be seen without its password.", Fix: "Give its password."}
	}
	store, _, err := parseJKS(file.Data)
	if err != nil {
		return nil, err
	}
	var all []*Entry
	for i := range store.entries {
		e, err := store.entries[i].entry(file.Name)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}
