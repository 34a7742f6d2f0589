package assets

import _ "embed" // the file below

// Answers is the answers file of the demonstration. Its password lies in the file admin.pw beside it, which the caller writes.
//
//go:embed answers.yaml
var Answers []byte
