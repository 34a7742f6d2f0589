//go:build unix && !linux

package flow

// dropRights does nothing where a thread has no rights of its own.
func dropRights() error { return nil }
