package texts

import (
	"fmt"
	"time"
)

// What an entry of a folder is, in a column of nine letters.
const (
	WhatFolder   = "folder"
	WhatFile     = "file"
	WhatEmpty    = "empty"
	WhatPipe     = "pipe"
	WhatSocket   = "socket"
	WhatDevice   = "device"
	WhatBadLink  = "bad link"
	WhatNoAccess = "no access"
)

// Guessed is a kind that was told by the name alone.
func Guessed(kind string) string { return kind + "?" }

// The picker.
const (
	PickEmpty     = "This folder is empty."
	PickNoMatch   = "No name here holds that."
	PickNotInList = "The name has characters that a list cannot hold. Give the file another name, or a link to it."
	PickNotUTF8   = "The name is not UTF-8: it is used as it is now, but neither a saved session nor an answers file can hold it."
	PickFilter    = "filter: "
	PickGone      = "The question that the file was for is no longer asked."
	PickVanished  = "There is no folder above this one."
)

// PickTitle heads the picker for a field.
func PickTitle(label string) string { return "Choose a file: " + label }

// RowsOf tells which part of a list is in sight.
func RowsOf(from, to, total int) string { return fmt.Sprintf("%d-%d of %d", from, to, total) }

// ReadingFolder says that a folder is being read, and how to stop it.
func ReadingFolder(folder string) string { return "Reading " + folder + " ... esc stops." }

// ReadingStopped says that the operator has stopped it.
func ReadingStopped(folder string) string { return folder + ": the reading was stopped." }

// HiddenToo counts hidden entries that are not shown.
func HiddenToo(n int) string {
	if n == 1 {
		return "One hidden entry is not shown."
	}
	return fmt.Sprintf("%d hidden entries are not shown.", n)
}

// LinkTo says where a link points.
func LinkTo(to string) string { return "link to " + to }

// FolderMissing says that a folder is not there.
func FolderMissing(folder string) string { return folder + " does not exist." }

// NotAFolder says that a path has a file where a folder should be.
func NotAFolder(path string) string { return path + " is no folder." }

// FolderLong says that not all of a folder is shown.
func FolderLong(most int) string {
	return fmt.Sprintf("The folder has more than %d entries; those beyond are not shown. Type the path instead.", most)
}

// FolderUnread says why a folder cannot be read.
func FolderUnread(folder, why string) string {
	return fmt.Sprintf("%s: the folder cannot be read (%s).", folder, why)
}

// EntryUnread says why an entry cannot be looked at.
func EntryUnread(path, why string) string {
	return fmt.Sprintf("%s cannot be looked at (%s).", path, why)
}

// NoAccess says why a user may not read a file, or list a folder.
func NoAccess(path string, folder bool, us, owner, group, mode string) string {
	what, fix := "read", "Have it made readable for you, or start carbon-setup as a user who may."
	if folder {
		what, fix = "list and enter", "Have it opened for you, or start carbon-setup as a user who may."
	}
	whose := fmt.Sprintf("it belongs to %s, group %s, mode %s", owner, group, mode)
	if owner == "" {
		whose = "its mode is " + mode
	}
	return fmt.Sprintf("%s: you are %s and may not %s it; %s. %s", path, us, what, whose, fix)
}

// NoWay says that a folder may be listed but not entered.
func NoWay(path, us string) string {
	return fmt.Sprintf("%s: you are %s and may not even look at it; its folder can be listed but not entered. Have the folder opened for you, or start carbon-setup as a user who may.", path, us)
}

// LinkNowhere says that a link points to nothing.
func LinkNowhere(path, to string) string {
	return fmt.Sprintf("%s is a link to %s, which does not exist. Choose the file itself.", path, to)
}

// LinkDenied says that a link points where this user may not look.
func LinkDenied(path, to, us string) string {
	return fmt.Sprintf("%s is a link to %s, which you, %s, may not look at. Start carbon-setup as a user who may.", path, to, us)
}

// NotAFile says that something is neither a file nor a folder.
func NotAFile(path, what string) string {
	return fmt.Sprintf("%s is a %s and is not opened. Choose a file.", path, what)
}

// PathVariable says that a path cannot be given, because a part of it would be taken for a variable.
func PathVariable(path string) string {
	return path + " has a $ in it, which begins a variable wherever paths are read. Rename it, or choose a link to it."
}

// UnnamedID is a user or group that has no name on this machine.
func UnnamedID(id string) string { return "number " + id }

// FileSize tells a size in few letters.
func FileSize(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	size := float64(n)
	for i, u := range units {
		if size < 1000 || i == len(units)-1 {
			if i == 0 || size >= 10 {
				return fmt.Sprintf("%.0f %s", size, u)
			}
			return fmt.Sprintf("%.1f %s", size, u)
		}
		size /= 1024
	}
	return ""
}

// Age tells a span of time in few letters; "new" also for what is dated in the future.
func Age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return "new"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 2*day:
		return fmt.Sprintf("%d h", int(d.Hours()))
	case d < 2*365*day:
		return fmt.Sprintf("%d d", int(d.Hours()/24))
	}
	return fmt.Sprintf("%d y", int(d.Hours()/24/365))
}

// The list of a folder, in plain lines.
const (
	PlainBrowsePrompt = "Number of the file, or part of a name; u folder above, b back, ? all answers"
	PlainOpenEntry    = "take that file, or list that folder"
	PlainFilterKey    = "list the names that hold it; a path is listed itself"
	PlainParentKey    = "list the folder above"
	PlainHiddenKey    = "list hidden entries, too, or no longer"
	PlainToQuestion   = "back to the question"
)

// PlainFolder heads the list of a folder.
func PlainFolder(folder, filter string) string {
	if filter == "" {
		return folder + ":"
	}
	return fmt.Sprintf("%s, names with %q:", folder, filter)
}

// PlainMoreEntries says that not all entries are listed.
func PlainMoreEntries(n int) string {
	return fmt.Sprintf("and %d more; answer with a part of the name to find it.", n)
}

// PlainPicked says which file was taken.
func PlainPicked(path string) string { return "Taken: " + path }

// PlainAbout says what an answer turns out to be.
func PlainAbout(label, about string) string { return label + ": " + about }
