// Package tui is the full-screen front end of the wizard. It shows what package flow returns and hands back what was typed.
//
// There is one tea.Model, the root. A screen is a plain struct with methods: it gets key presses and the results of its own commands, and
// returns an action for the root. Nothing here does input or output while it updates or draws: that happens in commands, which hold
// copies of what they need. Every screen is drawn into the same grid of fixed areas, so nothing jumps.
package tui
