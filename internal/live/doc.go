// Package live asks a running server over the network: which certificate it serves and whom it lets in, which old TLS it still takes, where its JMX
// registry sends clients, and which sockets a process listens on. It knows no install; what the answers mean is for the caller to say.
//
// Every question is one connection with a time and a size of its own: a server that is silent, talks without end or talks nonsense costs its time
// and is told as an *Error. Nothing here prints or keeps a password, and a password goes out over TLS that was verified, or not at all, unless the caller
// says that everybody knows it.
package live
