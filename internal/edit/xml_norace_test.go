//go:build !race

package edit

const underRace = false
