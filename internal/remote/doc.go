// Package remote has what the tests of all servers share: the stages that a test consists of and how they end, the machine that it runs on, and the bounds against
// a peer that answers with nonsense, without end, or not at all. It knows no protocol.
package remote
