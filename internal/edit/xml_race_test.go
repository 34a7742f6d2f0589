//go:build race

package edit

// underRace tells that the race detector makes everything slower by an order of magnitude.
const underRace = true
